// SPDX-License-Identifier: GPL-2.0-only
#include "keys/transcript.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

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

// All that the script may name, and a note that takes six octets for one.
TEST_F(TranscriptTest, TheLargestLineOfAScriptFits) {
  auto made = Transcript::create(directory_ / "u", {"kz.", "", "", "root"}, people_time);
  ASSERT_TRUE(made);
  TranscriptStep step;
  step.name = "sign-ksr";
  for (int i = 0; i < 130; ++i) {
    step.inputs[std::to_string(100 + i) + std::string(97, 'x')] = sha256_hex("");
  }
  for (int i = 0; i < 40; ++i) {
    step.approvals.push_back({std::string(20, 'a'), Role::crypto_operator, sha256_hex("ann")});
  }
  step.note = std::string(max_note, '\x1b');
  ASSERT_TRUE(made.value().append(step, people_time));
  ASSERT_TRUE(made.value().end("done", people_time));
  const auto lines = read_transcript(directory_.read("u"), "u");
  ASSERT_TRUE(lines) << lines.error().message;
  EXPECT_EQ(lines.value()[1]["inputs"].size(), 130U);
  EXPECT_EQ(lines.value()[1]["approvals"].size(), 40U);
  EXPECT_EQ(lines.value()[1]["note"], step.note);
}

// What was done is in the transcript, whatever it was.
TEST_F(TranscriptTest, ALineThatWouldBeTooLongSaysLess) {
  auto made = Transcript::create(directory_ / "u", {"kz.", "", "", "root"}, people_time);
  ASSERT_TRUE(made);
  TranscriptStep step;
  step.name = "sign-ksr";
  for (int i = 0; i < 1000; ++i) step.inputs[std::to_string(i)] = sha256_hex("");
  step.outputs = {{"kz.skr", sha256_hex("skr")}};
  step.result = "failed";
  step.note = "\u00fc" + std::string(max_note - 3, 'n') + "\u00fc";
  ASSERT_TRUE(made.value().append(step, people_time));
  ASSERT_TRUE(made.value().end("failed", people_time));
  const auto lines = read_transcript(directory_.read("u"), "u", made.value().head().hash);
  ASSERT_TRUE(lines) << lines.error().message;
  EXPECT_EQ(lines.value()[1]["name"], "sign-ksr");
  EXPECT_EQ(lines.value()[1]["result"], "failed");
  const std::string note = lines.value()[1]["note"].get<std::string>();
  EXPECT_THAT(note, HasSubstr("1000 inputs, 1 outputs, 0 approvals. \u00fcnnn"));
  EXPECT_THAT(note, ::testing::EndsWith("nnn..."));
}

TEST_F(TranscriptTest, IsWatchedBetweenItsLines) {
  auto made = Transcript::create(directory_ / "u", {"kz.", "", "", "root"}, people_time);
  ASSERT_TRUE(made);
  const auto fault_now = [&made] {
    const auto ready = made.value().check_ready();
    return ready ? "" : ready.error().message;
  };
  const std::string begin = directory_.read("u");
  EXPECT_EQ(fault_now(), "");
  std::filesystem::rename(directory_ / "u", directory_ / "v");
  EXPECT_THAT(fault_now(), HasSubstr("TRANSCRIPT-MOVED"));
  directory_.write("u", begin);  // the same octets in another file
  EXPECT_THAT(fault_now(), HasSubstr("TRANSCRIPT-MOVED"));
  std::filesystem::rename(directory_ / "v", directory_ / "u");
  EXPECT_EQ(fault_now(), "");
  directory_.write("u", begin + "x");
  EXPECT_THAT(fault_now(), HasSubstr("TRANSCRIPT-MOVED"));
  std::filesystem::remove(directory_ / "u");
  std::filesystem::create_symlink("u", directory_ / "u");
  EXPECT_THAT(fault_now(), HasSubstr("TRANSCRIPT-MOVED"));
}

// No file may grow beyond `octets` while it lives.
class FullDisk {
 public:
  explicit FullDisk(std::size_t octets) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit less = {octets, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &less), 0);
  }
  ~FullDisk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(TranscriptTest, ADiskThatIsFullLeavesNoPartOfALine) {
  auto made = Transcript::create(directory_ / "u", {"kz.", "", "", "root"}, people_time);
  ASSERT_TRUE(made);
  const std::string begin = directory_.read("u");
  const ChainLink head = made.value().head();
  {
    const FullDisk full(begin.size() + 10);
    EXPECT_FALSE(made.value().append({"sign-ksr", {}, {}, {}, "done", ""}, people_time));
  }
  EXPECT_EQ(directory_.read("u"), begin);
  EXPECT_EQ(made.value().head(), head);
  EXPECT_TRUE(made.value().check_ready());
  ASSERT_TRUE(made.value().end("failed", people_time));
  EXPECT_EQ(fault(directory_.read("u")), "");
}

TEST_F(TranscriptTest, ADiskThatIsFullAtTheBeginningHasNoTranscript) {
  {
    const FullDisk full(10);
    EXPECT_FALSE(Transcript::create(directory_ / "u", {"kz.", "", "", "root"}, people_time));
  }
  EXPECT_FALSE(std::filesystem::exists(directory_ / "u"));
}

TEST_F(TranscriptTest, ALinkThatLoopsIsAnErrorAndNoException) {
  std::filesystem::create_symlink("loop", directory_ / "loop");
  const auto status = append_to_file(directory_ / "loop" / "file", "x", 0644);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, base::ErrorKind::unavailable);
}

TEST_F(TranscriptTest, NoTranscriptIsWrittenOver) {
  const auto again = Transcript::create(directory_ / "t", {}, people_time);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, base::ErrorKind::refused);
  EXPECT_EQ(directory_.read("t"), text_);
}

}  // namespace
}  // namespace tld::keys
