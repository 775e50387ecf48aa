# SPDX-License-Identifier: GPL-2.0-only
"""kill -9 and power cuts while the zone is signed for the first time and changes: the server comes
back, nothing that it serves is wrong, and what is lost is what docs/signature-log.md and
docs/store.md say."""

import contextlib
import copy
import random
import sys
import time

import pytest

import registry as r
from faulty_disks import ORIGIN, OnFaultyDisk
from power_cuts import Disk, contents, read_journal
from processes import CommandFailed, wait_for
from publications import is_later
from registry import ZoneText
from stores import SQLITE_CLIENT, Client
from test_publication_faults import SerialWatch

DIGEST = "3" * 64
ENTRY = b"\xe5sig"  # an entry of the signature log begins so
RATE = 100  # signatures a second, in the background
# Of one kill: what was made in 20 ms, ten times that because this machine may be busy, and what
# was in the making; the budget's first second may come at once.
MAY_BE_LOST = RATE // 5 + 16


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=pytest.mark.long)])
def test_killed_while_the_zone_is_signed_for_the_first_time(tmp_path, times):
    """Catches a log that does not open, or has something wrong, after a kill; signatures that were
    on the disk and are made again."""
    dice = random.Random(times)
    with OnFaultyDisk(refresh_rate=RATE) as deployment:
        deployment.add_rolling_zone(tmp_path, delegations=200 + 100 * times, signed=80 * times,
                                    ttl=3600)  # more than can be signed meanwhile
        deployment.start()
        filling = 0
        with deployment.checker(ORIGIN) as checker:
            for kill in range(times):
                time.sleep(dice.uniform(0, 0.4))
                deployment.server.kill()
                deployment.start(with_hsmd=False)
                report = checker.run(5, seed=kill)
                assert set(report.faults) <= {"servfail"}, str(report)
                counters = deployment.counters()
                assert counters["log-rejected"] == 0 and counters["log-write-failures"] == 0
                filling += signatures(deployment) < deployment.wanted()
        assert filling > 0.3 * times, "all was signed too early to show anything"
        made_while_killed = signatures_of_token(deployment)
        deployment.server.stop()
        deployment.refresh_rate = 5000
        deployment.start(with_hsmd=False)
        deployment.wait_until_logged(120)
        deployment.judged(300)
        lost = signatures_of_token(deployment) - deployment.wanted()
        assert made_while_killed > 5 * times, "too little was signed in between"
        assert 0 <= lost <= times * MAY_BE_LOST, f"{lost} signatures were made again"
        assert deployment.counters()["log-rejected"] == 0


def signatures(deployment):
    return sum(key["signatures"] for key in deployment.live(ORIGIN)["zsk"])


def signatures_of_token(deployment):
    return deployment.status()["tokens"][0]["signatures"]


class Recorded(OnFaultyDisk):
    """A run of which everything is recorded that was written and synced, by the server and by the
    registry. `committed`: (time, name) of each change that the registry knows to be committed;
    `seen`: (time, serial) of each answer with a serial that was a new one."""

    def run_recorded(self, folder, changes):
        self.add_rolling_zone(folder, delegations=400, ttl=3600)
        self.base, self.committed, self.seen = Disk(self.disk.folder), [], []
        journal = self.path / "journal"
        plain = dict(self.server_env)
        self.server.set_environment(self.disk.environment(plain, journal))
        client = self._registry(journal)
        self.start()
        with TimedWatch(self.port, self.seen) as watch:
            for number in range(changes):
                time.sleep(0.5)  # three do not fit a publish-interval
                name = f"change{number}.kz."
                client.execute(f"BEGIN; {r.delegate(name)}{r.add_ds(name, 1, DIGEST)}COMMIT;")
                self.committed.append((time.time(), name))
            self.wait_until_logged()
            wait_for(lambda: self.ask(name, "DS")[0] == "NOERROR", "the last change is live")
            time.sleep(1.2)  # the log syncs once a second
        assert not watch.steps_back and len(watch.seen) > 2
        self.server.stop()
        client.kill()
        self.server.set_environment(plain)
        self.records = read_journal(journal)

    def _registry(self, journal):
        env = self.disk.environment({}, journal)
        return Client(["env", *(f"{k}={v}" for k, v in env.items()), sys.executable, "-c",
                       SQLITE_CLIENT, self.store])

    def log_inodes(self):
        """Of the signature log's segments."""
        return {record.number for record in self.records
                if record.what == "create" and b".log" in record.first}


