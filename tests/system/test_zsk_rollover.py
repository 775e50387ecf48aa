# SPDX-License-Identifier: GPL-2.0-only
"""The server rolls its ZSKs while it is asked. The key register and the policy say when."""

import os
import threading

import pytest

import registry as r
from processes import wait_for
from publications import ORIGIN, check, check_whole, published
from rolling import MAX_TTL, POLICY, Rolling


@pytest.fixture
def rolling(tmp_path):
    with Rolling() as deployment:
        deployment.add_rolling_zone(tmp_path)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        yield deployment


class Asking:
    """Asks everything again and again in a thread; every message has to be right."""

    def __init__(self, deployment):
        self._deployment, self._stop = deployment, threading.Event()
        self.asked, self.faults = 0, []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with self._deployment.checker(ORIGIN, self._deployment.zones[ORIGIN].file,
                                      any_serial=True) as checker:
            while not self._stop.is_set() and not self.faults:
                report = checker.run(200, seed=self.asked)
                self.asked += 200
                if not report.ok:
                    self.faults.append(str(report))

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        assert not self.faults, self.faults[0]


def test_zsk_rollover_under_load(rolling):
    """Catches: a key that signs before its time, a message without the right signature while keys
    change, a transfer of half of each, secondaries that keep the old signatures, a roll that is
    repeated or lost over a restart."""
    rolling.wait_for_uses("signing", None)
    serial = rolling.live(ORIGIN)["serial"]
    asking = Asking(rolling)
    rolling.wait_for_uses("signing", "warming")
    check_whole(rolling)
    rolling.wait_for_uses(None, "signing")
    asking.stop()
    assert asking.asked >= 1000
    rolling.wait_until_settled()
    check_whole(rolling)
    old, new = (rolling.events(key) for key in rolling.keys)
    assert int(new["activated"]) - int(old["activated"]) >= 0
    assert {"published", "activated", "signed-all", "retired", "signatures-gone"} <= set(old)
    assert {"published", "activated"} <= set(new) and "retired" not in new
    wait_for(lambda: rolling.live(ORIGIN)["serial"] != serial, "secondaries get the new signatures")
    counters = rolling.counters()
    assert counters["servfail-unsigned"] == counters["sign-verify-failed"] == 0
    with published(rolling):
        rolling.sql(r.delegate("after-the-roll.kz.", ttl=MAX_TTL)
                    + r.add_ds("after-the-roll.kz.", 7, "1" * 64, ttl=MAX_TTL))
    rolling.text.add("after-the-roll.kz.", "NS", *r.SHARED, ttl=MAX_TTL)
    rolling.text.add("after-the-roll.kz.", "DS", f"7 13 2 {'1' * 64}", ttl=MAX_TTL)
    check(rolling, "after-the-roll.kz.")
    rolling.server.stop()
    rolling.server.start()
    rolling.wait_until_served()
    assert rolling.uses() == [None, "signing"]
    rolling.wait_until_settled()
    check(rolling, "after-the-roll.kz.")


def test_a_zsk_that_the_token_does_not_hold_never_signs(tmp_path):
    """Catches: a roll to a key of which nobody has shown that the token has it."""
    with Rolling() as rolling:
        rolling.add_rolling_zone(tmp_path)
        other = rolling.keys[1]
        rolling.keys = [rolling.keys[0]]  # tld-hsmd is not configured for the other one
        rolling.start()
        rolling.wait_until_signed(ORIGIN)
        rolling.keys.append(other)
        zone = lambda: next(z for z in rolling.status()["zones"] if z["zone"] == ORIGIN)
        wait_for(lambda: "proved" in zone().get("roll-waits-for", ""), "the roll waits", 90)
        assert rolling.uses()[0] == "signing"
        assert "activated" not in rolling.events(other)
        assert "a ZSK roll that is due waits" in rolling.server.log()
        check(rolling)
        check_whole(rolling)


@pytest.mark.parametrize("rule", ["retire-now", "replace-then-retire"])
def test_emergency_zsk(tmp_path, rule):
    """A ZSK is compromised: the spare, published before, takes over at once."""
    policy = {**POLICY, "keys": {**POLICY["keys"], "on-compromise": rule,
                                 "zsk": {**POLICY["keys"]["zsk"], "lifetime": "PT1H"}}}
    with Rolling(policy=policy) as rolling:
        rolling.add_rolling_zone(tmp_path)
        rolling.start()
        rolling.wait_until_signed(ORIGIN)
        asking = Asking(rolling)
        rolling.record(rolling.keys[0], "compromised")
        rolling.wait_for_uses(None, "signing", seconds=60)
        asking.stop()
        check_whole(rolling)
        assert "retired" in rolling.events(rolling.keys[0])


@pytest.mark.long
def test_an_older_register_leaves_what_is_published(tmp_path):
    """A copy of the register from before most keys were entered is put back. Catches: a zone whose
    every slot is held back, and that has no DNSKEY then."""
    policy = {**POLICY, "keys": {**POLICY["keys"], "zsk": {**POLICY["keys"]["zsk"],
                                                          "lifetime": "P30D"}}}
    with Rolling(policy=policy) as zone:
        zone.add_rolling_zone(tmp_path, delegations=60)
        zone.start()
        zone.wait_until_signed(ORIGIN)
        zone.wait_for_event(zone.keys[0], "signed-all")
        now = zone.register.read_text()
        put(zone, "".join(now.splitlines(keepends=True)[:3]))
        waits_for = lambda: next(z for z in zone.status()["zones"]
                                 if z["zone"] == ORIGIN).get("roll-waits-for", "")
        wait_for(lambda: "KEY-UNKNOWN" in waits_for(), f"it says why\n{zone.server.log()}")
        assert zone.ask(ORIGIN, "DNSKEY")[0] == "NOERROR"
        check(zone)
        check_whole(zone)
        put(zone, now)
        wait_for(lambda: not waits_for(), f"it goes on\n{zone.status()}")
        check_whole(zone)


def put(zone, text):
    beside = zone.path / "older.keys"
    beside.write_text(text)
    os.replace(beside, zone.register)
