# SPDX-License-Identifier: GPL-2.0-only
"""Signatures survive a restart: none is made anew, and whatever happens to the log on disk costs
signatures that are made anew, never a wrong answer."""

import hashlib
import shutil

import pytest

from harness import Deployment
from processes import generate_zone, wait_for


class Logged(Deployment):
    """With a signature log, and a zone that is signed and written to it."""

    @property
    def log(self):
        return self.path / "signatures"

    @property
    def segments(self):
        return sorted((self.log / "kz.").glob("*.log"))

    def configuration(self):
        return {**super().configuration(), "signature-log": str(self.log)}

    def wait_until_written(self):
        self.wait_until_signed("kz.")
        wait_for(lambda: self.counters()["log-entries"] == self.counters()["sign-requests"] and
                 self.counters()["log-dropped"] == 0, "all signatures are in the log")

    def restart(self, **options):
        self.server.kill()
        self.start(**options)

    def wanted(self):
        return sum(key["signatures-wanted"] for key in self.live("kz.")["zsk"])


@pytest.fixture(scope="module")
def zone_file(tmp_path_factory):
    return generate_zone(tmp_path_factory.mktemp("zone") / "kz.zone", "--origin", "kz.", "--plain",
                         "--delegations", 2000, "--signed", 30)


@pytest.fixture
def served(zone_file):
    with Logged() as deployment:
        deployment.add_zone("kz.", zone_file)
        deployment.start()
        deployment.wait_until_written()
        yield deployment


def judged(deployment, seed, allowed=()):
    with deployment.checker("kz.") as checker:
        report = checker.run(600, seed=seed)
        assert set(report.faults) <= set(allowed), str(report)


def test_a_killed_server_comes_back_signed_without_its_hsm(served):
    """Catches a restart that needs the HSM for what was signed before, and a first answer that is
    SERVFAIL or does not validate."""
    wanted = served.wanted()
    served.hsmd.stop()
    served.restart(with_hsmd=False)
    judged(served, seed=21)
    served.wait_until_signed("kz.")
    counters = served.counters()
    assert counters["sign-requests"] == 0 and counters["servfail-unsigned"] == 0
    assert counters["log-loaded"] == wanted and counters["log-rejected"] == 0
    served.restart(with_hsmd=False)  # what was loaded stays in the log
    served.wait_until_signed("kz.")
    assert served.counters()["sign-requests"] == 0


def flip(octets):
    some = bytearray(octets)
    for at in range(100, len(some), 1500):
        some[at] ^= 0x40
    return bytes(some)


def next_version(octets):
    start = octets[:16] + b"\0\2"
    return start + hashlib.sha256(start).digest()[:8] + octets[26:]


DAMAGE = {
    "flipped octets": flip,
    "truncated": lambda octets: octets[:len(octets) // 2 + 7],
    "zeros": lambda octets: octets[:5000] + bytes(20000) + octets[25000:],
    "next version": next_version,
    "no log at all": lambda octets: b"This is not a log.\n" * 500,
    "empty": lambda octets: b"",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_log_costs_signatures_only(served, damage):
    """Catches a server that does not start, serves a wrong signature, or keeps quiet, when the log
    is not what it was; and one that cannot use its log any more afterwards."""
    wanted = served.wanted()
    served.server.kill()
    for segment in served.segments:
        segment.write_bytes(DAMAGE[damage](segment.read_bytes()))
    served.start(with_hsmd=False)  # it runs already
    judged(served, seed=22, allowed=["servfail"])
    served.wait_until_signed("kz.")
    judged(served, seed=23)
    counters = served.counters()
    assert 0 < counters["sign-requests"] <= wanted
    assert counters["log-rejected"] == 0
    if damage in ("flipped octets", "truncated", "zeros"):
        assert counters["sign-requests"] < wanted, "damage has cost everything"
        assert counters["log-damaged"] > 0
    aside = list(served.log.glob("kz..aside-*"))
    assert bool(aside) == (damage == "next version")
    if damage != "empty":
        assert "signature log" in served.server.log()
    wait_for(lambda: served.counters()["log-entries"] == served.counters()["sign-requests"],
             "what was made anew is in the log")
    served.restart(with_hsmd=False)
    served.wait_until_signed("kz.")
    assert served.counters()["sign-requests"] == 0


def test_a_log_removed_under_the_server_is_written_anew(served):
    """Catches a server that notices nothing, or stops, when somebody removes what it writes to."""
    shutil.rmtree(served.log)
    changed = generate_zone(served.path / "changed.zone", "--origin", "kz.", "--plain",
                            "--delegations", 2100, "--signed", 30)
    served.publish("kz.", changed)
    wait_for(lambda: served.counters()["log-write-failures"] > 0 and
             served.counters()["log-rewrites"] > 0, "the log is written anew", 60)
    served.hsmd.stop()
    served.restart(with_hsmd=False)
    served.wait_until_signed("kz.")
    assert served.counters()["sign-requests"] == 0


def test_without_a_place_for_the_log_it_is_served_from_memory(zone_file):
    """Catches a start that fails, or says nothing, because of the log's folder."""
    with Logged() as deployment:
        deployment.add_zone("kz.", zone_file)
        deployment.log.write_text("a file where the folder should be")
        deployment.start()
        deployment.wait_until_signed("kz.")
        judged(deployment, seed=24)
        assert deployment.counters()["log-write-failures"] > 0
        assert "kept in memory only" in deployment.server.log()
