// SPDX-License-Identifier: GPL-2.0-only
//
// A registry store on each database, for tests, and SQL behind its back: another connection, as
// registry software has one. The PostgreSQL server is the test program's own.
#pragma once

#include <soci/soci.h>

#include <memory>
#include <string>

#include "tests/unit/zones/support.h"
#include "zones/store.h"

namespace tld::zones {

// One connection that writes what it likes.
class Sql {
 public:
  explicit Sql(const StoreAddress& address);
  // The first column of the first row; empty when there is none. Throws.
  std::string run(const std::string& statement);

 private:
  soci::session session_;
};

class StoreOnEach : public testing::TestWithParam<StoreAddress::Kind> {
 protected:
  StoreOnEach();
  ~StoreOnEach() override;

  bool is_postgresql() const { return GetParam() == StoreAddress::Kind::postgresql; }
  std::unique_ptr<Store> make() { return must(Store::create(address_)); }
  std::unique_ptr<Store> reopen(Store::Mode mode = Store::Mode::read_write) {
    return must(Store::open(address_, mode));
  }

  TemporaryDirectory directory_;
  StoreAddress address_;
};

inline std::string kind_name(const testing::TestParamInfo<StoreAddress::Kind>& info) {
  return info.param == StoreAddress::Kind::sqlite ? "sqlite" : "postgresql";
}

#define TLD_ON_EACH_DATABASE(suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(                                                                   \
      On, suite, testing::Values(StoreAddress::Kind::sqlite, StoreAddress::Kind::postgresql), \
      kind_name)

}  // namespace tld::zones
