// SPDX-License-Identifier: GPL-2.0-only
//
// What a request becomes: plans, emergency plans, and answers that are not what was asked for.
#include "keys/response.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using std::chrono::days;
using testing::first_start;
using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;
using testing::RequestDraft;
using ::testing::StartsWith;

struct Sitting : RequestDraft {
  Key new_ksk = make_key();
  KskTerm old_term{{ksk.info.public_key, testing::signer(ksk)}};
  KskTerm new_term{{new_ksk.info.public_key, testing::signer(new_ksk)}};
  KeySigningRequest request = KeySigningRequest::parse(text(), apex).value();

  base::Result<SigningPlan> plan(const std::vector<KskTerm>& terms,
                                 const SignedKeys* previous = nullptr,
                                 bool ds_at_parent = false) const {
    return plan_response(request, policy, terms, previous, ds_at_parent);
  }
  SignedKeys answer(const SigningPlan& plan) const {
    return SignedKeys::parse(signed_keys_file(plan, first_start()).value(), apex).value();
  }
};

TEST(Response, SlotsListWhatWasAskedFor) {
  const Sitting sitting;
  const SignedKeys answer = sitting.answer(sitting.plan({sitting.old_term}).value());
  EXPECT_TRUE(check_answer(answer, sitting.request, {}));
  ASSERT_EQ(answer.slots().size(), 3U);
  EXPECT_EQ(answer.slots()[0].keys(false), std::vector<Dnskey>{sitting.zsk.zsk()});
  EXPECT_EQ(answer.slots()[2].keys(false).size(), 2U);
}

TEST(Response, KsksAreListedInTheirTerm) {
  Sitting sitting;
  sitting.new_term.from = first_start() + days{1};
  sitting.new_term.announced = false;
  sitting.old_term.until = first_start() + days{2};
  sitting.policy.signed_keys.cds_digest_types = {};
  const SigningPlan plan = sitting.plan({sitting.old_term, sitting.new_term}).value();
  EXPECT_EQ(plan.slots[0].ksks, std::vector<std::size_t>{0});
  EXPECT_EQ(plan.slots[1].ksks, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(plan.slots[1].announced, std::vector<std::size_t>{0});
  EXPECT_EQ(plan.slots[2].ksks, std::vector<std::size_t>{1});
}

// Nothing that a validator may have in its cache leads from one KSK to the other.
TEST(Response, KsksThatAreSwappedAtOnce) {
  Sitting sitting;
  sitting.old_term.until = sitting.new_term.from = first_start() + days{1};
  const std::vector<KskTerm> terms = {sitting.old_term, sitting.new_term};
  EXPECT_THAT(sitting.plan(terms).error().message, StartsWith("CEREMONY-KSK-CHAIN"));
  EXPECT_TRUE(sitting.plan(terms, nullptr, true));
}

TEST(Response, KskThatTheFileBeforeDoesNotList) {
  const Sitting sitting;
  SigningPlan before = testing::plan_of({&sitting.ksk}, {{sitting.zsk.zsk()}});
  before.slots[0].start -= days{1};
  const SignedKeys previous = sitting.answer(before);
  EXPECT_TRUE(sitting.plan({sitting.old_term}, &previous));
  EXPECT_THAT(sitting.plan({sitting.new_term}, &previous).error().message,
              StartsWith("CEREMONY-KSK-CHAIN"));
}

TEST(Response, EmergencyPlansLeaveTheStolenKeyOut) {
  RequestDraft draft;
  draft.bundles = draft.asked();
  draft.bundles[0].dnskeys = draft.bundles[1].dnskeys;
  const auto request = KeySigningRequest::parse(draft.text(), draft.apex).value();
  const KskTerm term{{draft.ksk.info.public_key, testing::signer(draft.ksk)}};
  const auto plan = plan_response(request, draft.policy, {term}, nullptr, false).value();
  const auto emergency = plan_emergency(plan, draft.zsk.zsk()).value();
  const auto answer =
      SignedKeys::parse(signed_keys_file(emergency, first_start()).value(), draft.apex).value();
  for (const Slot& slot : answer.slots()) {
    EXPECT_EQ(slot.keys(false), std::vector<Dnskey>{draft.next_zsk.zsk()});
  }
  EXPECT_THAT(check_answer(answer, request, {}).error().message, StartsWith("SKR-PAIR"));
  EXPECT_TRUE(check_answer(answer, request, {draft.zsk.zsk()}));
}

TEST(Response, NoEmergencyPlanWithoutASpare) {
  const Sitting sitting;
  const SigningPlan plan = sitting.plan({sitting.old_term}).value();
  EXPECT_THAT(plan_emergency(plan, sitting.zsk.zsk()).error().message,
              StartsWith("CEREMONY-SPARE: the slot of 20260101000000"));
  EXPECT_THAT(plan_emergency(plan, make_key().zsk()).error().message,
              StartsWith("CEREMONY-SPARE: no slot lists"));
  EXPECT_TRUE(plan_emergency(plan, sitting.next_zsk.zsk()));
}

TEST(Response, AnswersToSomethingElse) {
  const Sitting sitting;
  SigningPlan plan = sitting.plan({sitting.old_term}).value();
  for (PlannedSlot& slot : plan.slots) slot.start += days{1};
  EXPECT_THAT(check_answer(sitting.answer(plan), sitting.request, {}).error().message,
              StartsWith("SKR-MATCH"));
  plan = sitting.plan({sitting.old_term}).value();
  plan.slots[1].zsks.push_back(make_key().zsk());
  EXPECT_THAT(check_answer(sitting.answer(plan), sitting.request, {}).error().message,
              StartsWith("SKR-PAIR"));
}

}  // namespace
}  // namespace tld::keys
