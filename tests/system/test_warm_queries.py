# SPDX-License-Identifier: GPL-2.0-only
"""A question whose signatures are there makes no request to the HSM, no SQL, and takes no
exclusive lock."""

from checker.model import Model
from checker.questions import Questions
from harness import Deployment
from processes import generate_zone

UNCHANGED = ("sign-requests", "store-reads", "question-exclusive-locks", "signatures-missing",
             "waited", "servfail-unsigned")


def test_warm_query_touches_nothing(tmp_path):
    """Catches a lookup that asks the HSM or the store, or waits for a writer, on the way of an
    answer that is ready. PowerDNS's packet cache is off: each question reaches the plugin."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--delegations", 2000)
    with Deployment(settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        deployment.wait_until_signed("kz.")
        model = Model.from_file(file, "kz.")
        questions = list(Questions(model, seed=8).make(2000))
        with deployment.checker("kz.") as checker:
            assert checker.run_all(questions[:200]).ok  # each PowerDNS instance has seen the zone
            before, tokens = deployment.counters(), deployment.status()["tokens"]
            report = checker.run_all(questions)
            after = deployment.counters()
        assert report.ok, str(report)
        assert after["backend-calls"] - before["backend-calls"] > 2 * len(questions)
        assert {n: after[n] for n in UNCHANGED} == {n: before[n] for n in UNCHANGED}
        assert [t["signatures"] for t in deployment.status()["tokens"]] == [
            t["signatures"] for t in tokens]


def test_cold_query_touches_the_hsm(tmp_path):
    """Catches counters that stand still whatever happens: the test above would show nothing."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--delegations", 2000)
    with Deployment(settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", file)
        deployment.start(wait=False)
        deployment.wait_until_served()
        deployment.wait_until_signed("kz.")
        counters = deployment.counters()
        wanted = deployment.live("kz.")["zsk"][0]["signatures-wanted"]
        assert counters["sign-requests"] >= wanted > 0
        assert counters["store-reads"] > 0
        assert deployment.status()["tokens"][0]["signatures"] >= wanted
