// SPDX-License-Identifier: GPL-2.0-only
//
// secDNS elements → DsChange.
#include "epp/reader.h"
#include "epp/secdns.h"

namespace tld::epp {
namespace {

bool is_1_0(const Element& element) {
  return element.space == uri::secdns_1_0;
}

// RFC 5910 §5.2.1 has 2102 for a server that does not support it: how long our signatures live is
// the zone's policy.
Answer<void> refuse_max_sig_life(const Element* element) {
  if (element == nullptr) return boost::outcome_v2::success();
  TLD_TRY(number(*element, 1, 0x7fffffff));
  return Refusal(Code::unimplemented_option,
                 "maxSigLife: how long signatures are valid is set for the whole zone", element);
}

Answer<dns::Dnskey> read_key(const Element& element) {
  Sequence in(element);
  TLD_TRY(const Element* flags, in.required("flags"));
  TLD_TRY(const Element* protocol, in.required("protocol"));
  TLD_TRY(const Element* algorithm, in.required("alg"));
  TLD_TRY(const Element* public_key, in.required("pubKey"));
  TLD_TRY(in.end());
  dns::Dnskey key;
  TLD_TRY(key.flags, number(*flags, 0, 0xffff));
  TLD_TRY(key.protocol, number(*protocol, 0, 0xff));
  TLD_TRY(key.algorithm, number(*algorithm, 0, 0xff));
  TLD_TRY(key.public_key, octets_of_base64(*public_key));
  return key;
}

// The DS and the key that came with it must be of each other (RFC 4034 §5.1.4). A digest that
// cannot be computed here (GOST, unknown ones) is compared by tag and algorithm only.
Answer<void> check_digest(const DsAt& one, dns::NameView owner) {
  const dns::Dnskey& key = *one.key;
  const auto mismatch = [&](const std::string& what) {
    return Refusal(Code::parameter_policy, what + " is not that of the keyData", one.at);
  };
  if (one.ds.key_tag != key.key_tag()) {
    return mismatch("key tag " + std::to_string(one.ds.key_tag));
  }
  if (one.ds.algorithm != key.algorithm) {
    return mismatch("algorithm " + std::to_string(one.ds.algorithm));
  }
  const auto computed = dns::make_ds(owner, key, one.ds.digest_type);
  if (computed && computed.value().digest != one.ds.digest) return mismatch("the digest");
  return boost::outcome_v2::success();
}

Answer<DsAt> read_ds(const Element& element, dns::NameView owner) {
  Sequence in(element);
  TLD_TRY(const Element* tag, in.required("keyTag"));
  TLD_TRY(const Element* algorithm, in.required("alg"));
  TLD_TRY(const Element* digest_type, in.required("digestType"));
  TLD_TRY(const Element* digest, in.required("digest"));
  const Element* life = is_1_0(element) ? in.optional("maxSigLife") : nullptr;
  const Element* key = in.optional("keyData");
  TLD_TRY(in.end());
  DsAt one;
  one.at = &element;
  TLD_TRY(one.ds.key_tag, number(*tag, 0, 0xffff));
  TLD_TRY(one.ds.algorithm, number(*algorithm, 0, 0xff));
  TLD_TRY(one.ds.digest_type, number(*digest_type, 0, 0xff));
  TLD_TRY(one.ds.digest, octets_of_hex(*digest));
  TLD_TRY(refuse_max_sig_life(life));
  if (key != nullptr) {
    TLD_TRY(one.key, read_key(*key));
    TLD_TRY(check_digest(one, owner));
  }
  return one;
}

Answer<DsAt> read_ds_of_key(const Element& element, dns::NameView owner) {
  TLD_TRY(dns::Dnskey key, read_key(element));
  TLD_TRY(dns::Ds ds, dns::make_ds(owner, key, dns::digest_sha256));
  return DsAt{std::move(ds), std::move(key), true, &element};
}

// One or more dsData or one or more keyData: one kind per element (RFC 5910 §4).
Answer<std::vector<DsAt>> read_all_ds(Sequence& in, const Element& parent, dns::NameView owner) {
  std::vector<DsAt> out;
  for (const Element* one : in.all("dsData")) {
    TLD_TRY(DsAt ds, read_ds(*one, owner));
    out.push_back(std::move(ds));
  }
  if (out.empty() && !is_1_0(parent)) {
    for (const Element* one : in.all("keyData")) {
      TLD_TRY(DsAt ds, read_ds_of_key(*one, owner));
      out.push_back(std::move(ds));
    }
  }
  TLD_TRY(in.end());
  if (out.empty()) {
    return Refusal(Code::parameter_missing, "neither dsData nor keyData is there", &parent);
  }
  return out;
}

// secDNS-1.1's dsOrKeyType, secDNS-1.0's dsType.
Answer<std::vector<DsAt>> read_ds_or_keys(const Element& element, dns::NameView owner) {
  Sequence in(element);
  const Element* life = is_1_0(element) ? nullptr : in.optional("maxSigLife");
  TLD_TRY(auto all, read_all_ds(in, element, owner));
  TLD_TRY(refuse_max_sig_life(life));
  return all;
}

Answer<void> read_remove(const Element& element, dns::NameView owner, DsChange& change) {
  Sequence in(element);
  const Element* all = in.optional("all");
  if (all == nullptr) {
    TLD_TRY(change.remove, read_all_ds(in, element, owner));
    return boost::outcome_v2::success();
  }
  TLD_TRY(in.end());
  TLD_TRY(change.remove_all, boolean(*all));  // false does nothing (RFC 5910 §5.2.5)
  return boost::outcome_v2::success();
}

// secDNS-1.0 names what it removes by the key tag alone.
Answer<void> read_remove_tags(const Element& element, DsChange& change) {
  Sequence in(element);
  for (const Element* one : in.all("keyTag")) {
    TLD_TRY(const std::uint32_t tag, number(*one, 0, 0xffff));
    change.remove_tags.emplace_back(static_cast<std::uint16_t>(tag), one);
  }
  TLD_TRY(in.end());
  if (change.remove_tags.empty()) {
    return Refusal(Code::parameter_missing, "element keyTag is missing", &element);
  }
  return boost::outcome_v2::success();
}

Answer<void> refuse_urgent(const Element& element) {
  const std::string* urgent = element.attribute("urgent");
  if (urgent == nullptr) return boost::outcome_v2::success();
  TLD_TRY(const bool wanted, boolean(*urgent, element));
  if (!wanted) return boost::outcome_v2::success();
  return Refusal(Code::unimplemented_option, "urgent: every change is published at once", &element);
}

// One of the three (the schema of RFC 4310 is a choice): chg puts other DS in place of all there
// are.
Answer<DsChange> read_update_1_0(const Element& element, dns::NameView owner) {
  DsChange change;
  Sequence in(element);
  if (const Element* add = in.optional("add")) {
    TLD_TRY(change.add, read_ds_or_keys(*add, owner));
  } else if (const Element* replace = in.optional("chg")) {
    change.remove_all = true;
    TLD_TRY(change.add, read_ds_or_keys(*replace, owner));
  } else if (const Element* remove = in.optional("rem")) {
    TLD_TRY(read_remove_tags(*remove, change));
  } else if (element.children.empty()) {
    return Refusal(Code::parameter_missing, "none of add, chg and rem is there", &element);
  }
  TLD_TRY(in.end());
  return change;
}

Answer<DsChange> read_update_1_1(const Element& element, dns::NameView owner) {
  DsChange change;
  Sequence in(element);
  const Element* remove = in.optional("rem");
  const Element* add = in.optional("add");
  const Element* other = in.optional("chg");
  TLD_TRY(in.end());
  if (remove == nullptr && add == nullptr && other == nullptr) {
    return Refusal(Code::parameter_missing, "none of rem, add and chg is there", &element);
  }
  if (remove != nullptr) {
    TLD_TRY(read_remove(*remove, owner, change));
  }
  if (add != nullptr) {
    TLD_TRY(change.add, read_ds_or_keys(*add, owner));
  }
  if (other != nullptr) {
    Sequence inside(*other);
    const Element* life = inside.optional("maxSigLife");
    TLD_TRY(inside.end());
    TLD_TRY(refuse_max_sig_life(life));
  }
  return change;
}

}  // namespace

Answer<DsChange> read_ds_create(const Element& element, dns::NameView owner) {
  DsChange change;
  TLD_TRY(change.add, read_ds_or_keys(element, owner));
  return change;
}

Answer<DsChange> read_ds_update(const Element& element, dns::NameView owner) {
  TLD_TRY(refuse_urgent(element));
  return is_1_0(element) ? read_update_1_0(element, owner) : read_update_1_1(element, owner);
}

}  // namespace tld::epp
