# SPDX-License-Identifier: GPL-2.0-only
"""The only HSM is gone, in every way, under as many questions as the server answers. PowerDNS's packet
cache is off: each question reaches the plugin."""

import dataclasses
import itertools
import json
import os
import time

import dns.message
import dns.name
import dns.rdatatype as T
import pytest

import load
import registry as r
import ways_to_go
from checker.client import Question, rcode
from checker.model import Model
from checker.questions import Questions
from harness import Deployment
from processes import generate_zone, wait_for
from publications import ORIGIN, check_whole, says_waiting
from registry import ZoneText
from ways_to_go import WAYS

HOUR = int(os.environ.get("TLD_TEST_HOUR", 3600))  # seconds
SHORT = 25
REFRESH_RATE = 150
MAX_TTL = 30
IN_THE_MAKING = 16  # signatures of the background at once: signer/filler.h
DIGEST = "5" * 64
SERVFAIL = 2
NAMES, COLD = 6000, 200


@dataclasses.dataclass
class Policy:
    """A quarter of the signatures and more come due within `seconds`, and none expires."""

    seconds: int

    @property
    def refresh(self):
        return max(240, 2 * self.seconds)

    @property
    def look(self):
        """So much later than due a signature may be made anew: docs/refresh.md."""
        return min(1800, self.refresh / 20) + 6

    def text(self):
        validity = self.refresh + 60 + 4 * self.seconds
        return json.dumps({"algorithm": "ECDSAP256SHA256", "signatures": {
            "validity": f"PT{validity}S", "refresh": f"PT{self.refresh}S",
            "inception-offset": "PT60S", "sign-delay": "PT60S"}, "zone": {
                "max-zone-ttl": f"PT{MAX_TTL}S", "zone-propagation-delay": "PT5S",
                "cache-ttl": "PT1S"}})


class RunsOut:
    """Each signature ends within half a minute."""

    TTL = 3

    @classmethod
    def text(cls):
        return json.dumps({"algorithm": "ECDSAP256SHA256", "signatures": {
            "validity": "PT32S", "refresh": "PT12S", "inception-offset": "PT5S",
            "sign-delay": "PT5S"}, "zone": {
                "max-zone-ttl": f"PT{cls.TTL}S", "zone-propagation-delay": "PT1S",
                "cache-ttl": "PT1S"}})


class Served(Deployment):
    """A zone that is signed slowly, so that the HSM can go before all is signed."""

    def __init__(self, policy):
        super().__init__(faulty_token=True, supervised=True, operation_deadline="PT5S",
                         settings={"cache-ttl": "0"})
        self.policy.write_text(policy.text())
        self.calls = self.path / "calls"
        self.server.set_environment({**self.server_env, "TLD_FAULTY_PKCS11_LOG": str(self.calls)})

    def configuration(self):
        configuration = super().configuration()
        configuration["tokens"][0].update(
            {"refresh-rate": REFRESH_RATE, "command": ways_to_go.command(self)})
        return configuration

    def __exit__(self, *what):
        if self.server.running:
            ways_to_go.move(self)
        super().__exit__(*what)

    def add(self, folder, names=NAMES, ttl=MAX_TTL):
        file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", names,
                             "--signed", 40, "--max-ttl", ttl, "--longest", 253)
        self.add_zone(ORIGIN, file)
        self.text, self.model = ZoneText(file), Model.from_file(file, ORIGIN)

    def made(self):
        """Signatures that were made and verified, by reason."""
        counters = self.counters()
        return {reason: counters[f"sign-{reason}"]
                for reason in ("background", "on-demand", "publication")}

    def token_was_asked(self):
        """How often C_Sign was called."""
        return self.calls.read_text().count("C_Sign")

    def signed(self):
        """The part of the zone that is: from 0 to 1."""
        key = self.live(ORIGIN)["zsk"][0]
        return key["signatures"] / key["signatures-wanted"]


def candidates(deployment):
    """Some need the signature of a DS RRset, some those of NSEC3 records."""
    return [Question("cold", dns.name.from_text(below + name), rdtype)
            for secure, below, rdtype in ((True, "", T.DS), (False, "www.", T.A))
            for name in deployment.text.delegations(ORIGIN, secure)]


def warm_up(deployment, part):
    """Questions of every kind that were answered with signatures before the HSM is gone, which has to
    be as soon as `part` of the zone is signed, however slow this machine is now."""
    warm = []
    with deployment.client() as client:
        for question in Questions(deployment.model, seed=3, without_do=0).make(400):
            if deployment.signed() >= part:
                break
            wait_for(lambda q=question: rcode(client.ask(q)[1] or b"\0\0\0\2") != SERVFAIL,
                     f"{question} is answered", pause=0.02)
            warm.append(question)
    assert len(warm) > 60, len(warm)
    return warm


def find_cold(deployment):
    """Questions that lack a signature. (REQUIRES: none can be made.)"""
    cold = []
    with deployment.client() as client:
        for question in reversed(candidates(deployment)):
            if len(cold) < COLD and rcode(client.ask(question)[1]) == SERVFAIL:
                cold.append(question)
    assert len(cold) == COLD, f"{len(cold)}: too much is signed already"
    return cold


