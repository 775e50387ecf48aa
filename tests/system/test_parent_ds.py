# SPDX-License-Identifier: GPL-2.0-only
"""`tldctl keys look-at-parent`: the DS at each server of a parent that has two, which do not always
say the same; by the register of a zone in a KSK roll, whose new DS was submitted."""

import contextlib
import json
import socket
import subprocess
import threading
import time

import dns.rdatatype as T
import pytest
import yaml

from builds import built
from ksk_rolls import POLICY
from parents import DS_TTL, TwoServers, ds_text
from processes import free_port, run
from tokens import dnskey_of

ORIGIN = "kz."
FIRST, SECOND = TwoServers.ADDRESSES
LONG_TTL = 3600


def make_key(folder, name, *flags):
    """-> a file with its DNSKEY"""
    made = run("dnssec-keygen", "-q", "-a", "13", *flags, ORIGIN, cwd=folder).strip()
    words = next(line for line in (folder / f"{made}.key").read_text().splitlines()
                 if not line.startswith(";")).split()
    file = folder / name
    file.write_text(f"{ORIGIN} 3600 IN DNSKEY {' '.join(words[3:6])} {''.join(words[6:])}\n")
    return file


class Zone:
    """Its register says what an operator has entered."""

    def __init__(self, folder):
        self.folder, self.register = folder, folder / "kz.keys"
        self.policy = folder / "policy.yaml"
        self.policy.write_text(yaml.safe_dump(POLICY))
        zsk, self.old, self.new = (make_key(folder, "zsk"), make_key(folder, "old", "-f", "KSK"),
                                   make_key(folder, "new", "-f", "KSK"))
        self.names = {}
        for key in zsk, self.old, self.new:
            added = self.tldctl("add", "--dnskey", key, "--time", "20260101000000", "--json")
            self.names[key] = json.loads(added.stdout)["key"]
        self.record("20260101", (zsk, "published"), (zsk, "activated"), (self.old, "published"),
                    (self.old, "activated"))
        self.record("20260102", (zsk, "signed-all"))
        self.record("20260105", (self.old, "ds-submitted"))
        self.record("20260108", (self.old, "ds-seen"))
        self.record("20260201", (self.new, "published"), (self.new, "activated"))
        self.record("20260301", (self.new, "ds-submitted"), (self.old, "ds-withdrawn"))

    def tldctl(self, command, *arguments, code=0):
        done = subprocess.run(
            [str(word) for word in (built("tldctl"), "keys", command, "--zone", ORIGIN,
                                    "--register", self.register, *arguments)],
            capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def record(self, day, *events):
        words = [word for key, event in events
                 for word in ("--event", f"{self.names[key]}={event}")]
        self.tldctl("record", "--policy", self.policy, "--time", f"{day}000000", "--ds-ttl",
                    DS_TTL, *words)

    def look(self, parent, *more, code=0, servers=True):
        """-> what it says, all of it."""
        where = [word for address in TwoServers.ADDRESSES
                 for word in ("--parent-server", f"{address}:{parent.port}")] if servers else []
        done = self.tldctl("look-at-parent", "--policy", self.policy, *(
            () if "--trust-anchor" in more else ("--trust-anchor", parent.anchor)), *where, *more,
            code=code)
        return done.stdout + done.stderr

    def events(self, key):
        lines = [json.loads(line) for line in self.register.read_text().splitlines()]
        return {line["event"]: line.get("ds-ttl") for line in lines
                if "event" in line and line["key"] == self.names[key]}

    def ds(self, *keys):
        return [ds_text(ORIGIN, dnskey_of(key)) for key in keys]

    def nothing_is_recorded(self):
        return "ds-seen" not in self.events(self.new) and "ds-gone" not in self.events(self.old)


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    servers = TwoServers(tmp_path_factory.mktemp("parent") / "parent", ORIGIN, ["1 13 2 " + "0" * 64])
    yield servers
    servers.stop()


@pytest.fixture
def zone(tmp_path, parent):
    """The parent has its old DS everywhere."""
    made = Zone(tmp_path)
    parent.ttl = DS_TTL
    parent.put_ds(*made.ds(made.old))
    parent.catch_up()
    return made


def test_a_server_that_lags_behind_holds_the_record_back(zone, parent):
    """Catches: a DS that is recorded while one server does not have it, or not when all have it."""
    parent.put_ds(*zone.ds(zone.new))
    said = zone.look(parent, "--record", code=1)
    assert f"PARENT-LACKS-DS: {SECOND}:{parent.port}" in said, said
    assert f"PARENT-KEEPS-DS: {SECOND}:{parent.port}" in said, said
    assert f"DS: {FIRST}:" not in said, said
    assert zone.nothing_is_recorded()
    parent.catch_up()
    before = zone.register.read_text()
    zone.look(parent)
    assert zone.register.read_text() == before  # without --record
    zone.look(parent, "--record")
    assert zone.events(zone.new)["ds-seen"] == DS_TTL
    assert "ds-gone" in zone.events(zone.old)
    zone.look(parent, "--record")  # and all stays as it is wanted


def forged(zone):
    """Another digest under the old signature."""
    rdatas = zone.get_rdataset(ORIGIN, T.DS)
    ds = rdatas.pop()
    rdatas.add(ds.replace(digest=bytes(32)))


def unsigned(zone):
    zone.delete_rdataset(ORIGIN, T.RRSIG, T.DS)


@pytest.mark.parametrize("change", [forged, unsigned])
def test_an_answer_that_does_not_validate_counts_for_nothing(zone, parent, change):
    """Catches: a DS RRset that is believed without the parent's signature."""
    parent.put_ds(*zone.ds(zone.new))
    parent.catch_up(change)
    said = zone.look(parent, "--record", code=1)
    assert f"PARENT-NO-ANSWER: {SECOND}:{parent.port}" in said and "BOGUS" in said, said
    assert zone.nothing_is_recorded()


@pytest.mark.parametrize("origin, why", [(".", "BOGUS"), ("other.", "not secure")])
def test_another_trust_anchor_validates_nothing(zone, parent, tmp_path, origin, why):
    """Catches: an answer that is believed because nothing speaks against it."""
    parent.put_ds(*zone.ds(zone.new))
    parent.catch_up()
    (tmp_path / "other").mkdir()
    name = run("dnssec-keygen", "-q", "-a", "13", "-f", "KSK", origin,
               cwd=tmp_path / "other").strip()
    said = zone.look(parent, "--record", "--trust-anchor", tmp_path / "other" / f"{name}.key", code=1)
    for address in TwoServers.ADDRESSES:
        assert f"PARENT-NO-ANSWER: {address}:{parent.port}: " in said, said
    assert why in said, said
    assert zone.nothing_is_recorded()


def test_a_server_that_does_not_answer_holds_the_record_back(zone, parent):
    """Its port is one that nobody listens at."""
    parent.put_ds(*zone.ds(zone.new))
    parent.catch_up()
    said = zone.look(parent, "--record", "--parent-server", "127.0.0.3:9", "--timeout", "PT1S", code=1)
    assert "PARENT-NO-ANSWER: 127.0.0.3:9" in said, said
    assert zone.nothing_is_recorded()


class Dripping:
    """A server that says "truncated" by UDP, and by TCP announces 65,535 octets and sends one now
    and then, for ever."""

    def __init__(self, address):
        self.port, self.dripped = free_port(address), 0
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket()
        self._stop = threading.Event()
        for each in self._udp, self._tcp:
            each.bind((address, self.port))
            each.settimeout(0.1)
        self._tcp.listen()
        self._threads = [threading.Thread(target=run) for run in (self._truncate, self._drip)]
        for thread in self._threads:
            thread.start()

    def _truncate(self):
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                query, client = self._udp.recvfrom(4096)
                self._udp.sendto(query[:2] + b"\x86\x00" + query[4:6] + bytes(6) + query[12:], client)

    def _drip(self):
        open_ones = []
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._tcp.accept()
                client.sendall(b"\xff\xff")
                open_ones.append(client)
            for client in open_ones:
                with contextlib.suppress(OSError):
                    self.dripped += client.send(b"\x00")

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()


@pytest.mark.long
def test_a_server_that_never_ends_its_answer_is_left(zone, parent):
    """Catches: a look that a hostile server holds up as long as it likes."""
    parent.put_ds(*zone.ds(zone.new))
    parent.catch_up()
    hostile = Dripping("127.0.0.3")
    try:
        said = zone.look(parent, "--record", "--parent-server", f"127.0.0.3:{hostile.port}",
                         "--timeout", "PT3S", code=1)
    finally:
        hostile.stop()
    assert hostile.dripped > 0, said
    # libunbound gives up by itself after some 15 s, and says it otherwise.
    assert f"PARENT-NO-ANSWER: 127.0.0.3:{hostile.port}: no answer in time" in said, said
    assert zone.nothing_is_recorded()


def test_a_ds_that_nobody_submitted_holds_the_record_back(zone, parent):
    parent.put_ds(*zone.ds(zone.new), "1 13 2 " + "0" * 64)
    parent.catch_up()
    said = zone.look(parent, "--record", code=1)
    assert "PARENT-UNEXPECTED-DS" in said, said
    assert zone.nothing_is_recorded()


def test_a_ttl_that_was_higher_once_is_waited_for(zone, parent):
    """The policy has two seconds; a server had an hour, at a look at which nothing was complete.
    Catches: an old DS that is still in caches when its key goes."""
    parent.ttl = LONG_TTL
    parent.put_ds(*zone.ds(zone.old))
    said = zone.look(parent, "--record", code=1)
    assert "parent-ds-ttl" in said, said
    assert zone.events(zone.old)["ds-ttl-seen"] == LONG_TTL and zone.nothing_is_recorded()
    parent.ttl = DS_TTL
    parent.put_ds(*zone.ds(zone.new))
    parent.catch_up()
    zone.look(parent, "--record")
    assert zone.events(zone.new)["ds-seen"] == DS_TTL
    wanted = json.loads(zone.tldctl("next", "--policy", zone.policy, "--json").stdout)["next"]
    leaves = next(step for step in wanted if step["what"] == "KSK roll")
    earliest = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + LONG_TTL - 600))
    assert leaves["time"] > earliest, leaves


def test_the_parents_servers_are_found_by_their_names(zone, parent):
    """All addresses of its NS RRset. Catches: one that is left out."""
    parent.put_ds(*zone.ds(zone.new))
    named = ("--resolver", f"{FIRST}:{parent.port}", "--port", parent.port, "--record")
    said = zone.look(parent, *named, servers=False, code=1)
    assert f"PARENT-LACKS-DS: a.root. {SECOND}:{parent.port}" in said, said
    parent.catch_up()
    zone.look(parent, *named, servers=False)
    assert zone.events(zone.new)["ds-seen"] == DS_TTL
