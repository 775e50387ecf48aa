# SPDX-License-Identifier: GPL-2.0-only
"""Processes that tests start: each with a log file, a bounded start and a bounded end."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"


class CommandFailed(AssertionError):
    def __init__(self, command, done):
        super().__init__(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                         f"{done.stdout[-4000:]}{done.stderr[-4000:]}")
        self.returncode = done.returncode
        self.output = done.stdout + done.stderr


def run(*command, timeout=120, env=None, cwd=None):
    """-> standard output; CommandFailed unless the exit code is 0."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd,
                          errors="replace", timeout=timeout, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise CommandFailed(command, done)
    return done.stdout


def generate_zone(path, *options):
    run(sys.executable, TOOLS / "generate_zone.py", "--output", path, *options)
    return path


_given_out = set()


def free_port(*addresses):
    """A port that is free for both UDP and TCP on loopback, or on each of these addresses of it, and
    was not given out before."""
    while True:
        with contextlib.ExitStack() as stack:
            port = 0
            try:
                for address in addresses or ("127.0.0.1",):
                    for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
                        bound = stack.enter_context(socket.socket(socket.AF_INET, kind))
                        bound.bind((address, port))
                        port = bound.getsockname()[1]
            except OSError:
                continue
            if port not in _given_out:
                _given_out.add(port)
                return port


def wait_for(condition, what, seconds=20.0, pause=0.05):
    """Waits until condition() is true and returns what it gave; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


class Process:
    """One process, known by its pid only."""

    def __init__(self, name, command, log, env=None):
        self.name, self.log_file = name, Path(log)
        self._command = [str(c) for c in command]
        self._env = {**os.environ, **(env or {})}
        self._process = None

    def start(self):
        assert not self.running, f"{self.name} runs already"
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL, env=self._env)
        return self

    def set_environment(self, env):
        """Of the next start."""
        self._env = {**os.environ, **env}

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    @property
    def returncode(self):
        return self._process.poll()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds):
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"{self.name} did not end within {seconds} s") from late

    def stop(self, seconds=15):
        """SIGTERM, and SIGKILL when that does not help: then it is a failure."""
        if not self.running:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} had to be killed") from None

    def kill(self):
        if self.running:
            self.signal(signal.SIGKILL)
            self._process.wait(10)


def sanitizer_environment(binary, folder):
    """What a process needs that is, or loads, a `binary` built with sanitizers; {} for a plain one."""
    linked = subprocess.run(["ldd", str(binary)], capture_output=True, text=True).stdout
    found = re.findall(r"\s(/\S*lib(asan|ubsan|tsan)\.so\S*)", linked)
    if not found:
        return {}
    reports = f"log_path={folder}/sanitizer"
    return {
        "LD_PRELOAD": ":".join(path for path, _ in found),
        "ASAN_OPTIONS": f"detect_leaks=1:abort_on_error=0:{reports}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:{reports}",
        "TSAN_OPTIONS": f"halt_on_error=0:exitcode=66:{reports}",
    }


def sanitizer_reports(folder):
    return "\n".join(p.read_text(errors="replace")
                     for p in sorted(Path(folder).glob("sanitizer.*")))
