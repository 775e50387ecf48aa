# SPDX-License-Identifier: GPL-2.0-only
"""A deployment whose ZSK is made in one token and brought into the second one as an operator does
it: wrapping key in shares, key generate, export, import, prove-backup."""

import json

from builds import built
from pools import Pool
from processes import run
from tokens import SOFTHSM, Key

SO_PIN = "00000000"  # of tokens.py
POLICY = "algorithm: ECDSAP256SHA256\nkeys:\n  backup: required\n  wrappable: yes\n"


def at(token, *arguments):
    """A command of tldctl at a token. -> its JSON"""
    return json.loads(run(built("tldctl"), *arguments, "--json", env=token.env))


def key_at(token, command, *arguments):
    return at(token, "key", command, "--token", token.uri_through(SOFTHSM), *arguments)


def install_wrapping_keys(folder, *tokens):
    """The same one in all, brought in shares."""
    shares = folder / "wrapping"
    run(built("tldctl"), "key", "wrapping-key", "split", "--threshold", 2, "--count", 3, "--prefix",
        shares)
    for token in tokens:
        pin = token.folder / "so.pin"
        pin.write_text(SO_PIN)
        pin.chmod(0o600)
        uri = token.uri_through(SOFTHSM).replace(str(token.pin_file), str(pin))
        at(token, "key", "wrapping-key", "install", f"{shares}.1", f"{shares}.3", "--verifier",
           f"{shares}.verifier", "--so-token", uri)
        assert not pin.exists()


class BackedUp(Pool):
    def __init__(self, **options):
        super().__init__([None, None], **options)
        self.policy.write_text(POLICY)
        self.register = self.path / "kz.keys"
        self.dnskey, self.wrapped = self.path / "kz-zsk.dnskey", self.path / "kz-zsk.wrapped"
        self.zsk_token.generate = self._generate

    def configuration(self):
        """By the register: with `zsk` nothing would say that the backup was proved."""
        configuration = super().configuration()
        zone = configuration["zones"][0]
        del zone["zsk"]
        zone.update({"key-register": str(self.register), "tokens": self.names})
        return configuration

    def add_zone(self, origin, zone_file):
        zone = super().add_zone(origin, zone_file)
        register = ("--zone", origin, "--register", self.register)
        ksk = json.loads(self.tldctl("keys", "add", *register, "--dnskey", zone.ksk.dnskey, "--id",
                                     zone.ksk.id, "--json"))["key"]
        self.tldctl("keys", "record", *register, "--event", f"{ksk}=backup-proved",
                    "--backup-token", "the-vaults")
        return zone

    def serial(self, token):
        return key_at(token, "list")["serial"]

    def _generate(self, origin, *_):
        primary, reserve = self.tokens
        install_wrapping_keys(self.path, *self.tokens)
        made = key_at(primary, "generate", "--algorithm", "ECDSAP256SHA256", "--zone", origin,
                      "--role", "zsk", "--dnskey", self.dnskey, "--policy", self.policy)
        self.id = made["id"]
        self.tldctl("keys", "add", "--zone", origin, "--register", self.register, "--dnskey",
                    self.dnskey, "--id", self.id)
        which = ("--zone", origin, "--dnskey", self.dnskey)
        key_at(primary, "export", *which, "--output", self.wrapped)
        key_at(reserve, "import", self.wrapped, *which)
        key_at(reserve, "prove-backup", *which, "--primary", self.serial(primary), "--register",
               self.register)
        return Key(self.id, self.dnskey)
