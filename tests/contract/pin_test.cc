// SPDX-License-Identifier: GPL-2.0-only
//
// A PIN is tried once, taken only from a file of its owner's, and stays nowhere.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "tests/contract/situation.h"

namespace tld::hsm::test {
namespace {

// Tokens lock after a few tries: one wrong PIN may cost one, however often the process starts.
TEST_F(Situation, WrongPinIsTriedOnceWhateverRestarts) {
  token_.folder().write("pin", "1111111111\n");
  start();
  ASSERT_TRUE(says("incorrect")) << health().detail;
  std::this_thread::sleep_for(milliseconds(1'000));
  EXPECT_EQ(token_.calls("C_Login"), 1U);
  EXPECT_EQ(sign().error().kind, base::ErrorKind::unavailable);

  process_->signal(SIGKILL);
  start();
  ASSERT_TRUE(says("refused this PIN before")) << health().detail;
  EXPECT_EQ(token_.calls("C_Login"), 1U);

  token_.folder().write("pin", TestToken::pin() + "\n");
  start();
  EXPECT_TRUE(logs_in()) << health().detail;
  EXPECT_EQ(token_.calls("C_Login"), 2U);
}

TEST_F(Situation, SupervisedWrongPinIsTriedOnce) {
  token_.folder().write("pin", "1111111111\n");
  Supervisor supervisor({.token = "test",
                         .command = daemon_command(write_config(token_)),
                         .silence = milliseconds(1'000),
                         .check_every = milliseconds(100)},
                        client(), std::make_shared<NullLog>());
  ASSERT_TRUE(says("incorrect"));
  std::this_thread::sleep_for(milliseconds(3'000));
  EXPECT_EQ(supervisor.starts(), 1U);
  EXPECT_EQ(token_.calls("C_Login"), 1U);
}

TEST_F(Situation, PinFileThatOthersCanReadIsNotUsed) {
  token_.folder().write("pin", TestToken::pin() + "\n", 0644);
  start();
  ASSERT_TRUE(says("chmod 0600")) << health().detail;
  EXPECT_EQ(token_.calls("C_Login"), 0U);
  chmod(token_.folder().path("pin").c_str(), 0600);
  EXPECT_TRUE(logs_in());  // put right: no restart is needed
}

TEST_F(Situation, PinFileThatIsALinkIsNotUsed) {
  std::filesystem::create_symlink(token_.folder().path("pin"), token_.folder().path("link"));
  start({.pin_file = token_.folder().path("link")});
  ASSERT_TRUE(says("symbolic link")) << health().detail;
  EXPECT_EQ(token_.calls("C_Login"), 0U);
}

// The PIN must be in no log line, whatever happens.
TEST_F(Situation, LogHoldsNoPin) {
  const std::string log = token_.folder().path("log");
  token_.folder().write("pin", "31415926535\n");
  process_.emplace(daemon_command(write_config(token_)), log);
  ASSERT_TRUE(says("incorrect"));
  process_.reset();
  token_.folder().write("pin", TestToken::pin() + "\n");
  process_.emplace(daemon_command(write_config(token_)), log);
  ASSERT_TRUE(signs());
  std::ifstream file(log);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("not trying again"), std::string::npos) << text;
  EXPECT_EQ(text.find("31415926535"), std::string::npos);
  EXPECT_EQ(text.find(TestToken::pin()), std::string::npos);
}

// How often `text` is in the writable memory of a process.
std::size_t copies_in_memory(pid_t pid, const std::string& text) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::ifstream memory("/proc/" + std::to_string(pid) + "/mem", std::ios::binary);
  std::size_t copies = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw") == std::string::npos) continue;
    const auto start = std::stoull(line, nullptr, 16);
    const auto end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    if (end - start > (1U << 30)) continue;  // a sanitizer's shadow, not memory
    std::string octets(end - start, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(start));
    memory.read(octets.data(), static_cast<std::streamsize>(octets.size()));
    for (std::size_t at = octets.find(text); at != std::string::npos; ++copies) {
      at = octets.find(text, at + 1);
    }
  }
  return copies;
}

// Why libp11 does not log in (ADR 3): it keeps a copy of the PIN.
TEST_F(Situation, PinIsNotLeftInMemory) {
  start();
  ASSERT_TRUE(signs());
  EXPECT_GT(copies_in_memory(process_->pid(), socket_path(token_)), 0U);  // the search finds things
  EXPECT_EQ(copies_in_memory(process_->pid(), TestToken::pin()), 0U);
}

}  // namespace
}  // namespace tld::hsm::test
