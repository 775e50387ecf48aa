// SPDX-License-Identifier: GPL-2.0-only
#include "keys/people.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/bytes.h"
#include "keys/ssh_public_key.h"
#include "tests/unit/keys/people_for_tests.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::people_from;
using testing::people_time;
using testing::person_yaml;
using testing::public_key;
using testing::rule_broken;
using testing::six_people;

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string lines_of(const std::string& name) {
  return "  - name: " + name + "\n";
}

TEST(People, SixAreRead) {
  const People people = people_from(six_people());
  ASSERT_EQ(people.people.size(), 6U);
  EXPECT_EQ(people.find("amy")->role, Role::crypto_officer);
  EXPECT_EQ(people.find("ben")->role, Role::crypto_operator);
  EXPECT_EQ(people.find("win")->role, Role::observer);
  EXPECT_EQ(people.find("zoe"), nullptr);
  EXPECT_TRUE(people.check_at(people_time));
  EXPECT_EQ(people.rule_for("ceremony"), (QuorumRule{1, 1, 0, 2, 0}));
  EXPECT_EQ(people.rule_for("key-transfer"), (QuorumRule{0, 0, 1, 1, 0}));
}

TEST(People, NobodyIsThereTwiceOrInTwoRoles) {
  EXPECT_EQ(rule_broken(six_people() + person_yaml("ann", "crypto-officer")), "PEOPLE-TWICE");
  EXPECT_EQ(rule_broken(six_people() + person_yaml("ann", "crypto-operator")), "PEOPLE-TWO-ROLES");
  // The same person under another name: the key tells.
  const std::string key = public_key("ann");
  const std::string other_name = with(person_yaml("eve", "observer"), public_key("eve"), key);
  EXPECT_EQ(rule_broken(six_people() + other_name), "PEOPLE-TWO-ROLES");
  const std::string same_role = with(person_yaml("eve", "crypto-officer"), public_key("eve"),
                                     public_key("eve") + ", " + key.substr(0, key.rfind(' ')));
  EXPECT_EQ(rule_broken(six_people() + same_role), "PEOPLE-TWICE");
}

TEST(People, EachRoleHasTwo) {
  EXPECT_EQ(rule_broken("people:\n" + person_yaml("ann", "SO")), "PEOPLE-FEW");
  for (const char* role : {"SO", "SA", "WI"}) {
    EXPECT_EQ(
        rule_broken(with(
            six_people(), std::string("role: ") + role,
            role == std::string("WI") ? "role: SO\n    observer-since: 2025-01-01" : "role: WI")),
        "PEOPLE-FEW");
  }
}

TEST(People, TwoOfEachRoleAreValidNow) {
  const People people = people_from(six_people());
  EXPECT_THAT(people.check_at(base::Time{}).error().message, HasSubstr("PEOPLE-EXPIRED"));
  const auto late = std::chrono::sys_days{std::chrono::year{2028} / 1 / 1};
  EXPECT_TRUE(people.check_at(late - std::chrono::seconds{1}));
  EXPECT_THAT(people.check_at(late).error().message, HasSubstr("PEOPLE-EXPIRED"));
  const People one = people_from(with(six_people(), "expires: 2028", "expires: 2027"));
  EXPECT_THAT(one.check_at(people_time).error().message,
              HasSubstr("of crypto-officer 1 people are valid now"));
}

TEST(People, ObserverFirst) {
  const std::string since = "    observer-since: 2025-06-01\n";
  EXPECT_EQ(rule_broken(with(six_people(), since, "")), "PEOPLE-OBSERVER-FIRST");
  EXPECT_EQ(rule_broken(with(six_people(), since, "    observer-since: 2026-01-01\n")),
            "PEOPLE-OBSERVER-FIRST");
  EXPECT_EQ(rule_broken("observer-first: no\n" + with(six_people(), since, "")), "");
}

TEST(People, FaultsAreNamed) {
  const std::string all = six_people();
  EXPECT_EQ(rule_broken(with(all, "name: ann", "name: Ann")), "PEOPLE-NAME");
  EXPECT_EQ(rule_broken(with(all, "name: ann", "name: 'a\" b'")), "PEOPLE-NAME");
  EXPECT_EQ(rule_broken(with(all, "role: SO", "role: boss")), "PEOPLE-ROLE");
  EXPECT_EQ(rule_broken(with(all, "expires: 2028-01-01", "expires: 2026-01-01")), "PEOPLE-DATES");
  EXPECT_THAT(rule_broken(with(all, "expires: 2028-01-01", "expires: 2028-02-30")),
              HasSubstr("is not a day"));
  EXPECT_EQ(rule_broken("version: 2\n" + all), "PEOPLE-VERSION");
  EXPECT_EQ(rule_broken("previous: " + std::string(64, 'a') + "\n" + all), "PEOPLE-VERSION");
  EXPECT_EQ(rule_broken(all + "audit: {online: P59D}\n"), "PEOPLE-RETENTION");
  EXPECT_EQ(rule_broken(all + "audit: {online: P400D, archive: P399D}\n"), "PEOPLE-RETENTION");
  EXPECT_EQ(rule_broken(all + "audit: {online: P60D, archive: P60D}\n"), "");
  EXPECT_THAT(rule_broken(all + "more: x\n"), HasSubstr("no such setting"));
}

