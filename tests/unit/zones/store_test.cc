// SPDX-License-Identifier: GPL-2.0-only
//
// What registry software and operators rely on, on SQLite and on PostgreSQL alike.
#include "zones/store.h"

#include <fstream>
#include <thread>

#include "tests/unit/zones/databases.h"
#include "tests/unit/zones/sqlite.h"

namespace tld::zones {
namespace {

using base::ErrorKind;
using Mode = Store::Mode;

const base::Time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

base::Status replace(Store& store, const std::string& text, std::uint32_t serial = 7,
                     std::string_view apex = "kz.") {
  return store.replace_zone(content_of(text, apex), serial, now);
}

const char* const everything =
    "a NS ns.a\na NS ns.example.\na DS 1 13 2 0001\na DS 1 13 1 0002\nns.a A 192.0.2.1\n"
    "ns.a AAAA 2001:db8::1\nns.a A 192.0.2.2\nb 77 NS ns.a\nh 5 A 192.0.2.9\nh 6 AAAA "
    "::ffff:192.0.2.1\n"
    "@ TXT \"a \\\"b\\\\ \\000\\255\" c\n\\000\\042\\.x CAA 0 issue \"y\"\nm MX 5 h\nold.b A "
    "192.0.2.7\n"
    "t TYPE65280 \\# 3 abcdef\nl LOC 1 2 3 N 4 5 6 E 7m\nn NAPTR 1 2 \"u\" \"s\" \"!x!y!\" .\n"
    "s HTTPS 1 . alpn=h2\nf SSHFP 1 1 00\nq HINFO x y\nd TYPE255 \\# 0\nx.a TXT below\nds DS 1 2 3 "
    "04\n"
    "sub SOA a. b. 1 2 3 4 5\n@ DS 1 2 3 04\nother.example. TXT outside\n";

class StoreTest : public StoreOnEach {};
TLD_ON_EACH_DATABASE(StoreTest);

TEST_P(StoreTest, CreateAndOpen) {
  EXPECT_EQ(Store::open(address_, Mode::read_write).error().kind,
            is_postgresql() ? ErrorKind::refused : ErrorKind::not_found);
  make();
  EXPECT_EQ(Store::create(address_).error().kind, ErrorKind::refused);
  EXPECT_TRUE(must(reopen(Mode::read_only)->zones()).empty());
  EXPECT_EQ(reopen(Mode::read_only)->load_registry(name("kz."), {}).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ(reopen()->last_publication(name("kz.")).error().kind, ErrorKind::not_found);
}

TEST(StoreAddressTest, WhatIsRefused) {
  const TemporaryDirectory directory;
  EXPECT_EQ(Store::create(directory / "no/such/folder").error().kind, ErrorKind::unavailable);
  for (const char* text : {"", "a\"b", "postgresql:host=x password=secret", "postgresql:nonsense",
                           "postgresql:colour=red"}) {
    const auto address = StoreAddress::parse(text);
    ASSERT_TRUE(address.has_error()) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
  }
  const auto nobody = StoreAddress::parse("postgresql:host=/nonexistent dbname=x");
  EXPECT_EQ(Store::open(must(nobody), Mode::read_only).error().kind, ErrorKind::unavailable);
}

TEST(StoreFileTest, OtherFilesAreRefused) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "text") << std::string(5000, 'x');
  EXPECT_EQ(Store::open(directory / "text", Mode::read_only).error().kind,
            ErrorKind::invalid_input);
  Sqlite(directory / "other").run("CREATE TABLE zone (id)");
  EXPECT_EQ(Store::open(directory / "other", Mode::read_only).error().kind, ErrorKind::refused);
  must(Store::create(directory / "store"));
  Sqlite(directory / "store").run("PRAGMA user_version = 3");
  const auto newer = Store::open(directory / "store", Mode::read_write);
  EXPECT_EQ(newer.error().kind, ErrorKind::refused);
  EXPECT_NE(newer.error().message.find("schema version 3"), std::string::npos);
}

TEST_P(StoreTest, WhatIsStoredIsLoadedTheSame) {
  const ZoneContent content = content_of(with_apex(everything));
  const auto store = make();
  ASSERT_TRUE(store->replace_zone(content, 7, now).has_value());
  EXPECT_TRUE(must(reopen(Mode::read_only)->load_registry(name("kz."))) == content);
}

TEST_P(StoreTest, RootAsApex) {
  const std::string text =
      "$TTL 60\n. SOA a. b. 4294967295 1 2 3 4294967295\n. NS a.x.\n. DS 1 2 3 04\n"
      "x. NS a.x.\na.x. A 192.0.2.1\n";
  const auto store = make();
  ASSERT_TRUE(replace(*store, text, 4294967295, ".").has_value());
  EXPECT_TRUE(must(store->load_registry(dns::NameView())) == content_of(text, "."));
}

TEST_P(StoreTest, ReplacedZoneIsTheNewOneAndOthersStay) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(everything)).has_value());
  ASSERT_TRUE(replace(*store, with_apex(everything), 3, "com.kz.").has_value());
  ASSERT_TRUE(replace(*store, with_apex("z NS ns.z\nns.z A 192.0.2.1\n"), 8).has_value());
  const ZoneContent kz = must(store->load_registry(name("kz.")));
  EXPECT_EQ(kz.size(), 4u);
  EXPECT_EQ(
      must(dns::Soa::from_wire(*kz.find(name("kz."), dns::RRType::SOA)->rdata.begin())).serial, 8u);
  EXPECT_EQ(must(store->load_registry(name("com.kz."))).size(),
            content_of(with_apex(everything), "com.kz.").size());
  const auto zones = must(store->zones());
  ASSERT_EQ(zones.size(), 2u);
  EXPECT_EQ(zones[0].name, name("kz."));
  EXPECT_EQ(zones[0].imported_serial, 8u);
  EXPECT_EQ(zones[0].delegations, 1u);
  EXPECT_FALSE(zones[0].last_publication.has_value());
}

