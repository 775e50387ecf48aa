# SPDX-License-Identifier: GPL-2.0-only
"""Judges a message by itself, without a model of the zone: all that a validator sees, and that its
NSEC3s do not contradict each other or the data beside them. For zones too large, or changing too
fast, to be modelled; names of one label below the apex."""

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype as T

from . import names
from .expect import Cover, Match
from .judge import Fault, Section, covers, label, types_of


class LoneJudge:
    """`verifier`: with the zone's keys. `now`: a clock."""

    def __init__(self, verifier, now):
        self.origin, self.verifier, self.now = verifier.origin, verifier, now

    def judge(self, question, wire):
        """-> (faults, the message's Facts or None)"""
        if wire is None:
            return [Fault("no-answer")], None
        try:
            message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        except (dns.exception.DNSException, ValueError) as error:
            return [Fault("malformed", repr(error))], None
        if message.rcode() == dns.rcode.SERVFAIL:
            return [Fault("servfail")], None
        facts = Facts(self.origin, question, message)
        return _Case(self, facts).faults(), facts


class Facts:
    """What a message says. `kind`: referral, answer, nodata or nxdomain; `cut`: of a referral."""

    def __init__(self, origin, question, message):
        self.qname, self.qtype = names.key(question.qname), question.qtype
        self.rcode = message.rcode()
        self.answer, self.authority = Section(message.answer), Section(message.authority)
        self.additional = Section([r for r in message.additional if r.rdtype != T.OPT])
        self.cut = next((owner for owner, rdtype in self.authority.rrsets
                         if rdtype == T.NS and owner != origin), None)
        self.kind = ("nxdomain" if self.rcode == dns.rcode.NXDOMAIN else
                     "answer" if self.answer.rrsets else
                     "referral" if self.cut is not None else "nodata")

    def rdatas(self, rdtype, owner):
        """Canonical octets, from whichever section; empty when it is not there."""
        return next((section.rrsets[owner, rdtype] for section in (self.answer, self.authority)
                     if (owner, rdtype) in section.rrsets), set())


class _Case:
    def __init__(self, judge, facts):
        self.origin, self.verifier, self.now = judge.origin, judge.verifier, judge.now()
        self.facts, self.found = facts, []
        self.spans = [(names.hash_of_label(owner[0]), rdata)
                      for owner, rdata in facts.authority.nsec3.items()]

    def fault(self, name, detail):
        self.found.append(Fault(name, detail))

    def faults(self):
        facts = self.facts
        if facts.rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self.fault("wrong-rcode", dns.rcode.to_text(facts.rcode))
        for section in (facts.answer, facts.authority):
            for where in section.rrsets:
                if where[1] != T.NS or where[0] == self.origin:
                    self._signed(section, where)
        for section in (facts.answer, facts.authority, facts.additional):
            for where, rrsigs in section.rrsigs.items():
                self._right(section, where, rrsigs)
        if facts.kind == "referral" and facts.cut != facts.qname[-len(self.origin) - 1:]:
            self.fault("wrong-data", f"a referral to {names.to_text(facts.cut)}")
        self._proofs()
        self._contradictions()
        return self.found

    def _signed(self, section, where):
        if where not in section.rrsigs:
            self.fault("unsigned", label(where))

    def _right(self, section, where, rrsigs):
        if where not in section.rrsets or (where[1] == T.NS and where[0] != self.origin):
            self.fault("needless-signature", label(where))
            return
        rrset = section.rrset(where)
        for ttl, rrsig in rrsigs:
            if names.key(rrsig.signer) != self.origin or rrsig.labels != len(where[0]):
                self.fault("signature-fields", label(where))
            if ttl != rrset.ttl or not rrset.ttl <= rrsig.original_ttl:
                self.fault("wrong-ttl", label(where))
            if not rrsig.inception <= self.now <= rrsig.expiration - rrset.ttl:
                self.fault("signature-time", label(where))
            if not self.verifier.signature_is_right(rrset, rrsig):
                self.fault("bogus-signature", label(where))

    def _wanted(self):
        """RFC 5155 section 8, for a name of one label: its closest encloser is the apex."""
        facts, origin = self.facts, self.origin
        next_closer = facts.qname[-len(origin) - 1:]
        if facts.kind == "nxdomain":
            return [Match(origin), Cover(next_closer), Cover((b"*",) + origin)]
        no_ds = [Match(origin), Cover(next_closer, opt_out=True)]
        if facts.kind == "referral" and not facts.rdatas(T.DS, facts.cut):
            return no_ds
        if facts.kind == "nodata" and facts.qname != origin:
            absent = frozenset([facts.qtype, T.CNAME])
            return no_ds if facts.qtype == T.DS else [Match(facts.qname, absent)]
        return []

    def _proofs(self):
        if self.facts.kind in ("nodata", "nxdomain") and not self.facts.rdatas(T.SOA, self.origin):
            self.fault("missing-data", "SOA")
        for proof in self._wanted():
            if not self._is_proven(proof):
                self.fault("missing-proof", f"{type(proof).__name__.lower()} "
                           f"{names.to_text(proof.name)} in {self.facts.kind}")

    def _is_proven(self, proof):
        digest = names.nsec3_hash(proof.name)
        if isinstance(proof, Match):
            return any(start == digest and not proof.absent & types_of(rdata)
                       for start, rdata in self.spans)
        return any(covers(start, rdata.next, digest) and (rdata.flags & 1 or not proof.opt_out)
                   for start, rdata in self.spans)

    def _contradictions(self):
        """An NSEC3 that says of a hash in this message that it is not there is of another version."""
        there = {start for start, _ in self.spans}
        there |= {rdata.next for _, rdata in self.spans}
        there |= {names.nsec3_hash(owner) for section in (self.facts.answer, self.facts.authority)
                  for owner, rdtype in section.rrsets if rdtype == T.DS}
        for start, rdata in self.spans:
            for digest in there:
                if covers(start, rdata.next, digest):
                    self.fault("mixed-snapshot", "an NSEC3 covers a hash that is there")
