// SPDX-License-Identifier: GPL-2.0-only
//
// Making and reading requests; request_check_test.cc has the named checks.
#include "keys/key_signing_request.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using testing::first_start;
using ::testing::HasSubstr;
using testing::replaced;
using testing::RequestDraft;
using ::testing::StartsWith;

RequestInput input_of(const RequestDraft& draft) {
  return {draft.apex,
          draft.policy,
          first_start() - std::chrono::days{1},
          draft.asked(),
          {{draft.zsk.zsk(), testing::signer(draft.zsk)},
           {draft.next_zsk.zsk(), testing::signer(draft.next_zsk)}},
          {}};
}

std::string fault(const RequestInput& input) {
  const auto text = make_request(input);
  return text ? "" : text.error().message;
}

TEST(KeySigningRequest, WhatIsMadeIsReadAndPasses) {
  const RequestDraft draft;
  const auto text = make_request(input_of(draft));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(text.value(), StartsWith(";; policy-algorithm: ECDSAP256SHA256\n"));
  EXPECT_THAT(text.value(), HasSubstr("\n;; KeySigningRequest 1.0 20260101000000\n"));
  EXPECT_THAT(text.value(),
              HasSubstr("\n;; KeySigningRequest 1.0 generated at 20251231000000 by pdns-tld "));
  const auto request = KeySigningRequest::parse(text.value(), draft.apex).value();
  EXPECT_TRUE(request.check(draft.context()));
  ASSERT_EQ(request.bundles().size(), 3U);
  EXPECT_EQ(request.bundles()[0].dnskeys, std::vector<dns::Dnskey>{draft.zsk.zsk()});
  EXPECT_EQ(request.bundles()[1].rrsets[0].rrsigs.size(), 2U);
  EXPECT_EQ(request.keys().size(), 2U);
}

TEST(KeySigningRequest, ForeignKeysNeedNoProofButTheirName) {
  RequestDraft draft;
  RequestInput input = input_of(draft);
  const dns::Dnskey foreign = testing::make_key().zsk();
  input.bundles[2].dnskeys.push_back(foreign);
  EXPECT_THAT(fault(input), HasSubstr("KSR-BUNDLE-POP"));
  input.foreign = {foreign};
  EXPECT_EQ(fault(input), "");
}

// A token with another key under that id, or a broken one.
TEST(KeySigningRequest, WrongProofsAreRefused) {
  const RequestDraft draft;
  RequestInput input = input_of(draft);
  input.zsks[0].sign = testing::signer(testing::make_key());
  EXPECT_THAT(fault(input), StartsWith("KSR-BUNDLE-POP: the token's signature"));
  input.zsks[0].sign = [](const std::string&) { return base::unavailable("token is gone"); };
  EXPECT_EQ(fault(input), "token is gone");
}

TEST(KeySigningRequest, TimesThatAnRrsigCannotSayAreRefused) {
  RequestInput input = input_of(RequestDraft{});
  for (KeyBundle& bundle : input.bundles) bundle.start += last_time - first_start();
  EXPECT_THAT(fault(input), HasSubstr("KSR-POLICY-SIG-HORIZON"));
}

TEST(KeySigningRequest, RefusalsOfTheReader) {
  const RequestDraft draft;
  const std::string good = draft.text();
  const auto refusal = [&](const std::string& text, const char* apex = "kz.") {
    const auto request = KeySigningRequest::parse(text, testing::name(apex), "kz.ksr");
    if (request) return std::string();
    EXPECT_EQ(request.error().kind, base::ErrorKind::invalid_input);
    return request.error().message;
  };
  EXPECT_EQ(refusal(good), "");
  EXPECT_THAT(refusal(good, "kaz."), StartsWith("kz.ksr:9: KSR-DOMAIN"));
  EXPECT_THAT(refusal(good.substr(0, good.size() - 1)), HasSubstr("KSR-TRUNCATED"));
  EXPECT_THAT(refusal(""), HasSubstr("KSR-TRUNCATED"));
  EXPECT_THAT(refusal(good + "\n"), HasSubstr("KSR-SYNTAX"));
  EXPECT_THAT(refusal(replaced(good, "P3D", "P03D")), HasSubstr("KSR-POLICY-LINE"));
  EXPECT_THAT(refusal(replaced(good, "KeySigningRequest", "SignedKeyResponse")),
              HasSubstr("KSR-SYNTAX"));
  EXPECT_THAT(refusal(replaced(good, "IN DNSKEY", "IN CDNSKEY")), HasSubstr("KSR-SYNTAX"));
  EXPECT_THAT(refusal(replaced(good, "RRSIG DNSKEY", "RRSIG CDS")), HasSubstr("KSR-SYNTAX"));
  EXPECT_THAT(refusal(std::string(5 << 20, 'x')), HasSubstr("KSR-SIZE"));
  EXPECT_THAT(refusal(std::string(9000, 'x') + "\n"), HasSubstr("KSR-SIZE"));
}

// Neither file passes for the other.
TEST(KeySigningRequest, ASignedKeyFileIsNoRequest) {
  const testing::Draft skr;
  EXPECT_FALSE(KeySigningRequest::parse(skr.text(), skr.apex));
  EXPECT_FALSE(SignedKeys::parse(RequestDraft{}.text(), skr.apex));
}

}  // namespace
}  // namespace tld::keys
