# SPDX-License-Identifier: GPL-2.0-only
"""The checker finds what it is there to find: each fault is put into a right answer, and the
verdict has to name it. A checker that lets one pass would let the server's bug pass too."""

import time

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype as T
import dns.rrset
import pytest

from checker import names
from checker.client import Client, Question
from checker.judge import FAULTS, Judge, judge_either
from checker.model import Model
from checker.questions import Questions
from checker.session import Checker, SetupError
from reference import ORIGIN, Draft, Nsd, ReferenceZone

NAMED = set()  # faults that some test here has seen named


class Bench:
    """One edition of the reference zone: its answers and their judge."""

    def __init__(self, zone, folder, edition):
        self.zone, self.file = zone, zone.sign(edition)
        self.model = Model.from_file(self.file, ORIGIN, nsec3param_ttl=0, insecure_ents=False)
        self.server = Nsd(folder / f"nsd{edition}", self.file)
        self.checker = Checker(self.model, zone.anchor, port=self.server.port)
        self.checker.start()
        self.judge = self.checker.judges[0]

    def close(self):
        self.checker.close()
        self.server.stop()

    def ask(self, name, qtype, **options):
        question = Question("test", dns.name.from_text(name, dns.name.from_text(ORIGIN)), qtype,
                            **{"tcp": True, **options})
        return self.checker.client.ask(question)

    def verdict(self, question, draft, judge=None):
        wire = draft.wire() if isinstance(draft, Draft) else draft
        found = {fault.name for fault in (judge or self.judge).judge(question, wire)}
        NAMED.update(found)
        return found

    def cut(self, secure, glue=None):
        """Some delegation, as text."""
        for name in sorted(self.model.cuts):
            below = [a for t in self.model.targets(self.model.nodes[name][T.NS])
                     if names.at_or_below(t, name) for a in self.model.addresses(t)]
            if len(name) == 2 and len(name[0]) < 30 and glue in (None, bool(below)) and secure == (
                    T.DS in self.model.nodes[name]):
                return names.to_text(name)
        raise AssertionError("the zone has no such delegation")


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    return ReferenceZone(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def bench(zone, tmp_path_factory):
    made = Bench(zone, tmp_path_factory.mktemp("nsd"), 0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def second(zone, tmp_path_factory):
    made = Bench(zone, tmp_path_factory.mktemp("nsd"), 1)
    yield made
    made.close()


def of_type(*types):
    return lambda single: single.rdtype in types


def rrsig_of(rdtype):
    return lambda single: single.rdtype == T.RRSIG and single[0].covers() == rdtype


def flip(rdata):
    return rdata.replace(signature=bytes([rdata.signature[0] ^ 1]) + rdata.signature[1:])


def test_right_answers_have_no_fault(bench):
    """Catches false alarms: every kind of question to a server that is known to be right.
    NSD leaves glue out of 512 octets without TC: those questions go over TCP."""
    questions = [q if q.do else Question(q.kind, q.qname, q.qtype, True, q.do, q.edns)
                 for q in Questions(bench.model, seed=3).make(1500)]
    report = bench.checker.run_all(questions)
    assert report.ok, str(report)
    assert len(report.asked) >= 17


@pytest.mark.parametrize("name, qtype, covered", [
    ("a.nic", T.A, T.A), ("@", T.SOA, T.SOA), ("@", T.DNSKEY, T.DNSKEY), ("@", T.CDS, T.CDS),
    ("no-such-name", T.A, T.SOA), ("no-such-name", T.A, T.NSEC3), ("@", T.SRV, T.NSEC3),
    ("infra", T.A, T.NSEC3), ("SECURE", T.A, T.DS), ("SECURE", T.DS, T.DS),
    ("INSECURE", T.A, T.NSEC3), ("INSECURE", T.DS, T.NSEC3), ("www.nic", T.A, T.CNAME)])
def test_signature_missing_or_wrong(bench, name, qtype, covered):
    """Catches a checker that does not look at the signature of some kind of RRset."""
    name = {"SECURE": bench.cut(True), "INSECURE": bench.cut(False)}.get(name, name)
    question, wire = bench.ask(name, qtype)
    assert bench.verdict(question, wire) == set()
    draft = Draft(wire)
    draft.remove(rrsig_of(covered))
    assert "unsigned" in bench.verdict(question, draft)
    draft = Draft(wire)
    draft.change(rrsig_of(covered), flip)
    assert "bogus-signature" in bench.verdict(question, draft)


def test_signature_of_another_version_of_the_data(bench, second):
    """Catches a checker that takes any signature by the zone's key: new data, old signature."""
    question, new = bench.ask("whois.nic", T.A)
    _, old = second.ask("whois.nic", T.A)
    draft, other = Draft(new), Draft(old)
    draft.remove(rrsig_of(T.A))
    draft.message.answer += [r for r in other.message.answer if r.rdtype == T.RRSIG]
    assert "bogus-signature" in bench.verdict(question, draft)


def test_signature_fields(bench):
    """Catches a checker that trusts the RRSIG's own words about signer, labels and TTL."""
    question, wire = bench.ask("a.nic", T.A)
    changes = ({"signer": dns.name.from_text("nic.kz.")}, {"labels": 2}, {"key_tag": 1},
               {"original_ttl": 60}, {"algorithm": 8})
    for change in changes:
        draft = Draft(wire)
        draft.change(rrsig_of(T.A), lambda rdata, c=change: rdata.replace(**c))
        if "key_tag" not in change and "algorithm" not in change:
            draft.sign_again(bench.zone)
        assert "signature-fields" in bench.verdict(question, draft), change


def test_validity_window(bench):
    """Catches a checker that does not read the clock, or forgets the TTL."""
    question, wire = bench.ask("a.nic", T.A)
    expiration = next(r[0].expiration for r in Draft(wire).message.answer if r.rdtype == T.RRSIG)
    for now in (expiration + 1, expiration - 600, time.time() - 2 * 86400):
        judge = Judge(bench.model, bench.checker.verifier, clock=lambda n=now: n)
        assert "signature-time" in bench.verdict(question, wire, judge), now


def test_wrong_data_under_a_right_signature(bench):
    """Catches a checker that is satisfied with valid signatures: the model is what is right."""
    question, wire = bench.ask("a.nic", T.A)
    draft = Draft(wire)
    draft.change(of_type(T.A), lambda rdata: rdata.replace(address="192.0.2.99"))
    draft.sign_again(bench.zone)
    assert bench.verdict(question, draft) == {"wrong-data"}
    draft = Draft(wire)
    draft.remove(lambda single: True)
    assert "missing-data" in bench.verdict(question, draft)
    draft = Draft(wire)
    for single in draft.message.answer:
        single.ttl += 1
    assert "wrong-ttl" in bench.verdict(question, draft)
    draft = Draft(wire)
    draft.message.answer.append(draft.message.answer[0])
    assert "duplicate" in bench.verdict(question, draft)


def test_stale_soa(bench):
    """Catches a server that answers with a serial that is not the published one."""
    question, wire = bench.ask("no-such-name", T.A)
    draft = Draft(wire)
    draft.change(of_type(T.SOA), lambda rdata: rdata.replace(serial=rdata.serial - 1))
    draft.sign_again(bench.zone)
    assert bench.verdict(question, draft) == {"wrong-serial"}


def nsec3_changes(bench):
    yield "wrong-bitmap", {"windows": ((0, b"\x62\x01"),)}
    yield "wrong-opt-out", {"flags": 0}
    yield "wrong-nsec3-parameters", {"iterations": 1}
    yield "wrong-nsec3-parameters", {"salt": b"\xab"}
    yield "wrong-proof", {"next": b"\x00" * 20}


@pytest.mark.parametrize("name, qtype", [("no-such-name", T.A), ("infra", T.A), ("@", T.SRV),
                                         ("INSECURE", T.A), ("INSECURE", T.DS)])
def test_nsec3_that_differs_from_the_ring(bench, name, qtype):
    """Catches a server that builds an NSEC3 of its own making and signs it rightly."""
    question, wire = bench.ask(bench.cut(False) if name == "INSECURE" else name, qtype)
    for fault, change in nsec3_changes(bench):
        draft = Draft(wire)
        draft.change(of_type(T.NSEC3), lambda rdata, c=change: rdata.replace(**c))
        draft.sign_again(bench.zone)
        found = bench.verdict(question, draft)
        assert fault in found and "bogus-signature" not in found


@pytest.mark.parametrize("name, qtype", [("no-such-name", T.A), ("x.y.no-such-name", T.A),
                                         ("infra", T.A), ("@", T.SRV), ("INSECURE", T.A),
                                         ("INSECURE", T.DS), ("a.nic", T.TXT)])
def test_incomplete_proof(bench, name, qtype):
    """Catches a server that forgets one NSEC3 of a denial, whichever it is, or sends another that
    is right in itself but proves something else."""
    question, wire = bench.ask(bench.cut(False) if name == "INSECURE" else name, qtype)
    owners = {r.name for r in Draft(wire).message.authority if r.rdtype == T.NSEC3}
    assert owners
    for owner in owners:
        draft = Draft(wire)
        draft.remove(lambda single, o=owner: single.name == o)
        assert "missing-proof" in bench.verdict(question, draft), owner
        _, foreign = bench.ask("host3.infra", T.TXT)
        draft.message.authority += [r for r in Draft(foreign).message.authority
                                    if r.name not in owners
                                    and (r.rdtype == T.NSEC3 or rrsig_of(T.NSEC3)(r))]
        assert bench.verdict(question, draft) == {"missing-proof"}, owner


def test_nsec3_of_a_name_that_is_not_there(bench):
    """Catches white lies and NSEC3s of names that were deleted."""
    question, wire = bench.ask("no-such-name", T.A)
    draft = Draft(wire)
    stranger = dns.name.from_text("0" * 32, dns.name.from_text(ORIGIN))
    single = next(r for r in draft.message.authority if r.rdtype == T.NSEC3)
    draft.message.authority.append(dns.rrset.from_rdata(stranger, single.ttl, single[0]))
    assert {"wrong-proof", "unsigned"} <= bench.verdict(question, draft)


def test_denial_without_bits(bench):
    """Catches a NODATA proof whose bitmap says that the type is there."""
    question, wire = bench.ask("a.nic", T.AAAA)
    assert not bench.verdict(question, wire)
    denial_question, denial = bench.ask("a.nic", T.TXT)
    spoilt = Question("test", denial_question.qname, T.TXT, True, id=denial_question.id)
    draft = Draft(denial)
    draft.change(of_type(T.NSEC3), lambda rdata: rdata.replace(windows=((0, b"\x40\x00\x80"),)))
    draft.sign_again(bench.zone)
    assert {"missing-proof", "wrong-bitmap"} <= bench.verdict(spoilt, draft)


def test_referral_parts(bench):
    """Catches a downgrade (no DS), lost glue, and records that nobody may send here."""
    name = bench.cut(True)
    question, wire = bench.ask(name, T.A)
    draft = Draft(wire)
    draft.remove(lambda s: s.rdtype == T.DS or rrsig_of(T.DS)(s))
    assert "missing-ds" in bench.verdict(question, draft)
    draft = Draft(wire)
    draft.message.additional.append(dns.rrset.from_text(f"ns.{name}", 60, "IN", "A", "192.0.2.1"))
    assert "extra-data" in bench.verdict(question, draft)
    draft = Draft(wire)
    rrsig = next(r for r in draft.message.authority if rrsig_of(T.DS)(r))
    draft.message.authority.append(dns.rrset.from_rdata(
        rrsig.name, rrsig.ttl, rrsig[0].replace(type_covered=T.NS)))
    assert "needless-signature" in bench.verdict(question, draft)


def test_glue_lost(bench):
    """Catches a referral that leads nowhere: one address missing of many, or all."""
    question, wire = bench.ask(f"www.{bench.cut(False, glue=True)}", T.A)
    addresses = [r for r in Draft(wire).message.additional if r.rdtype in (T.A, T.AAAA)]
    for gone in addresses:
        draft = Draft(wire)
        draft.remove(lambda s, g=gone: s.name == g.name and s.rdtype == g.rdtype)
        assert bench.verdict(question, draft) == {"missing-glue"}


def test_rcode_and_header(bench):
    """Catches an answer with the right records and the wrong frame around them."""
    question, wire = bench.ask("no-such-name", T.A)
    for rcode, fault in ((dns.rcode.SERVFAIL, "servfail"), (dns.rcode.NOERROR, "wrong-rcode"),
                         (dns.rcode.REFUSED, "wrong-rcode")):
        draft = Draft(wire)
        draft.message.set_rcode(rcode)
        assert fault in bench.verdict(question, draft)
    for flag, fault in ((dns.flags.AA, "wrong-header"), (dns.flags.TC, "truncated"),
                        (dns.flags.QR, "wrong-header")):
        draft = Draft(wire)
        draft.message.flags ^= flag
        assert fault in bench.verdict(question, draft)
    draft = Draft(wire)
    draft.message.use_edns(0, 0, 1232)  # DO is gone
    assert "wrong-header" in bench.verdict(question, draft)
    other_case = Question("t", dns.name.from_text("No-Such-Name.kz."), T.A, True, id=question.id)
    assert "wrong-header" in bench.verdict(other_case, wire)
    assert "wrong-header" in bench.verdict(question, bytes([wire[0] ^ 1]) + wire[1:])
    assert bench.verdict(question, wire[:40]) == {"malformed"}
    assert bench.verdict(question, None) == {"no-answer"}


def test_dnssec_records_that_nobody_asked_for(bench):
    """Catches RRSIG, NSEC3 or DS in answers to questions without DO."""
    for name in ("a.nic", "no-such-name", bench.cut(True)):
        question, plain = bench.ask(name, T.A, do=False)
        _, signed = bench.ask(name, T.A)
        draft = Draft(plain)
        assert bench.verdict(question, draft) == set()
        draft.message.answer[:] = Draft(signed).message.answer
        draft.message.authority[:] = Draft(signed).message.authority
        judge = Judge(bench.model, bench.checker.verifier, ds_without_do=False)
        assert "dnssec-without-do" in bench.verdict(question, draft, judge)


def denied_differently(bench, second):
    """A question whose denial differs between the editions in more than the SOA."""
    for index in range(100):
        question, first = bench.ask(f"no-such-name-{index}", T.A)
        _, other = second.ask(f"no-such-name-{index}", T.A)
        spans = [{(r.name, r[0].next) for r in Draft(wire).message.authority
                  if r.rdtype == T.NSEC3}
                 for wire in (first, other)]
        if spans[0] - spans[1]:
            return question, first, first[:2] + other[2:]
    raise AssertionError("the editions do not differ enough")


def test_two_snapshots(bench, second):
    """Catches an answer put together from two versions of a zone. Each version by itself is
    right; parts of both, each signed rightly, are `mixed-snapshot`."""
    judges = [bench.judge, second.judge]
    question, first_wire, second_wire = denied_differently(bench, second)
    assert judge_either(judges, question, first_wire) == []
    assert judge_either(judges, question, second_wire) == []
    draft = Draft(first_wire)
    soa = [r for r in Draft(second_wire).message.authority
           if r.rdtype == T.SOA or rrsig_of(T.SOA)(r)]
    draft.remove(lambda s: s.rdtype == T.SOA or rrsig_of(T.SOA)(s))
    draft.message.authority += soa
    found = {fault.name for fault in judge_either(judges, question, draft.wire())}
    NAMED.update(found)
    assert found == {"mixed-snapshot"}


def test_serial_of_the_other_version(bench, second, zone):
    """Catches the SOA of one version beside the denial of another when serials are not compared
    with the zone file's (the registry publishes meanwhile)."""
    with Checker([bench.model, second.model], zone.anchor, port=bench.server.port,
                 any_serial=True) as checker:
        checker.start(adopt_serial=False)
        question, first, other = denied_differently(bench, second)
        draft = Draft(other)
        draft.remove(lambda s: s.rdtype == T.SOA or rrsig_of(T.SOA)(s))
        draft.message.authority += [r for r in Draft(first).message.authority
                                    if r.rdtype == T.SOA or rrsig_of(T.SOA)(r)]
        answers = [first, draft.wire()]
        checker.client.ask = lambda q: (question, answers.pop(0))
        assert checker.check(question).faults == []
        assert [f.name for f in checker.check(question).faults] == ["mixed-snapshot"]


def test_trust_starts_at_the_anchor(bench, zone, tmp_path):
    """Catches a checker that believes whatever DNSKEY RRset the server sends."""
    stranger = ReferenceZone(tmp_path)
    with Checker(bench.model, stranger.anchor, port=bench.server.port) as checker:
        with pytest.raises(SetupError, match="trust anchor"):
            checker.start()


def test_nobody_answers():
    """Catches a checker that takes silence for consent."""
    with Client("127.0.0.1", 1, timeout=0.2) as client:
        for tcp in (False, True):
            question = Question("test", dns.name.root, T.SOA, tcp=tcp)
            assert client.ask(question)[1] is None


def test_every_fault_was_named():
    """Catches a fault in the list that no test above has provoked. Needs the whole file."""
    assert NAMED == set(FAULTS), set(FAULTS) - NAMED
