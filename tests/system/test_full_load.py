# SPDX-License-Identifier: GPL-2.0-only
"""A registry that changes a thousand names a second in a zone of a million, and resolvers that ask as
fast as they are answered: each message is right by itself."""

import collections
import json
import random
import re
import struct
import subprocess
import sys
import threading
import time

import dns.message
import dns.name
import dns.rdatatype as T
import dns.rrset
import pytest

import load
from builds import built
from checker import names
from checker.alone import LoneJudge
from checker.client import Question
from checker.judge import Fault
from harness import Deployment
from processes import generate_zone, run, wait_for
from versions import ORIGIN, Witness, Writer

ANY_CHANGE_PASSES = {"names": 10**9, "percent": 100, "few": 10**9}
WINDOW = 64  # questions under way, as in bench/serve
DELEGATIONS, SECONDS, RATE = 1_000_000, 60, 1000


def question(kind, name, rdtype):
    return Question(kind, dns.name.from_text(name), rdtype)


def about(name):
    return [question("referral", f"www.{name}", T.A), question("ns", name, T.NS),
            question("ds", name, T.DS)]


def others(dice):
    return [question("nxdomain", f"no-such{dice.getrandbits(40):x}.{ORIGIN}", T.A),
            question("apex", ORIGIN, dice.choice((T.SOA, T.NS, T.DNSKEY, T.NSEC3PARAM)))]


class FullRate(threading.Thread):
    """Asks as fast as answers come, questions that were not asked before; in a process of its own."""

    def __init__(self, port, owners, folder):
        super().__init__()
        self._port, self._owners, self._file = port, owners, folder / "questions"
        self._dice, self._enough, self._asked = random.Random(2), threading.Event(), 0
        self.rcodes, self.answered, self.lost, self.seconds = collections.Counter(), 0, 0, 0.0
        self.error = None

    def run(self):
        try:
            while not self._enough.is_set():
                self._write(20000)
                # Gets what is left: it stands for other machines.
                said = json.loads(run("nice", "-n", "10", built("serve_load"), self._port,
                                      self._file, WINDOW))
                self.rcodes.update(said["rcodes"])
                self.answered += said["answered"]
                self.lost += said["lost"]
                self.seconds += said["seconds"]
        except Exception as error:  # shown by the thread of the test
            self.error = error

    def _write(self, count):
        with open(self._file, "wb") as out:
            for _ in range(count):
                wire = self._wire()
                out.write(struct.pack("!H", len(wire)) + wire)

    def _wire(self):
        self._asked += 1
        share, fresh, cut = self._dice.random(), f"q{self._asked:x}", self._dice.choice(self._owners)
        name, rdtype = ((f"{fresh}.{cut}", T.A) if share < 0.7 else
                        (f"{fresh}.no-such.{ORIGIN}", T.A) if share < 0.9 else (cut, T.DS))
        return (struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 1) + names.wire(
            tuple(label.encode() for label in name.rstrip(".").split(".")))
            + struct.pack("!HH", rdtype, 1) + b"\0" + struct.pack("!HHIH", T.OPT, 1232, 0x8000, 0))

    def stop(self):
        self._enough.set()
        self.join()
        if self.error:
            raise self.error


def verifier_of(deployment):
    """With the zone's keys, trusted by way of the anchor."""
    apex = deployment.path / "apex.zone"
    with open(deployment.zones[ORIGIN].file, encoding="ascii") as lines:
        apex.write_text("".join(line for line in lines if line.startswith(f"{ORIGIN}\t")))
    with deployment.checker(ORIGIN, apex, timeout=10) as checker:
        return checker.verifier


class Samples:
    """Asks about what was changed lately, and judges each message."""

    def __init__(self, deployment, writer):
        self._writer, self._witness = writer, Witness(writer)
        self._client, self._dice = deployment.client(timeout=2), random.Random(3)
        self._judge = LoneJudge(verifier_of(deployment), time.time)
        self.asked, self.faults, self.kept = collections.Counter(), [], {}

    def take(self):
        recent = self._writer.recent(self._dice.choice((40, 4000)))  # just changed, or a while ago
        chosen = [self._dice.choice(recent)] if recent else []
        for asked in [q for name in chosen for q in about(name)] + others(self._dice):
            sent, wire = self._client.ask(asked)
            faults, facts = self._judge.judge(sent, wire)
            if facts and not faults:
                faults = [Fault("mixed-snapshot", text) for text in self._witness.faults(facts)]
            self.asked[f"{asked.kind}: {facts.kind if facts else 'none'}"] += 1
            self.faults += [(str(sent), str(fault)) for fault in faults]
            if facts and not faults:
                self.kept[asked.kind, facts.kind, bool(facts.rdatas(T.DS, facts.qname[-2:]))] = (
                    sent, wire)


    def spoilt_ones_noticed(self):
        """-> how many, each another way of spoiling a right message. AssertionError: one was not."""
        count = 0
        for (kind, *_), (sent, wire) in self.kept.items():
            for what, spoilt in spoil(wire):
                faults, facts = self._judge.judge(sent, spoilt)
                assert faults or Witness(self._writer).faults(facts), (kind, what)
                count += 1
        return count


