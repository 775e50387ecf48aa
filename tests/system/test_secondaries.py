# SPDX-License-Identifier: GPL-2.0-only
"""NSD and Knot as secondaries: told by NOTIFY, they transfer with TSIG, validate, and answer alike."""

import base64
import os
import re
import sqlite3
import time

import dns.name
import dns.rdatatype as T
import pytest

from checker.client import Question
from checker.model import Model
from checker.session import Checker, soa_serial
from harness import Deployment
from processes import free_port, generate_zone, wait_for
from secondaries import Knot, Nsd, allow_secondaries, axfr, verify_transferred

KEY = ("xfr.kz.", base64.b64encode(os.urandom(32)).decode())
OTHER = ("other.kz.", base64.b64encode(os.urandom(32)).decode())
DS = "12345 13 2 " + "ab" * 32


class Zone:
    """The zone file as it has to become: the model of what the secondaries answer."""

    def __init__(self, file):
        self.file = file
        self.lines = [line for line in file.read_text("latin-1").splitlines()]

    def of(self, rdtype):
        """Owners of such records that have nothing odd in their names, with their RDATA."""
        found = {}
        for line in self.lines:
            words = line.split("\t")
            if len(words) == 5 and words[3] == rdtype and re.fullmatch(r"[a-z0-9-]+\.kz\.", words[0]):
                found.setdefault(words[0], []).append(words[4])
        return found

    def replace(self, owner, rdtype, rdatas, ttl=3600):
        self.lines = [line for line in self.lines
                      if line.split("\t")[:1] != [owner] or line.split("\t")[3] != rdtype]
        self.lines += [f"{owner}\t{ttl}\tIN\t{rdtype}\t{rdata}" for rdata in rdatas]
        self.file.write_text("\n".join(self.lines) + "\n", "latin-1")


def with_secondaries(deployment, ports):
    allow_secondaries(deployment, ports, KEY, OTHER)


class Registry:
    """What registry staff does with plain SQL."""

    def __init__(self, store):
        self._sql = sqlite3.connect(store, timeout=10)
        self._sql.execute("PRAGMA foreign_keys = ON")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._sql.close()

    def _id(self, name):
        return self._sql.execute("SELECT id FROM delegation WHERE name = ?", (name,)).fetchone()[0]

    def _name_servers(self, delegation, hosts):
        self._sql.execute("DELETE FROM nameserver WHERE delegation_id = ?", (delegation,))
        for host in hosts:
            self._sql.execute("INSERT INTO nameserver SELECT ?, id FROM host WHERE name = ?",
                              (delegation, host))

    def change_name_servers(self, name, hosts):
        with self._sql:
            self._name_servers(self._id(name), hosts)

    def remove_ds(self, name):
        with self._sql:
            self._sql.execute("DELETE FROM ds WHERE delegation_id = ?", (self._id(name),))
            self._sql.execute("UPDATE delegation SET ds_ttl = NULL WHERE name = ?", (name,))

    def add_secure_delegation(self, name, hosts, ds):
        tag, algorithm, digest_type, digest = ds.split()
        with self._sql:
            done = self._sql.execute(
                "INSERT INTO delegation (zone_id, name, ns_ttl, ds_ttl) "
                "SELECT id, ?, 3600, 3600 FROM zone WHERE name = 'kz.'", (name,))
            self._name_servers(done.lastrowid, hosts)
            self._sql.execute("INSERT INTO ds VALUES (?, ?, ?, ?, ?)",
                              (done.lastrowid, int(tag), int(algorithm), int(digest_type), digest))


def until_current(deployment, secondaries, before, since, seconds=3.0):
    """Waits until all have the serial after `before`; -> seconds since `since`, by program."""
    took = {}

    def current():
        for secondary in secondaries:
            if secondary.program not in took and secondary.serial() not in (None, before):
                took[secondary.program] = time.monotonic() - since
        return len(took) == len(secondaries)
    wait_for(current, f"{[s.program for s in secondaries]} have the serial after {before}: {took}",
             seconds, pause=0.02)
    serials = {secondary.serial() for secondary in secondaries}
    assert serials == {deployment.live("kz.")["serial"]}
    return took


