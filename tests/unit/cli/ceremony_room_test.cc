// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ceremony_room.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <sstream>

namespace tld::cli {
namespace {

using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;

// What is answered once the room has said all that; the last line says which answer counted.
RoomAnswer answer(const std::string& lines) {
  std::istringstream input(lines);
  std::streambuf* const before = std::cin.rdbuf(input.rdbuf());
  std::cin.clear();
  const RoomAnswer given = ask_room();
  std::cin.rdbuf(before);
  std::cin.clear();
  return given;
}

auto goes_on(const std::string& text) {
  return AllOf(Field(&RoomAnswer::goes_on, true), Field(&RoomAnswer::text, text));
}
auto stops(const std::string& text) {
  return AllOf(Field(&RoomAnswer::goes_on, false), Field(&RoomAnswer::text, text));
}

TEST(CeremonyRoom, OnlyEnterOrANoteGoesOn) {
  EXPECT_THAT(answer("\n"), goes_on(""));
  EXPECT_THAT(answer(" \t\r\n"), goes_on(""));
  EXPECT_THAT(answer("note: all agree \n"), goes_on("all agree"));
  EXPECT_THAT(answer("note:stop was said\n"), goes_on("stop was said"));
  const std::string longest(max_room_note, 'x');
  EXPECT_THAT(answer("note: " + longest + "\n"), goes_on(longest));
}

TEST(CeremonyRoom, StopEndsItHoweverItIsWritten) {
  EXPECT_THAT(answer("stop\n\n"), stops(""));
  EXPECT_THAT(answer("stop!\n\n"), stops(""));
  EXPECT_THAT(answer("stop, the sums differ\n\n"), stops("the sums differ"));
  EXPECT_THAT(answer("STOP - the sums differ\n\n"), stops("the sums differ"));
  EXPECT_THAT(answer("\"stop: wrong\"\n\n"), stops("wrong"));
  EXPECT_THAT(answer("Stop the ceremony: sums differ\n\n"), stops("the ceremony: sums differ"));
  EXPECT_THAT(answer("`stop: WHY`\n\n"), stops("WHY"));
  EXPECT_THAT(answer("- sToP\n\n"), stops(""));
  EXPECT_THAT(answer("\xe2\x80\x9cstop\xe2\x80\x9d\n\n").goes_on, false);
  EXPECT_THAT(answer("stop: " + std::string(5000, 'x') + "\n\n"),
              stops(std::string(max_room_note, 'x')));
}

TEST(CeremonyRoom, AllElseIsAskedAgain) {
  const std::string too_long = "note: " + std::string(max_room_note + 1, 'x');
  for (const std::string& line :
       {std::string("no"), std::string("abort"), std::string("yes"), std::string("nostop"),
        std::string("stopped"), std::string("note"), std::string("note:"), std::string("notes: x"),
        std::string("do not stop"), std::string("\x1b"), std::string("."), too_long}) {
    EXPECT_THAT(answer(line + "\n"), stops("end of input")) << line;
    EXPECT_THAT(answer(line + "\nnote: then\n"), goes_on("then")) << line;
  }
  EXPECT_THAT(answer(""), stops("end of input"));
}

// In a process of its own, whose terminal has a line before the question is asked.
[[noreturn]] void answer_as_child() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, -1) != 1) ::_exit(2);
  const RoomAnswer given = ask_room();
  ::_exit(!given.goes_on && given.text == "seen" ? 0 : 1);
}

TEST(CeremonyRoom, WhatWasTypedBeforeTheQuestionIsNoAnswer) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) answer_as_child();
  ASSERT_EQ(::write(terminal, "\n", 1), 1);
  std::string shown;
  std::array<char, 512> octets{};
  bool is_asked = false;
  for (ssize_t got = 0; (got = ::read(terminal, octets.data(), octets.size())) > 0;) {
    shown.append(octets.data(), static_cast<std::size_t>(got));
    if (is_asked || shown.find("Enter goes on") == std::string::npos) continue;
    is_asked = true;
    ASSERT_EQ(::write(terminal, "stop: seen\n", 11), 11);
  }
  ::close(terminal);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << shown;
  EXPECT_THAT(shown, HasSubstr("Enter goes on"));
}

}  // namespace
}  // namespace tld::cli
