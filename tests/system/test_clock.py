# SPDX-License-Identifier: GPL-2.0-only
"""The system's clock is set by a day under the running server, and before its start. The checker goes
by the true time: what it takes is not bogus for anybody."""

import time

import pytest

import registry as r
from harness import Deployment
from metrics import metrics_of
from processes import generate_zone, wait_for
from publications import says_waiting
from registry import ZoneText

ORIGIN = "kz."
DAY = 86400


class Clocked(Deployment):
    """With a signature log, and with a system's clock of the test's own."""

    def __init__(self):
        super().__init__(settings={"cache-ttl": "2"}, clock=True)

    def ceremony(self, zone, *options, **more):
        """From yesterday on: just after midnight, too, there is a slot by a clock that is put back."""
        super().ceremony(zone, "--start", time.strftime("%Y%m%d000000", time.gmtime(time.time() - DAY)),
                         *options, **more)

    def configuration(self):
        return {**super().configuration(), "signature-log": str(self.path / "signatures")}

    def wait_for_clock(self, state):
        wait_for(lambda: self.status()["clock"]["state"] == state, f"the clock {state}", 30)

    def change(self, name):
        """A secure delegation, which takes signatures. Not in `text` yet."""
        self.sql(r.delegate(name) + r.add_ds(name, 7, "1" * 64))

    def wait_until_changed(self, name):
        self.text.add(name, "NS", *r.SHARED)
        self.text.add(name, "DS", f"7 13 2 {'1' * 64}")
        wait_for(lambda: self.ask(name, "DS")[0] == "NOERROR", f"{name} is live", 30)
        time.sleep(3)  # what the packet cache has of the state before is gone


@pytest.fixture(scope="module")
def zone_file(tmp_path_factory):
    return generate_zone(tmp_path_factory.mktemp("zone") / "kz.zone", "--origin", ORIGIN, "--plain",
                         "--delegations", 200, "--signed", 40)


@pytest.fixture
def served(zone_file):
    with Clocked() as deployment:
        deployment.add_zone(ORIGIN, zone_file)
        deployment.text = ZoneText(zone_file)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        yield deployment


def judge(deployment, count=150, seed=1):
    """No SERVFAIL, nothing bogus."""
    with deployment.checker(ORIGIN, deployment.text.write(deployment.path / "expected.zone")) as c:
        report = c.run(count, seed=seed)
        assert report.ok, str(report)


def make_nothing(deployment, made, name):
    """No signature is made, and a change of the zone waits and says for what. All else is served."""
    deployment.change(name)
    wait_for(lambda: "clock is not trusted" in says_waiting(deployment), "the change waits", 30)
    judge(deployment, seed=2)
    counters = deployment.counters()
    assert counters["sign-requests"] == made
    assert counters["sign-refused-clock"] > 0
    assert counters["clock-stops"] == 1
    assert "CLOCK NOT TRUSTED: the system's clock" in deployment.control("TLD-STATUS")


def come_back(deployment, name):
    """The clock is right again: the change goes live by itself."""
    deployment.clock.set(0)
    deployment.wait_for_clock("agrees")
    deployment.wait_until_changed(name)
    judge(deployment, seed=3)
    assert "the clock is trusted again" in deployment.server.log()
    assert "CLOCK NOT TRUSTED" not in deployment.control("TLD-STATUS")


@pytest.mark.parametrize("step", [DAY, -DAY], ids=["forward", "back"])
def test_clock_set_under_the_running_server(served, step):
    """Catches signatures by a wrong clock; answers withheld, or kept too long, because of it; a
    server that has to be restarted to come back."""
    assert served.ask("later.kz.", "NS")[0] == "NXDOMAIN"  # in the packet cache now
    made = served.counters()["sign-requests"]
    served.clock.set(step)
    judge(served)  # also before the server has looked at its clock
    served.wait_for_clock("stepped")
    assert "tld: clock: the system's clock was stepped by " in served.server.log()
    assert abs(served.status()["clock"]["difference-seconds"] - step) <= 1
    served.sql(r.delegate("later.kz."))  # takes no signature: goes live
    served.text.add("later.kz.", "NS", *r.SHARED)
    wait_for(lambda: served.ask("later.kz.", "NS")[0] == "NOERROR", "the packet cache forgets", 30)
    make_nothing(served, made, "new.kz.")
    come_back(served, "new.kz.")


def test_clock_that_is_behind_at_the_start(served):
    """Catches a server that signs by the clock of a machine without a battery, and one that serves
    nothing because of it: what is in the signature log was valid when the zone was last published."""
    wait_for(lambda: served.counters()["log-entries"] == served.counters()["sign-requests"],
             "all signatures are in the log")
    served.server.stop()
    served.clock.set(-DAY)
    served.start(with_hsmd=False)
    served.wait_for_clock("behind")
    assert "and the store has a publication of" in served.server.log()
    judge(served)
    make_nothing(served, 0, "new.kz.")
    come_back(served, "new.kz.")


def test_clock_that_is_accepted(served):
    """Catches an operator's word that is not heeded: the new time is right, and is signed by."""
    served.clock.set(-1800)  # within what inceptions are put back by
    served.wait_for_clock("stepped")
    served.change("new.kz.")
    assert served.control("TLD-CLOCK-ACCEPT").startswith("accepted: it is ")
    served.wait_for_clock("agrees")
    served.wait_until_changed("new.kz.")
    judge(served)
    assert served.counters()["sign-verify-failed"] == 0


def first_to_expire(deployment):
    """When; 0 as long as the server has not looked, or signatures are missing."""
    metrics = metrics_of(deployment)
    missing = metrics.samples("tld_rrsets_unservable", zone=ORIGIN)
    if not missing or missing[0].value:
        return 0
    return metrics.value("tld_rrsig_earliest_expiration_timestamp_seconds", zone=ORIGIN)


def test_what_is_due_by_an_accepted_clock(zone_file):
    """The machine stood still. Catches a server that knows the right time, and leaves what has come due
    by it until it would have looked anyway: after half a minute. (After a day there is a publication
    too, which has it look.)"""
    with Clocked() as deployment:
        deployment.hsmd.set_environment(deployment.clock.environment(deployment.zsk_token.env))
        deployment.add_zone(ORIGIN, zone_file)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        late = DAY - 2 * 3600
        deployment.clock.set(late)
        assert deployment.control("TLD-CLOCK-ACCEPT").startswith("accepted: it is ")
        wait_for(lambda: first_to_expire(deployment) > time.time() + late + 3 * DAY - 60,
                 "all is signed anew", 15)
        assert deployment.ask(ORIGIN, "SOA")[0] == "NOERROR"
