// SPDX-License-Identifier: GPL-2.0-only
//
// SQLite itself, for tests that touch a store behind its back.
#pragma once

#include <sqlite3.h>

#include <stdexcept>
#include <string>

namespace tld::zones {

class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK)
      throw std::runtime_error("sqlite3_open");
    sqlite3_busy_timeout(database_, 10000);
  }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  // The first column of the first row; empty when there is none.
  std::string run(const std::string& sql) {
    std::string first;
    char* error = nullptr;
    const auto take = [](void* into, int, char** values, char**) {
      auto& text = *static_cast<std::string*>(into);
      if (text.empty() && values[0] != nullptr) text = values[0];
      return 0;
    };
    if (sqlite3_exec(database_, sql.c_str(), take, &first, &error) != SQLITE_OK) {
      const std::string message = sql + ": " + (error == nullptr ? "?" : error);
      sqlite3_free(error);
      throw std::runtime_error(message);
    }
    return first;
  }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace tld::zones
