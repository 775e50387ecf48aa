# SPDX-License-Identifier: GPL-2.0-only
"""What the registry commits goes live, signed, or is held, and why is told: on each kind of store.
The changes are plain SQL; what is right is told by the zone file with the same changes made."""

import time

import pytest

import registry as r
from harness import Deployment
from processes import CommandFailed, wait_for
from publications import (ORIGIN, check, check_whole, is_later, published, rcodes, says_waiting,
                          serial, serving, waiting)
from registry import ZoneText
from stores import PostgresqlServer, PostgresqlStore
from validators import Unbound, transfer

DIGESTS = "1" * 64, "2" * 64


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, tmp_path_factory):
    """One for all tests on a store: each leaves `served.text` as what is served."""
    with serving(tmp_path_factory.mktemp("zone"), 650, store=request.param,
                 publish_interval="PT0S", brake={"approvals": 2}) as deployment:
        yield deployment


def tldctl_zone(deployment, verb, *options):
    return deployment.tldctl("zone", verb, "--store", deployment.store, "--zone", ORIGIN, *options)


def unbound_says(deployment, *names):
    """Whether a resolver that we did not write finds the DS, or that there is none, secure."""
    with Unbound(deployment.path / "unbound", ORIGIN, deployment.port,
                 deployment.zones[ORIGIN].anchor) as unbound:
        return [unbound.ask(name, "DS") for name in names]


# --- changes go live


def test_changes_by_plain_sql_go_live(served):
    """Catches a table without a trigger, a change without its signatures, an NSEC3 that stays or is
    not made, an ENT that is forgotten or outlives its names."""
    text = served.text
    name, deep = "new-name.kz.", "a.b.new-ent.kz."
    with published(served):
        served.sql(r.delegate(name, f"ns1.{name}", "ns2.provider0.example.")
                   + r.add_addresses(f"ns1.{name}", "192.0.2.77"))
    text.add(name, "NS", f"ns1.{name}", "ns2.provider0.example.")
    text.add(f"ns1.{name}", "A", "192.0.2.77")
    check(served, name, f"ns1.{name}")

    with published(served):
        served.sql(r.drop_servers(name) + r.add_server(name, "ns1.provider1.example."))
    text.drop(name, "NS")
    text.drop(f"ns1.{name}")
    text.add(name, "NS", "ns1.provider1.example.")
    check(served, name, f"ns1.{name}")

    with published(served):
        served.sql(r.add_ds(name, 1, DIGESTS[0]) + r.add_ds(name, 2, DIGESTS[1]))
    text.add(name, "DS", f"1 13 2 {DIGESTS[0]}", f"2 13 2 {DIGESTS[1]}")
    check(served, name)
    assert unbound_says(served, name) == [("NOERROR", True)]

    with published(served):
        served.sql(f"DELETE FROM ds WHERE delegation_id = {r.id_of('delegation', name)} AND "
                   "key_tag = 1")
    text.drop(name, "DS")
    text.add(name, "DS", f"2 13 2 {DIGESTS[1]}")
    check(served, name)

    with published(served):
        served.sql(r.drop_ds(name))
    text.drop(name, "DS")
    check(served, name)
    assert unbound_says(served, name) == [("NOERROR", False)]  # opt-out: insecure

    with published(served):
        served.sql(r.delegate(deep))
    text.add(deep, "NS", *r.SHARED)
    check(served, deep, "b.new-ent.kz.", "new-ent.kz.")
    assert rcodes(served, ("new-ent.kz.", "A"), ("b.new-ent.kz.", "A")) == ["NOERROR"] * 2

    with published(served):
        served.sql(r.undelegate(deep))
    text.drop(deep)
    check(served, deep, "b.new-ent.kz.", "new-ent.kz.")
    assert rcodes(served, ("new-ent.kz.", "A"), (deep, "A")) == ["NXDOMAIN"] * 2

    old, renamed = r.SHARED[0], "ns1.renamed.example."
    users = [owner for owner, servers in text.records("NS").items() if old in servers]
    with published(served):
        served.sql(f"UPDATE host SET name = '{renamed}' WHERE name = '{old}'")
    text.replace(old, renamed)
    assert users
    check(served, *users[:5], count=300)
    check_whole(served)
    served.sql(f"UPDATE host SET name = '{old}' WHERE name = '{renamed}'")
    text.replace(renamed, old)
    wait_for(lambda: not waiting(served)["set-aside"], "nothing waits")


