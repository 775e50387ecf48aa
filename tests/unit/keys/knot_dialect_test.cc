// SPDX-License-Identifier: GPL-2.0-only
//
// Knot's form of both files. (tests/system/test_keymgr.py has the real keymgr.)
#include "keys/knot_dialect.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::first_start;
using ::testing::HasSubstr;
using testing::replaced;
using testing::RequestDraft;
using ::testing::StartsWith;

// As keymgr prints it: over several lines, with comments, without a class.
std::string as_knot_prints(std::string text) {
  for (std::size_t at = text.find(" IN "); at != std::string::npos; at = text.find(" IN ")) {
    text.replace(at, 4, "\t");
    const std::size_t end = text.find('\n', at);
    const std::size_t last = text.rfind(' ', end);
    text.insert(end, "\n\t\t\t\t) ; id = 1");
    text.insert(last + 21, "\n\t\t\t\t");
    text.insert(last + 1, "(\n\t\t\t\t");
  }
  return text;
}

class KnotRequest : public ::testing::Test {
 protected:
  base::Result<KeySigningRequest> read(const std::string& text) const {
    return read_knot_request(text, draft_.apex, draft_.policy, "kz.ksr");
  }
  std::string fault(const std::string& text) const {
    const auto request = read(text);
    if (!request) return request.error().message;
    const auto status = request.value().check(draft_.context());
    return status ? "" : status.error().message;
  }
  KeySigningRequest ours() const {
    return KeySigningRequest::parse(draft_.text(), draft_.apex).value();
  }

  RequestDraft draft_;
  std::string good_ = knot_request_text(ours().bundles(), first_start());
};

TEST_F(KnotRequest, IsWrittenWithoutPolicyAndProofs) {
  EXPECT_THAT(good_,
              StartsWith(";; KeySigningRequest 1.0 1767225600 (2026-01-01T00:00:00Z) ====="));
  EXPECT_EQ(good_.find("RRSIG"), std::string::npos);
  EXPECT_EQ(good_.find("policy"), std::string::npos);
  EXPECT_EQ(read(good_).value().keys(), ours().keys());
}

TEST_F(KnotRequest, IsReadAsKeymgrPrintsIt) {
  const auto request = read(as_knot_prints(good_));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request.value().keys(), ours().keys());
  EXPECT_TRUE(request.value().check(draft_.context()));
}

// Knot's bundles last until the keys change: slots in between keep signatures overlapping.
TEST_F(KnotRequest, LongBundlesBecomeSeveralSlots) {
  draft_.bundles = draft_.asked();
  draft_.bundles[1].start = first_start() + days{2} + hours{6};
  draft_.bundles[2].start = draft_.bundles[1].start + hours{3};
  const auto request = read(knot_request_text(ours().bundles(), first_start())).value();
  std::vector<base::Time> starts;
  for (const Slot& slot : request.bundles()) starts.push_back(slot.start);
  EXPECT_EQ(starts, (std::vector<base::Time>{first_start(), first_start() + days{1},
                                             first_start() + days{2}, draft_.bundles[1].start,
                                             draft_.bundles[2].start}));
  EXPECT_TRUE(request.check(draft_.context()));
}

TEST_F(KnotRequest, EndlessBundlesAreBounded) {
  draft_.bundles = draft_.asked();
  draft_.bundles[2].start += days{20000};
  EXPECT_THAT(fault(knot_request_text(ours().bundles(), first_start())), HasSubstr("KSR-SIZE"));
}

TEST_F(KnotRequest, OtherChecksStay) {
  EXPECT_EQ(fault(good_), "");
  EXPECT_THAT(fault(replaced(good_, "1.0 1767312000", "1.0 1767225600")),
              HasSubstr("KSR-BUNDLE-UNIQUE"));
  EXPECT_THAT(fault(replaced(good_, "kz. 3600", "kz. 60")), HasSubstr("KSR-POLICY-KEYS"));
  EXPECT_THAT(fault(replaced(good_, "DNSKEY 256", "DNSKEY 257")), HasSubstr("KSR-BUNDLE-KEYS"));
  EXPECT_THAT(fault(replaced(good_, "kz. 3600", "kaz. 3600")), HasSubstr("KSR-DOMAIN"));
}

