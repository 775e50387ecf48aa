# SPDX-License-Identifier: GPL-2.0-only
"""kzonesign with keys in a SoftHSM token, and dnssec-verify over what it has signed."""

import time

from processes import run
from tokens import PIN, SOFTHSM

CONFIGURATION = """
server:
  rundir: {folder}
database:
  storage: {folder}
keystore:
  - id: token
    backend: pkcs11
    config: "pkcs11:token={label};pin-value={pin} {module}"
policy:
  - id: bench
    manual: on
    keystore: token
    algorithm: {algorithm}
    nsec3: on
    nsec3-opt-out: on
    nsec3-iterations: 0
    nsec3-salt-length: 0
    signing-threads: {threads}
zone:
  - domain: {origin}
    storage: {folder}
    file: {file}
    dnssec-signing: on
    dnssec-policy: bench
"""


class KnotSigner:
    """The ZSK is `zsk`, of our own server's; the KSK another key of its token."""

    def __init__(self, folder, origin, zone_file, token, zsk, algorithm, threads):
        self.folder, self.origin, self._token = folder, origin, token
        folder.mkdir()
        self.configuration = folder / "knot.conf"
        self.configuration.write_text(CONFIGURATION.format(
            folder=folder, label=token.label, pin=PIN, module=SOFTHSM, algorithm=algorithm,
            threads=threads, origin=origin, file=zone_file))
        ksk = token.generate(origin, "ksk", algorithm)
        for key, role in ((zsk, "zsk"), (ksk, "ksk")):
            run("keymgr", "-c", self.configuration, origin, "import-pkcs11", key.id,
                f"algorithm={algorithm}", f"ksk={'yes' if role == 'ksk' else 'no'}",
                f"zsk={'yes' if role == 'zsk' else 'no'}", env=token.env)

    def sign_and_verify(self, timeout=1200):
        """-> seconds of kzonesign, of dnssec-verify"""
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        begin = time.monotonic()
        run("kzonesign", "-c", self.configuration, "-o", out, self.origin, env=self._token.env,
            timeout=timeout)
        signed = time.monotonic()
        file = next(out.iterdir())
        run("dnssec-verify", "-z", "-o", self.origin, file, timeout=timeout)
        return signed - begin, time.monotonic() - signed
