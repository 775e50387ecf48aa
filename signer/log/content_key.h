// SPDX-License-Identifier: GPL-2.0-only
//
// What a signature is kept under: what it signs and which key made it. Never the key tag, so that a
// signature cannot be found for data or by a key that it does not belong to.
//
// Thread rule: values and pure functions.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace tld::signer {

struct ContentKey {
  base::Sha256 content{};  // of the octets of RFC 4034 §3.1.8.1 without the validity times
  base::Sha256 signer{};   // of the signing DNSKEY's RDATA: Dnskey::fingerprint()
  friend bool operator==(const ContentKey&, const ContentKey&) = default;
};

// REQUIRES: `signing_input` came from dns::signing_input().
ContentKey content_key(std::string_view signing_input, const base::Sha256& signer);

}  // namespace tld::signer
