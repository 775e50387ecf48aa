# SPDX-License-Identifier: GPL-2.0-only
"""The HSM, the store, the server or a client of the store goes away while the registry makes
changes: nothing gets worse than it was, and all of it goes live afterwards."""

import random
import threading
import time

import dns.exception
import dns.message
import dns.query
import pytest

import registry as r
from processes import CommandFailed, wait_for
from publications import (ORIGIN, check, check_whole, is_later, published, rcodes, says_waiting,
                          serial, serving)
from registry import ZoneText
from validators import transfer

STORES = pytest.mark.parametrize("store", ["sqlite", "postgresql"])
DIGEST = "3" * 64


class ChangesWithoutHsm:
    """What the registry goes on changing. `now`: what can go live; `later`: all of it."""

    def __init__(self, deployment):
        self._deployment, self.now = deployment, deployment.text
        self.later = ZoneText(deployment.text.write(deployment.path / "later.zone"))
        self._insecure, self._secure = (deployment.text.delegations(ORIGIN, secure)
                                        for secure in (False, True))
        self.waiting = []  # names that need a signature, the last one below an empty non-terminal

    def make(self, number):
        """-> the names that can go live."""
        new = [f"away{number}-{which}.kz." for which in (1, 2)]
        changed, server = self._insecure[2 * number], f"ns{number}.provider1.example."
        self._deployment.sql("".join(map(r.delegate, new)) + r.drop_servers(changed)
                             + r.add_server(changed, server))
        for text in (self.now, self.later):
            for name in new:
                text.add(name, "NS", *r.SHARED)
            text.drop(changed, "NS")
            text.add(changed, "NS", server)
        self._make_what_waits(self._insecure[2 * number + 1], self._secure[number],
                              f"away.in.ent{number}.kz.")
        return [*new, changed]

    def _make_what_waits(self, secured, unsecured, deep):
        self._deployment.sql(r.add_ds(secured, 1, DIGEST))
        self.later.add(secured, "DS", f"1 13 2 {DIGEST}")
        self._deployment.sql(r.drop_ds(unsecured))
        self.later.drop(unsecured, "DS")
        self._deployment.sql(r.delegate(deep))
        self.later.add(deep, "NS", *r.SHARED)
        self.waiting += [secured, unsecured, deep]


@STORES
@pytest.mark.parametrize("seconds", [0, pytest.param(600, marks=pytest.mark.hour)])
def test_hsm_away_while_changes_come(tmp_path, store, seconds):
    """Catches changes that need no signature and wait for the HSM, one that needs it and goes live
    without, and an insecure neighbour of such a one that takes its NSEC3 along."""
    with serving(tmp_path, store=store, publish_interval="PT0S") as deployment:
        changes, before = ChangesWithoutHsm(deployment), serial(deployment)
        deployment.hsmd.kill()
        begin, number = time.monotonic(), 0
        while number == 0 or time.monotonic() < begin + seconds:
            gone_live = changes.make(number)
            wait_for(lambda: says_waiting(deployment), "TLD-STATUS says that something waits")
            wait_for(lambda: rcodes(deployment, (gone_live[0], "A")) == ["NOERROR"],
                     "what needs no signature is live")
            check(deployment, *gone_live, *changes.waiting[-12:], count=300)
            assert serial(deployment) == before, "there is no new SOA without a signature"
            number += 1
            time.sleep(max(0.0, min(begin + 10 * number, begin + seconds) - time.monotonic()))
        deployment.socket.unlink(missing_ok=True)
        deployment.start_hsmd()
        last = changes.waiting[-1].partition(".")[2]
        wait_for(lambda: rcodes(deployment, (last, "A")) == ["NOERROR"], "the last one")
        deployment.text = changes.later
        check(deployment, *changes.waiting, count=300)
        assert is_later(serial(deployment), before)
        check_whole(deployment)
        assert deployment.counters()["servfail-unsigned"] == 0


def test_store_goes_away_and_comes_back(tmp_path):
    """Catches a server that needs its store to answer, says nothing of it, or has to be restarted
    to find it again."""
    with serving(tmp_path, store="postgresql") as deployment:
        server = deployment.store_database.server
        for number in range(2):
            server.stop("immediate")
            wait_for(lambda: "store" in says_waiting(deployment).lower()
                     or "postgresql" in says_waiting(deployment).lower(), "TLD-STATUS says why")
            check(deployment, count=100)
            server.start()
            wait_for(lambda: not says_waiting(deployment), "the store is found again", 30)
            name = f"back{number}.kz."
            with published(deployment):
                deployment.sql(r.delegate(name) + r.add_ds(name, 1, DIGEST))
            deployment.text.add(name, "NS", *r.SHARED)
            deployment.text.add(name, "DS", f"1 13 2 {DIGEST}")
            check(deployment, name)


