// SPDX-License-Identifier: GPL-2.0-only
#include "epp/secdns.h"

#include <algorithm>

namespace tld::epp {
namespace {

std::string text_of(const dns::Ds& ds) {
  return std::to_string(ds.key_tag) + " " + std::to_string(ds.algorithm) + " " +
         std::to_string(ds.digest_type);
}

bool same(const dns::Ds& a, const dns::Ds& b) {
  return a.wire() == b.wire();
}

// Is `ds` what `wanted` names? keyData means the key: each DS of it, whatever its digest type.
bool names(const DsAt& wanted, const dns::Ds& ds, dns::NameView owner) {
  if (!wanted.by_key) return same(wanted.ds, ds);
  const auto computed = dns::make_ds(owner, *wanted.key, ds.digest_type);
  return computed && same(computed.value(), ds);
}

Answer<void> remove_one(std::vector<dns::Ds>& ds, const DsAt& wanted, dns::NameView owner) {
  if (std::erase_if(ds, [&](const dns::Ds& one) { return names(wanted, one, owner); }) > 0) {
    return boost::outcome_v2::success();
  }
  return Refusal(Code::does_not_exist, "the domain has no such DS", wanted.at);
}

// secDNS-1.0: a tag that DS of two algorithms share does not say which key is meant.
Answer<void> remove_tag(std::vector<dns::Ds>& ds, std::uint16_t tag, const Element* at) {
  const auto has_tag = [&](const dns::Ds& one) { return one.key_tag == tag; };
  const auto first = std::ranges::find_if(ds, has_tag);
  if (first == ds.end()) {
    return Refusal(Code::does_not_exist, "the domain has no DS with this key tag", at);
  }
  const std::uint8_t algorithm = first->algorithm;
  const bool ambiguous = std::ranges::any_of(
      ds, [&](const dns::Ds& one) { return has_tag(one) && one.algorithm != algorithm; });
  if (ambiguous) {
    return Refusal(Code::parameter_policy,
                   "DS of several algorithms have this key tag: it does not say which to remove; "
                   "use secDNS-1.1",
                   at);
  }
  std::erase_if(ds, has_tag);
  return boost::outcome_v2::success();
}

Answer<void> add_one(std::vector<dns::Ds>& ds, const DsAt& wanted, const dns::DsPolicy& policy,
                     std::vector<std::string>& warnings) {
  if (wanted.key) {
    const dns::DsVerdict key = dns::check_ds_key(*wanted.key);
    if (!key.accepted) return Refusal(Code::parameter_policy, key.reason, wanted.at);
  }
  const dns::DsVerdict verdict = dns::check_ds(wanted.ds, policy);
  if (!verdict.accepted) return Refusal(Code::parameter_policy, verdict.reason, wanted.at);
  const auto place = std::ranges::lower_bound(ds, wanted.ds.wire(), {}, &dns::Ds::wire);
  if (place != ds.end() && same(*place, wanted.ds)) {
    return Refusal(Code::exists, "the domain has this DS already", wanted.at);
  }
  ds.insert(place, wanted.ds);
  if (!verdict.reason.empty()) {
    warnings.push_back("DS " + text_of(wanted.ds) + ": " + verdict.reason);
  }
  return boost::outcome_v2::success();
}

}  // namespace

Answer<void> change_ds(std::vector<dns::Ds>& ds, const DsChange& change, dns::NameView owner,
                       const dns::DsPolicy& policy, std::vector<std::string>& warnings) {
  if (change.remove_all) ds.clear();
  for (const DsAt& one : change.remove) {
    TLD_TRY(remove_one(ds, one, owner));
  }
  for (const auto& [tag, at] : change.remove_tags) {
    TLD_TRY(remove_tag(ds, tag, at));
  }
  for (const DsAt& one : change.add) {
    TLD_TRY(add_one(ds, one, policy, warnings));
  }
  if (!change.add.empty() && ds.size() > max_ds) {
    return Refusal(Code::data_management_policy,
                   "the domain would have " + std::to_string(ds.size()) + " DS; at most " +
                       std::to_string(max_ds) + " are possible",
                   change.add.back().at);
  }
  return boost::outcome_v2::success();
}

}  // namespace tld::epp
