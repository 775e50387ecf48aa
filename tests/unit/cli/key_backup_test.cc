// SPDX-License-Identifier: GPL-2.0-only
//
// A key goes from one token of SoftHSM to another, is proved there, and is retired.
#include <algorithm>
#include <cctype>

#include "keys/key_register.h"
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::is_one_complaint;
using ::testing::Not;
using testing::Outcome;
using Words = std::vector<std::string>;

Words plus(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class KeyBackup : public testing::TldctlTest {
 protected:
  KeyBackup() : primary_(make_token("primary")), reserve_(make_token("reserve")) {}

  // As security officer; the PIN file is there for each call anew.
  Outcome as_officer(const std::string& label, const Words& words) const {
    return tldctl(plus(words, {"--so-token", token_uri(label, write("so.pin", "5678\n", 0600))}));
  }
  void install_wrapping_keys() const {
    ASSERT_EQ(tldctl({"key", "wrapping-key", "split", "--prefix", path("w")}).exit_code, 0);
    for (const char* label : {"primary", "reserve"}) {
      const Outcome installed = install(label);
      ASSERT_EQ(installed.exit_code, 0) << installed.err;
    }
  }
  Outcome install(const std::string& label) const {
    return as_officer(label, {"key", "wrapping-key", "install", path("w.2"), path("w.5"),
                              "--verifier", path("w.verifier"), "--json"});
  }
  Outcome generate(const Words& more = {"--wrappable"}) const {
    const Words all = {"key",         "generate",         "--token", primary_,
                       "--algorithm", "ECDSAP256SHA256",  "--zone",  "kz.",
                       "--dnskey",    path("zsk.dnskey"), "--json"};
    return tldctl(plus(all, more));
  }
  Outcome key(const std::string& command, const std::string& token, const Words& more = {}) const {
    const Words all = {"key",     command, "--zone", "kz.", "--dnskey", path("zsk.dnskey"),
                       "--token", token,   "--json"};
    return tldctl(plus(all, more));
  }
  Outcome export_key() const { return key("export", primary_, {"--output", path("zsk.wrapped")}); }
  nlohmann::json listed(const std::string& token) const {
    return tldctl({"key", "list", "--token", token, "--json"}).json();
  }
  std::string serial(const std::string& token) const { return listed(token).at("serial"); }
  std::string add_to_register(const std::string& id) const {
    const Outcome added = tldctl({"keys", "add", "--zone", "kz.", "--register", path("kz.keys"),
                                  "--dnskey", path("zsk.dnskey"), "--id", id, "--json"});
    EXPECT_EQ(added.exit_code, 0) << added.err;
    return added.json().value("key", "");
  }
  Outcome prove(const std::string& token) const {
    return key("prove-backup", token,
               {"--primary", serial(primary_), "--register", path("kz.keys")});
  }
  Outcome prove_all(const std::string& token, const Words& more = {}) const {
    return tldctl(plus(
        {"keys", "prove", "--zone", "kz.", "--register", path("kz.keys"), "--token", token}, more));
  }

  std::string primary_, reserve_;
};

TEST_F(KeyBackup, AKeyGoesFromOneTokenToAnother) {
  install_wrapping_keys();
  const Outcome made = generate();
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string id = made.json().at("id");
  const std::string sha256 = add_to_register(id);
  const Outcome exported = export_key();
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(exported.json().at("key"), sha256);
  EXPECT_EQ(prove(reserve_).exit_code, 1);  // not there yet
  const Outcome imported = key("import", reserve_, {path("zsk.wrapped")});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.json().at("sha256"), exported.json().at("sha256"));
  const auto keys = listed(reserve_).at("keys");
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].at("id"), id);
  EXPECT_EQ(keys[0].at("label"), id);
  EXPECT_EQ(keys[0].at("zsk").at("dnskey"), made.json().at("dnskey"));
  EXPECT_THAT(key("import", reserve_, {path("zsk.wrapped")}).err, HasSubstr("already"));

  const Outcome same = prove(primary_);
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.err, HasSubstr("a backup is in another one"));
  std::string typed = serial(primary_);
  std::ranges::transform(typed, typed.begin(), ::toupper);
  EXPECT_THAT(key("prove-backup", primary_, {"--primary", typed}).err,
              HasSubstr("a backup is in another one"));
  EXPECT_THAT(read("kz.keys"), Not(HasSubstr("backup-proved")));
  const Outcome proved = prove(reserve_);
  ASSERT_EQ(proved.exit_code, 0) << proved.err;
  EXPECT_EQ(proved.json().at("recorded"), true);
  const auto held =
      keys::KeyRegister::read_file(path("kz.keys"), dns::Name::from_text("kz.").value());
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held.value().keys()[0].events.back().kind, keys::KeyEventKind::backup_proved);
  EXPECT_EQ(held.value().keys()[0].events.back().token, serial(reserve_));
  EXPECT_EQ(prove(reserve_).json().at("recorded"), false);
}

