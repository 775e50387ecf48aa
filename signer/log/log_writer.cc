// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/log_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace tld::signer {
namespace {

using base::Status;

constexpr std::uint64_t numbers_of_a_rewrite = 100'000;
// One that another program has put there may be of any size.
constexpr std::uint64_t oversize = 4;

}  // namespace

LogWriter::LogWriter(LogFolder& folder, dns::Name zone, std::uint64_t segment_octets)
    : folder_(folder), zone_(std::move(zone)), segment_octets_(segment_octets) {}

void LogWriter::abandon() {
  const bool has_unfinished = rewrite_.file || !rewritten_.empty();
  old_.clear();
  rewritten_.clear();
  current_ = {};
  rewrite_ = {};
  rewriting_ = false;
  if (has_unfinished) static_cast<void>(remove_unfinished());  // else the next open() does
}

base::Result<LogWriter::Opened> LogWriter::open(const std::string& aside) {
  abandon();
  TLD_TRY(folder_.open());
  // On a disk that cannot be written now it fails, and must not keep what is there from being read.
  static_cast<void>(remove_unfinished());
  TLD_TRY(Opened opened, load(aside));
  old_ = opened.loaded->segments();
  next_number_ = old_.empty() ? 1 : old_.back().number + 1;
  return opened;
}

base::Result<LogWriter::Opened> LogWriter::load(const std::string& aside) {
  Opened opened;
  const std::uint64_t largest = oversize * segment_octets_;
  TLD_TRY(opened.loaded, LoadedLog::load(folder_, zone_, largest));
  const auto& troubles = opened.loaded->troubles();
  const auto foreign = std::find_if(troubles.begin(), troubles.end(),
                                    [](const LoadedLog::Trouble& t) { return t.is_foreign; });
  if (foreign == troubles.end()) return opened;
  const std::string why = foreign->what;
  TLD_TRY(const std::string path, folder_.set_aside(aside));
  opened.set_aside = why + "; it is " + path + " now";
  TLD_TRY(opened.loaded, LoadedLog::load(folder_, zone_, largest));
  return opened;
}

Status LogWriter::remove_unfinished() {
  TLD_TRY(const auto names, folder_.list());
  for (const std::string& name : names) {
    if (name.ends_with(unfinished_suffix)) {
      TLD_TRY(folder_.remove(name));
    }
  }
  return base::ok();
}

Status LogWriter::begin(Target& target, std::uint64_t number, const char* suffix) {
  target.segment = {segment_name(number), number, 0};
  const std::string name = target.segment.name + suffix;
  TLD_TRY(target.file, folder_.create(name));
  const std::string header = segment_header(zone_);
  const Status begun = target.file->append(header);
  if (!begun) {  // on a full disk each attempt would leave one
    target = {};
    static_cast<void>(folder_.remove(name));
    return begun;
  }
  target.segment.octets = header.size();
  return base::ok();
}

Status LogWriter::write(Target& target, std::string_view entries) {
  TLD_TRY(target.file->append(entries));
  target.segment.octets += entries.size();
  return base::ok();
}

Status LogWriter::append(std::string_view entries) {
  if (!current_.file) {
    TLD_TRY(begin(current_, next_number_++, ""));
    TLD_TRY(folder_.sync());  // else sync() would keep octets of a file without a name
  }
  TLD_TRY(write(current_, entries));
  if (current_.segment.octets < segment_octets_) return base::ok();
  return close_current();
}

Status LogWriter::sync() {
  if (!current_.file) return base::ok();
  TLD_TRY(current_.file->sync());
  if (current_.file->is_linked()) return base::ok();
  return base::unavailable("somebody has removed " + current_.segment.name + " from " +
                           folder_.path());
}

Status LogWriter::close_current() {
  TLD_TRY(sync());
  if (current_.file) old_.push_back(current_.segment);
  current_ = {};
  return base::ok();
}

Status LogWriter::begin_rewrite() {
  TLD_TRY(close_current());
  replaced_ = old_.size();
  next_rewrite_number_ = next_number_;
  next_number_ += numbers_of_a_rewrite;
  rewriting_ = true;
  return base::ok();
}

Status LogWriter::rewrite(std::string_view entries) {
  if (!rewrite_.file) {
    TLD_TRY(begin(rewrite_, next_rewrite_number_++, unfinished_suffix));
  }
  TLD_TRY(write(rewrite_, entries));
  if (rewrite_.segment.octets < segment_octets_) return base::ok();
  return close_rewritten();
}

Status LogWriter::close_rewritten() {
  if (!rewrite_.file) return base::ok();
  TLD_TRY(rewrite_.file->sync());
  rewritten_.push_back(rewrite_.segment);
  rewrite_ = {};
  return base::ok();
}

Status LogWriter::finish_rewrite() {
  TLD_TRY(close_rewritten());
  for (const auto& segment : rewritten_) {
    TLD_TRY(folder_.rename(segment.name + unfinished_suffix, segment.name));
  }
  TLD_TRY(folder_.sync());  // the new ones have their names before the old ones go
  const auto replaced_end = old_.begin() + static_cast<std::ptrdiff_t>(replaced_);
  for (auto old = old_.begin(); old != replaced_end; ++old) {
    TLD_TRY(folder_.remove(old->name));
  }
  TLD_TRY(folder_.sync());
  old_.erase(old_.begin(), replaced_end);
  old_.insert(old_.begin(), rewritten_.begin(), rewritten_.end());
  rewritten_.clear();
  rewriting_ = false;
  return base::ok();
}

std::uint64_t LogWriter::octets() const {
  std::uint64_t sum = current_.segment.octets + rewrite_.segment.octets;
  for (const auto& segment : old_) sum += segment.octets;
  for (const auto& segment : rewritten_) sum += segment.octets;
  return sum;
}

}  // namespace tld::signer
