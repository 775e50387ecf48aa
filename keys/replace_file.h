// SPDX-License-Identifier: GPL-2.0-only
//
// Writes a file whole or not at all.
//
// Thread rule: pure function but for the file system.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace tld::keys {

// A temporary file beside it, mode 0644, fsync, rename, fsync of the directory. unavailable: it
// cannot be written now; what was there stays.
base::Status replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace tld::keys
