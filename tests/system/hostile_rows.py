# SPDX-License-Identifier: GPL-2.0-only
"""Rows that no registry should write, as plain SQL: what one of them is, and what has to become of
it. `ZONE` stands for the zone's id in every statement."""

import dataclasses
from collections.abc import Callable

from registry import SHARED, quoted

ZONE = "(SELECT id FROM zone WHERE name = 'kz.')"
GOOD_DIGEST = "ab" * 32
ROWS_AT_ONCE = 400  # of one statement, where the database takes them


@dataclasses.dataclass(frozen=True)
class Kind:
    """`name`: of row number i. `before`: statements that make what is right about it, from
    {i: name as SQL}. `rows`: its own ones. `reason`: what the store says of a name that is set
    aside; None where the database refuses the row. `refused_on`: where it does so in spite of a
    reason."""
    label: str
    name: Callable
    rows: Callable
    reason: str | None
    before: Callable = lambda names: []
    refused_on: str = ""

    def is_refused(self, store):
        return self.reason is None or self.refused_on == store


class Sql:
    """What the two databases write differently."""

    def __init__(self, store):
        self._store = store

    def text(self, value):
        """Any octets: also those that are no text."""
        octets = value if isinstance(value, bytes) else value.encode()
        if self._store == "sqlite":
            return f"CAST(X'{octets.hex()}' AS TEXT)"
        return f"convert_from('\\x{octets.hex()}', 'UTF8')"


def insert(table, columns, rows):
    return f"INSERT INTO {table} ({columns}) VALUES " + ", ".join(f"({row})" for row in rows)


def delegations(names, ds_ttl="3600"):
    return [insert("delegation", "zone_id, name, ns_ttl, ds_ttl",
                   (f"{ZONE}, {name}, 3600, {ds_ttl}" for name in names.values()))]


def delegated(names, ds_ttl="3600"):
    """With name servers."""
    return delegations(names, ds_ttl) + [
        "INSERT INTO nameserver SELECT d.id, h.id FROM delegation AS d, host AS h WHERE d.name IN ("
        + ", ".join(names.values()) + ") AND h.name IN (" + ", ".join(map(quoted, SHARED)) + ")"]


def own_hosts(names, a_ttl="3600"):
    return [insert("host", "zone_id, name, a_ttl",
                   (f"{ZONE}, {name}, {a_ttl}" for name in names.values()))]


def ds_rows(digest, digest_type=2):
    """One row each, with the digest of row i."""
    def rows(names, sql):
        return [f"INSERT INTO ds VALUES ((SELECT id FROM delegation WHERE name = {name}), "
                f"{i % 65536}, 13, {digest_type}, {sql.text(digest(i))})"
                for i, name in names.items()]
    return rows


def rrset_rows(*records):
    """`records`: (type of row i, [RDATA of row i])"""
    def rows(names, sql):
        result = []
        for rdtype, rdatas in records:
            result.append(insert("rrset", "zone_id, owner, type, ttl", (
                f"{ZONE}, {name}, {sql.text(rdtype(i))}, 3600" for i, name in names.items())))
            for rdata in rdatas:
                result.append(
                    "INSERT INTO rdata SELECT r.id, v.text FROM rrset AS r JOIN ("
                    + " UNION ALL ".join(
                        f"SELECT {name} AS owner, {sql.text(rdtype(i))} AS type, "
                        f"{sql.text(rdata(i))} AS text" for i, name in names.items())
                    + ") AS v ON v.owner = r.owner AND v.type = r.type")
        return result
    return rows


def one_of(*values):
    return lambda i: values[i % len(values)]


def always(value):
    return lambda i: value


def bad_name_rows(names, _):
    return delegations(names)


# -- set aside


