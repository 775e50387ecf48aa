# SPDX-License-Identifier: GPL-2.0-only
"""A registry's changes twice over: as the plain SQL that registry software writes, and as the same
change of the zone file that tells the checker what is right."""

from pathlib import Path

SHARED = "ns1.provider0.example.", "ns2.provider0.example."


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def is_named(name):
    """By the index. The store has one zone."""
    return f"zone_id = (SELECT id FROM zone) AND name = {quoted(name)}"


def id_of(table, name):
    return f"(SELECT id FROM {table} WHERE {is_named(name)})"


def add_host(name):
    return (f"INSERT INTO host (zone_id, name) SELECT id, {quoted(name)} FROM zone WHERE NOT EXISTS "
            f"(SELECT 1 FROM host WHERE {is_named(name)});\n")


def add_addresses(name, *addresses):
    """IPv4, of a host that is there."""
    return f"UPDATE host SET a_ttl = 3600 WHERE {is_named(name)};\n" + "".join(
        f"INSERT INTO host_address VALUES ({id_of('host', name)}, {quoted(address)});\n"
        for address in addresses)


def add_server(name, server):
    return (add_host(server) + f"INSERT INTO nameserver (delegation_id, host_id) VALUES "
            f"({id_of('delegation', name)}, {id_of('host', server)});\n")


def delegate(name, *servers, ttl=3600):
    return (f"INSERT INTO delegation (zone_id, name, ns_ttl) SELECT id, {quoted(name)}, {ttl} FROM "
            "zone;\n" + "".join(add_server(name, server) for server in servers or SHARED))


def drop_servers(name):
    return f"DELETE FROM nameserver WHERE delegation_id = {id_of('delegation', name)};\n"


def add_ds(name, tag, digest, ttl=3600):
    return (f"UPDATE delegation SET ds_ttl = {ttl} WHERE {is_named(name)};\n"
            f"INSERT INTO ds VALUES ({id_of('delegation', name)}, {tag}, 13, 2, {quoted(digest)});\n")


def drop_ds(name):
    return (f"DELETE FROM ds WHERE delegation_id = {id_of('delegation', name)};\n"
            f"UPDATE delegation SET ds_ttl = NULL WHERE {is_named(name)};\n")


def undelegate(name):
    return (drop_ds(name) + drop_servers(name)
            + f"DELETE FROM delegation WHERE {is_named(name)};\n")


FRAME = """<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command>
<update><domain:update xmlns:domain="urn:ietf:params:xml:ns:domain-1.0"><domain:name>{name}</domain:name>
</domain:update></update><extension>
<secDNS:update xmlns:secDNS="urn:ietf:params:xml:ns:secDNS-{version}"><secDNS:rem>{rem}</secDNS:rem>
</secDNS:update></extension><clTRID>ABC-1</clTRID></command></epp>
"""


def frame_without_ds(name, version, tag):
    """EPP that takes a domain's only DS out. secDNS 1.0 (RFC 4310) does it by key tag."""
    rem = {"1.1": "<secDNS:all>true</secDNS:all>", "1.0": f"<secDNS:keyTag>{tag}</secDNS:keyTag>"}
    return FRAME.format(name=name.rstrip("."), version=version, rem=rem[version])


class ZoneText:
    """The records of a zone file, one a line, as generate_zone.py writes them."""

    def __init__(self, source):
        self.lines = [line for line in Path(source).read_text().splitlines()
                      if not line.startswith(";")]

    def records(self, rdtype):
        """-> {owner: [RDATA]}"""
        found = {}
        for line in self.lines:
            owner, _, _, kind, rdata = line.split("\t")
            if kind == rdtype:
                found.setdefault(owner, []).append(rdata)
        return found

    def drop(self, owner, *types):
        self.lines = [line for line in self.lines
                      if not (line.split("\t")[0] == owner
                              and (not types or line.split("\t")[3] in types))]

    def add(self, owner, rdtype, *rdatas, ttl=3600):
        self.lines += [f"{owner}\t{ttl}\tIN\t{rdtype}\t{rdata}" for rdata in rdatas]

    def replace(self, old, new):
        self.lines = [line.replace(old, new) for line in self.lines]

    def write(self, path):
        path.write_text("\n".join(self.lines) + "\n")
        return path

    def delegations(self, origin, secure):
        """Names one label below `origin`, all but the hosts' superordinates in `style` of shared
        name servers, in the order of the file."""
        ds = self.records("DS")
        return [name for name, servers in self.records("NS").items()
                if name != origin and name.count(".") == 2 and (name in ds) == secure
                and all(server.endswith(".example.") for server in servers)]
