# SPDX-License-Identifier: GPL-2.0-only
"""Another operator of the same zone: it is signed by dnssec-signzone and served by NSD."""

import dataclasses

from parents import DS_TTL
from processes import run
from publications import ORIGIN
from reference import Nsd
from tokens import dnskey_of


@dataclasses.dataclass
class Foreign:
    """A key of the other operator: we have its DNSKEY, not its private half."""
    dnskey: object
    id: str = ""


def foreign_key(folder, algorithm, *flags):
    name = run("dnssec-keygen", "-q", "-a", algorithm, *flags, ORIGIN, cwd=folder).strip()
    file = folder / f"{name}.dnskey"
    words = dnskey_of(folder / f"{name}.key").to_text().split()
    file.write_text(f"{ORIGIN} 3600 IN DNSKEY {' '.join(words[:3])} {''.join(words[3:])}\n")
    return Foreign(file)


class OtherOperator:
    """include() takes other DNSKEYs in. `times`: options of dnssec-signzone for its signatures."""

    def __init__(self, folder, zone_file, algorithm="ECDSAP256SHA256", dnskey_ttl=DS_TTL, times=()):
        folder.mkdir()
        self._folder, self._ours = folder, []
        self._plain, self._ttl, self._times = zone_file.read_text(), dnskey_ttl, times
        self._file = folder / "kz.zone"
        self.ksk = foreign_key(folder, algorithm, "-f", "KSK", "-L", dnskey_ttl)
        self.zsk = foreign_key(folder, algorithm, "-L", dnskey_ttl)
        self._sign()
        self._nsd = Nsd(folder / "nsd", self._file)
        self.port = self._nsd.port

    def _sign(self):
        self._file.write_text(self._plain + "".join(
            key.dnskey.read_text().replace(" 3600 ", f" {self._ttl} ") for key in self._ours))
        run("dnssec-signzone", "-q", "-S", "-3", "-", "-H", "0", "-A", "-P", *self._times, "-o",
            ORIGIN, "-f", f"{self._file}.signed", self._file, cwd=self._folder)

    def include(self, *keys):
        self._ours = list(keys)
        self._sign()
        self._nsd.reload()

    def stop(self):
        self._nsd.stop()
