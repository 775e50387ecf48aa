# SPDX-License-Identifier: GPL-2.0-only
"""From RSASHA256 to ECDSAP256SHA256 on a running server (RFC 6781 section 4.1.4): new signatures, then
new DNSKEYs, then the DS, then the old DNSKEYs go, then the old signatures."""

import dns.message
import dns.rdatatype as T
import pytest

from ksk_rolls import POLICY, change_ds, must_wait, serving, sign_and_install_when_allowed
from processes import wait_for
from publications import ORIGIN, check_whole

OLD, NEW = "RSASHA256", "ECDSAP256SHA256"


def algorithms(zone, name, rdtype):
    """By which algorithms an answer is signed."""
    _, wire = zone.ask(name, rdtype)
    return {rrsig.algorithm for rrset in dns.message.from_wire(wire).answer
            if rrset.rdtype == T.RRSIG for rrsig in rrset}


def make_new_zsks(zone):
    """In the token, and known to tld-hsmd; the server's policy says the new algorithm from now on."""
    zone.new_zsks = [zone.zsk_token.generate(ORIGIN, "zsk", NEW) for _ in range(2)]
    zone.keys += zone.new_zsks
    zone.restart(POLICY)


@pytest.mark.long
def test_algorithm_rollover(tmp_path):
    """Catches: a DNSKEY of an algorithm by which not everything is signed, signatures that go before
    their DNSKEY is forgotten, SERVFAIL while the zone is signed anew. The resolvers are strict: each
    algorithm of the DS RRset, and of the DNSKEY RRset, must be there (harden-algo-downgrade)."""
    with serving(tmp_path, {**POLICY, "algorithm": OLD}, OLD, make_new_zsks) as zone:
        old_zsk, old_ksk, new_zsk = zone.keys[0], zone.old, zone.new_zsks[0]
        new_ksk = zone.ksk_token.generate(ORIGIN, "ksk", NEW)
        for key in (*zone.new_zsks, new_ksk):
            zone.enter(key)
        zone.wait_for_event(new_zsk, "signed-all")
        assert algorithms(zone, ORIGIN, "SOA") == {8, 13}
        assert algorithms(zone, ORIGIN, "DNSKEY") == {8}
        must_wait(zone, (new_zsk, "published"), (new_ksk, "published"), (new_ksk, "activated"))
        sign_and_install_when_allowed(zone, [old_ksk, new_ksk], "--announce", old_ksk.id,
                                      zsks=[old_zsk, new_zsk])
        zone.wait_for_event(new_ksk, "activated")
        assert algorithms(zone, ORIGIN, "DNSKEY") == {8, 13}
        check_whole(zone)
        change_ds(zone, new_ksk, old_ksk)
        sign_and_install_when_allowed(zone, [new_ksk], zsks=[old_zsk, new_zsk])
        zone.wait_for_event(old_ksk, "removed")
        assert "removed" in zone.events(old_zsk) and "retired" not in zone.events(old_zsk)
        assert algorithms(zone, ORIGIN, "DNSKEY") == {13}
        zone.wait_for_event(old_zsk, "signatures-gone")
        wait_for(lambda: algorithms(zone, ORIGIN, "SOA") == {13}, "the old signatures go")
        check_whole(zone)
        zone.resolvers.must_ask(60)
        counters = zone.counters()
        assert counters["servfail-unsigned"] == counters["sign-verify-failed"] == 0
