# SPDX-License-Identifier: GPL-2.0-only
"""A deployment whose server rolls the ZSKs of a key register, by a policy of seconds."""

import json
import time

from harness import Deployment, ServedZone
from processes import generate_zone, wait_for
from registry import ZoneText

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

    def __init__(self, zsks=2, policy=POLICY, **options):
        super().__init__(settings={"cache-ttl": "1"}, **options)
        self._zsks, self.keys = zsks, []
        self.policy.write_text(json.dumps(policy))  # YAML too
        self.register = self.path / "kz.keys"

    def add_rolling_zone(self, folder, delegations=300):
        # 253: dnssec-verify puts *. in front of each name
        file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", delegations,
                             "--signed", 40, "--longest", 253, "--max-ttl", MAX_TTL)
        self.text = ZoneText(file)
        self.import_zone(ORIGIN, file)
        self.keys = [self.zsk_token.generate(ORIGIN, "zsk") for _ in range(self._zsks)]
        self.zones[ORIGIN] = ServedZone(ORIGIN, file, self.keys[0],
                                        self.ksk_token.generate(ORIGIN, "ksk"),
                                        self.path / "kz.skr", self.path / "kz.anchor")
        for key in self.keys:
            self.tldctl("keys", "add", "--zone", ORIGIN, "--register", self.register, "--dnskey",
                        key.dnskey, "--id", key.id)
        more = [word for key in self.keys[1:] for word in ("--zsk", key.dnskey)]
        self.ceremony(self.zones[ORIGIN], *more)

    def hsmd_configuration(self):
        configuration = super().hsmd_configuration()
        configuration["zones"][0]["keys"] = [key.id for key in self.keys]
        return configuration

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

    def events(self, key):
        """What the register says of the key: event -> time."""
        lines = [json.loads(line) for line in self.register.read_text().splitlines()]
        fingerprint = next(line["key"] for line in lines if line.get("id") == key.id)
        return {line["event"]: line["time"] for line in lines
                if "event" in line and line["key"] == fingerprint}

    def record(self, key, event):
        lines = [json.loads(line) for line in self.register.read_text().splitlines()]
        fingerprint = next(line["key"] for line in lines if line.get("id") == key.id)
        return self.tldctl("keys", "record", "--zone", ORIGIN, "--register", self.register,
                           "--policy", self.policy, "--event", f"{fingerprint}={event}")
