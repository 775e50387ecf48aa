// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds octets to the reader of signature logs. It asserts what must hold for any octets: what is
// read as an entry stands there octet for octet, entries do not overlap, all octets are accounted
// for, and of a file that says it is somebody else's nothing is read.
#include <cstdlib>

#include "signer/log/segment.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Header = signer::SegmentScan::Header;
  static const dns::Name zone = dns::Name::from_text("kz.").value();
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  std::size_t end = 0, in_entries = 0;
  const auto scan =
      signer::scan_segment(octets, zone, [&](std::size_t at, const signer::LogEntry& entry) {
        require(at >= end);
        const std::string again = signer::entry_octets(entry);
        require(octets.substr(at, again.size()) == again);
        end = at + again.size();
        in_entries += again.size();
      });
  if (scan.header == Header::foreign_version || scan.header == Header::other_zone) {
    require(scan.entries == 0);
    return 0;
  }
  const std::size_t header = scan.header == Header::ours ? signer::segment_header(zone).size() : 0;
  require(header + in_entries + scan.damaged_octets + scan.torn_octets == size);
  require(scan.torn_octets == size - std::max(end, header));
  return 0;
}
