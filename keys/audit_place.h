// SPDX-License-Identifier: GPL-2.0-only
//
// Where an audit log's files are and how large they can be.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/result.h"

namespace tld::keys {

inline constexpr std::size_t max_key_octets = 4096;
inline constexpr std::size_t max_head_octets = 4096;
inline constexpr std::size_t max_segment_octets = 64 << 20;

// audit-000001.jsonl
std::filesystem::path audit_segment_path(const std::filesystem::path& directory, unsigned number);
// invalid_input: the name is no segment's.
base::Result<unsigned> audit_segment_number(const std::filesystem::path& path);

}  // namespace tld::keys
