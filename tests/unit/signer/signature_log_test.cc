// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/signature_log.h"

#include <sys/stat.h>

#include "dns/signing_input.h"
#include "tests/unit/signer/log_fixture.h"

namespace tld::signer {
namespace {

using std::chrono::milliseconds;

// Catches: a restart that makes signatures anew, or gives others than before.
TEST_F(LogTest, ARestartMakesNothingAnew) {
  start();
  const std::size_t slots = wanted();
  EXPECT_EQ(sign_all_of_it(), slots);
  Signature before;
  ASSERT_TRUE(zone->table(0).get(0, before));
  start();
  EXPECT_EQ(sign_all_of_it(), 0u);
  EXPECT_EQ(signature_log->counters().recalled, slots);
  Signature after;
  ASSERT_TRUE(zone->table(0).get(0, after));
  EXPECT_EQ(before.view(), after.view());
  EXPECT_EQ(before.validity.expiration, after.validity.expiration);
  expect_all_verify();
  start();  // what was recalled is not written again, and stays
  EXPECT_EQ(sign_all_of_it(), 0u);
  EXPECT_EQ(log->size(), 0u);
}

// Catches: a content key that leaves something out that is signed.
TEST_F(LogTest, WhatHasChangedIsSignedAnewAndNothingElse) {
  start();
  sign_all_of_it();
  ds_digit = '2';
  start();
  EXPECT_EQ(sign_all_of_it(), 1u);  // the DS
  expect_all_verify();
}

TEST_F(LogTest, AnotherKeyFindsNothing) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  key = make_key(hsm::Algorithm::ecdsap256sha256);
  start();
  EXPECT_EQ(sign_all_of_it(), slots);
}

TEST(ContentKey, HasAllThatIsSignedButTheTimes) {
  dns::Rrsig rrsig;
  rrsig.signer = dns::Name::from_text("example.").value();
  rrsig.expiration = 0x01020304;
  rrsig.inception = 0x05060708;
  const base::Sha256 key = base::sha256("key");
  const auto of = [&](const dns::Rrsig& r, const char* records) {
    return content_key(dns::signing_input(r, records), key).content;
  };
  const auto plain = of(rrsig, "records");
  dns::Rrsig later = rrsig;
  later.expiration = 0x11223344;
  later.inception = 0x55667788;
  EXPECT_EQ(of(later, "records"), plain);
  EXPECT_NE(of(rrsig, "recordz"), plain);
  for (auto change :
       {+[](dns::Rrsig& r) { r.type_covered = dns::RRType::DS; },
        +[](dns::Rrsig& r) { r.algorithm = 8; }, +[](dns::Rrsig& r) { r.labels = 3; },
        +[](dns::Rrsig& r) { r.original_ttl = 1; }, +[](dns::Rrsig& r) { r.key_tag = 1; },
        +[](dns::Rrsig& r) { r.signer = dns::Name(); }}) {
    dns::Rrsig other = rrsig;
    change(other);
    EXPECT_NE(of(other, "records"), plain);
  }
}

// Catches: a signature that is served because its checksum is right.
TEST_F(LogTest, AnEntryWithARightChecksumAndAWrongSignatureIsNeverSeen) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  stop();
  const auto file = segments().at(0);
  const std::string octets = octets_of(file);
  std::string forged = segment_header(options.zone);
  scan_segment(octets, options.zone, [&](std::size_t, const LogEntry& entry) {
    std::string signature(entry.signature);
    signature[5] = static_cast<char>(signature[5] ^ 1);
    forged += entry_octets({entry.key, entry.validity, signature});
  });
  write_octets(file, forged);
  start();
  EXPECT_EQ(sign_all_of_it(), slots);
  EXPECT_EQ(signature_log->counters().rejected, slots);
  EXPECT_EQ(signature_log->counters().recalled, 0u);
  expect_all_verify();
}

// Catches: an expired signature, one from the future, or one longer than the policy says.
TEST_F(LogTest, WhatThePolicyWouldNotHaveIsMadeAnew) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  const base::Time then = clock->now();
  clock->set(then - std::chrono::days{1});  // a clock stepped back
  start();
  EXPECT_EQ(sign_all_of_it(), slots);
  clock->set(then + std::chrono::days{40});
  start();
  EXPECT_EQ(sign_all_of_it(), slots);
  EXPECT_EQ(signature_log->counters().recalled, 0u);
  policy.validity = std::chrono::hours{60};
  policy.refresh = std::chrono::hours{1};
  start();
  EXPECT_GT(sign_all_of_it(), slots / 2);  // a grid point may lie within the shorter validity
}

