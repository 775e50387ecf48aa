// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl epp apply, on a real store.
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::is_one_complaint;
using ::testing::IsEmpty;
using testing::Outcome;

const std::string zone =
    "$TTL 3600\n"
    "@ IN SOA ns.nic hostmaster.nic 7 3600 900 604800 3600\n"
    "@ IN NS ns.nic\n"
    "ns.nic IN A 192.0.2.1\n"
    "a IN NS ns.example.\n";

std::string update_ds(const std::string& name, const std::string& digest) {
  return "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><command><update>"
         "<domain:update xmlns:domain=\"urn:ietf:params:xml:ns:domain-1.0\"><domain:name>" +
         name +
         "</domain:name></domain:update></update><extension>"
         "<s:update xmlns:s=\"urn:ietf:params:xml:ns:secDNS-1.1\"><s:add><s:dsData>"
         "<s:keyTag>1</s:keyTag><s:alg>13</s:alg><s:digestType>2</s:digestType><s:digest>" +
         digest + "</s:digest></s:dsData></s:add></s:update></extension></command></epp>\n";
}
const std::string digest(64, 'a');

class EppTest : public testing::TldctlTest {
 protected:
  void SetUp() override {
    make_store();
    const Outcome imported = tldctl(
        {"zone", "import", "--store", path("store"), "--zone", "kz.", write("kz.zone", zone)});
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
  }
  Outcome apply(const std::string& frames, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "epp", "apply", "--store", path("store"), "--zone", "kz.", write("frames", frames)};
    words.insert(words.end(), more.begin(), more.end());
    return tldctl(words);
  }
  std::string exported() {
    return tldctl({"zone", "export", "--store", path("store"), "--zone", "kz."}).out;
  }
};

TEST_F(EppTest, FrameChangesTheStore) {
  const Outcome outcome = apply(update_ds("a.kz", digest));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("<result code=\"1000\">"));
  EXPECT_THAT(exported(), HasSubstr("a.kz.\t3600\tIN\tDS\t1 13 2 "));
}

TEST_F(EppTest, RefusedFrameIsExitCodeOneAndChangesNothing) {
  const std::string before = exported();
  const Outcome outcome = apply(update_ds("b.kz", digest) + update_ds("a.kz", "aa"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("<result code=\"2303\">"), HasSubstr("code=\"2306\"")));
  EXPECT_THAT(outcome.err, HasSubstr("2 of 2 frames refused"));
  EXPECT_EQ(exported(), before);
}

TEST_F(EppTest, PolicyFileIsObeyed) {
  const std::string gost = [] {
    std::string xml = update_ds("a.kz", digest);
    return xml.replace(xml.find("<s:digestType>2"), 15, "<s:digestType>3");
  }();
  EXPECT_EQ(apply(gost).exit_code, 1);
  const std::string policy = write("policy.yaml", "ds: {gost: accept}\n");
  EXPECT_EQ(apply(gost, {"--policy", policy}).exit_code, 0);
}

TEST_F(EppTest, JsonIsOneObject) {
  const auto json = apply(update_ds("a.kz", digest) + "x", {"--json"}).json();
  EXPECT_EQ(json.at("frames"), 2);
  EXPECT_EQ(json.at("refused"), 1);
  EXPECT_EQ(json.at("responses").at(0).at("code"), 1000);
  EXPECT_EQ(json.at("responses").at(1).at("code"), 2001);
}

TEST_F(EppTest, StandardInputAndLengths) {
  const std::string xml = update_ds("a.kz", digest);
  std::string framed(4, '\0');
  framed[2] = static_cast<char>((xml.size() + 4) >> 8);
  framed[3] = static_cast<char>(xml.size() + 4);
  const std::string file = write("framed", framed + xml);
  const Outcome outcome = tldctl(
      {"epp", "apply", "--store", path("store"), "--zone", "kz.", "--framed", "-"}, "", "<" + file);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.substr(4, 5), "<?xml");
}

TEST_F(EppTest, WhatIsMissingIsOneError) {
  const std::string file = write("frames", update_ds("a.kz", digest));
  const Outcome store = tldctl({"epp", "apply", "--store", path("none"), "--zone", "kz.", file});
  EXPECT_EQ(store.exit_code, 3);
  EXPECT_TRUE(is_one_complaint(store.err));
  const Outcome other = tldctl({"epp", "apply", "--store", path("store"), "--zone", "kg.", file});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(other.err));
  EXPECT_THAT(other.out, IsEmpty());
}

}  // namespace
}  // namespace tld::cli
