// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <thread>

namespace tld::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProgressLine, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(progress_line("import", "octets", 50, 100, 10s, 60),
            "import  50 % [###########...........] 5 octets/s, 0:10 left");
  EXPECT_THAT(progress_line("x", "octets", 4000000, 400000000, 2s, 80),
              AllOf(HasSubstr("2.0 M octets/s"), HasSubstr("3:18 left")));
  EXPECT_THAT(progress_line("x", "RRsets", 1, 72001, 1s, 80), HasSubstr("20:00:00 left"));
}

TEST(ProgressLine, FitsEveryWidthAndNumber) {
  for (std::size_t width = 0; width < 120; ++width) {
    for (const std::uint64_t done : {0ULL, 1ULL, 100ULL, 200ULL, ~0ULL}) {
      for (const std::uint64_t total : {0ULL, 1ULL, 100ULL, ~0ULL}) {
        EXPECT_LT(progress_line("reading kz.zone", "octets", done, total, 0s, width).size(),
                  std::max<std::size_t>(width, 1));
      }
    }
  }
}

class ProgressBarTest : public ::testing::Test {
 protected:
  ProgressBar bar() {
    return ProgressBar(
        "work", "steps", [this] { return now_; },
        [this](const std::string& text) { shown_ += text; });
  }
  steady_clock::time_point now_{};
  std::string shown_;
};

// A bar that flashes by for short work is noise.
TEST_F(ProgressBarTest, NothingBeforeTwoSecondsThenAtMostFiveTimesASecond) {
  {
    auto progress = bar();
    progress.update(1, 10);
    now_ += 1999ms;
    progress.update(2, 10);
    EXPECT_EQ(shown_, "");
    now_ += 1ms;
    progress.update(5, 10);
    EXPECT_THAT(shown_, HasSubstr("50 %"));
    now_ += 199ms;
    progress.update(6, 10);
    EXPECT_THAT(shown_, Not(HasSubstr("60 %")));
    now_ += 1ms;
    progress.update(7, 10);
    EXPECT_THAT(shown_, HasSubstr("70 %"));
    EXPECT_THAT(shown_, Not(HasSubstr("\n")));
  }
  EXPECT_TRUE(shown_.ends_with("\r\033[K")) << "the bar's line is wiped";
}

TEST_F(ProgressBarTest, ShortWorkLeavesNothing) {
  { bar().update(10, 10); }
  EXPECT_EQ(shown_, "");
}

// What a bar on stderr shows after two seconds of work, when stderr is `end`.
void work_with_stderr(int end) {
  const int kept = ::dup(STDERR_FILENO);
  ASSERT_GE(::dup2(end, STDERR_FILENO), 0);
  {
    ProgressBar bar("work", "steps");
    std::this_thread::sleep_for(2100ms);
    bar.update(1, 2);
  }
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
}

std::string what_is_there(int end) {
  ::fcntl(end, F_SETFL, O_NONBLOCK);
  char buffer[4096];
  const ssize_t got = ::read(end, buffer, sizeof buffer);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "";
}

TEST(ProgressBarOnStderr, IsShownToATerminalOnly) {
  int master = -1, terminal = -1, ends[2];
  ASSERT_EQ(::openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
  ASSERT_EQ(::pipe(ends), 0);
  work_with_stderr(terminal);
  work_with_stderr(ends[1]);
  EXPECT_THAT(what_is_there(master), HasSubstr("50 %"));
  EXPECT_EQ(what_is_there(ends[0]), "");
  for (const int end : {master, terminal, ends[0], ends[1]}) ::close(end);
}

}  // namespace
}  // namespace tld::cli
