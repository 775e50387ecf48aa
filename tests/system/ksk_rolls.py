# SPDX-License-Identifier: GPL-2.0-only
"""A zone with its DS at a parent, validators that start from the parent and never stop asking, and
what an operator does in rolls of the KSK and of the algorithm."""

import contextlib

import dns.rdatatype as T
import pytest

from parents import Parent, Resolvers
from processes import CommandFailed, wait_for
from publications import ORIGIN
from rolling import Rolling, ds_of

POLICY = {
    "algorithm": "ECDSAP256SHA256",
    "signatures": {"sign-delay": "PT2S"},
    "signed-keys": {"span": "PT6H", "slot": "PT1H", "validity": "PT3H", "inception-offset": "PT10M",
                    "dnskey-ttl": "PT2S"},
    "keys": {"publish-safety": "PT1S", "retire-safety": "PT1S",
             "zsk": {"lifetime": "P30D", "prepublish": "PT6S", "postpublish": "PT10S",
                     "emergency-postpublish": "PT5S"},
             "ksk": {"prepublish": "PT6S", "postpublish": "PT6S", "emergency-postpublish": "PT5S"}},
    "zone": {"max-zone-ttl": "PT2S", "zone-propagation-delay": "PT1S", "cache-ttl": "PT1S"},
    "parent": {"parent-ds-ttl": "PT2S", "parent-propagation-delay": "PT1S"},
}


def policy(**ksk):
    return {**POLICY, "keys": {**POLICY["keys"], "ksk": {**POLICY["keys"]["ksk"], **ksk}}}


@contextlib.contextmanager
def serving(folder, policy=POLICY, algorithm="ECDSAP256SHA256", prepare=None, **options):
    """A signed zone with its DS at a parent that the resolvers trust; all is in the register.
    `prepare(zone)`: done before the first resolver asks."""
    with Rolling(policy=policy, **options) as zone, contextlib.ExitStack() as stack:
        zone.add_rolling_zone(folder, delegations=60, ttl=2, algorithm=algorithm)
        zone.old = zone.zones[ORIGIN].ksk
        zone.start()
        zone.wait_until_signed(ORIGIN)
        if prepare:
            prepare(zone)
        zone.parent = Parent(folder / "parent", ORIGIN, ds_of(zone.old))
        stack.callback(zone.parent.stop)
        zone.record_when_allowed(zone.old, "ds-submitted")
        zone.record(zone.old, "ds-seen")
        secure = [(name, T.DS) for name in zone.text.delegations(ORIGIN, True)[:20]]
        secure += [(ORIGIN, rdtype) for rdtype in (T.SOA, T.NS, T.DNSKEY, T.TXT)]
        other = [f"{name}-not-there.{ORIGIN}" for name in range(30)]
        zone.resolvers = stack.enter_context(
            Resolvers(zone.path, zone.parent, ORIGIN, [zone.port], secure, other))
        zone.resolvers.must_ask(20)
        yield zone
        zone.resolvers.must_ask(20)


def new_ksk(zone):
    ksk = zone.ksk_token.generate(ORIGIN, "ksk")
    zone.enter(ksk)
    return ksk


def change_ds(zone, comes, goes):
    """The parent is asked, and looked at."""
    zone.record_when_allowed(None, (comes, "ds-submitted"), (goes, "ds-withdrawn"))
    zone.parent.put_ds(*ds_of(comes))
    zone.tldctl("keys", "look-at-parent", "--zone", ORIGIN, "--register", zone.register, "--policy",
                zone.policy, "--trust-anchor", zone.parent.anchor, "--parent-server",
                f"127.0.0.1:{zone.parent.port}", "--record")
    assert "ds-seen" in zone.events(comes) and "ds-gone" in zone.events(goes)


def must_wait(zone, *pairs):
    """These events are refused at the moment of the last one, however slow this machine is."""
    now = max(line["time"] for line in zone.lines() if "event" in line)
    with pytest.raises(CommandFailed) as early:
        zone.record(None, *pairs, time=now)
    assert "KEY-" in early.value.output


def sign_and_install_when_allowed(zone, ksks, *options, zsks=None, listed=(),
                                  seconds=60):
    """As an operator who tries again later."""
    refused = []

    def done():
        try:
            zone.hold_ceremony(ksks, *options, zsks=zsks, listed=listed)
            return True
        except CommandFailed as why:
            refused.append(why.output)
            return False
    try:
        wait_for(done, "the ceremony is allowed", seconds, pause=0.5)
    except AssertionError as late:
        raise AssertionError(f"{late}: {refused[-1:]}") from None
