// SPDX-License-Identifier: GPL-2.0-only
#include "keys/input_file.h"

#include <sys/stat.h>

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

TEST(InputFile, ContentIsTakenAsItIs) {
  const testing::TemporaryDirectory dir;
  const std::string octets("a\0b\r\n", 5);
  EXPECT_EQ(read_input_file(dir.file("f", octets), 5).value(), octets);
}

TEST(InputFile, RefusesTooMuchMissingAndEndless) {
  const testing::TemporaryDirectory dir;
  EXPECT_EQ(read_input_file(dir.file("f", "123456"), 5).error().kind,
            base::ErrorKind::invalid_input);
  EXPECT_EQ(read_input_file(dir.path("none"), 5).error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(read_input_file(dir.path("."), 5).error().kind, base::ErrorKind::invalid_input);
  // A FIFO without a writer would make the server wait for ever.
  ASSERT_EQ(::mkfifo(dir.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_input_file(dir.path("fifo"), 5).error().kind, base::ErrorKind::invalid_input);
}

}  // namespace
}  // namespace tld::keys