def names_that_are_none():
    def kind(label, name, reason, **more):
        return Kind(label, name, bad_name_rows, reason, **more)
    odd = ["tab\t{}.kz.", "line\n{}.kz.", "\x1b[2J{}.kz.", "'; DROP TABLE zone; --{}.kz.",
           "caf\u00e9{}.kz.", "\u202e{}.kz.", "empty..{}.kz.", ".{}.kz.", "sp ace{}.kz.",
           "{}.kz..", "\\256{}.kz.", "back\\", "@{}", "$ORIGIN{}.kz."]
    broken = [b"\xff%d.kz.", b"\xc3\x28%d.kz.", b"\xed\xa0\x80%d.kz.", b"\xf8\x88\x80\x80\x80%d.kz."]
    return [
        kind("name of 300 octets", lambda i: ".".join(["w" * 58] * 4 + [f"{i:050}"]) + ".kz.",
             "255"),
        kind("label of 64 octets", lambda i: f"{i:064}.kz.", "63"),
        kind("upper case", lambda i: f"UPPER{i}.kz.", "is not written as"),
        kind("no final dot", lambda i: f"no-dot{i}.kz", "is not written as"),
        kind("another spelling", lambda i: f"\\115pelling{i}.kz.", "is not written as"),
        Kind("outside the zone", lambda i: f"outside{i}.example.", lambda names, _: [],
             "owner-in-zone", before=delegated),
        kind("no name at all", lambda i: odd[i % len(odd)].replace("{}", str(i)) if i % len(odd) != 11
             else f"back{i}\\", ""),
        kind("NUL in a name", lambda i: b"nul%d\0.kz." % i, "", refused_on="postgresql"),
        Kind("NUL behind a name", lambda i: b"behind%d.kz.\0" % i,
             lambda names, _: delegated(names), "", refused_on="postgresql"),
        kind("broken UTF-8", lambda i: broken[i % 4] % i, "", refused_on="postgresql"),
        Kind("wildcard", lambda i: f"*.wild{i}.kz.", lambda names, _: [], "wildcard",
             before=delegated),
    ]


def ds_that_are_none():
    def kind(label, digest, reason, digest_type=2, **more):
        return Kind(label, lambda i: f"{label.replace(' ', '-')}{i}.kz.",
                    ds_rows(digest, digest_type), reason, before=delegated, **more)
    none = ("", "zz" * 32, GOOD_DIGEST.upper(), "abc", GOOD_DIGEST[:-1] + "'", "0x" + "ab" * 31,
            " " + GOOD_DIGEST, "ab" * 32 + "\n", "\u0661" * 64)
    return [
        kind("sha256 too short", always("ab" * 20), "ds-digest"),
        kind("sha384 too short", always("ab" * 32), "ds-digest", 4),
        kind("sha1 too long", always("ab" * 32), "ds-digest", 1),
        kind("no digest", one_of(*none), "is not lower-case base16"),
        kind("nul behind digest", always(GOOD_DIGEST.encode() + b"\0"), "",
             refused_on="postgresql"),
        Kind("DS without TTL", lambda i: f"ds-without-ttl{i}.kz.", ds_rows(always(GOOD_DIGEST)),
             "without a TTL", before=lambda names: delegated(names, "NULL")),
    ]


def referrals_that_lead_nowhere():
    def own_server(names, _):
        return ["INSERT INTO nameserver SELECT d.id, h.id FROM delegation AS d JOIN host AS h ON "
                "h.name = d.name WHERE d.name IN (" + ", ".join(names.values()) + ")"]

    def address(value):
        return lambda names, sql: [
            f"INSERT INTO host_address SELECT id, {sql.text(value(i))} FROM host WHERE name = {name}"
            for i, name in names.items()]
    bad = one_of("192.0.2.256", "010.0.0.1", "localhost", "2001:DB8::1", "::ffff:1.2.3.4.5", "",
                 "fe80::1%eth0", "1.2.3.4/32", "192.0.2.1 ")
    return [
        Kind("its own name server", lambda i: f"loop{i}.kz.", own_server, "glue-missing",
             before=lambda names: delegations(names) + own_hosts(names)),
        Kind("no name server", lambda i: f"no-server{i}.kz.", lambda names, _: [],
             "it has no host of this zone in nameserver", before=delegations),
        Kind("no address", lambda i: f"ns.bad-address{i}.kz.", address(bad),
             "is not an IP address", before=own_hosts),
        Kind("address without TTL", lambda i: f"ns.no-ttl{i}.kz.", address(always("192.0.2.1")),
             "without a TTL", before=lambda names: own_hosts(names, "NULL")),
    ]


