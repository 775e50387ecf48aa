// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of approvals. A refusal is one line and names its rule; what is read is,
// octet by octet, the statement that would be signed, with the signature behind it.
#include <cstdlib>

#include "keys/approval.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::Approval::parse(text, "f");
  if (!read) {
    require(read.error().message.starts_with("f: APPROVAL-SYNTAX: "));
    require(read.error().message.find('\n') == std::string::npos);
    return 0;
  }
  require(keys::to_text(read.value().statement) == read.value().text);
  require(text.starts_with(read.value().text));
  require(text.ends_with(read.value().signature));
  require(read.value().text.size() + read.value().signature.size() <= text.size());
  return 0;
}
