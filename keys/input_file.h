// SPDX-License-Identifier: GPL-2.0-only
//
// A whole input file as octets, bounded.
//
// Thread rule: pure function but for the file system.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace tld::keys {

// not_found: no such file; invalid_input: larger than `max_octets`, or not a regular file (a FIFO
// or a device would never end); unavailable: it cannot be read now.
base::Result<std::string> read_input_file(const std::filesystem::path& path,
                                          std::size_t max_octets);

}  // namespace tld::keys
