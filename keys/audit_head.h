// SPDX-License-Identifier: GPL-2.0-only
//
// The head of an audit log: its last line's place in the chain, signed with the machine's key. Kept
// beside the log, and told to syslog with each line, so that a log whose end was cut off is found
// out by any head that somebody else has kept.
//
// Thread rule: values and pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/chained_lines.h"
#include "keys/machine_key.h"

namespace tld::keys {

// "tld-audit-head 1 SEQUENCE HASH SIGNATURE", without newline; the signature (base64) is over the
// words before it.
base::Result<std::string> signed_head(const ChainLink& head, const MachineKey& key);

// What a signed head says, anywhere in a line, e.g. behind syslog's time and host. invalid_input:
// AUDIT-HEAD-SYNTAX; refused: AUDIT-HEAD-SIGNATURE.
base::Result<ChainLink> read_signed_head(std::string_view line, const MachineKey& key);

// The last signed head in a text of many lines. invalid_input: there is none.
base::Result<ChainLink> find_signed_head(std::string_view text, const MachineKey& key);

// "SEQUENCE:HASH", as somebody has written it down. invalid_input: AUDIT-HEAD-SYNTAX.
base::Result<ChainLink> read_plain_head(std::string_view text);

}  // namespace tld::keys
