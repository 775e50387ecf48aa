# SPDX-License-Identifier: GPL-2.0-only
"""TLD-METRICS of a running server: read by a parser that is not ours, and the same figures as in
TLD-STATUS."""

import calendar
import re
import time

import dns.query
import dns.rdatatype
import pytest

from harness import Deployment
from metrics import metrics_of
from processes import free_port, generate_zone, wait_for
from registry import ZoneText, add_ds
from test_monitoring import alerts, expressions, names

ORIGIN = "kz."
TOKEN = 'pri"mary\\ қ'  # what a name may be, and what must not break the format


class Watched(Deployment):
    """With everything that has metrics of its own: a signature log, verifiers, a secondary."""

    def configuration(self):
        configuration = {**super().configuration(), "signature-log": str(self.path / "signatures")}
        configuration["tokens"][0]["name"] = TOKEN
        configuration["zones"][0]["zsk"][0]["token"] = TOKEN
        return configuration


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    file = generate_zone(tmp_path_factory.mktemp("zone") / "kz.zone", "--origin", ORIGIN,
                         "--plain", "--delegations", 300, "--signed", 30)
    settings = {"also-notify": [f"127.0.0.1:{free_port()}"]}
    with Watched(zone_settings=settings, faulty_token=True,
                 verification={"interval": "PT10S"}) as deployment:
        deployment.add_zone(ORIGIN, file)
        deployment.text = ZoneText(file)
        deployment.start()
        deployment.wait_until_signed(ORIGIN)
        wait_for(lambda: deployment.counters()["log-entries"] ==
                 deployment.counters()["sign-requests"], "all signatures are in the log")
        wait_for(lambda: [s.value for s in metrics_of(deployment).samples(
            "tld_rrsets_unservable")] == [0], "the survey has seen that all is signed")
        yield deployment


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def zone_status(deployment):
    return deployment.status()["zones"][0]


def settled(deployment):
    """-> metrics and status of one moment: nothing is counted between two looks at the status."""
    for _ in range(50):
        before = deployment.status()
        metrics = metrics_of(deployment)
        if before == deployment.status():
            return metrics, before
        time.sleep(0.1)
    raise AssertionError("the server does not come to rest")


MADE = "tld_signatures_made_total"
LABELLED = {"sign-on-demand": (MADE, {"zone": ORIGIN, "reason": "on-demand"}),
            "sign-background": (MADE, {"zone": ORIGIN, "reason": "background"}),
            "sign-publication": (MADE, {"zone": ORIGIN, "reason": "publication"}),
            "hsm-breaker-opened": ("tld_hsm_breaker_opened_total", {"token": TOKEN}),
            "log-octets": ("tld_log_bytes", {"zone": ORIGIN}),
            "log-damaged": ("tld_log_damaged_bytes_total", {"zone": ORIGIN})}


def test_every_counter_of_the_status(watched):
    """Catches a counter that is missing in the metrics, has another value or another unit there, and
    text that a strict parser refuses."""
    watched.ask(ORIGIN, "SOA")
    metrics, status = settled(watched)
    assert status["counters"]["signatures-served"] > 0
    assert status["counters"]["log-octets"] > 0
    for name, wanted in status["counters"].items():
        sample, labels = LABELLED.get(name, (f"tld_{name.replace('-', '_')}_total", {}))
        assert metrics.value(sample, **labels) == wanted, name


