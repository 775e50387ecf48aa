# SPDX-License-Identifier: GPL-2.0-only
"""Years of a zone in minutes: the real pdns_server, tld-hsmd and tldctl under libfaketime, which
has them all go by one file with the time of day.

The clock jumps, up to a day at a time; after each jump the server is told that it is right
(TLD-CLOCK-ACCEPT, what an operator does with a virtual machine that stood still), looks at its keys
at once, and is let finish what has come due. Only the time of day is faked: Debian's libfaketime
leaves pthread_cond_clockwait() alone, by which C++ waits, so that with a faked monotonic clock each
wait of the server would last for the years that the two clocks differ by.
"""

import calendar
import json
import random
import re
import socket
import time

import dns.message
import dns.name
import dns.rdata
import dns.rdatatype as T

from checker import names
from checker.alone import LoneJudge
from checker.client import Client, Question
from checker.verify import Key, Verifier
from processes import wait_for
from resolver_memory import Memory, Validator, Version, versions_in
from rolling import ORIGIN, Rolling, ds_of
from tokens import dnskey_of
from validators import Unbound

HOUR, DAY = 3600, 86400
DS_TTL = DAY
POLICY = {  # docs/policies/kz.yaml, without its backups
    "algorithm": "RSASHA256",
    "signatures": {"validity": "P30D", "refresh": "P3D", "inception-offset": "PT1H",
                   "sign-delay": "PT6H"},
    "signed-keys": {"span": "P90D", "slot": "P10D", "validity": "P21D", "inception-offset": "P1D",
                    "dnskey-ttl": "PT1H", "cds-digest-types": [2], "hold": "P7D"},
    "keys": {"on-compromise": "replace-then-retire", "publish-safety": "PT1H",
             "retire-safety": "PT1H",
             "zsk": {"lifetime": "P30D", "prepublish": "P7D", "postpublish": "P7D",
                     "emergency-postpublish": "P2DT2H"},
             "ksk": {"lifetime": "unlimited", "prepublish": "P14D", "postpublish": "P14D",
                     "emergency-postpublish": "P7D", "rollover": "double-ksk"}},
    "zone": {"max-zone-ttl": "P2D", "zone-propagation-delay": "PT5M", "cache-ttl": "PT20S",
             "soa-expire": "P2D"},
    "parent": {"parent-ds-ttl": "P1D", "parent-propagation-delay": "PT1H",
               "parent-registration-delay": "P2D"},
}
LATE = 320  # zone-propagation-delay and cache-ttl
LONGEST_JUMP = DAY  # of the three days before its end in which a signature is made anew
OURS, THEIRS = "our server", "their server"


class Parent:
    """Its servers, one of which is an hour behind the other."""

    def __init__(self, *ds):
        self.at = {"the parent's first server": ds, "the parent's second server": ds}

    def versions(self):
        name = dns.name.from_text(ORIGIN)
        for server, ds in self.at.items():
            rdatas = [dns.rdata.from_text("IN", "DS", text) for text in ds]
            yield server, Version(name, T.DS, DS_TTL, frozenset(rdatas), frozenset())


