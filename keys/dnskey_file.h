// SPDX-License-Identifier: GPL-2.0-only
//
// A file with one DNSKEY record: how a ZSK's public half travels from the machine with the token to
// the ceremony and to the server's configuration. Empty lines and lines that begin with ';' are
// allowed around it.
//
// Thread rule: pure functions but for the file system.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"

namespace tld::keys {

inline constexpr std::size_t max_dnskey_file = 16384;  // octets

// invalid_input, "FILE:LINE: ...", unless it is exactly one DNSKEY of `apex`.
base::Result<dns::Dnskey> parse_dnskey_file(std::string_view text, const std::string& file,
                                            dns::NameView apex);
base::Result<dns::Dnskey> read_dnskey_file(const std::filesystem::path& path, dns::NameView apex);

}  // namespace tld::keys