def test_zone_and_token_of_the_status(watched):
    """Catches a gauge that says something else than the status, and labels that are not escaped."""
    metrics, status = settled(watched)
    zone, token = status["zones"][0], status["tokens"][0]
    live = zone["live"]

    def of_zone(name):
        return metrics.value(name, zone=ORIGIN)

    assert of_zone("tld_zone_live") == 1
    for name, key in (("serial", "serial"), ("delegations", "delegations"),
                      ("secure_delegations", "secure-delegations"), ("nsec3_ring", "nsec3-ring")):
        assert of_zone(f"tld_zone_{name}") == live[key]
    assert of_zone("tld_zone_live_since_timestamp_seconds") == seconds(live["live-since"])
    zsk = live["zsk"][0]
    assert metrics.value("tld_signatures", zone=ORIGIN, key_tag=str(zsk["key-tag"]),
                         algorithm=str(zsk["algorithm"]), key_id=zsk["id"],
                         use=zsk["use"]) == zsk["signatures"]
    assert of_zone("tld_signatures_wanted") == zsk["signatures-wanted"]
    left = seconds(zone["signed-keys-until"]) - time.time()
    assert abs(of_zone("tld_signed_keys_remaining_seconds") - left) < 60
    assert of_zone("tld_signed_keys_refused") == of_zone("tld_zsk_roll_waiting") == 0
    assert of_zone("tld_publication_waiting") == of_zone("tld_publication_waiting_seconds") == 0
    assert token["token"] == TOKEN
    for name, key in (("reachable", "reachable"), ("logged_in", "logged-in"),
                      ("sessions", "sessions"), ("queue", "queued"),
                      ("signatures_total", "signatures")):
        assert metrics.value(f"tld_hsm_{name}", token=TOKEN) == token[key]
    assert metrics.value("tld_hsm_latency_seconds_count", token=TOKEN) == \
        status["counters"]["sign-requests"]
    assert 0 < metrics.value("tld_hsm_latency_seconds_sum", token=TOKEN) < 600
    assert metrics.families["tld_hsm_breaker"].type == "stateset"
    assert metrics.value("tld_hsm_breaker", token=TOKEN, tld_hsm_breaker="closed") == 1
    assert len(metrics.samples("tld_secondary_behind_seconds", zone=ORIGIN)) == 1


def first_expirations(deployment):
    """By a whole transfer: when the first signature by the ZSK expires, and when the first can be
    served no longer."""
    zsk = deployment.live(ORIGIN)["zsk"][0]["key-tag"]
    expires, until = [], []
    transfer = dns.query.xfr("127.0.0.1", ORIGIN, port=deployment.port, relativize=False)
    for rrset in (rrset for message in transfer for rrset in message.answer):
        for rrsig in rrset if rrset.rdtype == dns.rdatatype.RRSIG else []:
            if rrsig.key_tag == zsk:
                expires.append(rrsig.expiration)
                until.append(rrsig.expiration - rrsig.original_ttl - 20)  # cache-ttl
    assert expires
    return min(expires), min(until)


def test_how_long_without_the_hsm(watched):
    """Catches an expiry or a "safe until" that no signature of the zone has, by what is in a transfer."""
    metrics = metrics_of(watched)
    expires, until = first_expirations(watched)
    assert metrics.value("tld_rrsig_earliest_expiration_timestamp_seconds", zone=ORIGIN) == expires
    assert metrics.value("tld_safe_without_hsm_until_timestamp_seconds", zone=ORIGIN) == until
    assert time.time() + 2 * 86400 < until


def test_what_goes_wrong_shows(watched):
    """Catches metrics that say that all is well while the HSM is gone and a change waits for it; the
    last test of this server."""
    watched.hsmd.kill()
    # An RRset that is new needs a signature, and its NSEC3 RR too.
    watched.sql(add_ds(next(iter(watched.text.delegations(ORIGIN, False))), 12345, "ab" * 32))
    wait_for(lambda: "waiting" in zone_status(watched), "the change waits")
    metrics = wait_for(
        lambda: (seen := metrics_of(watched)).value(
            "tld_publication_waiting_seconds", zone=ORIGIN) >= 1 and seen, "its age is seen")
    assert metrics.value("tld_publication_waiting", zone=ORIGIN) == 1
    assert metrics.value("tld_publication_waiting_names", zone=ORIGIN) == \
        zone_status(watched)["waiting"]["names"]
    assert metrics.value("tld_hsm_reachable", token=TOKEN) == 0
    assert metrics.value("tld_hsm_logged_in", token=TOKEN) == 0
    assert metrics.value("tld_hsm_failed_total", token=TOKEN) > 0
    assert metrics.value("tld_sign_failed_total") > 0
    # What is served has all its signatures.
    assert metrics.value("tld_rrsets_unservable", zone=ORIGIN) == 0
    assert metrics.value("tld_safe_without_hsm_until_timestamp_seconds", zone=ORIGIN) > time.time()


def test_command_takes_nothing(watched):
    assert re.match("usage: TLD-METRICS", watched.control("TLD-METRICS", "JSON"))


@pytest.mark.parametrize("where", ["alerts.yaml", "dashboard.json"])
def test_alerts_and_dashboard_name_what_is_printed(watched, where):
    """Catches a rule or panel of a metric that there is not: it would be silent for ever."""
    printed = metrics_of(watched).sample_names() | {"tld_up"}  # which the exporter adds
    used = {name for place, expression in expressions() for name in names(expression)
            if (place in alerts()) == (where == "alerts.yaml")}
    assert len(used) > 20 and used <= printed, used - printed
