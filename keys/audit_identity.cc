// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_identity.h"

#include <pwd.h>
#include <sys/timex.h>
#include <unistd.h>

#include <fstream>

namespace tld::keys {
namespace {

std::string user_name(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : "uid " + std::to_string(user);
}

// Who logged in, whatever su and sudo came after: the kernel keeps it (audit(7), loginuid).
std::string login_name() {
  std::ifstream file("/proc/self/loginuid");
  unsigned long user = 0;
  if (!(file >> user) || user == 4294967295UL) return "";
  return user_name(static_cast<uid_t>(user));
}

}  // namespace

// ntp_adjtime(3), STA_UNSYNC.
std::string clock_state() {
  timex state{};
  const int code = ::ntp_adjtime(&state);
  if (code < 0) return "unknown";
  return code == TIME_ERROR || (state.status & STA_UNSYNC) != 0 ? "unsynchronised" : "synchronised";
}

AuditEntry entry_by_this_user(const std::string& type, const std::string& object, base::Time now) {
  AuditEntry entry;
  entry.time = now;
  entry.clock = clock_state();
  entry.identity = user_name(::geteuid());
  entry.type = type;
  entry.object = object;
  const std::string login = login_name();
  if (!login.empty() && login != entry.identity) entry.detail["login"] = login;
  return entry;
}

}  // namespace tld::keys
