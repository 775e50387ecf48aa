# SPDX-License-Identifier: GPL-2.0-only
"""3,000 questions of every kind, each answer judged by itself."""

import pytest

from builds import DATA
from harness import Deployment, unpacked_root_zone
from processes import generate_zone

ROOT_ZONE = DATA / "root-2026082201.unsigned.zone.xz"
ROOT_TYPES = (2, 6, 48, 51, 59, 60)  # what the root's apex has: no TXT, no MX


@pytest.fixture(scope="module", params=["root", "generated_10k", "generated_10k_rsa"])
def served(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zone")
    algorithm = "RSASHA256" if request.param.endswith("rsa") else "ECDSAP256SHA256"
    with Deployment() as deployment:
        deployment.policy.write_text(f"algorithm: {algorithm}\n")
        if request.param == "root":
            origin, file = ".", unpacked_root_zone(folder, ROOT_ZONE)
        else:
            origin = "kz."
            file = generate_zone(folder / "kz.zone", "--origin", origin, "--delegations", 10000)
        deployment.add_zone(origin, file, algorithm)
        deployment.start()
        deployment.origin = origin
        yield deployment


def test_questions_of_every_kind(served):
    """Catches any wrong, unsigned, bogus or incomplete answer, and any SERVFAIL, in a zone whose
    signatures are there; seeds differ so that names do."""
    served.wait_until_signed(served.origin)
    with served.checker(served.origin) as checker:
        types = {"apex_types": ROOT_TYPES} if served.origin == "." else {}
        report = checker.run(3000, seed=11, **types)
        assert report.ok, str(report)
        assert len(report.asked) >= 11, "kinds of questions are missing"


def test_questions_while_nothing_is_signed_yet(tmp_path):
    """Catches an answer that leaves before its signatures are there (on-demand signing): SERVFAIL
    is allowed here, anything unsigned or incomplete is not."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--delegations", 10000)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        with deployment.checker("kz.") as checker:
            report = checker.run(1000, seed=12)
            assert set(report.faults) <= {"servfail"}, str(report)