class TimedWatch(SerialWatch):
    def __init__(self, port, seen):
        super().__init__(port)
        self._timed = seen

    def _note(self, serial):
        super()._note(serial)
        self._timed.append((time.time(), serial))


@pytest.mark.parametrize("cuts", [2, pytest.param(20, marks=pytest.mark.long)])
def test_power_cuts(tmp_path, cuts):
    """Catches a serial that goes back, a committed change or publication that is lost, a store,
    log, register or audit log that does not open, a signature that was synced and is made again."""
    dice = random.Random(cuts)
    short = cuts < 10
    with Recorded(refresh_rate=400 if short else RATE) as deployment:
        deployment.run_recorded(tmp_path, changes=3 if short else 20)
        records, done = deployment.records, 0
        recording_is_whole(deployment)
        for moment in sorted(dice.sample(range(len(records)), cuts)):
            for record in records[done:moment + 1]:
                deployment.base.replay(record)
            done = moment + 1
            deployment.base.write(deployment.disk.folder, random.Random(moment))
            comes_back(deployment, moment)
            deployment.server.kill()


def recording_is_whole(deployment):
    """Without a power cut, the journal gives what is on the disk: no change has escaped it."""
    there, replayed = contents(deployment.disk.folder), copy.deepcopy(deployment.base)
    for record in deployment.records:
        replayed.replay(record)
    replayed.write(deployment.disk.folder)
    assert contents(deployment.disk.folder) == there


def comes_back(deployment, moment):
    """The server starts on what the power cut at record number `moment` has left."""
    now = deployment.records[moment].time
    deployment.start(with_hsmd=False)
    committed = [name for time, name in deployment.committed if time < now]
    there = {name for name, in deployment.sql("SELECT name FROM delegation")}
    assert there >= set(committed), f"lost: {set(committed) - there}"
    text = ZoneText(deployment.zones[ORIGIN].file)
    for _, name in deployment.committed:
        if name in there:
            text.add(name, "NS", *r.SHARED)
            text.add(name, "DS", f"1 13 2 {DIGEST}")
    deployment.text = text
    serial = deployment.live(ORIGIN)["serial"]
    seen = [seen for time, seen in deployment.seen if time < now]
    assert not seen or serial == seen[-1] or is_later(serial, seen[-1]), f"{serial} after {seen}"
    wait_for(lambda: not deployment.waits_for() and all(
        deployment.ask(name, "DS")[0] == "NOERROR" for name in there if "change" in name),
        f"all that was committed is live\n{deployment.waits_for()}", 30)
    deployment.wait_until_signed(ORIGIN)
    deployment.judged(100, seed=moment)
    loss_is_what_the_documents_say(deployment, now)
    wait_for(lambda: audit_log_is_in_order(deployment), "tldctl audit verify")


def audit_log_is_in_order(deployment):
    """The server may be between a line and its signed head."""
    with contextlib.suppress(CommandFailed):
        deployment.tldctl("audit", "verify", "--audit-log", deployment.audit_log)
        return True


def loss_is_what_the_documents_say(deployment, now):
    inodes = deployment.log_inodes()
    unsynced = [record for record in deployment.base.unsynced()
                if record.inode in inodes and record.what == "write"]
    # A second and the sync's time; this machine may be busy.
    assert all(record.time > now - 6 for record in unsynced), "the log is not synced"
    written = sum(record.first.count(ENTRY) for record in deployment.records
                  if record.inode in inodes and record.what == "write" and record.time <= now)
    kept = written - sum(record.first.count(ENTRY) for record in unsynced)
    counters = deployment.counters()
    assert counters["log-rejected"] == 0
    # Each publication has made some of what was kept outdated: the SOA's, NSEC3s, DS RRsets.
    outdated = 8 * (len(deployment.seen) + 1)
    assert counters["sign-requests"] <= deployment.wanted() - kept + outdated
