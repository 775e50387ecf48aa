# SPDX-License-Identifier: GPL-2.0-only
"""A deployment whose ZSK is in several tokens, and keys made in software to be put there:
`softhsm2-util --import` stands for a token that was restored from another one's backup."""

import base64
import collections
import secrets

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)

from builds import built
from harness import Deployment
from processes import Process, run, sanitizer_environment, wait_for
from tokens import PIN, Key, Token, key_tag

NAMES = ["primary", "reserve", "third"]


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def dnskey_rdata(key):
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return b"\x01\x00\x03\x0d" + point[1:]  # ZSK, protocol 3, algorithm 13 (RFC 6605 section 4)


def keys_of_one_tag(count):
    """Different keys with the same key tag: among some 2,600 keys there are three such."""
    by_tag = collections.defaultdict(list)
    while True:
        key = new_key()
        found = by_tag[key_tag(dnskey_rdata(key))]
        found.append(key)
        if len(found) == count:
            return found


def import_key(token, key, identifier):
    file = token.folder / "imported.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    run("softhsm2-util", "--import", file, "--token", token.label, "--label", identifier, "--id",
        identifier, "--pin", PIN, env=token.env)
    file.unlink()


class Pool(Deployment):
    """One zone, several tokens, one tld-hsmd each. `keys`: what each token holds under the same
    CKA_ID and label, None: nothing; `published`: the key whose DNSKEY is in the zone, the first one's
    unless given.
    """

    def __init__(self, keys, published=None, order="primary-reserve", **options):
        super().__init__(faulty_token=True, settings={"cache-ttl": "0"}, **options)
        self.order, self.names = order, NAMES[:len(keys)]
        self.id = secrets.token_hex(16)
        self.tokens = [self.zsk_token] + [Token(self.path, f"tld-{name}", True)
                                          for name in self.names[1:]]
        self.sockets = [self.socket] + [self.path / f"{name}.sock" for name in self.names[1:]]
        for token, key in zip(self.tokens, keys):
            if key is not None:
                import_key(token, key, self.id)
        hsmd = built("tld-hsmd")
        self.daemons = [self.hsmd] + [
            Process(f"tld-hsmd {name}", [hsmd, "--config", self.path / f"{name}.yaml"],
                    self.path / f"hsmd-{name}.log",
                    {**token.env, **sanitizer_environment(hsmd, self.path)})
            for name, token in zip(self.names[1:], self.tokens[1:])]
        self._published = published or keys[0]
        self.zsk_token.generate = self._known_key

    def _known_key(self, origin, *_):
        file = self.path / "zsk.dnskey"
        text = base64.b64encode(dnskey_rdata(self._published)[4:]).decode()
        file.write_text(f"{origin} 3600 IN DNSKEY 256 3 13 {text}\n")
        return Key(self.id, file)

    def __exit__(self, kind, value, trace):
        try:
            self.server.stop()
            for daemon in self.daemons:
                daemon.stop()
        finally:
            for daemon in self.daemons:
                daemon.kill()
        super().__exit__(kind, value, trace)

    def configuration(self):
        configuration = super().configuration()
        configuration["tokens"] = [{"name": name, "socket": str(socket), "sign-deadline": "PT2S"}
                                   for name, socket in zip(self.names, self.sockets)]
        for zone in configuration["zones"]:
            zone["zsk"] = [{"tokens": self.names, "id": self.id}]
            zone["token-order"] = self.order
        return configuration

    def write_configuration(self, configuration=None, text=None):
        super().write_configuration(configuration, text)
        for name, token, socket in list(zip(self.names, self.tokens, self.sockets))[1:]:
            (self.path / f"{name}.yaml").write_text(yaml.safe_dump(
                {**self.hsmd_configuration(), "token": token.uri, "socket": str(socket)}))

    def start_hsmd(self):
        for number in range(len(self.daemons)):
            self.start_daemon(number)

    def start_daemon(self, number):
        self.daemons[number].start()
        wait_for(self.sockets[number].exists, f"the socket of {self.names[number]}")

    def token_status(self, name):
        return next(t for t in self.status()["tokens"] if t["token"] == name)

    def breaker(self, name):
        return self.token_status(name)["breaker"]
