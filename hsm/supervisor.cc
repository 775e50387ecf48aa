// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets to say that it is C
}

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_back_off{100};
constexpr milliseconds longest_back_off{10'000};
constexpr milliseconds long_enough{10'000};  // ran this long: the next start is at once again
constexpr const char* parent_variable = "TLD_HSMD_PARENT";

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment() {
  const std::string ours = std::string(parent_variable) + "=";
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(ours)) out.emplace_back(*variable);
  }
  out.push_back(ours + std::to_string(getpid()));
  return out;
}

// Posix' attributes and file actions, initialised and destroyed together.
struct SpawnSettings {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;

  // A process group of its own, default signals, no descriptors but /dev/null and our output.
  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

bool readable_within(int fd, milliseconds time) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, static_cast<int>(time.count())) > 0;
}

std::string describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exited with status " + std::to_string(info.si_status);
  return std::string("ended by signal ") + std::to_string(info.si_status);
}

}  // namespace

Supervisor::Supervisor(Options options, std::shared_ptr<KeyDoor> door,
                       std::shared_ptr<base::Log> log)
    : options_(std::move(options)), door_(std::move(door)), log_(std::move(log)) {
  thread_ = std::thread([this] { run(); });
}

Supervisor::~Supervisor() {
  stop_.raise();
  thread_.join();
}

void Supervisor::run() {
  milliseconds back_off = first_back_off;
  while (!stopped_within(milliseconds(0))) {
    const auto started = steady_clock::now();
    if (start()) watch();
    if (steady_clock::now() - started > long_enough) back_off = first_back_off;
    if (stopped_within(back_off)) break;
    back_off = std::min(back_off * 2, longest_back_off);
  }
  stop_child();
}

bool Supervisor::start() {
  std::vector<std::string> words = options_.command;
  std::vector<std::string> variables = environment();
  const SpawnSettings settings;
  pid_t pid = 0;
  const int error =
      words.empty() ? EINVAL
                    : posix_spawnp(&pid, words[0].c_str(), &settings.files, &settings.attributes,
                                   pointers(words).data(), pointers(variables).data());
  if (error != 0) {
    log_->write(base::Level::error, "hsm: token " + options_.token + ": cannot start " +
                                        (words.empty() ? "" : words[0]) + ": " +
                                        std::strerror(error));
    return false;
  }
  child_ = base::FileDescriptor(pidfd_open(pid, 0));
  pid_ = pid;
  ++starts_;
  log_->write(base::Level::notice, "hsm: token " + options_.token + ": started " + words[0] +
                                       " as process " + std::to_string(pid));
  return true;
}

// Returns when the process has ended, or when the supervisor is to stop.
void Supervisor::watch() {
  auto last_answer = steady_clock::now();
  while (!stopped_within(milliseconds(0))) {
    if (ended_within(options_.check_every)) {
      reap("starting it again");
      return;
    }
    const auto now = steady_clock::now();
    if (door_->health(now + options_.check_every).reachable) {
      last_answer = steady_clock::now();
    } else if (now - last_answer > options_.silence) {
      log_->write(base::Level::error, "hsm: token " + options_.token + ": process " +
                                          std::to_string(pid_) + " does not answer; killing it");
      kill(pid_, SIGKILL);
      ended_within(options_.stop_within);
      reap("starting it again");
      return;
    }
  }
}

bool Supervisor::ended_within(milliseconds time) {
  std::array<pollfd, 2> fds{};
  fds[0] = {child_.get(), POLLIN, 0};
  fds[1] = {stop_.fd(), POLLIN, 0};
  poll(fds.data(), fds.size(), static_cast<int>(time.count()));
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid != 0;
}

void Supervisor::reap(const char* what) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0) {
    log_->write(base::Level::warning, "hsm: token " + options_.token + ": process " +
                                          std::to_string(pid_) + " " + describe(info) + "; " +
                                          what);
  }
  child_.reset();
  pid_ = 0;
}

void Supervisor::stop_child() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  if (!readable_within(child_.get(), options_.stop_within)) kill(pid_, SIGKILL);
  reap("as it was told to");
}

bool Supervisor::stopped_within(milliseconds time) {
  return readable_within(stop_.fd(), time);
}

}  // namespace tld::hsm
