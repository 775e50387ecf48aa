# SPDX-License-Identifier: GPL-2.0-only
"""A deployment as an operator has it, in a folder of its own on loopback: tokens, keys, ceremony,
store, tld-hsmd and PowerDNS with the plugin. Everything it starts it stops by pid.
"""

import dataclasses
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import dns.name
import dns.rdatatype as T
import yaml

from builds import built, built_with_hooks
from checker.client import Client, Question, rcode
from checker.model import Model
from checker.session import Checker
from faketime import FakeTime
from processes import (Process, free_port, run, sanitizer_environment, sanitizer_reports, wait_for)
from stores import PostgresqlStore, SqliteStore
from tokens import Token

SETTINGS = {
    "launch": "tld", "query-cache-ttl": "0", "negquery-cache-ttl": "0",
    "consistent-backends": "no", "zone-cache-refresh-interval": "0", "cache-ttl": "20",
    "security-poll-suffix": "", "local-address": "127.0.0.1", "distributor-threads": "3",
    "8bit-dns": "yes", "disable-axfr": "no", "allow-axfr-ips": "127.0.0.0/8",
    "overload-queue-length": "2500", "max-tcp-connections": "500", "webserver": "no",
    "api": "no", "version-string": "anonymous", "loglevel": "5",
}
LIVE = []  # deployments whose logs a failed test shows


@dataclasses.dataclass
class ServedZone:
    origin: str
    file: Path
    zsk: object
    ksk: object
    signed_keys: Path
    anchor: Path


