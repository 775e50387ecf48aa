# SPDX-License-Identifier: GPL-2.0-only
"""Real secondaries, which validate what they transfer: NSD (with ldns-verify-zone) and Knot."""

import re
import subprocess

import dns.exception
import dns.message
import dns.query
import dns.rdatatype as T

from processes import Process, free_port, run, wait_for


def write_key(path, key):
    path.touch(0o600)
    path.write_text(key[1] + "\n")
    return path


def allow_secondaries(deployment, ports, key, *unused_keys):
    """The deployment, before its start, tells secondaries on `ports` and lets them transfer with
    `key`: (name, base64)."""
    deployment.tsig = [{"name": name, "algorithm": "hmac-sha256",
                        "secret-file": str(write_key(deployment.path / f"{name}key", (name, secret)))}
                       for name, secret in (key, *unused_keys)]
    deployment.zone_settings.update({"also-notify": [f"127.0.0.1:{port}" for port in ports],
                                     "transfer-keys": [key[0]]})


class Secondary:
    """Use as a context manager. Has one zone from a primary on loopback. `key`: (name, base64).
    `validates`: what it transferred, before it serves it."""

    program = None  # its name

    def __init__(self, folder, origin, primary_port, key, port=None, validates=True):
        self.validates = validates
        self.folder, self.origin, self.key = folder, origin, key
        self.primary_port, self.port = primary_port, port or free_port()
        folder.mkdir()
        self.configuration = folder / f"{self.program}.conf"
        self.configuration.write_text(self._configuration())
        self.process = Process(self.program, self._command(), folder / f"{self.program}.log")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.process.stop()

    def start(self):
        self.process.start()
        wait_for(lambda: self.serial(answered=True) is not False, f"{self.program} answers")
        return self

    def follow(self, primary_port):
        """Another primary, as an operator does it."""
        self.process.stop()
        self.primary_port = primary_port
        self.configuration.write_text(self._configuration())
        self.start()

    def serial(self, answered=False):
        """The zone's serial; None without the zone. `answered`: False when nothing comes back."""
        assert self.process.running, self.process.log()
        query = dns.message.make_query(self.origin, T.SOA)
        try:
            answer = dns.query.udp(query, "127.0.0.1", 1, self.port)
        except (dns.exception.DNSException, OSError):
            return False if answered else None
        soa = [rrset for rrset in answer.answer if rrset.rdtype == T.SOA]
        return soa[0][0].serial if soa else None


class Nsd(Secondary):
    program = "nsd"

    def validations(self):
        """How many versions ldns-verify-zone has found right, before NSD served them."""
        return len(re.findall(r"verifier for zone .* exited with 0", self.process.log()))

    def _command(self):
        return ["nsd", "-d", "-c", self.configuration]

    def _configuration(self):
        name, secret = self.key
        return f"""server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  pidfile: "{self.folder}/nsd.pid"
  verbosity: 2
verify:
  enable: {"yes" if self.validates else "no"}
  ip-address: 127.0.0.1@{free_port()}
  verify-zones: {"yes" if self.validates else "no"}
  verifier: ldns-verify-zone
  verifier-feed-zone: yes
remote-control:
  control-enable: no
key:
  name: "{name}"
  algorithm: hmac-sha256
  secret: "{secret}"
zone:
  name: "{self.origin}"
  zonefile: "zone"
  allow-notify: 127.0.0.1 NOKEY
  request-xfr: 127.0.0.1@{self.primary_port} "{name}"
  provide-xfr: 127.0.0.1 NOKEY
"""


class Knot(Secondary):
    program = "knotd"

    def validations(self):
        return self.process.log().count("DNSSEC, validation successful")

    def _command(self):
        return ["knotd", "-c", self.configuration]

    def _configuration(self):
        name, secret = self.key
        return f"""server:
  rundir: "{self.folder}"
  listen: 127.0.0.1@{self.port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  tcp-remote-io-timeout: 3600000
log:
  - target: stdout
    any: info
database:
  storage: "{self.folder}"
  journal-db-max-size: 50M
key:
  - id: "{name}"
    algorithm: hmac-sha256
    secret: "{secret}"
remote:
  - id: primary
    address: 127.0.0.1@{self.primary_port}
    key: "{name}"
acl:
  - id: primary-and-test
    address: 127.0.0.1
    action: [notify, transfer]
zone:
  - domain: "{self.origin}"
    master: primary
    acl: primary-and-test
    storage: "{self.folder}"
    dnssec-validation: {"on" if self.validates else "off"}
"""


def axfr(port, origin, key=None, algorithm="hmac-sha256"):
    """AXFR by dig; -> its words."""
    signed = ["-y", f"{algorithm}:{key[0]}:{key[1]}"] if key else []
    done = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), *signed, origin, "AXFR", "+onesoa",
                           "+noall", "+answer", "+comments"],
                          capture_output=True, text=True, timeout=60, errors="replace")
    return done.stdout + done.stderr


def verify_transferred(port, origin, output):
    """What a secondary gives out is right by two validators; -> the number of its records."""
    text = run("dig", "@127.0.0.1", "-p", port, origin, "AXFR", "+onesoa", "+noall", "+answer")
    assert "; Transfer failed" not in text, text[-2000:]
    output.write_text(text)
    run("ldns-verify-zone", output)
    run("kzonecheck", "-d", "on", "-o", origin, output)
    return len(text.splitlines())