def judge(deployment, file, secondary, questions, count=400):
    """The checker asks the secondary, by the zone file as it has to be."""
    model = Model.from_file(file, "kz.")
    with Checker([model], deployment.zones["kz."].anchor, port=secondary.port) as checker:
        checker.start()
        assert checker.serial() == deployment.live("kz.")["serial"]
        report = checker.run_all(questions)
        assert report.ok, f"{secondary.program}: {report}"
        # With EDNS: NSD 4.6 leaves glue out of 512 octets without TC, which is not ours to judge.
        report = checker.run(count, seed=7, without_do=0)
        assert report.ok, f"{secondary.program}: {report}"


def secondaries_in_status(deployment):
    zone = next(z for z in deployment.status()["zones"] if z["zone"] == "kz.")
    return {s["address"]: s for s in zone["secondaries"]}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The primary and both secondaries, started before it has signed anything: they get the zone
    by the first NOTIFY."""
    folder = tmp_path_factory.mktemp("zone")
    file = generate_zone(folder / "kz.zone", "--origin", "kz.", "--delegations", 2000,
                         "--longest", 253)
    # PowerDNS's packet cache is as long as an operator has it: what it keeps must not be told.
    with Deployment(settings={"allow-axfr-ips": "", "cache-ttl": "20"}) as deployment:
        ports = [free_port(), free_port()]
        with_secondaries(deployment, ports)
        deployment.add_zone("kz.", file)
        with Nsd(folder / "nsd", "kz.", deployment.port, KEY, ports[0]) as nsd, \
                Knot(folder / "knot", "kz.", deployment.port, KEY, ports[1]) as knot:
            deployment.start()
            deployment.wait_until_signed("kz.")
            deployment.zone_as_it_is = Zone(file)
            deployment.secondaries = [nsd, knot]
            wait_for(lambda: all(s.serial() is not None for s in deployment.secondaries),
                     "both secondaries have the zone", 30)
            yield deployment


def change(served, what, how, *arguments):
    """One transaction of the registry; -> measured seconds."""
    before = served.live("kz.")["serial"]
    with Registry(served.store) as registry:
        since = time.monotonic()
        getattr(registry, how)(*arguments)
        took = until_current(served, served.secondaries, before, since)
    print(f"{what}: " + ", ".join(f"{name} after {seconds:.2f} s" for name, seconds in took.items()))


def test_changes_reach_the_secondaries(served, tmp_path):
    """Catches a NOTIFY that is not sent, a SOA out of a cache, a transfer without its signatures,
    and a DS that lives on."""
    zone = served.zone_as_it_is
    insecure, secure = zone.of("NS"), zone.of("DS")
    other = [name for name in insecure if name not in secure]
    moved, unsigned = other[3], sorted(secure)[3]
    hosts = next(ns for ns in insecure.values() if sorted(ns) != sorted(insecure[moved])
                 and all(not host.endswith(".kz.") for host in ns))
    questions = [Question("removed", dns.name.from_text(unsigned), rdtype) for rdtype in (T.DS, T.A)]
    questions += [Question("moved", dns.name.from_text(moved), rdtype) for rdtype in (T.DS, T.NS)]
    questions += [Question("new", dns.name.from_text("entirely-new.kz."), t) for t in (T.DS, T.A)]

    change(served, "other name servers", "change_name_servers", moved, hosts)
    zone.replace(moved, "NS", hosts)
    change(served, "DS removed", "remove_ds", unsigned)
    zone.replace(unsigned, "DS", [])
    change(served, "new secure delegation", "add_secure_delegation", "entirely-new.kz.", hosts,
           DS)
    zone.replace("entirely-new.kz.", "NS", hosts)
    zone.replace("entirely-new.kz.", "DS", [DS])

    for secondary in served.secondaries:
        judge(served, zone.file, secondary, questions)
        count = verify_transferred(secondary.port, "kz.", tmp_path / secondary.program)
        assert count > 4000, "that is not the zone"
        assert secondary.validations() >= 4, secondary.process.log()


def test_the_old_serial_is_in_no_cache(served):
    """Catches PowerDNS's packet cache: a secondary that asks for the SOA without TSIG when NOTIFY
    comes would be told the old serial for cache-ttl, and go away."""
    questions = [Question("soa", dns.name.from_text("kz."), T.SOA, do=do, edns=do)
                 for do in (True, False)]
    zone = served.zone_as_it_is
    name = "after-the-cache.kz."
    hosts = zone.of("NS")["entirely-new.kz."]

    def serials():
        with served.client() as client:
            return {soa_serial(client.ask(question)[1]) for question in questions}
    before = served.live("kz.")["serial"]
    assert serials() == {before}
    change(served, "one more", "add_secure_delegation", name, hosts, DS)
    zone.replace(name, "NS", hosts)
    zone.replace(name, "DS", [DS])
    assert serials() == {served.live("kz.")["serial"]} != {before}


def test_status_says_who_knows(served):
    """Catches a status that shows secondaries as current that were never told."""
    serial = served.live("kz.")["serial"]

    def all_answered():
        return all(s.get("answered") == serial for s in secondaries_in_status(served).values())
    wait_for(all_answered, "both have answered the NOTIFY")
    shown = secondaries_in_status(served)
    assert set(shown) == {f"127.0.0.1:{s.port}" for s in served.secondaries}
    for secondary in shown.values():
        assert secondary["notified"] == serial and not secondary["given-up"]
        assert "behind-since" not in secondary and "trouble" not in secondary
    assert served.counters()["notify-answered"] >= 2
    assert "answered serial" in served.control("TLD-STATUS")


@pytest.mark.parametrize("key, algorithm", [
    (None, None), (OTHER, "hmac-sha256"), ((KEY[0], OTHER[1]), "hmac-sha256"),
    (("nobody.kz.", KEY[1]), "hmac-sha256"), (KEY, "hmac-md5"), (KEY, "hmac-sha512"),
])
def test_no_transfer_without_the_right_key(served, key, algorithm):
    """Catches a zone that leaves without a key, with the wrong secret, with the key of somebody
    else, with one that does not exist, or with another algorithm; loopback too."""
    words = axfr(served.port, "kz.", key, algorithm)
    assert "RRSIG" not in words and "SOA" not in words and "ransfer failed" in words, words[-800:]


def test_the_right_key_transfers(served):
    """The control: else the test above could not fail."""
    assert axfr(served.port, "kz.", KEY).count("RRSIG") > 100
    assert KEY[1] not in served.logs() and OTHER[1] not in served.logs()


def test_a_secondary_that_was_down_converges(served):
    """Catches a NOTIFY that is sent once and forgotten."""
    nsd, knot = served.secondaries
    zone = served.zone_as_it_is
    name = "while-nsd-was-down.kz."
    hosts = zone.of("NS")["entirely-new.kz."]
    before = served.live("kz.")["serial"]
    nsd.process.stop()
    with Registry(served.store) as registry:
        since = time.monotonic()
        registry.add_secure_delegation(name, hosts, DS)
    until_current(served, [knot], before, since)
    address = f"127.0.0.1:{nsd.port}"
    serial = served.live("kz.")["serial"]
    wait_for(lambda: secondaries_in_status(served)[address].get("notified") == serial, "NOTIFY")
    time.sleep(2)
    behind = secondaries_in_status(served)[address]
    assert behind.get("answered") == before and behind["behind-since"] and behind["trouble"], behind
    since = time.monotonic()
    nsd.start()
    took = until_current(served, [nsd], before, since, 30)
    wait_for(lambda: secondaries_in_status(served)[address].get("answered") == serial,
             "NSD has answered", 30)
    print(f"NSD was down: {took['nsd']:.2f} s after it came up")
    zone.replace(name, "NS", hosts)
    zone.replace(name, "DS", [DS])
    judge(served, zone.file, nsd, [Question("new", dns.name.from_text(name), T.DS)], 100)


@pytest.mark.parametrize("spoil, complaint", [
    (lambda d: d.settings.update({"allow-axfr-ips": "127.0.0.0/8"}), "allow-axfr-ips"),
    (lambda d: (d.path / f"{KEY[0]}key").chmod(0o640), "permissions for group or others"),
])
def test_does_not_start_with_open_doors(tmp_path, spoil, complaint):
    """Catches keys that an address gets past, and a secret that others can read."""
    file = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 20)
    with Deployment(settings={"allow-axfr-ips": ""}) as deployment:
        with_secondaries(deployment, [free_port()])
        deployment.add_zone("kz.", file)
        spoil(deployment)
        deployment.write_configuration()
        log = deployment.refuses_to_start()
        assert complaint in log and KEY[1] not in log, log
