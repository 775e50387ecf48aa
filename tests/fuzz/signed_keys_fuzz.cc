// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the reader of signed-key files, for the zone kz. It asserts what must hold for any
// text: a refusal names its rule and is one line; what is read is written and read back as the
// same; check() has an answer, and at() gives a slot exactly where check() sees time covered.
#include <cstdlib>

#include "keys/signed_keys.h"
#include "keys/slot_file_text.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_named(const base::Error& error) {
  require(error.message.find(": SKR-") != std::string::npos);
  require(error.message.find('\n') == std::string::npos);
}

std::string written(const keys::SignedKeys& read) {
  return keys::signed_keys_text(read.policy(), read.slots(), base::Time{});
}

void check_at(const keys::SignedKeys& read, base::Time now) {
  const auto status = read.check({}, now);
  if (!status) {
    require_named(status.error());
    return;
  }
  const keys::Slot* slot = read.at(now);
  require(slot != nullptr && slot->start <= now && now < slot->expiration());
  require(!read.types().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = dns::Name::from_text("kz.").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = keys::SignedKeys::parse(text, apex, "f");
  if (!read) {
    require_named(read.error());
    return 0;
  }
  const std::string once = written(read.value());
  const auto again = keys::SignedKeys::parse(once, apex, "f");
  require(again.has_value() && written(again.value()) == once);
  check_at(read.value(), read.value().covered_from());
  check_at(read.value(), read.value().covered_until());
  return 0;
}
