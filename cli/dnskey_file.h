// SPDX-License-Identifier: GPL-2.0-only
//
// DNSKEY records that one machine writes for another: zone-file lines, one record each.
//
// Thread rule: pure function but for the file.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"

namespace tld::cli {

// The DNSKEY records of `apex` in the file, at least one; lines that start with ";" and empty ones
// are comments. Errors name file and line.
base::Result<std::vector<dns::Dnskey>> read_dnskey_file(const std::filesystem::path& path,
                                                        dns::NameView apex);

}  // namespace tld::cli