def test_an_ordinary_day_passes(served):
    """Catches a brake that registrars feel."""
    text = served.text
    secure, insecure = (text.delegations(ORIGIN, secure) for secure in (True, False))
    for index in range(40):
        name = f"day{index}.kz."
        script = r.delegate(name)
        text.add(name, "NS", *r.SHARED)
        if index % 4 == 0:
            script += r.undelegate(insecure[index])
            text.drop(insecure[index])
        elif index % 4 == 1:
            script += r.drop_ds(secure[index])
            text.drop(secure[index], "DS")
        else:
            script += r.add_ds(insecure[index], index, DIGESTS[0])
            text.add(insecure[index], "DS", f"{index} 13 2 {DIGESTS[0]}")
        served.sql(script)
    wait_for(lambda: rcodes(served, (f"day39.{ORIGIN}", "A")) == ["NOERROR"], "the last is live")
    check(served, *(f"day{i}.kz." for i in (0, 20, 39)), *insecure[:8], *secure[:8], count=200)
    assert served.sql("SELECT count(*) FROM hold") == [["0"]]
    check_whole(served)


# --- the brake


def held(deployment):
    """Waits for the brake; -> the hold's number."""
    wait_for(lambda: "hold" in waiting(deployment), "the brake holds")
    wait_for(lambda: "the brake holds" in says_waiting(deployment), "TLD-STATUS tells")
    return waiting(deployment)["hold"]


def test_brake_holds_a_truncated_import(served):
    """Catches a part of a zone file that goes live, one who approves twice, an approval that does
    nothing."""
    before = serial(served)
    part = ZoneText(served.text.write(served.path / "all.zone"))
    for name in part.delegations(ORIGIN, False)[:130]:
        part.drop(name)
    served.import_zone(ORIGIN, part.write(served.path / "part.zone"))
    hold = held(served)
    assert "would be removed or altered" in hold["reason"] and hold["approved-by"] == []
    approve = ("approve", "--hold", hold["hold"], "--person")
    tldctl_zone(served, *approve, "ann")
    with pytest.raises(CommandFailed, match="ann"):
        tldctl_zone(served, *approve, "ann")
    time.sleep(1)
    assert serial(served) == before and waiting(served)["hold"]["approved-by"] == ["ann"]
    check(served)
    with published(served):
        tldctl_zone(served, *approve, "bert")
    served.text = part
    check(served, count=200)
    wait_for(lambda: not says_waiting(served), "nothing stands in the way any more")
    assert "hold" not in waiting(served)


def test_brake_holds_a_mass_ds_deletion(served):
    """Catches a zone that becomes insecure by one statement. The registry takes it back: the hold
    is over without anybody's approval, and what came in between goes live."""
    before = serial(served)
    secure = list(served.text.records("DS"))
    many = served.text.delegations(ORIGIN, True)[:55]
    names = len({line.split("\t")[0] for line in served.text.lines})
    assert len(secure) < 10 * len(many) < names, "few of the names, many of the secure ones"
    rows = served.sql("SELECT d.name, s.key_tag, s.algorithm, s.digest_type, s.digest FROM ds AS s "
                      "JOIN delegation AS d ON d.id = s.delegation_id WHERE d.name IN ("
                      + ", ".join(map(r.quoted, many)) + ")")
    served.sql("".join(map(r.drop_ds, many)))
    assert f"{len(many)} of {len(secure)} secure" in held(served)["reason"]
    served.sql(r.delegate("meanwhile.kz."))
    time.sleep(1)
    assert serial(served) == before
    check(served, *many[:5])
    with published(served):
        served.sql("".join(f"UPDATE delegation SET ds_ttl = 3600 WHERE name = {r.quoted(name)};"
                           f"INSERT INTO ds VALUES ({r.id_of('delegation', name)}, {tag}, {algorithm},"
                           f" {kind}, '{digest}');" for name, tag, algorithm, kind, digest in rows))
    served.text.add("meanwhile.kz.", "NS", *r.SHARED)
    check(served, "meanwhile.kz.", *many[:5])
    assert "hold" not in waiting(served)


