# SPDX-License-Identifier: GPL-2.0-only
"""Changes made in a registry store while a deployment serves, and what must be served then."""

import contextlib
import json

import dns.name
import dns.rdatatype as T

from checker.client import Question
from harness import Deployment
from processes import generate_zone, wait_for
from registry import ZoneText
from validators import transfer, verify_zone

ORIGIN = "kz."


@contextlib.contextmanager
def serving(folder, delegations=300, **options):
    """A deployment that serves a small zone, all of it signed. `text`: what it must serve."""
    # 253: dnssec-verify puts *. in front of each name
    file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", delegations,
                         "--signed", 40, "--longest", 253)
    with Deployment(settings={"cache-ttl": "0"}, **options) as deployment:
        deployment.add_zone(ORIGIN, file)
        deployment.text = ZoneText(file)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        yield deployment


def serial(deployment):
    return deployment.live(ORIGIN)["serial"]


def is_later(serial, than):
    """RFC 1982 section 3.2."""
    return 0 < (serial - than) & 0xFFFFFFFF < 0x80000000


@contextlib.contextmanager
def published(deployment, seconds=15):
    """What is done inside goes live, under a later serial."""
    before = serial(deployment)
    yield
    wait_for(lambda: serial(deployment) != before, f"a new serial\n{deployment.status()}", seconds)
    assert is_later(serial(deployment), before)


def waiting(deployment):
    return json.loads(deployment.tldctl("zone", "waiting", "--store", deployment.store, "--zone",
                                        ORIGIN, "--json"))


def says_waiting(deployment):
    """Why the server publishes nothing, by its own status."""
    zone = next(z for z in deployment.status()["zones"] if z["zone"] == ORIGIN)
    return zone.get("waiting", {}).get("for", "")


def about(*names):
    """Questions that the zone answers from each name, its parent side and its neighbours."""
    return [Question("changed", dns.name.from_text(below + name), T.from_text(rdtype))
            for name in names for below in ("", "www.") for rdtype in ("NS", "DS", "A", "TXT")]


def check(deployment, *names, count=60, text=None):
    """Every answer is the one that `deployment.text` calls for."""
    file = (text or deployment.text).write(deployment.path / "expected.zone")
    with deployment.checker(ORIGIN, file) as checker:
        report = checker.run_all(about(*names))
        assert report.ok, str(report)
        report = checker.run(count, seed=1)
        assert report.ok, str(report)


def check_whole(deployment):
    """Three validators that we did not write take the zone as it is transferred."""
    signed = deployment.path / "signed.zone"
    transfer(deployment.port, ORIGIN, signed)
    verify_zone(ORIGIN, signed)


def rcodes(deployment, *questions):
    return [deployment.ask(name, rdtype)[0] for name, rdtype in questions]
