// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of audit logs, as one segment. A refusal names its rule and is one line;
// lines that were read are, octet by octet, what would be written, each chained to the one before.
#include <cstdlib>

#include "keys/audit_reading.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::read_audit_lines({{"f", text}});
  if (!read) {
    require(read.error().message.find("AUDIT-") != std::string::npos);
    require(read.error().message.find('\n') == std::string::npos);
    return 0;
  }
  keys::ChainLink last = read.value().before;
  for (const keys::AuditLine& line : read.value().lines) {
    const std::string written = keys::chained_line(last, keys::to_json(line.entry));
    require(text.find(written + "\n") != std::string::npos);
    require(line.link.sequence == last.sequence + 1);
    require(line.link.hash == keys::sha256_hex(written));
    require(keys::audit_text(line.link.sequence, line.entry).find('\n') == std::string::npos);
    last = line.link;
  }
  return 0;
}
