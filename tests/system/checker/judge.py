# SPDX-License-Identifier: GPL-2.0-only
"""Judges one answer by itself: the verdict is a list of named faults, empty when it is right."""

import dataclasses
import time

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype as T

from . import names
from .expect import Match, expect
from .model import RRset

FAULTS = {
    "no-answer": "nothing came back in time",
    "malformed": "the message cannot be parsed",
    "wrong-header": "id, QR, opcode, question, AA or EDNS is not as it should be",
    "servfail": "SERVFAIL",
    "wrong-rcode": "another RCODE than the zone calls for",
    "truncated": "TC over TCP",
    "missing-data": "an RRset that belongs into the answer is not there",
    "missing-ds": "a secure referral without its DS",
    "missing-glue": "a referral without the addresses that it needs",
    "extra-data": "an RRset that has no business in this answer",
    "wrong-data": "an RRset whose RDATA are not the zone's",
    "wrong-serial": "a SOA that differs from the zone's in the serial",
    "wrong-ttl": "an RRset or RRSIG with another TTL than the zone's",
    "duplicate": "the same record twice",
    "unsigned": "an RRset that must be signed and is not",
    "needless-signature": "an RRSIG over delegation NS or glue, or over nothing",
    "bogus-signature": "an RRSIG that does not verify",
    "signature-fields": "signer, labels, original TTL, algorithm or key tag are wrong",
    "signature-time": "outside its validity, or it ends before the TTL does",
    "missing-proof": "an NSEC3 that RFC 5155 section 8 asks for is not there",
    "wrong-proof": "an NSEC3 that is not in the zone's ring",
    "wrong-bitmap": "an NSEC3 with another type bitmap than its name has",
    "wrong-opt-out": "an NSEC3 with the wrong opt-out flag",
    "wrong-nsec3-parameters": "iterations, salt or hash algorithm are not the zone's",
    "dnssec-without-do": "DNSSEC records that were not asked for",
    "mixed-snapshot": "each record is right in one of two versions, the message in neither",
}
MIXABLE = {"wrong-data", "wrong-serial", "missing-data", "missing-ds", "missing-glue", "extra-data",
           "wrong-ttl", "missing-proof", "wrong-proof", "wrong-bitmap", "wrong-rcode", "unsigned",
           "needless-signature", "wrong-header"}


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    detail: str = ""

    def __post_init__(self):
        assert self.name in FAULTS, self.name

    def __str__(self):
        return f"{self.name}: {self.detail}" if self.detail else self.name


class Section:
    """One section of a message: RRsets, their TTLs, and RRSIGs by what they cover."""

    def __init__(self, rrsets):
        self.rrsets, self.ttls, self.nsec3, self.rrsigs, self.doubled = {}, {}, {}, {}, []
        for single in rrsets:
            owner, rdata = names.key(single.name), single[0]
            if rdata.rdtype == T.RRSIG:
                self.rrsigs.setdefault((owner, rdata.covers()), []).append((single.ttl, rdata))
                continue
            where = (owner, rdata.rdtype)
            octets = rdata.to_digestable()
            if octets in self.rrsets.setdefault(where, set()):
                self.doubled.append(where)
            self.rrsets[where].add(octets)
            self.ttls.setdefault(where, set()).add(single.ttl)
            if rdata.rdtype == T.NSEC3:
                self.nsec3[owner] = rdata

    def rrset(self, where):
        return RRset(where[0], where[1], max(self.ttls[where]), frozenset(self.rrsets[where]))


def label(where):
    return f"{names.to_text(where[0])} {T.to_text(where[1])}"


def types_of(nsec3):
    return frozenset(window * 256 + index * 8 + bit
                     for window, bitmap in nsec3.windows
                     for index, octet in enumerate(bitmap)
                     for bit in range(8) if octet & (0x80 >> bit))


class Judge:
    """`ds_without_do`: let DS pass in a referral that was asked for without DO. Stock PowerDNS
    sends it (tests/system/README.md); RFC 4035 section 3.1.4.1 has it for DO only.
    `any_serial`: the registry publishes meanwhile, so that a SOA may differ in its serial."""

    def __init__(self, model, verifier, clock=time.time, ds_without_do=False, any_serial=False):
        self.model = model
        self.verifier = verifier
        self.ds_without_do = ds_without_do
        self.any_serial = any_serial
        self._clock = clock

    def judge(self, question, wire):
        """The faults of `wire`, the answer to `question`."""
        if wire is None:
            return [Fault("no-answer")]
        try:
            message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        except (dns.exception.DNSException, ValueError) as error:
            return [Fault("malformed", repr(error))]
        return _Case(self, question, message, wire).faults()

    def now(self):
        return self._clock()