// Catches: a restart without HSM that refuses to serve what runs out soon but has not.
TEST_F(LogTest, WhatRunsOutSoonIsServedUntilItIsMadeAnew) {
  start();
  sign_all_of_it();
  Validity made;
  ASSERT_TRUE(zone->table(0).get_validity(0, made));
  clock->set(base::Time{std::chrono::seconds{made.expiration}} - std::chrono::days{2});
  start();
  door->faults().away = true;
  const auto flight = service.start(zone, 0, 0, Reason::on_demand);
  EXPECT_FALSE(flight->wait_until(soon()).value());
  Signature signature;
  EXPECT_TRUE(zone->table(0).get(0, signature));
  EXPECT_EQ(signature.validity.expiration, made.expiration);
  door->faults().away = false;
}

// Catches: a restart in the middle of a roll that cannot serve what only the leaving key has
// signed.
TEST_F(LogTest, SignaturesByLeavingKeysComeBackToo) {
  start();
  sign_all_of_it();
  used_keys = {{make_key(hsm::Algorithm::ecdsap256sha256)}, {key, KeyUse::leaving}};
  start();
  door->faults().away = true;
  EXPECT_FALSE(service.start(zone, 0, 0, Reason::on_demand)->wait_until(soon()).value());
  Signature signature;
  EXPECT_EQ(zone->find_signature(
                0, 0, [](const Validity&) { return true; }, signature),
            1u);
  door->faults().away = false;
}

// Catches: damage that stops the start, hides good entries, or stays for ever.
TEST_F(LogTest, DamageCostsWhatItHitsAndIsRewritten) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  stop();
  std::string octets = octets_of(segments().at(0));
  octets[segment_header(options.zone).size() + 30] ^= 1;
  octets.resize(octets.size() - 3);
  write_octets(segments().at(0), octets);
  start();
  EXPECT_EQ(sign_all_of_it(), 2u);
  EXPECT_EQ(signature_log->counters().recalled, slots - 2);
  EXPECT_EQ(log->size(), 1u);
  EXPECT_TRUE(becomes_true([&] { return signature_log->counters().rewrites == 1; }));
  start();
  EXPECT_EQ(sign_all_of_it(), 0u);
  EXPECT_EQ(signature_log->counters().damaged_octets, 0u);
}

TEST_F(LogTest, AForeignVersionGoesAside) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  stop();
  std::string header = segment_header(options.zone).substr(0, 16) + std::string("\0\2", 2);
  header += base::as_octets(base::sha256(header)).substr(0, 8);
  write_octets(segments().at(0), header + "what the next version has");
  start();
  EXPECT_EQ(sign_all_of_it(), slots);
  ASSERT_EQ(set_aside().size(), 1u);
  EXPECT_EQ(log->size(), 1u);
  start();
  EXPECT_EQ(sign_all_of_it(), 0u);
}

// Catches: two writers in one folder.
TEST_F(LogTest, ASecondProcessRunsWithoutUntilTheFirstIsGone) {
  start();
  const std::size_t slots = wanted();
  sign_all_of_it();
  auto second = std::make_shared<SignatureLog>(
      options, make_log_folder(folder()), [] { return nullptr; }, clock, log);
  EXPECT_FALSE(second->may_have_some());
  EXPECT_TRUE(becomes_true([&] { return second->counters().failures > 0 && log->size() == 1; }));
  stop();
  EXPECT_TRUE(becomes_true([&] { return second->may_have_some(); }));
  second.reset();
  start();
  EXPECT_EQ(sign_all_of_it(), 0u);
  EXPECT_GT(slots, 0u);
}

