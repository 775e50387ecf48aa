// SPDX-License-Identifier: GPL-2.0-only
//
// Sixty days of a zone's signatures, in simulated time: the Agenda says what is to be made, the
// budget when, and whoever makes them just notes it. No signature is computed: 120,000 of them, so
// that a bin of six hours has 1111 on average. Owner names are hashed to phases, so a bin's count
// has a standard deviation of 3 %, and 15 % are five of them; with 20,000 signatures it would be
// two, and some of 108 bins would be outside with a scheduler that does all right. As names and
// hashes are fixed, the outcome is the same in each run.
#include <fmt/format.h>

#include <map>

#include "signer/agenda.h"
#include "tests/unit/signer/signer_fixture.h"

namespace tld::signer {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int delegations = 60'000;
constexpr std::uint32_t rate = 10;  // of the budget
constexpr hours bin{6};
constexpr seconds sign_delay = hours{6};
// What an answer may be kept: the longest TTL of the zone, and PowerDNS's packet cache.
constexpr seconds longest_cached = hours{24} + seconds{20};

std::string many_delegations() {
  std::string text =
      "$TTL 86400\n"
      "kz. SOA ns1.nic.kz. hostmaster.kz. 1 1800 900 604800 1800\nkz. NS ns1.nic.kz.\n"
      "ns1.nic.kz. A 192.0.2.1\n";
  for (int i = 0; i < delegations; ++i) {
    text += fmt::format("d{}.kz. NS ns.elsewhere.test.\nd{}.kz. DS 1234 13 2 {:064x}\n", i, i, i);
  }
  return text;
}

class RefreshSimulation : public SignerTest {
 protected:
  RefreshSimulation() {
    budget = std::make_shared<SignBudget>(rate);
    use({{make_key(hsm::Algorithm::ecdsap256sha256)}});
  }

  void use(const SignedZone::Keys& keys) {
    zone = zone ? SignedZone::with_keys(*zone, keys)
                : std::make_shared<SignedZone>(tests::zone_of(many_delegations(), "kz.", 1), keys,
                                               SignaturePolicy{});
  }
  base::Time now() const { return start + std::chrono::floor<seconds>(passed); }

  // As Filler does it.
  void run_until(seconds end) {
    while (passed < end) {
      const bool asked = on_demand_every > nanoseconds{0} && passed >= next_on_demand;
      if (asked) {
        next_on_demand += on_demand_every;
        budget->overdraw(base::Deadline{passed});
        ++per_minute[passed / seconds{60}];
      }
      if (agenda.update(zone, now())) held.reset();
      if (!held || !agenda.is_needed(*held, now())) held = agenda.next(now());
      if (!held) {
        rest(std::max<seconds>(agenda.idle(now()), seconds{1}), end);
      } else if (const nanoseconds wait = budget->draw(base::Deadline{passed}); wait.count() > 0) {
        rest(wait, end);
      } else {
        make(*held);
        held.reset();
      }
    }
  }

  void rest(nanoseconds time, seconds end) {
    nanoseconds next = std::min<nanoseconds>(passed + time, end);
    if (on_demand_every > nanoseconds{0}) next = std::min(next, std::max(passed, next_on_demand));
    passed = next;
  }

  void make(const Agenda::Work& work) {
    SignatureTable& table = zone->table(work.key);
    Validity before;
    if (table.get_validity(work.slot, before)) {
      ++made_anew;
      const seconds left = until(before.expiration, now());
      early += left >= zone->policy().refresh;
      least_left = std::min(least_left, left);
      ++per_bin[passed / bin];
    }
    ++per_minute[passed / seconds{60}];
    const dns::RRset rrset = zone->zone().signable(work.slot);
    table.put(work.slot, validity_at(zone->policy(), rrset.owner, now()), std::string(64, 's'));
  }

  void expect_flat(seconds from, seconds to) const {
    const double mean = static_cast<double>(zone->zone().signature_count()) * bin /
                        (zone->policy().validity - zone->policy().refresh);
    for (auto i = from / bin; i < to / bin; ++i) {
      const auto found = per_bin.find(i);
      EXPECT_NEAR(found == per_bin.end() ? 0 : found->second, mean, mean * 0.15)
          << "from hour " << i * 6;
    }
  }

  // In each minute, and the burst that the budget gives.
  void expect_within_budget() const {
    for (const auto& [minute, made] : per_minute) {
      EXPECT_LE(made, static_cast<int>(rate) * 61) << "minute " << minute;
    }
  }

  // Every RRset has a signature now, and had one ever since it was first filled, that may be served
  // for as long as an answer can be kept; and none was made before its time.
  void expect_none_ran_out_or_was_early() const {
    EXPECT_EQ(early, 0);
    EXPECT_GT(least_left, zone->policy().refresh - Agenda::look_ahead(zone->policy()) - hours{1});
    EXPECT_GT(least_left, longest_cached);
    Signature served;
    zone->zone().for_each_slot([&](zones::Slot slot) {
      const auto lives = [&](const Validity& validity) {
        return may_be_served(validity, now(), longest_cached);
      };
      ASSERT_TRUE(zone->find_signature(zone->signers()[0], slot, lives, served)) << slot;
    });
  }

  const base::Time start{seconds{1'800'000'000}};
  nanoseconds passed{0};
  std::shared_ptr<SignBudget> budget;
  std::shared_ptr<const SignedZone> zone;
  Agenda agenda;
  std::optional<Agenda::Work> held;
  nanoseconds on_demand_every{0}, next_on_demand{0};

  std::map<std::int64_t, int> per_bin;     // made anew
  std::map<std::int64_t, int> per_minute;  // all, on demand too
  std::int64_t made_anew = 0, early = 0;
  seconds least_left{days{365}};  // of a signature that was made anew
};

// Catches: load that comes in heaps; signatures that are made anew too late, too early or twice.
TEST_F(RefreshSimulation, SixtyDaysWithoutARollAreFlat) {
  const auto all = static_cast<std::int64_t>(zone->zone().signature_count());
  run_until(hours{12});
  ASSERT_EQ(zone->signatures(0), zone->zone().signature_count());  // filled within the budget
  run_until(days{60});
  expect_flat(hours{12}, days{60});
  expect_within_budget();
  expect_none_ran_out_or_was_early();
  // Sixty days are 2.2 periods of 27 days.
  EXPECT_NEAR(static_cast<double>(made_anew) / static_cast<double>(all), 60.0 / 27, 0.02);
}

// Catches: a roll that asks more of the token than it may, whose key is not warm in time, or after
// which the load is not flat any more.
TEST_F(RefreshSimulation, RollsStayWithinTheBudget) {
  on_demand_every = std::chrono::milliseconds{500};  // questions have signatures made meanwhile
  run_until(days{1});
  for (const days due : {days{20}, days{40}}) {
    const auto old = zone->keys().back().key;
    const auto next = make_key(hsm::Algorithm::ecdsap256sha256);
    run_until(due - sign_delay);
    use({{old}, {next, KeyUse::warming}});
    run_until(due);
    EXPECT_EQ(zone->signatures(1), zone->zone().signature_count()) << "not warm in time";
    use({{old, KeyUse::leaving}, {next}});
    run_until(due + days{7});
    use({{next}});
  }
  run_until(days{60});
  expect_within_budget();
  expect_none_ran_out_or_was_early();
  expect_flat(days{1}, days{20} - sign_delay);
  expect_flat(days{20}, days{40} - sign_delay);
  expect_flat(days{40}, days{60});
}

}  // namespace
}  // namespace tld::signer
