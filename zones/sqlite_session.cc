// SPDX-License-Identifier: GPL-2.0-only
#include "zones/sqlite_session.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include <cstdio>

namespace tld::zones {
namespace {

base::ErrorKind kind_of(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return base::ErrorKind::unavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return base::ErrorKind::invalid_input;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return base::ErrorKind::refused;
    default:
      return base::ErrorKind::internal;
  }
}

}  // namespace

base::Error database_error(const std::string& what) {
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& error) {
    return {kind_of(error.result()), what + ": " + error.what()};
  } catch (const std::bad_alloc&) {
    return base::unavailable(what + ": out of memory");
  } catch (const std::exception& error) {
    return base::internal(what + ": " + error.what());
  }
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    sql_ << "ROLLBACK";
  } catch (const std::exception&) {
    // SQLite has rolled back by itself (a full disk): there is nothing left to undo.
  }
}

std::string time_text(base::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

base::Result<base::Time> time_from_text(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute,
              &second);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (date.ok()) {
    const base::Time time = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                            std::chrono::minutes(minute) + std::chrono::seconds(second);
    if (time_text(time) == text) return time;  // nothing was ignored or out of range
  }
  return base::invalid_input("\"" + text + "\" is not a time such as 2026-11-22T04:39:33Z");
}

}  // namespace tld::zones
