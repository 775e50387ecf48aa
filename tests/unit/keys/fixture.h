// SPDX-License-Identifier: GPL-2.0-only
//
// Keys in software and signed-key files made from them, right or wrong in one chosen place.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "hsm/software_key.h"
#include "keys/ceremony.h"
#include "keys/key_signing_request.h"
#include "keys/signed_keys.h"
#include "keys/slot_file_text.h"
#include "keys/time_text.h"

namespace tld::keys::testing {

struct Key {
  hsm::KeyInfo info;
  dns::Dnskey ksk() const { return dnskey_of(info.public_key, true); }
  dns::Dnskey zsk() const { return dnskey_of(info.public_key, false); }
};

inline constexpr auto ecdsa = hsm::Algorithm::ecdsap256sha256;
inline constexpr auto rsa = hsm::Algorithm::rsasha256;

// No two of them have a tag in common.
Key make_key(hsm::Algorithm algorithm = ecdsa);
Key make_key_of_any_tag();
Sign signer(const Key& key);
base::Time time(const char* text);
dns::Name name(const char* text);

// Three slots of a day each, signatures of three days.
Policy small_policy();
base::Time first_start();  // 2026-01-01

// A signed-key file as a ceremony makes it, with hooks that spoil it before it is signed.
struct Draft {
  Key ksk = make_key();
  std::vector<dns::Dnskey> zsks = {make_key().zsk()};
  dns::Name apex = name("kz.");
  Policy policy = small_policy();
  std::size_t slots = 3;
  std::function<void(std::size_t slot, std::vector<dns::RRset>&)> spoil_data;
  std::function<void(std::size_t slot, dns::Rrsig&)> spoil_rrsig;      // before it is signed
  std::function<void(std::size_t slot, dns::Rrsig&)> spoil_signature;  // after
  std::function<void(std::size_t slot, Slot&)> spoil_slot;             // after

  std::string text() const;
};

// Slots that start one slot length apart and list those ZSKs; all of `ksks` sign and are announced.
SigningPlan plan_of(const std::vector<const Key*>& ksks,
                    const std::vector<std::vector<dns::Dnskey>>& zsks);

// A request as make_request() writes it, with hooks that spoil it, and what it is held against.
struct RequestDraft {
  Key ksk = make_key(), zsk = make_key(), next_zsk = make_key();
  dns::Name apex = name("kz.");
  Policy policy = small_policy();
  std::vector<KeyBundle> bundles = {};  // none: three, the second and third with next_zsk too
  std::vector<Key> provers = {};        // none: both ZSKs
  std::function<void(std::size_t bundle, dns::RRset&)> spoil_data;  // before it is signed
  std::function<void(std::size_t bundle, Slot&)> spoil_bundle;      // after

  std::vector<KeyBundle> asked() const;
  std::string text() const;
  RequestContext context() const;
  // The message of the refusal by parse() or check(), or "" when both pass.
  std::string refusal(const RequestContext& context) const;
  std::string refusal() const { return refusal(context()); }
};

// What a file says, as text to compare; not where it says it.
std::string meaning(const SignedKeys& keys);
std::string meaning(const KeySigningRequest& request);

// The message of the refusal by parse() or check(), or "" when both pass.
std::string refusal(const std::string& text, const Draft& draft, base::Time now = first_start());

std::string replaced(std::string text, const std::string& from, const std::string& to);

// A directory that goes away again.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string file(const std::string& name, const std::string& content) const;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tld::keys::testing
