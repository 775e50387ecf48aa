// SPDX-License-Identifier: GPL-2.0-only
//
// Detached signatures of people over whole files, made with
//   ssh-keygen -Y sign -n NAMESPACE -f KEY FILE
// which writes FILE.sig, and verified with ssh-keygen and a file of allowed signers (ssh-keygen(1),
// ALLOWED SIGNERS).
//
// Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/key_files.h"

namespace tld::cli {

inline constexpr const char* request_namespace = "tld-ksr";
inline constexpr const char* signed_keys_namespace = "tld-skr";

// Who signed `octets` (what was read from `file`): the principal in `signers`. refused, with `rule`
// in front, when FILE.sig is missing, is not by one of them, for another namespace, or over other
// octets; unavailable when ssh-keygen cannot be run.
// `read` gives the octets of FILE.sig and `signers`.
base::Result<std::string> verify_signature(const char* rule, const std::string& file,
                                           std::string_view octets, const std::string& signers,
                                           const char* name_space,
                                           const ReadFile& read = read_from_disk);

}  // namespace tld::cli
