# SPDX-License-Identifier: GPL-2.0-only
"""Where the programs under test are: the build folder named by TLD_BUILD_DIR."""

import functools
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
DATA = SOURCE / "tests" / "data"


def build_dir():
    named = os.environ.get("TLD_BUILD_DIR")
    assert named, "set TLD_BUILD_DIR to the build folder that is to be tested"
    return Path(named).resolve()


@functools.cache
def built(name):
    """A program or library of the build; its absence is a failure, never a skipped test."""
    places = [build_dir() / name] + sorted(
        p for p in build_dir().glob(f"*/**/{name}") if p.is_file() and "CMakeFiles" not in p.parts)
    for place in places:
        if place.is_file():
            return place
    raise AssertionError(f"{name} is not in the build folder {build_dir()}")
