// SPDX-License-Identifier: GPL-2.0-only
#include "keys/approval.h"

#include <gmock/gmock.h>

#include "keys/chained_lines.h"
#include "keys/ssh_signature.h"
#include "tests/unit/keys/people_for_tests.h"

namespace tld::keys {
namespace {

using testing::approval_of;
using testing::approve;
using ::testing::HasSubstr;
using testing::people_from;
using testing::people_time;
using testing::private_key;
using testing::public_key;
using testing::six_people;
using ::testing::StartsWith;

ApprovalRequest request_for(const std::string& act) {
  return {"kz.", act, sha256_hex("what is approved"), people_time};
}

class ApprovalTest : public ::testing::Test {
 protected:
  // The message of the refusal; "" if the act may go ahead.
  std::string refusal(const std::vector<std::string>& texts) const {
    std::vector<Approval> approvals;
    for (const std::string& text : texts) approvals.push_back(approval_of(text));
    const auto approvers = check_approvals(people_, request_, approvals);
    return approvers ? "" : approvers.error().message;
  }
  People people_ = people_from(six_people());
  ApprovalRequest request_ = request_for("ceremony");
  const std::string ann_ = approve("ann", request_), bob_ = approve("bob", request_);
};

TEST_F(ApprovalTest, OfficerAndOperatorTogether) {
  EXPECT_EQ(refusal({ann_, bob_}), "");
  const auto approvers =
      check_approvals(people_, request_, {approval_of(ann_), approval_of(bob_)}).value();
  ASSERT_EQ(approvers.size(), 2U);
  EXPECT_EQ(approvers[1].person, "bob");
  EXPECT_EQ(approvers[1].role, Role::crypto_operator);
  EXPECT_EQ(approvers[0].statement, sha256_hex(ann_.substr(0, ann_.find("-----"))));
}

TEST_F(ApprovalTest, TooFewPeopleOrNotOfTheRoles) {
  EXPECT_THAT(refusal({}), StartsWith("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_}), StartsWith("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_, approve("wit", request_)}), StartsWith("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_, approve("amy", request_)}), StartsWith("APPROVAL-ROLE"));
  EXPECT_THAT(refusal({bob_, approve("ben", request_)}), StartsWith("APPROVAL-ROLE"));
}

TEST_F(ApprovalTest, ObserverCountersignsWhereTheRuleSaysSo) {
  people_.quorum["ceremony"].observers = 1;
  EXPECT_THAT(refusal({ann_, bob_}), StartsWith("APPROVAL-OBSERVER"));
  EXPECT_EQ(refusal({ann_, bob_, approve("wit", request_)}), "");
}

TEST_F(ApprovalTest, ThreeOfFour) {
  people_.quorum["ceremony"].total = 3;
  EXPECT_THAT(refusal({ann_, bob_}), StartsWith("APPROVAL-QUORUM"));
  EXPECT_EQ(refusal({ann_, bob_, approve("ben", request_)}), "");
}

TEST_F(ApprovalTest, OnePersonTwice) {
  EXPECT_THAT(refusal({ann_, approve("ann", request_)}), HasSubstr("APPROVAL-TWICE"));
}

TEST_F(ApprovalTest, ForSomethingElse) {
  ApprovalRequest other = request_;
  other.zone = "xn--80ao21a.";
  EXPECT_THAT(refusal({ann_, approve("bob", other)}), HasSubstr("APPROVAL-OTHER-ZONE"));
  other = request_;
  other.act = "activation";
  EXPECT_THAT(refusal({ann_, approve("bob", other)}), HasSubstr("APPROVAL-OTHER-ACT"));
  other = request_;
  other.object = sha256_hex("something else");
  EXPECT_THAT(refusal({ann_, approve("bob", other)}), HasSubstr("APPROVAL-OTHER-OBJECT"));
}

TEST_F(ApprovalTest, OnlyWhileItIsValid) {
  const std::chrono::seconds second{1};
  request_.now = people_time - second;
  EXPECT_THAT(refusal({ann_, bob_}), HasSubstr("APPROVAL-EXPIRED"));
  request_.now = people_time + std::chrono::days{7} - second;
  EXPECT_EQ(refusal({ann_, bob_}), "");
  request_.now += second;
  EXPECT_THAT(refusal({ann_, bob_}), HasSubstr("APPROVAL-EXPIRED"));
}

TEST_F(ApprovalTest, NotForLongerThanTheLogRemembers) {
  ApprovalStatement statement = approval_of(bob_).statement;
  for (const bool too_long : {false, true}) {
    statement.until =
        statement.from + max_approval_lifetime + std::chrono::seconds{too_long ? 1 : 0};
    const std::string text = make_approval(statement, private_key("bob")).value();
    EXPECT_THAT(refusal({ann_, text}), too_long ? HasSubstr("APPROVAL-EXPIRED") : HasSubstr(""));
    EXPECT_EQ(refusal({ann_, text}).empty(), !too_long);
  }
}

TEST_F(ApprovalTest, ByPeopleWhoAreThereNow) {
  EXPECT_THAT(refusal({ann_, approve("eve", request_)}), HasSubstr("APPROVAL-PERSON: "));
  for (Person& person : people_.people) {
    if (person.name == "bob") person.expires = people_time;
  }
  EXPECT_THAT(refusal({ann_, bob_}), HasSubstr("APPROVAL-PERSON-EXPIRED"));
}

// People::check() does not let such a file in; whoever wrote one past it gains nothing.
TEST_F(ApprovalTest, NotByOneInTwoRoles) {
  for (Person& person : people_.people) {
    if (person.name == "wit") person.keys.push_back(people_.find("bob")->keys[0]);
  }
  EXPECT_THAT(refusal({ann_, bob_}), HasSubstr("APPROVAL-TWO-ROLES"));
}

TEST_F(ApprovalTest, SignedByThatPerson) {
  ApprovalStatement statement = approval_of(bob_).statement;
  const std::string by_amy = make_approval(statement, private_key("amy")).value();
  EXPECT_THAT(refusal({ann_, by_amy}), HasSubstr("APPROVAL-SIGNATURE"));
  // Another statement's signature.
  const std::string other = approve("bob", request_);
  const std::string mixed = bob_.substr(0, bob_.find("-----")) + other.substr(other.find("-----"));
  EXPECT_THAT(refusal({ann_, mixed}), HasSubstr("APPROVAL-SIGNATURE"));
  // The right octets, signed for another purpose.
  const std::string text = bob_.substr(0, bob_.find("-----"));
  const std::string git = ssh_sign(text, "git", private_key("bob")).value();
  EXPECT_THAT(refusal({ann_, text + git}), HasSubstr("APPROVAL-SIGNATURE"));
}

TEST_F(ApprovalTest, KeysOfEachType) {
  for (const char* type : {"ecdsa", "rsa2048"}) {
    const std::string key = public_key("bob", type);
    for (Person& person : people_.people) {
      if (person.name == "bob") person.keys = {key.substr(0, key.rfind(' '))};
    }
    const ApprovalStatement statement = approval_of(bob_).statement;
    const std::string text = make_approval(statement, private_key("bob", type)).value();
    EXPECT_EQ(refusal({ann_, text}), "") << type;
  }
}

// Each octet of an approval means something: no other file is as good.
TEST_F(ApprovalTest, EveryAlteredOctetIsRefused) {
  for (std::size_t at = 0; at < bob_.size(); ++at) {
    std::string wrong = bob_;
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 7)));
    const auto approval = Approval::parse(wrong, "file");
    if (!approval) {
      EXPECT_THAT(approval.error().message, HasSubstr("APPROVAL-SYNTAX")) << at;
      continue;
    }
    EXPECT_THAT(refusal({ann_, wrong}), HasSubstr("APPROVAL-")) << at;
  }
  for (std::size_t size = 0; size < bob_.size(); ++size) {
    const auto approval = Approval::parse(bob_.substr(0, size), "file");
    if (!approval) continue;
    EXPECT_THAT(refusal({ann_, bob_.substr(0, size)}), HasSubstr("APPROVAL-"));
  }
  EXPECT_THAT(refusal({ann_, bob_ + "\n"}), HasSubstr("APPROVAL-SIGNATURE"));
}

