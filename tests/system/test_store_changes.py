# SPDX-License-Identifier: GPL-2.0-only
"""The store changes, is locked or is cut off in the middle while questions are answered."""

import signal
import sqlite3
import threading
import time

from builds import built
from harness import Deployment
from processes import Process, generate_zone, wait_for


def editions(folder, count=2, delegations=2000):
    return [generate_zone(folder / f"kz.{e}", "--origin", "kz.", "--delegations", delegations,
                          "--edition", e) for e in range(count)]


def test_store_changes_under_reader(tmp_path):
    """Catches answers put together from two publications, or a publication that goes live before
    its signatures are there."""
    files = editions(tmp_path)
    with Deployment(settings={"cache-ttl": "1"}) as deployment:
        deployment.add_zone("kz.", files[0])
        deployment.start()
        deployment.wait_until_signed("kz.")
        first = deployment.live("kz.")["serial"]
        with deployment.checker("kz.", *files, any_serial=True) as checker:
            swaps = threading.Thread(target=lambda: [deployment.publish("kz.", files[i % 2])
                                                     for i in (1, 2, 3, 4)])
            swaps.start()
            seed, count = 0, 0
            while swaps.is_alive():
                seed += 1
                report = checker.run(300, seed=seed)
                count += 300
                assert report.ok, str(report)
            swaps.join()
        assert deployment.live("kz.")["serial"] >= first + 4 and count >= 600
        assert deployment.counters()["servfail-unsigned"] == 0


def test_a_change_becomes_live(tmp_path):
    """Catches a follower that never looks, or answers that stay old in some cache of ours."""
    files = editions(tmp_path)
    with Deployment(settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", files[0])
        deployment.start()
        before = deployment.live("kz.")["serial"]
        serial = deployment.publish("kz.", files[1])
        assert serial > before
        with deployment.checker("kz.", files[1]) as checker:
            report = checker.run(1500, seed=5)
            assert set(report.faults) <= {"servfail"}, str(report)


def test_store_locked_by_somebody_else(tmp_path):
    """Catches a question that waits for the database."""
    file = editions(tmp_path, 1, 300)[0]
    with Deployment(settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        deployment.wait_until_signed("kz.")
        holder = sqlite3.connect(deployment.store, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        try:
            with deployment.checker("kz.", timeout=0.5) as checker:
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    report = checker.run(100, seed=int(end))
                    assert report.ok, str(report)
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert deployment.server.running


def test_import_killed_in_the_middle(tmp_path):
    """Catches half an import in the store: it has to be all or nothing."""
    small = editions(tmp_path, 1, 300)[0]
    large = generate_zone(tmp_path / "large", "--origin", "kz.", "--delegations", 200000)
    with Deployment() as deployment:
        deployment.add_zone("kz.", small)
        deployment.start()
        deployment.wait_until_signed("kz.")
        serial = deployment.live("kz.")["serial"]
        for pause in (0.2, 0.6, 1.0):
            importer = Process("import", [built("tldctl"), "zone", "import", "--store",
                                          deployment.store, "--zone", "kz.", large],
                               deployment.path / "import.log").start()
            time.sleep(pause)
            importer.signal(signal.SIGKILL)
            assert importer.wait(10) != 0, "the import was through before it was killed"
        time.sleep(2.5)
        assert deployment.live("kz.")["serial"] == serial
        exported = deployment.tldctl("zone", "export", "--store", deployment.store, "--zone", "kz.")
        assert len(exported.splitlines()) < 5000
        with deployment.checker("kz.") as checker:
            report = checker.run(300, seed=3)
            assert report.ok, str(report)


def test_store_taken_away(tmp_path):
    """Catches a server that stops answering when its store is gone: the snapshot is in memory."""
    file = editions(tmp_path, 1, 300)[0]
    with Deployment(settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        deployment.wait_until_signed("kz.")
        away = deployment.store.rename(deployment.path / "away.sqlite")
        time.sleep(3)
        with deployment.checker("kz.") as checker:
            report = checker.run(300, seed=3)
            assert report.ok, str(report)
        away.rename(deployment.store)
        wait_for(lambda: deployment.server.running, "it runs")