TEST_P(StoreTest, ReplacingLeavesNoRowsBehind) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(everything)).has_value());
  ASSERT_TRUE(replace(*store, with_apex("")).has_value());
  Sql sql(address_);
  for (const char* table :
       {"delegation", "nameserver", "host", "host_address", "ds", "bulk_change"}) {
    EXPECT_EQ(sql.run(std::string("SELECT count(*) FROM ") + table), "0") << table;
  }
  EXPECT_EQ(sql.run("SELECT count(*) FROM rrset"), "1");  // the apex NS
  EXPECT_EQ(sql.run("SELECT count(*) FROM rdata"), "1");
}

// Catches: ids that our import chose being given to a registry's next row.
TEST_P(StoreTest, RegistrySoftwareInsertsBehindAnImport) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(everything)).has_value());
  Sql sql(address_);
  sql.run("INSERT INTO host (zone_id, name) VALUES (1, 'ns.new.example.')");
  sql.run("INSERT INTO delegation (zone_id, name, ns_ttl) VALUES (1, 'new.kz.', 3600)");
  sql.run(
      "INSERT INTO nameserver SELECT d.id, h.id FROM delegation d, host h WHERE d.name ="
      " 'new.kz.' AND h.name = 'ns.new.example.'");
  sql.run("INSERT INTO rrset (zone_id, owner, type, ttl) VALUES (1, 'new2.kz.', 'TXT', 1)");
  EXPECT_TRUE(
      must(store->load_registry(name("kz."))).find(name("new.kz."), dns::RRType::NS).has_value());
}

TEST_P(StoreTest, ContentWithoutSoaIsRefused) {
  const auto store = make();
  const auto status = replace(*store, "$TTL 1\n@ NS ns.example.\n");
  ASSERT_TRUE(status.has_error());
  EXPECT_EQ(status.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(must(store->zones()).empty());
}

TEST_P(StoreTest, ReadOnlyDoesNotWrite) {
  ASSERT_TRUE(replace(*make(), with_apex("")).has_value());
  const auto reader = reopen(Mode::read_only);
  EXPECT_EQ(replace(*reader, with_apex("")).error().kind, ErrorKind::refused);
  EXPECT_EQ(reader->freeze(name("kz."), "x", now).error().kind, ErrorKind::refused);
}

TEST_P(StoreTest, ProgressReachesTheEnd) {
  const auto store = make();
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  const Progress progress = [&](std::uint64_t d, std::uint64_t t) {
    done = d;
    total = t;
  };
  ASSERT_TRUE(store->replace_zone(content_of(with_apex(everything)), 7, now, progress).has_value());
  EXPECT_EQ(done, content_of(with_apex(everything)).size());
  EXPECT_EQ(done, total);
  done = 0;
  must(store->load_registry(name("kz."), progress));
  EXPECT_EQ(done, 2u);
  EXPECT_EQ(total, 2u);
}

// Two versions that differ in every table; a reader that mixed them would see a third.
TEST_P(StoreTest, LoadWhileAWriterWritesSeesOneVersion) {
  std::string more;
  for (int i = 0; i < 300; ++i) {
    const std::string d = "d" + std::to_string(i);
    more += d + " NS ns." + d + "\nns." + d + " A 192.0.2.1\n" + d + " DS 1 13 2 00\n";
  }
  const ZoneContent one = content_of(with_apex(everything));
  const ZoneContent two = content_of(with_apex(more));
  const auto store = make();
  ASSERT_TRUE(store->replace_zone(one, 7, now).has_value());
  std::atomic<bool> stop = false;
  std::thread writer([&, this] {
    const auto mine = reopen(Mode::read_write);
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(mine->replace_zone(i % 2 == 0 ? two : one, 7, now).has_value());
    }
  });
  const auto reader = reopen(Mode::read_only);
  int seen[2] = {0, 0};
  for (int i = 0; i < 1000 && (seen[0] < 20 || seen[1] < 20); ++i) {
    const ZoneContent loaded = must(reader->load_registry(name("kz.")));
    const bool first = loaded == one;
    EXPECT_TRUE(first || loaded == two);
    ++seen[first ? 0 : 1];
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen[0], 0);
  EXPECT_GT(seen[1], 0);
}

}  // namespace
}  // namespace tld::zones
