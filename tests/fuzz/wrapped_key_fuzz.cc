// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of wrapped keys, as it is and with the right sum at its end: a file that
// somebody altered on purpose. It asserts what must hold for any text: a refusal names its check
// and is one line; what is read is, octet by octet, what would be written.
#include <cstdlib>

#include "keys/chained_lines.h"
#include "keys/wrapped_key_file.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const std::string& text) {
  const auto read = keys::WrappedKeyFile::parse(text, "f");
  if (read) return require(read.value().text() == text);
  require(read.error().message.starts_with("f: WRAPPED-"));
  require(read.error().message.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text);
  // The last line is 9 + 64 + 1 octets.
  const std::string body = text.substr(0, size < 74 ? size : size - 74);
  check(body + "SHA-256: " + keys::sha256_hex(body) + "\n");
  return 0;
}
