# SPDX-License-Identifier: GPL-2.0-only
"""Validators that we did not write: unbound and delv for answers; ldns, BIND and Knot for zones."""

import subprocess

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype as T

from processes import Process, free_port, run, wait_for


class Unbound:
    """A validating resolver that knows one zone, its server and its trust anchor, nothing else.
    `zones`: instead, (zone, port of a server, ...) of several zones. `date`: by which signatures are
    judged, in the place of the true time (YYYYMMDDHHMMSS)."""

    def __init__(self, folder, origin, server_port, anchor, zones=(), date=None):
        self.port = free_port()
        self.log_file = folder / "unbound.log"
        self._origin = origin
        folder.mkdir(exist_ok=True)
        configuration = folder / "unbound.conf"
        configuration.write_text(f"""server:
  interface: 127.0.0.1
  port: {self.port}
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/unbound.log"
  verbosity: 1
  val-log-level: 2
  module-config: "validator iterator"
  trust-anchor-file: "{anchor}"
  do-not-query-localhost: no
  do-ip6: no
  qname-minimisation: no
  harden-algo-downgrade: yes
  access-control: 127.0.0.0/8 allow
  unblock-lan-zones: yes
  insecure-lan-zones: no
  aggressive-nsec: no
  {f'val-override-date: "{date}"' if date else ""}
{_no_local_zones()}
remote-control:
  control-enable: no
{"".join(_stub(*zone) for zone in zones or [(origin, server_port)])}""")
        run("unbound-checkconf", configuration)
        self._process = Process("unbound", ["unbound", "-d", "-c", configuration],
                                folder / "unbound.err")

    def __enter__(self):
        self._process.start()
        wait_for(self._answers, "unbound answers")
        return self

    def __exit__(self, *_):
        self._process.stop()

    def _answers(self):
        assert self._process.running, self._process.log()
        try:
            self.ask(self._origin, T.SOA, timeout=1)
            return True
        except dns.exception.DNSException:  # nothing, or our own question
            return False

    def ask(self, name, rdtype, timeout=10):
        """-> (RCODE as text, whether unbound found it secure)."""
        query = dns.message.make_query(name, rdtype, want_dnssec=True, payload=4096)
        answer = dns.query.udp(query, "127.0.0.1", timeout, self.port)
        if answer.flags & dns.flags.TC:
            answer = dns.query.tcp(query, "127.0.0.1", timeout, self.port)
        return dns.rcode.to_text(answer.rcode()), bool(answer.flags & dns.flags.AD)


def _stub(zone, *ports):
    servers = "".join(f"  stub-addr: 127.0.0.1@{port}\n" for port in ports)
    return f'stub-zone:\n  name: "{zone}"\n{servers}  stub-no-cache: no\n'


def _no_local_zones():
    """Unbound answers some names by itself; all of ours are to come from our server."""
    return "".join(f'  local-zone: "{zone}" transparent\n'
                   for zone in ("test.", "onion.", "invalid.", "home.arpa."))


def delv(folder, origin, port, anchor_file, name, rdtype):
    """-> delv's words on an answer."""
    anchors = folder / "delv.anchors"
    words = next(line.split() for line in anchor_file.read_text().splitlines()
                 if "DNSKEY" in line.split() and not line.startswith(";"))
    flags, protocol, algorithm, *key = words[words.index("DNSKEY") + 1:]
    anchors.write_text(f'trust-anchors {{ "{origin}" static-key {flags} {protocol} {algorithm} '
                       f'"{"".join(key)}"; }};\n')
    done = subprocess.run(["delv", "@127.0.0.1", "-p", str(port), "-a", anchors, f"+root={origin}",
                           name, rdtype], capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def transfer(port, origin, output):
    """AXFR by dig; -> number of records. AssertionError when it breaks off."""
    text = run("dig", "@127.0.0.1", "-p", port, origin, "AXFR", "+onesoa", "+noall", "+answer",
               timeout=120)
    assert "; Transfer failed" not in text, text[-2000:]
    output.write_text(text)
    return len(text.splitlines())


def verify_zone(origin, zone_file):
    """The three validators of whole zones; CommandFailed names the one that objects."""
    run("ldns-verify-zone", zone_file)
    run("dnssec-verify", "-q", "-o", origin, zone_file)
    run("kzonecheck", "-d", "on", "-o", origin, zone_file)
