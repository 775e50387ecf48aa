// SPDX-License-Identifier: GPL-2.0-only
#include "epp/epp.h"

#include <utility>

#include "epp/apply.h"
#include "epp/command.h"
#include "epp/frame.h"
#include "epp/response.h"

namespace tld::epp {
namespace {

// In one transaction, which is undone unless its end was reached.
Answer<Done> carry_out(const Command& command, const Settings& settings, const Begin& begin) {
  TLD_TRY(const auto registry, begin());
  Applier applier(*registry, settings);
  TLD_TRY(Done done, std::visit([&](const auto& one) { return applier.apply(one); }, command));
  if (done.changed) {
    TLD_TRY(registry->commit());
  }
  return done;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

Reply refuse(const Refusal& refusal, const TransactionIds& ids) {
  return {refusal.code, refusal.reason, refused_response(refusal, ids)};
}

}  // namespace

Reply answer(std::string_view frame, const Settings& settings, const Begin& begin, base::Time now,
             const std::string& server_id) {
  const Answer<Element> root = read_frame(frame);
  if (!root) return refuse(root.error(), {"", server_id});
  const TransactionIds ids{client_id(root.value()), server_id};
  const Answer<Command> command = read_command(root.value());
  if (!command) return refuse(command.error(), ids);
  const Answer<Done> done = carry_out(command.value(), settings, begin);
  if (!done) return refuse(done.error(), ids);
  std::string note = joined(done.value().warnings);
  std::string xml = done_response(done.value(), note, now, ids);
  return {Code::done, std::move(note), std::move(xml)};
}

std::optional<std::string_view> FrameReader::next() {
  if (!framed_) rest_ = without_leading_space(rest_);
  if (rest_.empty()) return std::nullopt;
  if (framed_) {
    if (const auto frame = take_framed(rest_)) return frame;
  } else if (const auto document = read_document(rest_)) {
    const std::string_view frame = rest_.substr(0, document.value().octets);
    rest_.remove_prefix(frame.size());
    return frame;
  }
  lost_ = true;
  return std::exchange(rest_, {});
}

}  // namespace tld::epp
