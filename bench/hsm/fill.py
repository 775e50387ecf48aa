# SPDX-License-Identifier: GPL-2.0-only
"""The real server filling a zone with signatures, watched through its control socket; and the bare
loop of C_Sign and verification beside it. Both on the processors that they are told."""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import time

from builds import built
from harness import Deployment
from processes import generate_zone

ORIGIN = "bench."
PAUSE = 0.1  # seconds between two looks
LONGEST_START = 300.0  # seconds until the first signature of a large zone


@dataclasses.dataclass
class Rate:
    signatures: int
    seconds: float
    cpu: float      # seconds of CPU time, of all processes that take part
    whole: bool = False  # all signatures of the zone

    @property
    def per_second(self):
        return self.signatures / self.seconds

    @property
    def cpu_per_signature(self):
        return 1e6 * self.cpu / self.signatures  # microseconds


@contextlib.contextmanager
def on_processors(numbers):
    """Threads and processes that are started meanwhile run there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, numbers)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(*pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def bare_loop(token, key, threads, seconds, processors):
    with on_processors(processors):
        done = subprocess.run(
            [str(built("bare_sign_loop")), token.uri, key.id, str(threads), str(seconds)],
            env={**os.environ, **token.env}, capture_output=True, text=True, check=True,
            timeout=seconds + 60)
    said = json.loads(done.stdout)
    return Rate(said["signatures"], said["seconds"], said["cpu-seconds"])


class FillingServer(Deployment):
    """Its background signs as fast as it can: refresh-rate is no limit here."""

    def __init__(self, algorithm, faulty=False):
        super().__init__(faulty_token=faulty, sign_deadline="PT10S", operation_deadline="PT10S",
                         settings={"cache-ttl": "0"})
        self.algorithm, self.sessions = algorithm, 4
        self.policy.write_text(f"algorithm: {algorithm}\n")
        self.log, self.command_timeout = self.path / "signatures", 3600

    def hsmd_configuration(self):
        return {**super().hsmd_configuration(), "sessions": self.sessions}

    def configuration(self):
        configuration = {**super().configuration(), "signature-log": str(self.log)}
        configuration["tokens"][0]["refresh-rate"] = 1_000_000
        return configuration

    def make_zone(self, delegations, signed):
        file = generate_zone(self.path / "bench.zone", "--origin", ORIGIN, "--plain",
                             "--delegations", delegations, "--signed", signed)
        return self.add_zone(ORIGIN, file, self.algorithm)

    def forget_signatures(self):
        self.stop_both()
        shutil.rmtree(self.log, ignore_errors=True)

    def stop_both(self):
        self.server.stop()
        self.hsmd.stop()

    def start_on(self, processors, sessions):
        self.sessions = sessions
        with on_processors(processors):
            self.start(wait=False)

    def control(self, *words):
        """Without a process for each look: that would be measured too."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(20)
            one.connect(str(self.path / "pdns.controlsocket"))
            one.sendall((" ".join(words) + "\n").encode())
            answer = b""
            while part := one.recv(1 << 16):
                answer += part
        return answer.decode()

    def progress(self):
        """-> (signatures, wanted), or None while the zone is being loaded."""
        try:
            live = self.live(ORIGIN)
        except (OSError, ValueError, KeyError, StopIteration):
            assert self.server.running, self.server.log()
            return None
        if not live.get("zsk"):
            return None
        return live["zsk"][0]["signatures"], live["zsk"][0]["signatures-wanted"]

    def measure_fill(self, longest):
        """From the first look at which there are signatures, to all of them or `longest` seconds."""
        first, latest = None, time.monotonic() + LONGEST_START + longest
        while time.monotonic() < latest:
            seen = self.progress()
            now = time.monotonic()
            if seen and seen[0] > 0:
                cpu = cpu_seconds(self.server.pid, self.hsmd.pid)
                if first is None:
                    first = seen[0], now, cpu
                whole = seen[0] >= seen[1]
                if whole or now - first[1] >= longest:
                    return Rate(seen[0] - first[0], now - first[1], cpu - first[2], whole)
            time.sleep(PAUSE)
        raise AssertionError(f"nothing was signed in time\n{self.server.log()}")
