// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signing_service.h"

#include "hsm/pool.h"
#include "signer/filler.h"
#include "tests/unit/signer/signer_fixture.h"

namespace tld::signer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SigningServiceTest : public SignerTest {
 protected:
  base::Status sign(const std::shared_ptr<const SignedZone>& zone, zones::Slot slot) {
    const auto flight = service.start(zone, 0, slot, Reason::on_demand);
    EXPECT_TRUE(flight);
    return flight->wait_until(soon()).value();
  }
};

// Catches: a table that is filled with something else than what was asked for.
TEST_F(SigningServiceTest, MakesSignaturesThatVerify) {
  const auto zone = signed_zone();
  for (zones::Slot slot = 0; slot < zone->zone().slot_limit(); ++slot) {
    ASSERT_TRUE(sign(zone, slot));
    Signature signature;
    ASSERT_TRUE(zone->table(0).get(slot, signature));
    const auto to_sign = zone->to_sign(0, slot, signature.validity);
    EXPECT_TRUE(key->verifier().verify(to_sign.input, signature.view()));
  }
  EXPECT_EQ(service.made().on_demand, zone->zone().signature_count());
}

// Catches: a zone's signatures that are counted as another's, or for another reason.
TEST_F(SigningServiceTest, CountsByZoneAndReason) {
  const auto zone = signed_zone();
  const auto other = std::make_shared<SignedZone>(
      tests::zone_of("@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS ns.elsewhere.\n", "other.", 1),
      SignedZone::Keys{{key}}, SignaturePolicy{});
  ASSERT_TRUE(sign(zone, 0));
  for (const zones::Slot slot : {0, 1}) {
    ASSERT_TRUE(service.start(other, 0, slot, Reason::background)->wait_until(soon()).value());
  }
  EXPECT_EQ(service.made_for(zone->zone().apex()).on_demand, 1u);
  EXPECT_EQ(service.made_for(zone->zone().apex()).background, 0u);
  EXPECT_EQ(service.made_for(other->zone().apex()).background, 2u);
  EXPECT_EQ(service.made_for(dns::NameView()).on_demand, 0u);
  EXPECT_EQ(service.made().on_demand, 1u);
  EXPECT_EQ(service.made().background, 2u);
}

class RsaSigningServiceTest : public SignerTest {
 protected:
  RsaSigningServiceTest() : SignerTest(hsm::Algorithm::rsasha256) {}
};

TEST_F(RsaSigningServiceTest, SignsWithRsa) {
  const auto zone = signed_zone();
  const auto flight = service.start(zone, 0, 0, Reason::background);
  ASSERT_TRUE(flight->wait_until(soon()).value());
  Signature signature;
  ASSERT_TRUE(zone->table(0).get(0, signature));
  EXPECT_EQ(signature.size, 256);
  EXPECT_EQ(service.made().background, 1u);
}

// Catches: one wrong bit that gets into a table.
TEST_F(SigningServiceTest, AWrongSignatureIsNeverSeen) {
  const auto zone = signed_zone();
  door->faults().wrong_signatures = true;
  const base::Status outcome = sign(zone, 0);
  ASSERT_FALSE(outcome);
  Signature signature;
  EXPECT_FALSE(zone->table(0).get(0, signature));
  EXPECT_EQ(service.counters().verify_failed, 1u);
  EXPECT_EQ(log->size(), 1u);
  door->faults().wrong_signatures = false;
  EXPECT_TRUE(sign(zone, 0));
}

// Catches: a key in the token that is not the published one (.de, 2026), even with its id.
TEST_F(SigningServiceTest, AnotherKeyThanThePublishedOneIsNeverSeen) {
  const auto published = make_key(hsm::Algorithm::ecdsap256sha256);
  key = ZoneKey::make(published->dnskey(), key->id(), door).value();
  const auto zone = signed_zone();
  EXPECT_FALSE(sign(zone, 0));
  EXPECT_EQ(zone->table(0).filled(), 0u);
  EXPECT_EQ(service.counters().verify_failed, 1u);
}

