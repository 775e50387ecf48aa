# SPDX-License-Identifier: GPL-2.0-only
"""What a registry's operator does in years: a ceremony a quarter, ZSKs made when the plan wants them,
rolls of the KSK and of the algorithm, emergencies, a move in and a move out. Each step with the
commands of docs/; one that is refused is tried again half a day later."""

import json
import time

from other_operator import OtherOperator
from processes import CommandFailed, wait_for
from rolling import ORIGIN, ds_of, fingerprint
from simulated_years import DAY, HOUR, OURS, POLICY, THEIRS, Parent, parsed

BEFORE_THE_END = 20 * DAY  # of the slots: time for the next ceremony


def in_days(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


class Operator:
    def __init__(self, zone):
        self.zone = zone
        self.ksks, self.options, self.covered_until = [], (), None
        self.done = []

    # -- time

    def when_allowed(self, attempt, days=90):
        end = self.zone.now() + days * DAY
        while True:
            try:
                return attempt()
            except CommandFailed as refused:
                assert self.zone.now() < end, self.zone.account(str(refused))
                self.zone.note(refused.output.strip()[:300])
            self.run_for(DAY // 2)

    def run_for(self, seconds):
        """With its ceremonies."""
        end = self.zone.now() + seconds
        while self.zone.now() < end:
            if self.covered_until and self.zone.now() > self.covered_until - BEFORE_THE_END:
                self.next_quarter()
            self.zone.run_for(min(end - self.zone.now(), DAY))

    def record(self, *pairs):
        self.when_allowed(lambda: self.zone.record(None, *pairs))
        if self.zone.server.running:
            self.zone.settle()
        self.zone.sample()

    # -- ceremonies

    def request(self, *when):
        """With as many new ZSKs as the schedule lacks."""
        zone, request = self.zone, self.zone.path / "kz.ksr"
        made = 0
        while True:
            try:
                out = zone.tldctl("ksr", "create", "--zone", ORIGIN, "--policy", zone.policy,
                                  "--token", zone.zsk_token.uri, *when, "--output", request,
                                  "--register", zone.register, "--json", env=zone.zsk_token.env)
                break
            except CommandFailed as refused:
                assert "SCHEDULE-KEYS" in refused.output and made < 8, str(refused)
                self.new_zsk()
                made += 1
        if made:
            self.restart_hsmd()
        return request, parsed(json.loads(out)["first_start"])

    def new_zsk(self):
        zone = self.zone
        algorithm = json.loads(zone.policy.read_text())["algorithm"]
        while True:
            key = zone.zsk_token.generate(ORIGIN, "zsk", algorithm)
            try:
                zone.enter(key)
                break
            except CommandFailed as refused:  # one in some hundreds
                assert "KEY-TAG-USED" in refused.output, str(refused)
                key.dnskey.unlink()
        zone.keys.append(key)
        return key

    def restart_hsmd(self):
        zone = self.zone
        zone.write_configuration()
        zone.hsmd.stop()
        zone.socket.unlink(missing_ok=True)
        zone.start_hsmd()
        if zone.server.running:
            wait_for(lambda: zone.status()["tokens"][0]["logged-in"], "tld-hsmd is there again", 60)

    def ceremony(self, *when):
        """From now on, if nothing else is said."""
        zone = self.zone
        request, start = self.request(*(when or ("--start", zone.text_now())))
        answer = zone.sign(request, self.ksks, *self.options)
        zone.install(answer, zsks=self.signing())
        self.covered_until = start + 90 * DAY
        self.done.append("ceremony")
        if zone.server.running:
            zone.settle()
            zone.sample()

    def next_quarter(self):
        """Goes on where the slots of the file in use end."""
        self.when_allowed(lambda: self.ceremony("--after", self.zone.zones[ORIGIN].signed_keys))

    def signing(self):
        zone = self.zone
        if not zone.server.running:
            return [zone.keys[0]]
        return [key for key, use in zip(zone.keys, zone.uses()) if use == "signing"]

    # -- KSKs

    def new_ksk(self):
        zone = self.zone
        algorithm = json.loads(zone.policy.read_text())["algorithm"]
        ksk = zone.ksk_token.generate(ORIGIN, "ksk", algorithm)
        zone.enter(ksk)
        return ksk

    def change_ds(self, comes, goes):
        self.record((comes, "ds-submitted"), (goes, "ds-withdrawn"))
        self.zone.publish_ds(comes)
        self.record((comes, "ds-seen"), (goes, "ds-gone"))

    def roll_ksk(self, compromised=False):
        """Double-KSK."""
        old, = self.ksks
        if compromised:
            self.record((old, "compromised"))
        new = self.new_ksk()
        self._announce(old, new)
        self.when_allowed(self.ceremony)
        self.until_event(new, "activated")
        self.change_ds(new, old)
        self._only(new)
        self.when_allowed(self.ceremony)
        self.until_event(old, "removed")
        self.done.append("emergency KSK roll" if compromised else "KSK roll")

    def _announce(self, old, new):
        self.ksks, self.options = [old, new], ("--announce", old.id)

    def _only(self, ksk):
        self.ksks, self.options = [ksk], ()

    def until_event(self, key, event, days=60):
        end = self.zone.now() + days * DAY
        while event not in self.zone.events(key):
            assert self.zone.now() < end, self.zone.account(f"{event} never comes")
            self.run_for(DAY // 2)

    # -- ZSKs and the algorithm

    def emergency_zsk(self):
        """The spare takes over; the stolen key leaves the signed keys as soon as it may."""
        stolen, = self.signing()
        self.record((stolen, "compromised"))
        self.until_event(stolen, "signatures-gone")
        self.when_allowed(self.ceremony)
        self.until_event(stolen, "removed")
        self.done.append("emergency ZSK roll")

    def roll_algorithm(self, to="ECDSAP256SHA256"):
        """RFC 6781 section 4.1.4."""
        zone, old_ksk = self.zone, self.ksks[0]
        policy = {**POLICY, "algorithm": to}
        old_zsk, = self.signing()
        new_zsks = [zone.zsk_token.generate(ORIGIN, "zsk", to) for _ in range(2)]
        zone.keys += new_zsks
        zone.restart(policy)
        for key in new_zsks:
            zone.enter(key)
        ksk = self.new_ksk()
        self.until_event(new_zsks[0], "signed-all")
        self._announce(old_ksk, ksk)
        self.when_allowed(self.ceremony)
        self.until_event(ksk, "activated")
        self.change_ds(ksk, old_ksk)
        self._only(ksk)
        self.when_allowed(self.ceremony)
        self.until_event(old_zsk, "signatures-gone")
        self.when_allowed(self.ceremony)  # ZSKs roll again
        self.done.append("algorithm roll")

    def begin(self):
        """A zone of ours, with its DS at the parent since long."""
        zone = self.zone
        self.ksks = [zone.zones[ORIGIN].ksk]
        zone.parent = Parent(*ds_of(*self.ksks))
        zone.start()
        zone.wait_until_signed(ORIGIN)
        zone.settle()
        self.covered_until = zone.now() + 90 * DAY
        zone.asked = {OURS: zone.port}
        self.record((self.ksks[0], "ds-submitted"))
        self.record((self.ksks[0], "ds-seen"))

    # -- moves

    def other_operator(self, name, algorithm, since, until):
        return OtherOperator(self.zone.path / f"other-{name}", self.zone.zones[ORIGIN].file,
                             algorithm, dnskey_ttl=HOUR,
                             times=("-s", in_days(since), "-e", in_days(until)))

    def known_since_long(self, other):
        """What happened before our register was begun."""
        begun = self.zone.now() - 90 * DAY
        for key in (other.zsk, other.ksk):
            self.zone.enter(key, "--time", in_days(begun))
        events = [(other.zsk, "published"), (other.zsk, "activated"), (other.zsk, "signed-all"),
                  (other.ksk, "published"), (other.ksk, "activated"), (other.ksk, "ds-submitted"),
                  (other.ksk, "ds-seen")]
        for number, (key, event) in enumerate(events, 1):
            self.zone.record(key, event, time=in_days(begun + number * 10 * DAY))

    def move_in(self):
        zone = self.zone
        zsk, ksk = zone.keys[0], zone.zones[ORIGIN].ksk
        other = self.other_operator("before", "RSASHA256", zone.now() - DAY, zone.now() + 200 * DAY)
        try:
            self._move_in_from(other, zsk, ksk)
        finally:
            other.stop()
        self.done.append("move in")

    def _move_in_from(self, other, zsk, ksk):
        zone = self.zone
        zone.parent = Parent(*ds_of(other.ksk))
        self.known_since_long(other)
        zone.asked = {THEIRS: other.port}
        zone.sample()
        other.include(zsk)
        self.record((zsk, "published"))
        self.record((ksk, "ds-submitted"))
        zone.publish_ds(other.ksk, ksk)
        self.record((ksk, "ds-seen"))
        self.when_allowed(lambda: self._take_over_from(other, zsk, ksk))
        zone.asked[OURS] = zone.port  # the parent's NS change
        self.ksks = [ksk]
        self.run_for(3 * DAY)
        zone.stop_asking(THEIRS)
        self.record((other.zsk, "signatures-gone"), (other.ksk, "signatures-gone"))
        self.record((other.ksk, "ds-withdrawn"))
        zone.publish_ds(ksk)
        self.record((other.ksk, "ds-gone"))
        self.when_allowed(self.ceremony)
        self.until_event(other.zsk, "removed")

    def _take_over_from(self, other, zsk, ksk):
        """The hand-over, with our server's first signed keys."""
        zone = self.zone
        zone.record(None, (zsk, "activated"), (other.zsk, "retired"), (ksk, "published"),
                    (ksk, "activated"), (other.ksk, "retired"), (other.ksk, "removed"))
        zone.install_first(zone.request("--zsk", zsk.dnskey, "--zsk", other.zsk.dnskey, "--foreign",
                                        other.zsk.dnskey, start=zone.text_now()), [ksk], "--foreign",
                           other.zsk.dnskey)
        self.covered_until = zone.now() + 90 * DAY
        zone.start()
        zone.wait_until_signed(ORIGIN)
        zone.settle()

    def move_out(self):
        zone = self.zone
        other = self.other_operator("after", "ECDSAP256SHA256", zone.now() - DAY,
                                    zone.now() + 300 * DAY)
        try:
            self._move_out_to(other)
        finally:
            other.stop()
        self.done.append("move out")

    def _move_out_to(self, other):
        zone, (ksk,) = self.zone, self.ksks
        for key in (other.zsk, other.ksk):
            zone.enter(key)
        self.options = ("--foreign", other.zsk.dnskey)
        self.when_allowed(self.ceremony)
        self.until_event(other.zsk, "published")
        other.include(*self.coming_and_going())  # our ZSK may roll before the hand-over
        self.record((other.ksk, "published"))
        self.record((other.ksk, "ds-submitted"))
        zone.publish_ds(ksk, other.ksk)
        self.record((other.ksk, "ds-seen"))
        zsk = self.when_allowed(lambda: self._hand_over_to(other, ksk))
        zone.sample()
        zone.asked[THEIRS] = other.port
        self.run_for(3 * DAY)
        zone.stop_asking(OURS)
        zone.server.stop()
        self.covered_until = None
        self.record((zsk, "signatures-gone"), (ksk, "signatures-gone"))
        self.record((ksk, "ds-withdrawn"))
        zone.publish_ds(other.ksk)
        self.record((ksk, "ds-gone"))
        self.run_for(10 * DAY)

    def _hand_over_to(self, other, ksk):
        """-> the ZSK that was handed over from"""
        zsk, = self.signing()
        self.zone.record(None, (other.zsk, "activated"), (zsk, "retired"), (other.ksk, "activated"),
                         (ksk, "retired"))
        return zsk

    def coming_and_going(self):
        """Our ZSKs that are published."""
        events = {key.id: self.zone.events(key) for key in self.zone.keys}
        return [key for key in self.zone.keys
                if "published" in events[key.id] and "removed" not in events[key.id]]


def zsk_rolls(zone):
    """Of our ZSKs, by the server: one activated and the one before, not compromised, retired."""
    ours = {fingerprint(key) for key in zone.keys}
    happened = {}
    for line in zone.lines():
        if line.get("key") in ours and "event" in line:
            happened.setdefault(line["event"], {})[line["key"]] = line["time"]
    retired = {time for key, time in happened.get("retired", {}).items()
               if key not in happened.get("compromised", {})}
    return sum(1 for time in happened.get("activated", {}).values() if time in retired)