TEST_F(KeyBackup, TheSecurityOfficersPinFileIsWipedOnceItWasTaken) {
  const Outcome made = as_officer("primary", {"key", "wrapping-key", "generate", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_FALSE(exists("so.pin"));
  EXPECT_EQ(as_officer("reserve", {"key", "wrapping-key", "generate", "--keep-pin-file"}).exit_code,
            0);
  EXPECT_TRUE(exists("so.pin"));
  const Outcome wrong = tldctl({"key", "wrapping-key", "generate", "--so-token",
                                token_uri("primary", write("wrong.pin", "8765\n", 0600))});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_TRUE(exists("wrong.pin"));
}

// A wrong share must cost neither a login nor the PIN file.
TEST_F(KeyBackup, WrongSharesInstallNothing) {
  ASSERT_EQ(tldctl({"key", "wrapping-key", "split", "--prefix", path("w")}).exit_code, 0);
  ASSERT_EQ(tldctl({"key", "wrapping-key", "split", "--prefix", path("other")}).exit_code, 0);
  write("w.2", read("other.2"), 0600);
  const Outcome wrong = install("primary");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(wrong.err));
  EXPECT_TRUE(exists("so.pin"));
}

TEST_F(KeyBackup, OnlyWrappableKeysLeaveAndThePolicyMaySaySo) {
  install_wrapping_keys();
  ASSERT_EQ(generate({}).exit_code, 0);
  const Outcome refused = export_key();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("not made to leave"));
  EXPECT_FALSE(exists("zsk.wrapped"));
  const Outcome made =
      generate({"--policy", write("policy.yaml", "keys: {backup: required, wrappable: yes}\n")});
  EXPECT_EQ(made.json().at("wrappable"), true);
  EXPECT_EQ(export_key().exit_code, 0);
}

// Property: the first octet of each line, and each tenth, altered: nothing is in the token then.
TEST_F(KeyBackup, AnAlteredFileLeavesNothingInTheToken) {
  install_wrapping_keys();
  ASSERT_EQ(generate().exit_code, 0);
  ASSERT_EQ(export_key().exit_code, 0);
  const std::string text = read("zsk.wrapped");
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    for (const std::size_t i : {at, at + 20}) {
      std::string altered = text;
      altered[i] = static_cast<char>(altered[i] ^ 1);
      const Outcome outcome = key("import", reserve_, {write("altered.wrapped", altered)});
      EXPECT_EQ(outcome.exit_code, 1) << altered;
      EXPECT_THAT(outcome.err, HasSubstr("WRAPPED-")) << altered;
    }
  }
  EXPECT_TRUE(listed(reserve_).at("keys").empty());
  // Another key than the one that is meant.
  ASSERT_EQ(generate().exit_code, 0);
  const Outcome other = key("import", reserve_, {path("zsk.wrapped")});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("WRAPPED-KEY"));
  EXPECT_TRUE(listed(reserve_).at("keys").empty());
}

TEST_F(KeyBackup, KeysWithoutProofAreNotAskedToBeSigned) {
  install_wrapping_keys();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(generate().json().at("id"));
    add_to_register(ids.back());
    ASSERT_EQ(export_key().exit_code, 0);
    write(std::to_string(i), read("zsk.dnskey"));
    write(std::to_string(i) + ".wrapped", read("zsk.wrapped"));
  }
  const std::string policy =
      write("policy.yaml", "keys: {backup: required}\nsigned-keys: {span: P30D}\n");
  const Words request = {"ksr",  "create",  "--zone", "kz.",      "--policy",
                         policy, "--token", primary_, "--output", path("kz.ksr")};
  EXPECT_THAT(tldctl(plus(request, {"--zsk", path("0")})).err, HasSubstr("KEY-BACKUP"));
  const Words registered = plus(request, {"--register", path("kz.keys")});
  EXPECT_THAT(tldctl(registered).err, HasSubstr("tldctl key prove-backup"));
  EXPECT_THAT(
      tldctl({"keys", "next", "--zone", "kz.", "--register", path("kz.keys"), "--policy", policy})
          .out,
      HasSubstr("KEY-BACKUP"));
  for (int i = 0; i < 3; ++i) {
    write("zsk.dnskey", read(std::to_string(i)));
    ASSERT_EQ(key("import", reserve_, {path(std::to_string(i) + ".wrapped")}).exit_code, 0);
    ASSERT_EQ(prove(reserve_).exit_code, 0);
  }
  const Outcome made = tldctl(registered);
  EXPECT_EQ(made.exit_code, 0) << made.err;
}

