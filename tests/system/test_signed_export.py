# SPDX-License-Identifier: GPL-2.0-only
"""tldctl zone export --signed: the running server's whole zone, judged before it is a file."""

import pytest

from harness import Deployment
from processes import CommandFailed, free_port, generate_zone


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    zone = generate_zone(tmp_path_factory.mktemp("zone") / "kz.zone", "--origin", "kz.",
                         "--delegations", 300)
    with Deployment() as deployment:
        deployment.add_zone("kz.", zone)
        deployment.start()
        deployment.wait_until_signed("kz.")
        yield deployment


def export(deployment, output, *options, port=None):
    return deployment.tldctl("zone", "export", "--signed", "--zone", "kz.", "--server", "127.0.0.1",
                             "--port", port or deployment.port, "--output", output, *options)


def refused(exit_code, *arguments, **options):
    with pytest.raises(CommandFailed) as failure:
        export(*arguments, **options)
    assert failure.value.returncode == exit_code, failure.value
    return failure.value.output


def test_export_is_accepted_by_three_validators(deployed, tmp_path):
    """Catches an export that is not the zone, or that nobody has looked at."""
    said = export(deployed, tmp_path / "kz", "--serial", deployed.live("kz.")["serial"])
    assert "accepted by 3 verifiers" in said
    text = (tmp_path / "kz").read_text()
    assert text.count("\tSOA\t") == 1 and "\tRRSIG\tSOA " in text and "\tRRSIG\tNSEC3 " in text


def test_what_a_verifier_refuses_is_no_file(deployed, tmp_path):
    """Catches a file that takes its name before its verdict, and one that was there being lost."""
    (tmp_path / "kz").write_text("the last good one")
    said = refused(1, deployed, tmp_path / "kz", "--verifier", "ldns-verify-zone {file}",
                   "--verifier", "dnssec-verify -q -o other. {file}")
    assert "is refused: dnssec-verify" in said
    assert (tmp_path / "kz").read_text() == "the last good one"
    assert [p.name for p in tmp_path.iterdir()] == ["kz"]


def test_another_serial_or_no_server_is_no_file(deployed, tmp_path):
    """Catches the export of another publication than the one that was asked for."""
    assert "the server has serial" in refused(1, deployed, tmp_path / "kz", "--serial", "1")
    refused(3, deployed, tmp_path / "kz", port=free_port())
    assert not list(tmp_path.iterdir())
