# SPDX-License-Identifier: GPL-2.0-only
"""A deployment whose server rolls the ZSKs of a key register, by a policy of seconds; and the
ceremonies that its operator holds with `tldctl`."""

import contextlib
import hashlib
import json
import os
import re
import time

from harness import Deployment, ServedZone
from parents import ds_text
from processes import CommandFailed, generate_zone, wait_for
from registry import ZoneText
from tokens import dnskey_of

ORIGIN = "kz."
MAX_TTL = 5  # seconds
POLICY = {
    "algorithm": "ECDSAP256SHA256",
    "signatures": {"sign-delay": "PT10S"},
    "signed-keys": {"dnskey-ttl": "PT1S"},
    "keys": {"publish-safety": "PT1S", "retire-safety": "PT1S",
             "zsk": {"lifetime": "PT40S", "prepublish": "PT5S", "postpublish": "PT20S",
                     "emergency-postpublish": "PT15S"}},
    "zone": {"max-zone-ttl": f"PT{MAX_TTL}S", "zone-propagation-delay": "PT1S", "cache-ttl": "PT1S"},
}


class Rolling(Deployment):
    """`keys`: the ZSKs, in the order of their use; all are listed from the start on."""

    ds_ttl = 2  # that the parent's servers give

    def __init__(self, zsks=2, policy=POLICY, **options):
        super().__init__(settings={"cache-ttl": "1"}, **options)
        self._zsks, self.keys = zsks, []
        self.policy.write_text(json.dumps(policy))  # YAML too
        self.register = self.path / "kz.keys"

    def add_rolling_zone(self, folder, delegations=300, ttl=MAX_TTL, algorithm="ECDSAP256SHA256",
                         signed=40):
        """`ttl`: the longest, as max-zone-ttl in the policy has it."""
        # 253: dnssec-verify puts *. in front of each name
        file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", delegations,
                             "--signed", signed, "--longest", 253, "--max-ttl", ttl)
        self.text = ZoneText(file)
        self.import_zone(ORIGIN, file)
        self.keys = [self.zsk_token.generate(ORIGIN, "zsk", algorithm)
                     for _ in range(self._zsks)]
        self.zones[ORIGIN] = ServedZone(ORIGIN, file, self.keys[0],
                                        self.ksk_token.generate(ORIGIN, "ksk", algorithm),
                                        self.path / "kz.skr", self.path / "kz.anchor")
        for key in (*self.keys, self.zones[ORIGIN].ksk):
            self.enter(key)
        more = [word for key in self.keys[1:] for word in ("--zsk", key.dnskey)]
        self.ceremony(self.zones[ORIGIN], *more)

    def hsmd_configuration(self):
        configuration = super().hsmd_configuration()
        configuration["zones"][0]["keys"] = [key.id for key in self.keys]
        return configuration

    def restart(self, policy):
        """tld-hsmd with the keys of self.keys, the server with another policy."""
        self.server.stop()
        self.hsmd.stop()
        self.socket.unlink(missing_ok=True)
        self.policy.write_text(json.dumps(policy))
        self.start()
        self.wait_until_signed(ORIGIN)

    def configuration(self):
        configuration = super().configuration()
        zone = configuration["zones"][0]
        del zone["zsk"]
        zone.update({"key-register": str(self.register), "tokens": ["primary"]})
        return configuration

    def uses(self):
        """What each ZSK of self.keys is for: signing, warming, leaving, or None."""
        by_id = {key["id"]: key["use"] for key in self.live(ORIGIN).get("zsk", [])}
        return [by_id.get(key.id) for key in self.keys]

    def wait_for_uses(self, *uses, seconds=90):
        wait_for(lambda: self.uses() == list(uses),
                 f"the ZSKs are {uses}\n{self.uses()}\n{self.server.log()}", seconds)

    def wait_until_settled(self):
        """No publication for a while: secondaries have been brought the new signatures."""
        seen, since = self.live(ORIGIN)["serial"], time.monotonic()
        end = since + 60
        while time.monotonic() - since < 4:
            assert time.monotonic() < end, self.server.log()
            time.sleep(0.2)
            if self.live(ORIGIN)["serial"] != seen:
                seen, since = self.live(ORIGIN)["serial"], time.monotonic()

    def lines(self):
        return [json.loads(line) for line in self.register.read_text().splitlines()]

    def events(self, key):
        """What the register says of the key: event -> time."""
        return {line["event"]: line["time"] for line in self.lines()
                if "event" in line and line["key"] == fingerprint(key)}

    def wait_for_event(self, key, event, seconds=60):
        wait_for(lambda: event in self.events(key),
                 f"{event}\n{self.events(key)}\n{self.server.log()}", seconds)

    # -- what an operator does

    def enter(self, key, *options):
        self.tldctl("keys", "add", "--zone", ORIGIN, "--register", self.register, "--dnskey",
                    key.dnskey, *(("--id", key.id) if key.id else ("--foreign",)), *options)

    def record(self, key, *events, time=None):
        """`events` of that key; or (key, event) pairs, several keys at one moment."""
        pairs = [pair if isinstance(pair, tuple) else (key, pair) for pair in events]
        steps = [word for one, event in pairs
                 for word in ("--event", f"{fingerprint(one)}={event}")]
        ttl = ("--ds-ttl", self.ds_ttl) if any(event == "ds-seen" for _, event in pairs) else ()
        return self.tldctl("keys", "record", "--zone", ORIGIN, "--register", self.register,
                           "--policy", self.policy, *steps, *ttl,
                           *(("--time", time) if time else ()))

    def record_when_allowed(self, key, *events, seconds=60):
        """As an operator who tries again later."""
        def recorded():
            with contextlib.suppress(CommandFailed):
                return self.record(key, *events) or True
        wait_for(recorded, f"{events} is allowed", seconds, pause=0.5)

    def next_steps(self):
        return json.loads(self.tldctl("keys", "next", "--zone", ORIGIN, "--register", self.register,
                                      "--policy", self.policy, "--json"))["next"]

    def request(self, *options, start=None):
        """ksr create for what the register wants from now on; -> the request"""
        request = self.path / "kz.ksr"
        if not start:
            wait_for(lambda: now_text() > self._first_slot(),
                     "KSR-CHAIN-OVERLAP: a request starts after the installed file's first slot")
            start = now_text()
        self.tldctl("ksr", "create", "--zone", ORIGIN, "--policy", self.policy, "--token",
                    self.zsk_token.uri, "--start", start, "--output", request,
                    *(options or ("--register", self.register)), env=self.zsk_token.env)
        return request

    def _first_slot(self):
        """When the installed file's starts."""
        return re.search(r"SignedKeyResponse \S+ (\d{14})",
                         self.zones[ORIGIN].signed_keys.read_text())[1]

    def sign(self, request, ksks, *options, register=True, first=False):
        """ceremony run with these KSKs, by the register that was carried along; -> its file"""
        answer = self.path / "kz.new.skr"
        if register:
            options = ("--register", self.register, *options)
        before = ("--first",) if first else ("--previous", self.zones[ORIGIN].signed_keys)
        ids = [word for ksk in ksks for word in ("--ksk-id", ksk.id)]
        self.tldctl("ceremony", "run", "--zone", ORIGIN, "--policy", self.policy, *before,
                    "--request", request, "--request-sha256",
                    hashlib.sha256(request.read_bytes()).hexdigest(), "--ksk-token",
                    self.ksk_token.uri, *ids, "--output", answer, *options, env=self.ksk_token.env)
        return answer

    def install(self, answer, *options, zsks=None):
        signing = [word for zsk in zsks or [self.zones[ORIGIN].zsk]
                   for word in ("--zsk", zsk.dnskey)]
        return self.tldctl("skr", "import", "--zone", ORIGIN, *signing, "--request",
                           self.path / "kz.ksr", "--register", self.register, "--policy",
                           self.policy, "--install", self.zones[ORIGIN].signed_keys, answer,
                           *options)

    def install_first(self, request, ksks, *options):
        """The zone's first signed-key file."""
        answer = self.sign(request, ksks, *options, first=True)
        self.zones[ORIGIN].signed_keys.unlink()
        self.install(answer, "--first")

    def hold_ceremony(self, ksks, *options, zsks=None, listed=()):
        """Request, ceremony, import. `listed`: options of ksr create in the register's place."""
        self.install(self.sign(self.request(*listed), ksks, *options), *set(options)
                     & {"--ds-at-parent"}, zsks=zsks)


def now_text():
    return time.strftime("%Y%m%d%H%M%S", time.gmtime())


def fingerprint(key):
    return hashlib.sha256(dnskey_of(key.dnskey).to_wire()).hexdigest()


def by_hand(zone, answer):
    """Puts the file where the server reads it, as no operator should."""
    beside = zone.path / "by-hand.skr"
    beside.write_bytes(answer.read_bytes())
    os.replace(beside, zone.zones[ORIGIN].signed_keys)


def ds_of(*keys):
    """As the parent is asked for them."""
    return [ds_text(ORIGIN, dnskey_of(key.dnskey)) for key in keys]
