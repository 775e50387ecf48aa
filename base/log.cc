// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <unistd.h>

#include <string>

namespace tld::base {
namespace {

char syslog_digit(Level level) {
  switch (level) {
    case Level::debug: return '7';
    case Level::info: return '6';
    case Level::notice: return '5';
    case Level::warning: return '4';
    case Level::error: return '3';
    case Level::critical: return '2';
  }
  return '2';
}

}  // namespace

void StderrLog::write(Level level, std::string_view message) {
  std::string line{'<', syslog_digit(level), '>'};
  for (const char c : message) line += (c == '\n' || c == '\r') ? ' ' : c;
  line += '\n';
  // One write(2), so that lines of several threads and processes do not mix.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody left to tell
}

}  // namespace tld::base
