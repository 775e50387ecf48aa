# SPDX-License-Identifier: GPL-2.0-only
"""A system's clock that a test can set, for one process: libfaketime reads the difference from a file
at each call. The clock that counts since the boot stays true, as it does on a machine whose clock
somebody sets."""

import os
import subprocess
from pathlib import Path


def library():
    """Debian's, made for programs with threads."""
    listed = subprocess.run(["dpkg", "-L", "libfaketime"], capture_output=True, text=True,
                            check=True).stdout
    return next(line for line in listed.splitlines() if line.endswith("/libfaketimeMT.so.1"))


class FakeTime:
    def __init__(self, folder, seconds=0):
        self._file = Path(folder) / "faketime"
        self.set(seconds)

    def set(self, seconds):
        """How far the process's clock is ahead of the true one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        os.replace(fresh, self._file)

    def environment(self, env):
        """`env` and what makes a process go by this clock."""
        preload = [*filter(None, [env.get("LD_PRELOAD")]), library()]  # sanitizers come first
        return {**env, "LD_PRELOAD": ":".join(preload),
                "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