def other_records(cut):
    """`cut`: a delegation of the zone."""
    def kind(label, rows, reason, name=None, **more):
        return Kind(label, name or (lambda i: f"{label.replace(' ', '-').lower()}{i}.kz."), rows,
                    reason, **more)
    txt, cname = (always("TXT"), [always('"x"')]), always("CNAME")
    types = one_of("BOGUS", "TYPE65536", "TYPE-1", "txt", "TYPE16", "", "TXT ", "T\u00c9XT", "TYPE")
    made_by_signer = one_of("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY")
    refused = one_of("DNAME", "TYPE0", "OPT", "TYPE250", "TYPE252", "TYPE255", "TYPE128")
    rdata = one_of("\\# 5 00", "\\# 70000 00", "\\# 2 zz", "\\#", '"open', '"\\256"', "(",
                   "", '"' + "a" * 300 + '"', "caf\u00e9 \u202e \\", '"x"\nevil.kz. 60 IN A 192.0.2.1')
    mx = one_of("not-a-number x.", "65536 x.", "10", "10 x. y.", "-1 x.", f"10 {'l' * 64}.kz.")
    return [
        kind("CNAME beside data", rrset_rows(txt, (cname, [always("a.nic.kz.")])), "cname-alone"),
        kind("two CNAME", rrset_rows((cname, [always("a.nic.kz."), always("b.nic.kz.")])),
             "cname-alone"),
        kind("CNAME at a cut", rrset_rows((cname, [always("a.nic.kz.")])), "", before=delegated),
        kind("TXT at a cut", rrset_rows(txt), "zone-cut", before=delegated),
        kind("data below a cut", rrset_rows(txt), "zone-cut", lambda i: f"below{i}.{cut}"),
        kind("DS without NS", rrset_rows((always("DS"), [always(f"1 13 2 {GOOD_DIGEST}")])),
             "ds-at-cut"),
        kind("SOA below the apex", rrset_rows((always("SOA"), [always("a. b. 1 2 3 4 5")])),
             "soa-at-apex"),
        kind("of another table", rrset_rows((one_of("A", "AAAA", "NS"), [always("192.0.2.1")])),
             "has a table of its own"),
        kind("unknown type", rrset_rows((types, [always('"x"')])), "is not a record type"),
        kind("made by the signer", rrset_rows((made_by_signer, [always("\\# 4 00000000")])), ""),
        kind("refused type", rrset_rows((refused, [always("\\# 3 016100")])), ""),
        kind("RDATA that is none", rrset_rows((always("TXT"), [rdata])), "rdata"),
        kind("MX that is none", rrset_rows((always("MX"), [mx])), "rdata"),
    ]


def huge(sql):
    """-> {name: statements}: one name each."""
    def values(count):
        return (f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) ")

    def rrset(name, rdtype, select):
        of_it = f"(SELECT id FROM rrset WHERE owner = '{name}')"
        return [insert("rrset", "zone_id, owner, type, ttl", [f"{ZONE}, '{name}', '{rdtype}', 60"]),
                f"INSERT INTO rdata {select.replace('RRSET', of_it)}"]
    name, server = "many-servers.kz.", "'s' || i || '.many.example.'"
    of_it = f"(SELECT id FROM delegation WHERE name = '{name}')"
    return {
        name: delegations({0: f"'{name}'"}) + [
            f"INSERT INTO host (zone_id, name) {values(66000)} SELECT {ZONE}, {server} FROM n",
            f"INSERT INTO nameserver SELECT {of_it}, id FROM host WHERE name LIKE "
            "'s%.many.example.'"],
        "many-records.kz.": rrset("many-records.kz.", "TXT", f"{values(66000)} SELECT RRSET, "
                                  "'\"' || i || '\"' FROM n"),
        "too-much.kz.": rrset("too-much.kz.", "TXT", f"{values(400)} SELECT RRSET, '\"' || i || "
                              f"{sql.text('x' * 240)} || '\"' FROM n"),
        "long-record.kz.": rrset("long-record.kz.", "TXT", f"SELECT RRSET, "
                                 f"{sql.text(' '.join(['0' * 250] * 300))}"),
        "megabyte.kz.": rrset("megabyte.kz.", "TYPE65280", f"SELECT RRSET, "
                              f"{sql.text(chr(92) + '# 500000 ' + '00' * 500000)}"),
    }


# -- refused by the database


