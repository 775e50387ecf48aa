// SPDX-License-Identifier: GPL-2.0-only
//
// The templates of database.h. Included by it only.
//
// Thread rule: as database.h.
#pragma once

#include "zones/database.h"

namespace tld::zones {

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
