# SPDX-License-Identifier: GPL-2.0-only
"""What must not be started with: PowerDNS ends at once and says why, in one message."""

import copy

import pytest
import yaml

from harness import Deployment
from processes import generate_zone

FORBIDDEN = {"query-cache-ttl": "20", "negquery-cache-ttl": "60", "consistent-backends": "yes",
             "zone-cache-refresh-interval": "300"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Ready to start; never started with right settings by these tests but once."""
    folder = tmp_path_factory.mktemp("zone")
    file = generate_zone(folder / "kz.zone", "--origin", "kz.", "--delegations", 50)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        yield deployment


@pytest.fixture(autouse=True)
def fresh_log(request):
    if "deployed" in request.fixturenames:
        deployment = request.getfixturevalue("deployed")
        deployment.server.log_file.unlink(missing_ok=True)
        deployment.write_configuration()


def complaints(log):
    """The lines in which the plugin says why."""
    return [line for line in log.splitlines() if "tld" in line and "does not start" in line]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_setting(deployed, name):
    """Catches a start with a setting under which answers become bogus or unsigned."""
    deployed.settings, before = {**deployed.settings, name: FORBIDDEN[name]}, deployed.settings
    try:
        deployed.write_configuration()
        log = deployed.refuses_to_start()
    finally:
        deployed.settings = before
    assert any(f"{name}={FORBIDDEN[name]}" in line for line in complaints(log)), log
    assert not any(f"{other}=" in line for line in complaints(log)
                   for other in FORBIDDEN if other != name and other not in name), log


def test_all_forbidden_settings_in_one_message(deployed):
    """Catches a message that names only the first: an operator would restart five times."""
    deployed.settings, before = {**deployed.settings, **FORBIDDEN, "launch": "tld,bind"}, \
        deployed.settings
    try:
        deployed.write_configuration()
        log = deployed.refuses_to_start()
    finally:
        deployed.settings = before
    wanted = [f"{name}={value}" for name, value in FORBIDDEN.items()] + ["launch=tld"]
    assert any(all(w in line for w in wanted) for line in complaints(log)), log


def test_second_backend(deployed):
    """Catches unsigned answers of another backend mixed into ours."""
    deployed.settings, before = {**deployed.settings, "launch": "tld,bind"}, deployed.settings
    try:
        deployed.write_configuration()
        log = deployed.refuses_to_start()
    finally:
        deployed.settings = before
    assert any("launch=" in line for line in complaints(log)), log


def broken(change):
    def apply(configuration):
        configuration = copy.deepcopy(configuration)
        change(configuration)
        return yaml.safe_dump(configuration, sort_keys=False)
    return apply


def set_in(*path, value):
    def change(configuration):
        for step in path[:-1]:
            configuration = configuration[step]
        configuration[path[-1]] = value
    return change


def remove_from(*path):
    def change(configuration):
        for step in path[:-1]:
            configuration = configuration[step]
        del configuration[path[-1]]
    return change


@pytest.mark.parametrize("make, words", [
    (broken(set_in("publish-intervall", value="PT1S")), "publish-intervall"),
    (broken(set_in("zones", 0, "signed-key", value="x")), "signed-key"),
    (broken(set_in("publish-interval", value="1s")), "publish-interval"),
    (broken(set_in("publish-interval", value=1)), "publish-interval"),
    (broken(set_in("tokens", 0, "sign-deadline", value="two seconds")), "sign-deadline"),
    (broken(set_in("tokens", 0, "sign-deadline", value="-PT2S")), "sign-deadline"),
    (broken(set_in("zones", 0, "zsk", 0, "id", value="xyz")), "id"),
    (broken(set_in("zones", 0, "zsk", 0, "token", value="other")), "other"),
    (broken(set_in("zones", 0, "name", value="a..kz.")), "name"),
    (broken(set_in("zones", 0, "policy", value="/nonexistent/policy.yaml")),
     "/nonexistent/policy.yaml"),
    (broken(remove_from("store")), "store"),
    (broken(remove_from("zones", 0, "signed-keys")), "signed-keys"),
    (lambda c: "store: [\n", "tld.yaml"),
    (lambda c: "", "tld.yaml"),
], ids=["unknown key", "misspelt key", "no ISO 8601", "a bare number", "wrong unit", "negative",
        "no base16", "no such token", "no name", "policy file missing", "store missing",
        "signed-keys missing", "no YAML", "empty"])
def test_bad_configuration(deployed, make, words):
    """Catches a configuration that is taken for something else than was written."""
    deployed.write_configuration(text=make(deployed.configuration()) or "\n")
    log = deployed.refuses_to_start()
    assert any(words in line and "tld" in line for line in log.splitlines()), log


def test_configuration_missing(deployed):
    """Catches a start without any configuration."""
    (deployed.path / "tld.yaml").unlink()
    assert "tld.yaml" in deployed.refuses_to_start()


def test_backup_that_nothing_tells_of(deployed):
    """Catches a policy that asks for proved backups and is not kept, for want of a key register."""
    good = deployed.policy.read_text()
    try:
        deployed.policy.write_text("keys: {backup: required}\n")
        log = deployed.refuses_to_start()
    finally:
        deployed.policy.write_text(good)
    assert any("KEY-BACKUP: zone kz.: " in line and "key-register" in line
               for line in log.splitlines()), log


def test_bad_policy(deployed):
    """Catches a policy that promises what its times cannot hold."""
    good = deployed.policy.read_text()
    try:
        for text in ("signatures: {validity: P2D, refresh: P3D}\n", "algorithm: MD5\n",
                     "signatures: {validity: 30}\n"):
            deployed.policy.write_text(text)
            deployed.server.log_file.unlink(missing_ok=True)
            assert "policy.yaml" in deployed.refuses_to_start()
    finally:
        deployed.policy.write_text(good)


def test_right_configuration_starts(deployed):
    """Catches tests above that pass because nothing starts here at all."""
    deployed.start()
    assert deployed.ask("kz.", "SOA")[0] == "NOERROR"
    deployed.server.stop()
    deployed.hsmd.stop()
