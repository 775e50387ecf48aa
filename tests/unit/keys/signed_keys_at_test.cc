// SPDX-License-Identifier: GPL-2.0-only
//
// What is published when.
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using testing::Draft;
using testing::first_start;

class SignedKeysAt : public ::testing::Test {
 protected:
  // Index of the slot published then; -1: none.
  long at(base::Time now) const {
    const Slot* slot = keys_.at(now);
    return slot == nullptr ? -1 : slot - keys_.slots().data();
  }

  Draft draft_;
  SignedKeys keys_ = SignedKeys::parse(draft_.text(), draft_.apex).value();
};

TEST_F(SignedKeysAt, EachSlotFromItsFirstSecondOn) {
  EXPECT_EQ(at(first_start() - seconds{1}), -1);
  EXPECT_EQ(at(first_start()), 0);
  EXPECT_EQ(at(first_start() + days{1} - seconds{1}), 0);
  EXPECT_EQ(at(first_start() + days{1}), 1);
  EXPECT_EQ(at(first_start() + days{2}), 2);
}

// The last slot holds until its signatures end: the room that a delayed ceremony has.
TEST_F(SignedKeysAt, TheLastSlotHoldsUntilItsSignaturesEnd) {
  const base::Time end = first_start() + days{2} + hours{60};
  EXPECT_EQ(keys_.covered_until(), end);
  EXPECT_EQ(at(end - seconds{1}), 2);
  EXPECT_EQ(at(end), -1);
}

TEST_F(SignedKeysAt, TypesAndTimesForTheZone) {
  EXPECT_EQ(keys_.covered_from(), first_start());
  EXPECT_EQ(keys_.types(),
            (std::set<dns::RRType>{dns::RRType::DNSKEY, dns::RRType::CDS, dns::RRType::CDNSKEY}));
  const Slot& slot = keys_.slots()[1];
  EXPECT_EQ(slot.inception(), first_start() + days{1} - hours{12});
  EXPECT_EQ(slot.expiration(), slot.inception() + days{3});
  ASSERT_NE(slot.find(dns::RRType::CDS), nullptr);
  EXPECT_EQ(slot.find(dns::RRType::SOA), nullptr);
}

}  // namespace
}  // namespace tld::keys
