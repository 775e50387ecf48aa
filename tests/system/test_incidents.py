# SPDX-License-Identifier: GPL-2.0-only
"""Incidents of other registries, replayed (`three_hsms_one_tag` is in test_hsm_pool.py, `ds_still_cached` in
test_ksk_rollover.py): nothing bogus is served, the roll stops, the operator is told what and why."""

import base64
import json

import pytest

from ksk_rolls import POLICY as SLOW_POLICY
from pools import dnskey_rdata, import_key, new_key
from processes import CommandFailed, wait_for
from publications import ORIGIN, check, check_whole
from rolling import POLICY, Rolling, by_hand
from tokens import Key, dnskey_of, key_tags


def key_with_a_tag_of(other):
    """Another key, one of whose tags is one of `other`'s: of some 16,000 one has."""
    taken = key_tags(dnskey_of(other.dnskey).to_wire())
    while True:
        key = new_key()
        if key_tags(dnskey_rdata(key)) & taken:
            return key


def imported(zone, private, identifier):
    """The key in the token of the ZSKs, with its DNSKEY file."""
    import_key(zone.zsk_token, private, identifier)
    file = zone.path / f"{identifier}.dnskey"
    text = base64.b64encode(dnskey_rdata(private)[4:]).decode()
    file.write_text(f"{ORIGIN} 3600 IN DNSKEY 256 3 13 {text}\n")
    return Key(identifier, file)


def told(zone, what):
    return next(z for z in zone.status()["zones"] if z["zone"] == ORIGIN).get(what, "")


def refusal(attempt):
    with pytest.raises(CommandFailed) as refused:
        attempt()
    return refused.value.output


def test_tag_used_before(tmp_path):
    """.ru, January 2024: a new key with the tag of another one. Here a key with the tag of one that the
    zone held long ago, and that is published no more, is refused by each command, and by the server."""
    with Rolling(policy=SLOW_POLICY) as zone:
        zone.add_rolling_zone(tmp_path, delegations=60, ttl=2)
        gone = zone.zsk_token.generate(ORIGIN, "zsk")
        zone.enter(gone)
        twin = imported(zone, key_with_a_tag_of(gone), "ab" * 16)
        zone.start()
        zone.wait_until_signed(ORIGIN)
        ksk, zsk = zone.zones[ORIGIN].ksk, zone.zones[ORIGIN].zsk
        request = zone.request("--zsk", zsk.dnskey, "--zsk", twin.dnskey)
        refusals = {"keys add": refusal(lambda: zone.enter(twin)),
                    "keys add --foreign": refusal(lambda: zone.enter(Key("", twin.dnskey))),
                    "ceremony run": refusal(lambda: zone.sign(request, [ksk]))}
        answer = zone.sign(request, [ksk], register=False)
        refusals["skr import"] = refusal(lambda: zone.install(answer))
        by_hand(zone, answer)
        wait_for(lambda: told(zone, "signed-keys-refused"), "the server refuses it")
        refusals["server"] = told(zone, "signed-keys-refused")
        assert all("KEY-TAG-USED" in why for why in refusals.values()), refusals
        check_whole(zone)


@pytest.mark.long
def test_hsm_returns_bad_signatures(tmp_path):
    """.se, February 2022: an HSM gives wrong signatures. Here in the middle of a ZSK roll: none of them
    is served, the roll waits and says so, in the audit log too, and goes on when the HSM is right."""
    policy = {**POLICY, "keys": {**POLICY["keys"], "zsk": {**POLICY["keys"]["zsk"],
                                                          "lifetime": "PT20S"}}}
    with Rolling(policy=policy, faulty_token=True, audit=True) as zone:
        zone.add_rolling_zone(tmp_path, delegations=60)
        zone.start()
        zone.wait_until_signed(ORIGIN)
        zone.wait_for_event(zone.keys[0], "activated")
        zone.zsk_token.faults("wrong-signature 1")
        wait_for(lambda: told(zone, "roll-waits-for"), "the roll waits", 90)
        assert zone.uses()[0] == "signing"
        assert "activated" not in zone.events(zone.keys[1])
        assert "a ZSK roll that is due waits" in zone.server.log()
        wait_for(lambda: zone.counters()["sign-verify-failed"] > 0, "they are thrown away")
        check(zone)
        check_whole(zone)
        zone.zsk_token.faults()
        zone.wait_for_uses(None, "signing", seconds=120)
        zone.wait_until_settled()
        check_whole(zone)
        acts = [(line["type"], line["detail"].get("event")) for line in zone.audited()]
        for act in (("server-start", None), ("server-signed-keys", None),
                    ("server-roll-held", None), ("server-key", "activated"),
                    ("server-key", "retired"), ("server-key", "signatures-gone")):
            assert act in acts, acts