TEST(People, QuorumCanBeMetAndNotByOneAlone) {
  const auto broken = [](const std::string& rule) {
    return rule_broken(six_people() + "quorum:\n  activation: {" + rule + "}\n");
  };
  EXPECT_EQ(broken("total: 2 of 5"), "");
  EXPECT_EQ(broken("total: 2 of 4"), "");
  EXPECT_EQ(broken("total: 2 of 3"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("total: 5"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("crypto-officer: 3"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("observer: 3"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("total: 1"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("crypto-officer: 0, total: 1"), "PEOPLE-QUORUM");
  EXPECT_EQ(broken("crypto-officer: 0, crypto-operator: 0, total: 0, observer: 2"),
            "PEOPLE-QUORUM");
  EXPECT_EQ(broken("crypto-officer: 0, crypto-operator: 0, total: 1, observer: 1"), "");
  EXPECT_THAT(broken("total: two"), HasSubstr("is not a number"));
  EXPECT_THAT(rule_broken(six_people() + "quorum: {dance: {total: 2}}\n"),
              HasSubstr("no such setting"));
}

TEST(People, DefaultRuleIsForAllThatSayNothing) {
  const People people = people_from(
      six_people() + "quorum:\n  default: {observer: 1}\n  activation: {total: 3 of 5}\n");
  EXPECT_EQ(people.rule_for("ceremony"), (QuorumRule{1, 1, 1, 2, 0}));
  EXPECT_EQ(people.rule_for("activation"), (QuorumRule{1, 1, 1, 3, 5}));
}

TEST(People, NextVersionFollowsTheOneBefore) {
  const People one = people_from(six_people());
  const auto next = [&one](const std::string& people) {
    return people_from(fmt::format("version: 2\nprevious: {}\n{}", one.sha256, people));
  };
  const auto fault = [&one](const People& two) {
    const auto status = check_succession(one, two);
    return status ? std::string() : status.error().message;
  };
  EXPECT_EQ(fault(next(six_people())), "");
  EXPECT_EQ(fault(next(six_people() + person_yaml("zoe", "observer"))), "");
  EXPECT_THAT(fault(next(six_people() + person_yaml("zoe", "crypto-officer"))),
              HasSubstr("PEOPLE-OBSERVER-FIRST: zoe"));
  People other = next(six_people());
  other.previous[0] = other.previous[0] == 'a' ? 'b' : 'a';
  EXPECT_THAT(fault(other), HasSubstr("PEOPLE-PREVIOUS"));
  other = next(six_people());
  other.version = 3;
  EXPECT_THAT(fault(other), HasSubstr("PEOPLE-PREVIOUS"));
  const std::string promoted = six_people() + person_yaml("wyn", "WI") + person_yaml("wes", "WI");
  const std::string wit = lines_of("wit") + "    role: observer\n";
  const std::string officer = lines_of("wit") + "    role: SO\n    observer-since: 2025-01-01\n";
  EXPECT_THAT(fault(next(with(promoted, wit, officer))), HasSubstr("PEOPLE-ROLES-BEFORE: wit"));
  EXPECT_EQ(fault(next(with(promoted, wit, officer + "    previous-roles: [WI]\n"))), "");
}

// --- keys ---

TEST(SshPublicKey, TypesOfOpenSsh) {
  for (const char* type : {"ed25519", "ecdsa", "rsa2048"}) {
    const std::string text = public_key("key", type);
    const auto key = canonical_ssh_key(text);
    ASSERT_TRUE(key) << type << ": " << key.error().message;
    EXPECT_EQ(key.value(), text.substr(0, text.rfind(' ')));
  }
  EXPECT_THAT(canonical_ssh_key(public_key("key", "rsa1024")).error().message,
              HasSubstr("this one has 1024"));
}

std::string wire_string(const std::string& text) {
  const auto size = static_cast<char>(text.size());
  return std::string("\0\0\0", 3) + size + text;
}

TEST(SshPublicKey, KeysInSecurityKeys) {
  const std::string type = "sk-ssh-ed25519@openssh.com";
  const std::string key = wire_string(type) + wire_string(std::string(32, 'k'));
  const auto accepted = [&type](const std::string& octets) {
    return canonical_ssh_key(type + " " + base::to_base64(octets)).has_value();
  };
  EXPECT_TRUE(accepted(key + wire_string("ssh:")));
  EXPECT_FALSE(accepted(key));
  EXPECT_FALSE(accepted(key + wire_string("ssh:") + "x"));
}

TEST(SshPublicKey, MalformedOnesAreRefused) {
  const std::string right = public_key("key");
  const std::string octets = base::from_base64(right.substr(12, 68)).value();
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(canonical_ssh_key("ssh-ed25519 " + base::to_base64(octets.substr(0, size))));
  }
  for (const std::string& text :
       {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 "), "ssh-dss" + right,
        "ecdsa-sha2-nistp256" + right.substr(11), "ssh-rsa" + right.substr(11), " " + right,
        "ssh-ed25519  " + right.substr(12), "cert-authority " + right,
        std::string("ssh-ed25519-cert-v01@openssh.com AAAA")}) {
    EXPECT_FALSE(canonical_ssh_key(text)) << text;
  }
}

}  // namespace
}  // namespace tld::keys
