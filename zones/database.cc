// SPDX-License-Identifier: GPL-2.0-only
#include "zones/database.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cassert>
#include <cstdio>

#include "zones/database_postgresql.h"
#include "zones/database_sqlite.h"

namespace tld::zones {
namespace {

using base::ErrorKind;

ErrorKind kind_of_sqlite(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:  // a file system that is mounted so for a while; seen at the next open
      return ErrorKind::unavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return ErrorKind::invalid_input;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorKind::refused;
    default:
      return ErrorKind::internal;
  }
}

// PostgreSQL's documentation, appendix A: the first two characters are the class.
ErrorKind kind_of_postgresql(const std::string& state) {
  const std::string group = state.substr(0, 2);
  if (group == "22" || group == "23") return ErrorKind::invalid_input;  // data, constraints
  if (state == "25006" || state == "42501") return ErrorKind::refused;  // read only, privilege
  if (group == "28" || group == "3D") return ErrorKind::refused;        // login, no such database
  if (group == "42") return ErrorKind::internal;                        // our SQL
  return ErrorKind::unavailable;  // connection, serialization, resources, shutdown, recovery
                                  // conflict
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

base::Error database_error(const std::string& what) {
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& error) {
    return {kind_of_sqlite(error.result()), what + ": " + error.what()};
  } catch (const soci::postgresql_soci_error& error) {
    return {kind_of_postgresql(error.sqlstate()), what + ": " + one_line(error.what())};
  } catch (const std::bad_alloc&) {
    return base::unavailable(what + ": out of memory");
  } catch (const std::exception& error) {
    return base::internal(what + ": " + error.what());
  }
}

void Database::copy_rows(const std::string& /*table_and_columns*/, const std::string& /*rows*/) {
  assert(false);
}

std::unique_ptr<Database> Database::open(const StoreAddress& address, Access access) {
  return address.kind() == StoreAddress::Kind::sqlite ? open_sqlite(address, access)
                                                      : open_postgresql(address, access);
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.sql() << "ROLLBACK";
  } catch (const std::exception&) {
    // The database has rolled back by itself (a full disk, a lost connection): nothing is left.
  }
}

void Transaction::commit() {
  database_.sql() << "COMMIT";
  open_ = false;
}

namespace copy_text {

void append(long long value, bool nullable, std::string& row) {
  row += nullable && value == null_number ? "\\N" : std::to_string(value);
}

void append(const std::string& value, bool /*nullable*/, std::string& row) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        row += "\\\\";
        break;
      case '\t':
        row += "\\t";
        break;
      case '\n':
        row += "\\n";
        break;
      case '\r':
        row += "\\r";
        break;
      default:
        row += c;
    }
  }
}

}  // namespace copy_text

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