def refused_rows(cut):
    """`cut`: a secure delegation of the zone."""
    one = f"(SELECT id FROM delegation WHERE name = '{cut}')"
    numbers = one_of("-1", "2147483648", "9223372036854775807", "18446744073709551616", "NULL",
                     "'forever'", "1e300", "X'00'", "'1 day'")

    def kind(label, statement, name=lambda i: f"refused{i}.kz."):
        return Kind(label, name, lambda names, sql: [statement(i) for i in names], None)
    return [
        kind("absurd TTL", lambda i: insert("delegation", "zone_id, name, ns_ttl", [
            f"{ZONE}, 'ttl{i}.kz.', {numbers(i)}"])),
        kind("absurd TTL of a host", lambda i: f"UPDATE host SET a_ttl = {i + 2**31} WHERE name = "
             "'a.nic.kz.'"),
        kind("the same delegation", lambda i: insert("delegation", "zone_id, name, ns_ttl", [
            f"{ZONE}, '{cut}', {i}"])),
        kind("the same DS", lambda i: f"INSERT INTO ds SELECT * FROM ds WHERE delegation_id = {one}"),
        kind("the same name server", lambda i: "INSERT INTO nameserver SELECT * FROM nameserver "
             f"WHERE delegation_id = {one}"),
        kind("key tag", lambda i: f"INSERT INTO ds VALUES ({one}, {65536 + i}, 13, 2, '')"),
        kind("algorithm", lambda i: f"INSERT INTO ds VALUES ({one}, 1, {256 + i}, 2, '')"),
        kind("digest type", lambda i: f"INSERT INTO ds VALUES ({one}, 1, 13, {-1 - i}, '')"),
        kind("DS of nothing", lambda i: f"INSERT INTO ds VALUES ({-1 - i}, 1, 13, 2, 'ab')"),
        kind("name server that is none", lambda i: f"INSERT INTO nameserver VALUES ({one}, {-1 - i})"),
        kind("NULL", lambda i: f"INSERT INTO ds VALUES ({one}, {i % 65536}, 13, 2, NULL)"),
        kind("the apex NS once more", lambda i: insert("rrset", "zone_id, owner, type, ttl", [
            f"{ZONE}, 'kz.', 'NS', {i}"])),
        kind("SOA", lambda i: f"UPDATE zone SET soa_ttl = {-1 - i}"),
        kind("the same zone", lambda i: insert(
            "zone", "name, soa_ttl, soa_mname, soa_rname, soa_serial, soa_refresh, soa_retry, "
            "soa_expire, soa_minimum", [f"'kz.', {i}, 'a.', 'b.', 1, 2, 3, 4, 5"])),
        kind("the zone goes", lambda i: "DELETE FROM zone"),
    ]


# -- at the apex: one name, one after the other


def apex_tricks(sql):
    """-> {label: (statements, name that is set aside, statements that take it back)}"""
    def rrset(rdtype, rdata):
        at = f"owner = 'kz.' AND type = '{rdtype}'"
        return ([insert("rrset", "zone_id, owner, type, ttl", [f"{ZONE}, 'kz.', '{rdtype}', 60"]),
                 f"INSERT INTO rdata SELECT id, {sql.text(rdata)} FROM rrset WHERE {at}"],
                "kz.",
                [f"DELETE FROM rdata WHERE rrset_id IN (SELECT id FROM rrset WHERE {at})",
                 f"DELETE FROM rrset WHERE {at}"])

    def soa(column, value, old):
        return ([f"UPDATE zone SET {column} = {sql.text(value)}"], "kz.",
                [f"UPDATE zone SET {column} = '{old}'"])

    def cut(name):
        made = delegated({0: f"'{name}'"})
        return made, name, [
            "DELETE FROM nameserver WHERE delegation_id = (SELECT id FROM delegation WHERE name = "
            f"'{name}')", f"DELETE FROM delegation WHERE name = '{name}'"]
    return {
        "the apex delegated": cut("kz."),
        "its name servers' parent delegated": cut("nic.kz."),
        "DNSKEY": rrset("DNSKEY", "256 3 13 " + "A" * 86 + "=="),
        "CDS that turns DNSSEC off": rrset("CDS", "0 0 0 00"),
        "NSEC3PARAM": rrset("NSEC3PARAM", "1 0 65535 FF"),
        "CNAME": rrset("CNAME", "evil.example."),
        "DNAME": rrset("DNAME", "evil.example."),
        "DS": rrset("DS", f"1 13 2 {GOOD_DIGEST}"),
        "a second SOA": rrset("SOA", "evil.example. b. 4294967295 1 1 1 1"),
        "SOA with no name": soa("soa_mname", "not a name", "a.nic.kz."),
        "SOA in upper case": soa("soa_rname", "Hostmaster.nic.kz.", "hostmaster.nic.kz."),
    }
