// SPDX-License-Identifier: GPL-2.0-only
//
// Failures in the middle of a write leave the old zone whole.
#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/unit/zones/sqlite.h"
#include "tests/unit/zones/support.h"
#include "zones/store.h"

namespace tld::zones {
namespace {

std::string large_zone(int delegations) {
  std::string text;
  for (int i = 0; i < delegations; ++i) {
    const std::string d = "domain" + std::to_string(i);
    text += d + " NS ns." + d + "\nns." + d + " A 192.0.2.1\n" + d + " DS 1 13 2 00\n";
  }
  return with_apex(text);
}

class StoreFault : public testing::Test {
 protected:
  StoreFault() {
    EXPECT_TRUE(store_->replace_zone(old_, 7, base::Time{}).has_value());
    must(store_->publish(name("kz."), {}, [](const PendingChanges&) -> base::Result<Decision> {
      return Decision{true, {}, {}, std::nullopt};
    }));
  }

  void expect_old_zone() {
    const auto fresh = must(Store::open(path_, Store::Mode::read_only));
    for (Store* store : {store_.get(), fresh.get()}) {
      EXPECT_TRUE(must(store->load_registry(name("kz."))) == old_);
      EXPECT_EQ(must(store->load_published(name("kz."))).content.size(), old_.size());
      EXPECT_EQ(must(store->zones()).at(0).last_publication->serial, 7u);
    }
    EXPECT_EQ(Sqlite(path_).run("SELECT count(*) FROM change_feed"), "0");
    EXPECT_EQ(Sqlite(path_).run("PRAGMA integrity_check"), "ok");
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "store.sqlite";
  std::unique_ptr<Store> store_ = must(Store::create(path_));
  ZoneContent old_ = content_of(with_apex("a NS ns.a\nns.a A 192.0.2.1\n"));
};

TEST_F(StoreFault, AFailingRowUndoesEverything) {
  for (const char* table :
       {"host", "host_address", "delegation", "nameserver", "ds", "change_feed"}) {
    Sqlite(path_).run(std::string("CREATE TRIGGER fail BEFORE INSERT ON ") + table +
                      " WHEN (SELECT count(*) FROM delegation) > 5 OR '" + table +
                      "' = 'host' BEGIN SELECT RAISE(ABORT, 'broken'); END");
    const auto status = store_->replace_zone(content_of(large_zone(10000)), 8, base::Time{});
    Sqlite(path_).run("DROP TRIGGER fail");
    ASSERT_TRUE(status.has_error()) << table;
    expect_old_zone();
  }
  EXPECT_TRUE(store_->replace_zone(content_of(large_zone(100)), 8, base::Time{}).has_value());
}

// A disk that fills up: no file of this process can grow beyond the limit.
TEST_F(StoreFault, DiskFull) {
  const ZoneContent large = content_of(large_zone(20000));
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old;
  small.rlim_cur = 400'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto status = store_->replace_zone(large, 8, base::Time{});
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_TRUE(status.has_error());
  EXPECT_EQ(status.error().kind, base::ErrorKind::unavailable) << status.error().message;
  expect_old_zone();
  EXPECT_TRUE(store_->replace_zone(large, 8, base::Time{}).has_value());
}

TEST_F(StoreFault, ALostExceptionOfTheProgressCallIsNone) {
  const auto status =
      store_->replace_zone(content_of(large_zone(10)), 8, base::Time{},
                           [](auto, auto) { throw std::runtime_error("interrupted"); });
  ASSERT_TRUE(status.has_error());
  EXPECT_NE(status.error().message.find("interrupted"), std::string::npos);
  expect_old_zone();
}

// Each page of the file overwritten in turn: an error or the right zone, never another zone.
TEST_F(StoreFault, DamagedFile) {
  const ZoneContent content = content_of(large_zone(200));
  ASSERT_TRUE(store_->replace_zone(content, 7, base::Time{}).has_value());
  store_.reset();  // the last connection moves the log into the file
  const auto size = std::filesystem::file_size(path_);
  ASSERT_GT(size, 10 * 4096u);
  int errors = 0;
  for (std::uintmax_t page = 0; page < size / 4096; ++page) {
    const auto copy = directory_ / "copy.sqlite";
    std::filesystem::copy_file(path_, copy, std::filesystem::copy_options::overwrite_existing);
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(page * 4096));
    file << std::string(4096, static_cast<char>(0xa5));
    file.close();
    const auto store = Store::open(copy, Store::Mode::read_only);
    if (store.has_error()) {
      ++errors;
      continue;
    }
    const auto loaded = store.value()->load_registry(name("kz."));
    if (loaded.has_error()) {
      ++errors;
    } else {
      EXPECT_TRUE(loaded.value() == content) << "page " << page;
    }
  }
  EXPECT_GT(errors, 5);
}

}  // namespace
}  // namespace tld::zones
