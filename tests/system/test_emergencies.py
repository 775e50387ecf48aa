# SPDX-License-Identifier: GPL-2.0-only
"""The procedures of docs/emergency-runbook.md, with its commands. (Compromised KSK, and a roll that a wrong
token stops: test_ksk_rollover.py, test_incidents.py. Lost HSM: test_hsm_pool.py.)"""

import contextlib
import hashlib
import shutil
import sqlite3

import dns.rdatatype as T
import pytest

from harness import Deployment
from ksk_rolls import policy, serving
from processes import CommandFailed, generate_zone, wait_for
from publications import ORIGIN, check_whole
from rolling import Rolling
from stores import SqliteStore
from validators import Unbound

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.long
def test_compromised_zsk(tmp_path):
    """Catches: a stolen ZSK that signs on, a DNSKEY of it that goes while its signatures are in caches,
    an emergency file that is not what was made in the last sitting, and an old file that brings it back."""
    slow = {**policy(), "zone": {**policy()["zone"], "max-zone-ttl": "PT15S"}}
    slow["keys"]["zsk"] = {**slow["keys"]["zsk"], "postpublish": "PT25S",
                           "emergency-postpublish": "PT20S"}
    with serving(tmp_path, slow) as zone:
        stolen, spare = zone.keys
        ksk = zone.old
        answer = zone.sign(zone.request(), [ksk], "--emergency-for", stolen.dnskey)
        emergency = next(zone.path.glob("kz.new.skr.emergency-*"))
        zone.install(answer, zsks=[stolen])
        zone.record(stolen, "compromised")
        zone.wait_for_uses(None, "signing")
        leaves_out = ("--without", stolen.dnskey)
        with pytest.raises(CommandFailed) as early:
            zone.install(emergency, *leaves_out, zsks=[spare])
        assert "KEY-RULE-RRSIG" in early.value.output

        def installed():
            with contextlib.suppress(CommandFailed):
                return zone.install(emergency, *leaves_out, zsks=[spare])
        wait_for(installed, "the emergency file is allowed", 60, pause=0.5)
        zone.wait_for_event(stolen, "removed")
        check_whole(zone)
        with pytest.raises(CommandFailed) as again:
            zone.install(answer, zsks=[spare])
        assert "KEY-RETIRED" in again.value.output


def test_expired_signed_keys(tmp_path):
    """No ceremony was held in time. Catches a zone that cannot come back without a restart."""
    with Deployment(settings={"cache-ttl": "1"}) as zone:
        zone.policy.write_text(
            "algorithm: ECDSAP256SHA256\nsigned-keys: {span: PT8S, slot: PT4S, validity: PT8S, "
            "inception-offset: PT1S, dnskey-ttl: PT1S}\n")
        kz = zone.add_zone(ORIGIN, generate_zone(tmp_path / "kz.zone", "--origin", ORIGIN,
                                                 "--delegations", 10, "--longest", 253))
        zone.start()
        wait_for(lambda: zone.ask(ORIGIN, "DNSKEY")[0] == "SERVFAIL", "the last slot has ended", 60)
        assert "ceremony" in zone.server.log()
        longer = zone.path / "longer.yaml"
        longer.write_text("algorithm: ECDSAP256SHA256\n")
        request, answer = zone.path / "kz.ksr", zone.path / "kz.new.skr"
        common = ("--zone", ORIGIN, "--policy", longer)
        zone.tldctl("ksr", "create", *common, "--zsk", kz.zsk.dnskey, "--token", zone.zsk_token.uri,
                    "--output", request, env=zone.zsk_token.env)
        zone.tldctl("ceremony", "run", *common, "--first", "--request", request, "--request-sha256",
                    sha256(request), "--ksk-token", zone.ksk_token.uri, "--ksk-id", kz.ksk.id,
                    "--output", answer, env=zone.ksk_token.env)
        zone.tldctl("skr", "import", "--zone", ORIGIN, "--first", "--zsk", kz.zsk.dnskey, "--request",
                    request, "--install", kz.signed_keys, answer)
        wait_for(lambda: zone.ask(ORIGIN, "DNSKEY")[0] == "NOERROR", "it is served again", 30)
        zone.wait_until_signed(ORIGIN)
        check_whole(zone)


