// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "signer/log/log_writer.h"
#include "tests/unit/signer/power_cut_folder.h"

namespace tld::signer {
namespace {

constexpr std::uint32_t keys = 40;
constexpr std::uint64_t segment_octets = 2000;

const dns::Name zone = dns::Name::from_text("example.").value();

ContentKey key_of(std::uint32_t number) {
  return {base::sha256(std::to_string(number)), base::sha256("key")};
}

// The signature follows from key and version, so that a wrong one is seen.
std::string entry_of(std::uint32_t number, std::uint32_t version) {
  const auto digest = base::sha256(std::to_string(number) + "/" + std::to_string(version));
  return entry_octets({key_of(number), {1, version}, base::as_octets(digest)});
}

// What a log must hold: of each key the version that was written last, and synced last.
struct Versions {
  std::array<std::uint32_t, keys> written{}, synced{};
};

// Appends, syncs and rewrites at random until the power fails.
class Life {
 public:
  Life(Disk& disk, Versions& versions, std::mt19937& random)
      : versions_(versions),
        random_(random),
        folder_(disk),
        writer_(folder_, zone, segment_octets) {}

  void live() {
    if (!writer_.open("")) return;
    for (int i = 0; i < 500 && step(); ++i) {
    }
  }

 private:
  bool step() {
    switch (random_() % 8) {
      case 0:
        return sync();
      case 1:
        return writer_.is_rewriting() ? end_rewrite() : begin_rewrite();
      case 2:
        return !writer_.is_rewriting() || rewrite();
      default:
        return append();
    }
  }
  bool append() {
    std::string octets;
    for (std::uint32_t i = 0; i < 1 + random_() % 5; ++i) {
      const std::uint32_t number = random_() % keys;
      octets += entry_of(number, ++versions_.written[number]);
    }
    return writer_.append(octets).has_value();
  }
  bool sync() {
    if (!writer_.sync()) return false;
    versions_.synced = versions_.written;
    return true;
  }
  bool begin_rewrite() {
    rewritten_ = 0;
    return writer_.begin_rewrite().has_value();
  }
  bool rewrite() {
    std::string octets;
    for (int i = 0; i < 10 && rewritten_ < keys; ++i, ++rewritten_) {
      const std::uint32_t version = versions_.written[rewritten_];
      if (version != 0) octets += entry_of(rewritten_, version);
    }
    return octets.empty() || writer_.rewrite(octets).has_value();
  }
  bool end_rewrite() {
    while (rewritten_ < keys) {
      if (!rewrite()) return false;
    }
    return writer_.finish_rewrite().has_value();
  }

  Versions& versions_;
  std::mt19937& random_;
  PowerCutFolder folder_;
  LogWriter writer_;
  std::uint32_t rewritten_ = 0;
};

void expect_right_and_nothing_synced_lost(Disk& disk, Versions& versions) {
  PowerCutFolder folder(disk);
  const auto loaded = LoadedLog::load(folder, zone, 4 * segment_octets);
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (std::uint32_t number = 0; number < keys; ++number) {
    const auto found = loaded.value()->find(key_of(number));
    const std::uint32_t version = found ? found->validity.expiration : 0;
    ASSERT_GE(version, versions.synced[number]) << "key " << number;
    ASSERT_LE(version, versions.written[number]) << "key " << number;
    if (!found) continue;
    const auto digest = base::sha256(std::to_string(number) + "/" + std::to_string(version));
    ASSERT_EQ(found->signature, base::as_octets(digest));
    versions.written[number] = version;  // what was lost is made anew under the same number
  }
  for (std::uint32_t number = 0; number < keys; ++number) {
    if (!loaded.value()->find(key_of(number))) versions.written[number] = 0;
  }
  versions.synced = versions.written;
}

// Catches: a rename or removal that overtakes what it replaces, an entry that is believed half, a
// sync that keeps octets without a name.
TEST(LogPowerCut, NothingThatWasSyncedIsLostAndNothingIsWrong) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Disk disk;
    Versions versions;
    for (int cut = 0; cut < 20; ++cut) {
      disk.operations_left = 1 + random() % 400;
      Life(disk, versions, random).live();
      disk.fail(random);
      expect_right_and_nothing_synced_lost(disk, versions);
      if (HasFatalFailure()) return;
    }
  }
}

// Catches: a full disk that costs what is there already.
TEST(LogPowerCut, AFullDiskLosesOnlyWhatDidNotFit) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Disk disk;
    Versions versions;
    for (int time = 0; time < 20; ++time) {
      disk.room = random() % 20000;
      Life(disk, versions, random).live();
      expect_right_and_nothing_synced_lost(disk, versions);
      if (HasFatalFailure()) return;
    }
  }
}

// Catches: an empty segment left by each attempt, and with each a descriptor when they are loaded.
TEST(LogPowerCut, AFullDiskIsNotFilledWithEmptySegments) {
  Disk disk;
  disk.room = 0;
  PowerCutFolder folder(disk);
  LogWriter writer(folder, zone, segment_octets);
  for (int time = 0; time < 5; ++time) {
    ASSERT_TRUE(writer.open(""));
    EXPECT_FALSE(writer.append(entry_of(1, 1)));
    EXPECT_TRUE(disk.names.empty());
    ASSERT_TRUE(writer.open(""));
    ASSERT_TRUE(writer.begin_rewrite());
    EXPECT_FALSE(writer.rewrite(entry_of(1, 1)));
    EXPECT_TRUE(disk.names.empty());
  }
}

}  // namespace
}  // namespace tld::signer