class Years(Rolling):
    """`asked`: whom resolvers ask; nobody at first. `instants`: when samples are taken, beside those
    at what is due."""

    ds_ttl = DS_TTL  # that the operator has seen

    def __init__(self, policy=None, seed=1):
        self.begun = time.time()
        self.clock = None
        super().__init__(zsks=1, policy=policy or POLICY, clock=True)
        self.settings["cache-ttl"] = "20"
        self.server.set_environment(self._by_our_clock(self.server_env))
        self.hsmd.set_environment(self._by_our_clock(self.zsk_token.env))
        self.memory, self.validator = Memory(LATE), Validator(ORIGIN)
        self.parent, self.asked = None, {}  # server -> its port
        self.instants, self.events_seen = [], set()
        self.counts = {"questions": 0, "instants": 0, "events": 0, "stops": 0, "unbound": 0}
        self._steps, self._steps_of, self.dice = [], None, random.Random(seed)
        self._judge = None
        self._offset = 0

    def _by_our_clock(self, env):
        # The server knows a file that has changed by its time: that stays as the disk has it.
        return self.clock.environment({**env, "NO_FAKE_STAT": "1"})

    def tldctl(self, *arguments, env=None):
        return super().tldctl(*arguments, env=self._by_our_clock(env or {}) if self.clock else env)

    # -- time

    def now(self):
        return int(time.time()) + self._offset

    def text_now(self):
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(self.now()))

    def jump(self, to):
        """Never back. The server knows of it when this returns, if it runs."""
        self._offset = max(self._offset, int(to) - int(time.time()))
        self.clock.set(self._offset)
        if self.server.running:
            self.look()

    def run_for(self, seconds):
        self.run_until(self.now() + seconds)

    def run_until(self, end):
        """Stops at random instants and, a second before it and then, when something is due."""
        while self.now() < end:
            now = self.now()
            due = [t for t in (*self.due(), *self.instants[:1], end) if t > now]
            self.stop_at(min(now + LONGEST_JUMP, *due))

    def stop_at(self, instant):
        self.jump(instant)
        self.counts["stops"] += 1
        self.settle()
        while self.instants and self.instants[0] <= self.now():
            self.instants.pop(0)
            self.counts["instants"] += 1
        self.sample()

    def steps(self):
        """tldctl keys next, once for each state of the register."""
        state = self.register.read_text(), self.policy.read_text()
        if self._steps_of != state:
            self._steps_of, self._steps = state, self.next_steps()
        return self._steps

    def due(self):
        """What comes next, a second before and after, and its ZSK's signatures before."""
        times = [parsed(step["time"]) for step in self.steps() if step["time"]]
        return [time + shift for time in times for shift in (-5 * HOUR, -1, 1)]

    # -- the server

    def say(self, words):
        """As pdns_control does, without a process each time."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(20)
            control.connect(str(self.path / "pdns.controlsocket"))
            control.sendall(f"{words}\n".encode())
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def status(self):
        return json.loads(self.say("TLD-STATUS JSON"))

    def look(self):
        """Two looks of the server have ended; the second has begun after the clock was set."""
        first = self.status()["counters"]["looks"]
        for more in (1, 2):
            said = self.say("TLD-CLOCK-ACCEPT")
            assert said.startswith("accepted"), said
            wait_for(lambda m=more: self.status()["counters"]["looks"] >= first + m,
                     f"the server looks\n{self.server.log()[-3000:]}", 60, pause=0.003)

    def settle(self):
        """What is due is done, and changes nothing any more. Each change on the way is sampled."""
        if not self.server.running:
            return
        before, end = None, time.monotonic() + 90
        while (state := self._state()) != before or not self._is_signed() or not self._is_warm():
            assert time.monotonic() < end, self.account(f"it does not settle: {state}")
            if before and state[0] != before[0]:
                self.sample()
            before = state
            self.look()

    def _state(self):
        status = self.status()
        zone = status["zones"][0]
        live = zone.get("live", {})
        zsks = [(key["id"], key["use"], key["signatures"] == key["signatures-wanted"])
                for key in live.get("zsk", [])]
        return (zsks, self.register.read_text(), live.get("publication"),
                zone.get("roll-waits-for"), status["counters"]["sign-requests"])

    def _is_warm(self):
        """Nothing waits for the signatures of a ZSK that is to take over; within sign-delay of its
        roll they are there."""
        zone = self.status()["zones"][0]
        if "signatures are made" in zone.get("roll-waits-for", ""):
            return False
        coming = any(step["what"] == "ZSK roll" and step["time"]
                     and 0 < parsed(step["time"]) - self.now() <= 5 * HOUR for step in self.steps())
        return not coming or any(key["use"] == "warming" for key in zone["live"]["zsk"])

    def _is_signed(self):
        """Also anew, what has less than its refresh point left."""
        live = self.status()["zones"][0].get("live")
        if not live:
            return True
        if any(key["signatures"] < key["signatures-wanted"] for key in live["zsk"]
               if key["use"] != "leaving"):
            return False
        found = re.search(r"tld_rrsig_earliest_expiration_timestamp_seconds\{[^}]*\} ([0-9.e+]+)",
                          self.say("TLD-METRICS"))
        leaving = any(key["use"] == "leaving" for key in live["zsk"])
        return leaving or (found and float(found.group(1)) > self.now() + 2 * DAY)

    # -- what resolvers see

    def questions(self):
        secure = self.text.delegations(ORIGIN, True)
        insecure = self.text.delegations(ORIGIN, False)
        asked = [(ORIGIN, "DNSKEY"), (ORIGIN, "SOA"), (ORIGIN, "NS"), (secure[0], "DS"),
                 (secure[1], "DS"), (f"www.{secure[2]}", "A"), (f"www.{insecure[0]}", "A"),
                 (f"not-there.{ORIGIN}", "A")]
        dice = self.dice.randrange(10 ** 9)
        once = [(f"x{dice}.{ORIGIN}", "A"), (insecure[dice % len(insecure)], "DS"),
                (secure[dice % len(secure)], "DS")]
        return [(Question("years", dns.name.from_text(n), T.from_text(t)), kept)
                for several, kept in ((asked, True), (once, False)) for n, t in several]

    def sample(self):
        """Asks, remembers, and tries every mix of what is remembered. What is asked once only is
        judged by itself: nobody knows until when it was given out unchanged."""
        if not self.asked:
            return
        now = self.now()
        for server, version in self.parent.versions():
            self.memory.take(server, version, now)
        for server, port in self.asked.items():
            with Client("127.0.0.1", port, 10.0) as client:
                for question, kept in self.questions():
                    self._take(server, *client.ask(question), kept, now)
        bogus = self.validator.bogus(self.memory, now)
        assert not bogus, self.account(bogus)
        self._see_events()

    def _take(self, server, question, wire, kept, now):
        self.counts["questions"] += 1
        faults, _ = self.judge().judge(question, wire)
        assert not faults, self.account(f"{server}: {question}: {', '.join(map(str, faults))}")
        if kept:
            for version in versions_in(dns.message.from_wire(wire)):
                self.memory.take(server, version, now)

    def judge(self):
        """Signatures by any key that the zone ever had; by which it must be, the mixes show."""
        lines = self.register.read_text()
        if self._judge is None or self._judge[0] != lines.count("\n"):
            keys = [Key(dnskey_of(file).to_wire()) for file in self.dnskey_files()]
            self._judge = lines.count("\n"), LoneJudge(Verifier(names.from_text(ORIGIN), keys),
                                                       self.now)
        return self._judge[1]

    def dnskey_files(self):
        return [*self.zsk_token.folder.glob("*.dnskey"), *self.ksk_token.folder.glob("*.dnskey"),
                *self.path.glob("other-*/*.dnskey")]

    def _see_events(self):
        """Another validator finds the zone secure after each event."""
        events = {f"{line['key'][:8]}={line['event']}" for line in self.lines() if "event" in line}
        events |= {f"{server} {sorted(ds)}" for server, ds in self.parent.at.items()}
        if events == self.events_seen:
            return
        self.counts["events"] += len(events - self.events_seen)
        self.note(sorted(line.split("=")[-1] for line in events - self.events_seen))
        self.events_seen = events
        anchor = self.path / "years.anchor"
        ds = next(iter(self.parent.at.values()))
        anchor.write_text("".join(f"{ORIGIN} {DS_TTL} IN DS {text}\n" for text in ds))
        for server, port in self.asked.items():
            with Unbound(self.path / "unbound", ORIGIN, port, anchor,
                         date=self.text_now()) as resolver:
                for name, rdtype in ((ORIGIN, T.SOA),
                                     (self.text.delegations(ORIGIN, True)[0], T.DS)):
                    found = self._resolved(resolver, name, rdtype)
                    self.counts["unbound"] += 1
                    assert found == ("NOERROR", True), self.account(
                        f"{server}, {name}: {found}\n{resolver.log_file.read_text()[-2000:]}")

    @staticmethod
    def _resolved(resolver, name, rdtype):
        for _ in range(5):  # an Unbound that has waited in vain on a busy machine says SERVFAIL too
            found = resolver.ask(name, rdtype, timeout=30)
            if found[0] != "SERVFAIL" or "validation failure" in resolver.log_file.read_text():
                break
        return found

    def note(self, what):
        """For who waits for the test, and for the account of what failed."""
        day = (self.now() - self.begun) / DAY
        with open(self.path / "years.log", "a", encoding="ascii") as log:
            log.write(f"{time.strftime('%T')} day {day:.2f} {what} {self.counts}\n")

    def account(self, what):
        uses = self.status()["zones"] if self.server.running else "stopped"
        day = (self.now() - self.begun) / DAY
        return (f"{time.strftime('%F %T', time.gmtime(self.now()))}, day {day:.2f}: {what}\n"
                f"the parent: {self.parent.at}\n{uses}\n"
                f"{self.register.read_text()[-6000:]}\n{self.server.log()[-4000:]}")

    def stop_asking(self, server):
        self.memory.leave(server, self.now())
        del self.asked[server]

    # -- the parent

    def publish_ds(self, *ksks):
        """Asked for now; at one of its servers two days later, at the other an hour after that."""
        self.run_for(2 * DAY)
        for server, delay in zip(self.parent.at, (HOUR, 0)):
            self.parent.at[server] = tuple(ds_of(*ksks))
            self.sample()
            self.run_for(delay)


def parsed(text):
    """YYYYMMDDHHMMSS -> seconds since 1970"""
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%S"))
