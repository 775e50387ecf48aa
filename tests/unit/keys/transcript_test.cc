// SPDX-License-Identifier: GPL-2.0-only
#include "keys/transcript.h"

#include <gmock/gmock.h>

#include "tests/unit/keys/people_for_tests.h"
#include "tests/unit/keys/record_directory.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::people_time;

class TranscriptTest : public ::testing::Test {
 protected:
  TranscriptTest() {
    auto made = Transcript::create(
        directory_ / "t", {"kz.", "KSK ceremony 1", sha256_hex("script"), "root"}, people_time);
    EXPECT_TRUE(made) << made.error().message;
    Transcript transcript = std::move(made).value();
    TranscriptStep step;
    step.name = "sign-ksr";
    step.inputs = {{"kz.ksr", sha256_hex("ksr")}};
    step.outputs = {{"kz.skr", sha256_hex("skr")}};
    step.approvals = {{"ann", Role::crypto_officer, sha256_hex("ann")}};
    step.note = "key tag 4711 \x1b[31m";
    EXPECT_TRUE(transcript.append(step, people_time));
    EXPECT_TRUE(transcript.end("done", people_time + std::chrono::hours{1}));
    head_ = transcript.head().hash;
    text_ = directory_.read("t");
  }
  std::string fault(const std::string& text, const std::string& head = "") const {
    const auto lines = read_transcript(text, "t", head);
    return lines ? "" : lines.error().message;
  }
  testing::RecordDirectory directory_;
  std::string head_, text_;
};

TEST_F(TranscriptTest, SaysWhatWasDone) {
  const auto lines = read_transcript(text_, "t", head_);
  ASSERT_TRUE(lines) << lines.error().message;
  EXPECT_EQ(transcript_text(lines.value()),
            "kz.: KSK ceremony 1\n  script SHA-256 " + sha256_hex("script") +
                "\n2027-01-15T08:00:00Z begun by root\n"
                "2027-01-15T08:00:00Z sign-ksr: done: key tag 4711 ?[31m\n"
                "    in   kz.ksr  SHA-256 " +
                sha256_hex("ksr") + "\n    out  kz.skr  SHA-256 " + sha256_hex("skr") +
                "\n    approved by ann, crypto-officer\n2027-01-15T09:00:00Z ended: done\n");
}

TEST_F(TranscriptTest, EveryAlteredOctetIsFoundAndNamed) {
  for (std::size_t at = 0; at < text_.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string wrong = text_;
      wrong[at] = static_cast<char>(wrong[at] ^ (1 << bit));
      EXPECT_THAT(fault(wrong, head_), HasSubstr("TRANSCRIPT-")) << at;
    }
  }
}

TEST_F(TranscriptTest, EveryCutIsFoundWithoutAHeadToo) {
  for (std::size_t size = 0; size < text_.size(); ++size) {
    EXPECT_THAT(fault(text_.substr(0, size)), HasSubstr("TRANSCRIPT-CUT")) << size;
  }
  EXPECT_EQ(fault(text_), "");
  const std::size_t second = text_.find('\n') + 1;
  EXPECT_THAT(fault(text_.substr(second)), HasSubstr("TRANSCRIPT-SEQUENCE"));
  EXPECT_THAT(fault(text_ + text_.substr(0, second)), HasSubstr("TRANSCRIPT-CUT"));
}

// The chain can be made anew by anybody; the head cannot.
TEST_F(TranscriptTest, AnotherWholeTranscriptHasAnotherHead) {
  auto other =
      Transcript::create(directory_ / "u", {"kz.", "KSK ceremony 1", "", "root"}, people_time);
  ASSERT_TRUE(other);
  ASSERT_TRUE(other.value().end("done", people_time));
  EXPECT_EQ(fault(directory_.read("u")), "");
  EXPECT_THAT(fault(directory_.read("u"), head_), HasSubstr("TRANSCRIPT-HEAD"));
}

TEST_F(TranscriptTest, LinesOfNoSuchKindAreRefused) {
  const Json begin = {{"kind", "begin"}, {"time", "2027-01-15T08:00:00Z"},
                      {"zone", ""},      {"title", ""},
                      {"script", ""},    {"identity", ""}};
  const Json end = {{"kind", "end"}, {"time", "2027-01-15T08:00:00Z"}, {"result", ""}};
  const auto two = [](const Json& one, const Json& other) {
    const std::string first = chained_line({}, one);
    return first + "\n" + chained_line({1, sha256_hex(first)}, other) + "\n";
  };
  EXPECT_EQ(fault(two(begin, end)), "");
  EXPECT_THAT(fault(two(begin, begin)), HasSubstr("TRANSCRIPT-SYNTAX"));
  EXPECT_THAT(fault(two(end, end)), HasSubstr("TRANSCRIPT-SYNTAX"));
  for (const Json& wrong : {Json{{"kind", "end"}}, Json{{"kind", 7}},
                            Json{{"kind", "end"}, {"time", "now"}, {"result", ""}},
                            Json{{"kind", "end"}, {"time", 1}, {"result", ""}}, Json::object()}) {
    EXPECT_THAT(fault(two(begin, wrong)), HasSubstr("TRANSCRIPT-SYNTAX")) << wrong.dump();
  }
}

TEST_F(TranscriptTest, NoTranscriptIsWrittenOver) {
  const auto again = Transcript::create(directory_ / "t", {}, people_time);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, base::ErrorKind::refused);
  EXPECT_EQ(directory_.read("t"), text_);
}

}  // namespace
}  // namespace tld::keys
