// SPDX-License-Identifier: GPL-2.0-only
//
// What the parts of the SQLite store share: errors instead of SOCI's exceptions, transactions that
// undo themselves, and bulk statements.
//
// Thread rule: used by one thread.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <exception>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tld::zones {

// What a database exception means to the caller; rethrows inside a catch block.
// REQUIRES: an exception is being handled.
base::Error database_error(const std::string& what);

// Runs `body`, which returns a Result, and turns any exception into an Error.
template <class Body>
auto guarded(const std::string& what, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    return database_error(what);
  }
}

// Rolled back unless commit() was reached.
class Transaction {
 public:
  enum class Kind { read, write };
  Transaction(soci::session& sql, Kind kind) : sql_(sql) {
    sql_ << (kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    sql_ << "COMMIT";
    open_ = false;
  }

 private:
  soci::session& sql_;
  bool open_ = true;
};

inline constexpr std::size_t bulk_rows = 4096;

// INSERT of many rows: add() them, flush() now and then. The caller chooses when, because rows
// refer to rows of other tables.
template <class... Columns>
class BulkInsert {
 public:
  BulkInsert(soci::session& sql, const std::string& text) : statement_(sql) {
    std::apply([this](auto&... column) { (statement_.exchange(soci::use(column)), ...); },
               columns_);
    statement_.alloc();
    statement_.prepare(text);
    statement_.define_and_bind();
  }
  void add(Columns... values) {
    std::apply([&](auto&... column) { (column.push_back(std::move(values)), ...); }, columns_);
  }
  void flush() {
    if (std::get<0>(columns_).empty()) return;
    statement_.execute(true);
    std::apply([](auto&... column) { (column.clear(), ...); }, columns_);
  }

 private:
  std::tuple<std::vector<Columns>...> columns_;
  soci::statement statement_;
};

// SELECT ... WHERE zone_id = :zone. `take(columns of one row...)` returns a Status; the first error
// ends it. One row at a time: SOCI 4.0.3's bulk fetch cuts integers to 32 bits.
template <class... Columns, class Take>
base::Status for_each_row(soci::session& sql, const std::string& text, std::int64_t zone,
                          const Take& take) {
  std::tuple<Columns...> columns;
  long long zone_id = zone;
  soci::statement statement(sql);
  std::apply([&](auto&... column) { (statement.exchange(soci::into(column)), ...); }, columns);
  statement.exchange(soci::use(zone_id, "zone"));
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  for (bool more = statement.execute(true); more; more = statement.fetch()) {
    TLD_TRY(std::apply(take, columns));
  }
  return base::ok();
}

std::string time_text(base::Time time);  // 2026-11-22T04:39:33Z
base::Result<base::Time> time_from_text(const std::string& text);

}  // namespace tld::zones
