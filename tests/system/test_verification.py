# SPDX-License-Identifier: GPL-2.0-only
"""Whole versions of a zone judged by validators of others, while they are served and before. The real
ones accept; what one of them refuses is told by a file, because our zone gives them no reason."""

import json
import re

import pytest

import registry as r
from harness import Deployment
from processes import wait_for
from publications import (ORIGIN, check, check_whole, is_later, published, rcodes, says_waiting,
                          serial, serving)

REAL = ["ldns-verify-zone {file}", "dnssec-verify -q -o {zone} {file}",
        "kzonecheck -d on -o {zone} {file}"]


@pytest.fixture
def doubting(tmp_path):
    """A verifier that refuses any zone with the word in the file that comes with it."""
    script, word = tmp_path / "doubting", tmp_path / "word"
    script.write_text("#!/bin/sh\n"
                      f"if [ -e {word} ] && grep -q \"$(cat {word})\" \"$1\"; then\n"
                      f"  echo \"found $(cat {word})\"; exit 1\nfi\n")
    script.chmod(0o755)
    return f"{script} {{file}}", word


def verified(deployment):
    zone = next(z for z in deployment.status()["zones"] if z["zone"] == ORIGIN)
    return zone.get("verified", {})


def wait_until_verified(deployment):
    wait_for(lambda: verified(deployment).get("serial") == serial(deployment),
             f"what is live is verified\n{deployment.status()}\n{deployment.server.log()}", 60)


def delegate(deployment, name):
    deployment.sql(r.delegate(name))
    deployment.text.add(name, "NS", *r.SHARED)


def is_there(deployment, name):
    return deployment.ask(name, "DS")[0] == "NOERROR"


def test_a_live_zone_is_verified_again_and_again(tmp_path):
    """By the three real ones, with changes between. Catches: a file that is not what a transfer has, a
    verifier that is not run, a version that is not the live one."""
    with serving(tmp_path, verification={"interval": "PT1S"}) as deployment:
        wait_until_verified(deployment)
        for name, digest in ("one.kz.", "1" * 64), ("two.kz.", "2" * 64):
            with published(deployment):
                # At once, or the two are two publications now and then.
                deployment.sql(r.delegate(name) + r.add_ds(name, 7, digest))
                deployment.text.add(name, "NS", *r.SHARED)
                deployment.text.add(name, "DS", f"7 13 2 {digest}")
            wait_until_verified(deployment)
            check(deployment, name)
        counters = deployment.counters()
        assert counters["verifications-accepted"] >= 3
        assert counters["verifications-rejected"] == counters["verifications-failed"] == 0
        assert not list((deployment.path / "verification").iterdir())


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_mismatch_freezes_the_zone_at_the_last_verified_publication(tmp_path, doubting, store):
    """Catches: a zone that stays as a validator refused it, secondaries that stay there, a zone that
    is published on over it."""
    command, word = doubting
    with serving(tmp_path, store=store, audit=True,
                 verification={"interval": "PT1S", "verifiers": [command]}) as deployment:
        wait_until_verified(deployment)
        word.write_text("wrong-name")
        with published(deployment):
            deployment.sql(r.delegate("wrong-name.kz."))
        incident = wait_for(lambda: re.search(r"incident: a verifier refuses serial (\d+)",
                                              deployment.server.log()), "it is refused")
        wait_for(lambda: is_later(serial(deployment), int(incident[1])), "the zone went back")
        assert not is_there(deployment, "wrong-name.kz.")
        check_whole(deployment)
        assert "found wrong-name" in says_waiting(deployment)
        frozen = wait_for(lambda: [entry for entry in deployment.audited()
                                   if entry["type"] == "server-freeze"], "it is on record")
        assert [entry["object"] for entry in frozen] == [ORIGIN]
        assert "found wrong-name" in frozen[0]["detail"]["complaint"]
        waiting = json.loads(deployment.tldctl("zone", "waiting", "--store", deployment.store,
                                               "--zone", ORIGIN, "--json"))
        assert "found wrong-name" in waiting["frozen"]["reason"]
        deployment.sql(r.undelegate("wrong-name.kz."))
        delegate(deployment, "next-name.kz.")
        with published(deployment):
            deployment.tldctl("zone", "thaw", "--store", deployment.store, "--zone", ORIGIN)
        check(deployment, "wrong-name.kz.", "next-name.kz.")
        wait_until_verified(deployment)


def test_nothing_unverified_is_served_where_policy_says_so(tmp_path, doubting):
    """`publish: verified` with the three real ones and one that refuses. Catches: an answer from a
    version that nobody has accepted, at the start and at a change."""
    command, word = doubting
    verification = {"interval": "PT1H", "verifiers": [*REAL, command]}
    with serving(tmp_path, verification=verification, zone_settings={"publish": "verified"},
                 ) as deployment:
        assert verified(deployment)["serial"] == serial(deployment)
        with published(deployment):
            delegate(deployment, "one.kz.")
        check(deployment, "one.kz.")
        assert verified(deployment)["serial"] == serial(deployment)
        word.write_text("wrong-name")
        deployment.sql(r.delegate("wrong-name.kz."))
        wait_for(lambda: "found wrong-name" in says_waiting(deployment), "it is refused", 60)
        assert not is_there(deployment, "wrong-name.kz.")
        check_whole(deployment)
        deployment.sql(r.undelegate("wrong-name.kz."))
        delegate(deployment, "two.kz.")
        deployment.tldctl("zone", "thaw", "--store", deployment.store, "--zone", ORIGIN)
        wait_for(lambda: is_there(deployment, "two.kz."), "what is right goes live", 60)
        check(deployment, "two.kz.", "wrong-name.kz.")


def test_a_start_with_a_zone_that_is_refused_serves_nothing(tmp_path, doubting):
    command, word = doubting
    word.write_text("SOA")
    with Deployment(verification={"verifiers": [command]},
                    zone_settings={"publish": "verified"}) as deployment:
        file = tmp_path / "kz.zone"
        file.write_text("$TTL 3600\n@ SOA ns1 hostmaster 1 1800 900 604800 1800\n@ NS ns1\n"
                        "ns1 A 192.0.2.1\n")
        deployment.add_zone(ORIGIN, file)
        deployment.start(wait=False)
        wait_for(lambda: "found SOA" in deployment.server.log(), "it is refused", 30)
        assert rcodes(deployment, (ORIGIN, "SOA")) == ["SERVFAIL"]
        word.unlink()
        deployment.tldctl("zone", "thaw", "--store", deployment.store, "--zone", ORIGIN)
        deployment.wait_until_served()


def test_a_missing_verifier_is_said_and_harms_nobody(tmp_path):
    """Catches: a verifier that cannot be run taken for one that accepts or refuses."""
    with serving(tmp_path, verification={"interval": "PT1S", "verifiers": ["/no/such/verifier"]},
                 ) as deployment:
        wait_for(lambda: deployment.counters()["verifications-failed"] >= 1, "it was tried")
        with published(deployment):
            delegate(deployment, "one.kz.")
        check(deployment, "one.kz.")
        assert "/no/such/verifier could not judge" in deployment.server.log()
        assert verified(deployment) == {}
        assert deployment.counters()["verifications-rejected"] == 0
