# SPDX-License-Identifier: GPL-2.0-only
"""A zone signed by dnssec-signzone and served by NSD: right answers that owe nothing to us.

The checker's own tests take them as they are (no fault may be found) and spoilt (the fault must
be found).
"""

import base64
import signal
import socket

import dns.flags
import dns.message
import dns.rrset
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from checker import names
from checker.judge import Section
from checker.model import RRset
from processes import Process, free_port, generate_zone, run, wait_for

ORIGIN = "kz."


class ReferenceZone:
    """Keys of its own and any number of signed editions in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.ksk = run("dnssec-keygen", "-q", "-a", "13", "-f", "KSK", ORIGIN, cwd=folder).strip()
        self.zsk = run("dnssec-keygen", "-q", "-a", "13", ORIGIN, cwd=folder).strip()
        run("dnssec-settime", "-P", "sync", "now", self.ksk, cwd=folder)
        self.anchor = folder / f"{self.ksk}.key"
        self._private = _private_key(folder / f"{self.zsk}.private")

    def sign(self, edition):
        plain = generate_zone(self.folder / f"kz.{edition}", "--origin", ORIGIN, "--delegations",
                              400, "--signed", 20, "--longest", 253, "--edition", edition)
        # 253: dnssec-signzone puts *. in front of each name and ends when that is too long.
        run("dnssec-signzone", "-S", "-3", "-", "-H", "0", "-A", "-P", "-o", ORIGIN, "-f",
            f"{plain}.signed", plain, cwd=self.folder)
        return plain

    def sign_again(self, rrset, rrsig):
        """A right signature by the ZSK over whatever `rrset` (checker.model) holds now."""
        head = rrsig.to_wire()[:18] + names.wire(names.key(rrsig.signer))
        message = head + b"".join(
            names.wire(rrset.owner) + rrset.rdtype.to_bytes(2, "big") + b"\0\x01"
            + rrsig.original_ttl.to_bytes(4, "big") + len(rdata).to_bytes(2, "big") + rdata
            for rdata in sorted(rrset.rdatas))
        r, s = utils.decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return rrsig.replace(signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _private_key(path):
    for line in path.read_text().splitlines():
        if line.startswith("PrivateKey:"):
            secret = base64.b64decode(line.split(":")[1])
            return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    raise ValueError(f"{path} holds no private key")


class Nsd:
    """Serves one signed zone until stop()."""

    def __init__(self, folder, zone_file, origin=ORIGIN, address="127.0.0.1", port=None):
        self.address, self.port = address, port or free_port()
        folder.mkdir()
        configuration = folder / "nsd.conf"
        configuration.write_text(f"""server:
  ip-address: {address}@{self.port}
  username: ""
  chroot: ""
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  zonesdir: "{folder}"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {origin}
  zonefile: "{zone_file}.signed"
""")
        self._process = Process("nsd", ["nsd", "-d", "-c", configuration], folder / "log").start()
        wait_for(self._answers, "NSD answers")

    def _answers(self):
        assert self._process.running, self._process.log()
        try:
            socket.create_connection((self.address, self.port), 0.2).close()
            return True
        except OSError:
            return False

    def reload(self):
        """Reads the zone file when it has changed."""
        self._process.signal(signal.SIGHUP)

    def stop(self):
        self._process.stop()


class Draft:
    """A right answer, opened to be spoilt."""

    def __init__(self, wire):
        self.message = dns.message.from_wire(wire, one_rr_per_rrset=True)

    def wire(self):
        return self.message.to_wire(max_size=65535)

    @property
    def sections(self):
        return self.message.answer, self.message.authority, self.message.additional

    def remove(self, chosen):
        """Takes the records out for which chosen(rrset of one record) is true; -> how many."""
        count = 0
        for section in self.sections:
            kept = [r for r in section if not chosen(r)]
            count += len(section) - len(kept)
            section[:] = kept
        assert count, "nothing to take out: the test tests nothing"
        return count

    def change(self, chosen, new_rdata):
        """Puts new_rdata(old) in the place of the first chosen record."""
        for section in self.sections:
            for index, single in enumerate(section):
                if chosen(single):
                    section[index] = dns.rrset.from_rdata(single.name, single.ttl,
                                                          new_rdata(single[0]))
                    return
        raise AssertionError("nothing to change: the test tests nothing")

    def sign_again(self, zone):
        """Makes every RRSIG right again (but for DNSKEY's): faults that no signature shows."""
        for section in self.sections:
            view = Section(section)
            for index, single in enumerate(section):
                if single.rdtype == dns.rdatatype.RRSIG:
                    where = (names.key(single.name), single[0].covers())
                    rrset = view.rrset(where)
                    signed = RRset(rrset.owner, rrset.rdtype, rrset.ttl, rrset.rdatas)
                    section[index] = dns.rrset.from_rdata(
                        single.name, single.ttl, zone.sign_again(signed, single[0]))
