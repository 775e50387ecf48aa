# SPDX-License-Identifier: GPL-2.0-only
"""Makes the checker and the harness importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes more than a minute; ./check --long runs it")