class _Case:
    """One answer on the bench."""

    def __init__(self, judge, question, message, wire):
        self.model, self.verifier, self.now = judge.model, judge.verifier, judge.now()
        self.ds_without_do, self.any_serial = judge.ds_without_do, judge.any_serial
        self.question, self.message, self.wire = question, message, wire
        self.qname = names.key(question.qname)
        self.want = expect(self.model, self.qname, question.qtype)
        self.found = []

    def fault(self, name, detail=""):
        self.found.append(Fault(name, detail))

    def faults(self):
        self._header()
        rcode = self.message.rcode()
        if rcode == dns.rcode.SERVFAIL:
            self.fault("servfail")
            return self.found
        if rcode != self.want.rcode:
            self.fault("wrong-rcode", f"{dns.rcode.to_text(rcode)} for {self.want.kind}")
        if self.message.flags & dns.flags.TC:
            if self.question.tcp:
                self.fault("truncated")
            return self.found  # what a client throws away is not judged
        self.answer, self.authority, self.additional = (
            Section(s) for s in (self.message.answer, self.message.authority,
                                 self.message.additional))
        self._answer()
        self._authority()
        self._additional()
        for section in (self.answer, self.authority, self.additional):
            self._section(section)
        if self.question.do:
            self._proofs()
        return self.found

    def _header(self):
        message, question = self.message, self.question
        if not message.flags & dns.flags.QR or message.opcode() != 0:
            self.fault("wrong-header", "no answer to a query")
        if self.wire[:2] != question.id.to_bytes(2, "big"):
            self.fault("wrong-header", "another id")
        asked = [(q.name.labels, q.rdtype) for q in message.question]
        if asked != [(question.qname.labels, question.qtype)]:
            self.fault("wrong-header", "another question, or its letter case was changed")
        if question.edns and message.edns != 0:
            self.fault("wrong-header", "no EDNS in answer to EDNS")
        if question.edns and bool(message.ednsflags & dns.flags.DO) != question.do:
            self.fault("wrong-header", "the DO bit is not copied (RFC 3225 section 3)")
        if message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            if bool(message.flags & dns.flags.AA) != self.want.aa:
                self.fault("wrong-header", f"AA in {self.want.kind}")

    def _compare(self, section, wanted, missing):
        where = (wanted.owner, wanted.rdtype)
        if where not in section.rrsets:
            self.fault(missing, label(where))
        else:
            self._same(section.rrset(where), section.ttls[where], wanted, missing)

    def _same(self, found, ttls, wanted, missing="wrong-data"):
        where = (wanted.owner, wanted.rdtype)
        if found.rdatas != wanted.rdatas:
            name = "wrong-data"
            if wanted.rdtype == T.SOA and _without_serial(found) == _without_serial(wanted):
                name = None if self.any_serial else "wrong-serial"
            elif missing == "missing-glue" and found.rdatas < wanted.rdatas:
                name = missing
            if name:
                self.fault(name, label(where))
        if ttls != {wanted.ttl}:
            self.fault("wrong-ttl", f"{label(where)}: {sorted(ttls)}, not {wanted.ttl}")

    def _answer(self):
        for wanted in self.want.answer:
            self._compare(self.answer, wanted, "missing-data")
        known = {(w.owner, w.rdtype) for w in self.want.answer}
        for where in self.answer.rrsets.keys() - known:
            self.fault("extra-data", f"{label(where)} in the answer section")

    def _authority(self):
        wanted = list(self.want.authority)
        if self.want.ds is not None and self.question.do:
            self._compare(self.authority, self.want.ds, "missing-ds")
        for rrset in wanted:
            self._compare(self.authority, rrset, "missing-data")
        known = {(w.owner, w.rdtype) for w in wanted}
        for where in self.authority.rrsets.keys() - known:
            self._further_authority(where)

    def _further_authority(self, where):
        owner, rdtype = where
        if rdtype == T.NSEC3 and self.question.do:
            self._nsec3(owner, self.authority.nsec3[owner], self.authority.ttls[where])
        elif rdtype == T.DS and self.want.ds is not None and owner == self.want.ds.owner:
            if not (self.question.do or self.ds_without_do):
                self.fault("dnssec-without-do", label(where))
        elif rdtype in (T.NSEC3, T.NSEC):
            self.fault("dnssec-without-do", label(where))
        elif rdtype == T.NS and self.want.kind == "answer" and self._of_the_zone(where):
            self._same(self.authority.rrset(where), self.authority.ttls[where],
                       self.model.nodes[owner][rdtype])
        else:
            self.fault("extra-data", f"{label(where)} in the authority section")

    def _of_the_zone(self, where):
        return where[1] in self.model.nodes.get(where[0], {})

    def _additional(self):
        for wanted in self.want.glue:
            self._compare(self.additional, wanted, "missing-glue")
        known = {(w.owner, w.rdtype) for w in self.want.glue}
        targets = self._named_targets()
        for where in self.additional.rrsets.keys() - known:
            if where[1] in (T.A, T.AAAA) and where[0] in targets and self._of_the_zone(where):
                self._same(self.additional.rrset(where), self.additional.ttls[where],
                           self.model.nodes[where[0]][where[1]])
            else:
                self.fault("extra-data", f"{label(where)} in the additional section")

    def _named_targets(self):
        """Names that NS, MX and SRV records of this answer point at."""
        targets = set()
        for rrset in self.message.answer + self.message.authority:
            name = {T.NS: "target", T.MX: "exchange", T.SRV: "target"}.get(rrset.rdtype)
            if name:
                targets.add(names.key(getattr(rrset[0], name)))
        return targets

    def _section(self, section):
        for where in section.doubled:
            self.fault("duplicate", label(where))
        if not self.question.do:
            if section.rrsigs:
                self.fault("dnssec-without-do", "RRSIG")
            return
        for where in section.rrsets:
            owner, rdtype = where
            if rdtype == T.NSEC3 or self.model.is_signed(owner, rdtype):
                self._signed(section, where)
        for where in section.rrsigs:
            if where not in section.rrsets or not (
                    where[1] == T.NSEC3 or self.model.is_signed(*where)):
                self.fault("needless-signature", label(where))

    def _signed(self, section, where):
        rrset = section.rrset(where)
        rrsigs = section.rrsigs.get(where, [])
        if not rrsigs:
            self.fault("unsigned", label(where))
        for ttl, rrsig in rrsigs:
            if ttl != rrset.ttl:
                self.fault("wrong-ttl", f"RRSIG {label(where)}: {ttl} beside {rrset.ttl}")
            self._rrsig(rrset, rrsig)

    def _rrsig(self, rrset, rrsig):
        what = label((rrset.owner, rrset.rdtype))
        if names.key(rrsig.signer) != self.model.origin or rrsig.labels != len(rrset.owner):
            self.fault("signature-fields", f"{what}: signer or labels")
        if not self.verifier.has_key_for(rrsig):
            self.fault("signature-fields", f"{what}: no key {rrsig.key_tag} of that algorithm")
        if rrsig.original_ttl != self._original_ttl(rrset):
            self.fault("signature-fields", f"{what}: original TTL {rrsig.original_ttl}")
        if not rrsig.inception <= self.now <= rrsig.expiration - rrset.ttl:
            self.fault("signature-time", f"{what}: {rrsig.inception} .. {rrsig.expiration}")
        if not self.verifier.signature_is_right(rrset, rrsig):
            self.fault("bogus-signature", what)

    def _original_ttl(self, rrset):
        if rrset.rdtype == T.NSEC3:
            return self.model.nsec3_ttl
        known = self.model.nodes.get(rrset.owner, {}).get(rrset.rdtype)
        return known.ttl if known else rrset.ttl

    def _nsec3(self, owner, nsec3, ttls):
        """Each NSEC3 has to be the ring's."""
        what = names.to_text(owner)
        link = self.model.ring.get(names.hash_of_label(owner[0]))
        if link is None or owner[1:] != self.model.origin:
            self.fault("wrong-proof", f"{what}: no name of the zone has that hash")
            return
        what = f"{what} ({names.to_text(link.owner)})"
        if nsec3.next != link.next:
            self.fault("wrong-proof", f"{what}: next is not its neighbour")
        if (nsec3.algorithm, nsec3.iterations, nsec3.salt) != (1, 0, b""):
            self.fault("wrong-nsec3-parameters", what)
        if nsec3.flags != int(self.model.opt_out):
            self.fault("wrong-opt-out", f"{what}: flags {nsec3.flags}")
        if types_of(nsec3) != link.types:
            self.fault("wrong-bitmap", f"{what}: {sorted(map(T.to_text, types_of(nsec3)))}")
        if ttls != {self.model.nsec3_ttl}:
            self.fault("wrong-ttl", f"{what}: {sorted(ttls)}")

    def _proofs(self):
        """What is needed, from the message's own NSEC3s alone, as a validator does it."""
        spans = [(names.hash_of_label(owner[0]), rdata)
                 for owner, rdata in self.authority.nsec3.items()]
        spans = [(start, rdata) for start, rdata in spans if start is not None]
        for proof in self.want.proofs:
            digest = names.nsec3_hash(proof.name)
            if isinstance(proof, Match):
                there = any(start == digest and not proof.absent & types_of(rdata)
                            for start, rdata in spans)
            else:
                there = any(covers(start, rdata.next, digest)
                            and (rdata.flags & 1 or not proof.opt_out) for start, rdata in spans)
            if not there:
                self.fault("missing-proof",
                           f"{type(proof).__name__.lower()} {names.to_text(proof.name)}")


def covers(start, end, digest):
    if start < end:
        return start < digest < end
    return digest > start or digest < end  # the last link of the ring


def _without_serial(soa):
    return {octets[:-20] + octets[-16:] for octets in soa.rdatas}


def judge_either(judges, question, wire):
    """Two versions of a zone are about: the message has to be wholly right in one of them."""
    return combine([judge.judge(question, wire) for judge in judges])


def combine(verdicts):
    """One verdict of several, each by another version of the zone."""
    best = min(verdicts, key=len)
    if best and all(v and {f.name for f in v} <= MIXABLE for v in verdicts):
        return [Fault("mixed-snapshot", "in neither version: " + "; ".join(map(str, best)))]
    return best
