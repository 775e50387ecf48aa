// SPDX-License-Identifier: GPL-2.0-only
#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

namespace tld::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t max_output = 4 << 20;
constexpr milliseconds look_for_stop{100};

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

// Kills and reaps the child unless it has been waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

Result<pid_t> spawn(const std::vector<std::string>& argv, const std::string& input, const Pipe& out,
                    const Pipe& err) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return unavailable(fmt::format("cannot run {}: {}", argv[0],
                                 std::error_code(error, std::generic_category()).message()));
}

// Appends what is there; false at the end of the stream.
bool take(int end, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(end, buffer.data(), buffer.size());
  if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

// Reads both streams to their ends.
Status collect(Pipe& out, Pipe& err, steady_clock::time_point deadline,
               const std::atomic<bool>* stop, ChildResult& result) {
  while (out.read_end >= 0 || err.read_end >= 0) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return timed_out("it has not answered in time");
    if (stop != nullptr && *stop) return unavailable("it was stopped");
    pollfd ends[] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}};
    const auto patience = std::min<milliseconds>(left, look_for_stop);
    if (::poll(ends, 2, static_cast<int>(patience.count())) < 0 && errno != EINTR) {
      return internal("poll failed");
    }
    if (ends[0].revents != 0 && !take(out.read_end, result.output)) Pipe::close_end(out.read_end);
    if (ends[1].revents != 0 && !take(err.read_end, result.errors)) Pipe::close_end(err.read_end);
    if (result.output.size() + result.errors.size() > max_output) {
      return invalid_input("it answered with more than 4 MiB");
    }
  }
  return ok();
}

}  // namespace

Result<ChildResult> run_child(const std::vector<std::string>& argv, milliseconds time_limit,
                              const std::atomic<bool>* stop, const std::string& input) {
  const auto deadline = steady_clock::now() + time_limit;
  Pipe out, err;
  if (!out.open() || !err.open()) return unavailable("no file descriptors left");
  TLD_TRY(const pid_t pid, spawn(argv, input, out, err));
  Child child(pid);
  Pipe::close_end(out.write_end);
  Pipe::close_end(err.write_end);
  ChildResult result;
  if (auto status = collect(out, err, deadline, stop, result); !status)
    return status.error().in(argv[0]);
  result.exit_code = child.wait();
  return result;
}

}  // namespace tld::base
