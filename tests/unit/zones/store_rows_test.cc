// SPDX-License-Identifier: GPL-2.0-only
//
// Rows that a hostile or broken registry could hold: each is an error that names table, row and
// rule.
#include "tests/unit/zones/sqlite.h"
#include "tests/unit/zones/support.h"
#include "zones/store.h"

namespace tld::zones {
namespace {

const char* const zone_text =
    "a NS ns.a\na DS 1 13 2 0001\nns.a A 192.0.2.1\nns.a AAAA ::1\nh A 192.0.2.2\n@ TXT x\n";

struct Case {
  std::string change;  // SQL, with foreign keys and CHECKs off
  std::string error;   // a part of the message
};

// Ids as write_zone counts them: hosts ns.a.kz. and h.kz. in canonical order of first mention.
const Case cases[] = {
    {"UPDATE zone SET soa_mname = 'a..b.'", "table zone, row 1: \"a..b.\""},
    {"UPDATE zone SET soa_rname = 'UPPER.'",
     "table zone, row 1: \"UPPER.\" is not written as upper."},
    {"UPDATE zone SET soa_serial = 4294967296",
     "table zone, row 1: soa_serial 4294967296 is not between"},
    {"UPDATE zone SET soa_ttl = -1", "table zone, row 1: soa_ttl -1 is not between"},
    {"UPDATE zone SET soa_minimum = 9223372036854775807", "table zone, row 1: soa_minimum 9223"},
    {"UPDATE delegation SET name = 'a.kz'",
     "table delegation, row 1: name \"a.kz\" is not written as a.kz."},
    {"UPDATE delegation SET name = ''", "table delegation, row 1: name \"\""},
    {"UPDATE delegation SET name = 'a.kz.' || char(10)",
     "table delegation, row 1: name \"a.kz.?\""},
    {"UPDATE delegation SET name = CAST(x'612e6b7a2e00' AS TEXT)", "table delegation, row 1: name"},
    {"UPDATE delegation SET name = 'é.kz.'", "table delegation, row 1: name \"??.kz.\""},
    {"UPDATE delegation SET name = 'kz.'", "table delegation, row 1: the apex itself"},
    {"UPDATE delegation SET ns_ttl = 2147483648", "table delegation, row 1: TTL 2147483648"},
    {"UPDATE delegation SET ns_ttl = -1", "table delegation, row 1: ns_ttl is NULL"},
    {"UPDATE delegation SET ds_ttl = NULL", "table delegation, row 1: ds_ttl is NULL, but"},
    {"UPDATE delegation SET ds_ttl = -7", "table delegation, row 1: TTL -7"},
    {"DELETE FROM nameserver", "table delegation, row 1: a.kz. has no row in nameserver"},
    {"UPDATE nameserver SET host_id = 99", "table nameserver, row (1, 99): no such host"},
    {"UPDATE host SET name = 'NS.a.kz.' WHERE name = 'ns.a.kz.'", "is not written as ns.a.kz."},
    {"UPDATE host SET a_ttl = NULL WHERE name = 'ns.a.kz.'",
     "a_ttl is NULL, but it has the address 192.0.2.1"},
    {"UPDATE host SET aaaa_ttl = NULL", "aaaa_ttl is NULL, but it has the address ::1"},
    {"UPDATE host SET a_ttl = 2147483648", "TTL 2147483648"},
    {"UPDATE host_address SET address = '192.0.2' WHERE address = '192.0.2.2'",
     "\"192.0.2\"): address is not"},
    {"UPDATE host_address SET address = '0::1' WHERE address = '::1'", "\"0::1\"): address is not"},
    {"UPDATE host_address SET address = '' WHERE address = '::1'", "table host_address, row"},
    {"UPDATE ds SET digest = '0G'", "table ds, row of delegation 1: digest \"0G\" is not"},
    {"UPDATE ds SET digest = 'AB'", "table ds, row of delegation 1: digest \"AB\" is not"},
    {"UPDATE ds SET digest = ''", "table ds, row of delegation 1: digest \"\" is not"},
    {"UPDATE ds SET key_tag = 65536",
     "table ds, row of delegation 1: key_tag 65536 is not between"},
    {"UPDATE ds SET algorithm = -1", "table ds, row of delegation 1: algorithm -1"},
    {"UPDATE ds SET digest_type = 256", "table ds, row of delegation 1: digest_type 256"},
    {"UPDATE rrset SET owner = 'KZ.' WHERE type = 'TXT'", "is not written as kz."},
    {"UPDATE rrset SET type = 'FOO' WHERE type = 'TXT'", "type \"FOO\" is not a record type"},
    {"UPDATE rrset SET type = 'txt' WHERE type = 'TXT'", "type \"txt\" is not a record type"},
    {"UPDATE rrset SET type = 'A' WHERE type = 'TXT'", "A has a table of its own"},
    {"UPDATE rrset SET type = 'SOA' WHERE type = 'TXT'", "SOA has a table of its own"},
    {"UPDATE rrset SET owner = 'b.kz.' WHERE type = 'NS'", "NS has a table of its own"},
    {"UPDATE rrset SET ttl = -1 WHERE type = 'TXT'", "ttl -1 is not between"},
    {"UPDATE rdata SET rdata = '\"x' WHERE rdata = '\"x\"'", "table rrset, row 2: rdata"},
    {"UPDATE rdata SET rdata = 'x' || char(10) || 'y'", "a line break"},
    {"UPDATE rdata SET rdata = ''", "table rrset, row"},
    {"UPDATE rdata SET rdata = 'x y' WHERE rrset_id = 1",
     "table rrset, row 1: rdata \"x y\": NS has 1 field"},
    {"INSERT INTO rrset VALUES (9, 1, 'a.kz.', 'DS', 1); INSERT INTO rdata VALUES (9, '2 13 2 02')",
     "ttl-single: a.kz. DS has TTLs"},
};

TEST(StoreRows, EachBadRowIsNamed) {
  for (const Case& one : cases) {
    const TemporaryDirectory directory;
    const auto path = directory / "store.sqlite";
    const auto store = must(Store::create(path));
    ASSERT_TRUE(store->replace_zone(content_of(with_apex(zone_text)), 7, base::Time{}).has_value());
    must(store->load_registry(name("kz.")));
    Sqlite(path).run("PRAGMA ignore_check_constraints = ON; " + one.change);
    const auto loaded = store->load_registry(name("kz."));
    ASSERT_TRUE(loaded.has_error()) << one.change;
    EXPECT_EQ(loaded.error().kind, base::ErrorKind::invalid_input) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find(one.error), std::string::npos) << one.change << "\n"
                                                                         << loaded.error().message;
  }
}

TEST(StoreRows, ZoneNameAndPublicationTime) {
  const TemporaryDirectory directory;
  const auto path = directory / "store.sqlite";
  const auto store = must(Store::create(path));
  ASSERT_TRUE(store->replace_zone(content_of(with_apex("")), 7, base::Time{}).has_value());
  must(store->publish(name("kz."), {}, [](const PendingChanges&) -> base::Result<Decision> {
    return Decision{true, {}, {}, std::nullopt};
  }));
  Sqlite sqlite(path);
  for (const char* created : {"", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00",
                              "2026-01-01T24:00:00Z", "2026-01-01T00:00:00Zx", "now"}) {
    sqlite.run(std::string("UPDATE publication SET created = '") + created + "'");
    const auto result = store->zones();
    ASSERT_TRUE(result.has_error()) << created;
    EXPECT_NE(result.error().message.find("table publication, row 1"), std::string::npos);
    EXPECT_TRUE(store->load_published(name("kz.")).has_error());
  }
  sqlite.run("UPDATE publication SET created = '2026-01-01T23:59:59Z'");
  EXPECT_TRUE(store->zones().has_value());
  sqlite.run("UPDATE zone SET name = 'k..z'");
  EXPECT_NE(store->zones().error().message.find("table zone, row 1"), std::string::npos);
}

// Tables without STRICT and the constraints hold anything: not a store, whatever its number says.
TEST(StoreRows, AnotherSchemaUnderTheSameNumber) {
  const TemporaryDirectory directory;
  const auto path = directory / "store.sqlite";
  must(Store::create(path));
  Sqlite sqlite(path);
  sqlite.run("DROP TABLE ds");
  const auto missing = Store::open(path, Store::Mode::read_only);
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().kind, base::ErrorKind::refused);
  EXPECT_NE(missing.error().message.find("CREATE TABLE ds"), std::string::npos);
  sqlite.run("CREATE TABLE ds (delegation_id, key_tag, algorithm, digest_type, digest)");
  EXPECT_EQ(Store::open(path, Store::Mode::read_only).error().kind, base::ErrorKind::refused);
}

// What a registry adds for itself is no fault.
TEST(StoreRows, TablesBesideOursAreTheRegistrys) {
  const TemporaryDirectory directory;
  const auto path = directory / "store.sqlite";
  must(Store::create(path));
  Sqlite(path).run("CREATE TABLE registrar (id); CREATE INDEX mine ON delegation (name)");
  EXPECT_TRUE(Store::open(path, Store::Mode::read_only).has_value());
}

}  // namespace
}  // namespace tld::zones
