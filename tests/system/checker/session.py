# SPDX-License-Identifier: GPL-2.0-only
"""A server, its keys and its model put together: asks, judges, counts."""

import collections
import dataclasses

import dns.dnssec
import dns.exception
import dns.message
import dns.rdata
import dns.rdatatype as T

from . import names
from .client import Client, Question
from .judge import Fault, Judge, Section, combine
from .questions import APEX_TYPES, Questions
from .verify import Key, Verifier, keys_of_file


class SetupError(Exception):
    """The apex cannot be trusted: there is nothing to judge answers with."""


@dataclasses.dataclass
class Verdict:
    question: Question
    wire: bytes
    faults: list

    def __str__(self):
        return f"{self.question} -> " + "; ".join(map(str, self.faults))


class Checker:
    """`models`: one, or several versions of which each answer has to be one."""

    def __init__(self, models, anchor_file, host="127.0.0.1", port=53, timeout=3.0,
                 ds_without_do=True, any_serial=False):
        self.models = models if isinstance(models, list) else [models]
        self.model = self.models[0]
        self.client = Client(host, port, timeout)
        self._anchors = keys_of_file(anchor_file)
        self.judges = []
        self._options = {"ds_without_do": ds_without_do, "any_serial": any_serial}
        self.versions, self.swaps, self._last_serial = {}, 0, None  # versions: serial -> model

    def close(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, adopt=(T.DNSKEY, T.CDS, T.CDNSKEY), adopt_serial=True):
        """Fetches the DNSKEY RRset, checks it against the trust anchor, and learns what the
        unsigned zone file cannot say: keys and the published serial."""
        dnskey, rrsigs = self._fetch(T.DNSKEY)
        anchored = Verifier(self.model.origin, [
            key for key in map(Key, dnskey.rdatas)
            if key.rdata in {anchor.rdata for anchor in self._anchors}])
        if not any(anchored.signature_is_right(dnskey, rrsig) for rrsig in rrsigs):
            raise SetupError("the DNSKEY RRset is not signed by the trust anchor")
        self.keys = [Key(rdata) for rdata in dnskey.rdatas]
        self.verifier = Verifier(self.model.origin, self.keys)
        adopted = [dnskey] + [self._trusted(t) for t in adopt if t != T.DNSKEY]
        self._check_cds({rrset.rdtype: rrset for rrset in adopted})
        for model in self.models:
            for rrset in adopted:
                model.adopt(rrset)
        if adopt_serial:
            self.model.set_serial(self.serial())
        self.judges = [Judge(model, self.verifier, **self._options) for model in self.models]

    def serial(self):
        soa = self._trusted(T.SOA)
        return int.from_bytes(next(iter(soa.rdatas))[-20:-16], "big")

    def _fetch(self, rdtype):
        origin = names.to_name(self.model.origin)
        _, wire = self.client.ask(Question("setup", origin, rdtype, tcp=True))
        if wire is None:
            raise SetupError(f"no answer to {origin} {T.to_text(rdtype)}")
        message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        answer = Section(message.answer)
        where = (self.model.origin, rdtype)
        if where not in answer.rrsets:
            raise SetupError(f"no {T.to_text(rdtype)} at {origin}: rcode {message.rcode()}")
        return answer.rrset(where), [rrsig for _, rrsig in answer.rrsigs.get(where, [])]

    def _trusted(self, rdtype):
        rrset, rrsigs = self._fetch(rdtype)
        if not any(self.verifier.signature_is_right(rrset, rrsig) for rrsig in rrsigs):
            raise SetupError(f"the {T.to_text(rdtype)} RRset has no right signature")
        return rrset

    def _check_cds(self, adopted):
        """RFC 7344: CDS and CDNSKEY speak of KSKs in the DNSKEY RRset."""
        seps = [key for key in self.keys if key.is_sep]
        if T.CDNSKEY in adopted and not (adopted[T.CDNSKEY].rdatas
                                         <= {key.rdata for key in seps}):
            raise SetupError("CDNSKEY names a key that is no published KSK")
        if T.CDS in adopted:
            for cds in adopted[T.CDS].rdatas:
                if not any(cds == self._ds(key, cds[3]) for key in seps):
                    raise SetupError("CDS is the digest of no published KSK")

    def _ds(self, key, digest_type):
        rdata = dns.rdata.from_wire("IN", T.DNSKEY, key.rdata, 0, len(key.rdata))
        algorithm = {1: "SHA1", 2: "SHA256", 4: "SHA384"}[digest_type]
        return dns.dnssec.make_ds(names.to_name(self.model.origin), rdata, algorithm).to_wire()

    def check(self, question):
        sent, wire = self.client.ask(question)
        verdicts = [judge.judge(sent, wire) for judge in self.judges]
        faults = combine(verdicts)
        if len(verdicts) > 1 and not faults:
            faults = self._note_serial(soa_serial(wire), verdicts)
        return Verdict(sent, wire, faults)

    def _note_serial(self, serial, verdicts):
        """Each serial goes with one version. -> the fault of an answer that has the SOA of the one
        and is right in the other only."""
        if serial is None:
            return []
        self.swaps += self._last_serial not in (None, serial)
        self._last_serial = serial
        right = [index for index, verdict in enumerate(verdicts) if not verdict]
        if len(right) == 1 and self.versions.setdefault(serial, right[0]) != right[0]:
            return [Fault("mixed-snapshot", f"serial {serial} has come with the other version")]
        return []

    def run(self, count, seed=1, apex_types=APEX_TYPES, **options):
        """`count` seeded questions of every kind."""
        return self.run_all(
            Questions(self.model, seed, apex_types=apex_types, **options).make(count))

    def run_all(self, questions):
        report = Report()
        for question in questions:
            report.add(self.check(question))
        return report


def soa_serial(wire):
    """The serial of the SOA in an answer; None when there is none, or it cannot be read."""
    try:
        message = dns.message.from_wire(wire or b"")
    except (dns.exception.DNSException, ValueError):
        return None
    return next((rrset[0].serial for rrset in message.answer + message.authority
                 if rrset.rdtype == T.SOA), None)


class Report:
    def __init__(self):
        self.asked = collections.Counter()
        self.faults = collections.Counter()
        self.bad = []

    def add(self, verdict):
        self.asked[verdict.question.kind] += 1
        self.faults.update({fault.name for fault in verdict.faults})
        if verdict.faults:
            self.bad.append(verdict)

    @property
    def ok(self):
        return not self.bad

    def __str__(self):
        lines = [f"{sum(self.asked.values())} questions, {len(self.bad)} wrong answers"]
        lines += [f"  {name}: {count}" for name, count in self.faults.most_common()]
        lines += [f"  {verdict}" for verdict in self.bad[:20]]
        return "\n".join(lines)
