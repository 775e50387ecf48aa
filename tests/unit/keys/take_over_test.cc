// SPDX-License-Identifier: GPL-2.0-only
//
// From one signed-key file to the next: what is joined, and what does not fit.
#include "keys/take_over.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using testing::first_start;
using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;

SigningPlan moved(SigningPlan plan, seconds by) {
  for (PlannedSlot& slot : plan.slots) slot.start += by;
  return plan;
}

// In use: three slots of a day from 1 January on. Fresh: three more.
struct Files {
  Key ksk = make_key(), zsk = make_key();
  SigningPlan old_plan = testing::plan_of({&ksk}, {{zsk.zsk()}, {zsk.zsk()}, {zsk.zsk()}});
  SigningPlan new_plan = moved(old_plan, days{3});
  base::Time now = first_start() + days{1} + hours{1};
  bool first = false, ds_at_parent = false;
  std::string fresh_text;  // as take() read it

  static std::string text(const SigningPlan& plan) {
    return signed_keys_file(plan, first_start()).value();
  }
  base::Result<std::string> take() {
    fresh_text = text(new_plan);
    const auto fresh = SignedKeys::parse(fresh_text, new_plan.apex).value();
    const auto in_use = SignedKeys::parse(text(old_plan), old_plan.apex).value();
    const std::vector<Dnskey> zsks = {zsk.zsk()};
    return take_over(fresh, fresh_text, {first ? nullptr : &in_use, now, zsks, ds_at_parent});
  }
  std::string fault() {
    const auto taken = take();
    return taken ? "" : taken.error().message;
  }
};

TEST(TakeOver, TheFirstFileIsTakenAsItIs) {
  Files files;
  files.first = true;
  files.now = first_start() + days{3};
  const std::string taken = files.take().value();
  EXPECT_EQ(taken, files.fresh_text);
}

TEST(TakeOver, AFileThatHasStartedTakesTheOthersPlace) {
  Files files;
  files.now = first_start() + days{3};
  const std::string taken = files.take().value();
  EXPECT_EQ(taken, files.fresh_text);
}

// The slot that is published, one that could be held still, and those to come stay.
TEST(TakeOver, AFileThatStartsLaterIsJoined) {
  Files files;
  const auto text = files.take();
  ASSERT_TRUE(text) << text.error().message;
  const auto joined = SignedKeys::parse(text.value(), files.new_plan.apex).value();
  ASSERT_EQ(joined.slots().size(), 6U);
  EXPECT_EQ(joined.covered_from(), first_start());
  EXPECT_EQ(joined.covered_until(), first_start() + days{5} + hours{60});
  for (base::Time time = files.now; time < joined.covered_until(); time += hours{7}) {
    EXPECT_NE(joined.at(time), nullptr);
  }
  files.now = first_start() + hours{60};
  EXPECT_EQ(SignedKeys::parse(files.take().value(), files.new_plan.apex).value().slots().size(),
            5U);
}

TEST(TakeOver, OverlappingFilesAreJoinedWhereTheNewOneStarts) {
  Files files;
  files.new_plan = moved(files.old_plan, days{2});
  const auto joined = SignedKeys::parse(files.take().value(), files.new_plan.apex).value();
  EXPECT_EQ(joined.slots().size(), 5U);
}

TEST(TakeOver, GapsAndOtherGridsAreRefused) {
  Files files;
  files.new_plan = moved(files.old_plan, days{4});
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN"));
  files.new_plan = moved(files.old_plan, days{2} + hours{1});
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN"));
}

TEST(TakeOver, AnotherPolicyHasToWait) {
  Files files;
  files.new_plan.policy.signed_keys.dnskey_ttl = hours{2};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN: it has another policy"));
  files.now = first_start() + days{3};
  EXPECT_EQ(files.fault(), "");
}

TEST(TakeOver, KskThatNobodyHasSeen) {
  Files files;
  const Key other = make_key();
  files.new_plan.ksks = {{other.info.public_key, testing::signer(other)}};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN"));
  files.ds_at_parent = true;
  EXPECT_EQ(files.fault(), "");
}

TEST(TakeOver, KskThatWasPublishedBefore) {
  Files files;
  const Key next = make_key();
  files.new_plan.ksks = {{next.info.public_key, testing::signer(next)}};
  files.old_plan.ksks.push_back(files.new_plan.ksks[0]);
  files.old_plan.slots[2].ksks = files.old_plan.slots[2].announced = {0, 1};
  EXPECT_EQ(files.fault(), "");
}

TEST(TakeOver, ZskThatNobodyHasSeen) {
  Files files;
  const Key other = make_key();
  for (PlannedSlot& slot : files.new_plan.slots) slot.zsks = {other.zsk()};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN"));
  files.old_plan.slots[2].zsks.push_back(other.zsk());
  EXPECT_EQ(files.fault(), "");
  // ... but not when it has to take over with the key that signs now missing.
  files.now = first_start() + days{6};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-ZSK-MISSING"));
}

// Inside the file, too.
TEST(TakeOver, SlotsInARowThatDoNotFit) {
  Files files;
  files.first = true;
  files.now = first_start() + days{3};
  files.new_plan.slots[2].zsks = {make_key().zsk()};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-CHAIN"));
}

TEST(TakeOver, AFileThatIsOver) {
  Files files;
  files.now = first_start() + days{30};
  EXPECT_THAT(files.fault(), HasSubstr("SKR-EXPIRED"));
  files.first = true;
  files.now = first_start();
  EXPECT_THAT(files.fault(), HasSubstr("SKR-NOT-YET-VALID"));
}

}  // namespace
}  // namespace tld::keys
