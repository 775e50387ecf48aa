// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/cli/fixture.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "keys/dnskey_file.h"

namespace tld::cli::testing {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

nlohmann::json Outcome::json() const {
  auto parsed = nlohmann::json::parse(out, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << "not JSON: " << out;
  return parsed;
}

TldctlTest::TldctlTest() {
  std::string pattern = ::testing::TempDir() + "tldctl_test.XXXXXX";
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  fs::create_directory(path(".fixture"));
  fs::create_directory(path(".fixture/tokens"));
  write(".fixture/softhsm2.conf", "directories.tokendir = " + path(".fixture/tokens") +
                                      "\nobjectstore.backend = file\nlog.level = ERROR\n");
}

TldctlTest::~TldctlTest() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string TldctlTest::write(const std::string& name, const std::string& content,
                              unsigned mode) const {
  std::ofstream(path(name), std::ios::binary) << content;
  EXPECT_EQ(::chmod(path(name).c_str(), mode), 0);
  return path(name);
}

std::string TldctlTest::read(const std::string& name) const {
  EXPECT_TRUE(exists(name)) << name;
  return content_of(path(name));
}

bool TldctlTest::exists(const std::string& name) const {
  return fs::exists(path(name));
}

std::vector<std::string> TldctlTest::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    if (name != ".fixture") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Outcome TldctlTest::tldctl(const std::vector<std::string>& arguments, const std::string& prefix,
                           const std::string& suffix) const {
  std::string command = fmt::format("cd {}; export SOFTHSM2_CONF={}; {} {}", quoted(directory_),
                                    quoted(path(".fixture/softhsm2.conf")), prefix,
                                    quoted(TLD_BINARY_DIR "/cli/tldctl"));
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += fmt::format(" >{} 2>{} </dev/null", quoted(path(".fixture/out")),
                         quoted(path(".fixture/err")));
  command += " " + suffix;
  Outcome outcome;
  outcome.exit_code = shell(command);
  outcome.out = content_of(path(".fixture/out"));
  outcome.err = content_of(path(".fixture/err"));
  return outcome;
}

std::string TldctlTest::make_store() const {
  const Outcome made = tldctl({"store", "init", "--store", path("store")});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return path("store");
}

std::string TldctlTest::token_uri(const std::string& label, const std::string& pin_file) const {
  return fmt::format(
      "pkcs11:token={}?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:{}", label,
      pin_file);
}

std::string TldctlTest::make_token(const std::string& label) const {
  EXPECT_EQ(shell(fmt::format("SOFTHSM2_CONF={} softhsm2-util --init-token --free --label {} "
                              "--pin 1234 --so-pin 5678 >/dev/null",
                              quoted(path(".fixture/softhsm2.conf")), label)),
            0);
  return token_uri(label, write(".fixture/pin", "1234\n", 0600));
}

std::string TldctlTest::make_key(const std::string& token, const std::string& role,
                                 const std::string& algorithm) const {
  const std::string file = path(role + ".dnskey");
  Outcome made;
  do {
    made = tldctl({"key", "generate", "--token", token, "--algorithm", algorithm, "--zone", "kz.",
                   "--role", role, "--dnskey", file, "--json"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  } while (made.exit_code == 0 &&
           !tags_.take(keys::read_dnskey_file(file, dns::Name::from_text("kz.").value()).value()));
  return made.json().value("id", "");
}

::testing::AssertionResult is_one_complaint(const std::string& err) {
  const bool one =
      err.starts_with("tldctl: ") && err.ends_with("\n") && std::ranges::count(err, '\n') == 1;
  if (one) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "not one line of tldctl: \"" << err << "\"";
}

}  // namespace tld::cli::testing
