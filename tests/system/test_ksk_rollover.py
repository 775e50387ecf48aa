# SPDX-License-Identifier: GPL-2.0-only
"""KSK rolls on a running server, with the commands of an operator, under the eyes of validators that
start from the parent. docs/emergency-runbook.md names these tests."""

import pytest

from ksk_rolls import (change_ds, must_wait, new_ksk, policy, serving,
                       sign_and_install_when_allowed)
from processes import CommandFailed, wait_for
from publications import ORIGIN, check_whole
from rolling import by_hand, ds_of


def double_ksk(zone):
    """-> the new KSK; the old one goes."""
    new = new_ksk(zone)
    zone.hold_ceremony([zone.old, new], "--announce", zone.old.id)
    zone.wait_for_event(new, "activated")
    check_whole(zone)
    change_ds(zone, new, zone.old)
    must_wait(zone, (zone.old, "retired"), (zone.old, "removed"))
    sign_and_install_when_allowed(zone, [new])
    zone.wait_for_event(zone.old, "removed")
    check_whole(zone)
    zone.resolvers.must_ask(60)
    return new


@pytest.mark.long
def test_double_ksk(tmp_path):
    """Catches: a KSK that signs without being told of, a DS that changes before the DNSKEY is
    known, an old KSK that goes while somebody remembers its DS."""
    with serving(tmp_path) as zone:
        new = double_ksk(zone)
        assert {"published", "activated", "ds-submitted", "ds-seen"} <= set(zone.events(new))
        assert {"retired", "removed", "ds-gone"} <= set(zone.events(zone.old))
        assert not [step for step in zone.next_steps() if "KSK" in step["what"]]


@pytest.mark.long
def test_double_ds(tmp_path):
    """Catches: keys that are exchanged before the new DS is known everywhere."""
    with serving(tmp_path, policy(rollover="double-ds")) as zone:
        new = new_ksk(zone)
        zone.record_when_allowed(new, "ds-submitted")
        zone.parent.put_ds(*ds_of(zone.old, new))
        zone.record(new, "ds-seen")
        must_wait(zone, (new, "published"), (new, "activated"), (zone.old, "retired"),
                  (zone.old, "removed"))
        sign_and_install_when_allowed(zone, [new], "--ds-at-parent")
        zone.wait_for_event(zone.old, "removed")
        check_whole(zone)
        zone.resolvers.must_ask(30)
        zone.record_when_allowed(zone.old, "ds-withdrawn")
        zone.parent.put_ds(*ds_of(new))
        zone.record(zone.old, "ds-gone")
        zone.resolvers.must_ask(60)
        assert not [step for step in zone.next_steps() if "KSK" in step["what"]]


@pytest.mark.long
def test_emergency_ksk(tmp_path):
    """The KSK is compromised: the same, without the policy's waits, but never faster than what is
    remembered."""
    with serving(tmp_path, policy(prepublish="PT1H", postpublish="PT1H")) as zone:
        zone.record(zone.old, "compromised")
        double_ksk(zone)
        assert "removed" in zone.events(zone.old)


@pytest.mark.long
def test_ds_still_cached(tmp_path):
    """.nz, May 2023: the old KSK went while resolvers remembered its DS. Here the operator tries it
    with each command that could do it, and by hand; each time he is told what stands against it."""
    with serving(tmp_path, policy(prepublish="PT5S", postpublish="PT1H",
                                  **{"emergency-postpublish": "PT1H"})) as zone:
        new = new_ksk(zone)
        zone.hold_ceremony([zone.old, new])
        zone.wait_for_event(new, "activated")
        zone.record_when_allowed(None, (new, "ds-submitted"), (zone.old, "ds-withdrawn"))
        zone.parent.put_ds(*ds_of(new))
        request = zone.request()
        refusals = {}
        for name, attempt in {
                "keys record": lambda: zone.record(zone.old, "retired", "removed"),
                "ceremony run": lambda: zone.sign(request, [new]),
        }.items():
            with pytest.raises(CommandFailed) as refused:
                attempt()
            refusals[name] = refused.value.output
        answer = zone.sign(request, [new], register=False)
        with pytest.raises(CommandFailed) as refused:
            zone.install(answer)
        refusals["skr import"] = refused.value.output
        by_hand(zone, answer)
        told = lambda: next(z for z in zone.status()["zones"] if z["zone"] == ORIGIN)
        wait_for(lambda: "signed-keys-refused" in told(), "the server refuses it")
        refusals["server"] = told()["signed-keys-refused"]
        for where, why in refusals.items():
            assert "KEY-POSTPUBLISH" in why or "KEY-RULE-DNSKEY" in why or "KEY-PREPUBLISH" in why, \
                (where, why)
        zone.resolvers.must_ask(60)
        assert "removed" not in zone.events(zone.old)
        assert any(step["waits_for"] and "KSK" in step["what"] for step in zone.next_steps())