def test_brake_holds_an_apex_ns_change(served):
    """Catches the zone's own delegation changed by a typing error."""
    before = serial(served)
    apex_ns = f"(SELECT id FROM rrset WHERE owner = '{ORIGIN}' AND type = 'NS')"
    served.sql(f"UPDATE rdata SET rdata = 'ns.elsewhere.example.' WHERE rrset_id = {apex_ns} AND "
               "rdata = 'a.nic.kz.'")
    hold = held(served)
    assert "the apex would change" in hold["reason"]
    check(served, ORIGIN)
    assert serial(served) == before
    with published(served):
        for person in ("ann", "bert"):
            tldctl_zone(served, "approve", "--hold", hold["hold"], "--person", person)
    served.text.lines = [line.replace("NS\ta.nic.kz.", "NS\tns.elsewhere.example.")
                         if line.startswith(f"{ORIGIN}\t") else line for line in served.text.lines]
    check(served, ORIGIN)


# --- rows that break rules


def bad_rows():
    """-> {name: SQL}. Each row is one that the tables take."""
    def with_address(name, address):
        return r.delegate(name, f"ns.{name}") + r.add_addresses(f"ns.{name}", address)
    return {
        "UPPER.kz.": r.delegate("UPPER.kz."),
        "no-final-dot.kz": r.delegate("no-final-dot.kz"),
        "empty..label.kz.": r.delegate("empty..label.kz."),
        f"{'l' * 64}.kz.": r.delegate(f"{'l' * 64}.kz."),
        "'; DROP TABLE zone; --.kz.": r.delegate("'; DROP TABLE zone; --.kz."),
        "outside.example.": r.delegate("outside.example."),
        "*.kz.": r.delegate("*.kz."),
        "no-glue.kz.": r.delegate("no-glue.kz.", "ns.no-glue.kz."),
        "bad-server.kz.": r.delegate("bad-server.kz.", "NS.Bad Server.example."),
        "ns.bad-address.kz.": with_address("bad-address.kz.", "192.0.2.256"),
        "ns.hostname.kz.": with_address("hostname.kz.", "localhost"),
        "bad-digest.kz.": r.delegate("bad-digest.kz.") + r.add_ds("bad-digest.kz.", 1, "not hex"),
        "short-digest.kz.": r.delegate("short-digest.kz.") + r.add_ds("short-digest.kz.", 1, "ab"),
        "nic.kz.": r.delegate("nic.kz."),  # a cut above the zone's own name servers
    }


def test_bad_rows_are_set_aside(served):
    """Catches a row that stops the zone, goes live as it is, or is dropped without a word."""
    good = [f"good{index}.kz." for index in range(5)]
    rows = bad_rows()
    with published(served):
        served.sql("".join(map(r.delegate, good)) + "".join(rows.values()))
    for name in good:
        served.text.add(name, "NS", *r.SHARED)
    aside = {row["name"]: row["reason"] for row in waiting(served)["set-aside"]}
    assert set(rows) <= set(aside), f"nothing is said of {set(rows) - set(aside)}: {aside}"
    assert all(aside.values())
    assert aside["no-glue.kz."].startswith("glue-missing")
    assert aside["nic.kz."].startswith("zone-cut") and aside["*.kz."].startswith("wildcard")
    check(served, *good, "no-glue.kz.", "short-digest.kz.", "nic.kz.", "upper.kz.", count=200)
    check_whole(served)
    mended = {"no-glue.kz.", "short-digest.kz."}
    with published(served):  # one by what it needs, one by itself
        served.sql(r.add_addresses("ns.no-glue.kz.", "192.0.2.78") + r.drop_ds("short-digest.kz."))
    served.text.add("no-glue.kz.", "NS", "ns.no-glue.kz.")
    served.text.add("ns.no-glue.kz.", "A", "192.0.2.78")
    served.text.add("short-digest.kz.", "NS", *r.SHARED)
    wait_for(lambda: not mended & {row["name"] for row in waiting(served)["set-aside"]},
             "they are set aside no more")
    check(served, *mended)
    served.import_zone(ORIGIN, served.text.write(served.path / "clean.zone"))
    wait_for(lambda: not waiting(served)["set-aside"], "nothing is set aside")