// A second site must hold every key that may sign, under the id by which it is asked for.
TEST_F(KeyBackup, KeysThatASiteLacksAreNamed) {
  install_wrapping_keys();
  std::vector<std::string> ids, sums;
  for (const char* name : {"a", "b"}) {
    ids.push_back(generate().json().at("id"));
    sums.push_back(add_to_register(ids.back()));
    ASSERT_EQ(export_key().exit_code, 0);
    write(std::string(name) + ".dnskey", read("zsk.dnskey"));
    write(std::string(name) + ".wrapped", read("zsk.wrapped"));
  }
  const auto bring = [&](const std::string& name) {
    write("zsk.dnskey", read(name + ".dnskey"));
    ASSERT_EQ(key("import", reserve_, {path(name + ".wrapped")}).exit_code, 0);
  };
  EXPECT_EQ(prove_all(primary_).exit_code, 0);
  bring("a");
  const Outcome lacking = prove_all(reserve_);
  EXPECT_EQ(lacking.exit_code, 1);
  EXPECT_THAT(lacking.err, HasSubstr("KEY-PROOF"));
  EXPECT_THAT(lacking.err, HasSubstr(sums[1].substr(0, 16)));
  EXPECT_THAT(lacking.err, Not(HasSubstr(sums[0].substr(0, 16))));
  EXPECT_EQ(prove_all(primary_, {"--token", reserve_}).exit_code, 1);
  bring("b");
  const Outcome held = prove_all(reserve_, {"--token", primary_, "--json"});
  ASSERT_EQ(held.exit_code, 0) << held.err;
  ASSERT_EQ(held.json().at("keys").size(), 4U);
  EXPECT_EQ(held.json().at("keys")[1].at("key"), sums[1]);
  EXPECT_EQ(held.json().at("keys")[1].at("serial"), serial(reserve_));
  EXPECT_EQ(held.json().at("keys")[3].at("proved"), true);

  ASSERT_EQ(generate().exit_code, 0);  // entered with the id of another one
  add_to_register(ids[0]);
  EXPECT_THAT(prove_all(reserve_).err, HasSubstr("KEY-PROOF"));
  EXPECT_THAT(prove_all(reserve_).out, HasSubstr("another key has its CKA_ID"));
}

TEST_F(KeyBackup, OnlyKeysThatMaySignAreProvedAndAllThatAreListedMustBeKnown) {
  const std::string id = generate({}).json().at("id");
  const std::string sha256 = add_to_register(id);
  const std::string ksk = make_key(primary_, "ksk");
  const auto listing = [&] {
    const Outcome made =
        tldctl({"ceremony", "demo", "--zone", "kz.", "--zsk", path("zsk.dnskey"), "--ksk-token",
                primary_, "--ksk-id", ksk, "--output", path("kz.skr")});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return Words{"--signed-keys", path("kz.skr")};
  };
  EXPECT_EQ(prove_all(primary_, listing()).exit_code, 0);
  ASSERT_EQ(generate({}).exit_code, 0);
  const Outcome unknown = prove_all(primary_, listing());
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("KEY-UNKNOWN"));
  for (const char* event : {"published", "activated", "retired"}) {
    write("kz.keys", read("kz.keys") + "{\"event\":\"" + event + "\",\"key\":\"" + sha256 +
                         "\",\"time\":\"20990101000000\"}\n");
  }
  const Outcome retired = prove_all(primary_);
  EXPECT_EQ(retired.exit_code, 1);
  EXPECT_THAT(retired.err, HasSubstr("no ZSK that may sign"));
}

TEST_F(KeyBackup, ARetiredKeyIsKeptAndNeverSignsAgain) {
  const std::string id = generate({}).json().at("id");
  const std::string sha256 = add_to_register(id);
  const Words retire = {"--register", path("kz.keys")};
  const auto happened = [&](const std::string& event) {
    write("kz.keys", read("kz.keys") + "{\"event\":\"" + event + "\",\"key\":\"" + sha256 +
                         "\",\"time\":\"20990101000000\"}\n");
  };
  for (const char* event : {"published", "activated", "retired", "removed"}) {
    happened(event);
    const Outcome outcome = key("retire", primary_, retire);
    EXPECT_EQ(outcome.exit_code, event == std::string("removed") ? 0 : 1) << event << outcome.err;
  }
  ASSERT_EQ(listed(primary_).at("keys").size(), 1U);
  EXPECT_EQ(listed(primary_).at("keys")[0].at("retired"), true);
  const Words request = {"ksr",    "create",   "--zone",       "kz.",   "--token",
                         primary_, "--output", path("kz.ksr"), "--zsk", path("zsk.dnskey")};
  EXPECT_THAT(tldctl(request).err, HasSubstr("KEY-RETIRED"));
  const Outcome demo =
      tldctl({"ceremony", "demo", "--zone", "kz.", "--zsk", path("zsk.dnskey"), "--ksk-token",
              primary_, "--ksk-id", id, "--output", path("kz.skr")});
  EXPECT_THAT(demo.err, HasSubstr("KEY-RETIRED"));
  EXPECT_FALSE(exists("kz.skr"));
}

}  // namespace
}  // namespace tld::cli
