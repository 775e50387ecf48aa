// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_file_text.h"

#include <fmt/format.h>

#include "keys/policy_lines.h"
#include "keys/record_line.h"
#include "keys/slot_file_reader.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

std::string rrset_text(const SignedRRset& each) {
  std::string text;
  for (const std::string& rdata : each.rrset.rdatas) {
    text += record_line({each.rrset.owner, each.rrset.ttl, each.rrset.type, rdata}) + "\n";
  }
  for (const dns::Rrsig& rrsig : each.rrsigs) {
    text += record_line({each.rrset.owner, rrsig.original_ttl, dns::RRType::RRSIG, rrsig.wire()}) +
            "\n";
  }
  return text;
}

std::string file_text(const SlotFileKind& kind, const Policy& policy, std::span<const Slot> slots,
                      base::Time made_at) {
  const std::string start = header_start(kind);
  std::string text = policy_lines(policy);
  for (const Slot& slot : slots) {
    text += start + time_text(slot.start) + "\n";
    for (const SignedRRset& each : slot.rrsets) text += rrset_text(each);
  }
  text += fmt::format("{}generated at {} by pdns-tld {}\n", start, time_text(made_at), TLD_VERSION);
  return text;
}

}  // namespace

std::string signed_keys_text(const Policy& policy, std::span<const Slot> slots,
                             base::Time made_at) {
  return file_text(SlotFileKind::response, policy, slots, made_at);
}

std::string request_text(const Policy& policy, std::span<const Slot> bundles, base::Time made_at) {
  return file_text(SlotFileKind::request, policy, bundles, made_at);
}

}  // namespace tld::keys
