# SPDX-License-Identifier: GPL-2.0-only
"""A signed-key file that is not right is refused with its reason; its zone is SERVFAIL, the other
zones are served, and the right file is taken up without a restart."""

import datetime
import hashlib
import os
import random
import time

import dns.dnssec
import dns.message
import dns.rdata
import dns.rdatatype as T
import pytest

from harness import Deployment
from processes import generate_zone, wait_for

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zone")
    with Deployment() as deployment:
        for origin in ("kz.", "other."):
            file = generate_zone(folder / f"{origin}zone", "--origin", origin, "--delegations", 50)
            deployment.add_zone(origin, file)
        deployment.good = deployment.zones["kz."].signed_keys.read_bytes()
        configuration = deployment.configuration()
        for zone in configuration["zones"]:  # so that the file is held against the right ZSK
            zone["zsk"][0]["dnskey"] = str(deployment.zones[zone["name"]].zsk.dnskey)
        deployment.strict = configuration
        deployment.write_configuration(configuration)
        deployment.start_hsmd()
        yield deployment


def at(days):
    """The time that many days from now, as tldctl and the file write it."""
    return (datetime.datetime.now(datetime.timezone.utc) + days * DAY).strftime("%Y%m%d%H%M%S")


def ceremony_at(days):
    def make(deployment):
        zone = deployment.zones["kz."]
        output = deployment.path / "made.skr"
        output.unlink(missing_ok=True)
        deployment.ceremony(zone, "--start", at(days), output=output)
        return output.read_bytes()
    return make


def other_key(deployment):
    """A right file for a ZSK that this server does not sign with."""
    zone = deployment.zones["kz."]
    output = deployment.path / "other-key.skr"
    kept, zone.zsk = zone.zsk, deployment.zsk_token.generate("kz.", "zsk")
    try:
        deployment.ceremony(zone, output=output)
    finally:
        zone.zsk = kept
    return output.read_bytes()


def flipped(seed):
    def make(deployment):
        octets = bytearray(deployment.good)
        begin = octets.index(b";; SignedKeyResponse")
        dice = random.Random(seed)
        while True:
            where = dice.randrange(begin, len(octets) - 1)
            if chr(octets[where]).isalnum() and chr(octets[where] ^ 1).isalnum():
                octets[where] ^= 1
                return bytes(octets)
    return make