class Writer:
    """Registry software that makes changes all the time, each once more when it fails. `text` has
    those that are known to be committed. `drops`: takes some out again."""

    def __init__(self, deployment, seed, drops=True):
        self._deployment, self.text, self._drops = deployment, deployment.text, drops
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._run)
        self._secure, self._dice = [], random.Random(seed)
        self.commits, self.failures, self._error = 0, 0, None
        self._end = float("inf")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._end = time.monotonic() + 30
        self._stop.set()
        self._thread.join()
        if self._error and kind is None:
            raise self._error

    def _run(self):
        try:
            while not self._stop.wait(0.02):
                self._change(self.commits)
        except BaseException as error:  # shown by the thread of the test
            self._error = error

    def _change(self, number):
        name = f"written{number}.kz."
        script = r.delegate(name) + r.add_ds(name, number % 65536, DIGEST)
        insecure = self._dice.choice(self._secure) if self._drops and number % 3 == 2 else None
        if insecure:
            script += r.drop_ds(insecure)
        self._until_committed(name, script)
        self.commits += 1
        self.text.add(name, "NS", *r.SHARED)
        self.text.add(name, "DS", f"{number % 65536} 13 2 {DIGEST}")
        self._secure.append(name)
        if insecure:
            self._secure.remove(insecure)
            self.text.drop(insecure, "DS")

    def _until_committed(self, name, script):
        """The store may be gone before it could say that it has committed."""
        there = f"SELECT 1 FROM delegation WHERE name = {r.quoted(name)}"
        while True:
            try:
                if not self._deployment.sql(there):
                    self._deployment.sql(script)
                return
            except CommandFailed:
                if time.monotonic() > self._end:  # the store does not come back
                    raise
                self.failures += 1
                time.sleep(0.1)


class SerialWatch:
    """Asks for the SOA all the time: its serial never goes back."""

    def __init__(self, port):
        self._port, self._stop = port, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seen, self.steps_back = [], []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        query = dns.message.make_query(ORIGIN, "SOA")
        while not self._stop.wait(0.02):
            try:
                answer = dns.query.udp(query, "127.0.0.1", 0.3, self._port).answer
            except (OSError, dns.exception.DNSException):
                continue
            if answer and (not self.seen or answer[0][0].serial != self.seen[-1]):
                self._note(answer[0][0].serial)

    def _note(self, serial):
        if self.seen and not is_later(serial, self.seen[-1]):
            self.steps_back.append((self.seen[-1], serial))
        self.seen.append(serial)


def kill_server(deployment):
    deployment.server.kill()
    deployment.server.start()
    deployment.wait_until_served()


def kill_hsmd(deployment):
    deployment.hsmd.kill()
    time.sleep(0.2)
    deployment.socket.unlink(missing_ok=True)
    deployment.start_hsmd()


def kill_store(deployment):
    deployment.store_database.server.kill()
    time.sleep(0.2)
    deployment.store_database.server.start_again()


def kill_client(deployment):
    client = deployment.store_database.client()
    client.execute("BEGIN; " + r.delegate("half-done.kz.") + r.add_ds("half-done.kz.", 1, DIGEST)
                   + "UPDATE delegation SET ns_ttl = 60")
    client.kill()


def records(text):
    """Owner, type and RDATA of what both a transfer and an export have, the serial apart."""
    made = {"RRSIG", "DNSKEY", "CDS", "CDNSKEY", "NSEC3", "NSEC3PARAM", "SOA"}
    found = set()
    for line in text.splitlines():
        fields = line.split(None, 4)
        if not line.startswith(";") and len(fields) == 5 and fields[3] not in made:
            found.add((fields[0].lower(), fields[1], fields[3],
                       fields[4].replace(" ", "").lower()))
    return found


def has_caught_up(deployment):
    exported = records(deployment.tldctl("zone", "export", "--store", deployment.store, "--zone",
                                         ORIGIN))
    file = deployment.path / "transferred"
    try:
        transfer(deployment.port, ORIGIN, file)
    except AssertionError:  # a signature is in the making: it breaks off
        return False
    return records(file.read_text()) == exported


@STORES
@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.long)])
def test_killed_at_random(tmp_path, store, times):
    """Catches half a change, a change that is lost, a serial given twice, a publication that the
    server forgets in the middle of it."""
    dice = random.Random(f"{store} {times}")
    kills = [kill_server, kill_hsmd, kill_client] + [kill_store] * (store == "postgresql")
    kills *= times
    dice.shuffle(kills)
    brake = {"names": 10**6, "percent": 100}  # what piles up while the store is away is no accident
    with serving(tmp_path, store=store, brake=brake) as deployment:
        with SerialWatch(deployment.port) as watch:
            with Writer(deployment, dice.random()) as writer:
                for kill in kills:
                    time.sleep(dice.uniform(0.05, 0.6))
                    kill(deployment)
            wait_for(lambda: has_caught_up(deployment), "what is served is what the store has", 60,
                     pause=0.3)
            check(deployment, *(f"written{n}.kz." for n in range(0, writer.commits, 7)),
                  "half-done.kz.", count=300)
        assert not watch.steps_back and len(watch.seen) > times, watch.seen
        assert writer.commits > 2 * len(kills)
        assert writer.failures > 0 or store == "sqlite", "the store was never gone for the writer"
        check_whole(deployment)
