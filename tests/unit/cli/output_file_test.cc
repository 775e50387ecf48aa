// SPDX-License-Identifier: GPL-2.0-only
#include "cli/output_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <ostream>

#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using OutputFileTest = testing::TldctlTest;

TEST_F(OutputFileTest, AppearsWholeWithMode0644) {
  const std::string content(200000, 'x');
  ASSERT_TRUE(write_output_file(path("f"), content));
  EXPECT_EQ(read("f"), content);
  struct stat status {};
  ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  EXPECT_THAT(files(), ElementsAre("f"));
}

// What was there stays until the new content is whole; without commit() it stays for good.
TEST_F(OutputFileTest, WithoutCommitNothingChanges) {
  write("f", "old");
  {
    auto file = OutputFile::create(path("f"));
    ASSERT_TRUE(file);
    file.value().stream() << std::string(200000, 'x') << std::flush;
    EXPECT_EQ(read("f"), "old");
  }
  EXPECT_EQ(read("f"), "old");
  EXPECT_THAT(files(), ElementsAre("f"));
}

// `--output /dev/null` by root must not replace the device.
TEST_F(OutputFileTest, WhatIsNoRegularFileIsRefused) {
  EXPECT_FALSE(OutputFile::create("/dev/null"));
  EXPECT_FALSE(OutputFile::create(path(".")));
  EXPECT_FALSE(OutputFile::create(path("x/")));
  EXPECT_FALSE(OutputFile::create(path("nowhere/f")));
  EXPECT_FALSE(OutputFile::create(""));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(OutputFileTest, SymbolicLinkIsFollowed) {
  write("real", "old");
  std::filesystem::create_symlink("real", path("link"));
  ASSERT_TRUE(write_output_file(path("link"), "new"));
  EXPECT_EQ(read("real"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
}

// A file that is named like a segment would be one.
TEST_F(OutputFileTest, NothingIsMadeBesideAnAuditLog) {
  std::filesystem::create_directories(path("log"));
  std::filesystem::create_directory_symlink("log", path("link"));
  EXPECT_TRUE(write_output_file(path("log/f"), "x"));
  write("log/audit-000001.jsonl", "");
  for (const char* place : {"log/audit-000002.jsonl", "link/g", "log/f"}) {
    const auto status = write_output_file(path(place), "y");
    ASSERT_FALSE(status) << place;
    EXPECT_THAT(status.error().message, ::testing::HasSubstr("AUDIT-PLACE"));
  }
  std::filesystem::create_symlink("log/f", path("f"));
  EXPECT_FALSE(write_output_file(path("f"), "y"));
  std::filesystem::rename(path("log/audit-000001.jsonl"), path("log/head.pub"));
  EXPECT_FALSE(write_output_file(path("log/f"), "y"));
  EXPECT_EQ(read("log/f"), "x");
}

// --- a new file ---

TEST_F(OutputFileTest, ANewFileReplacesNothing) {
  write("old", "old");
  std::filesystem::create_symlink("old", path("link"));
  std::filesystem::create_symlink("nowhere", path("broken"));
  std::filesystem::create_directory(path("directory"));
  for (const char* name : {"old", "link", "broken", "directory"}) {
    const auto refused = OutputFile::create_new(path(name));
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().message, ::testing::StartsWith("SCRIPT-FILE"));
  }
  EXPECT_EQ(read("old"), "old");
  EXPECT_FALSE(exists("nowhere"));
  ASSERT_TRUE(write_output_file(path("f"), "new", Place::must_be_free));
  EXPECT_EQ(read("f"), "new");
  EXPECT_THAT(files(), ElementsAre("broken", "directory", "f", "link", "old"));
}

// Catches: what is put there between the look and the rename.
TEST_F(OutputFileTest, ANewFileReplacesNothingThatCameMeanwhile) {
  write("victim", "old");
  const auto refusal = [this](const std::function<void()>& meanwhile) {
    auto file = OutputFile::create_new(path("f"));
    EXPECT_TRUE(file);
    file.value().stream() << "new";
    meanwhile();
    const auto status = file.value().commit();
    return status ? "" : status.error().message;
  };
  using ::testing::StartsWith;
  EXPECT_THAT(refusal([this] { write("f", "theirs"); }), StartsWith("SCRIPT-FILE"));
  EXPECT_EQ(read("f"), "theirs");
  for (const char* target : {"victim", "nowhere"}) {
    std::filesystem::remove(path("f"));
    EXPECT_THAT(refusal([&] { std::filesystem::create_symlink(target, path("f")); }),
                StartsWith("SCRIPT-FILE"));
    EXPECT_TRUE(std::filesystem::is_symlink(path("f")));
  }
  EXPECT_EQ(read("victim"), "old");
  EXPECT_THAT(files(), ElementsAre("f", "victim"));
}

}  // namespace
}  // namespace tld::cli
