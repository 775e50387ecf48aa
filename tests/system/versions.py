# SPDX-License-Identifier: GPL-2.0-only
"""A registry that changes a thousand names a second, so that each message tells which version of a
name it shows: the number of the change stands in the name servers and in the digest of the DS."""

import dataclasses
import random
import threading
import time

import dns.name
import dns.rdatatype as T

from registry import quoted

ORIGIN = "kz."
PARTS = 1000  # the number is written with two name servers: its thousands and the rest
OWN = "SELECT id, name FROM delegation AS d WHERE name NOT LIKE '%.%.%.' AND id % 23 = 0 AND NOT " \
      "EXISTS (SELECT 1 FROM nameserver AS n JOIN host AS h ON h.id = n.host_id WHERE " \
      "n.delegation_id = d.id AND h.name LIKE '%.kz.')"
FIRST_OWN_ID = 1 << 40  # of delegations that the writer adds


@dataclasses.dataclass(frozen=True)
class State:
    """What change number `number` has made of a name."""
    number: int
    name: str
    state: str  # secure, insecure or absent


def high_host(number):
    return f"h{number // PARTS}.versions.example."


def low_host(number):
    return f"l{number % PARTS}.versions.example."


def number_of(ns_rdatas):
    """The number of the change that an NS RRset (canonical RDATA) is of; None: of none of ours."""
    parts = {}
    for rdata in ns_rdatas:
        labels = dns.name.from_wire(rdata, 0)[0].labels
        if labels[1:2] != (b"versions",):
            return None
        parts[labels[0][:1]] = int(labels[0][1:])
    if parts.keys() != {b"h", b"l"} or len(ns_rdatas) != 2:
        return -1  # two versions in one RRset
    return parts[b"h"] * PARTS + parts[b"l"]


def digest_of(number):
    return f"{number:064x}"


def number_of_digest(rdata):
    return int.from_bytes(rdata[4:], "big")


