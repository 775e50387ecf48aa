// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony with a KSK in one token of SoftHSM and a ZSK in another.
#include <sys/stat.h>

#include "base/bytes.h"
#include "keys/ceremony.h"
#include "keys/dnskey_file.h"
#include "keys/signed_keys.h"
#include "keys/time_text.h"
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::is_one_complaint;
using testing::Outcome;

class CeremonyTest : public testing::TldctlTest {
 protected:
  CeremonyTest() {
    make_key(make_token("zsk"), "zsk");
    ksk_token_ = make_token("ksk");
    ksk_id_ = make_key(ksk_token_, "ksk");
  }

  std::vector<std::string> words(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {
        "ceremony", "demo",  "--zone",           "kz.",      "--ksk-token", ksk_token_, "--ksk-id",
        ksk_id_,    "--zsk", path("zsk.dnskey"), "--output", path("kz.skr")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome hold(const std::vector<std::string>& more = {}) const { return tldctl(words(more)); }

  const dns::Name apex_ = dns::Name::from_text("kz.").value();
  std::string ksk_token_, ksk_id_;
};

TEST_F(CeremonyTest, MakesWhatTheServerAccepts) {
  const Outcome held =
      hold({"--start", "20260101000000", "--trust-anchor", path("anchor"), "--json"});
  ASSERT_EQ(held.exit_code, 0) << held.err;
  EXPECT_EQ(held.err, "");
  const auto keys = keys::SignedKeys::read_file(path("kz.skr"), apex_).value();
  const auto zsk = keys::read_dnskey_file(path("zsk.dnskey"), apex_).value();
  EXPECT_TRUE(keys.check({&zsk, 1}, keys::time_from_text("20260210000000").value()));
  const auto json = held.json();
  EXPECT_EQ(json.at("covered_from"), "20260101000000");
  EXPECT_EQ(json.at("covered_until"), "20260411000000");
  EXPECT_EQ(json.at("slots").size(), 9U);
  EXPECT_EQ(json.at("sha256"), base::to_hex(base::as_octets(base::sha256(read("kz.skr")))));
  EXPECT_EQ(json.at("zsk_key_tags"), nlohmann::json::array({zsk.key_tag()}));
  const auto anchor = keys::read_dnskey_file(path("anchor"), apex_).value();
  EXPECT_EQ(json.at("ksk").at("key_tag"), anchor.key_tag());
  EXPECT_EQ(anchor, keys::read_dnskey_file(path("ksk.dnskey"), apex_).value());
}

TEST_F(CeremonyTest, WithoutStartItCoversNow) {
  const Outcome held = hold();
  ASSERT_EQ(held.exit_code, 0) << held.err;
  EXPECT_THAT(held.out, AllOf(HasSubstr("SHA-256"), HasSubstr("9 slots"), HasSubstr(" IN DS ")));
  const auto keys = keys::SignedKeys::read_file(path("kz.skr"), apex_).value();
  EXPECT_TRUE(keys.check({}, base::SystemClock().now()));
  EXPECT_EQ(keys.covered_from().time_since_epoch().count() % 86400, 0);
}

TEST_F(CeremonyTest, PolicyFileDecides) {
  const std::string policy = write("policy.yaml",
                                   "signed-keys: {span: PT40M, slot: PT10M, validity: PT2H,\n"
                                   "              inception-offset: PT5M, dnskey-ttl: PT1M}\n");
  ASSERT_EQ(hold({"--policy", policy}).exit_code, 0);
  const auto keys = keys::SignedKeys::read_file(path("kz.skr"), apex_).value();
  EXPECT_EQ(keys.slots().size(), 4U);
  EXPECT_TRUE(keys.check({}, base::SystemClock().now()));
}

TEST_F(CeremonyTest, RsaWorksToo) {
  make_key(token_uri("zsk", path(".fixture/pin")), "zsk", "RSASHA256");
  ksk_id_ = make_key(ksk_token_, "ksk", "RSASHA256");
  const Outcome held = hold({"--policy", write("p.yaml", "algorithm: RSASHA256\n")});
  ASSERT_EQ(held.exit_code, 0) << held.err;
  const auto keys = keys::SignedKeys::read_file(path("kz.skr"), apex_).value();
  const auto zsk = keys::read_dnskey_file(path("zsk.dnskey"), apex_).value();
  EXPECT_TRUE(keys.check({&zsk, 1}, base::SystemClock().now()));
}

// Each refusal: one line, its exit code, and no trace of an output.
TEST_F(CeremonyTest, RefusalsLeaveNoOutput) {
  const auto before = files();
  const auto expect = [&](const std::vector<std::string>& arguments, int code, const char* words) {
    const Outcome outcome = tldctl(arguments);
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    EXPECT_TRUE(is_one_complaint(outcome.err));
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_FALSE(exists("kz.skr")) << words;
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    auto changed = words();
    std::replace(changed.begin(), changed.end(), from, to);
    return changed;
  };
  write("other.yaml", "algorithm: RSASHA256\n");
  write("typo.yaml", "\nsignd-keys: {}\n");
  expect(with(ksk_id_, "00ff"), 1, "00ff");
  expect(with("kz.", "kaz."), 1, "zsk.dnskey:1:");
  expect(with(path("zsk.dnskey"), path("ksk.dnskey")), 1, "CEREMONY-");
  expect(with(path("zsk.dnskey"), path("none")), 1, "none");
  expect(words({"--policy", path("other.yaml")}), 1, "CEREMONY-ALGORITHM");
  expect(words({"--policy", path("typo.yaml")}), 1, "typo.yaml:2: signd-keys");
  expect(words({"--start", "19700101000000"}), 1, "CEREMONY-TIME");
  expect(words({"--trust-anchor", path("nowhere/anchor")}), 1, "nowhere/anchor");
  expect(with(ksk_token_, token_uri("gone", path(".fixture/pin"))), 3, "gone");
  auto after = files();
  std::erase(after, "other.yaml");
  std::erase(after, "typo.yaml");
  EXPECT_EQ(after, before) << "temporary files are left";
}

TEST_F(CeremonyTest, FailureKeepsTheOldFile) {
  write("kz.skr", "old");
  EXPECT_EQ(tldctl(words({"--start", "19700101000000"})).exit_code, 1);
  EXPECT_EQ(read("kz.skr"), "old");
  EXPECT_EQ(hold().exit_code, 0);
  EXPECT_NE(read("kz.skr"), "old");
}

}  // namespace
}  // namespace tld::cli