// Catches: a folder that is gone and never comes back, or a writer that goes on into nothing.
TEST_F(LogTest, AFolderRemovedUnderTheServerIsMadeAnewWithAllOfIt) {
  start();
  sign_all_of_it();
  ASSERT_TRUE(becomes_true([&] { return signature_log->counters().written == wanted(); }));
  std::filesystem::remove_all(folder());
  clock->advance(std::chrono::days{29});  // so that there is something to write
  for (zones::Slot slot = 0; slot < 3; ++slot) {
    EXPECT_TRUE(service.start(zone, 0, slot, Reason::background)->wait_until(soon()).value());
  }
  ASSERT_TRUE(becomes_true([&] { return signature_log->counters().rewrites == 1; }));
  EXPECT_TRUE(becomes_true([&] { return log->size() == 2; }));  // failed, and works again
  clock->advance(-std::chrono::days{29});
  start();
  EXPECT_EQ(sign_all_of_it(), 3u);  // those three are of the future now
}

TEST_F(LogTest, AFolderThatCannotBeMadeCostsTheLogOnly) {
  write_octets(top / "file", "x");
  start(make_log_folder(top / "file" / "example."));
  EXPECT_EQ(sign_all_of_it(), wanted());
  EXPECT_TRUE(becomes_true([&] { return signature_log->counters().failures > 2; }));
  EXPECT_EQ(log->size(), 1u);
}

// Catches: a queue that eats the memory, or holds up a signer.
TEST_F(LogTest, WithoutADiskTheQueueIsBounded) {
  options.queue_limit = 3;
  write_octets(top / "file", "x");
  start(make_log_folder(top / "file" / "example."));
  sign_all_of_it();
  EXPECT_EQ(signature_log->counters().dropped, wanted() - 3);
}

// Catches: a log that grows for ever.
TEST_F(LogTest, ALogOfOutdatedEntriesIsRewritten) {
  options.slack_octets = 20000;
  options.segment_octets = 4000;
  options.remembered = 0;
  start();
  sign_all_of_it();
  const std::size_t all = wanted() * (entry_overhead + 64);
  const std::string input = zone->to_sign(0, 0, {}).input;
  for (int i = 0; i < 400; ++i) {
    signature_log->append(content_key(input, base::sha256(std::to_string(i))), {1, 2},
                          std::string(64, 'x'));
  }
  EXPECT_TRUE(becomes_true([&] { return signature_log->counters().rewrites > 0; }));
  stop();
  std::uintmax_t octets = 0;
  for (const auto& file : segments()) octets += std::filesystem::file_size(file);
  EXPECT_LT(octets, 2 * all + options.slack_octets + 400 * (entry_overhead + 64));
  start();
  EXPECT_EQ(sign_all_of_it(), 0u);
}

// Catches: a large zone's log, which has many segments however new it is, rewritten without end.
TEST_F(LogTest, ManySegmentsAreNoReasonWhereTheZoneFillsThem) {
  options.segment_octets = 20;  // each write ends one
  start();
  const std::string input = zone->to_sign(0, 0, {}).input;
  for (std::uint64_t i = 1; i <= 80; ++i) {
    signature_log->append(content_key(input, base::sha256(std::to_string(i))), {1, 2},
                          std::string(64, 'x'));
    ASSERT_TRUE(becomes_true([&] { return signature_log->counters().written == i; }));
  }
  EXPECT_EQ(segments().size(), 80u);
  EXPECT_EQ(signature_log->counters().rewrites, 0u);
}

// Catches: small segments that stay for ever.
TEST_F(LogTest, ManySmallSegmentsAreRewritten) {
  options.segment_octets = 2000;
  std::filesystem::create_directories(folder());
  for (std::uint64_t number = 1; number <= 70; ++number) {
    write_octets(folder() / segment_name(number), segment_header(options.zone));
  }
  start();
  EXPECT_TRUE(becomes_true([&] { return signature_log->counters().rewrites == 1; }));
  EXPECT_LT(segments().size(), 5u);
}

TEST(ZoneFolder, HasOneNameForEachZone) {
  const auto of = [](const std::string& name) {
    return zone_folder("/d", dns::Name::from_text(name).value()).string();
  };
  EXPECT_EQ(of("KZ."), "/d/kz.");
  EXPECT_EQ(of("."), "/d/%2E");
  EXPECT_EQ(of("a/b.kz."), "/d/a%2Fb.kz.");
  EXPECT_EQ(of("\\000.kz."), "/d/%5C000.kz.");
}

}  // namespace
}  // namespace tld::signer
