# SPDX-License-Identifier: GPL-2.0-only
"""What the world's resolvers may remember of a zone, and whether every mix of it validates.

An answer may have been asked for until the moment at which its server gave another one, and is
remembered for its TTL from then on. The validator is dnspython's, read as strictly as RFC 4035
section 2.2 (and so RFC 6840 section 5.11) has it for servers: every algorithm of the DS RRset has a
KSK that signs the DNSKEY RRset, every algorithm of the DNSKEY RRset has signed the data. Whoever is
content with one path of trust then finds one.
"""

import dataclasses
import functools

import dns.dnssec
import dns.exception
import dns.name
import dns.rdatatype as T
import dns.rrset

ZONE_KEY = 0x0100


@dataclasses.dataclass(frozen=True)
class Version:
    """An RRset and its RRSIGs as one server gave them. A DS RRset has none: it is the parent's."""
    owner: dns.name.Name
    rdtype: int
    ttl: int
    rdatas: frozenset
    rrsigs: frozenset

    @staticmethod
    def of(rrset, rrsigs=()):
        return Version(rrset.name, rrset.rdtype, rrset.ttl, frozenset(rrset), frozenset(rrsigs))

    @functools.cached_property
    def rrset(self):
        return dns.rrset.from_rdata_list(self.owner, self.ttl, list(self.rdatas))

    @functools.cached_property
    def algorithms(self):
        return {rdata.algorithm for rdata in self.rdatas}

    def __str__(self):
        lines = [f"{self.owner} {self.ttl} {T.to_text(self.rdtype)} {rdata}"
                 for rdata in sorted(map(str, self.rdatas))]
        return "\n".join(lines + [
            f"  RRSIG by {r.key_tag} algorithm {r.algorithm}, {r.inception} to {r.expiration}"
            for r in self.rrsigs])


class Memory:
    """`late`: for so many seconds more some server, such as a secondary, gives what was replaced."""

    def __init__(self, late=0):
        self._late = late
        self._given = {}       # (server, owner, type) -> what it gave last
        self._forgotten = {}   # (owner, type) -> {version: when nobody has it any more}

    def take(self, server, version, now):
        """The server gives this now; what it gave before, it gave until now. -> is it news?"""
        where = version.owner, version.rdtype
        before = self._given.get((server, *where))
        self._keep(before, now)
        self._keep(version, now)
        self._given[server, *where] = version
        return before != version

    def leave(self, server, now):
        """Nobody asks that server any more."""
        for place in [place for place in self._given if place[0] == server]:
            self._keep(self._given.pop(place), now)

    def _keep(self, version, now):
        if version is not None:
            known = self._forgotten.setdefault((version.owner, version.rdtype), {})
            known[version] = max(known.get(version, 0), now + version.ttl + self._late)

    def at(self, now):
        """-> {(owner, type): the versions that somebody may have now}"""
        for version in self._given.values():
            self._keep(version, now)
        for known in self._forgotten.values():
            for version in [v for v, end in known.items() if end < now]:
                del known[version]
        return {where: list(known) for where, known in self._forgotten.items() if known}


@functools.lru_cache(maxsize=100_000)
def _verifies(version, rrsig, key, origin):
    """Cryptography and fields; the times are the caller's."""
    try:
        dns.dnssec.validate_rrsig(version.rrset, rrsig, {origin: [key]}, origin, rrsig.inception)
        return True
    except (dns.exception.DNSException, ValueError):
        return False


@functools.lru_cache(maxsize=10_000)
def _digest(origin, key):
    return dns.dnssec.make_ds(origin, key, "SHA256")


class Validator:
    """Counts the mixes that it has judged, and those of them with something that was replaced."""

    def __init__(self, origin):
        self._origin, self.mixes, self.mixed = dns.name.from_text(origin), 0, 0

    def _signed_by(self, version, keys, now):
        """By which algorithms, with these keys and at this time."""
        return {rrsig.algorithm for rrsig in version.rrsigs
                if rrsig.inception <= now <= rrsig.expiration
                and any(key.flags & ZONE_KEY and key.algorithm == rrsig.algorithm
                        and _verifies(version, rrsig, key, self._origin) for key in keys)}

    def chain(self, ds, dnskeys, now):
        """RFC 4035 section 5.2. -> "" or why the DNSKEY RRset is not secure."""
        if not ds.rdatas:
            return "no DS: insecure"
        trusted = [key for key in dnskeys.rdatas if _digest(self._origin, key) in ds.rdatas]
        lacking = ds.algorithms - self._signed_by(dnskeys, trusted, now)
        if not lacking:
            return ""
        return f"the DNSKEY RRset has no trusted signature of {sorted(map(int, lacking))}"

    def data(self, dnskeys, version, now):
        """RFC 4035 section 5.3. -> "" or why this RRset is bogus."""
        lacking = dnskeys.algorithms - self._signed_by(version, dnskeys.rdatas, now)
        return f"no valid signature of {sorted(map(int, lacking))}" if lacking else ""

    def bogus(self, memory, now):
        """-> "" or a full account of the first mix that does not validate."""
        known = memory.at(now)
        all_ds = known.pop((self._origin, T.DS), [])
        all_keys = known.pop((self._origin, T.DNSKEY), [])
        data = [version for versions in known.values() for version in versions]
        self.mixed += len(all_ds) * len(all_keys) * len(data) - len(known)
        assert all_ds and all_keys and data, f"nothing is remembered: {known}"
        for keys in all_keys:
            for ds in all_ds:
                self.mixes += len(data)
                if why := self.chain(ds, keys, now):
                    return f"{why}\n{ds}\n{keys}"
            for version in data:
                if why := self.data(keys, version, now):
                    return f"{why}\n{keys}\n{version}"
        return ""


def versions_in(message):
    """The signed RRsets of an answer."""
    found = []
    for section in message.answer, message.authority:
        rrsigs = {(r.name, r.covers): list(r) for r in section if r.rdtype == T.RRSIG}
        found += [Version.of(r, rrsigs[r.name, r.rdtype]) for r in section
                  if (r.name, r.rdtype) in rrsigs]
    return found