def lives(deployment, questions):
    """Seconds that the RRSIGs in the answers have left."""
    left = []
    with deployment.client() as client:
        for question in questions:
            message = dns.message.from_wire(client.ask(question)[1])
            left += [rrsig.expiration - time.time() for rrset in message.answer + message.authority
                     if rrset.rdtype == T.RRSIG for rrsig in rrset]
    return left


def judge(deployment):
    """Of what is to be served now. The server publishes anew for secondaries, under new serials."""
    file = deployment.text.write(deployment.path / "expected.zone")
    return deployment.checker(ORIGIN, file, any_serial=True)


def patiently(ask, has_come):
    """Beside full load a question can be lost on its way; not five in a row."""
    for _ in range(5):
        answer = ask()
        if has_come(answer):
            break
    return answer


class FullLoad(load.Continuous):
    """One question in fifty is cold."""

    def __init__(self, deployment, warm, cold, rate):
        supply = itertools.cycle(("warm", q.wire()[2:]) for q in warm)
        super().__init__(deployment.port, [tagged for question in cold for tagged in [
            *itertools.islice(supply, 49), ("cold", question.wire()[2:])]], rate)

    def judge(self, cold):
        """`cold`: the RCODEs that cold questions may get."""
        assert set(self.rcodes["warm"]) <= {0, 3}, f"a name with signatures: {self}"
        assert set(self.rcodes["cold"]) <= cold, f"a name without signatures: {self}"
        # What this machine lost on the way says nothing, if it is little.
        assert self.answered_or_dropped() >= 0.75 * sum(self.sent.values()), str(self)

    def judge_times(self, alone):
        """A question that waits holds up others, too. `alone`: 99 % of warm questions without cold
        ones, on this machine, which has other work, perhaps less in some of the chunks."""
        best = min(max(chunk.values()) for chunk in self.chunks)
        assert best < 2 * alone + 0.1, f"not at once: {best:.3f} s, {alone:.3f} s alone; {self}"


def rate_of(deployment, warm, seconds):
    """Three quarters of what the server answers on this machine; for an hour, so that other work
    can run beside it, 2,000 at most."""
    asked = [("warm", question.wire()[2:]) for question in warm]
    outcome = load.fire(deployment.port, asked, 50000, 2)["warm"]
    print(f"asked as fast as possible: {outcome}")  # shown when the test fails
    found = int(0.75 * outcome.answered / 2)
    return min(found, 2000) if seconds >= HOUR else found


