# SPDX-License-Identifier: GPL-2.0-only
"""The snapshot is swapped between every two backend calls while each answer is judged: design
section 2, "Hazards of live data". The plugin comes from TLD_HOOKS_BUILD_DIR."""

import dns.name
import dns.rdatatype

from checker.client import Question
from harness import Deployment
from processes import generate_zone, wait_for
from validators import transfer, verify_zone


def test_snapshot_swaps_between_calls(tmp_path):
    """Catches an answer put together from two snapshots: old data under a new signature, an NSEC3
    of the one in a denial of the other, a referral without its DS."""
    files = [generate_zone(tmp_path / f"kz.{e}", "--origin", "kz.", "--delegations", 2000,
                           "--changed", 40, "--edition", e, "--longest", 253) for e in (0, 1)]
    with Deployment(swapping=True, settings={"cache-ttl": "0"}, brake={"percent": 100}) as deployment:
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


def test_alias_that_leaves_our_zones(tmp_path):
    """Catches a question that pins anew at its CNAME's target: PowerDNS asks for the zone of the
    target and of each name above it, and then for the alias's RRSIG."""
    text = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 50,
                         "--plain").read_text()
    files = []
    for target in ("provider0.example.", "elsewhere.provider9.example."):
        files.append(tmp_path / f"kz.{target}")
        files[-1].write_text(text.replace("www.provider0.example.", target))
    with Deployment(swapping=True, settings={"cache-ttl": "0"}, brake={"percent": 100}) as deployment:
        deployment.add_zone("kz.", files[0])
        deployment.start()
        deployment.wait_until_signed("kz.")
        first = deployment.live("kz.")["serial"]
        deployment.import_zone("kz.", files[1])
        with deployment.checker("kz.", *files, any_serial=True) as checker:
            wait_for(lambda: checker.serial() != first, "the second snapshot is live", 30)
            alias = Question("cname", dns.name.from_text("away.nic.kz."), dns.rdatatype.A)
            report = checker.run_all([alias] * 1000)
            assert report.ok, str(report)