TEST_F(KnotRequest, WhatIsNotKnotsFormIsRefused) {
  const std::pair<const char*, std::string> faults[] = {
      {"KSR-TRUNCATED", good_.substr(0, good_.size() - 1)},
      {"KSR-TRUNCATED", good_.substr(0, good_.rfind(";;"))},
      {"KSR-TRUNCATED", good_ + "kz. 3600 DNSKEY ( 256\n"},
      {"KSR-SYNTAX", good_ + "kz. 3600 DNSKEY ) 256\n"},
      {"KSR-SYNTAX", replaced(good_, "IN DNSKEY", "IN DNSKEY (\nkz. ")},
      {"KSR-SYNTAX", replaced(good_, "1.0 1767225600", "1.0 20260101000000")},
      {"KSR-SYNTAX", replaced(good_, "1.0 1767225600", "1.0 01767225600")},
      {"KSR-SYNTAX", replaced(good_, "1.0 1767225600", "1.0 ")},
      {"KSR-SYNTAX", replaced(good_, ";; KeySigningRequest", "; KeySigningRequest")},
      {"KSR-SYNTAX", replaced(good_, "KeySigningRequest", "SignedKeyResponse")},
      {"KSR-SYNTAX", replaced(good_, "kz. 3600", " kz. 3600")},
      {"KSR-SIZE", std::string(5 << 20, 'x')},
      {"KSR-SIZE", "x" + std::string(9000, ' ') + "\n"},
  };
  for (const auto& [rule, text] : faults)
    EXPECT_THAT(fault(text), HasSubstr(rule)) << text.substr(0, 200);
}

TEST(KnotResponse, IsReadBackWithItsSignaturesAndChecked) {
  const testing::Draft draft;
  const auto ours = SignedKeys::parse(draft.text(), draft.apex).value();
  const std::string text = as_knot_prints(knot_response_text(ours.slots(), first_start()));
  const auto read = read_knot_response(text, draft.apex, draft.policy, "kz.skr");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(testing::meaning(read.value()), testing::meaning(ours));
  EXPECT_TRUE(read.value().check(draft.zsks, first_start()));
}

TEST(KnotResponse, SlotsMayBeNearerButNotFurther) {
  const testing::Key ksk = testing::make_key(), zsk = testing::make_key();
  SigningPlan plan = testing::plan_of({&ksk}, {{zsk.zsk()}, {zsk.zsk()}, {zsk.zsk()}});
  const auto fault = [&](std::chrono::seconds shift) {
    plan.slots[2].start = first_start() + days{2} + shift;
    const std::string text = knot_response_text(sign_slots(plan).value(), first_start());
    const auto read = read_knot_response(text, plan.apex, plan.policy, "kz.skr").value();
    const auto status = read.check({}, first_start());
    return status ? "" : status.error().message;
  };
  EXPECT_EQ(fault(-hours{3}), "");
  EXPECT_THAT(fault(std::chrono::seconds{1}), HasSubstr("SKR-SLOT-ORDER"));
  EXPECT_THAT(fault(-days{1}), HasSubstr("SKR-SLOT-ORDER"));
}

TEST(KnotResponse, ASignatureThatDoesNotVerify) {
  testing::Draft draft;
  draft.spoil_signature = [](std::size_t index, dns::Rrsig& rrsig) {
    if (index == 1) rrsig.signature[5] ^= 1;
  };
  const auto ours = SignedKeys::parse(draft.text(), draft.apex).value();
  const auto read = read_knot_response(knot_response_text(ours.slots(), first_start()), draft.apex,
                                       draft.policy, "kz.skr");
  EXPECT_THAT(read.value().check({}, first_start()).error().message, HasSubstr("SKR-VERIFY"));
}

}  // namespace
}  // namespace tld::keys
