// SPDX-License-Identifier: GPL-2.0-only
#include "keys/new_key.h"

#include "keys/key_register.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::make_key;

// Makes the keys that it is given, one after the other, and counts what it had to destroy.
struct Maker {
  std::vector<hsm::KeyInfo> keys;
  std::size_t made = 0, destroyed = 0;

  MakeKey function() {
    return [this](const AcceptKey& accept) -> base::Result<hsm::KeyInfo> {
      if (made == keys.size()) return base::unavailable("the token is full");
      const hsm::KeyInfo& key = keys[made++];
      const auto accepted = accept(key);
      if (accepted) return key;
      ++destroyed;
      return accepted.error();
    };
  }
};

Keys held(const std::vector<hsm::KeyInfo>& infos, bool ksk) {
  Keys keys;
  for (const hsm::KeyInfo& info : infos) {
    keys.push_back({dnskey_of(info.public_key, ksk), false, info.id, {}});
  }
  return keys;
}

TEST(NewKey, OneWithAUsedTagIsDestroyedAndAnotherMade) {
  const auto used = make_key().info, fresh = make_key().info;
  const Keys ever = held({used}, false);
  ASSERT_TRUE(check_unused_tag(ever, dnskey_of(fresh.public_key, false)));
  Maker maker{{used, used, fresh}};
  const auto made = make_new_key(ever, false, maker.function());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made.value().info.id, fresh.id);
  EXPECT_EQ(made.value().destroyed, 2U);
  EXPECT_EQ(maker.destroyed, 2U);
}

// RFC 5011 §2.1: the tag of a key is another one when it is revoked.
TEST(NewKey, TagOfTheRevokedFormCountsToo) {
  const auto used = make_key().info;
  dns::Dnskey revoked = dnskey_of(used.public_key, true);
  revoked.flags |= dns::Dnskey::flag_revoke;
  Maker maker{{used, make_key().info}};
  const Keys ever = {{revoked, false, "", {}}};
  EXPECT_EQ(make_new_key(ever, true, maker.function()).value().destroyed, 1U);
}

TEST(NewKey, SameOctetsAsZskOrKskAreAskedForAsWhatTheyWillBe) {
  const auto key = make_key().info;
  Maker maker{{key}};
  EXPECT_TRUE(make_new_key(held({key}, true), false, maker.function()));
}

TEST(NewKey, EndsWhenEveryTagIsUsed) {
  const auto used = make_key().info;
  Maker maker{std::vector<hsm::KeyInfo>(100, used)};
  const auto made = make_new_key(held({used}, false), false, maker.function());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, base::ErrorKind::refused);
  EXPECT_THAT(made.error().message, HasSubstr("20 keys in a row"));
  EXPECT_THAT(made.error().message, HasSubstr("KEY-TAG-USED"));
  EXPECT_EQ(maker.made, max_key_tries);
  EXPECT_EQ(maker.destroyed, max_key_tries);
}

TEST(NewKey, WhatTheTokenSaysIsPassedOn) {
  const auto used = make_key().info;
  Maker maker{{used}};
  const auto made = make_new_key(held({used}, false), false, maker.function());
  EXPECT_EQ(made.error().message, "the token is full");
  EXPECT_EQ(maker.made, 1U);
}

}  // namespace
}  // namespace tld::keys