class Changes:
    """What the registry goes on changing."""

    def __init__(self, deployment):
        self._deployment, self.count = deployment, 0

    def make(self):
        """One that needs no signature goes live, one that needs some waits."""
        live, waits = f"live{self.count}.{ORIGIN}", f"waits{self.count}.{ORIGIN}"
        self.count += 1
        self._deployment.sql(r.delegate(live, ttl=MAX_TTL))
        self._deployment.sql(r.delegate(waits, ttl=MAX_TTL)
                             + r.add_ds(waits, 7, DIGEST, ttl=MAX_TTL))
        wait_for(lambda: self._rcode(live) == "NOERROR", f"{live} goes live", 60)
        wait_for(lambda: says_waiting(self._deployment), "TLD-STATUS says that something waits",
                 60)
        assert self._rcode(waits) == "NXDOMAIN", "it is live without its signatures"
        for name in (live, waits):
            self._deployment.text.add(name, "NS", *r.SHARED, ttl=MAX_TTL)
        self._deployment.text.add(waits, "DS", f"7 13 2 {DIGEST}", ttl=MAX_TTL)

    def are_live(self):
        return all(self._deployment.ask(f"waits{n}.{ORIGIN}", "DS")[0] == "NOERROR"
                   for n in {0, self.count // 2, self.count - 1})

    def _rcode(self, name):
        return patiently(lambda: self._deployment.ask(name, "NS", do=False)[0], lambda code: code)


def be_away(deployment, ways, seconds, warm, checker):
    """Each way in turn, and the last one still lasts. The answers are judged one by one beside the
    load."""
    changes, some = Changes(deployment), itertools.cycle(warm)
    for number, way in enumerate(ways):
        if number > 0:
            WAYS[way].begin(deployment)
            WAYS[ways[number - 1]].end(deployment)
        end = time.monotonic() + seconds / len(ways)
        while (left := end - time.monotonic()) > 0:
            changes.make()
            for question in itertools.islice(some, 40):
                verdict = patiently(lambda q=question: checker.check(q), lambda v: v.wire)
                assert not verdict.faults, f"{way}: {verdict}"
            time.sleep(max(0.0, min(10.0, left - 1)))
    return changes


class Looks:
    """What was made by when, while the server catches up."""

    def __init__(self, deployment):
        self._deployment, self._looks = deployment, []

    def take(self):
        begin = time.monotonic()
        made = self._deployment.made()
        self._looks.append((begin, time.monotonic(), made["background"]))

    def judge(self):
        """signer/sign_budget.h: in any t seconds at most rate * (t + 1)."""
        for first, last in itertools.combinations(self._looks, 2):
            seconds, made = last[1] - first[0], last[2] - first[2]
            most = REFRESH_RATE * (seconds + 1) + IN_THE_MAKING
            assert made <= most, f"{made} signatures in the background in {seconds:.1f} s"


def catch_up(deployment, changes, seconds):
    """All is signed, and what waited is live. Nothing is restarted."""
    looks, asked = Looks(deployment), deployment.token_was_asked()
    before, end = deployment.made(), time.monotonic() + seconds
    while not (deployment.signed() == 1 and changes.are_live()):
        assert time.monotonic() < end, f"it does not catch up: {deployment.status()}"
        looks.take()
        time.sleep(0.2)
    looks.take()
    looks.judge()
    made = {reason: count - before[reason] for reason, count in deployment.made().items()}
    assert made["background"] > REFRESH_RATE, f"nothing had to be caught up with: {made}"
    asked = deployment.token_was_asked() - asked
    assert asked <= sum(made.values()) + 100, f"the token was asked {asked} times for {made}"


def go_away(deployment, way):
    """Returns when no signature comes any more."""
    WAYS[way].begin(deployment)
    wait_for(lambda: "last-signing-failure" in deployment.status(), "signatures fail", 30)


@pytest.mark.parametrize("ways,seconds", [
    *(pytest.param([way], SHORT, marks=pytest.mark.long, id=way) for way in WAYS),
    pytest.param(list(WAYS), HOUR, marks=pytest.mark.hour, id="an hour, each way in turn")])
def test_hsm_away_under_full_load(tmp_path, ways, seconds):
    """Catches, while the only HSM is gone: a SERVFAIL for what is signed, anything but SERVFAIL at
    once for what is not, a change that goes live unsigned or waits for no reason; and afterwards:
    a restart that is needed, a token that is overrun, something that stays unsigned."""
    policy = Policy(seconds)
    with Served(policy) as deployment:
        deployment.add(tmp_path)
        deployment.start()
        warm = warm_up(deployment, 0.4)
        wait_for(lambda: deployment.signed() >= 0.4, "much is signed", 60)
        go_away(deployment, ways[0])
        with judge(deployment) as checker:
            cold, made = find_cold(deployment), deployment.made()
            rate = rate_of(deployment, warm, seconds)
            udp = [question for question in warm if not question.tcp]
            alone = load.fire(deployment.port, [("q", one.wire()[2:]) for one in udp], rate, 5)["q"]
            with FullLoad(deployment, udp, cold, rate) as asked:
                changes = be_away(deployment, ways, seconds, warm, checker)
            assert deployment.made() == made, "the HSM was not gone"
            print(asked)
            asked.judge(cold={SERVFAIL})
            asked.judge_times(alone.percentile(0.99))
            left = min(lives(deployment, warm))
            assert MAX_TTL < left < policy.refresh - policy.look, f"{left}: none has come due"
        with FullLoad(deployment, udp, cold, rate) as asked:
            WAYS[ways[-1]].end(deployment)
            catch_up(deployment, changes, 240)
        print(asked)
        asked.judge(cold={0, SERVFAIL})
        wait_for(lambda: min(lives(deployment, warm)) > policy.refresh - policy.look,
                 "what has come due is made anew", 90, pause=1)
        with judge(deployment) as checker:
            report = checker.run(300, seed=1)
            assert report.ok, str(report)
        check_whole(deployment)


def is_stale(wire, asked):
    """RFC 4035 section 5.3.3: a validator may keep it for its TTL."""
    message = dns.message.from_wire(wire)
    return any(rrsig.expiration < asked + rrset.ttl
               for rrset in message.answer + message.authority
               if rrset.rdtype == T.RRSIG for rrsig in rrset)


def answered(checker, questions):
    """How many are; each of these is right, and can be kept for its TTL."""
    count = 0
    for question in questions:
        asked = time.time()
        verdict = checker.check(question)
        if rcode(verdict.wire) == SERVFAIL:
            continue
        # That fault goes by the time when the answer has come: too late here.
        assert {fault.name for fault in verdict.faults} <= {"signature-time"}, str(verdict)
        assert not is_stale(verdict.wire, asked), str(verdict)
        count += 1
    return count


@pytest.mark.long
def test_signatures_run_out_while_the_hsm_is_away(tmp_path):
    """Catches a signature that is given out though it is over, or is over before the answer's TTL is,
    because there is no other; a name that stays SERVFAIL when there is one again."""
    with Served(RunsOut) as deployment:
        deployment.add(tmp_path, names=200, ttl=RunsOut.TTL)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        with judge(deployment) as checker:
            questions = list(Questions(deployment.model, seed=3, without_do=0).make(100))
            assert answered(checker, questions) == len(questions)
            WAYS["removed"].begin(deployment)
            wait_for(lambda: answered(checker, questions) == 0, "all signatures are over", 90)
            insecure = deployment.text.delegations(ORIGIN, False)[0]
            assert deployment.ask(insecure, "NS", do=False)[0] == "NOERROR"
            WAYS["removed"].end(deployment)
            wait_for(lambda: answered(checker, questions) == len(questions), "all is back", 120)
