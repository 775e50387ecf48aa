# SPDX-License-Identifier: GPL-2.0-only
"""The snapshot is swapped between every two backend calls while each answer is judged: design
section 2, "Hazards of live data". The plugin comes from TLD_HOOKS_BUILD_DIR."""

from harness import Deployment
from processes import generate_zone, wait_for
from validators import transfer, verify_zone


def test_snapshot_swaps_between_calls(tmp_path):
    """Catches an answer put together from two snapshots: old data under a new signature, an NSEC3
    of the one in a denial of the other, a referral without its DS."""
    files = [generate_zone(tmp_path / f"kz.{e}", "--origin", "kz.", "--delegations", 2000,
                           "--changed", 40, "--edition", e, "--longest", 253) for e in (0, 1)]
    with Deployment(swapping=True, settings={"cache-ttl": "0"}) as deployment:
        deployment.add_zone("kz.", files[0])
        deployment.start()
        deployment.wait_until_signed("kz.")
        first = deployment.live("kz.")["serial"]
        deployment.import_zone("kz.", files[1])
        with deployment.checker("kz.", *files, any_serial=True) as checker:
            wait_for(lambda: checker.serial() != first, "the second snapshot is live", 30)
            report = checker.run(3000, seed=21)
            assert report.ok, str(report)
            assert sorted(checker.versions.values()) == [0, 1], f"no swap: {checker.versions}"
            assert checker.swaps > 500, "the snapshots hardly alternate"
        signed = tmp_path / "signed"
        for _ in range(5):
            transfer(deployment.port, "kz.", signed)
            verify_zone("kz.", signed)