FILES = {
    "expired": (ceremony_at(-400), "SKR-EXPIRED"),
    "not yet valid": (ceremony_at(30), "SKR-NOT-YET-VALID"),
    "of another zone": (lambda d: d.zones["other."].signed_keys.read_bytes(), "SKR-APEX"),
    "for another ZSK": (other_key, "SKR-ZSK-MISSING"),
    "truncated": (lambda d: d.good[:len(d.good) * 2 // 3], "SKR-"),
    "without its last line": (lambda d: d.good[:d.good.rstrip().rindex(b"\n") + 1],
                              "SKR-TRUNCATED"),
    "empty": (lambda d: b"", "SKR-"),
    "one bit flipped (1)": (flipped(1), "SKR-"),
    "one bit flipped (2)": (flipped(2), "SKR-"),
    "one bit flipped (3)": (flipped(3), "SKR-"),
    "one bit flipped (4)": (flipped(4), "SKR-"),
    "one bit flipped (5)": (flipped(5), "SKR-"),
    "missing": (lambda d: None, "kz.skr"),
}


def put(deployment, octets):
    """As an operator does it: written beside, then renamed."""
    path = deployment.zones["kz."].signed_keys
    if octets is None:
        path.unlink()
        return
    beside = path.with_suffix(".new")
    beside.write_bytes(octets)
    os.replace(beside, path)


@pytest.mark.parametrize("fault", FILES)
def test_refused_at_the_start(deployed, fault):
    """Catches DNSKEY RRsets in use that are stale, foreign, cut off or altered."""
    make, words = FILES[fault]
    put(deployed, make(deployed))
    try:
        deployed.server.start()
        wait_for(lambda: deployed.ask("other.", "SOA", timeout=0.5)[0] == "NOERROR",
                 "the other zone is served")
        for rdtype in ("DNSKEY", "SOA", "NS"):
            assert deployed.ask("kz.", rdtype)[0] == "SERVFAIL"
        trouble = next(z for z in deployed.status()["zones"] if z["zone"] == "kz.")
        assert words in trouble["signed-keys-refused"], trouble
        assert words in deployed.server.log()
        put(deployed, deployed.good)
        wait_for(lambda: deployed.ask("kz.", "DNSKEY", timeout=0.5)[0] == "NOERROR",
                 "the right file is taken up", 30)
        with deployed.checker("kz.") as checker:
            report = checker.run(60, seed=4)
            assert set(report.faults) <= {"servfail"}, str(report)
    finally:
        put(deployed, deployed.good)
        deployed.server.stop()


def test_another_zsk_and_no_dnskey_to_compare(deployed):
    """Catches signatures of one key under the DNSKEY of another. tld.yaml does not name the ZSK's
    DNSKEY here, so that only the signatures tell."""
    put(deployed, other_key(deployed))
    deployed.write_configuration()
    try:
        deployed.server.start()
        wait_for(lambda: deployed.ask("kz.", "DNSKEY", timeout=0.5)[0] is not None, "it answers")
        wait_for(lambda: deployed.ask("kz.", "SOA", timeout=0.5)[0] == "SERVFAIL"
                 and deployed.counters()["sign-verify-failed"] > 0, "its signatures are thrown away")
        for rdtype in ("SOA", "NS", "TXT", "NSEC3PARAM"):
            assert deployed.ask("kz.", rdtype)[0] == "SERVFAIL"
    finally:
        put(deployed, deployed.good)
        deployed.server.stop()
        deployed.write_configuration(deployed.strict)


def test_bad_file_does_not_replace_a_good_one(deployed):
    """Catches a reload that drops keys that are right for keys that are not."""
    deployed.server.start()
    deployed.wait_until_served()
    put(deployed, flipped(9)(deployed))
    wait_for(lambda: "signed-keys-refused" in
             next(z for z in deployed.status()["zones"] if z["zone"] == "kz."), "it is refused", 30)
    assert deployed.ask("kz.", "DNSKEY")[0] == "NOERROR"
    put(deployed, deployed.good)
    wait_for(lambda: "signed-keys-refused" not in
             next(z for z in deployed.status()["zones"] if z["zone"] == "kz."), "it is taken", 30)
    deployed.server.stop()


def key_signatures(wire):
    """-> the DNSKEY RRset's signatures in an answer."""
    message = dns.message.from_wire(wire)
    return [rr for rrset in message.answer if rrset.rdtype == T.RRSIG for rr in rrset]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def offline_ceremony(deployment, zone, request, *bundles):
    """As people do it: request, ceremony, import. `bundles` as ksr create takes them."""
    policy = ("--zone", zone.origin, "--policy", deployment.policy)
    asked = [word for bundle in bundles for word in ("--bundle", bundle)]
    deployment.tldctl("ksr", "create", *policy, "--token", deployment.zsk_token.uri, "--start",
                      bundles[0].split(":")[0], *asked, "--output", request,
                      env=deployment.zsk_token.env)
    answer = request.with_suffix(".new.skr")
    deployment.tldctl("ceremony", "run", *policy, "--first", "--request", request,
                      "--request-sha256", sha256(request), "--ksk-token",
                      deployment.ksk_token.uri, "--ksk-id", zone.ksk.id, "--output", answer,
                      env=deployment.ksk_token.env)
    deployment.tldctl("skr", "import", "--zone", zone.origin, "--zsk", zone.zsk.dnskey, "--request",
                      request, "--install", zone.signed_keys, answer)


def test_a_late_roll_holds_the_slot_before(tmp_path):
    """Catches a DNSKEY RRset that lacks the key which signs the zone: slots go on without it, and
    the server keeps the last that lists it for as long as its signatures live, then it is
    SERVFAIL."""
    with Deployment(settings={"cache-ttl": "2"}) as deployment:
        deployment.policy.write_text(
            "algorithm: ECDSAP256SHA256\nsigned-keys: {span: PT36S, slot: PT12S, validity: PT30S, "
            "inception-offset: PT1S, dnskey-ttl: PT1S}\n")
        zone_file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--delegations", 10)
        zone = deployment.add_zone("kz.", zone_file)
        old, new = zone.zsk.dnskey, deployment.zsk_token.generate("kz.", "zsk").dnskey
        start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        when = [(start + i * 12 * DAY / 86400).strftime("%Y%m%d%H%M%S") for i in range(3)]
        offline_ceremony(deployment, zone, tmp_path / "kz.ksr", f"{when[0]}:{old}",
                         f"{when[1]}:{old},{new}", f"{when[2]}:{new}")
        configuration = deployment.configuration()
        configuration["zones"][0]["zsk"][0]["dnskey"] = str(old)
        deployment.write_configuration(configuration)
        deployment.start_hsmd()
        deployment.server.start()
        begin = start.timestamp()
        key = dns.dnssec.key_id(dns.rdata.from_text("IN", "DNSKEY", dnskey_text(old)))
        held, end = 0, begin + 60
        while time.time() < end:
            code, wire = deployment.ask("kz.", "DNSKEY")
            if code == "NOERROR":
                tags = {dns.dnssec.key_id(k) for rrset in dns.message.from_wire(wire).answer
                        if rrset.rdtype == T.DNSKEY for k in rrset}
                assert key in tags, "the key that signs is not listed"
                held += time.time() > begin + 26
            elif time.time() > begin + 30 and code == "SERVFAIL":
                break
            time.sleep(0.2)
        assert code == "SERVFAIL" and held > 5
        assert begin + 41 - 5 <= time.time() <= begin + 41 + 1


def dnskey_text(path):
    return path.read_text().split("DNSKEY", 1)[1].strip()


def test_the_last_slot_runs_out(tmp_path):
    """Catches key signatures given out expired, by the packet cache too, and an end without a word:
    the slots take turns, and then it is SERVFAIL."""
    with Deployment(settings={"cache-ttl": "2"}) as deployment:
        deployment.policy.write_text(
            "algorithm: ECDSAP256SHA256\nsigned-keys: {span: PT16S, slot: PT8S, validity: PT12S, "
            "inception-offset: PT1S, dnskey-ttl: PT1S}\n")
        zone = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--delegations", 10)
        deployment.add_zone("kz.", zone)
        deployment.start()
        ends, end = set(), time.monotonic() + 60
        while time.monotonic() < end:
            code, wire = deployment.ask("kz.", "DNSKEY")
            if code == "SERVFAIL":
                break
            signatures = key_signatures(wire)
            assert signatures and all(s.expiration >= time.time() for s in signatures)
            ends |= {s.expiration for s in signatures}
            time.sleep(0.1)
        assert code == "SERVFAIL" and len(ends) >= 2
        assert max(ends) - 5 <= time.time() <= max(ends)
        assert deployment.counters()["servfail-signed-keys"] > 0
        assert "ceremony" in deployment.server.log()
