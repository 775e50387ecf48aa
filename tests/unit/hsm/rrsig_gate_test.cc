// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/rrsig_gate.h"

#include <gtest/gtest.h>

#include <functional>

#include "hsm/proof.h"
#include "tests/contract/rrsig_input.h"

namespace tld::hsm {
namespace {

using namespace std::string_literals;
using test::RrsigInput;

constexpr std::chrono::seconds day{86'400};
const GateZone kz{"\x02kz\x00"s, 31 * day};
const GateZone com_kz{
    "\x03"
    "com\x02kz\x00"s,
    31 * day};

// "" when it passes, else the name of the check.
std::string gate(const std::string& message, base::Time now,
                 std::vector<GateZone> zones = {kz, com_kz}) {
  const auto status = check_rrsig_input(message, Algorithm::ecdsap256sha256, zones, now);
  if (status.has_value()) return "";
  EXPECT_EQ(status.error().kind, base::ErrorKind::refused);
  return status.error().message.substr(0, status.error().message.find(':'));
}

std::string gate(const RrsigInput& input) {
  return gate(input.octets(), input.now);
}

std::string after(const std::function<void(RrsigInput&)>& change) {
  RrsigInput input;
  change(input);
  return gate(input);
}

TEST(RrsigGate, LetsRrsetsOfItsZonesThrough) {
  EXPECT_EQ(gate(RrsigInput{}), "");
  EXPECT_EQ(after([](auto& i) { i.owner = i.signer; }), "");
  EXPECT_EQ(after([](auto& i) { i.owner = "\x01*\x02kz\x00"s; }), "");
  EXPECT_EQ(after([](auto& i) { i.rdata = {"\x01\x01\x01\x01", "\x01\x01\x01\x02"}; }), "");
  EXPECT_EQ(after([](auto& i) { i.rdata = {"\x01", "\x01\x01"}; }), "");
  EXPECT_EQ(after([](auto& i) { i.rdata = {""}; }), "");
  EXPECT_EQ(after([](auto& i) { i.type = 65'280; }), "");  // private use (RFC 6895)
  EXPECT_EQ(after([](auto& i) { i.signer = com_kz.apex, i.owner = "\x01x"s + com_kz.apex; }), "");
}

TEST(RrsigGate, LetsTheRootThrough) {
  RrsigInput input;
  input.signer = "\0"s;
  input.owner = "\0"s;
  EXPECT_EQ(gate(input.octets(), input.now, {{"\0"s, 31 * day}}), "");
}

// The KSK's records, and types that are never signed: a stolen server could else sign new keys.
TEST(RrsigGate, Type) {
  for (const std::uint16_t type : {0, 41, 46, 48, 59, 60, 128, 249, 250, 251, 252, 255, 65535}) {
    EXPECT_EQ(after([&](auto& i) { i.type = type; }), "RRSIG-TYPE") << type;
  }
}

TEST(RrsigGate, Algorithm) {
  EXPECT_EQ(after([](auto& i) { i.algorithm = Algorithm::rsasha256; }), "RRSIG-ALGORITHM");
  EXPECT_EQ(after([](auto& i) { i.algorithm = static_cast<Algorithm>(5); }), "RRSIG-ALGORITHM");
}

TEST(RrsigGate, Signer) {
  EXPECT_EQ(after([](auto& i) { i.signer = "\x02zz\x00"s; }), "RRSIG-SIGNER");
  EXPECT_EQ(after([](auto& i) { i.signer = "\0"s; }), "RRSIG-SIGNER");
  EXPECT_EQ(after([](auto& i) { i.signer = "\x03www\x02kz\x00"s; }), "RRSIG-SIGNER");
  EXPECT_EQ(gate(RrsigInput{}.octets(), RrsigInput{}.now, {com_kz}), "RRSIG-SIGNER");
  EXPECT_EQ(after([](auto& i) { i.signer = "\x02KZ\x00"s; }), "RRSIG-FORM");  // upper case
}

TEST(RrsigGate, Validity) {
  EXPECT_EQ(after([](auto& i) { i.inception = i.expiration + std::chrono::seconds(1); }),
            "RRSIG-VALIDITY");
  EXPECT_EQ(after([](auto& i) { i.inception = i.expiration = std::chrono::seconds(60); }), "");
  EXPECT_EQ(after([](auto& i) { i.inception = -day, i.expiration = 30 * day; }), "");
  EXPECT_EQ(
      after([](auto& i) { i.inception = -day, i.expiration = 30 * day + std::chrono::seconds(1); }),
      "RRSIG-VALIDITY");
}

TEST(RrsigGate, Expired) {
  EXPECT_EQ(after([](auto& i) { i.inception = -day, i.expiration = {}; }), "RRSIG-EXPIRED");
  EXPECT_EQ(after([](auto& i) { i.expiration = std::chrono::seconds(1); }), "");
}

// Signatures for next year, made today, would outlive any revocation of the token.
TEST(RrsigGate, Ahead) {
  using std::chrono::seconds;
  const seconds tolerance = std::chrono::minutes(5);
  EXPECT_EQ(after([&](auto& i) { i.inception = tolerance; }), "");
  EXPECT_EQ(after([&](auto& i) { i.inception = tolerance + seconds(1); }), "RRSIG-AHEAD");
  EXPECT_EQ(after([&](auto& i) { i.inception = tolerance, i.expiration = 31 * day; }), "");
  EXPECT_EQ(after([&](auto& i) { i.inception = 13 * day; }), "RRSIG-AHEAD");
}

// 2106: 32-bit times start at zero again (RFC 4034 §3.1.5, RFC 1982).
TEST(RrsigGate, TimesAreSerialNumbers) {
  RrsigInput input;
  input.now = base::Time{std::chrono::seconds{0xffffffffLL - 10}};
  EXPECT_EQ(gate(input), "");
  input.expiration = std::chrono::seconds(-5);
  EXPECT_EQ(gate(input), "RRSIG-EXPIRED");
}

TEST(RrsigGate, Owner) {
  EXPECT_EQ(after([](auto& i) { i.owner = "\x03www\x02zz\x00"s; }), "RRSIG-OWNER");
  EXPECT_EQ(after([](auto& i) { i.owner = "\0"s; }), "RRSIG-OWNER");
  EXPECT_EQ(after([](auto& i) { i.owner = "\x03wkz\x00"s; }), "RRSIG-OWNER");  // suffix of octets
  EXPECT_EQ(after([](auto& i) { i.owner = "\x04x\x02kz\x00"s; }), "RRSIG-OWNER");
}

TEST(RrsigGate, Labels) {
  EXPECT_EQ(after([](auto& i) { i.labels = std::uint8_t{1}; }), "RRSIG-LABELS");
  EXPECT_EQ(after([](auto& i) { i.labels = std::uint8_t{3}; }), "RRSIG-LABELS");
  EXPECT_EQ(after([](auto& i) { i.owner = "\x01*\x02kz\x00"s, i.labels = std::uint8_t{2}; }),
            "RRSIG-LABELS");
}

TEST(RrsigGate, Rrset) {
  EXPECT_EQ(after([](auto& i) { i.rdata = {"\x02", "\x01"}; }), "RRSIG-RRSET");
  EXPECT_EQ(after([](auto& i) { i.rdata = {"\x01", "\x01"}; }), "RRSIG-RRSET");
  EXPECT_EQ(after([](auto& i) { i.rdata = {"\x01\x01", "\x01"}; }), "RRSIG-RRSET");
  const std::string good = RrsigInput{}.octets();
  const std::size_t rr = 18 + 4;                                 // header, signer
  const std::size_t type = rr + 8;                               // owner
  for (const std::size_t at : {type + 1, type + 3, type + 7}) {  // type, class, TTL
    std::string wrong = good;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    EXPECT_EQ(gate(wrong, RrsigInput{}.now), "RRSIG-RRSET") << at;
  }
  // A second RR of another owner behind a good one.
  RrsigInput other;
  other.owner = "\x03wwx\x02kz\x00"s;
  other.rdata = {"\xff"};
  EXPECT_EQ(gate(good + other.octets().substr(rr), RrsigInput{}.now), "RRSIG-RRSET");
}

TEST(RrsigGate, Form) {
  const RrsigInput input;
  const std::string good = input.octets();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(gate(good.substr(0, size), input.now), "") << size;
  }
  EXPECT_NE(gate(good + '\0', input.now), "");
  EXPECT_EQ(after([](auto& i) { i.rdata = {}; }), "RRSIG-FORM");  // no RR at all
  EXPECT_EQ(after([](auto& i) { i.owner = "\x03WWW\x02kz\x00"s; }), "RRSIG-FORM");
  EXPECT_EQ(after([](auto& i) { i.owner = "\xc0\x0c"s; }), "RRSIG-FORM");
}

// A proof of possession must never pass as RRSIG input, nor the other way round.
TEST(RrsigGate, ProofsNeverPass) {
  EXPECT_EQ(gate(proof_message(std::string(64, '\0')), RrsigInput{}.now), "RRSIG-TYPE");
  const std::string proof = proof_message(RrsigInput{}.octets().substr(0, 64));
  EXPECT_EQ(proof.substr(0, 4), "\xff\xff\xff\xff");
  EXPECT_EQ(proof.substr(4, 8), "pdns-tld");
}

}  // namespace
}  // namespace tld::hsm
