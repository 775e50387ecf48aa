// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <random>

#include "dns/rdata.h"
#include "dns/text.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

Nsec3Parameters rfc5155_parameters() {
  return {12, hex("aabbccdd")};
}

// RFC 5155 appendix A.
const std::pair<const char*, const char*> rfc5155_hashes[] = {
    {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
    {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
    {"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
    {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
    {"ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
    {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
    {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
    {"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"},
    {"y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
    {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
    {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
    {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
};

TEST(Nsec3Hashing, AsInRfc5155) {
  for (const auto& [owner, hash] : rfc5155_hashes) {
    EXPECT_EQ(to_base32hex(nsec3_hash(name(owner), rfc5155_parameters())), hash) << owner;
  }
}

TEST(Nsec3Hashing, AsThePublicComZoneHasIt) {  // RFC 9276 parameters, "1 0 0 -"
  EXPECT_EQ(to_base32hex(nsec3_hash(name("com."), {})), "ck0pojmg874ljref7efn8430qvit8bsm");
}

TEST(Nsec3Hashing, AgreesWithTheDefinition) {  // RFC 5155 §5
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    const Name owner = random_name(random, 5, 0, 255);
    const Nsec3Parameters parameters{static_cast<std::uint16_t>(random() % 5),
                                     std::string(random() % 4 * 85, 's')};
    std::string expected = base::sha1(std::string(owner.wire()) + parameters.salt);
    for (int k = 0; k < parameters.iterations; ++k)
      expected = base::sha1(expected + parameters.salt);
    const Nsec3Hash hash = nsec3_hash(owner, parameters);
    ASSERT_EQ(std::string(hash.begin(), hash.end()), expected);
  }
}

TEST(Base32hex, AsInRfc4648) {  // §10, without padding and in lower case
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "co"},
      {"fo", "cpng"},
      {"foo", "cpnmu"},
      {"foob", "cpnmuog"},
      {"fooba", "cpnmuoj1"},
      {"foobar", "cpnmuoj1e8"},
  };
  for (const auto& [octets, text] : vectors) EXPECT_EQ(base32hex_text(octets), text);
}

TEST(Base32hex, HashesReadBackInEitherCase) {
  std::mt19937 random(6);
  for (int i = 0; i < 1000; ++i) {
    Nsec3Hash hash;
    for (auto& octet : hash) octet = static_cast<std::uint8_t>(random());
    std::string text = to_base32hex(hash);
    ASSERT_EQ(nsec3_hash_from_base32hex(text).value(), hash);
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    ASSERT_EQ(nsec3_hash_from_base32hex(text).value(), hash);
  }
}

TEST(Base32hex, TextOrderIsHashOrder) {
  std::mt19937 random(7);
  for (int i = 0; i < 1000; ++i) {
    Nsec3Hash a{}, b{};
    a[random() % 20] = static_cast<std::uint8_t>(random());
    b[random() % 20] = static_cast<std::uint8_t>(random());
    ASSERT_EQ(a < b, to_base32hex(a) < to_base32hex(b));
  }
}

TEST(Base32hex, RefusesWhatIsNoHash) {
  const std::string good = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom";
  ASSERT_TRUE(nsec3_hash_from_base32hex(good).has_value());
  EXPECT_FALSE(nsec3_hash_from_base32hex("").has_value());
  EXPECT_FALSE(nsec3_hash_from_base32hex(good.substr(1)).has_value());
  EXPECT_FALSE(nsec3_hash_from_base32hex(good + "0").has_value());
  for (const char wrong : {'w', 'W', 'z', '/', ':', '@', '`', '=', ' ', '\xe1', '\0'}) {
    std::string bad = good;
    bad[31] = wrong;
    EXPECT_FALSE(nsec3_hash_from_base32hex(bad).has_value()) << wrong;
  }
}

// RFC 5155 appendix A, the first NSEC3: flags 1, 12 iterations, "MX DNSKEY NS SOA NSEC3PARAM
// RRSIG".
const char* const rfc5155_nsec3 =
    "01 01 000c 04 aabbccdd 14 174eb2409fe28bcb4887a1836f957f0a8425e27b"
    "0007 22010000000290";

TEST(Nsec3, WireAsInRfc5155) {
  Nsec3 nsec3{
      true,
      rfc5155_parameters(),
      nsec3_hash_from_base32hex("2t7b4g4vsa5smi47k61mv5bv1a22bojr").value(),
      {RRType::MX, RRType::DNSKEY, RRType::NS, RRType::SOA, RRType::NSEC3PARAM, RRType::RRSIG}};
  EXPECT_EQ(base::to_hex(nsec3.wire()), base::to_hex(hex(rfc5155_nsec3)));
  const Nsec3 read = Nsec3::from_wire(nsec3.wire()).value();
  EXPECT_TRUE(read.opt_out);
  EXPECT_EQ(read.parameters, nsec3.parameters);
  EXPECT_EQ(read.next, nsec3.next);
  EXPECT_EQ(read.types, nsec3.types);
}

TEST(Nsec3, OptOutIsTheLowestFlag) {
  Nsec3 nsec3 = Nsec3::from_wire(hex(rfc5155_nsec3)).value();
  nsec3.opt_out = false;
  EXPECT_EQ(nsec3.wire()[1], 0);
  EXPECT_FALSE(Nsec3::from_wire(nsec3.wire()).value().opt_out);
}

TEST(Nsec3, RefusesHostileWire) {
  const std::string good = hex(rfc5155_nsec3);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const bool whole_without_types = size == 30;  // an NSEC3 of an empty non-terminal
    EXPECT_EQ(Nsec3::from_wire(good.substr(0, size)).has_value(), whole_without_types) << size;
  }
  EXPECT_FALSE(Nsec3::from_wire(good + '\0').has_value());
  for (const std::size_t at : {0, 1, 9}) {  // algorithm, flags, hash length
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] + 2);
    EXPECT_FALSE(Nsec3::from_wire(bad).has_value()) << at;
  }
}

TEST(Nsec3, ParamHasNoFlags) {  // RFC 5155 §4.1.2
  EXPECT_EQ(rfc5155_parameters().nsec3param_wire(), hex("01 00 000c 04 aabbccdd"));
  EXPECT_EQ(Nsec3Parameters().nsec3param_wire(), hex("01 00 0000 00"));
}

}  // namespace
}  // namespace tld::dns