// Two tokens with the same CKA_ID; `first` and `second` are what is in them.
class TwoTokens {
 public:
  TwoTokens(std::shared_ptr<hsm::KeyDoor> first, std::shared_ptr<hsm::KeyDoor> second,
            const std::shared_ptr<base::Log>& log)
      : members{std::make_shared<hsm::PoolMember>("first", std::move(first), log),
                std::make_shared<hsm::PoolMember>("second", std::move(second), log)} {}
  const hsm::KeyPool::Members members;
  const std::shared_ptr<hsm::KeyPool> pool = std::make_shared<hsm::KeyPool>(members, unhurried());

 private:
  // Nobody else is asked because this machine is busy.
  static hsm::KeyPool::Options unhurried() {
    hsm::KeyPool::Options options;
    options.shortest_wait = options.first_wait = seconds{10};
    return options;
  }
};

// Catches: a failure, or a wrong signature in a table, where another token has the right key.
TEST_F(SigningServiceTest, AfterAWrongSignatureTheOtherTokenSigns) {
  const auto stranger = std::make_shared<hsm::SoftwareKeys>();
  ASSERT_TRUE(stranger->generate(hsm::Algorithm::ecdsap256sha256, 2048, key->id()));
  const TwoTokens two(stranger, door, log);
  key = ZoneKey::make(key->dnskey(), key->id(), two.pool).value();
  const auto zone = signed_zone();
  for (zones::Slot slot = 0; slot < zone->zone().slot_limit(); ++slot) {
    ASSERT_TRUE(sign(zone, slot));
  }
  EXPECT_EQ(service.counters().verify_failed, 1u);
  EXPECT_EQ(service.counters().retried_after_wrong, 1u);
  EXPECT_EQ(service.counters().failed, 0u);
  EXPECT_EQ(stranger->sign_calls(), 1u);
  EXPECT_TRUE(two.members[0]->view().distrusted);
  EXPECT_EQ(two.members[1]->view().state, hsm::Breaker::State::closed);
}

// Notes the deadline of each request.
class DeadlineDoor final : public hsm::KeyDoor {
 public:
  explicit DeadlineDoor(std::shared_ptr<hsm::KeyDoor> door) : door_(std::move(door)) {}
  void sign(const hsm::KeyId& id, std::string message, base::Deadline deadline,
            SignDone done) override {
    deadlines.push_back(deadline);
    door_->sign(id, std::move(message), deadline, std::move(done));
  }
  base::Result<std::vector<hsm::KeyInfo>> list(base::Deadline deadline) override {
    return door_->list(deadline);
  }
  hsm::Health health(base::Deadline deadline) override { return door_->health(deadline); }

  std::vector<base::Deadline> deadlines;

 private:
  const std::shared_ptr<hsm::KeyDoor> door_;
};

// Catches: a question that waits behind what the background has sent.
TEST_F(SigningServiceTest, TheBackgroundComesLaterByItsDeadline) {
  const auto deadlines = std::make_shared<DeadlineDoor>(door);
  key = ZoneKey::make(key->dnskey(), key->id(), deadlines).value();
  const auto zone = signed_zone();
  const auto usual = SigningService::Options{}.sign_deadline;
  const auto begin = std::chrono::steady_clock::now();
  const auto background = service.start(zone, 0, 0, Reason::background);
  EXPECT_TRUE(background->wait_until(soon()).value());
  EXPECT_TRUE(sign(zone, 1));
  const auto end = std::chrono::steady_clock::now();
  ASSERT_EQ(deadlines->deadlines.size(), 2u);
  EXPECT_GE(deadlines->deadlines[0], begin + usual + milliseconds{100});
  EXPECT_LE(deadlines->deadlines[1], end + usual);
}

