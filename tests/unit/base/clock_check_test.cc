// SPDX-License-Identifier: GPL-2.0-only
#include "base/clock_check.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "base/checked_clock.h"

namespace tld::base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using State = ClockCheck::State;
using Rule = ClockCheck::Rule;

constexpr seconds start{1'800'000'000};
constexpr ClockCheck::Options ten_seconds{.step = seconds{10}};

// A machine's clocks: time passes for both, and somebody sets the wall clock.
struct Machine {
  ClockReading reading{start, hours{5}, true};
  nanoseconds truth() const { return start + reading.steady - hours{5}; }
  void pass(nanoseconds time, double wall_speed = 1) {
    reading.steady += time;
    reading.wall +=
        nanoseconds{static_cast<std::int64_t>(static_cast<double>(time.count()) * wall_speed)};
  }
  void set(nanoseconds by) { reading.wall += by; }
};

class ClockCheckTest : public testing::Test {
 protected:
  // As the server looks: every two seconds.
  State look_for(ClockCheck& check, seconds time, double wall_speed = 1) {
    for (seconds done{0}; done < time; done += seconds{2}) {
      machine.pass(seconds{2}, wall_speed);
      check.look(machine.reading);
    }
    return check.state();
  }
  nanoseconds kept(const ClockCheck& check) const {
    return check.offset() + machine.reading.steady;
  }
  Time at(nanoseconds wall) const { return Time{std::chrono::floor<seconds>(wall)}; }

  Machine machine;
};

// Catches: an alarm when NTP does its work.
TEST_F(ClockCheckTest, FollowsAClockThatIsSlewed) {
  ClockCheck check(ten_seconds, machine.reading);
  EXPECT_EQ(look_for(check, hours{1}, 1.08), State::agrees);  // as fast as chrony slews
  EXPECT_EQ(look_for(check, hours{1}, 0.92), State::agrees);
  EXPECT_EQ(kept(check), machine.reading.wall);
  machine.set(seconds{-1});  // a leap second that is stepped
  EXPECT_EQ(look_for(check, seconds{2}), State::agrees);
}

// Catches: a clock that was set and is believed, in either direction.
TEST_F(ClockCheckTest, AStepStopsAndTheTimeGoesOn) {
  for (const nanoseconds step : {nanoseconds{days{1}}, -nanoseconds{days{1}},
                                 nanoseconds{seconds{11}}, -nanoseconds{seconds{11}}}) {
    machine = {};
    ClockCheck check(ten_seconds, machine.reading);
    look_for(check, minutes{1});
    machine.set(step);
    EXPECT_EQ(look_for(check, seconds{2}), State::stepped);
    EXPECT_EQ(kept(check), machine.truth());
    EXPECT_EQ(check.difference(machine.reading), step);
    if (std::chrono::abs(step) < hours{1}) continue;
    EXPECT_EQ(look_for(check, hours{10}), State::stepped);
    EXPECT_EQ(kept(check), machine.truth());
  }
}

// Catches: a clock that is led astray by many steps that are too small to be one.
TEST_F(ClockCheckTest, ManySmallStepsAreOne) {
  ClockCheck check(ten_seconds, machine.reading);
  for (int i = 0; i < 10; ++i) {
    machine.set(seconds{5});
    look_for(check, seconds{2});
  }
  EXPECT_EQ(check.state(), State::stepped);
  EXPECT_LE(std::chrono::abs(kept(check) - machine.truth()), seconds{15});
}

// Catches: a server that has to be told that its clock is right again.
TEST_F(ClockCheckTest, AgreesAgainWhenTheClockIsSetRight) {
  ClockCheck check(ten_seconds, machine.reading);
  machine.set(days{1});
  look_for(check, hours{48}, 1.0);
  // What the quartz has drifted by meanwhile is no step.
  machine.set(-days{1} + seconds{30});
  EXPECT_EQ(look_for(check, seconds{2}), State::agrees);
  EXPECT_EQ(kept(check), machine.reading.wall);
}

// Catches: a clock that is nearly right after a step, and believed.
TEST_F(ClockCheckTest, DoesNotAgreeWithAnotherWrongTime) {
  ClockCheck check(ten_seconds, machine.reading);
  machine.set(days{1});
  look_for(check, seconds{10});
  machine.set(-days{1} + seconds{30});
  EXPECT_EQ(look_for(check, seconds{2}), State::stepped);
}

TEST_F(ClockCheckTest, AcceptingTakesTheSystemsTime) {
  ClockCheck check(ten_seconds, machine.reading);
  machine.set(-days{1});
  look_for(check, seconds{10});
  const Time published = at(kept(check));  // by the time that was wrong
  check.accept(machine.reading);
  EXPECT_EQ(check.state(), State::agrees);
  EXPECT_EQ(kept(check), machine.reading.wall);
  check.must_not_be_before(published, machine.reading);
  EXPECT_EQ(look_for(check, minutes{10}), State::agrees);
}

// Catches: a container without NTP that signs nothing, and one that signs although it must not.
TEST_F(ClockCheckTest, UnsynchronisedCountsOnlyWhereItIsRequired) {
  machine.reading.synchronised = false;
  ClockCheck lax({}, machine.reading);
  ClockCheck strict({.rule = Rule::require_synchronised}, machine.reading);
  EXPECT_EQ(lax.state(), State::agrees);
  EXPECT_EQ(strict.state(), State::unsynchronised);
  // NTP's first step after the boot: nothing was signed yet.
  machine.set(hours{3});
  EXPECT_EQ(look_for(strict, seconds{2}), State::unsynchronised);
  EXPECT_EQ(look_for(lax, seconds{2}), State::stepped);
  machine.reading.synchronised = true;
  EXPECT_EQ(look_for(strict, seconds{2}), State::agrees);
  EXPECT_EQ(kept(strict), machine.reading.wall);
  // Once it was trusted, a step is a step, whatever the kernel says.
  machine.set(hours{3});
  EXPECT_EQ(look_for(strict, seconds{2}), State::stepped);
  machine.set(-hours{3});
  machine.reading.synchronised = false;
  EXPECT_EQ(look_for(strict, seconds{2}), State::unsynchronised);
}

// Catches: a machine that boots without a battery and signs for the year that it was built in.
TEST_F(ClockCheckTest, AStartBeforeTheLastPublicationIsNotTrusted) {
  ClockCheck check(ten_seconds, machine.reading);
  const Time published = at(machine.reading.wall + days{400});
  check.must_not_be_before(published, machine.reading);
  EXPECT_EQ(check.state(), State::behind);
  EXPECT_EQ(kept(check), published.time_since_epoch());  // served on from there
  EXPECT_EQ(look_for(check, minutes{1}), State::behind);
  EXPECT_EQ(kept(check), published.time_since_epoch() + minutes{1});
  machine.set(days{401});  // NTP
  EXPECT_EQ(look_for(check, seconds{2}), State::agrees);
  EXPECT_EQ(kept(check), machine.reading.wall);
}

TEST_F(ClockCheckTest, APublicationOfAnotherServerIsABitAhead) {
  ClockCheck check(ten_seconds, machine.reading);
  check.must_not_be_before(at(machine.reading.wall + seconds{59}), machine.reading);
  EXPECT_EQ(check.state(), State::agrees);
}

// Catches: a publisher whose clock is ahead, and whose followers are led astray by it.
TEST_F(ClockCheckTest, ATrustedClockStaysWhenAPublicationIsFromTheFuture) {
  ClockCheck check(ten_seconds, machine.reading);
  check.must_not_be_before(at(machine.reading.wall - days{1}), machine.reading);
  look_for(check, minutes{1});
  const Time future = at(machine.reading.wall + days{400});
  check.must_not_be_before(future, machine.reading);
  EXPECT_EQ(check.state(), State::behind);
  EXPECT_EQ(kept(check), machine.truth());
  check.accept(machine.reading);
  EXPECT_EQ(check.state(), State::agrees);
  check.must_not_be_before(future, machine.reading);  // said already
  EXPECT_EQ(look_for(check, minutes{1}), State::agrees);
  check.must_not_be_before(future + seconds{1}, machine.reading);
  EXPECT_EQ(check.state(), State::behind);
}

// Catches: a step that hides behind another alarm.
TEST_F(ClockCheckTest, AStepWhileBehindIsAStep) {
  ClockCheck check(ten_seconds, machine.reading);
  check.must_not_be_before(at(machine.reading.wall), machine.reading);
  check.must_not_be_before(at(machine.reading.wall + hours{1}), machine.reading);
  machine.set(days{1});
  EXPECT_EQ(look_for(check, seconds{2}), State::stepped);
  EXPECT_EQ(kept(check), machine.truth());
}

class FakeClocks final : public ClockSource {
 public:
  explicit FakeClocks(Machine& machine) : machine_(machine) {}
  nanoseconds steady() const override { return machine_.reading.steady; }
  ClockReading read() const override { return machine_.reading; }

 private:
  Machine& machine_;
};

class KeptLines final : public Log {
 public:
  void write(Level level, std::string_view message) override {
    lines.emplace_back(message);
    levels.push_back(level);
  }
  std::vector<std::string> lines;
  std::vector<Level> levels;
};

// Catches: a time that jumps before anybody has looked; an alarm that is not said, or said twice.
TEST(CheckedClock, SaysWhatHappenedOnceAndWhatToDo) {
  Machine machine;
  const auto log = std::make_shared<KeptLines>();
  CheckedClock clock({}, log, std::make_unique<FakeClocks>(machine));
  const Time before = clock.now();
  machine.set(days{1});
  machine.pass(seconds{1});
  EXPECT_EQ(clock.now(), before + seconds{1});
  EXPECT_TRUE(clock.is_trusted());
  clock.look();
  clock.look();
  EXPECT_FALSE(clock.is_trusted());
  EXPECT_EQ(clock.now(), before + seconds{1});
  ASSERT_EQ(log->lines.size(), 1u);
  EXPECT_EQ(log->levels[0], Level::critical);
  for (const char* part : {"stepped by 86400 s", "2027-01-16T08:00:01Z", "No signature is made",
                           "served by the time 2027-01-15T08:00:01Z", "TLD-CLOCK-ACCEPT"}) {
    EXPECT_NE(log->lines[0].find(part), std::string::npos) << part << " in " << log->lines[0];
  }
  EXPECT_EQ(clock.view().stops, 1u);
  EXPECT_EQ(clock.view().difference, days{1});
  EXPECT_EQ(log->lines[0], "tld: clock: " + clock.view().trouble);
  machine.set(-days{1});
  clock.look();
  EXPECT_TRUE(clock.is_trusted());
  EXPECT_EQ(clock.view().trouble, "");
  EXPECT_EQ(log->lines.size(), 2u);
}

TEST(CheckedClock, AcceptingSaysWhatCameOfIt) {
  Machine machine;
  const auto log = std::make_shared<KeptLines>();
  CheckedClock clock({}, log, std::make_unique<FakeClocks>(machine));
  machine.set(days{1});
  clock.look();
  EXPECT_EQ(clock.accept(), "accepted: it is 2027-01-16T08:00:00Z, and signatures are made");
  EXPECT_TRUE(clock.is_trusted());
  EXPECT_EQ(clock.now().time_since_epoch(), start + days{1});

  machine.reading.synchronised = false;
  CheckedClock strict({.rule = Rule::require_synchronised}, log,
                      std::make_unique<FakeClocks>(machine));
  EXPECT_FALSE(strict.is_trusted());
  EXPECT_NE(strict.accept().find("require-synchronised"), std::string::npos);
  EXPECT_FALSE(strict.is_trusted());
}

TEST(CheckedClock, NamesThePublicationThatItIsBehind) {
  Machine machine;
  const auto log = std::make_shared<KeptLines>();
  CheckedClock clock({}, log, std::make_unique<FakeClocks>(machine));
  clock.must_not_be_before(Time{start + days{2}});
  EXPECT_FALSE(clock.is_trusted());
  EXPECT_EQ(clock.now(), Time{start + days{2}});
  EXPECT_NE(log->lines.at(0).find("a publication of 2027-01-17T08:00:00Z"), std::string::npos)
      << log->lines[0];
}

// Catches: a kernel's clock that is not the system's.
TEST(KernelClocks, AreTheSystems) {
  const KernelClocks clocks;
  const ClockReading reading = clocks.read();
  const nanoseconds wall = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(std::chrono::abs(wall - reading.wall), minutes{1});
  EXPECT_GE(clocks.steady(), reading.steady);
}

}  // namespace
}  // namespace tld::base
