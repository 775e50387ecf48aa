# SPDX-License-Identifier: GPL-2.0-only
"""What is right: an unsigned zone file read into RRsets, zone cuts, ENTs and the NSEC3 ring."""

import dataclasses

import dns.rdata
import dns.rdataclass
import dns.rdatatype as T
import dns.zone

from . import names

ADDRESSES = (T.A, T.AAAA)
DNSSEC_TYPES = (T.RRSIG, T.NSEC, T.NSEC3, T.NSEC3PARAM, T.ZONEMD, T.DNSKEY)


@dataclasses.dataclass(frozen=True)
class RRset:
    owner: tuple
    rdtype: int
    ttl: int
    rdatas: frozenset  # canonical octets


@dataclasses.dataclass(frozen=True)
class Link:
    """An entry of the NSEC3 ring."""
    owner: tuple
    hash: bytes
    next: bytes
    types: frozenset


class Model:
    """`apex_types`: what the apex bitmap holds beside the zone file's types.
    `insecure_ents`: whether ENTs above nothing but insecure delegations are in the ring (RFC 5155
    section 7.1 leaves it to the signer; pdns-tld puts them in, dnssec-signzone does not)."""

    def __init__(self, origin, nodes, apex_types=(T.DNSKEY, T.CDS, T.CDNSKEY, T.NSEC3PARAM),
                 nsec3param_ttl=None, opt_out=True, insecure_ents=True):
        self.origin = origin
        self.nodes = nodes
        self.opt_out = opt_out
        self._insecure_ents = insecure_ents
        self._apex_types = set(apex_types)
        self._read_soa()
        self.cuts = self._find_cuts()
        self._sort_names()
        self._add(RRset(origin, T.NSEC3PARAM,
                        self.soa_minimum if nsec3param_ttl is None else nsec3param_ttl,
                        frozenset([b"\x01\x00\x00\x00\x00"])))
        self._build_ring()

    @classmethod
    def from_file(cls, path, origin, **options):
        zone = dns.zone.from_file(str(path), origin=origin, relativize=False, check_origin=False)
        nodes = {}
        for name, ttl, rdata in zone.iterate_rdatas():
            if rdata.rdtype in DNSSEC_TYPES:
                continue
            types = nodes.setdefault(names.key(name), {})
            types.setdefault(rdata.rdtype, (ttl, set()))[1].add(rdata.to_digestable())
        nodes = {name: {t: RRset(name, t, ttl, frozenset(rdatas))
                        for t, (ttl, rdatas) in types.items()} for name, types in nodes.items()}
        return cls(names.from_text(origin), nodes, **options)

    def _read_soa(self):
        self.soa = self.nodes[self.origin][T.SOA]
        fields = dns.rdata.from_wire(dns.rdataclass.IN, T.SOA, next(iter(self.soa.rdatas)), 0,
                                     len(next(iter(self.soa.rdatas))))
        self.soa_minimum = fields.minimum
        self.serial = fields.serial
        self.nsec3_ttl = min(self.soa.ttl, self.soa_minimum)  # RFC 9077 section 3

    def _add(self, rrset):
        self.nodes[rrset.owner] = {**self.nodes[rrset.owner], rrset.rdtype: rrset}

    def adopt(self, rrset):
        """An apex RRset that is not in the zone file and was validated elsewhere (DNSKEY)."""
        self._add(rrset)

    def set_serial(self, serial):
        """The registry assigns serials: the rest of the SOA is the zone file's."""
        old = next(iter(self.soa.rdatas))
        self.soa = dataclasses.replace(
            self.soa, rdatas=frozenset([old[:-20] + serial.to_bytes(4, "big") + old[-16:]]))
        self.serial = serial
        self._add(self.soa)

    def _find_cuts(self):
        with_ns = {n for n, types in self.nodes.items() if T.NS in types and n != self.origin}
        return {n for n in with_ns
                if not any(a in with_ns for a in names.ancestors(n, self.origin))}

    def _sort_names(self):
        """Which names are authoritative, glue or ENT."""
        self.authoritative, self.glue = set(), set()
        for name in self.nodes:
            if name not in self.cuts:
                (self.glue if self.cut_above(name) else self.authoritative).add(name)
        self.ents = set()
        for name in self.authoritative | self.cuts:
            for above in names.ancestors(name, self.origin):
                if above in self.nodes:
                    break
                self.ents.add(above)

    def _build_ring(self):
        secure = {cut for cut in self.cuts if T.DS in self.nodes[cut]}
        held = {a for name in secure | self.authoritative
                for a in names.ancestors(name, self.origin)}
        self.lone_ents = self.ents - held
        members = self.authoritative | self.ents | secure
        if not self._insecure_ents:
            members -= self.lone_ents
        if not self.opt_out:
            members |= self.cuts
        hashed = sorted((names.nsec3_hash(name), name) for name in members)
        self.ring = {}
        for index, (digest, name) in enumerate(hashed):
            following = hashed[(index + 1) % len(hashed)][0]
            self.ring[digest] = Link(name, digest, following, self._bitmap(name))
        self.in_ring = members

    def _bitmap(self, name):
        types = set(self.nodes.get(name, {}))
        if name in self.cuts:
            types &= {T.NS, T.DS}
            return frozenset(types | ({T.RRSIG} if T.DS in types else set()))
        if name == self.origin:
            types |= self._apex_types
        return frozenset(types | {T.RRSIG} if types else ())

    def cut_above(self, name):
        """The zone cut at or above `name`; None when it is in authoritative territory."""
        if name in self.cuts:
            return name
        return next((a for a in names.ancestors(name, self.origin) if a in self.cuts), None)

    def exists(self, name):
        return name in self.authoritative or name in self.ents or name in self.cuts

    def closest_encloser(self, name):
        return next(a for a in names.ancestors(name, self.origin) if self.exists(a))

    def closest_provable_encloser(self, name):
        return next(a for a in names.ancestors(name, self.origin) if a in self.in_ring)

    def targets(self, rrset):
        """The names that an NS RRset's canonical RDATA hold."""
        return [names.key(dns.name.from_wire(rdata, 0)[0]) for rdata in rrset.rdatas]

    def addresses(self, name):
        types = self.nodes.get(name, {})
        return [types[t] for t in ADDRESSES if t in types]

    def is_signed(self, owner, rdtype):
        """Whether an RRset of the zone is authoritative, hence signed (RFC 4035 section 2.2)."""
        cut = self.cut_above(owner)
        return cut is None or (owner == cut and rdtype == T.DS)
