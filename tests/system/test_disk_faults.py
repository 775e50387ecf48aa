# SPDX-License-Identifier: GPL-2.0-only
"""The disk under the server is full, read-only or broken, or somebody has removed what was on it:
what is signed is served on, the server says what is wrong, and goes on by itself when it is over."""

import os
from pathlib import Path

import pytest

import registry as r
from faulty_disks import ORIGIN, Asking, OnFaultyDisk
from processes import run, wait_for
from publications import check, is_later, says_waiting, serial, serving
from registry import ZoneText

DIGEST = "3" * 64
def long(fault):
    return pytest.param(fault, marks=pytest.mark.long)


FAULTS = pytest.mark.parametrize("fault", ["full", long("read-only"), long("broken")])


def put_back(file, content):
    """At once: the server never reads a part of it."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    os.replace(beside, file)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with OnFaultyDisk() as deployment:
        deployment.add_rolling_zone(tmp_path_factory.mktemp("zone"), delegations=400, ttl=3600)
        deployment.start()
        deployment.wait_until_logged()
        deployment.number = 0
        yield deployment


@pytest.fixture
def served(kept):
    """One deployment for all tests here, which each leave it as they found it."""
    wait_for(lambda: not kept.waits_for() and kept.status()["tokens"][0]["logged-in"], "it is well")
    yield kept
    kept.disk.set()


def zone_status(deployment):
    return next(z for z in deployment.status()["zones"] if z["zone"] == ORIGIN)


def add_names(deployment, count):
    """Secure delegations that the registry adds. -> names that are not yet in deployment.text"""
    names = [f"added{deployment.number + n}.kz." for n in range(count)]
    deployment.number += count
    deployment.sql("".join(r.delegate(name) + r.add_ds(name, 1, DIGEST) for name in names))
    return names


def add_name(deployment):
    return add_names(deployment, 1)[0]


def goes_live(deployment, *names):
    for name in names:
        deployment.text.add(name, "NS", *r.SHARED)
        deployment.text.add(name, "DS", f"1 13 2 {DIGEST}")
    wait_for(lambda: all(deployment.ask(name, "DS")[0] == "NOERROR" for name in names)
             and not deployment.waits_for(), f"{names} are live\n{deployment.waits_for()}", 30)
    deployment.judged(100)


@FAULTS
def test_a_change_waits_for_the_disk(served, fault):
    """Catches an answer that is worse because nothing can be written, a server that does not say
    so, and one that has to be restarted afterwards."""
    with served.disk.faults(fault):
        with Asking(served) as asking:
            name = add_name(served)
            wait_for(lambda: f"store {served.store}" in served.waits_for(), "TLD-STATUS says why")
            wait_for(lambda: asking.judged >= 50, "some answers were judged", 60)
        assert set(asking.rcodes) <= {0, 3}, asking.rcodes
        assert served.ask(name, "DS")[0] == "NXDOMAIN"
    goes_live(served, name)


@FAULTS
def test_the_log_is_written_anew_when_the_disk_is_back(served, fault):
    """Catches signatures that are lost for good, and a failure that nobody is told of."""
    before, said = served.counters(), len(served.server.log())
    with served.disk.faults(f"{fault} signatures"):
        names = add_names(served, 30)  # their signatures do not fit into the block that is begun
        wait_for(lambda: served.counters()["log-write-failures"] > before["log-write-failures"],
                 "the failure is counted")
        goes_live(served, *names)
        assert "kept in memory only" in served.server.log()[said:]
    wait_for(lambda: served.counters()["log-rewrites"] > before["log-rewrites"], "a rewrite", 40)
    wait_for(lambda: "works again" in served.server.log()[said:], "it says so")
    with_hsm_away(served)
    counters = served.counters()
    assert counters["sign-requests"] == 0 and counters["log-rejected"] == 0


def with_hsm_away(deployment):
    """The server is killed and comes back, all of it signed by what is on the disk."""
    deployment.hsmd.stop()
    deployment.restart(with_hsmd=False)
    deployment.wait_until_signed(ORIGIN)
    deployment.judged(100)
    deployment.socket.unlink(missing_ok=True)
    deployment.start_hsmd()


@pytest.mark.parametrize(
    "fault", ["read-only", long("full signatures"), long("broken"), long("full keys")])
def test_a_start_on_a_disk_that_cannot_be_written(served, fault):
    """Catches a restart that serves nothing, or makes all signatures anew, although all that it
    needs can be read."""
    with served.disk.faults(fault):
        with_hsm_away(served)
        counters = served.counters()
        assert counters["sign-requests"] == 0 and counters["log-loaded"] > 400
    goes_live(served, add_name(served))


@pytest.mark.parametrize("fault", ["full", long("read-only")])
def test_a_start_without_room_for_the_index(served, fault):
    """SQLite cannot even read without its index, which whoever closes the store last removes:
    SERVFAIL until it can be made. Catches a server that ends, answers unsigned, or has to be
    restarted."""
    served.server.kill()
    served.sql("SELECT count(*) FROM zone")
    assert not Path(f"{served.store}-shm").exists()
    with served.disk.faults(fault):
        served.start(wait=False, with_hsmd=False)
        wait_for(lambda: served.ask(ORIGIN, "SOA")[0] == "SERVFAIL", "it answers SERVFAIL")
        wait_for(lambda: f"store {served.store}" in served.waits_for(), "it says why")
    served.wait_until_served()
    served.wait_until_signed(ORIGIN)
    assert served.counters()["sign-requests"] == 0
    served.judged(100)


def test_a_store_file_removed_and_put_back_from_a_copy(served):
    """Catches a server that goes on with a file which is gone, never finds the one that was put
    back, goes back to the copy's serial, or does not come to what the copy has."""
    copy, path = served.path / "copy.sqlite", served.store_database.path
    copy.unlink(missing_ok=True)
    run("sqlite3", path, f".backup {copy}")
    old = ZoneText(served.text.write(served.path / "old.zone"))
    goes_live(served, add_name(served))
    before = served.live(ORIGIN)["serial"]
    for suffix in ("-wal", "-shm", ""):
        os.remove(f"{path}{suffix}")
    with Asking(served) as asking:
        wait_for(lambda: "does not exist" in served.waits_for(), "TLD-STATUS says why")
        wait_for(lambda: asking.judged >= 50, "some answers were judged", 60)
    assert not path.exists() and set(asking.rcodes) <= {0, 3}, asking.rcodes
    os.rename(copy, path)
    wait_for(lambda: is_later(served.live(ORIGIN)["serial"], before), "a later serial", 30)
    served.text = old
    goes_live(served, add_name(served))


