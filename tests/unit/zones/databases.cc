// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/zones/databases.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cstdlib>

namespace tld::zones {
namespace {

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
}

class Server {
 public:
  Server() {
    // The server runs as another user, who must come through.
    std::filesystem::permissions(directory_ / "", std::filesystem::perms(0711));
    shell(tool + " start " + folder() + " fsync=off full_page_writes=off");
  }
  ~Server() {
    if (std::system((tool + " stop " + folder() + " immediate").c_str()) != 0) std::abort();
  }
  std::string folder() const { return (directory_ / "pg").string(); }
  std::string words(const std::string& database) const {
    return "host=" + folder() + " user=postgres dbname=" + database;
  }

 private:
  const std::string tool = TLD_TEST_TOOLS "/postgresql";
  TemporaryDirectory directory_;
};

Server& server() {
  static Server one;
  return one;
}

}  // namespace

Sql::Sql(const StoreAddress& address) {
  if (address.kind() == StoreAddress::Kind::postgresql) {
    session_.open(soci::postgresql, address.connection_words());
  } else {
    session_.open(soci::sqlite3, "db=\"" + address.text() + "\" timeout=10");
    session_ << "PRAGMA foreign_keys = ON";
  }
}

std::string Sql::run(const std::string& statement) {
  soci::rowset<soci::row> rows = session_.prepare << statement;
  for (const soci::row& row : rows) {
    if (row.size() == 0 || row.get_indicator(0) == soci::i_null) return "";
    switch (row.get_properties(0).get_data_type()) {
      case soci::dt_integer:
        return std::to_string(row.get<int>(0));
      case soci::dt_long_long:
        return std::to_string(row.get<long long>(0));
      default:
        return row.get<std::string>(0);
    }
  }
  return "";
}

StoreOnEach::StoreOnEach() {
  if (!is_postgresql()) {
    address_ = StoreAddress(directory_ / "a registry=1.sqlite");  // a path that needs quoting
    return;
  }
  static int number = 0;
  const std::string database = "registry" + std::to_string(++number);
  Sql(must(StoreAddress::parse("postgresql:" + server().words("postgres"))))
      .run("CREATE DATABASE " + database);
  address_ = must(StoreAddress::parse("postgresql:" + server().words(database)));
}

StoreOnEach::~StoreOnEach() = default;

}  // namespace tld::zones
