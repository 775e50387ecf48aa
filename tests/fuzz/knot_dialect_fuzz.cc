// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds text to the readers of Knot's dialect, for the zone kz. It asserts what must hold for any
// text: a refusal names its rule and is one line; what is read is written in that dialect and read
// back as the same; check() has an answer.
#include <cstdlib>

#include "keys/knot_dialect.h"
#include "keys/slot_file_text.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_named(const base::Error& error, const char* prefix) {
  require(error.message.find(prefix) != std::string::npos);
  require(error.message.find('\n') == std::string::npos);
}

void read_response(std::string_view text, const dns::Name& apex) {
  const auto read = keys::read_knot_response(text, apex, {}, "f");
  if (!read) return require_named(read.error(), ": SKR-");
  const auto& slots = read.value().slots();
  const auto again =
      keys::read_knot_response(keys::knot_response_text(slots, base::Time{}), apex, {}, "f");
  require(again.has_value());
  require(keys::signed_keys_text({}, again.value().slots(), base::Time{}) ==
          keys::signed_keys_text({}, slots, base::Time{}));
  const auto status = read.value().check({}, read.value().covered_from());
  if (!status) require_named(status.error(), ": SKR-");
}

void read_request(std::string_view text, const dns::Name& apex) {
  const auto read = keys::read_knot_request(text, apex, {}, "f");
  if (!read) return require_named(read.error(), ": KSR-");
  const auto& bundles = read.value().bundles();
  const auto again =
      keys::read_knot_request(keys::knot_request_text(bundles, base::Time{}), apex, {}, "f");
  require(again.has_value() && again.value().keys() == read.value().keys());
  keys::RequestContext context;
  context.now = bundles.front().start;
  const auto status = read.value().check(context);
  if (!status) require_named(status.error(), ": KSR-");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = dns::Name::from_text("kz.").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_response(text, apex);
  read_request(text, apex);
  return 0;
}
