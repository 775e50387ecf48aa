# SPDX-License-Identifier: GPL-2.0-only
"""Rows that no registry should write, as plain SQL: each is refused by the database or set aside with
its reason, and the zone goes on as if it were not there."""

import collections
import json
import re
import time

import pytest

import hostile_rows as h
import registry as r
from processes import wait_for
from publications import ORIGIN, check, check_whole, rcodes, says_waiting, serving

# Kinds of rows are 34 that the database takes and 15 that it refuses: 100,000 rows in all.
AMOUNTS = pytest.mark.parametrize("taken, refused", [
    (20, 20), pytest.param(2500, 1000, marks=pytest.mark.long)])


def as_shown(name):
    """As tldctl's JSON has it: what is no UTF-8 is replaced."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return re.sub("\ufffd+", "\ufffd", text)


def waiting(deployment, *options):
    return deployment.tldctl("zone", "waiting", "--store", deployment.store, "--zone", ORIGIN,
                             "--limit", 10**6, *options)


def set_aside(deployment):
    """-> {name: reason}, of all that are."""
    return {as_shown(row["name"]): row["reason"]
            for row in json.loads(waiting(deployment, "--json"))["set-aside"]}


class Attack:
    """Writes the rows, a batch of each kind in turn, and counts what the database refused."""

    def __init__(self, deployment, store):
        self._deployment, self._store, self.sql = deployment, store, h.Sql(store)
        insecure, secure = (deployment.text.delegations(ORIGIN, s)[0] for s in (False, True))
        self.taken = (h.names_that_are_none() + h.ds_that_are_none()
                      + h.referrals_that_lead_nowhere() + h.other_records(insecure))
        self.refused = h.refused_rows(secure)
        self.rows, self.refused_rows = 0, 0
        self.expected = {}  # name: (kind, part of the reason)

    def write(self, kind, numbers):
        names = {i: self.sql.text(kind.name(i)) for i in numbers}
        before = []
        if kind.is_refused(self._store):
            rows = [statement for i, name in names.items()
                    for statement in kind.rows({i: name}, self.sql)[:1]]
            assert len(rows) == len(names)
        else:
            before, rows = kind.before(names), kind.rows(names, self.sql)
            for i in names:
                self.expected[as_shown(kind.name(i))] = kind.label, kind.reason
        refused = self._deployment.store_database.attempt(before + rows)
        assert refused == (rows if kind.is_refused(self._store) else []), (
            f"{kind.label}: the database took {len(rows) - len(refused)} of {len(rows)} statements; "
            f"of those refused: {refused[:1]}")
        self.rows += len(names)
        self.refused_rows += len(refused)

    def write_huge(self):
        for name, statements in h.huge(self.sql).items():
            refused = self._deployment.store_database.attempt(statements)
            self.rows += 1
            if refused:
                self.refused_rows += 1
            else:
                self.expected[name] = "huge", ""

    def batches(self, taken, refused):
        """-> (kind, numbers), the kinds in turn."""
        for first in range(0, max(taken, refused), h.ROWS_AT_ONCE):
            for kinds, count in ((self.taken, taken), (self.refused, refused)):
                numbers = range(first, min(count, first + h.ROWS_AT_ONCE))
                yield from ((kind, numbers) for kind in kinds if numbers)


def missing(attack, aside):
    return {name: of for name, of in attack.expected.items()
            if name not in aside or of[1] not in aside[name] or not aside[name]}


def play_apex_tricks(deployment, attack):
    for label, (statements, name, undo) in h.apex_tricks(attack.sql).items():
        assert deployment.store_database.attempt(statements) == [], label
        wait_for(lambda: set_aside(deployment).get(name), f"{label} is set aside")
        check(deployment, ORIGIN, "nic.kz.", count=20)
        assert deployment.store_database.attempt(undo) == [], label
        wait_for(lambda: name not in set_aside(deployment), f"{label} is taken back")


def go_live(deployment, name, within):
    deployment.sql(r.delegate(name) + r.add_ds(name, 1, h.GOOD_DIGEST))
    begin = time.monotonic()
    wait_for(lambda: rcodes(deployment, (f"www.{name}", "A")) == ["NOERROR"], f"{name} is live",
             within)
    deployment.text.add(name, "NS", *r.SHARED)
    deployment.text.add(name, "DS", f"1 13 2 {h.GOOD_DIGEST}")
    check(deployment, name)
    return time.monotonic() - begin


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@AMOUNTS
def test_hostile_rows(tmp_path, store, taken, refused):
    """Catches a row that goes live, is dropped without a word, stops the publications, or makes the
    honest ones wait."""
    with serving(tmp_path, store=store, publish_interval="PT0S") as deployment:
        deployment.command_timeout = 600
        attack = Attack(deployment, store)
        check(deployment)
        batches = list(attack.batches(taken, refused))
        for number, (kind, numbers) in enumerate(batches):
            attack.write(kind, numbers)
            if number == len(batches) // 2:
                attack.write_huge()
                seconds = [go_live(deployment, "honest.kz.", 15)]
            if number % 16 == 0:
                check(deployment, count=30)
        play_apex_tricks(deployment, attack)
        last_name = list(attack.expected)[-1]
        wait_for(lambda: last_name in set_aside(deployment), "all is looked at", 120, pause=0.5)
        seconds.append(go_live(deployment, "honest-too.kz.", 5))
        aside = set_aside(deployment)
        shown(attack, aside, seconds)
        wrong = missing(attack, aside)
        assert not wrong, [(name, of, aside.get(name)) for name, of in list(wrong.items())[:50]]
        assert len(aside) == len(attack.expected), set(aside) - set(attack.expected)
        assert attack.rows == attack.refused_rows + len(aside)
        lines = waiting(deployment).split("\n")  # a name cannot forge a line, or steer a terminal
        assert len(lines) == len(aside) + 1 and all(line.isprintable() for line in lines)
        assert not says_waiting(deployment)
        check(deployment, "many-servers.kz.", "loop0.kz.", "behind0.kz.", "nic.kz.", count=300)
        check_whole(deployment)


def shown(attack, aside, seconds):
    kinds = collections.Counter(kind for kind, _ in attack.expected.values())
    print(f"{attack.rows} rows: {attack.refused_rows} refused by the database, {len(aside)} names "
          f"set aside, of {len(kinds)} kinds; honest changes live after "
          + ", ".join(f"{s:.2f} s" for s in seconds))
