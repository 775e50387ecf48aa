# SPDX-License-Identifier: GPL-2.0-only
"""The first site is lost in the middle of changes and questions; the second one is promoted with the
commands of docs/emergency-runbook.md, "A site is lost"."""

import base64
import collections
import os
import subprocess

import dns.name
import dns.rdatatype as T
import pytest

import load
import registry as r
from checker.client import Question
from processes import CommandFailed, wait_for
from publications import ORIGIN, check, is_later, serial
from rolling import fingerprint
from secondaries import Knot, allow_secondaries, axfr
from sites import FirstSite, Registry, SecondSite
from test_publication_faults import SerialWatch, Writer
from validators import verify_zone

KEY = ("xfr.kz.", base64.b64encode(os.urandom(32)).decode())
TTL = 86400
RATE = 300


def transferred(site):
    """-> (RRsets, signatures): both by owner and type."""
    rrsets, signatures = collections.defaultdict(set), collections.defaultdict(set)
    for line in axfr(site.port, ORIGIN, KEY).splitlines():
        fields = line.split(None, 4)
        if line.startswith(";") or len(fields) < 5:
            continue
        owner, ttl, _, rdtype, rdata = fields
        if rdtype == "RRSIG":
            signatures[owner, rdata.split()[0]].add(rdata)
        else:
            rrsets[owner, rdtype].add((ttl, rdata))
    assert (ORIGIN, "SOA") in rrsets, "the transfer has failed"
    return rrsets, signatures


def nothing_was_signed_again(before, after):
    """What did not change has the signature that it had."""
    unchanged = [what for what in before[0] if before[0][what] == after[0].get(what)]
    assert len(unchanged) > 300
    again = [what for what in unchanged if before[1].get(what) != after[1].get(what)]
    assert not again, f"{len(again)} of {len(unchanged)}: {again[:5]}"


def made(site):
    counters = site.counters()
    return {reason: counters[f"sign-{reason}"]
            for reason in ("background", "on-demand", "publication")}


def only_for_publications(before, after):
    assert after["background"] == before["background"], (before, after)
    assert after["on-demand"] == before["on-demand"], (before, after)


def verify_whole(site):
    file = site.path / "transferred.zone"
    file.write_text(axfr(site.port, ORIGIN, KEY))
    verify_zone(ORIGIN, file)


def equip(second, first):
    """Catches keys that only the first site has, before they are needed: each is named."""
    second.install_wrapping_key()
    second.equip()
    used, spare = first.keys
    second.bring(used)
    with pytest.raises(CommandFailed) as lacking:
        second.prove_keys()
    assert "KEY-PROOF" in lacking.value.output and fingerprint(spare)[:16] in lacking.value.output
    second.bring(spare)
    second.prove_keys()


def load_on(site, text):
    asked = [("q", Question("load", dns.name.from_text(name), T.DS).wire()[2:])
             for name in text.delegations(ORIGIN, True)]
    return load.Continuous(site.port, asked, RATE)


def lose_the_first(first, second, registry, knot):
    """While the registry writes, the secondary transfers, and resolvers ask. (It only adds: an RRset
    that is the same afterwards was never another one.)"""
    with SerialWatch(knot.port) as watch, Writer(registry, 1, drops=False) as writer, \
            load_on(second, registry.text) as asked:
        wait_for(lambda: writer.commits > 20 and len(watch.seen) > 2, "some is published", 60)
        first.fail()
        wait_for(lambda: not is_later(watch.seen[-1], serial(second)), "what was served is here")
        zone, counters = transferred(second), made(second)
        second.promote()
        registry.site = second
        commits = writer.commits
        wait_for(lambda: writer.commits > commits + 20, "the registry goes on", 60)
        knot.follow(second.port)
        seen = len(watch.seen)
        wait_for(lambda: len(watch.seen) > seen + 1, "the secondary has what is new", 60)
    assert set(asked.rcodes["q"]) == {0}, str(asked)
    assert not watch.steps_back, watch.steps_back
    last = f"written{writer.commits - 1}.kz."
    wait_for(lambda: second.ask(last, "NS")[0] == "NOERROR", "the last change is live", 60)
    only_for_publications(counters, made(second))
    nothing_was_signed_again(zone, transferred(second))
    check(second, *(f"written{number}.kz." for number in range(writer.commits)),
          text=registry.text)
    verify_whole(second)
    wait_for(lambda: knot.serial() == serial(second), "the secondary has the last serial", 60)


def restart(second):
    """Nothing is signed again, either."""
    before = transferred(second)
    second.server.stop()
    second.server.start()
    second.wait_until_served()
    second.wait_until_signed(ORIGIN)
    assert not any(made(second).values()), made(second)
    nothing_was_signed_again(before, transferred(second))


def come_back_by_accident(first, second, knot):
    """The first site starts by itself, and old registry software writes there. As long as its commits
    wait for a replica nothing of it is served; after that it is a second publisher, whom secondaries
    that ask the second site only do not follow."""
    first.come_back()
    waits = subprocess.Popen([*map(str, first.store_database.server.psql("registry")), "-c",
                              r.delegate("split.kz.")])
    try:
        # For the replica, or for the lock of the server's own commit, which waits for it.
        wait_for(lambda: first.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type IN ('IPC', "
                                   "'Lock') AND application_name = 'psql'"), "its commit waits")
        wait_for(lambda: first.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"),
                 "a commit waits for a replica")
        assert first.ask("split.kz.", "NS", do=False)[0] != "NOERROR"
        first.commit_alone()
        waits.wait(20)
    finally:
        waits.kill()
        waits.wait(10)
    wait_for(lambda: first.ask("split.kz.", "NS", do=False)[0] == "NOERROR", "it publishes", 60)
    wait_for(lambda: first.counters()["notify-answered"] > 0, "it tells the secondary", 60)
    assert second.ask("split.kz.", "NS")[0] == "NXDOMAIN"
    name = "onlysecond.kz."
    second.sql(r.delegate(name))
    wait_for(lambda: second.ask(name, "NS")[0] == "NOERROR", "the second site publishes on", 30)
    wait_for(lambda: knot.serial() == serial(second), "the secondary follows", 30)
    assert first.ask(name, "NS", do=False)[0] == "NXDOMAIN"


def come_back_in_order(first, second):
    """As the replica of the other one: what only it had is gone."""
    first.become_second(second)
    first.wait_until_signed(ORIGIN)
    assert serial(first) == serial(second)
    assert transferred(first)[0] == transferred(second)[0]
    assert first.ask("split.kz.", "NS")[0] == "NXDOMAIN"


@pytest.mark.long
def test_second_site_takes_over(tmp_path):
    """Catches: a serial that goes back for a secondary; a change that was committed and is lost; a key
    that only one site has, unnoticed; signatures made again though they were there; a second site that
    cannot be promoted without the first; answers that fail meanwhile; a first site that comes back
    and drags secondaries along."""
    with FirstSite() as first, SecondSite(first) as second:
        first.add_rolling_zone(tmp_path, delegations=200, ttl=TTL)
        knot = Knot(tmp_path / "knot", ORIGIN, first.port, KEY)
        for site in (first, second):
            allow_secondaries(site, [knot.port], KEY)
        equip(second, first)
        first.start()
        first.wait_until_signed(ORIGIN)
        second.begin()
        first.commit_at_both_sites()
        with knot:
            wait_for(knot.serial, "the secondary has the zone", 60)
            lose_the_first(first, second, Registry(first), knot)
            restart(second)
            come_back_by_accident(first, second, knot)
            come_back_in_order(first, second)
