# SPDX-License-Identifier: GPL-2.0-only
"""The validator with a resolver's memory: it finds right what is right, and names what is not."""

import dns.dnssec
import dns.name
import dns.rdatatype as T
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from resolver_memory import Memory, Validator, Version

NOW, HOUR, DAY = 1_800_000_000, 3600, 86400
APEX = dns.name.from_text("kz.")
RSA, ECDSA = 8, 13


class Signer:
    """A key. `flags`: 257 for a KSK."""

    def __init__(self, flags, algorithm=ECDSA):
        self._private = (ec.generate_private_key(ec.SECP256R1()) if algorithm == ECDSA
                         else rsa.generate_private_key(65537, 2048))
        self.dnskey = dns.dnssec.make_dnskey(self._private.public_key(), algorithm, flags)

    def sign(self, rrset, since=NOW - DAY, until=NOW + 30 * DAY):
        return dns.dnssec.sign(rrset, self._private, APEX, self.dnskey, inception=since,
                               expiration=until)


def ds_of(*ksks):
    return Version.of(dns.rrset.from_rdata_list(
        APEX, DAY, [dns.dnssec.make_ds(APEX, ksk.dnskey, "SHA256") for ksk in ksks]))


def dnskeys_of(*keys, by):
    rrset = dns.rrset.from_rdata_list(APEX, HOUR, [key.dnskey for key in keys])
    return Version.of(rrset, [ksk.sign(rrset) for ksk in by])


def data_of(*zsks, text="ns.nic.kz.", ttl=2 * DAY, **times):
    rrset = dns.rrset.from_text(APEX, ttl, "IN", "NS", text)
    return Version.of(rrset, [zsk.sign(rrset, **times) for zsk in zsks])


@pytest.fixture(scope="module")
def keys():
    return {"ksk": Signer(257), "zsk": Signer(256), "next ksk": Signer(257),
            "next zsk": Signer(256), "old ksk": Signer(257, RSA), "old zsk": Signer(256, RSA)}


class World:
    """What one server and the parent give at a time, and what a validator says of all mixes."""

    def __init__(self, late=0):
        self.memory, self.validator = Memory(late), Validator("kz.")

    def give(self, now, *versions, server="ours"):
        for version in versions:
            self.memory.take("parent" if version.rdtype == T.DS else server, version, now)
        return self.validator.bogus(self.memory, now)


def right(keys):
    return (ds_of(keys["ksk"]), dnskeys_of(keys["ksk"], keys["zsk"], by=[keys["ksk"]]),
            data_of(keys["zsk"]))


def test_a_right_zone(keys):
    world = World()
    assert world.give(NOW, *right(keys)) == ""
    assert (world.validator.mixes, world.validator.mixed) == (1, 0)
    assert world.give(NOW + 60, data_of(keys["zsk"], text="ns.example.")) == ""
    assert (world.validator.mixes, world.validator.mixed) == (3, 1)


def test_new_signatures_without_prepublication(keys):
    """The new DNSKEY RRset has both ZSKs; who remembers the old one cannot use the new data."""
    world = World()
    both = dnskeys_of(keys["ksk"], keys["zsk"], keys["next zsk"], by=[keys["ksk"]])
    assert world.give(NOW, *right(keys)) == ""
    assert world.give(NOW + 60, both) == ""
    assert "no valid signature of [13]" in world.give(NOW + 2 * 60, data_of(keys["next zsk"]))


def test_new_signatures_when_the_old_dnskeys_are_forgotten(keys):
    world = World()
    both = dnskeys_of(keys["ksk"], keys["zsk"], keys["next zsk"], by=[keys["ksk"]])
    assert world.give(NOW, *right(keys)) == ""
    assert world.give(NOW + 60, both) == ""
    assert world.give(NOW + 61 + HOUR, data_of(keys["next zsk"])) == ""


