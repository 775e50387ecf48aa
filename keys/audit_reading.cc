// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_reading.h"

#include <fmt/format.h>

namespace tld::keys {
namespace {

constexpr const char* torn_type = "audit-torn";

base::Result<AuditLine> read_line(std::string_view text) {
  TLD_TRY(const auto chained, read_chained_line(text, "AUDIT"));
  AuditLine line;
  TLD_TRY(line.entry, audit_entry_from(chained.fields));
  line.link = chained.link;
  line.previous = chained.previous;
  return line;
}

class Reader {
 public:
  base::Status read(const AuditSegment& segment, std::size_t index, bool is_last) {
    std::size_t number = 0;
    for (std::size_t at = 0; at < segment.text.size();) {
      const std::size_t end = segment.text.find('\n', at);
      const std::string_view text = std::string_view(segment.text).substr(at, end - at);
      const std::string where = fmt::format("{}:{}", segment.name, ++number);
      if (end == std::string::npos) return take_tail(text, index, where, is_last);
      TLD_TRY(take(text, index, where));
      at = end + 1;
    }
    if (run_ && !is_last) return run_->fault;
    return base::ok();
  }

  AuditReading finish() && {
    reading_.torn = std::move(run_);
    return std::move(reading_);
  }

 private:
  // The line, if it is one and stands where it must.
  base::Result<AuditLine> next_line(std::string_view text, std::size_t segment) {
    TLD_TRY(auto line, read_line(text));
    line.segment = segment;
    // The first line that is here says itself what it follows; verification compares that.
    if (reading_.lines.empty() && line.link.sequence > 0) {
      reading_.before = {line.link.sequence - 1, line.previous};
    }
    TLD_TRY(follows({{}, line.link, line.previous}, reading_.head(), "AUDIT"));
    return line;
  }

  base::Status take(std::string_view text, std::size_t segment, const std::string& where) {
    auto line = next_line(text, segment);
    if (!line) {
      add_to_run(text, line.error().in(where));
      return base::ok();
    }
    if (run_ && !explains_run(line.value().entry)) return run_->fault;
    run_.reset();
    reading_.lines.push_back(std::move(line).value());
    return base::ok();
  }

  base::Status take_tail(std::string_view text, std::size_t segment, const std::string& where,
                         bool is_last) {
    const bool is_whole = !run_ && next_line(text, segment).has_value();
    add_to_run(text, base::invalid_input(where + ": AUDIT-TORN: the line has no newline"));
    run_->is_whole = is_whole;
    run_->has_newline = false;
    if (!is_last) return run_->fault;
    return base::ok();
  }

  // Octets that may be what crashes have left, if a later entry explains them.
  void add_to_run(std::string_view text, base::Error fault) {
    if (!run_) {
      run_.emplace();
      run_->fault = std::move(fault);
    } else {
      run_->octets += '\n';
    }
    run_->octets += text;
    run_->has_newline = true;
  }

  bool explains_run(const AuditEntry& entry) const {
    return entry.type == torn_type && entry.detail == torn_entry(run_->octets).detail;
  }

  AuditReading reading_;
  std::optional<AuditReading::Torn> run_;
};

}  // namespace

AuditEntry torn_entry(std::string_view torn) {
  AuditEntry entry;
  entry.type = torn_type;
  entry.level = AuditLevel::warning;
  entry.object = "the line before, which was not written whole";
  entry.detail = {{"octets", std::to_string(torn.size())}, {"sha256", sha256_hex(torn)}};
  return entry;
}

base::Result<AuditReading> read_audit_lines(const std::vector<AuditSegment>& segments) {
  Reader reader;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    TLD_TRY(reader.read(segments[i], i, i + 1 == segments.size()));
  }
  return std::move(reader).finish();
}

}  // namespace tld::keys
