# SPDX-License-Identifier: GPL-2.0-only
"""A zone moves in from another operator, and out to one, without ever being insecure (RFC 6781 section
4.3.5.1): each has the other's ZSK in its DNSKEY RRset, the parent has both DS, and while name servers
change, resolvers ask both."""

import contextlib
import time

import dns.rdatatype as T
import pytest

from ksk_rolls import POLICY, must_wait, sign_and_install_when_allowed
from other_operator import OtherOperator
from parents import Parent, Resolvers
from processes import CommandFailed, wait_for
from publications import ORIGIN, check_whole
from rolling import Rolling, ds_of


def resolvers(stack, name, zone, *ports):
    secure = [(name, T.DS) for name in zone.text.delegations(ORIGIN, True)[:20]]
    secure += [(ORIGIN, rdtype) for rdtype in (T.SOA, T.NS, T.DNSKEY, T.TXT)]
    other = [f"{number}-not-there.{ORIGIN}" for number in range(30)]
    return stack.enter_context(
        Resolvers(zone.path / name, zone.parent, ORIGIN, list(ports), secure, other))


def known_since_long(zone, other):
    """Enters what happened before the register was begun."""
    begun = time.time() - 3600
    when = lambda minute: time.strftime("%Y%m%d%H%M%S", time.gmtime(begun + 60 * minute))
    for key in (other.zsk, other.ksk):
        zone.enter(key, "--time", when(0))
    events = [(other.zsk, "published"), (other.zsk, "activated"), (other.zsk, "signed-all"),
              (other.ksk, "published"), (other.ksk, "activated"), (other.ksk, "ds-submitted"),
              (other.ksk, "ds-seen")]
    for minute, (key, event) in enumerate(events, 1):
        zone.record(key, event, time=when(minute))


@pytest.mark.long
def test_move_in(tmp_path):
    """Catches: a server that signs, or writes down what it publishes, before anybody asks it; a
    hand-over while somebody remembers DS or DNSKEYs without ours; keys of theirs that go too early."""
    with Rolling(policy=POLICY) as zone, contextlib.ExitStack() as stack:
        zone.add_rolling_zone(tmp_path, delegations=60, ttl=2)
        zsk, ksk = zone.keys[0], zone.zones[ORIGIN].ksk
        other = OtherOperator(tmp_path / "other", zone.zones[ORIGIN].file)
        stack.callback(other.stop)
        zone.parent = Parent(tmp_path / "parent", ORIGIN, ds_of(other.ksk))
        stack.callback(zone.parent.stop)
        known_since_long(zone, other)
        handover = ((zsk, "activated"), (other.zsk, "retired"), (ksk, "published"),
                    (ksk, "activated"), (other.ksk, "retired"), (other.ksk, "removed"))
        with contextlib.ExitStack() as before:
            theirs = resolvers(before, "theirs", zone, other.port)
            theirs.must_ask(10)
            # Our DNSKEYs in their RRset, our DS beside theirs.
            other.include(zsk)
            zone.record(zsk, "published")
            zone.record_when_allowed(ksk, "ds-submitted")
            zone.parent.put_ds(*ds_of(other.ksk, ksk))
            zone.record(ksk, "ds-seen")
            must_wait(zone, *handover)
            theirs.must_ask(20)
        # Our server, with their ZSK in its RRset; nobody asks it yet.
        zone.install_first(zone.request("--zsk", zsk.dnskey, "--zsk", other.zsk.dnskey, "--foreign",
                                        other.zsk.dnskey), [ksk], "--foreign", other.zsk.dnskey)
        zone.start(wait=False)
        wait_for(lambda: zone.ask(ORIGIN, "SOA", timeout=0.5)[0] == "SERVFAIL", "it does not sign")
        assert "activated" not in zone.events(zsk)
        zone.record_when_allowed(None, *handover)
        zone.wait_until_served()
        zone.wait_until_signed(ORIGIN)
        # The parent's NS changes: for a while both are asked.
        both = resolvers(stack, "both", zone, other.port, zone.port)
        both.must_ask(60)
        with pytest.raises(CommandFailed) as early:
            zone.record(other.zsk, "removed")
        assert "KEY-" in early.value.output
        ours = resolvers(stack, "ours", zone, zone.port)
        ours.must_ask(20)
        both.check()
        zone.record(None, (other.zsk, "signatures-gone"), (other.ksk, "signatures-gone"))
        zone.record_when_allowed(other.ksk, "ds-withdrawn")
        zone.parent.put_ds(*ds_of(ksk))
        zone.record(other.ksk, "ds-gone")
        sign_and_install_when_allowed(zone, [ksk], listed=("--zsk", zsk.dnskey))
        zone.wait_for_event(other.zsk, "removed")
        check_whole(zone)
        ours.must_ask(40)


@pytest.mark.long
def test_move_out(tmp_path):
    """Catches: a server that stops to sign while it is still asked, an operator who is let go before
    the other's keys are known everywhere."""
    with Rolling(policy=POLICY) as zone, contextlib.ExitStack() as stack:
        zone.add_rolling_zone(tmp_path, delegations=60, ttl=2)
        zsk, ksk = zone.keys[0], zone.zones[ORIGIN].ksk
        zone.start()
        zone.wait_until_signed(ORIGIN)
        zone.parent = Parent(tmp_path / "parent", ORIGIN, ds_of(ksk))
        stack.callback(zone.parent.stop)
        zone.record_when_allowed(ksk, "ds-submitted")
        zone.record(ksk, "ds-seen")
        other = OtherOperator(tmp_path / "other", zone.zones[ORIGIN].file)
        stack.callback(other.stop)
        ours_asked = stack.enter_context(contextlib.ExitStack())
        ours = resolvers(ours_asked, "ours", zone, zone.port)
        for key in (other.zsk, other.ksk):
            zone.enter(key)
        zone.hold_ceremony([ksk], "--foreign", other.zsk.dnskey)  # in every slot, by the register
        zone.wait_for_event(other.zsk, "published")
        other.include(zsk)
        zone.record(other.ksk, "published")
        zone.record_when_allowed(other.ksk, "ds-submitted")
        zone.parent.put_ds(*ds_of(ksk, other.ksk))
        zone.record(other.ksk, "ds-seen")
        handover = ((other.zsk, "activated"), (zsk, "retired"), (other.ksk, "activated"),
                    (ksk, "retired"))
        must_wait(zone, *handover)
        zone.record_when_allowed(None, *handover)
        with contextlib.ExitStack() as changing:
            both = resolvers(changing, "both", zone, other.port, zone.port)
            both.must_ask(60)
            ours.must_ask(20)
            assert zone.uses()[0] == "signing" and "signatures-gone" not in zone.events(zsk)
        ours_asked.close()
        zone.server.stop()
        theirs = resolvers(stack, "theirs", zone, other.port)
        theirs.must_ask(20)
        zone.record(None, (zsk, "signatures-gone"), (ksk, "signatures-gone"))
        zone.record_when_allowed(ksk, "ds-withdrawn")
        zone.parent.put_ds(*ds_of(other.ksk))
        theirs.must_ask(40)
