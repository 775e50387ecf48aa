// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds zone-file text to import, and what import takes to writing, the checks and the build. It
// asserts: a fault names a line of the text; what is written reads back the same; a zone that
// passes its checks can be built, signed and searched.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "zones/build.h"
#include "zones/zone_file.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

// Every line of `message` but the last "and N more" is "f:LINE: reason".
void check_faults(const std::string& message, std::string_view text) {
  const auto lines = static_cast<unsigned long>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::istringstream in(message);
  for (std::string line; std::getline(in, line);) {
    require(line.starts_with("f:"));
    const unsigned long number = std::strtoul(line.c_str() + 2, nullptr, 10);
    require(number <= lines && (number > 0 || line.starts_with("f: and ")));
  }
}

void check_zone(const zones::Zone& zone) {
  require(zone.ring_size() > 0);
  for (zones::Slot slot = 0; slot < zone.slot_limit(); ++slot) {
    const dns::RRset rrset = zone.signable(slot);
    require(!rrset.rdatas.empty());
    if (rrset.type == dns::RRType::NSEC3) {
      const auto hash = dns::nsec3_hash_from_base32hex(rrset.owner.view().first_label());
      require(hash.has_value() && zone.ring_at(hash.value()).slot == slot);
    } else {
      require(zone.find(rrset.owner)->rrset(rrset.type)->slot == slot);
    }
  }
}

void check_import(std::string_view text, const dns::Name& apex) {
  const auto imported = zones::read_zone_text(text, "f", apex);
  if (imported.has_error()) return check_faults(imported.error().message, text);
  const zones::ZoneContent& content = imported.value().content;
  require(imported.value().lines.size() == content.size());

  std::ostringstream out;
  zones::write_zone_file(content, out);
  const auto again = zones::read_zone_text(out.str(), "f", apex);
  require(again.has_value() && again.value().content == content);

  const zones::CheckReport report = zones::check(content);
  require(report.passed() == report.faults.empty());
  if (!report.passed()) return;
  const auto zone = zones::build(*report.checked, {{}, {}, 1});
  require(zone.has_value());
  check_zone(*zone.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dns::Name apex = dns::Name::from_text("kz.").value();
  check_import({reinterpret_cast<const char*>(data), size}, apex);
  return 0;
}
