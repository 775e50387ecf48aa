// SPDX-License-Identifier: GPL-2.0-only
//
// One connection to a registry store's database, and what SQLite and PostgreSQL differ in: how a
// connection and a transaction begin, what the schema's column types are called, bulk inserts, and
// how a change is noticed. Everything else is SQL that both understand, through SOCI.
//
// Thread rule: used by one thread at a time.
// Errors: SOCI's exceptions, which guarded() makes Errors of; no other file handles them.
#pragma once

#include <soci/soci.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "zones/store_address.h"

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

class Database {
 public:
  enum class Access { read, write };

  virtual ~Database() = default;
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // May throw.
  static std::unique_ptr<Database> open(const StoreAddress& address, Access access);

  virtual StoreAddress::Kind kind() const = 0;
  // Can nothing be written: opened so, or a PostgreSQL server in recovery (a streaming replica)?
  virtual bool read_only() = 0;

  // read: one version of everything until the end. write: no other writer of ours runs beside it
  // (SQLite), or whoever is second fails with `unavailable` (PostgreSQL: repeatable read).
  virtual void begin(Access access) = 0;
  // `portable`: SQL of store_schema.h.
  virtual void define(const std::string& portable) = 0;
  // Rows of tab-separated columns with \N for NULL, as COPY takes them. REQUIRES: postgresql.
  virtual void copy_rows(const std::string& table_and_columns, const std::string& rows);
  // Ids that were chosen by us are not given out again. REQUIRES: a transaction.
  virtual void continue_ids(const std::string& table) = 0;
  // Nobody else inserts into `tables` until the transaction's end.
  virtual void lock_tables(const std::string& tables) = 0;
  // Returns when another connection has committed something, or may have, or after `limit`. Only a
  // hint: who calls it must look again now and then, and often where nothing gives hints
  // (true: commits are told at once).
  virtual bool wait_for_commit(std::chrono::milliseconds limit) = 0;

  soci::session& sql() { return sql_; }

 protected:
  soci::session sql_;
};

// Rolled back unless commit() was reached.
class Transaction {
 public:
  Transaction(Database& database, Database::Access access) : database_(database) {
    database.begin(access);
  }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

inline constexpr std::size_t bulk_rows = 4096;
inline constexpr long long null_number = -1;  // stands for NULL in a nullable column, both ways

// INSERT of many rows: add() them, flush() now and then. The caller chooses when, because rows
// refer to rows of other tables. `columns`: "id, name, ds_ttl?": a question mark marks a nullable
// number.
template <class... Columns>
class BulkInsert {
 public:
  BulkInsert(Database& database, std::string table, const std::vector<std::string>& columns);
  void add(const Columns&... values);
  void flush();

 private:
  void flush_by_statement();

  Database& database_;
  std::string table_;
  std::vector<std::string> names_;
  std::vector<bool> nullable_;
  std::tuple<std::vector<Columns>...> columns_;  // SQLite
  std::string rows_;                             // PostgreSQL
};

// SELECT ... `take(columns of one row...)` returns a Status; the first error ends it. The result is
// never held in memory whole. One row at a time: SOCI 4.0.3's bulk fetch cuts integers to 32 bits.
// REQUIRES: a transaction; `take` asks nothing of the same database. `text` holds no parameters.
template <class... Columns, class Take>
base::Status for_each_row(Database& database, const std::string& text, const Take& take);

std::string time_text(base::Time time);  // 2026-11-22T04:39:33Z
base::Result<base::Time> time_from_text(const std::string& text);

// --- the templates

namespace copy_text {
void append(long long value, bool nullable, std::string& row);
void append(const std::string& value, bool nullable, std::string& row);  // escaped
}  // namespace copy_text

template <class... Columns>
BulkInsert<Columns...>::BulkInsert(Database& database, std::string table,
                                   const std::vector<std::string>& columns)
    : database_(database), table_(std::move(table)) {
  for (const std::string& column : columns) {
    nullable_.push_back(column.ends_with('?'));
    names_.push_back(nullable_.back() ? column.substr(0, column.size() - 1) : column);
  }
}

template <class... Columns>
void BulkInsert<Columns...>::add(const Columns&... values) {
  if (database_.kind() == StoreAddress::Kind::postgresql) {
    std::size_t column = 0;
    ((rows_ += column > 0 ? "\t" : "", copy_text::append(values, nullable_[column++], rows_)), ...);
    rows_ += '\n';
  } else {
    std::apply([&](auto&... column) { (column.push_back(values), ...); }, columns_);
  }
}

template <class... Columns>
void BulkInsert<Columns...>::flush() {
  if (!rows_.empty()) {
    std::string columns;
    for (const std::string& name : names_) columns += (columns.empty() ? "" : ", ") + name;
    database_.copy_rows(table_ + " (" + columns + ")", rows_);
    rows_.clear();
  }
  if (!std::get<0>(columns_).empty()) flush_by_statement();
}

template <class... Columns>
void BulkInsert<Columns...>::flush_by_statement() {
  std::string columns;
  std::string values;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::string parameter = ":" + names_[i];
    columns += (i > 0 ? ", " : "") + names_[i];
    values += (i > 0 ? ", " : "") + (nullable_[i] ? "nullif(" + parameter + ", -1)" : parameter);
  }
  soci::statement statement(database_.sql());
  std::apply([&](auto&... column) { (statement.exchange(soci::use(column)), ...); }, columns_);
  statement.alloc();
  statement.prepare("INSERT INTO " + table_ + " (" + columns + ") VALUES (" + values + ")");
  statement.define_and_bind();
  statement.execute(true);
  std::apply([](auto&... column) { (column.clear(), ...); }, columns_);
}

// PostgreSQL's client would fetch the whole result before the first row: a cursor does not.
template <class... Columns, class Take>
base::Status for_each_row(Database& database, const std::string& text, const Take& take) {
  soci::session& sql = database.sql();
  const bool cursor = database.kind() == StoreAddress::Kind::postgresql;
  if (cursor) sql << "DECLARE tld_rows NO SCROLL CURSOR FOR " + text;
  const std::string query = cursor ? "FETCH FORWARD 4096 FROM tld_rows" : text;
  base::Status outcome = base::ok();
  bool any = true;
  while (any && outcome.has_value()) {
    any = false;
    std::tuple<Columns...> columns;
    soci::statement statement(sql);
    std::apply([&](auto&... column) { (statement.exchange(soci::into(column)), ...); }, columns);
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
      any = cursor;
      outcome = std::apply(take, columns);
      if (outcome.has_error()) break;
    }
  }
  if (cursor) sql << "CLOSE tld_rows";
  return outcome;
}

}  // namespace tld::zones