// Catches: a request that goes round and round between tokens that are all wrong.
TEST_F(SigningServiceTest, WhenAllTokensAreWrongItFails) {
  const auto stranger = std::make_shared<hsm::SoftwareKeys>();
  ASSERT_TRUE(stranger->generate(hsm::Algorithm::ecdsap256sha256, 2048, key->id()));
  door->faults().wrong_signatures = true;
  const TwoTokens two(stranger, door, log);
  key = ZoneKey::make(key->dnskey(), key->id(), two.pool).value();
  const auto zone = signed_zone();
  EXPECT_FALSE(sign(zone, 0));
  EXPECT_EQ(service.counters().verify_failed, 2u);
  EXPECT_FALSE(sign(zone, 0));
  EXPECT_EQ(service.counters().verify_failed, 2u);  // nobody was asked
  EXPECT_EQ(zone->table(0).filled(), 0u);
}

// Catches: several signatures made for one RRset that many ask for.
TEST_F(SigningServiceTest, IsSingleFlight) {
  const auto zone = signed_zone();
  door->faults().delay_ms = 100;
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] { EXPECT_TRUE(sign(zone, 2)); });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(door->sign_calls(), 1u);
}

TEST_F(SigningServiceTest, AnUnreachableTokenFailsAndIsTriedAgain) {
  const auto zone = signed_zone();
  door->faults().away = true;
  const base::Status outcome = sign(zone, 1);
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().retry_can_help());
  EXPECT_EQ(service.counters().failed, 1u);
  EXPECT_NE(service.last_failure().find("example."), std::string::npos);
  door->faults().away = false;
  EXPECT_TRUE(sign(zone, 1));
}

// Catches: a waiter that hangs with a hanging token.
TEST_F(SigningServiceTest, WaitingEndsAtTheDeadline) {
  const auto zone = signed_zone();
  door->faults().delay_ms = 300;
  const auto flight = service.start(zone, 0, 0, Reason::on_demand);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(flight->wait_until(begin + milliseconds{20}).has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds{250});
  EXPECT_TRUE(flight->wait_until(soon()).value());
}

TEST_F(SigningServiceTest, RefusesBeyondItsLimit) {
  SigningService small({.maximum_in_flight = 2}, clock, log);
  const auto zone = signed_zone();
  door->faults().delay_ms = 100;
  EXPECT_TRUE(small.start(zone, 0, 0, Reason::on_demand));
  EXPECT_TRUE(small.start(zone, 0, 1, Reason::on_demand));
  EXPECT_FALSE(small.start(zone, 0, 2, Reason::on_demand));
  EXPECT_TRUE(small.start(zone, 0, 1, Reason::on_demand));  // joins
  EXPECT_EQ(small.counters().refused_overload, 1u);
}

template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds{10});
  }
  return false;
}

TEST_F(SigningServiceTest, TheFillerSignsTheWholeZoneAndOnlyOnce) {
  const auto zone = signed_zone();
  Filler filler(
      {}, [&] { return zone; }, service, clock);
  const std::size_t slots = zone->zone().signature_count();
  EXPECT_TRUE(comes_true([&] { return zone->table(0).filled() == slots; }));
  EXPECT_TRUE(comes_true([&] { return filler.missing() == 0; }));
  filler.wake();
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_EQ(door->sign_calls(), slots);
}

// Catches: a filler that lets signatures run out, or makes them anew for nothing.
TEST_F(SigningServiceTest, TheFillerRefreshesWhatRunsOut) {
  const auto zone = signed_zone();
  const SignaturePolicy policy;
  Filler filler(
      {}, [&] { return zone; }, service, clock);
  const std::size_t slots = zone->zone().signature_count();
  ASSERT_TRUE(comes_true([&] { return zone->table(0).filled() == slots; }));
  for (int day = 0; day < 60; ++day) {
    clock->advance(std::chrono::days{1});
    filler.wake();
    EXPECT_TRUE(comes_true([&] {
      for (zones::Slot slot = 0; slot < slots; ++slot) {
        Validity v;
        if (!zone->table(0).get_validity(slot, v) || needs_refresh(policy, v, clock->now())) {
          return false;
        }
      }
      return true;
    })) << "day "
        << day;
  }
  EXPECT_LE(door->sign_calls(), slots * 4);  // the first, and one in 27 days
}

