# SPDX-License-Identifier: GPL-2.0-only
"""A thousand signatures of one second each are asked for under 5,000 questions per second."""

import random

import dns.rdatatype as T
import pytest

import load
from checker import names
from checker.client import Question
from checker.model import Model
from harness import Deployment
from processes import generate_zone, wait_for

RATE, SECONDS, COLD, WARM = 5000, 10, 1000, 50


def question(name, rdtype):
    return Question("load", names.to_name(name), rdtype).wire()[2:]


@pytest.mark.parametrize("cache_ttl", [
    pytest.param("20", id="packet cache", marks=pytest.mark.long),
    pytest.param("0", id="no packet cache")])
def test_slow_token_under_load(tmp_path, cache_ttl):
    """Catches questions that pile up behind signatures until PowerDNS exits (5,000 queued), or
    answers that need no signature waiting behind those that do. One question in five is cold.
    Without the packet cache warm answers come from the threads that could be held up, as do names
    that nobody has asked for lately."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--plain", "--delegations", 20000,
                         "--signed", 30)
    model = Model.from_file(file, "kz.")
    secure = sorted((c for c in model.cuts if T.DS in model.nodes[c]), key=names.nsec3_hash)
    warm_names, cold_names = secure[:WARM], secure[-COLD:]
    with Deployment(faulty_token=True, sign_deadline="PT5S", operation_deadline="PT10S",
                    settings={"cache-ttl": cache_ttl}) as deployment:
        deployment.zsk_token.faults("delay-ms 30")
        deployment.add_zone("kz.", file)
        deployment.start()
        for name in warm_names:
            wait_for(lambda n=name: deployment.ask(names.to_text(n), "DS")[0] == "NOERROR", "warm")
        deployment.zsk_token.faults("delay-ms 1000")
        key = deployment.live("kz.")["zsk"][0]
        assert key["signatures-wanted"] - key["signatures"] > 5 * COLD, "too much is signed already"
        warm = [("warm", question(n, T.DS)) for n in warm_names]
        warm += [("warm", question(model.origin, T.DNSKEY))]
        cold = [("cold", question(n, T.DS)) for n in cold_names]
        mixed = [q for index, c in enumerate(cold)
                 for q in [c] + [warm[(4 * index + i) % len(warm)] for i in range(4)]]
        random.Random(1).shuffle(mixed)
        alone = load.fire(deployment.port, warm, RATE, 3)["warm"]
        dropped = load.kernel_drops(deployment.port)
        outcome = load.fire(deployment.port, mixed, RATE, SECONDS)
        # What never reached the server (a busy machine) says nothing about it, if it is little.
        dropped = load.kernel_drops(deployment.port) - dropped
        sent = outcome["warm"].sent + outcome["cold"].sent
        print(f"warm alone: {alone}\nwarm: {outcome['warm']}\ncold: {outcome['cold']}\n"
              + deployment.control("TLD-STATUS"))  # shown when the test fails
        assert deployment.server.running, deployment.server.log()
        assert dropped <= 0.01 * sent, f"{dropped} of {sent} dropped by the kernel"
        assert outcome["warm"].rcodes[0] + dropped >= 0.999 * outcome["warm"].sent, str(
            outcome["warm"]) + f", {dropped} dropped by the kernel"
        assert set(outcome["warm"].rcodes) == {0}
        assert outcome["warm"].percentile(0.99) < 0.1, f"{outcome['warm']}; alone {alone}"
        assert set(outcome["cold"].rcodes) <= {0, 2}
        assert outcome["cold"].answered + dropped >= 0.99 * outcome["cold"].sent, str(
            outcome["cold"])
