// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "tests/unit/signer/log_fixture.h"

namespace tld::signer {
namespace {

class LogKillTest : public LogTest {
 protected:
  LogKillTest() {
    options.slack_octets = 0;  // many rewrites
    options.segment_octets = 3000;
    options.remembered = 0;
  }

  // Signs all of it again each day, and says which day is written. Never returns.
  [[noreturn]] void sign_day_after_day(int days_written, std::uint32_t day) {
    SigningService own({}, clock, log);
    const auto served = std::make_shared<base::Guarded<std::shared_ptr<const SignedZone>>>();
    const auto kept = std::make_shared<SignatureLog>(
        options, make_log_folder(folder()), [served] { return *served->read(); }, clock, log);
    const auto signed_by_child = std::make_shared<SignedZone>(
        tests::zone_of(tests::example_zone(), "example.", 1), keys(), policy, kept);
    *served->lock() = signed_by_child;
    const auto sign_all = [&] {
      signed_by_child->zone().for_each_slot([&](zones::Slot slot) {
        const auto flight = own.start(signed_by_child, 0, slot, Reason::background);
        static_cast<void>(flight->wait_until(soon()));
      });
    };
    clock->set(began + std::chrono::days{day});
    sign_all();  // takes from the log what is there
    for (;; ++day) {
      clock->set(began + std::chrono::days{day});
      sign_all();
      while (kept->counters().written < own.made().background) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
      static_cast<void>(!write(days_written, &day, sizeof day));
    }
  }

  // -> the last day that it said was written.
  std::uint32_t kill_after(std::chrono::milliseconds time, std::uint32_t day) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      sign_day_after_day(ends[1], day);
    }
    close(ends[1]);
    std::this_thread::sleep_for(time);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::uint32_t said = 0, last = day - 1;
    while (read(ends[0], &said, sizeof said) == sizeof said) last = said;
    close(ends[0]);
    return last;
  }

  const base::Time began = clock->now();
};

// Catches: a log that does not open after a kill, has a wrong signature, or has lost one that was
// written.
TEST_F(LogKillTest, AHundredKillsLoseNothingThatWasWritten) {
  std::mt19937 random(1);
  const auto unsigned_zone = std::make_shared<SignedZone>(
      tests::zone_of(tests::example_zone(), "example.", 1), keys(), policy);
  std::uint32_t day = 1, days_in_all = 0, longest = 120;
  for (std::uint32_t kill = 0; kill < 100; ++kill) {
    const std::uint32_t last = kill_after(std::chrono::milliseconds{random() % longest}, day);
    days_in_all += last + 1 - day;
    if (days_in_all < kill / 4) longest = std::min(longest + 40, 600U);  // a slow machine
    const auto folder_there = make_log_folder(folder());
    ASSERT_TRUE(folder_there->open());
    const auto loaded = LoadedLog::load(*folder_there, options.zone, 1 << 20);
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded.value()->troubles().empty());
    EXPECT_EQ(loaded.value()->damaged_octets(), 0u);
    unsigned_zone->zone().for_each_slot([&](zones::Slot slot) {
      const auto signer = key->dnskey().fingerprint();
      const auto found =
          loaded.value()->find(content_key(unsigned_zone->to_sign(0, slot, {}).input, signer));
      EXPECT_TRUE(found || last == 0) << slot;
      if (!found) return;
      EXPECT_TRUE(key->verifier().verify(unsigned_zone->to_sign(0, slot, found->validity).input,
                                         found->signature));
      const base::Time made = began + std::chrono::days{last} - policy.inception_offset;
      EXPECT_GE(until(found->validity.inception, made), std::chrono::seconds{0}) << slot;
    });
    day = last + 1;
  }
  EXPECT_GT(days_in_all, 20u) << "killed too early to show anything";
}

}  // namespace
}  // namespace tld::signer
