# SPDX-License-Identifier: GPL-2.0-only
"""Two years of a zone, with the policy of .KZ, the real server and its operator's commands."""

import pytest

from simulated_years import DAY, POLICY, Years
from year_operator import Operator, zsk_rolls

TWO_YEARS = 730 * DAY


def spread(instants, begin, dice):
    return sorted(begin + dice.randrange(TWO_YEARS) for _ in range(instants))


@pytest.mark.long
def test_two_years(tmp_path):
    """Catches: whatever makes some mix of what resolvers remember bogus, or an answer SERVFAIL, in
    two years of rolls, emergencies and moves: at every event, a second before what is due, and at
    1,000 random instants."""
    with Years() as zone:
        zone.add_rolling_zone(tmp_path, delegations=40, ttl=2 * DAY, algorithm="RSASHA256")
        operator = Operator(zone)
        operator.move_in()
        begun = zone.now()
        zone.instants = spread(1000, begun, zone.dice)

        def day(number):
            operator.run_for(max(0, begun + number * DAY - zone.now()))
        day(120)
        operator.roll_ksk()
        day(250)
        operator.emergency_zsk()
        day(310)
        operator.roll_ksk(compromised=True)
        day(420)
        operator.roll_algorithm()
        day(735)
        while zsk_rolls(zone) < 24:
            operator.run_for(DAY)
        counters = zone.counters()
        operator.move_out()
        print(zone.counts, f"{zone.validator.mixes} mixes, {zone.validator.mixed} of them with "
              f"something replaced, {zsk_rolls(zone)} ZSK rolls", operator.done)
        assert zsk_rolls(zone) >= 24
        for what in ("move in", "KSK roll", "emergency ZSK roll", "emergency KSK roll",
                     "algorithm roll", "move out"):
            assert operator.done.count(what) == 1
        assert operator.done.count("ceremony") >= 8
        assert zone.counts["instants"] == 1000 and not zone.instants
        assert zone.counts["questions"] > 20_000 and zone.counts["unbound"] > 200
        assert zone.validator.mixes > 15_000 and zone.validator.mixed > 1_000
        assert counters["servfail-unsigned"] == counters["sign-verify-failed"] == 0


def forgetful(policy):
    """Believes that nobody remembers a DS for longer than a minute."""
    ksk = {**policy["keys"]["ksk"], "emergency-postpublish": "PT3H"}
    return {**policy, "keys": {**policy["keys"], "ksk": ksk},
            "parent": {**policy["parent"], "parent-ds-ttl": "PT1M"}}


@pytest.mark.long
@pytest.mark.parametrize("ttl_seen", [60, DAY])
def test_a_wait_left_out_is_found(tmp_path, ttl_seen):
    """Catches a net that catches nothing: the same run with an operator who writes down a TTL of the
    DS that the parent's servers do not give, so that the old KSK goes while its DS is remembered.
    With the right TTL nothing is found."""
    with Years(forgetful(POLICY)) as zone:
        zone.add_rolling_zone(tmp_path, delegations=40, ttl=2 * DAY, algorithm="RSASHA256")
        operator = Operator(zone)
        zone.ds_ttl = ttl_seen
        operator.begin()
        if ttl_seen == DAY:
            return operator.roll_ksk(compromised=True)
        with pytest.raises(AssertionError, match="the DNSKEY RRset has no trusted signature of .8."):
            operator.roll_ksk(compromised=True)
