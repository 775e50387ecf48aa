// SPDX-License-Identifier: GPL-2.0-only
//
// Reading and making a request. (request_check.cc holds the checks.)
#include "keys/key_signing_request.h"

#include <algorithm>

#include "dns/rrset.h"
#include "keys/input_file.h"
#include "keys/slot_checks.h"
#include "keys/slot_file_reader.h"
#include "keys/slot_file_text.h"

namespace tld::keys {
namespace {

const ProvingKey* find_key(const RequestInput& input, const dns::Dnskey& dnskey) {
  const auto found = std::ranges::find(input.zsks, dnskey, &ProvingKey::dnskey);
  return found == input.zsks.end() ? nullptr : &*found;
}

base::Result<Slot> prove(const RequestInput& input, const KeyBundle& bundle) {
  const auto ttl = static_cast<std::uint32_t>(input.policy.signed_keys.dnskey_ttl.count());
  dns::RRset rrset{input.apex, dns::RRType::DNSKEY, ttl, {}};
  for (const dns::Dnskey& key : bundle.dnskeys) rrset.rdatas.push_back(key.wire());
  dns::canonicalise(rrset.rdatas);
  SignedRRset signed_rrset{rrset, {}};
  for (const dns::Dnskey& key : bundle.dnskeys) {
    const ProvingKey* const zsk = find_key(input, key);
    if (zsk == nullptr) continue;  // foreign, or KSR-BUNDLE-POP says so
    TLD_TRY(auto rrsig, sign_rrset("KSR-BUNDLE-POP", key, zsk->sign, rrset, bundle.start,
                                   input.policy.signed_keys));
    signed_rrset.rrsigs.push_back(std::move(rrsig));
  }
  return Slot{bundle.start, {std::move(signed_rrset)}, {}, 0};
}

base::Status check_windows(const RequestInput& input) {
  for (const KeyBundle& bundle : input.bundles) {
    if (window_can_be_said(bundle.start, input.policy.signed_keys)) continue;
    return refuse("KSR-POLICY-SIG-HORIZON",
                  "signatures would lie outside 1970 to 2106: look at the start time");
  }
  return base::ok();
}

}  // namespace

base::Result<KeySigningRequest> KeySigningRequest::parse(std::string_view text, dns::NameView apex,
                                                         const std::string& source) {
  TLD_TRY(auto file, SlotFileReader(SlotFileKind::request, apex, source).read(text));
  return KeySigningRequest(std::move(file));
}

base::Result<KeySigningRequest> KeySigningRequest::read_file(const std::filesystem::path& path,
                                                             dns::NameView apex) {
  TLD_TRY(const std::string text, read_input_file(path, SlotFileReader::max_octets));
  return parse(text, apex, path.string());
}

std::vector<dns::Dnskey> KeySigningRequest::keys() const {
  std::vector<dns::Dnskey> all;
  for (const Slot& bundle : file_.slots) {
    for (const dns::Dnskey& key : bundle.dnskeys) {
      if (std::ranges::count(all, key) == 0) all.push_back(key);
    }
  }
  return all;
}

base::Result<std::string> make_request(const RequestInput& input) {
  TLD_TRY(input.policy.check());
  TLD_TRY(check_windows(input));
  std::vector<Slot> slots;
  for (const KeyBundle& bundle : input.bundles) {
    TLD_TRY(auto slot, prove(input, bundle));
    slots.push_back(std::move(slot));
  }
  std::string text = request_text(input.policy, slots, input.made_at);
  TLD_TRY(const auto read_back, KeySigningRequest::parse(text, input.apex, "the new request"));
  RequestContext context;
  context.policy = input.policy;
  context.now = input.made_at;
  context.foreign = input.foreign;
  TLD_TRY(read_back.check(context));
  return text;
}

}  // namespace tld::keys
