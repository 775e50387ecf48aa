// SPDX-License-Identifier: GPL-2.0-only
#include "zones/database_sqlite.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include <thread>

namespace tld::zones {
namespace {

std::string connection(const std::filesystem::path& path, Database::Access access) {
  std::string text = "db=\"" + path.string() + "\" timeout=10";
  if (access == Database::Access::read) text += " readonly=1";
  return text;
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const std::filesystem::path& path, Access access) : access_(access) {
    sql_.open(soci::sqlite3, connection(path, access));
    sql_ << "PRAGMA foreign_keys = ON";
    sql_ << "PRAGMA trusted_schema = OFF";  // a hostile file's views and triggers get no functions
    sql_ << "PRAGMA cell_size_check = ON";  // damage is an error, never nonsense
    sql_ << "PRAGMA cache_size = -65536";   // 64 MiB: an import writes its indices in any order
    sql_ << "PRAGMA synchronous = FULL";    // a serial that was given out is never given again
    seen_ = data_version();
  }

  StoreAddress::Kind kind() const override { return StoreAddress::Kind::sqlite; }
  bool read_only() override { return access_ == Access::read; }
  void begin(Access access) override {
    refuse_moved_file();
    sql_ << (access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  void define(const std::string& portable) override { sql_ << portable; }
  void continue_ids(const std::string&) override {}  // SQLite takes the greatest id there is
  void lock_tables(const std::string&) override {}   // BEGIN IMMEDIATE has done it

  // https://www.sqlite.org/pragma.html#pragma_data_version: cheap, and changes with each commit of
  // another connection.
  bool wait_for_commit(std::chrono::milliseconds limit) override {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
      const long long version = data_version();
      if (version != seen_) {
        seen_ = version;
        return true;
      }
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= std::chrono::milliseconds{0}) return true;
      std::this_thread::sleep_for(
          std::min<std::chrono::steady_clock::duration>(left, std::chrono::milliseconds{5}));
    }
  }

 private:
  // SQLite goes on with a file that was removed or replaced: what it writes there is lost, and the
  // one that is at the path now is never seen.
  void refuse_moved_file() {
    auto* const backend = static_cast<soci::sqlite3_session_backend*>(sql_.get_backend());
    int moved = 0;
    sqlite_api::sqlite3_file_control(backend->conn_, nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved == 0) return;
    throw soci::sqlite3_soci_error("its file was removed or replaced since it was opened",
                                   SQLITE_CANTOPEN);
  }

  long long data_version() {
    long long version = 0;
    sql_ << "PRAGMA data_version", soci::into(version);
    return version;
  }

  const Access access_;
  long long seen_ = 0;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const StoreAddress& address, Database::Access access) {
  return std::make_unique<SqliteDatabase>(address.path(), access);
}

}  // namespace tld::zones
