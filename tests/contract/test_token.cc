// SPDX-License-Identifier: GPL-2.0-only
#include "tests/contract/test_token.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "base/bytes.h"
#include "hsm/token_door.h"

namespace tld::hsm::test {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

int run(const std::vector<std::string>& command) {
  Process process(command, "/dev/null");
  const auto status = process.status_within(milliseconds(20'000));
  return status ? *status : -1000;
}

// All tokens of this program live in one folder: SoftHSM reads its configuration from one variable.
const Folder& softhsm_folder() {
  static const Folder folder;
  static const bool made = [] {
    std::filesystem::create_directory(folder.path("tokens"));
    folder.write("softhsm2.conf", "directories.tokendir = " + folder.path("tokens") +
                                      "\nobjectstore.backend = file\nlog.level = ERROR\n");
    return setenv("SOFTHSM2_CONF", folder.path("softhsm2.conf").c_str(), 1) == 0;
  }();
  require(made, "no SOFTHSM2_CONF");
  return folder;
}

void make_softhsm_token(const std::string& label) {
  softhsm_folder();
  require(run({"/usr/bin/softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin",
               "12345678", "--pin", TestToken::pin()}) == 0,
          "softhsm2-util (package softhsm2) cannot make a token");
}

}  // namespace

TestToken::TestToken() : TestToken(TLD_BINARY_DIR "/faulty_pkcs11.so") {}

TestToken::TestToken(std::string module_path)
    : module_path_(std::move(module_path)), label_("tld-" + std::to_string(getpid()) + "-") {
  static int number = 0;
  label_ += std::to_string(++number);
  make_softhsm_token(label_);
  folder_.write("pin", pin() + "\n");
  faults("");
  setenv("TLD_FAULTY_PKCS11_CONTROL", folder_.path("faults").c_str(), 1);
  unsetenv("TLD_FAULTY_PKCS11_LOG");
  {
    auto door = TokenDoor::open(uri());
    require(door.has_value(), door.has_value() ? "" : door.error().message);
    ecdsa_ = door.value()->generate(Algorithm::ecdsap256sha256).value();
    rsa_ = door.value()->generate(Algorithm::rsasha256).value();
  }
  setenv("TLD_FAULTY_PKCS11_LOG", folder_.path("calls").c_str(), 1);
}

std::string TestToken::uri(const std::string& pin_file) const {
  return "pkcs11:token=" + label_ + "?module-path=" + module_path_ +
         "&pin-source=file:" + (pin_file.empty() ? folder_.path("pin") : pin_file);
}

void TestToken::faults(const std::string& lines) const {
  folder_.write("faults", lines);
}

std::size_t TestToken::calls(const std::string& function) const {
  std::ifstream file(folder_.path("calls"));
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) count += line == function ? 1 : 0;
  return count;
}

std::string socket_path(const TestToken& token) {
  return token.folder().path("socket");
}

std::string write_config(const TestToken& token, const DaemonSettings& settings) {
  std::string keys;
  for (const KeyId& id : settings.keys) keys += (keys.empty() ? "" : ", ") + base::to_hex(id);
  if (keys.empty()) {
    keys = base::to_hex(token.key(Algorithm::ecdsap256sha256).id) + ", " +
           base::to_hex(token.key(Algorithm::rsasha256).id);
  }
  token.folder().write(
      "hsmd.yaml", "socket: " + socket_path(token) + "\ntoken: \"" + token.uri(settings.pin_file) +
                       "\"\nsessions: " + std::to_string(settings.sessions) +
                       "\noperation-deadline: " + settings.operation_deadline + "\n" +
                       settings.more + "zones:\n  - name: kz.\n    keys: [" + keys +
                       "]\n    maximum-validity: P31D\n");
  return token.folder().path("hsmd.yaml");
}

std::vector<std::string> daemon_command(const std::string& config) {
  return {TLD_BINARY_DIR "/hsm/daemon/tld-hsmd", "--config", config};
}

Process::Process(const std::vector<std::string>& command, const std::string& output) {
  // A tld-hsmd must not outlive a test that ends early.
  setenv("TLD_HSMD_PARENT", std::to_string(getpid()).c_str(), 1);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (output.empty()) continue;
    posix_spawn_file_actions_addopen(&files, fd, output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
  }
  const int error = posix_spawn(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  require(error == 0, "cannot start " + command[0]);
}

Process::~Process() {
  if (status_) return;
  signal(SIGKILL);
  status_within(milliseconds(10'000));
}

void Process::signal(int number) const {
  kill(pid_, number);
}

std::optional<int> Process::status_within(milliseconds time) {
  eventually(
      [&] {
        int status = 0;
        if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        return status_.has_value();
      },
      time);
  return status_;
}

}  // namespace tld::hsm::test
