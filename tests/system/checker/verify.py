# SPDX-License-Identifier: GPL-2.0-only
"""RRSIG verification, RFC 4034 section 3.1.8.1, written against python3-cryptography."""

import hashlib
import struct

import dns.rdatatype as T
import dns.rdata
import dns.rdataclass
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from . import names

RSASHA256, ECDSAP256SHA256 = 8, 13


def key_tag(rdata):
    """RFC 4034 appendix B."""
    total = sum(octet << 8 if i % 2 == 0 else octet for i, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


class Key:
    def __init__(self, rdata):
        self.rdata = rdata
        self.flags, self.protocol, self.algorithm = struct.unpack("!HBB", rdata[:4])
        self.tag = key_tag(rdata)
        self._public = self._load(rdata[4:])

    @property
    def is_sep(self):
        return bool(self.flags & 1)

    def _load(self, octets):
        if self.algorithm == ECDSAP256SHA256:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + octets)
        if self.algorithm == RSASHA256:
            length, start = octets[0], 1
            if length == 0:
                length, start = struct.unpack("!H", octets[1:3])[0], 3
            exponent = int.from_bytes(octets[start:start + length], "big")
            modulus = int.from_bytes(octets[start + length:], "big")
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        raise ValueError(f"algorithm {self.algorithm} is none of ours")

    def verify(self, message, signature):
        try:
            if self.algorithm == ECDSAP256SHA256:
                if len(signature) != 64:
                    return False
                pair = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                                  int.from_bytes(signature[32:], "big"))
                self._public.verify(pair, message, ec.ECDSA(hashes.SHA256()))
            else:
                self._public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return True
        except InvalidSignature:
            return False


def keys_of_file(path):
    """DNSKEY records in a file of zone-file lines -> Keys."""
    keys = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split(";")[0].split()
            if "DNSKEY" in words:
                text = " ".join(words[words.index("DNSKEY") + 1:])
                keys.append(Key(dns.rdata.from_text(dns.rdataclass.IN, T.DNSKEY, text).to_wire()))
    if not keys:
        raise ValueError(f"{path} holds no DNSKEY record")
    return keys


class Verifier:
    """Checks RRSIGs made by a zone's keys. Pairs that were right once are remembered."""

    def __init__(self, origin, keys):
        self.origin = origin
        self._keys = keys
        self._right = set()

    def signature_is_right(self, rrset, rrsig):
        """`rrset`: owner, rdtype, rdatas (canonical octets); `rrsig`: dnspython's RRSIG."""
        head = rrsig.to_wire(origin=None)[:18] + names.wire(names.key(rrsig.signer))
        message = head + b"".join(
            names.wire(rrset.owner) + struct.pack("!HHIH", rrset.rdtype, 1, rrsig.original_ttl,
                                                  len(rdata)) + rdata
            for rdata in sorted(rrset.rdatas))
        mark = hashlib.sha256(message).digest() + rrsig.signature
        if mark in self._right:
            return True
        right = any(key.verify(message, rrsig.signature) for key in self._candidates(rrsig))
        if right:
            self._right.add(mark)
        return right

    def has_key_for(self, rrsig):
        return bool(self._candidates(rrsig))

    def _candidates(self, rrsig):
        return [key for key in self._keys
                if key.tag == rrsig.key_tag and key.algorithm == rrsig.algorithm
                and key.flags & 0x0100 and key.protocol == 3]
