# SPDX-License-Identifier: GPL-2.0-only
"""From an EPP frame that takes a domain's DS out to secondaries that prove the domain insecure."""

import base64
import os
import re
import statistics
import time

import dns.name
import dns.rdatatype as T
import pytest

import registry as r
from checker import names
from checker.client import Question
from checker.model import Model
from checker.session import Checker
from harness import Deployment
from processes import free_port, generate_zone, wait_for
from publications import ORIGIN
from registry import ZoneText
from secondaries import Knot, Nsd, allow_secondaries

KEY = ("xfr.kz.", base64.b64encode(os.urandom(32)).decode())
ROUNDS = 2  # of each version
PUBLISH_INTERVAL = 1.0  # seconds, as shipped: what it adds to a change in a series is not looked at


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """10,000 delegations, with both secondaries up."""
    folder = tmp_path_factory.mktemp("zone")
    file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", 10000)
    with Deployment(settings={"allow-axfr-ips": ""}) as deployment:
        ports = [free_port(), free_port()]
        allow_secondaries(deployment, ports, KEY)
        deployment.add_zone(ORIGIN, file)
        with Nsd(folder / "nsd", ORIGIN, deployment.port, KEY, ports[0], validates=False) as nsd, \
                Knot(folder / "knot", ORIGIN, deployment.port, KEY, ports[1], False) as knot:
            deployment.start()
            deployment.wait_until_signed(ORIGIN)
            deployment.secondaries = [nsd, knot]
            wait_for(lambda: all(s.serial() == deployment.live(ORIGIN)["serial"]
                                 for s in deployment.secondaries), "they have the zone", 30)
            yield deployment


def without_ds(model, name):
    where = names.from_text(name)
    left = {rdtype: rrset for rdtype, rrset in model.nodes[where].items() if rdtype != T.DS}
    return Model(model.origin, {**model.nodes, where: left})


def checkers_of(served, model):
    """Ask each secondary; made before the zone is as `model` says."""
    checkers = {secondary.program: Checker(model, served.zones[ORIGIN].anchor, port=secondary.port,
                                           timeout=1, any_serial=True)
                for secondary in served.secondaries}
    for checker in checkers.values():
        checker.start()
    return checkers


def until_insecure(checkers, name, begin):
    """Waits for a right proof from each. -> {program: seconds}"""
    questions = [Question("ds", dns.name.from_text(name), T.DS),
                 Question("referral", dns.name.from_text(f"www.{name}"), T.A)]
    took, verdicts = {}, {}

    def all_prove_it():
        for program in checkers.keys() - took.keys():
            verdicts[program] = [checkers[program].check(question) for question in questions]
            if not any(verdict.faults for verdict in verdicts[program]):
                took[program] = time.monotonic() - begin
        return len(took) == len(checkers)
    wait_for(all_prove_it, f"{name} is proven insecure: {took} {verdicts}", 10, pause=0.01)
    return took


def test_ds_removed_by_epp_is_gone_at_secondaries(served):
    """Catches a domain that stays secure, and so dark, at a secondary, or takes its time there."""
    took, model = {"nsd": [], "knotd": []}, Model.from_file(served.zones[ORIGIN].file, ORIGIN)
    only_ds = {name: rdatas[0] for name, rdatas in ZoneText(served.zones[ORIGIN].file).records(
        "DS").items() if len(rdatas) == 1 and re.fullmatch(r"[a-z0-9]+\.kz\.", name)}
    for number, (name, ds) in enumerate(list(only_ds.items())[:2 * ROUNDS]):
        version = ("1.0", "1.1")[number % 2]
        frames = served.path / "frames.xml"
        frames.write_text(r.frame_without_ds(name, version, ds.split()[0]))
        model = without_ds(model, name)
        checkers = checkers_of(served, model)
        time.sleep(PUBLISH_INTERVAL)
        begin = time.monotonic()
        said = served.tldctl("epp", "apply", "--store", served.store, "--zone", ORIGIN, "--policy",
                             served.policy, frames)
        assert 'code="1000"' in said
        for program, seconds in until_insecure(checkers, name, begin).items():
            took[program].append(seconds)
        for checker in checkers.values():
            checker.close()
    for program, seconds in took.items():
        print(f"{program}: " + ", ".join(f"{s:.2f} s" for s in seconds))
        assert statistics.median(seconds) < 1.0, program
