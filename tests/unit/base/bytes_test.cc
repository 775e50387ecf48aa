// SPDX-License-Identifier: GPL-2.0-only
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace tld::base {
namespace {

using namespace std::string_literals;

struct TextVector {
  std::string octets, base64, hex;
};

// RFC 4648 §10.
const TextVector rfc4648[] = {
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
};

TEST(Bytes, Base64AsInRfc4648) {
  for (const auto& vector : rfc4648) {
    EXPECT_EQ(to_base64(vector.octets), vector.base64);
    EXPECT_EQ(from_base64(vector.base64).value(), vector.octets);
  }
}

TEST(Bytes, Base16AsInRfc4648) {
  for (const auto& vector : rfc4648) {
    EXPECT_EQ(to_hex(vector.octets), vector.hex);
    EXPECT_EQ(from_hex(vector.hex).value(), vector.octets);
  }
  EXPECT_EQ(from_hex("0aFf").value(), "\x0a\xff");
}

TEST(Bytes, EveryOctetSurvivesBothForms) {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
  EXPECT_EQ(from_hex(to_hex(all)).value(), all);
  EXPECT_EQ(from_base64(to_base64(all)).value(), all);
}

TEST(Bytes, RefusesWhatIsNotBase64) {
  // Length, alphabet, padding that is missing, misplaced or too long, spaces that OpenSSL skips,
  // and bits behind the last octet (RFC 4648 §3.5).
  for (const auto& text : {"Z"s, "Zg"s, "Zg="s, "Zg=a"s, "=Zg="s, "Z==="s, "===="s, "Zm9v===="s,
                           " Zg=="s, "Zg==\n"s, "Zm9-"s, "Zm\0v"s, "Zh=="s, "Zm9="s, "Zg==Zg=="s}) {
    const auto octets = from_base64(text);
    ASSERT_FALSE(octets.has_value()) << text;
    EXPECT_EQ(octets.error().kind, ErrorKind::invalid_input);
  }
}

TEST(Bytes, RefusesWhatIsNotBase16) {
  for (const auto& text : {"6"s, "666"s, "6g"s, "g6"s, "0x"s, " 6"s, "6\0"s}) {
    EXPECT_FALSE(from_hex(text).has_value()) << text;
  }
  EXPECT_FALSE(
      from_hex(std::string_view("66").substr(0, 1)).has_value());  // nothing behind it is read
}

// "abc" of FIPS 180-2 appendices A.1, B.1 and D.1.
TEST(Bytes, DigestsAsInFips180) {
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(as_octets(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha384("abc")),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
}

TEST(Bytes, DigestsTakeNulOctets) {
  EXPECT_NE(sha1("a\0b"s), sha1("a"s));
}

}  // namespace
}  // namespace tld::base