@pytest.mark.parametrize("after, bogus", [(HOUR, True), (2 * DAY - 1, True), (2 * DAY + 1, False)])
def test_a_zsk_that_goes(keys, after, bogus):
    """Its signatures are remembered for their TTL from when the last of them was given."""
    world = World()
    both = dnskeys_of(keys["ksk"], keys["zsk"], keys["next zsk"], by=[keys["ksk"]])
    only = dnskeys_of(keys["ksk"], keys["next zsk"], by=[keys["ksk"]])
    world.give(NOW, ds_of(keys["ksk"]), both, data_of(keys["zsk"]))
    assert world.give(NOW + DAY, data_of(keys["next zsk"])) == ""  # given until now
    assert bool(world.give(NOW + DAY + after, only)) == bogus


@pytest.mark.parametrize("after, bogus", [(DAY - 1, True), (DAY + 1, False)])
def test_ds_still_cached(keys, after, bogus):
    """.nz, 2023."""
    world = World()
    both = dnskeys_of(keys["ksk"], keys["next ksk"], keys["zsk"],
                      by=[keys["ksk"], keys["next ksk"]])
    only = dnskeys_of(keys["next ksk"], keys["zsk"], by=[keys["next ksk"]])
    world.give(NOW, ds_of(keys["ksk"]), both, data_of(keys["zsk"]))
    assert world.give(NOW + DAY, ds_of(keys["next ksk"])) == ""
    # Both DNSKEY RRsets are remembered; only the later one is asked about the old DS.
    found = world.give(NOW + DAY + after, only)
    assert ("no trusted signature" in found) == bogus


def test_what_a_late_server_gives(keys):
    late = World(late=600)
    both = dnskeys_of(keys["ksk"], keys["zsk"], keys["next zsk"], by=[keys["ksk"]])
    late.give(NOW, *right(keys))
    late.give(NOW + 60, both)
    assert late.give(NOW + 60 + HOUR + 599, data_of(keys["next zsk"])) != ""


def test_each_algorithm_has_to_sign(keys):
    """One path of trust is there; a resolver that insists on the other one has none."""
    ksks, zsks = [keys["ksk"], keys["old ksk"]], [keys["zsk"], keys["old zsk"]]
    dnskeys = dnskeys_of(*ksks, *zsks, by=ksks)
    assert World().give(NOW, ds_of(*ksks), dnskeys, data_of(*zsks)) == ""
    assert "no valid signature of [8]" in World().give(NOW, ds_of(*ksks), dnskeys,
                                                       data_of(keys["zsk"]))
    by_one = dnskeys_of(*ksks, *zsks, by=[keys["ksk"]])
    assert "no trusted signature of [8]" in World().give(NOW, ds_of(*ksks), by_one, data_of(*zsks))


def test_signatures_of_an_algorithm_without_keys_do_no_harm(keys):
    """The first step of an algorithm roll."""
    ds, dnskeys, _ = right(keys)
    assert World().give(NOW, ds, dnskeys, data_of(keys["zsk"], keys["old zsk"])) == ""


@pytest.mark.parametrize("times", [{"until": NOW - 1}, {"since": NOW + 1, "until": NOW + DAY}])
def test_signatures_out_of_their_time(keys, times):
    ds, dnskeys, _ = right(keys)
    times = {"since": NOW - 2 * DAY, **times}
    assert "no valid signature" in World().give(NOW, ds, dnskeys, data_of(keys["zsk"], **times))


def test_a_signature_over_other_data(keys):
    ds, dnskeys, data = right(keys)
    other = data_of(keys["zsk"], text="ns.example.")
    spoilt = Version(data.owner, data.rdtype, data.ttl, data.rdatas, other.rrsigs)
    assert "no valid signature" in World().give(NOW, ds, dnskeys, spoilt)


def test_no_ds(keys):
    _, dnskeys, data = right(keys)
    none = Version(APEX, T.DS, DAY, frozenset(), frozenset())
    assert "insecure" in World().give(NOW, none, dnskeys, data)


def test_two_servers(keys):
    """What either gives is mixed; who is asked no more is remembered for a while."""
    world = World()
    ds, dnskeys, data = right(keys)
    assert world.give(NOW, ds, dnskeys, data) == ""
    assert world.give(NOW, data_of(keys["next zsk"], ttl=HOUR), server="theirs") != ""
    world.memory.leave("theirs", NOW + 60)
    assert world.give(NOW + 60 + HOUR - 1, data) != ""
    assert world.give(NOW + 60 + HOUR + 1, data) == ""