TEST_F(ApprovalTest, OneMeaningHasOneText) {
  const auto refused = [this](const std::string& from, const std::string& to) {
    std::string text = bob_;
    text.replace(text.find(from), from.size(), to);
    return !Approval::parse(text, "file").has_value();
  };
  EXPECT_TRUE(refused("zone: kz.", "zone: KZ."));
  EXPECT_TRUE(refused("zone: kz.", "zone: kz"));
  EXPECT_TRUE(refused("zone: kz.\n", "zone: kz.\r\n"));
  EXPECT_TRUE(refused("act: ceremony", "act: Ceremony"));
  EXPECT_TRUE(refused("person: bob\n", "person: bob\nperson: ann\n"));
  EXPECT_TRUE(refused("tld-approval 1", "tld-approval 2"));
  EXPECT_FALSE(refused("zone: kz.", "zone: -"));
}

TEST_F(ApprovalTest, KeyThatCannotSignIsSaid) {
  const auto text = make_approval(approval_of(bob_).statement, "/nonexistent/key");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, base::ErrorKind::refused);
}

// Catches: an act that goes ahead by the approvals of another one.
TEST_F(ApprovalTest, EachOfSeveralActsHasItsOwnPeople) {
  const std::vector<std::string> acts = {"ceremony", "activation"};
  const auto refusal_of = [&](const std::vector<std::string>& texts) {
    std::vector<Approval> approvals;
    for (const std::string& text : texts) approvals.push_back(approval_of(text));
    const auto all = check_approvals_of_acts(people_, request_, acts, approvals);
    return all ? std::to_string(all.value().size()) : all.error().message;
  };
  const ApprovalRequest activation = request_for("activation");
  const std::string amy = approve("amy", activation), ben = approve("ben", activation);
  EXPECT_EQ(refusal_of({ann_, amy, bob_, ben}), "4");
  EXPECT_THAT(refusal_of({ann_, bob_, amy}), StartsWith("APPROVAL-QUORUM: activation"));
  EXPECT_THAT(refusal_of({ann_, amy, ben}), StartsWith("APPROVAL-QUORUM: ceremony"));
  EXPECT_THAT(
      refusal_of({ann_, amy, bob_, ben, approve("ann", request_for("skr-import"))}),
      HasSubstr("APPROVAL-OTHER-ACT: it is for skr-import, wanted is ceremony or activation"));
}

}  // namespace
}  // namespace tld::keys
