// SPDX-License-Identifier: GPL-2.0-only
//
// Where a registry store is: a file (SQLite) or a PostgreSQL database.
//
// Thread rule: a value.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::zones {

class StoreAddress {
 public:
  enum class Kind { sqlite, postgresql };

  StoreAddress() = default;
  StoreAddress(std::filesystem::path file) : text_(file.string()) {}  // NOLINT: a path is one

  // A path, or "postgresql:" and libpq's "name=value" words (postgresql:host=/run/postgresql
  // dbname=registry). invalid_input: a path with a quotation mark; a password (it would be on
  // command lines and in logs: libpq reads it from the file that `passfile` or PGPASSFILE names);
  // an option that libpq does not know.
  static base::Result<StoreAddress> parse(std::string_view text);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }     // as it was given: for messages
  std::filesystem::path path() const { return text_; }  // REQUIRES: sqlite
  std::string connection_words() const;                 // REQUIRES: postgresql

 private:
  Kind kind_ = Kind::sqlite;
  std::string text_;
};

}  // namespace tld::zones
