// SPDX-License-Identifier: GPL-2.0-only
//
// The messages of NOTIFY (RFC 1996) as octets.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/name.h"

namespace tld::publish {

inline constexpr unsigned rcode_noerror = 0;
inline constexpr unsigned rcode_notimp = 4;

// A request that says that the SOA of `apex` has changed. The answer section stays empty: the SOA
// in it would be a hint that no secondary may trust (RFC 1996 §3.7, §3.11), so each asks for it
// anyway.
std::string notify_request(std::uint16_t id, dns::NameView apex);

// The RCODE, when `octets` are the response to that request; nullopt: they are something else.
std::optional<unsigned> notify_response(std::string_view octets, std::uint16_t id,
                                        dns::NameView apex);

std::string rcode_text(unsigned rcode);  // the IANA mnemonic, or RCODE17

}  // namespace tld::publish
