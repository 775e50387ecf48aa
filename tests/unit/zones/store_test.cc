// SPDX-License-Identifier: GPL-2.0-only
#include "zones/store.h"

#include <fstream>
#include <thread>

#include "tests/unit/zones/sqlite.h"
#include "tests/unit/zones/support.h"

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

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> make() { return must(Store::create(path_)); }
  std::unique_ptr<Store> reopen(Mode mode) { return must(Store::open(path_, mode)); }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "a registry=1.sqlite";  // a path that needs quoting
};

TEST_F(StoreTest, CreateAndOpen) {
  EXPECT_EQ(Store::open(path_, Mode::read_write).error().kind, ErrorKind::not_found);
  make();
  EXPECT_EQ(Store::create(path_).error().kind, ErrorKind::refused);
  EXPECT_TRUE(must(reopen(Mode::read_only)->zones()).empty());
  EXPECT_EQ(reopen(Mode::read_only)->load(name("kz."), {}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(must(reopen(Mode::read_only)->change_token()), ChangeToken{});
  EXPECT_EQ(Store::create(directory_ / "no/such/folder").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(Store::create(directory_ / "a\"b").error().kind, ErrorKind::invalid_input);
}

TEST_F(StoreTest, OtherFilesAreRefused) {
  std::ofstream(directory_ / "text") << std::string(5000, 'x');
  EXPECT_EQ(Store::open(directory_ / "text", Mode::read_only).error().kind,
            ErrorKind::invalid_input);
  Sqlite(directory_ / "other").run("CREATE TABLE zone (id)");
  EXPECT_EQ(Store::open(directory_ / "other", Mode::read_only).error().kind, ErrorKind::refused);
  make();
  Sqlite(path_).run("PRAGMA user_version = 2");
  const auto newer = Store::open(path_, Mode::read_write);
  EXPECT_EQ(newer.error().kind, ErrorKind::refused);
  EXPECT_NE(newer.error().message.find("schema version 2"), std::string::npos);
}

TEST_F(StoreTest, WhatIsStoredIsLoadedTheSame) {
  const ZoneContent content = content_of(with_apex(everything));
  const auto store = make();
  ASSERT_TRUE(store->replace_zone(content, 7, now).has_value());
  const LoadedZone loaded = must(reopen(Mode::read_only)->load(name("kz.")));
  EXPECT_TRUE(loaded.content == content);
  EXPECT_EQ(loaded.feed_position, 1);
}

TEST_F(StoreTest, RootAsApex) {
  const std::string text =
      "$TTL 60\n. SOA a. b. 4294967295 1 2 3 4294967295\n. NS a.x.\n. DS 1 2 3 04\n"
      "x. NS a.x.\na.x. A 192.0.2.1\n";
  const auto store = make();
  ASSERT_TRUE(replace(*store, text, 4294967295, ".").has_value());
  EXPECT_TRUE(must(store->load(dns::NameView())).content == content_of(text, "."));
}

TEST_F(StoreTest, ReplacedZoneIsTheNewOneAndOthersStay) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(everything)).has_value());
  ASSERT_TRUE(replace(*store, with_apex(everything), 3, "com.kz.").has_value());
  ASSERT_TRUE(replace(*store, with_apex("z NS ns.z\nns.z A 192.0.2.1\n"), 8).has_value());
  const ZoneContent kz = must(store->load(name("kz."))).content;
  EXPECT_EQ(kz.size(), 4u);
  EXPECT_EQ(
      must(dns::Soa::from_wire(*kz.find(name("kz."), dns::RRType::SOA)->rdata.begin())).serial, 8u);
  EXPECT_EQ(must(store->load(name("com.kz."))).content.size(),
            content_of(with_apex(everything), "com.kz.").size());
  const auto zones = must(store->zones());
  ASSERT_EQ(zones.size(), 2u);
  EXPECT_EQ(zones[0].name, name("kz."));
  EXPECT_EQ(zones[0].imported_serial, 8u);
  EXPECT_EQ(zones[0].delegations, 1u);
  EXPECT_EQ(zones[0].feed_position, 3);
  EXPECT_EQ(zones[1].feed_position, 2);
  EXPECT_FALSE(zones[0].last_publication.has_value());
}

TEST_F(StoreTest, ReplacingLeavesNoRowsBehind) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(everything)).has_value());
  ASSERT_TRUE(replace(*store, with_apex("")).has_value());
  Sqlite sqlite(path_);
  for (const char* table : {"delegation", "nameserver", "host", "host_address", "ds"}) {
    EXPECT_EQ(sqlite.run(std::string("SELECT count(*) FROM ") + table), "0") << table;
  }
  EXPECT_EQ(sqlite.run("SELECT count(*) FROM rrset"), "1");  // the apex NS
  EXPECT_EQ(sqlite.run("SELECT count(*) FROM rdata"), "1");
}