def test_a_key_register_removed_or_read_only(served):
    """Catches a zone that is not served on, a register that is made anew from nothing, and events
    that are told although they were not written."""
    content = served.register.read_bytes()
    said = len(served.server.log())
    served.register.unlink()
    wait_for(lambda: "signed with the keys that it had" in served.server.log()[said:], "it says so")
    served.judged(100)
    assert not served.register.exists()
    put_back(served.register, content)
    wait_for(lambda: "roll-waits-for" not in zone_status(served), "it is read again")
    # An event that is in the register is taken out: the server sees that it is so, and records it.
    lines = served.register.read_text().splitlines(keepends=True)
    taken = next(line for line in lines if '"signed-all"' in line)
    with served.disk.faults("read-only keys"):
        said = len(served.server.log())
        put_back(served.register, "".join(line for line in lines if line != taken).encode())
        wait_for(lambda: "signed with the keys that it had" in served.server.log()[said:], "again")
        served.judged(100)
        assert "signed-all" not in served.server.log()[said:]
        assert "signed-all" not in served.register.read_text()
    wait_for(lambda: "signed-all" in served.register.read_text(), "it is recorded")
    assert served.server.log()[said:].count("signed-all") == 1
    wait_for(lambda: "roll-waits-for" not in zone_status(served), "nothing is in the way")


@pytest.mark.long
def test_a_start_without_the_key_register(served):
    """Catches a zone that is signed by guessed keys, and one that is not served when it is back."""
    served.server.kill()
    content = served.register.read_bytes()
    served.register.unlink()
    served.start(wait=False, with_hsmd=False)
    wait_for(lambda: served.ask(ORIGIN, "SOA")[0] == "SERVFAIL", "nothing is known of the keys")
    assert str(served.register) in zone_status(served)["signed-keys-refused"]
    assert not served.register.exists()
    put_back(served.register, content)
    served.wait_until_served()
    served.wait_until_signed(ORIGIN)
    assert served.counters()["sign-requests"] == 0


