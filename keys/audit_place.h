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

// A log's segments or its public key are there: no place for anything else.
bool is_audit_directory(const std::filesystem::path& directory);
// refused, AUDIT-PLACE: `file` would lie in such a directory.
base::Status check_not_in_audit_directory(const std::filesystem::path& file);

}  // namespace tld::keys