class Writer:
    """Commits `rate` changes a second for `seconds`, `at_once` in a transaction. Use as a context
    manager, which waits for the end."""

    def __init__(self, database, rate, seconds, at_once=20, seed=1):
        self._client, self._database = database.client(), database
        self._rate, self._seconds, self._at_once = rate, seconds, at_once
        self._dice = random.Random(seed)
        self._thread, self._error = threading.Thread(target=self._guard), None
        self._ids, self.journal, self.took = {}, {}, 0.0  # journal: number -> State
        self.absent = set()  # names that were not there at some time
        self._prepare()

    def _prepare(self):
        self._ids = {name: int(number) for number, name in self._database.sql(OWN)}
        self.names = sorted(self._ids)  # that were or are delegated
        hosts = ([high_host(PARTS * n) for n in range(PARTS)]
                 + [low_host(n) for n in range(PARTS)])
        for at in range(0, len(hosts), 200):
            self._database.sql("INSERT INTO host (zone_id, name) SELECT id, v.n FROM zone, ("
                               + " UNION ALL ".join(f"SELECT {quoted(h)} AS n"
                                                    for h in hosts[at:at + 200]) + ") AS v")
        self._hosts = {name: number for number, name in self._database.sql(
            "SELECT id, name FROM host WHERE name LIKE '%.versions.example.'")}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        self._client.kill()
        if self._error:
            raise self._error

    @property
    def running(self):
        return self._thread.is_alive()

    def recent(self, count):
        """Names that were changed lately, the last one first."""
        last = len(self.journal) - 1
        return [self.journal[n].name for n in range(last, max(-1, last - count), -1)]

    def _guard(self):
        try:
            begin = time.monotonic()
            while (now := time.monotonic() - begin) < self._seconds:
                if len(self.journal) < now * self._rate:
                    self._commit(self._chosen())
                else:
                    time.sleep(0.002)
            self.took = time.monotonic() - begin
        except Exception as error:  # shown by the thread of the test
            self._error = error

    def _chosen(self):
        """-> [State], of different names."""
        number, states = len(self.journal), {}
        while len(states) < self._at_once:
            what = self._dice.choices(("secure", "insecure", "new", "absent"), (40, 30, 15, 15))[0]
            name = f"new{number + len(states)}.kz." if what == "new" else self._dice.choice(self.names)
            if name in states:
                continue
            if name not in self._ids and what == "absent":
                what = "insecure"
            if what == "new":
                what = self._dice.choice(("secure", "insecure"))
            states[name] = State(number + len(states), name, what)
        return list(states.values())

    def _commit(self, states):
        added = [s for s in states if s.state != "absent" and s.name not in self._ids]
        for state in added:
            self._ids[state.name] = FIRST_OWN_ID + state.number
            self.names.append(state.name)
        self.absent.update(s.name for s in added)
        self.absent.update(s.name for s in states if s.state == "absent")
        for state in states:  # before the commit: it may be asked about at once
            self.journal[state.number] = state
        self._client.execute(self._script(states, added))
        for state in states:
            if state.state == "absent":
                del self._ids[state.name]  # the name may come back, as a new delegation

    def _script(self, states, added):
        of = {s: str(self._ids[s.name]) for s in states}
        old = [of[s] for s in states if s not in added]
        there = [s for s in states if s.state != "absent"]
        secure = [s for s in states if s.state == "secure"]
        parts = [f"DELETE FROM {table} WHERE delegation_id IN ({', '.join(old)})"
                 for table in ("nameserver", "ds") if old]
        gone = [of[s] for s in states if s.state == "absent"]
        if gone:
            parts.append(f"DELETE FROM delegation WHERE id IN ({', '.join(gone)})")
        for ttl, group in ((3600, secure), ("NULL", [s for s in there if s not in secure])):
            if group:
                parts.append(f"UPDATE delegation SET ds_ttl = {ttl} WHERE id IN ("
                             + ", ".join(of[s] for s in group) + ")")
        if added:
            parts.insert(0, "INSERT INTO delegation (id, zone_id, name, ns_ttl) VALUES " + ", ".join(
                f"({of[s]}, (SELECT id FROM zone), {quoted(s.name)}, 3600)" for s in added))
        parts.append("INSERT INTO nameserver VALUES " + ", ".join(
            f"({of[s]}, {self._hosts[host(s.number)]})" for s in there
            for host in (high_host, low_host)))
        if secure:
            parts.append("INSERT INTO ds VALUES " + ", ".join(
                f"({of[s]}, {s.number % 65536}, 13, 2, '{digest_of(s.number)}')" for s in secure))
        return "BEGIN; " + "; ".join(parts) + "; COMMIT;"


class Witness:
    """Whether what messages show was ever so, and goes forward."""

    def __init__(self, writer):
        self._writer, self._last = writer, {}

    def faults(self, facts):
        """-> what is wrong about the version that a message shows, as text."""
        if not facts.qname[-1:] == (b"kz",) or len(facts.qname) < 2:
            return []
        cut = facts.qname[-2:]
        name = dns.name.Name(cut + (b"",)).to_text()
        ns, ds = facts.rdatas(T.NS, cut), facts.rdatas(T.DS, cut)
        if facts.kind == "nxdomain":
            return [] if name in self._writer.absent or b"no-such" in cut[0] else ["it is there"]
        of_ds = {number_of_digest(rdata) for rdata in ds}
        ours = {number for number in of_ds if number < 1 << 32}  # others are the first zone file's
        number = number_of(ns) if ns else min(ours, default=None)
        if ds and of_ds != {number} and (number is not None or ours):
            return [f"NS of change {number} with DS of changes {of_ds}"]
        return self._of_number(name, number, bool(ds))

    def _of_number(self, name, number, has_ds):
        if number is None:
            return []
        known = self._writer.journal.get(number)
        if known is None or known.name != name or known.state != ("secure" if has_ds else "insecure"):
            return [f"change {number} was {known}, shown with{'' if has_ds else 'out'} DS"]
        if self._last.get(name, -1) > number:
            return [f"change {number} after change {self._last[name]}"]
        self._last[name] = number
        return []