TEST_F(StoreTest, ContentWithoutSoaIsRefused) {
  const auto store = make();
  const auto status = replace(*store, "$TTL 1\n@ NS ns.example.\n");
  ASSERT_TRUE(status.has_error());
  EXPECT_EQ(status.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(must(store->zones()).empty());
}

TEST_F(StoreTest, ReadOnlyDoesNotWrite) {
  ASSERT_TRUE(replace(*make(), with_apex("")).has_value());
  const auto reader = reopen(Mode::read_only);
  EXPECT_EQ(replace(*reader, with_apex("")).error().kind, ErrorKind::refused);
  EXPECT_EQ(reader->publish(name("kz."), 1, now).error().kind, ErrorKind::refused);
  const Publication made = must(reopen(Mode::read_write)->publish(name("kz."), 1, now));
  EXPECT_EQ(must(reader->publish(name("kz."), 1, now)).serial, made.serial);
}

TEST_F(StoreTest, SerialIsAssignedOncePerPosition) {
  const auto store = make();
  ASSERT_TRUE(replace(*store, with_apex(""), 100).has_value());
  const Publication first = must(store->publish(name("kz."), 1, now));
  EXPECT_EQ(first.serial, 100u);
  EXPECT_EQ(first.created, now);
  const Publication again =
      must(reopen(Mode::read_write)->publish(name("kz."), 1, now + std::chrono::hours(1)));
  EXPECT_EQ(again.serial, 100u);
  EXPECT_EQ(again.created, now);
  EXPECT_EQ(must(store->zones())[0].last_publication->serial, 100u);
}

TEST_F(StoreTest, SerialNeverGoesBackwards) {
  const auto store = make();
  FeedPosition position = 0;
  const auto next_serial = [&](std::uint32_t imported_serial) {
    EXPECT_TRUE(replace(*store, with_apex(""), imported_serial).has_value());
    return must(store->publish(name("kz."), ++position, now)).serial;
  };
  EXPECT_EQ(next_serial(100), 100u);
  EXPECT_EQ(next_serial(100), 101u);  // the same file again
  EXPECT_EQ(next_serial(50), 102u);
  EXPECT_EQ(next_serial(2026112200), 2026112200u);
  EXPECT_EQ(next_serial(2026112200u + 0x7fffffff), 2026112200u + 0x7fffffff);  // RFC 1982
  EXPECT_EQ(next_serial(2026112200u + 0xffffffff), 2026112200u + 0x80000000);  // not comparable
  EXPECT_EQ(next_serial(4294967295), 4294967295u);
  EXPECT_EQ(next_serial(5), 5u);  // around the end: 5 is greater
  EXPECT_EQ(next_serial(4294967295), 6u);
}

TEST_F(StoreTest, PositionsThatAreNotTheZones) {
  const auto store = make();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(replace(*store, with_apex(""), 7, i == 1 ? "com.kz." : "kz.").has_value());
  }
  const auto kind = [&](FeedPosition position) {
    return store->publish(name("kz."), position, now).error().kind;
  };
  EXPECT_EQ(kind(0), ErrorKind::refused);
  EXPECT_EQ(kind(2), ErrorKind::refused);  // com.kz.'s
  EXPECT_EQ(kind(4), ErrorKind::refused);
  must(store->publish(name("kz."), 3, now));
  EXPECT_EQ(kind(1), ErrorKind::refused);  // before the last publication
  EXPECT_EQ(store->publish(name("net.kz."), 3, now).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, TwoNodesPublishingAtOnceGetOneSerial) {
  const auto store = make();
  for (std::uint32_t round = 1; round <= 10; ++round) {
    ASSERT_TRUE(replace(*store, with_apex(""), 7).has_value());
    std::uint32_t serials[2] = {0, 0};
    std::vector<std::thread> nodes;
    for (std::uint32_t& serial : serials) {
      nodes.emplace_back([&, this] {
        serial = must(reopen(Mode::read_write)->publish(name("kz."), round, now)).serial;
      });
    }
    for (std::thread& node : nodes) node.join();
    EXPECT_EQ(serials[0], serials[1]);
    EXPECT_EQ(serials[0], 6 + round);
  }
}

TEST_F(StoreTest, ChangeTokenChangesWithTheFeed) {
  const auto store = make();
  const auto follower = reopen(Mode::read_only);
  const ChangeToken before = must(follower->change_token());
  ASSERT_TRUE(replace(*store, with_apex("")).has_value());
  const ChangeToken behind = must(follower->change_token());
  EXPECT_NE(before, behind);
  must(store->publish(name("kz."), 1, now));
  EXPECT_EQ(must(follower->change_token()), behind);
}

TEST_F(StoreTest, ProgressReachesTheEnd) {
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
  must(store->load(name("kz."), progress));
  EXPECT_EQ(done, 2u);
  EXPECT_EQ(total, 2u);
}

// Two versions that differ in every table; a reader that mixed them would see a third.
TEST_F(StoreTest, LoadWhileAWriterWritesSeesOneVersion) {
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
  for (int i = 0; i < 200; ++i) {
    const LoadedZone loaded = must(reader->load(name("kz.")));
    const bool first = loaded.content == one;
    EXPECT_TRUE(first || loaded.content == two);
    EXPECT_EQ(first, loaded.feed_position % 2 == 1) << "content and position of one version";
    ++seen[first ? 0 : 1];
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen[0], 0);
  EXPECT_GT(seen[1], 0);
}

}  // namespace
}  // namespace tld::zones