@pytest.mark.long
def test_a_signed_key_file_removed(served):
    """Catches a zone that is given up because a file which was read already is gone."""
    signed_keys = served.zones[ORIGIN].signed_keys
    content = signed_keys.read_bytes()
    signed_keys.unlink()
    wait_for(lambda: zone_status(served).get("signed-keys-refused"), "TLD-STATUS says so")
    served.judged(100)
    served.server.kill()
    served.start(wait=False, with_hsmd=False)
    wait_for(lambda: served.ask(ORIGIN, "SOA")[0] == "SERVFAIL", "nothing is known of the keys")
    signed_keys.write_bytes(content)
    served.wait_until_served()
    served.wait_until_signed(ORIGIN)
    assert served.counters()["sign-requests"] == 0
    served.judged(100)


def test_an_audit_log_that_cannot_be_written(served):
    """Catches an act that is lost or told twice, and a server that waits for the audit log."""
    shown = lambda: "".join(p.read_text() for p in served.audit_log.glob("audit-*.jsonl"))
    before, said = shown().count('"server-signed-keys"'), len(served.server.log())
    signed_keys = served.zones[ORIGIN].signed_keys
    content = signed_keys.read_bytes()
    with served.disk.faults("read-only audit"):
        signed_keys.unlink()  # refused; then taken up: two acts
        wait_for(lambda: "the audit log cannot be written" in served.server.log()[said:], "said")
        signed_keys.write_bytes(content)
        wait_for(lambda: "signed-keys-refused" not in zone_status(served), "it is in use again")
        goes_live(served, add_name(served))
        assert shown().count('"server-signed-keys"') == before
    wait_for(lambda: "the audit log is written again" in served.server.log()[said:], "written")
    assert shown().count('"server-signed-keys"') == before + 2
    served.tldctl("audit", "verify", "--audit-log", served.audit_log)


@pytest.mark.long
def test_a_full_disk_while_the_zone_is_signed_for_the_first_time(tmp_path):
    """Catches a filler that waits for the disk, and what was made meanwhile and is not written
    afterwards."""
    with OnFaultyDisk(refresh_rate=60) as deployment:
        deployment.add_rolling_zone(tmp_path, delegations=600, ttl=3600)
        deployment.disk.set("full signatures")
        deployment.start()
        with Asking(deployment, per_second=50, allowed=["servfail"]) as asking:
            wait_for(lambda: deployment.counters()["log-write-failures"] > 1, "it is full")
            assert deployment.counters()["sign-requests"] < deployment.wanted(), "all was signed"
            deployment.disk.set()
            wait_for(lambda: deployment.counters()["log-rewrites"] > 0, "it is written", 60)
            deployment.wait_until_signed(ORIGIN)
            wait_for(lambda: asking.judged >= 50, "some answers were judged", 60)
        assert asking.rcodes.get(0, 0) > 50, asking.rcodes
        deployment.judged(100)
        with_hsm_away(deployment)
        assert deployment.counters()["sign-requests"] == 0


@pytest.mark.long
def test_a_postgresql_database_dropped_and_restored_from_a_copy(tmp_path):
    """Catches what test_a_store_file_removed_and_put_back_from_a_copy catches."""
    with serving(tmp_path, store="postgresql") as deployment:
        server = deployment.store_database.server
        dump = run("pg_dump", "-h", server.folder, "-U", "postgres", "registry")
        (tmp_path / "dump.sql").write_text(dump)
        deployment.sql(r.delegate("later.kz.") + r.add_ds("later.kz.", 1, DIGEST))
        wait_for(lambda: deployment.ask("later.kz.", "DS")[0] == "NOERROR", "it is live")
        before = serial(deployment)
        run(*server.psql("postgres"), "-c", "DROP DATABASE registry WITH (FORCE)")
        wait_for(lambda: "does not exist" in says_waiting(deployment), "TLD-STATUS says why")
        assert deployment.ask("later.kz.", "DS")[0] == "NOERROR"
        run(*server.psql("postgres"), "-c", "CREATE DATABASE registry")
        run(*server.psql("registry"), "-1", "-f", tmp_path / "dump.sql")
        wait_for(lambda: deployment.ask("later.kz.", "DS")[0] == "NXDOMAIN", "the copy is live", 30)
        assert is_later(serial(deployment), before)
        check(deployment, "later.kz.")
