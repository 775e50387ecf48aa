// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/hardening.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace tld::hsm {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // the sanitizers need to look at their own process
#else
constexpr bool sanitized = false;
#endif

// Under a small limit, locking all that comes would make later allocations fail.
bool may_lock_all() {
  rlimit limit{};
  return geteuid() == 0 ||
         (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
}

}  // namespace

void harden_process(base::Log& log) {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) {
    log.write(base::Level::warning,
              std::string("tld-hsmd: cannot forbid core dumps: ") + std::strerror(errno));
  }
  if (sanitized) return;
  if (prctl(PR_SET_DUMPABLE, 0) != 0) {
    log.write(base::Level::warning,
              std::string("tld-hsmd: cannot become undumpable: ") + std::strerror(errno));
  }
  if (!may_lock_all() || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    log.write(base::Level::info,
              "tld-hsmd: memory is not locked (RLIMIT_MEMLOCK); use a machine without swap");
  }
}

bool follow_parent() {
  const char* text = std::getenv("TLD_HSMD_PARENT");
  if (text == nullptr) return true;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // It may have died before the call above; a parent of another user answers EPERM and is alive.
  const auto parent = static_cast<pid_t>(std::strtol(text, nullptr, 10));
  return parent > 0 && (kill(parent, 0) == 0 || errno != ESRCH);
}

}  // namespace tld::hsm