def spoil(wire):
    """-> (what was done, the message)"""
    for part in ("answer", "authority"):
        for index, rrset in enumerate(getattr(dns.message.from_wire(wire), part)):
            spoilt = dns.message.from_wire(wire)
            del getattr(spoilt, part)[index]
            yield f"without {rrset}", spoilt.to_wire()
            if (rrset.rdtype in (T.NS, T.DS) and rrset.name.to_text() != ORIGIN
                    and older(rrset) != rrset):
                spoilt = dns.message.from_wire(wire)
                getattr(spoilt, part)[index] = older(rrset)
                yield f"with an older {rrset}", spoilt.to_wire()


def older(rrset):
    """The NS or DS RRset of the change before; the same where no change was made yet."""
    if rrset.rdtype == T.NS:
        texts = [re.sub(r"^l(\d+)", lambda m: f"l{int(m[1]) ^ 1}", str(rdata)) for rdata in rrset]
    else:
        texts = [f"{str(rdata)[:-1]}{int(str(rdata)[-1], 16) ^ 1:x}" for rdata in rrset]
    return dns.rrset.from_text_list(rrset.name, rrset.ttl, rrset.rdclass, rrset.rdtype, texts)


def records_of(path):
    """A number for each record of a zone file that is no work of the signer."""
    made = {"RRSIG", "DNSKEY", "CDS", "CDNSKEY", "NSEC3", "NSEC3PARAM", "SOA"}
    found = set()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            fields = line.split(None, 4)
            if len(fields) == 5 and not line.startswith(";") and fields[3] not in made:
                found.add(hash((fields[0].lower(), fields[1], fields[3],
                                fields[4].replace(" ", "").lower())))
    return found


def transferred(deployment, path):
    begin = time.monotonic()
    with open(path, "wb") as out:
        subprocess.run(["dig", "@127.0.0.1", "-p", str(deployment.port), "+nocmd", "+nostats",
                        "+noidnout", "+onesoa", "+time=600", ORIGIN, "AXFR"], stdout=out, check=True, timeout=600)
    return time.monotonic() - begin


def wait_until_all_is_live(deployment):
    def caught_up():
        (feed, last), = deployment.sql("SELECT (SELECT count(*) FROM change_feed), max(id) FROM "
                                       "publication")
        return feed == "0" and deployment.live(ORIGIN)["publication"] == int(last)
    wait_for(caught_up, "all is live", 120, pause=0.2)


def check_served_is_store(deployment, folder):
    wait_until_all_is_live(deployment)
    print(f"AXFR in {transferred(deployment, folder / 'served'):.1f} s")
    text = deployment.tldctl("zone", "export", "--store", deployment.store, "--zone", ORIGIN)
    (folder / "stored").write_text(text)
    served, stored = records_of(folder / "served"), records_of(folder / "stored")
    assert served == stored and served, (len(served), len(served - stored), len(stored - served))


@pytest.fixture
def quick_turns():
    """The writer's thread does not wait long for the one that judges."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@pytest.mark.parametrize("delegations, seconds, rate, interval", [
    (2000, 5, 200, "PT0S"), pytest.param(DELEGATIONS, SECONDS, RATE, "PT1S", marks=pytest.mark.long)])
def test_changes_at_full_load(tmp_path, quick_turns, store, delegations, seconds, rate, interval):
    """Catches a message put together from two versions, a change that goes live without its
    signatures or with those of its neighbour's last version, questions that wait for a writer."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", ORIGIN, "--plain", "--delegations",
                         delegations)
    with Deployment(store=store, brake=ANY_CHANGE_PASSES, settings={"cache-ttl": "0"},
                    publish_interval=interval) as deployment:
        deployment.command_timeout = 1200
        deployment.add_zone(ORIGIN, file)
        deployment.start(wait=False)
        deployment.wait_until_served(1200)
        deployment.wait_until_signed(ORIGIN, 1200)
        writer = Writer(deployment.store_database, rate, seconds)
        samples, drops = Samples(deployment, writer), load.kernel_drops(deployment.port)
        full_rate = FullRate(deployment.port, list(writer.names), tmp_path)
        with writer:
            full_rate.start()
            while writer.running:
                samples.take()
            full_rate.stop()
        drops = load.kernel_drops(deployment.port) - drops
        print(f"{len(writer.journal)} changes in {writer.took:.1f} s; {full_rate.answered} answers in "
              f"{full_rate.seconds:.1f} s, {full_rate.lost} lost, {drops} dropped by the kernel, "
              f"RCODEs {dict(full_rate.rcodes)}; samples {dict(samples.asked)}")
        assert not samples.faults, samples.faults[:20]
        assert set(full_rate.rcodes) <= {"0", "3"} and full_rate.lost <= drops
        assert deployment.counters()["servfail-unsigned"] == 0
        check_served_is_store(deployment, tmp_path)
        assert samples.spoilt_ones_noticed() > 20
        # How many a busy machine lets it make is its own affair; the figure is printed.
        assert len(writer.journal) >= 0.1 * rate * seconds, "the registry was shut out"
