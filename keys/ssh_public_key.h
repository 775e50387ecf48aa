// SPDX-License-Identifier: GPL-2.0-only
//
// A person's OpenSSH public key as authorized_keys has it: "ssh-ed25519 AAAA... comment".
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::keys {

// "TYPE BASE64", the comment left out. Types: ssh-ed25519, ecdsa-sha2-nistp256/384/521, their
// variants in a security key (sk-...@openssh.com), and ssh-rsa of 2048 bits or more. invalid_input:
// another type, or the key's octets are not what its type says (RFC 4253 §6.6, RFC 5656 §3.1, RFC
// 8709 §4, OpenSSH PROTOCOL.u2f).
base::Result<std::string> canonical_ssh_key(std::string_view text);

}  // namespace tld::keys
