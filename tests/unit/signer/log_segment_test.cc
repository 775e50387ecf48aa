// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/segment.h"

#include <gtest/gtest.h>

#include <vector>

namespace tld::signer {
namespace {

using Header = SegmentScan::Header;

const dns::Name zone = dns::Name::from_text("example.").value();

std::string entry_of(int number, std::size_t octets = 64) {
  const std::string signature(octets, static_cast<char>('a' + number));
  const auto digest = base::sha256(std::to_string(number));
  return entry_octets({{digest, base::sha256("key")},
                       {1000, 2000 + static_cast<std::uint32_t>(number)},
                       signature});
}

struct Read {
  SegmentScan scan;
  std::vector<std::string> entries;  // as octets
};

Read read(const std::string& octets) {
  Read out;
  out.scan = scan_segment(octets, zone, [&](std::size_t at, const LogEntry& entry) {
    out.entries.push_back(entry_octets(entry));
    EXPECT_EQ(octets.substr(at, out.entries.back().size()), out.entries.back());
  });
  EXPECT_EQ(out.scan.entries, out.entries.size());
  return out;
}

const std::vector<std::string> three = {entry_of(0), entry_of(1, 256), entry_of(2)};

std::string small_log() {
  return segment_header(zone) + three[0] + three[1] + three[2];
}

TEST(LogSegment, ReadsWhatWasWritten) {
  const Read all = read(small_log());
  EXPECT_EQ(all.scan.header, Header::ours);
  EXPECT_EQ(all.entries, three);
  EXPECT_EQ(all.scan.damaged_octets + all.scan.torn_octets, 0u);
}

// Catches: a reader that runs past the end, or takes half an entry for a whole one.
TEST(LogSegment, ATornTailAtEveryOctetCostsTheLastEntryOnly) {
  const std::string whole = small_log();
  const std::size_t header = segment_header(zone).size();
  std::vector<std::size_t> ends = {header};
  for (const auto& entry : three) ends.push_back(ends.back() + entry.size());
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const Read left = read(whole.substr(0, cut));
    std::size_t expected = 0;
    while (expected < three.size() && ends[expected + 1] <= cut) ++expected;
    ASSERT_EQ(left.entries.size(), expected) << cut;
    const std::size_t good = cut < header ? 0 : ends[expected];
    EXPECT_EQ(left.scan.torn_octets, cut - good) << cut;
    EXPECT_EQ(left.scan.damaged_octets, 0u) << cut;
  }
}

// Catches: an entry that is believed although an octet of it is another, and one flipped octet (a
// length, say) that hides all entries behind it.
TEST(LogSegment, AnyFlippedOctetCostsOneEntryAndNeverGivesAWrongOne) {
  const std::string whole = small_log();
  const std::size_t header = segment_header(zone).size();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bits : {0x01, 0x80, 0xff}) {
      std::string octets = whole;
      octets[at] = static_cast<char>(octets[at] ^ bits);
      const Read left = read(octets);
      std::size_t hit = three.size();
      for (std::size_t i = 0, end = header; at >= header && i < three.size(); ++i) {
        end += three[i].size();
        if (at < end) {
          hit = i;
          break;
        }
      }
      std::vector<std::string> expected;
      for (std::size_t i = 0; i < three.size(); ++i) {
        if (i != hit) expected.push_back(three[i]);
      }
      ASSERT_EQ(left.entries, expected) << "octet " << at << ", bits " << bits;
      EXPECT_GT(left.scan.damaged_octets + left.scan.torn_octets, 0u) << at;
    }
  }
}

TEST(LogSegment, ForeignFilesAreToldFromDamagedOnes) {
  const std::string ours = segment_header(zone);
  std::string other_version = ours.substr(0, 16) + std::string("\0\2", 2);
  other_version += base::as_octets(base::sha256(other_version)).substr(0, 8);
  EXPECT_EQ(read(other_version + three[0]).scan.header, Header::foreign_version);
  EXPECT_EQ(read(other_version + three[0]).scan.version, 2);
  EXPECT_TRUE(read(other_version + three[0]).entries.empty());
  const auto other = dns::Name::from_text("other.").value();
  EXPECT_EQ(read(segment_header(other) + three[0]).scan.header, Header::other_zone);
  EXPECT_TRUE(read(segment_header(other) + three[0]).entries.empty());
  EXPECT_EQ(read("").scan.header, Header::damaged);
  EXPECT_EQ(read(std::string(5000, '\xe5')).scan.torn_octets, 5000u);
}

}  // namespace
}  // namespace tld::signer
