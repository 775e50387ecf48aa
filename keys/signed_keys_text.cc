// SPDX-License-Identifier: GPL-2.0-only
#include "keys/signed_keys_text.h"

#include <fmt/format.h>

#include "keys/policy_lines.h"
#include "keys/record_line.h"
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

}  // namespace

std::string signed_keys_text(const Policy& policy, std::span<const Slot> slots,
                             base::Time made_at) {
  std::string text = policy_lines(policy);
  for (const Slot& slot : slots) {
    text += fmt::format(";; SignedKeyResponse 1.0 {}\n", time_text(slot.start));
    for (const SignedRRset& each : slot.rrsets) text += rrset_text(each);
  }
  text += fmt::format(";; SignedKeyResponse 1.0 generated at {} by pdns-tld {}\n",
                      time_text(made_at), TLD_VERSION);
  return text;
}

}  // namespace tld::keys
