// SPDX-License-Identifier: GPL-2.0-only
//
// How large a ceremony's script may be: each line that its steps write into the transcript and the
// audit log must fit (max_chained_line), whatever happens in them.
//
// Thread rule: pure function.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "keys/ceremony_script.h"

namespace tld::keys {

inline constexpr std::size_t max_script_octets = 256 << 10;  // of the file
inline constexpr std::size_t max_script_steps = 500;
inline constexpr std::size_t max_step_files = 100;    // that it reads, and that it makes
inline constexpr std::size_t max_text_octets = 2000;  // of a title, of what is read aloud
// Of the names of all files in one line, each with its SHA-256.
inline constexpr std::size_t max_sums_octets = 24'000;

// invalid_input, SCRIPT-SIZE: one of these is passed.
base::Status check_size(const CeremonyScript& script);

}  // namespace tld::keys
