# SPDX-License-Identifier: GPL-2.0-only
"""Ways in which the only HSM of a supervised deployment can be gone, and how each ends. One may
begin while another one lasts: then nothing is signed in between."""

import contextlib
import os
import signal
from pathlib import Path

from builds import built
from processes import wait_for

CKR_DEVICE_ERROR = 0x30


def hsmd_pids(deployment):
    """The tld-hsmd that this deployment's pdns_server started: its children. None is there between
    the end of one process and the start of the next."""
    pids = []
    for children in Path(f"/proc/{deployment.server.pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended
            pids += [int(pid) for pid in children.read_text(encoding="ascii").split()]
    return pids


class Faulty:
    """The token's module does it."""

    def __init__(self, line):
        self._line = line

    def begin(self, deployment):
        deployment.zsk_token.faults(self._line)

    def end(self, deployment):
        """What began meanwhile stays."""
        if deployment.zsk_token.control.read_text() == self._line + "\n":
            deployment.zsk_token.faults()


class Stopped:
    """tld-hsmd is there and does not move; nor does the next one, after the server has killed it."""

    def begin(self, deployment):
        marker(deployment).touch()
        wait_for(lambda: all([_stand_still(pid) for pid in hsmd_pids(deployment)]), "it stands still")
        deployment.zsk_token.faults()

    def end(self, deployment):
        marker(deployment).unlink()
        move(deployment)


class Killed:
    """tld-hsmd ends, and cannot be started again."""

    def begin(self, deployment):
        self._place(deployment).rename(self._place(deployment).with_suffix(".away"))
        for pid in hsmd_pids(deployment):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deployment.zsk_token.faults()

    def end(self, deployment):
        self._place(deployment).with_suffix(".away").rename(self._place(deployment))

    @staticmethod
    def _place(deployment):
        return deployment.path / "zsk.yaml"


def marker(deployment):
    return deployment.path / "stand-still"


def command(deployment):
    """-> the program that starts tld-hsmd, or stands still in its place."""
    script = deployment.path / "start-tld-hsmd"
    script.write_text(f"#!/bin/sh\n[ ! -e {marker(deployment)} ] || kill -STOP $$\n"
                      f"exec {built('tld-hsmd')} --config {deployment.path}/zsk.yaml\n")
    script.chmod(0o755)
    return [str(script)]


def move(deployment):
    for pid in hsmd_pids(deployment):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _stand_still(pid):
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, signal.SIGSTOP)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


WAYS = {
    "removed": Faulty("device-removed 1"),
    "errors": Faulty(f"sign-error {CKR_DEVICE_ERROR}"),
    "wrong": Faulty("wrong-signature 1"),
    "hung": Faulty("hang 1"),
    "stopped": Stopped(),
    "killed": Killed(),
}