class Deployment:
    """Use as a context manager. `supervised`: the plugin starts tld-hsmd itself. `swapping`: the
    plugin swaps the snapshot before each call (a build with hooks). `store`: sqlite or postgresql,
    with a server of its own; `verification`: the section of tld.yaml without its directory. `twin_of`: another server for the zones, keys and tld-hsmd of that
    deployment, which outlives it, on `store`, such as a PostgresqlStore on a replica.
    `clock`: the server goes by a clock that the test sets, a FakeTime. `audit`: it has an audit log."""

    def __init__(self, faulty_token=False, supervised=False, settings=None, sign_deadline="PT2S",
                 operation_deadline="PT5S", swapping=False, brake=None, store="sqlite",
                 publish_interval="PT1S", twin_of=None, verification=None,
                 zone_settings=None, clock=False, audit=False):
        self.path = Path(tempfile.mkdtemp(prefix="tld-", dir="/tmp"))
        self._supervised, self._sign_deadline = supervised, sign_deadline
        self._operation_deadline = operation_deadline
        self.zone_settings = {**({"brake": brake} if brake else {}), **(zone_settings or {})}
        self.publish_interval, self.command_timeout = publish_interval, 120
        self.verification = verification  # as in tld.yaml, but for the directory
        self.tsig = []  # as in tld.yaml
        self.settings = {**SETTINGS, **(settings or {})}
        self.port = free_port()
        self._twin_of = twin_of
        hsmd = built("tld-hsmd")
        self._library = (built_with_hooks if swapping else built)("libtldbackend.so")
        if twin_of:
            self._share(twin_of, store)
        else:
            self._make(store, faulty_token)
        self.hsmd = Process("tld-hsmd", [hsmd, "--config", self.path / "zsk.yaml"],
                            self.path / "hsmd.log",
                            {**self.zsk_token.env, **sanitizer_environment(hsmd, self.path)})
        self.server_env = {**self.zsk_token.env, **sanitizer_environment(self._library, self.path),
                           **({"TLD_TEST_SWAP": "1"} if swapping else {})}
        if clock:
            self.clock = FakeTime(self.path)
            self.server_env = self.clock.environment(self.server_env)
        self.audit_log = self.path / "audit" if audit else None
        if audit:
            self.tldctl("audit", "init", "--audit-log", self.audit_log)
        self.server = Process("pdns_server", [
            "pdns_server", f"--config-dir={self.path}", "--daemon=no", "--guardian=no",
            "--disable-syslog=yes", "--write-pid=no"], self.path / "pdns.log", self.server_env)

    def _make(self, store, faulty_token):
        self.store_database = {"sqlite": SqliteStore, "postgresql": PostgresqlStore.in_folder}[store](
            self.store_folder())
        self.zones = {}
        self.zsk_token = Token(self.path, "tld-zsk", faulty_token)
        self.ksk_token = Token(self.path, "tld-ksk")  # the server's configuration does not name it
        self.policy = self.path / "policy.yaml"
        self.policy.write_text("algorithm: ECDSAP256SHA256\n")
        self.socket = self.path / "zsk.sock"
        try:
            self.tldctl("store", "init", "--store", self.store)
        except BaseException:
            self.store_database.stop()
            raise

    def store_folder(self):
        return self.path

    def _share(self, other, store):
        self.store_database, self.zones = store, other.zones
        self.zsk_token, self.ksk_token = other.zsk_token, other.ksk_token
        self.policy, self.socket = other.policy, other.socket

    @property
    def store(self):
        """As tldctl takes it; a file's path where it is one."""
        return getattr(self.store_database, "path", self.store_database.address)

    def sql(self, statement):
        """A SELECT's rows as lists of text; else all statements in one transaction."""
        return self.store_database.sql(statement)

    def __enter__(self):
        LIVE.append(self)
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.server.stop()
            self.hsmd.stop()
            if kind is None:
                reports = sanitizer_reports(self.path)
                assert not reports, reports[:8000]
        finally:
            self.server.kill()
            self.hsmd.kill()
            if not self._twin_of:
                self.store_database.stop()
            if kind is None:
                shutil.rmtree(self.path, ignore_errors=True)
                LIVE.remove(self)

    # -- what an operator does before the start

    def tldctl(self, *arguments, env=None):
        return run(built("tldctl"), *arguments, env=env, timeout=self.command_timeout)

    def add_zone(self, origin, zone_file, algorithm="ECDSAP256SHA256"):
        """Import, keys, ceremony. -> ServedZone"""
        name = (origin.rstrip(".") or "root").replace(".", "-")
        self.import_zone(origin, zone_file)
        zone = ServedZone(origin, Path(zone_file),
                          self.zsk_token.generate(origin, "zsk", algorithm),
                          self.ksk_token.generate(origin, "ksk", algorithm),
                          self.path / f"{name}.skr", self.path / f"{name}.anchor")
        self.zones[origin] = zone
        self.ceremony(zone)
        return zone

    def import_zone(self, origin, zone_file):
        return self.tldctl("zone", "import", "--store", self.store, "--zone", origin, zone_file)

    def ceremony(self, zone, *options, output=None):
        self.tldctl("ceremony", "demo", "--zone", zone.origin,
                    "--ksk-token", self.ksk_token.uri, "--ksk-id", zone.ksk.id, "--zsk", zone.zsk.dnskey, "--policy", self.policy,
                    "--output", output or zone.signed_keys, "--trust-anchor", zone.anchor, *options,
                    env=self.ksk_token.env)

    def hsmd_configuration(self):
        return {
            "socket": str(self.socket), "token": self.zsk_token.uri, "sessions": 4,
            "operation-deadline": self._operation_deadline,
            "zones": [{"name": z.origin, "keys": [z.zsk.id], "maximum-validity": "P31D"}
                      for z in self.zones.values()],
        }

    def configuration(self):
        token = {"name": "primary", "socket": str(self.socket),
                 "sign-deadline": self._sign_deadline}
        if self._supervised:
            token["command"] = [str(built("tld-hsmd")), "--config", str(self.path / "zsk.yaml")]
        return {
            "store": self.store_database.configuration,
            "publish-interval": self.publish_interval, "tokens": [token],
            **({"tsig": self.tsig} if self.tsig else {}),
            **({"audit-log": str(self.audit_log)} if self.audit_log else {}),
            **({"verification": {"directory": str(self.path / "verification"), **self.verification}}
               if self.verification is not None else {}),
            "zones": [{"name": z.origin, "policy": str(self.policy),
                       "signed-keys": str(z.signed_keys),
                       "zsk": [{"token": "primary", "id": z.zsk.id}], **self.zone_settings}
                      for z in self.zones.values()],
        }

    def write_configuration(self, configuration=None, text=None):
        """tld.yaml, zsk.yaml, pdns.conf. `configuration` or `text` in the place of ours."""
        (self.path / "verification").mkdir(exist_ok=True)
        text = text or yaml.safe_dump(configuration or self.configuration(), sort_keys=False)
        (self.path / "tld.yaml").write_text(text)
        (self.path / "zsk.yaml").write_text(
            yaml.safe_dump(self.hsmd_configuration(), sort_keys=False))
        settings = {"load-modules": self._library, "local-port": self.port,
                    "socket-dir": self.path, "tld-config": self.path / "tld.yaml",
                    **self.settings}
        (self.path / "pdns.conf").write_text(
            "".join(f"{name}={value}\n" for name, value in settings.items()))

    # -- running

    def audited(self):
        """The entries of its audit log, verified; oldest first."""
        self.tldctl("audit", "verify", "--audit-log", self.audit_log)
        return json.loads(self.tldctl("audit", "show", "--audit-log", self.audit_log, "--limit",
                                      1000, "--json"))["entries"]

    def start(self, wait=True, with_hsmd=True):
        self.write_configuration()
        if with_hsmd and not self._supervised and not self._twin_of:
            self.start_hsmd()
        self.server.start()
        if wait:
            self.wait_until_served()
        return self

    def start_hsmd(self):
        self.hsmd.start()
        wait_for(lambda: self.socket.exists() or not self.hsmd.running, "tld-hsmd's socket")
        assert self.hsmd.running, f"tld-hsmd ended:\n{self.hsmd.log()}"

    def wait_until_served(self, seconds=60):
        for origin in self.zones:
            wait_for(lambda o=origin: self._serves(o), f"{origin} is served\n{self.server.log()}",
                     seconds)

    def _serves(self, origin):
        assert self.server.running, f"pdns_server ended:\n{self.server.log()}"
        return self.ask(origin, "SOA", timeout=0.5)[0] == "NOERROR"

    def refuses_to_start(self, seconds=30):
        """Starts PowerDNS where it has to refuse; -> its log."""
        self.server.start()
        try:
            code = self.server.wait(seconds)
        finally:
            self.server.kill()
        assert code != 0, f"pdns_server ended with 0:\n{self.server.log()}"
        return self.server.log()

    def wait_until_signed(self, origin, seconds=120):
        """Until the background filler has signed everything."""
        def signed():
            return all(key["signatures"] == key["signatures-wanted"]
                       for key in self.live(origin)["zsk"])
        wait_for(signed, f"all of {origin} is signed", seconds, pause=0.2)

    def publish(self, origin, zone_file, seconds=30):
        """A new state of the zone goes into the store and becomes live; -> its serial."""
        before = self.live(origin)["serial"]
        self.import_zone(origin, zone_file)
        wait_for(lambda: self.live(origin)["serial"] != before, f"{origin} is published", seconds)
        return self.live(origin)["serial"]

    # -- what it says

    def status(self):
        return json.loads(self.control("TLD-STATUS", "JSON"))

    def control(self, *words):
        return run("pdns_control", f"--config-dir={self.path}", f"--socket-dir={self.path}", *words,
                   timeout=20)

    def leaks(self):
        """What the server leaked so far: empty, also for a build that cannot tell."""
        if "libasan" not in self.server_env.get("LD_PRELOAD", ""):
            return ""
        answer = self.control("TLD-LEAKS").strip()
        return "" if answer == "none" else f"{answer}\n{sanitizer_reports(self.path)}"

    def counters(self):
        return self.status()["counters"]

    def live(self, origin):
        return next(z for z in self.status()["zones"] if z["zone"] == origin).get("live", {})

    def client(self, timeout=3.0):
        return Client("127.0.0.1", self.port, timeout)

    def ask(self, name, rdtype, timeout=3.0, **options):
        """-> (RCODE as text, or None when nothing came back; the message)."""
        question = Question("ask", dns.name.from_text(name), T.from_text(rdtype), **options)
        with self.client(timeout) as client:
            _, wire = client.ask(question)
        return (None if wire is None else dns.rcode.to_text(rcode(wire))), wire

    def checker(self, origin, *files, timeout=3.0, **options):
        """Judges answers by the zone file that was imported, or by several versions of it."""
        zone = self.zones[origin]
        models = [Model.from_file(file, origin) for file in files or (zone.file,)]
        checker = Checker(models, zone.anchor, port=self.port, timeout=timeout, **options)
        checker.start()
        return checker

    def logs(self):
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-6000:]}"
                         for p in sorted(self.path.glob("*.log")))



def unpacked_root_zone(folder, source):
    """The real root zone, from its .xz."""
    target = folder / "root.zone"
    with open(target, "wb") as out:
        subprocess.run(["xz", "-dc", source], stdout=out, check=True)
    return target
