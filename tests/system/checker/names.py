# SPDX-License-Identifier: GPL-2.0-only
"""Names as tuples of lower-case labels without the root label, and RFC 5155 hashes of them."""

import base64
import hashlib

import dns.name

_TO_HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                          b"0123456789abcdefghijklmnopqrstuv")
_FROM_HEX = bytes.maketrans(b"0123456789abcdefghijklmnopqrstuv",
                            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def key(name):
    """dns.name.Name (absolute) -> tuple."""
    return tuple(label.lower() for label in name.labels[:-1])


def from_text(text):
    return key(dns.name.from_text(text))


def to_name(name):
    return dns.name.Name(name + (b"",))


def to_text(name):
    return to_name(name).to_text()


def wire(name):
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def wire_length(name):
    return sum(len(label) + 1 for label in name) + 1


def at_or_below(name, ancestor):
    return len(ancestor) == 0 or name[-len(ancestor):] == ancestor


def ancestors(name, origin):
    """Strict ancestors of `name` within `origin`, the nearest first, `origin` last."""
    return [name[i:] for i in range(1, len(name) - len(origin) + 1)]


def nsec3_hash(name):
    """RFC 5155 section 5 with no iterations and no salt."""
    return hashlib.sha1(wire(name)).digest()


def hash_label(digest):
    return base64.b32encode(digest).translate(_TO_HEX)


def hashed_owner(digest, origin):
    return (hash_label(digest),) + origin


def hash_of_label(label):
    """The 20 octets that a base32hex label stands for; None when it is no such label."""
    if len(label) != 32:
        return None
    try:
        return base64.b32decode(label.lower().translate(_FROM_HEX))
    except ValueError:
        return None
