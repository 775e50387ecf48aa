# SPDX-License-Identifier: GPL-2.0-only
"""SoftHSM tokens, each in a folder of its own that only its SOFTHSM2_CONF leads to, and the keys
in them, made with tldctl."""

import dataclasses
import os
import re

import dns.rdata

from builds import built
from processes import run

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "7351"


def dnskey_of(file):
    """The DNSKEY in a file of tldctl key generate."""
    return dns.rdata.from_text("IN", "DNSKEY", file.read_text().split("DNSKEY", 1)[1].strip())


def key_tag(rdata):
    """RFC 4034 appendix B."""
    total = sum(octet << 8 if index % 2 == 0 else octet for index, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


def key_tags(rdata):
    """As it is, and with the REVOKE flag (RFC 5011 section 2.1)."""
    return {key_tag(rdata), key_tag(rdata[:1] + bytes([rdata[1] | 0x80]) + rdata[2:])}


@dataclasses.dataclass
class Key:
    id: str          # CKA_ID, base16
    dnskey: object   # file with its DNSKEY record


class Token:
    """`faulty`: the token is reached through the module that makes it slow, silent or wrong."""

    def __init__(self, folder, label, faulty=False):
        self.folder, self.label = folder / label, label
        (self.folder / "objects").mkdir(parents=True)
        configuration = self.folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.folder}/objects\n"
                                 "objectstore.backend = file\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(configuration)}
        self.control = self.folder / "faults"
        self.pin_file = self.folder / "pin"
        self.set_pin(PIN)
        run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin",
            "00000000", env=self.env)
        self.module = SOFTHSM
        if faulty:
            self.module = built("faulty_pkcs11.so")
            self.env["TLD_FAULTY_PKCS11_CONTROL"] = str(self.control)
            self.env["TLD_FAULTY_PKCS11_MODULE"] = SOFTHSM
            self.faults()

    def set_pin(self, pin, mode=0o600):
        self.pin_file.write_text(pin)
        os.chmod(self.pin_file, mode)

    @property
    def uri(self):
        return self.uri_through(self.module)

    def uri_through(self, module):
        return (f"pkcs11:token={self.label}?module-path={module}"
                f"&pin-source=file:{self.pin_file}")

    def faults(self, *lines):
        """faults("delay-ms 1000"), faults("hang 1"), faults() for none."""
        fresh = self.control.with_suffix(".new")
        fresh.write_text("".join(line + "\n" for line in lines))
        fresh.rename(self.control)

    def generate(self, origin, role, algorithm="ECDSAP256SHA256", *options):
        """A key whose tag no other key of the zone has, in any token of the deployment: one pair in
        20,000 shares one, and registers and ceremonies refuse such keys."""
        name = (origin.rstrip(".") or "root").replace(".", "-")
        taken = set()
        for file in self.folder.parent.rglob("*.dnskey"):
            if file.name.startswith(name + "-") or file.parent == self.folder.parent:
                taken |= key_tags(dnskey_of(file).to_wire())
        for _ in range(20):
            key = self._generate(name, origin, role, algorithm, *options)
            if not taken & key_tags(dnskey_of(key.dnskey).to_wire()):
                return key
            key.dnskey.unlink()
        raise AssertionError("20 keys in a row had a tag of the zone's other keys")

    def _generate(self, name, origin, role, algorithm, *options):
        dnskey = self.folder / f"{name}-{role}-{len(list(self.folder.glob('*.dnskey')))}.dnskey"
        out = run(built("tldctl"), "key", "generate", "--token", self.uri_through(SOFTHSM),
                  "--algorithm", algorithm, "--zone", origin, "--role", role, "--dnskey", dnskey,
                  *options, env=self.env)
        return Key(re.search(r"\b[0-9a-f]{32}\b", out).group(), dnskey)