// Catches: a filler that hammers a dead token, or gives up for good.
TEST_F(SigningServiceTest, TheFillerPausesAfterAFailureAndGoesOn) {
  door->faults().away = true;
  const auto zone = signed_zone();
  Filler filler(
      {.window = 1, .pause_after_failure = milliseconds{100}}, [&] { return zone; }, service,
      clock);
  std::this_thread::sleep_for(milliseconds{350});
  EXPECT_GT(filler.missing(), 0u);
  EXPECT_LE(service.counters().requests, 12u);
  door->faults().away = false;
  EXPECT_TRUE(
      comes_true([&] { return zone->table(0).filled() == zone->zone().signature_count(); }));
}

// Catches: a filler that takes no heed of the budget, or of what somebody waits for.
TEST_F(SigningServiceTest, TheFillerStaysWithinTheBudgetAndTheOthersOverdrawIt) {
  const auto budget = std::make_shared<SignBudget>(4);
  key = ZoneKey::make(key->dnskey(), key->id(), door, SignBudgets({budget})).value();
  const auto zone = signed_zone();
  const std::size_t slots = zone->zone().signature_count();
  ASSERT_GT(slots, 8u);
  const auto began = std::chrono::steady_clock::now();
  for (zones::Slot slot = 0; slot < 6; ++slot) EXPECT_TRUE(sign(zone, slot));
  Filler filler(
      {}, [&] { return zone; }, service, clock);
  EXPECT_TRUE(comes_true([&] { return service.made().background == slots - 6; }));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, seconds{1} * (slots - 4) / 4 - milliseconds{10});
  EXPECT_EQ(zone->table(0).filled(), slots);
}

// Catches: a signature by a clock that nobody trusts, or a server that has to be told to go on.
TEST_F(SigningServiceTest, ByAClockThatIsNotTrustedNothingIsMade) {
  const auto zone = signed_zone();
  clock->set_trusted(false);
  const auto flight = service.start(zone, 0, 0, Reason::on_demand);
  ASSERT_TRUE(flight);
  const auto outcome = flight->outcome();
  ASSERT_TRUE(outcome.has_value());  // nobody waits for it
  ASSERT_FALSE(*outcome);
  EXPECT_TRUE(outcome->error().retry_can_help());
  EXPECT_NE(outcome->error().message.find("clock"), std::string::npos);
  const std::atomic<bool> stop{false};
  EXPECT_FALSE(sign_all(zone, {0, 1, 2}, service, 1, stop));
  EXPECT_EQ(service.counters().refused_clock, 2u);
  Filler filler(
      {.pause_after_failure = milliseconds{10}}, [&] { return zone; }, service, clock);
  EXPECT_TRUE(comes_true([&] { return filler.missing() == zone->zone().signature_count(); }));
  std::this_thread::sleep_for(milliseconds{50});
  EXPECT_EQ(door->sign_calls(), 0u);
  EXPECT_EQ(service.counters().refused_clock, 2u);  // the filler does not even ask
  clock->set_trusted(true);
  EXPECT_TRUE(
      comes_true([&] { return zone->table(0).filled() == zone->zone().signature_count(); }));
}

TEST_F(SigningServiceTest, SignAllStopsAtTheFirstFailure) {
  const auto zone = signed_zone();
  const std::atomic<bool> stop{false};
  door->faults().away = true;
  EXPECT_FALSE(sign_all(zone, {0, 1, 2}, service, 1, stop));
  EXPECT_EQ(service.counters().requests, 1u);
  door->faults().away = false;
  EXPECT_TRUE(sign_all(zone, {0, 1, 2}, service, 2, stop));
  EXPECT_TRUE(sign_all(zone, {0, 1, 2}, service, 2, stop));
  EXPECT_EQ(service.made().publication, 3u);
}

}  // namespace
}  // namespace tld::signer
