// SPDX-License-Identifier: GPL-2.0-only
//
// One wrong bit, at every bit of a file: it is refused by name, or the file still says the same.
// A file that passes and says something else would be published.
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using testing::Draft;

struct Count {
  std::size_t refused = 0, same = 0;
};

void expect_refused_or_same(const std::string& text, const Draft& draft, const std::string& wanted,
                            base::Time now, Count& count) {
  const auto keys = SignedKeys::parse(text, draft.apex, "kz.skr");
  const base::Status status = keys ? keys.value().check(draft.zsks, now) : keys.error();
  if (!status) {
    EXPECT_THAT(status.error().message, ::testing::HasSubstr(": SKR-"));
    ++count.refused;
    return;
  }
  EXPECT_EQ(testing::meaning(keys.value()), wanted);
  ++count.same;
}

void flip_everything(const Draft& draft) {
  const std::string good = draft.text();
  const base::Time now = testing::first_start() + std::chrono::hours{1};
  const std::string wanted = testing::meaning(SignedKeys::parse(good, draft.apex).value());
  Count count;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(::testing::Message() << "octet " << at << " bit " << bit);
      std::string text = good;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      expect_refused_or_same(text, draft, wanted, now, count);
      if (::testing::Test::HasFailure()) return;
    }
  }
  // Only letters' case in names and digests, white space and the end line's note may differ.
  EXPECT_EQ(count.refused + count.same, good.size() * 8);
  EXPECT_LT(count.same, count.refused / 10);
}

TEST(SignedKeysBitflip, EveryBitOfAFileOfOneSlot) {
  Draft draft;
  draft.slots = 1;
  draft.policy.signed_keys.span = draft.policy.signed_keys.slot;
  flip_everything(draft);
}

TEST(SignedKeysBitflip, EveryBitOfAFileOfTwoSlotsWithoutCds) {
  Draft draft;
  draft.slots = 2;
  draft.policy.signed_keys.span = 2 * draft.policy.signed_keys.slot;
  draft.policy.signed_keys.cds_digest_types = {};
  draft.spoil_data = [](std::size_t, auto& rrsets) { rrsets.resize(1); };
  flip_everything(draft);
}

// Lines lost, doubled or swapped, as an editor or a bad copy does it.
TEST(SignedKeysBitflip, EveryLineLostDoubledOrSwapped) {
  Draft draft;
  const std::string good = draft.text();
  const std::string wanted = testing::meaning(SignedKeys::parse(good, draft.apex).value());
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < good.size(); at = good.find('\n', at) + 1) {
    lines.push_back(good.substr(at, good.find('\n', at) + 1 - at));
  }
  Count count;
  const auto expect = [&](const std::vector<std::string>& changed) {
    std::string text;
    for (const std::string& line : changed) text += line;
    expect_refused_or_same(text, draft, wanted, testing::first_start(), count);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto lost = lines, doubled = lines;
    lost.erase(lost.begin() + static_cast<long>(i));
    doubled.insert(doubled.begin() + static_cast<long>(i), lines[i]);
    expect(lost);
    expect(doubled);
    for (std::size_t j = i + 1; j < lines.size(); ++j) {
      auto swapped = lines;
      std::swap(swapped[i], swapped[j]);
      expect(swapped);
    }
  }
  EXPECT_GT(count.refused, count.same);
}

}  // namespace
}  // namespace tld::keys
