#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes a made-up TLD zone: the same options give the same file, octet for octet.

Beside plain delegations it holds what breaks servers: ENTs above insecure delegations only,
NS sets that thousands share, glue of every kind, hosts of the zone's own, escaped and 63-octet
labels, a name of 255 octets, IDN labels, names that are the NSEC3 hash of others, aliases.
--edition N changes a share of the zone (DS added and removed, other NS and glue, names that come
and go): two editions are two snapshots.
"""

import argparse
import base64
import hashlib
import random
import sys

SETS = 400
SYLLABLES = ("ka", "lo", "mi", "zu", "ter", "al", "qo", "ben", "shi", "ry", "na", "dos")
DEFAULT_CHANGED = 10
BASE32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                            b"0123456789abcdefghijklmnopqrstuv")


class Zone:
    def __init__(self, arguments, out):
        self.arguments, self.write = arguments, out.write
        self.origin = "" if arguments.origin == "." else arguments.origin.rstrip(".") + "."
        self.shared = [self._shared_set(i) for i in range(SETS)]

    def _random(self, *what):
        return random.Random("/".join(map(str, (self.arguments.seed,) + what)))

    def _shared_set(self, index):
        count = 2 + index % 3
        return [f"ns{n + 1}.provider{index}.example." for n in range(count)]

    def full(self, name):
        return f"{name}.{self.origin}"

    def line(self, name, ttl, rdtype, rdata):
        self.write(f"{name}\t{min(ttl, self.arguments.max_ttl)}\tIN\t{rdtype}\t{rdata}\n")

    def apex(self):
        at = self.origin or "."
        serial = self.arguments.serial + self.arguments.edition
        self.write(f"; seed {self.arguments.seed}, edition {self.arguments.edition}\n")
        self.line(at, 3600, "SOA", f"{self.full('a.nic')} {self.full('hostmaster.nic')} "
                  f"{serial} 1800 900 172800 {min(3600, self.arguments.max_ttl)}")
        for server in "abc":
            self.line(at, 172800, "NS", self.full(f"{server}.nic"))
        self.line(at, 3600, "MX", f"10 {self.full('mail.nic')}")
        self.line(at, 3600, "TXT", '"a zone made up for tests" "second; string"')
        for index, server in enumerate("abc"):
            self.line(self.full(f"{server}.nic"), 172800, "A", f"192.0.2.{index + 1}")
            self.line(self.full(f"{server}.nic"), 172800, "AAAA", f"2001:db8::{index + 1}")

    def hosts(self):
        edition = self.arguments.edition
        self.line(self.full("mail.nic"), 3600, "A", "192.0.2.25")
        self.line(self.full("whois.nic"), 3600, "A", f"192.0.2.{43 + edition % 2}")
        self.line(self.full("whois.nic"), 3600, "TXT", '"quote \\" backslash \\\\ octet \\200"')
        self.line(self.full("www.nic"), 3600, "CNAME", self.full("whois.nic"))
        self.line(self.full("away.nic"), 3600, "CNAME", "www.provider0.example.")
        self.line(self.full("again.nic"), 3600, "CNAME", self.full("www.nic"))
        self.line(self.full("gone.nic"), 3600, "CNAME", self.full("no-such-host.nic"))
        self.line(self.full("below.nic"), 3600, "CNAME", self.full("www.shared-glue"))
        self.line(self.full("_dns._tcp.deep.nic"), 3600, "SRV", f"0 0 53 {self.full('a.nic')}")
        for index in range(10):
            self.line(self.full(f"host{index}.infra"), 3600, "A", f"198.51.100.{index}")

    def specials(self):
        """Names that need care; the odd ones are secure and insecure in turn."""
        self.delegate("a.b.c-insecure-only", secure=False)
        self.delegate("x.y.z-insecure-only", secure=False)
        self.delegate("a.b.c-secure-below", secure=True)
        odd = [r"dot\.in\.label", r"back\\slash", r"space\032and\009tab", r"octets\200\255",
               r"semi\;colon\"quote\@at", "l" * 63, "xn--80aaxgrpt", "xn--" + "q" * 59]
        for index, name in enumerate(odd):
            self.delegate(name, secure=index % 2 == 0)
        for index, name in enumerate(("infra", "whois.nic", "a.nic")):
            self.delegate(self._hashed(name), secure=index != 1)
        for index in range(2):
            self.delegate(self._longest(str(index)), secure=index == 0)

    def _hashed(self, name):
        """The label of another name's NSEC3: anybody can register it."""
        labels = self.full(name).rstrip(".").split(".")
        wire = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
        return base64.b32encode(hashlib.sha1(wire).digest()).translate(BASE32HEX).decode()

    def _longest(self, mark):
        """A name of --longest octets with the origin."""
        room = self.arguments.longest - max(1, len(self.origin) + 1)
        labels = []
        while room > 64 + 1:
            labels.append("w" * 63)
            room -= 64
        if room > 64:  # one octet would be left over
            labels.append("w" * 31)
            room -= 32
        return ".".join([mark * (room - 1)] + labels)

    def delegate(self, name, secure, servers=None, ttl=3600):
        owner = self.full(name)
        for server in servers or self.shared[len(name) % SETS]:
            self.line(owner, ttl, "NS", server)
        if secure:
            self._ds(owner, self._random("ds", name))

    def _ds(self, owner, dice):
        for _ in range(1 + (dice.random() < 0.2)):
            algorithm = dice.choice((8, 13, 13, 15))
            if dice.random() < 0.9:
                digest = f"2 {dice.getrandbits(256):064x}"
            else:
                digest = f"4 {dice.getrandbits(384):096x}"
            self.line(owner, 3600, "DS", f"{dice.randrange(65536)} {algorithm} {digest}")

    def _label(self, index, dice):
        return "".join(dice.choices(SYLLABLES, k=2)) + f"{index:x}"

    def plain(self, index):
        """Delegation `index`. One generator each, so that editions differ where they should."""
        dice = self._random("d", index)
        label = self._label(index, dice)
        secure = dice.random() * 100 < self.arguments.signed
        style = dice.random()
        if self._changes(index):
            what = index % 4
            secure = not secure if what == 0 else secure
            style = (style + 0.5) % 1 if what == 1 else style
            if what == 2:
                return  # a name that comes and goes
        self._styled(label, index, secure, style, dice)

    def _changes(self, index):
        edition = self.arguments.edition
        if not edition:
            return False
        return self._random("change", edition, index).random() * 100 < self.arguments.changed

    def _styled(self, label, index, secure, style, dice):
        """Most share their NS set; the rest have hosts of their own."""
        owner = self.full(label)
        moved = 100 if self._changes(index) and index % 4 == 3 else 0
        if style < 0.80:
            self.delegate(label, secure, self.shared[int(style * 500) % SETS])
        elif style < 0.90:  # hosts below the cut
            hosts = [f"ns{n}.{owner}" for n in (1, 2)]
            self.delegate(label, secure, hosts + self.shared[0][:1])
            self._addresses(hosts, dice, moved)
        elif style < 0.93:  # its own name is a host
            self.delegate(label, secure, [owner] + self.shared[1][:1])
            self._addresses([owner], dice, moved)
        elif style < 0.96:  # a sibling's host, and one of the zone's own
            sibling = self.full("shared-glue")
            self.delegate(label, secure, [f"ns{index % 4}.{sibling}", self.full("a.nic")])
        elif style < 0.98:  # below an ENT of its own
            self.delegate(f"x.ent-{label}", secure, self.shared[2])
        else:  # many hosts: the referral does not fit 512 octets
            hosts = [f"long-name-of-a-name-server-{n}.{owner}" for n in range(8)]
            self.delegate(label, secure, hosts)
            self._addresses(hosts, dice, moved)

    def _addresses(self, hosts, dice, moved):
        for host in hosts:
            address = dice.getrandbits(16)
            self.line(host, 3600, "A", f"203.0.{address >> 8}.{(address + moved) & 255}")
            if dice.random() < 0.7:
                self.line(host, 3600, "AAAA", f"2001:db8:1::{address:x}")

    def sibling_glue(self):
        hosts = [f"ns{n}.{self.full('shared-glue')}" for n in range(4)]
        self.delegate("shared-glue", False, hosts)
        self._addresses(hosts, self._random("sibling"), 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origin", default="test.", help="any name, . for the root (test.)")
    parser.add_argument("--delegations", type=int, default=1000)
    parser.add_argument("--signed", type=float, default=10, help="per cent with DS (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serial", type=int, default=2026010100)
    parser.add_argument("--edition", type=int, default=0, help="0, or another state of the zone")
    parser.add_argument("--changed", type=float, default=DEFAULT_CHANGED,
                        help="per cent of the delegations that another edition changes (10)")
    parser.add_argument("--longest", type=int, default=255,
                        help="octets of the longest names (255; dnssec-signzone ends at 253)")
    parser.add_argument("--plain", action="store_true", help="without the names that need care")
    parser.add_argument("--max-ttl", type=int, default=172800,
                        help="no TTL and SOA minimum is above it (172800)")
    parser.add_argument("--output", help="file (standard output)")
    return parser.parse_args()


def generate(options, out):
    zone = Zone(options, out)
    zone.apex()
    zone.hosts()
    if not options.plain:
        zone.specials()
    zone.sibling_glue()
    for index in range(options.delegations):
        zone.plain(index)


def main():
    options = arguments()
    if options.output is None:
        generate(options, sys.stdout)
        return
    with open(options.output, "w", encoding="ascii") as out:
        generate(options, out)


if __name__ == "__main__":
    main()
