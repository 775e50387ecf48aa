# SPDX-License-Identifier: GPL-2.0-only
"""Where the programs under test are: the build folders named by TLD_BUILD_DIR, and by
TLD_HOOKS_BUILD_DIR for the plugin with the hooks that tests need."""

import functools
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
DATA = SOURCE / "tests" / "data"


def build_dir(variable):
    named = os.environ.get(variable)
    assert named, f"set {variable} to the build folder that is to be tested"
    return Path(named).resolve()


@functools.cache
def built(name, variable="TLD_BUILD_DIR"):
    """A program or library of the build; its absence is a failure, never a skipped test."""
    folder = build_dir(variable)
    places = [folder / name] + sorted(
        p for p in folder.glob(f"*/**/{name}") if p.is_file() and "CMakeFiles" not in p.parts)
    for place in places:
        if place.is_file():
            return place
    raise AssertionError(f"{name} is not in the build folder {folder}")


def built_with_hooks(name):
    """The same from a build with -DTLD_TEST_HOOKS=ON."""
    return built(name, "TLD_HOOKS_BUILD_DIR")
