// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of key signing requests, for the zone kz. It asserts what must hold for
// any text: a refusal names its rule and is one line; what is read is written and read back as the
// same; check() has an answer, and what it lets pass lists ZSKs only.
#include <algorithm>
#include <cstdlib>

#include "keys/key_signing_request.h"
#include "keys/slot_file_text.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_named(const base::Error& error) {
  require(error.message.find(": KSR-") != std::string::npos);
  require(error.message.find('\n') == std::string::npos);
}

std::string written(const keys::KeySigningRequest& read) {
  return keys::request_text(read.policy(), read.bundles(), base::Time{});
}

void check(const keys::KeySigningRequest& read, bool all_foreign) {
  keys::RequestContext context;
  context.policy = read.policy();
  context.now = read.bundles().front().start;
  if (all_foreign) context.foreign = read.keys();
  const auto status = read.check(context);
  if (!status) return require_named(status.error());
  require(std::ranges::none_of(read.keys(), &dns::Dnskey::is_sep));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = dns::Name::from_text("kz.").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::KeySigningRequest::parse(text, apex, "f");
  if (!read) {
    require_named(read.error());
    return 0;
  }
  const std::string once = written(read.value());
  const auto again = keys::KeySigningRequest::parse(once, apex, "f");
  require(again.has_value() && written(again.value()) == once);
  check(read.value(), false);
  check(read.value(), true);
  return 0;
}
