# SPDX-License-Identifier: GPL-2.0-only
"""python3 -m checker: asks a server seeded questions and judges each answer."""

import argparse
import sys
import time

from .model import Model
from .session import Checker, SetupError


def main():
    parser = argparse.ArgumentParser(prog="checker", description=__doc__)
    parser.add_argument("--zone", required=True, help="the unsigned zone file")
    parser.add_argument("--origin", required=True, help="the zone's name, as kz.")
    parser.add_argument("--anchor", required=True, help="file with the KSK's DNSKEY record")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=53)
    parser.add_argument("--questions", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    model = Model.from_file(arguments.zone, arguments.origin)
    with Checker(model, arguments.anchor, arguments.host, arguments.port) as checker:
        try:
            checker.start()
        except SetupError as error:
            print(f"cannot start: {error}")
            return 1
        begin = time.monotonic()
        report = checker.run(arguments.questions, arguments.seed)
        print(f"{report}\nin {time.monotonic() - begin:.1f} s")
        return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