# --- operators


def test_freeze_thaw_rollback(served):
    """Catches a frozen zone that moves, a thaw that forgets what came in between, a way back that
    brings the serial back too."""
    frozen_at = serial(served)
    tldctl_zone(served, "freeze", "--reason", "bad import")
    served.sql(r.delegate("while-frozen.kz."))
    wait_for(lambda: "bad import" in says_waiting(served), "TLD-STATUS says why")
    time.sleep(1)
    assert serial(served) == frozen_at and waiting(served)["frozen"]["reason"] == "bad import"
    check(served, "while-frozen.kz.")
    earlier = served.live(ORIGIN)["publication"]
    before = ZoneText(served.text.write(served.path / "before.zone"))
    with published(served):
        tldctl_zone(served, "thaw")
    served.text.add("while-frozen.kz.", "NS", *r.SHARED)
    check(served, "while-frozen.kz.")

    with published(served):
        tldctl_zone(served, "rollback", earlier)
    assert is_later(serial(served), frozen_at)
    check(served, "while-frozen.kz.", text=before)
    assert "rolled back" in says_waiting(served) or "frozen" in waiting(served)
    with published(served):
        tldctl_zone(served, "thaw")
    check(served, "while-frozen.kz.")
    with pytest.raises(CommandFailed):
        tldctl_zone(served, "rollback", 10**9)


REMOVALS = {"epp11.kz.": "1.1", "epp10.kz.": "1.0"}  # by secDNS


def test_epp_removes_the_last_ds(served):
    """Catches a domain that stays secure, and so dark, after its registrar has taken its DS out."""
    with published(served):
        served.sql("".join(r.delegate(name) + r.add_ds(name, 4711, DIGESTS[0])
                           for name in REMOVALS))
    for name in REMOVALS:
        served.text.add(name, "NS", *r.SHARED)
        served.text.add(name, "DS", f"4711 13 2 {DIGESTS[0]}")
    check(served, *REMOVALS)
    assert unbound_says(served, *REMOVALS) == [("NOERROR", True)] * 2
    for name, version in REMOVALS.items():
        frames = served.path / "frames.xml"
        frames.write_text(r.frame_without_ds(name, version, 4711))
        with published(served):
            said = served.tldctl("epp", "apply", "--store", served.store, "--zone", ORIGIN,
                                 "--policy", served.policy, frames)
        assert 'code="1000"' in said
        served.text.drop(name, "DS")
    check(served, *REMOVALS)
    assert unbound_says(served, *REMOVALS) == [("NOERROR", False)] * 2


# --- many servers


def content(deployment, file):
    """All but the signatures, which each server has its own of."""
    transfer(deployment.port, ORIGIN, file)
    return sorted(line for line in file.read_text().splitlines() if line.split()[3] != "RRSIG")


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)  # a file has no replicas
def test_follows_a_streaming_replica(served, tmp_path):
    """Catches a server that needs to write, that makes serials of its own, or that has other data
    under the same serial."""
    server = PostgresqlServer(served.path / "replica").replicate(served.store_database.server)
    try:
        with Deployment(twin_of=served, store=PostgresqlStore(server), publish_interval="PT0S",
                        settings={"cache-ttl": "0"}) as twin:
            twin.start()
            twin.wait_until_signed(ORIGIN)
            for index in range(5):
                name = f"replicated{index}.kz."
                with published(twin):
                    served.sql(r.delegate(name) + r.add_ds(name, index, DIGESTS[0]))
                served.text.add(name, "NS", *r.SHARED)
                served.text.add(name, "DS", f"{index} 13 2 {DIGESTS[0]}")
                wait_for(lambda: serial(twin) == serial(served), "both have one serial")
                check(twin, name, text=served.text)
                check(served, name, count=1)
                assert content(twin, tmp_path / "twin") == content(served, tmp_path / "primary")
            check_whole(twin)
            assert not says_waiting(twin)
        assert "read-only transaction" not in server.log(), server.log()
    finally:
        server.stop()
