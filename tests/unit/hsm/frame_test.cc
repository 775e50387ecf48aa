// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/frame.h"

#include <gtest/gtest.h>

namespace tld::hsm {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

Request sign_request() {
  return {.kind = Kind::sign,
          .id = 0x0102030405060708,
          .remaining = milliseconds(1500),
          .key = "key",
          .message = "message\0with zero"s};
}

std::string body_of(const std::string& frame) {
  return frame.substr(4);
}

TEST(Frame, RequestsComeBackAsTheyWere) {
  const auto back = decode_request(body_of(encode(sign_request())));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back.value().kind, Kind::sign);
  EXPECT_EQ(back.value().id, 0x0102030405060708U);
  EXPECT_EQ(back.value().remaining, milliseconds(1500));
  EXPECT_EQ(back.value().key, "key");
  EXPECT_EQ(back.value().message, "message\0with zero"s);
}

// Both ends must agree on octets, not only with themselves: an old client meets a new tld-hsmd.
TEST(Frame, OctetsOnTheWireAreFixed) {
  EXPECT_EQ(encode(Request{.kind = Kind::prove,
                           .id = 2,
                           .remaining = milliseconds(258),
                           .key = "k",
                           .message = "n"}),
            "\0\0\0\x12\x01\x02\0\0\0\0\0\0\0\x02\0\0\x01\x02\0\x01kn"s);
  EXPECT_EQ(encode(Reply{Kind::sign, 2, {}, "s"}), "\0\0\0\x0c\x01\x81\0\0\0\0\0\0\0\x02\0s"s);
  EXPECT_EQ(encode(Reply{Kind::sign, 2, base::ErrorKind::refused, "no"}),
            "\0\0\0\x0d\x01\x81\0\0\0\0\0\0\0\x02\x03no"s);
}

TEST(Frame, RepliesCarryEveryErrorKind) {
  for (const auto kind :
       {base::ErrorKind::invalid_input, base::ErrorKind::not_found, base::ErrorKind::refused,
        base::ErrorKind::unavailable, base::ErrorKind::timed_out, base::ErrorKind::internal}) {
    auto back = decode_reply(body_of(encode(Reply{Kind::list, 9, kind, "why"})));
    ASSERT_TRUE(back.has_value());
    const auto result = std::move(back.value()).result();
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().kind, kind);
    EXPECT_EQ(result.error().message, "why");
  }
}

TEST(Frame, RefusesCutOffAndForeignFrames) {
  const std::string good = body_of(encode(sign_request()));
  for (std::size_t size = 0; size < 10 + 4 + 2 + 3; ++size) {
    EXPECT_TRUE(decode_request(good.substr(0, size)).has_error()) << size;
  }
  std::string other = good;
  other[0] = 2;  // version
  EXPECT_TRUE(decode_request(other).has_error());
  for (const char kind : {'\0', '\x05', '\x81', '\xff'}) {
    other = good;
    other[1] = kind;
    EXPECT_TRUE(decode_request(other).has_error());
  }
  EXPECT_TRUE(decode_request(body_of(encode(Request{.kind = Kind::list})) + "x").has_error());
  EXPECT_TRUE(decode_reply(good).has_error());
  EXPECT_TRUE(
      decode_reply(body_of(encode(Reply{Kind::sign, 1, {}, ""})).substr(0, 10)).has_error());
  std::string status = body_of(encode(Reply{Kind::sign, 1, {}, ""}));
  status[10] = 7;
  EXPECT_TRUE(decode_reply(status).has_error());
}

TEST(Frame, KeysAndHealthComeBackAsTheyWere) {
  const std::vector<KeyInfo> keys{
      {"id1", "label", {Algorithm::ecdsap256sha256, std::string(64, 'p')}},
      {"", "", {Algorithm::rsasha256, std::string(600, 'r')}}};
  const auto back = decode_keys(encode(keys));
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back.value().size(), 2U);
  EXPECT_EQ(back.value()[0].label, "label");
  EXPECT_EQ(back.value()[1].public_key, keys[1].public_key);
  EXPECT_TRUE(decode_keys(encode(keys).substr(1)).has_error());
  EXPECT_TRUE(decode_keys("\0\0\0\0\x07\0\0"s).has_error());  // algorithm 7
  const Health health{true, true, "detail", 4, 7, 123'456'789'012};
  const auto read = decode_health(encode(health));
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read.value().logged_in);
  EXPECT_EQ(read.value().detail, "detail");
  EXPECT_EQ(read.value().sessions, 4U);
  EXPECT_EQ(read.value().queued, 7U);
  EXPECT_EQ(read.value().signatures, 123'456'789'012U);
  EXPECT_TRUE(decode_health("\x01\0\0"s).has_error());
}

TEST(FrameReader, CutsAStreamThatComesInSinglesOctets) {
  const std::string stream =
      encode(sign_request()) + encode(Request{.kind = Kind::health}) + encode(sign_request());
  FrameReader reader;
  std::size_t frames = 0;
  for (const char octet : stream) {
    reader.add({&octet, 1});
    const auto frame = reader.next();
    ASSERT_TRUE(frame.has_value());
    if (!frame.value()) continue;
    EXPECT_TRUE(decode_request(*frame.value()).has_value());
    ++frames;
  }
  EXPECT_EQ(frames, 3U);
}

TEST(FrameReader, RefusesImpossibleLengthsBeforeTheyFillMemory) {
  for (const std::string& start : {"\0\0\0\x09"s, "\0\0\0\0"s, "\xff\xff\xff\xff"s, "HTTP"s}) {
    FrameReader reader;
    reader.add(start);
    EXPECT_TRUE(reader.next().has_error());
  }
}

}  // namespace
}  // namespace tld::hsm
