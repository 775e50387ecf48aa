// SPDX-License-Identifier: GPL-2.0-only
#include "keys/policy.h"

#include "keys/policy_lines.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

std::string fault(const std::string& yaml) {
  const auto policy = Policy::parse(yaml, "policy.yaml");
  return policy ? "" : policy.error().message;
}

TEST(Policy, DefaultsPassTheirOwnChecks) {
  EXPECT_TRUE(Policy{}.check());
  EXPECT_EQ(Policy::parse("signatures: {}", "p").value(), Policy{});
}

TEST(Policy, EveryKeyLandsInItsField) {
  const auto policy = Policy::parse(
      "algorithm: RSASHA256\n"
      "signatures: {validity: P14D, refresh: P2D, inception-offset: PT2H}\n"
      "signed-keys: {span: P60D, slot: P5D, validity: P15D, inception-offset: P2D,\n"
      "              dnskey-ttl: PT2H, cds-digest-types: [2, 4]}\n"
      "ds: {policy: syntax, gost: accept, sha1: reject}\n",
      "p");
  ASSERT_TRUE(policy) << policy.error().message;
  Policy wanted;
  wanted.algorithm = hsm::Algorithm::rsasha256;
  wanted.signatures = {days{14}, days{2}, hours{2}};
  wanted.signed_keys = {days{60}, days{5}, days{15}, days{2}, hours{2}, {2, 4}};
  wanted.ds = {dns::DsPolicy::Rule::syntax, true, false};
  EXPECT_EQ(policy.value(), wanted);
}

TEST(Policy, NoneMeansNoCds) {
  const auto policy = Policy::parse("signed-keys: {cds-digest-types: [none]}", "p");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_TRUE(policy.value().signed_keys.cds_digest_types.empty());
}

// A mistyped key that is silently ignored leaves the operator with defaults he did not want.
TEST(Policy, FaultsNameFileLineAndKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"\nsignature: {}", "policy.yaml:2: signature"},
      {"signatures:\n  validty: P30D", "policy.yaml:2: signatures.validty"},
      {"signatures:\n  validity: 30", "policy.yaml:2: signatures.validity"},
      {"signatures:\n  validity: 30d", "policy.yaml:2: signatures.validity"},
      {"signatures:\n  validity: P1M", "policy.yaml:2: signatures.validity"},
      {"signatures:\n  validity: [P1D]", "policy.yaml:2: signatures.validity"},
      {"signatures:\n  validity: P1D\n  validity: P1D", "signatures.validity"},
      {"signatures: P30D", "policy.yaml:1: signatures"},
      {"algorithm: ED25519", "policy.yaml:1: algorithm"},
      {"algorithm: [RSASHA256]", "policy.yaml:1: algorithm"},
      {"signed-keys:\n  cds-digest-types: 2", "policy.yaml:2: signed-keys.cds-digest-types"},
      {"signed-keys:\n  cds-digest-types: [1]", "policy.yaml:2: signed-keys.cds-digest-types"},
      {"signed-keys:\n  cds-digest-types: [2, none]", "signed-keys.cds-digest-types"},
      {"ds:\n  policy: lax", "policy.yaml:2: ds.policy"},
      {"ds:\n  gost: yes", "policy.yaml:2: ds.gost"},
      {"ds:\n  sha1: refuse", "policy.yaml:2: ds.sha1"},
      {"ds:\n  sha-1: reject", "policy.yaml:2: ds.sha-1"},
      {"- a list", "policy.yaml:1"},
      {"a: [", "policy.yaml:"},
  };
  for (const auto& [yaml, wanted] : cases) EXPECT_THAT(fault(yaml), HasSubstr(wanted)) << yaml;
}

TEST(Policy, SumsThatDoNotFitAreNamedWithTheirArithmetic) {
  EXPECT_THAT(fault("signatures: {validity: P3D, refresh: P3D}"),
              AllOf(HasSubstr("POLICY-REFRESH"), HasSubstr("P3D"), HasSubstr("PT1H")));
  EXPECT_THAT(fault("signed-keys: {span: P95D}"),
              AllOf(HasSubstr("POLICY-SPAN"), HasSubstr("P95D"), HasSubstr("P100D")));
  EXPECT_THAT(fault("signed-keys: {span: PT2000S, slot: PT1S}"), HasSubstr("POLICY-SPAN"));
  EXPECT_THAT(fault("signed-keys: {validity: P11D}"),
              AllOf(HasSubstr("POLICY-OVERLAP"), HasSubstr("P10DT1H"), HasSubstr("P11DT1H")));
  EXPECT_THAT(fault("signed-keys: {slot: PT0S}"), HasSubstr("POLICY-RANGE"));
  EXPECT_THAT(fault("signed-keys: {dnskey-ttl: PT0S}"), HasSubstr("POLICY-RANGE"));
  EXPECT_THAT(fault("signatures: {validity: P30000D}"), HasSubstr("POLICY-RANGE"));
  EXPECT_THAT(fault("signed-keys: {cds-digest-types: [4, 2]}"), HasSubstr("POLICY-CDS-DIGEST"));
  EXPECT_THAT(fault("signed-keys: {cds-digest-types: [2, 2]}"), HasSubstr("POLICY-CDS-DIGEST"));
}

// The borders: one second decides whether slots overlap and a signature is not due at once.
TEST(Policy, BordersAreExact) {
  EXPECT_EQ(fault("signed-keys: {validity: P11DT1H}"), "");
  EXPECT_NE(fault("signed-keys: {validity: P11DT59M59S}"), "");
  EXPECT_EQ(fault("signatures: {validity: P3DT1H1S, refresh: P3D}"), "");
  EXPECT_NE(fault("signatures: {validity: P3DT1H, refresh: P3D}"), "");
}

TEST(Policy, FileThatIsNotThereIsOneError) {
  const TemporaryDirectory dir;
  const auto missing = Policy::read_file(dir.path("none.yaml"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("none.yaml"));
  const auto there = Policy::read_file(dir.file("p.yaml", "algorithm: RSASHA256\n"));
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_EQ(there.value().algorithm, hsm::Algorithm::rsasha256);
}

// What a ceremony writes is what the server reads.
TEST(PolicyLines, ReadBackWhatTheyWrite) {
  Policy policy;
  policy.algorithm = hsm::Algorithm::rsasha256;
  policy.signed_keys = {seconds{90061 * 3}, seconds{90061}, days{21}, hours{1}, seconds{59}, {4}};
  const std::string text = policy_lines(policy);
  Policy read;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < policy_line_count(); ++i) {
    const std::size_t end = text.find('\n', begin);
    ASSERT_TRUE(read_policy_line(i, text.substr(begin, end - begin), read));
    begin = end + 1;
  }
  EXPECT_EQ(begin, text.size());
  EXPECT_EQ(read, policy);
}

// Two texts for one value would let a changed octet go unnoticed.
TEST(PolicyLines, OnlyTheCanonicalFormIsRead) {
  Policy policy;
  EXPECT_TRUE(read_policy_line(1, ";; policy-span: P90D", policy));
  for (const char* line :
       {";; policy-span: P090D", ";; policy-span: PT2160H", "; policy-span: P90D",
        ";; policy-slot: P90D", ";; policy-span: P90D ", ";; policy-span:P90D"}) {
    EXPECT_FALSE(read_policy_line(1, line, policy)) << line;
  }
}

}  // namespace
}  // namespace tld::keys
