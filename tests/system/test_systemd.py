# SPDX-License-Identifier: GPL-2.0-only
"""The units, users and folders as they are installed, and the socket that they lead to. There is no
systemd here that could start them: what systemd's own tools say of them is what is tested."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from builds import build_dir, built
from processes import Process, run, wait_for
from tokens import Token

UNITS = {"tld-hsmd@primary.service": 10, "tld-exporter.service": 15, "pdns.service": 20}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The build, installed with a folder of ours as prefix."""
    prefix = tmp_path_factory.mktemp("usr")
    run("cmake", "--install", build_dir("TLD_BUILD_DIR"), "--prefix", prefix)
    return prefix


@pytest.fixture(scope="module")
def units(installed):
    """-> the environment in which systemd finds ours first, and Debian's pdns.service behind them."""
    return {"SYSTEMD_UNIT_PATH": f"{installed}/lib/systemd/system:"}


def test_everything_is_installed(installed):
    """Catches a program or unit that the install forgets, and a unit that starts another one's program."""
    for name in ("tldctl", "tld-hsmd", "tld-exporter"):
        assert os.access(installed / "bin" / name, os.X_OK), name
    assert list(installed.glob("lib/**/libtldbackend.so"))
    for unit, program in (("tld-hsmd@", "tld-hsmd"), ("tld-exporter", "tld-exporter")):
        text = (installed / f"lib/systemd/system/{unit}.service").read_text()
        assert f"ExecStart={installed}/bin/{program} " in text
        document = re.search(r"^Documentation=file:(.*)$", text, re.M)[1]
        assert os.path.isfile(document), document
        assert "@CMAKE" not in text


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_right(units, unit):
    """Catches what systemd would only warn of in its journal and pass over: a misspelt directive is a
    sandbox that is not there."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], text=True,
                          capture_output=True, env={**os.environ, **units}, timeout=60, check=False)
    said = [line for line in done.stderr.splitlines() if re.search(r"tld|pdns", line)]
    assert done.returncode == 0 and not said, done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_tight(units, unit):
    """Catches a sandbox that is loosened: docs/systemd.md names these limits."""
    run("systemd-analyze", "security", "--offline=true", "--no-pager",
        f"--threshold={UNITS[unit]}", unit, env=units)


def test_peers_keep_their_users(units):
    """Catches PrivateUsers for tld-hsmd: SO_PEERCRED would call every peer nobody."""
    seen = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short",
               "tld-hsmd@primary.service", env=units)
    users = [entry for entry in yaml.safe_load(seen) if entry["json_field"] == "PrivateUsers"]
    assert len(users) == 1 and not users[0]["set"], users


@pytest.fixture
def machine(tmp_path, installed):
    """A root folder on which systemd's tools have made our users and folders."""
    root = tmp_path / "root"
    for folder in ("etc", "run", "var/lib"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\npdns:x:105:109::/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\npdns:x:109:\n")
    run("systemd-sysusers", f"--root={root}", installed / "lib/sysusers.d/pdns-tld.conf")
    return root


def test_users(machine):
    """Catches a user that is missing, can log in, or shares a group with another one."""
    users = [line.split(":") for line in (machine / "etc/passwd").read_text().splitlines()]
    ours = {user[0]: user for user in users if user[0].startswith("tld-")}
    assert set(ours) == {"tld-hsm", "tld-exporter"}
    assert ours["tld-hsm"][5] == "/var/lib/tld-hsm"
    assert all(user[6] == "/usr/sbin/nologin" for user in ours.values())
    groups = [line.split(":") for line in (machine / "etc/group").read_text().splitlines()]
    assert all(not members for _, _, _, members in groups)


FOLDERS = {"run/tld": ("0750", "tld-hsm", "pdns"), "etc/tld": ("0755", "root", "root"),
           "var/lib/tld": ("0750", "pdns", "pdns"),
           "var/lib/tld/verification": ("0700", "pdns", "pdns"),
           "var/lib/tld-hsm": ("0700", "tld-hsm", "tld-hsm")}


def test_folders(machine, installed):
    """Catches a folder with another mode or owner than docs/systemd.md says. Owners by what
    systemd-tmpfiles would do: to change them takes root."""
    lines = (installed / "lib/tmpfiles.d/pdns-tld.conf").read_text().splitlines()
    told = {}
    for kind, path, *rest in (line.split() for line in lines if not line.startswith("#")):
        assert kind == "d" and rest[3] == "-", path
        told[path.lstrip("/")] = tuple(rest[:3])
    assert told == FOLDERS
    # As systemd-tmpfiles makes them, with owners that everybody may give.
    me = pwd.getpwuid(os.geteuid()).pw_name
    plain = machine.parent / "plain.conf"
    plain.write_text("".join(f"d /{path} {mode} {os.geteuid()} {os.getegid()} -\n"
                             for path, (mode, _, _) in FOLDERS.items()))
    run("systemd-tmpfiles", f"--root={machine}", "--create", plain)
    for path, (mode, _, _) in FOLDERS.items():
        assert (machine / path).stat().st_mode & 0o7777 == int(mode, 8), path
        assert (machine / path).owner() == me


def test_drop_in_gives_the_control_socket_to_the_exporter(installed):
    """Catches a control socket that everybody can use, or nobody."""
    text = (installed / "lib/systemd/system/pdns.service.d/tld.conf").read_text()
    socket_path = "/run/pdns/pdns.controlsocket"
    assert f"chgrp tld-exporter {socket_path}" in text and f"chmod 0660 {socket_path}" in text
    assert socket_path in run(built("tld-exporter"), "--help")  # where it looks by itself
    for program in re.findall(r"ExecStartPost=[+-]*(\S+)", text):
        assert shutil.which(program), program


CLIENT = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(20)
peer.connect(sys.argv[1])
try:
    peer.sendall(bytes.fromhex("0000000a0104") + bytes(8))
    print(len(peer.recv(4096)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


def answered(path, user=None):
    """Asks tld-hsmd for its health as `user`. -> octets that came; 0: turned away"""
    who = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run([sys.executable, "-c", CLIENT, str(path)], capture_output=True, text=True,
                          timeout=60, check=True, cwd="/", **who)
    return int(done.stdout)


@pytest.fixture
def open_folder():
    """Everybody gets as far as to a socket in it."""
    with tempfile.TemporaryDirectory(prefix="tld-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_other_users_are_turned_away(open_folder):
    """Catches a tld-hsmd that serves whoever gets to its socket: a service of its own, as systemd runs
    it, for PowerDNS's user. Root, who runs the tests, is another user like any."""
    folder = open_folder
    token = Token(folder, "tld-zsk")
    path = folder / "zsk.sock"
    is_root = os.geteuid() == 0
    allowed = "pdns" if is_root else pwd.getpwuid(os.geteuid()).pw_name
    for users, is_served in (([allowed], True), (["nobody"], False)):
        configuration = folder / "zsk.yaml"
        configuration.write_text(yaml.safe_dump({
            "socket": str(path), "token": token.uri, "allow-users": users,
            "zones": [{"name": "kz.", "keys": ["00" * 16]}]}))
        hsmd = Process("tld-hsmd", [built("tld-hsmd"), "--config", configuration],
                       folder / "hsmd.log", token.env)
        hsmd.start()
        try:
            wait_for(path.exists, f"tld-hsmd's socket\n{hsmd.log()}")
            wait_for(lambda: "serving" in hsmd.log(), "it listens")
            assert (answered(path, allowed if is_root else None) > 0) == is_served
            if is_root:
                assert os.stat(path).st_mode & 0o777 == 0o666  # so it was tld-hsmd who decided
                assert (answered(path, "nobody") > 0) != is_served
                assert answered(path) == 0
            assert "is not in allow-users" in hsmd.log() or (is_served and not is_root)
        finally:
            hsmd.stop()
