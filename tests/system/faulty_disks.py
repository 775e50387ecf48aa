# SPDX-License-Identifier: GPL-2.0-only
"""Deployments whose registry store, signature log, key register and audit log are on a disk that a
test can fill, make read-only or break: ../faulty_disk, preloaded into the server."""

import contextlib
import os
import threading
from pathlib import Path

import load
from builds import built_with_hooks
from checker.model import Model
from checker.questions import Questions
from processes import wait_for
from rolling import ORIGIN, Rolling

LOG = "signatures"


class FaultyDisk:
    """The folder `disk` in `folder`, as one process sees it."""

    def __init__(self, folder):
        self.folder = (Path(folder) / "disk").resolve()
        self.folder.mkdir()
        self._control = Path(folder) / "disk.faults"
        self.set()

    def set(self, *faults):
        """All that is wrong from now on: "full", "read-only" or "broken"; behind a space, where."""
        fresh = self._control.with_suffix(".new")
        fresh.write_text("".join(f"{fault}\n" for fault in faults))
        os.replace(fresh, self._control)

    @contextlib.contextmanager
    def faults(self, *faults):
        self.set(*faults)
        try:
            yield
        finally:
            self.set()

    def environment(self, env, journal=None):
        """`env` and what puts a process on this disk. `journal`: all that it changes is recorded."""
        preload = [*filter(None, [env.get("LD_PRELOAD")]), built_with_hooks("faulty_disk.so")]
        return {**env, "LD_PRELOAD": ":".join(map(str, preload)),
                "TLD_FAULTY_DISK_FOLDER": str(self.folder),
                "TLD_FAULTY_DISK_CONTROL": str(self._control),
                **({"TLD_FAULTY_DISK_JOURNAL": str(journal)} if journal else {})}


class OnFaultyDisk(Rolling):
    """`refresh_rate`: so many signatures a second are made in the background."""

    def __init__(self, refresh_rate=5000, policy=None, **options):
        self.refresh_rate = refresh_rate
        super().__init__(policy=policy or {"algorithm": "ECDSAP256SHA256"},
                         brake={"names": 10**6, "percent": 100}, **options)
        self.settings["cache-ttl"] = "0"  # an answer is judged by the zone as it is now
        self.register = self.disk.folder / "keys" / "kz.keys"
        self.register.parent.mkdir()
        self.audit_log = self.disk.folder / "audit"
        self.tldctl("audit", "init", "--audit-log", self.audit_log)
        self.log = self.disk.folder / LOG
        self.server_env = self.disk.environment(self.server_env)
        self.server.set_environment(self.server_env)

    def store_folder(self):
        self.disk = FaultyDisk(self.path)
        return self.disk.folder

    def configuration(self):
        configuration = super().configuration()
        configuration["signature-log"] = str(self.log)
        configuration["tokens"][0]["refresh-rate"] = self.refresh_rate
        return configuration

    def wait_until_logged(self, seconds=60):
        """All is signed, and what was signed since the start is on the disk."""
        self.wait_until_signed(ORIGIN, seconds)
        wait_for(lambda: self.counters()["log-entries"] >= self.counters()["sign-requests"] and
                 self.counters()["log-dropped"] == 0, "all signatures are in the log", seconds)

    def wanted(self):
        return sum(key["signatures-wanted"] for key in self.live(ORIGIN)["zsk"])

    def restart(self, **options):
        self.server.kill()
        self.start(**options)

    def wait_until_said(self, *words, seconds=30):
        wait_for(lambda: all(word in self.server.log() for word in words),
                 f"the log says {words}\n{self.server.log()[-3000:]}", seconds)

    def waits_for(self):
        """Why nothing goes live; "" when nothing waits."""
        zone = next(z for z in self.status()["zones"] if z["zone"] == ORIGIN)
        return zone.get("waiting", {}).get("for", "")

    def judged(self, count=200, seed=1, allowed=()):
        """Answers by the zone file that was imported last; -> questions asked"""
        with self.checker(ORIGIN, self.text.write(self.path / "expected.zone")) as checker:
            report = checker.run(count, seed=seed)
            assert set(report.faults) <= set(allowed), str(report)


class Asking:
    """Questions all the time, at `per_second`, and each answer counted; one of a zone that does not
    change meanwhile is judged as well. Use as a context manager."""

    def __init__(self, deployment, per_second=300, allowed=(), judge=True):
        self._deployment, self._per_second = deployment, per_second
        self._allowed, self._errors = allowed, []
        self._stop, self.rcodes, self.judged = threading.Event(), {}, 0
        self._file = deployment.text.write(deployment.path / "asked.zone")
        self._threads = [threading.Thread(target=self._guard, args=(work,))
                         for work in [self._fire] + [self._judge] * judge]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if kind is None and self._errors:
            raise self._errors[0]

    def _guard(self, work):
        try:
            work()
        except BaseException as error:  # shown by the thread of the test
            self._errors.append(error)

    def _fire(self):
        model = Model.from_file(self._file, ORIGIN)
        wires = [("asked", q.wire()[2:])
                 for q in Questions(model, seed=5, tcp_share=0).make(1000)]
        while not self._stop.is_set():
            outcome = load.fire(self._deployment.port, wires, self._per_second, 0.5)["asked"]
            for rcode, count in outcome.rcodes.items():
                self.rcodes[rcode] = self.rcodes.get(rcode, 0) + count

    def _judge(self):
        with self._deployment.checker(ORIGIN, self._file, any_serial=True) as checker:
            while not self._stop.is_set():
                report = checker.run(50, seed=self.judged)
                self.judged += 50
                assert set(report.faults) <= set(self._allowed), str(report)