CLOCKS = {"+3d": "RRSIG-AHEAD", "-40d": "SKR-NOT-YET-VALID"}


@pytest.mark.parametrize("shift", CLOCKS)
def test_clock_gone_wrong(tmp_path, shift):
    """Catches signatures for another time than the world's: PowerDNS has a wrong clock, tld-hsmd the
    right one."""
    with Deployment(settings={"cache-ttl": "1"}) as zone:
        zone.add_zone(ORIGIN, generate_zone(tmp_path / "kz.zone", "--origin", ORIGIN,
                                            "--delegations", 10, "--longest", 253))
        zone.write_configuration()
        zone.start_hsmd()
        wrong = {"LD_PRELOAD": FAKETIME, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        zone.server.set_environment({**zone.server_env, **wrong})
        zone.server.start()
        wait_for(lambda: zone.ask(ORIGIN, "SOA", timeout=0.5)[0] is not None, "it answers", 30)
        wait_for(lambda: CLOCKS[shift] in zone.server.log() + zone.hsmd.log(),
                 f"it says {CLOCKS[shift]}", 30)
        for rdtype in ("SOA", "NS", "TXT"):
            assert zone.ask(ORIGIN, rdtype)[0] == "SERVFAIL"
        zone.server.stop()
        zone.server.set_environment(zone.server_env)
        zone.server.start()
        if shift == "+3d":  # by the publication that was made then, the right clock is behind
            wait_for(lambda: "and the store has a publication of" in zone.server.log(), "it says so")
            assert zone.control("TLD-CLOCK-ACCEPT").startswith("accepted: it is ")
        zone.wait_until_served()
        zone.wait_until_signed(ORIGIN)
        check_whole(zone)


def test_lost_site(tmp_path):
    """The first site is gone in an instant. The second has the token's twin, and copies of the store,
    of the signed keys and of the key register. Catches what cannot be started without the first."""
    with Rolling(policy=policy_of_days()) as first:
        first.add_rolling_zone(tmp_path, delegations=60)
        first.start()
        first.wait_until_signed(ORIGIN)
        serial = first.live(ORIGIN)["serial"]
        first.server.kill()
        first.hsmd.kill()
        first.socket.unlink(missing_ok=True)
        second = Rolling(policy=policy_of_days(), twin_of=first, store=copied_store(first, tmp_path))
        second.keys, second.register = first.keys, tmp_path / "kz.keys"
        shutil.copy(first.register, second.register)
        with second:
            second.write_configuration()
            shutil.copy(second.path / "zsk.yaml", first.path / "zsk.yaml")
            first.start_hsmd()  # the twin of the token
            second.start(with_hsmd=False)
            second.wait_until_signed(ORIGIN)
            assert second.uses()[0] == "signing"
            assert (second.live(ORIGIN)["serial"] - serial) & 0xFFFFFFFF < 0x80000000
            check_whole(second)
            with Unbound(second.path, ORIGIN, second.port, second.zones[ORIGIN].anchor) as resolver:
                wait_for(lambda: resolver.ask(ORIGIN, T.SOA) == ("NOERROR", True), "it is secure")


def policy_of_days():
    return {"algorithm": "ECDSAP256SHA256"}


def copied_store(deployment, folder):
    """As a backup has it."""
    (folder / "second").mkdir()
    store = SqliteStore(folder / "second")
    with contextlib.closing(sqlite3.connect(deployment.store_database.path)) as source, \
            contextlib.closing(sqlite3.connect(store.path)) as target:
        source.backup(target)
    return store
