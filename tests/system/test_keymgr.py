# SPDX-License-Identifier: GPL-2.0-only
"""Ceremonies shared with Knot DNS: requests and answers go to and from the real keymgr, in its
dialect. keymgr validate-skr exits with 0 whatever it finds: what it prints is what counts."""

import datetime
import re
import subprocess

import pytest

from builds import built
from processes import CommandFailed, run
from tokens import Token

DAY = datetime.timedelta(days=1)

# keymgr signs from an hour and a half before a slot on, for rrsig-lifetime from its start.
POLICY = """\
algorithm: ECDSAP256SHA256
signed-keys: {span: P30D, slot: P10D, validity: P21DT1H30M, inception-offset: PT1H30M,
              dnskey-ttl: PT1H, cds-digest-types: [none]}
"""

CONFIGURATION = """\
server:
    rundir: "{folder}"
database:
    storage: "{folder}/db"
policy:
  - id: offline
    manual: on
    offline-ksk: on
    algorithm: ECDSAP256SHA256
    dnskey-ttl: 3600
    zone-max-ttl: 3600
    propagation-delay: 3600
    ksk-lifetime: 0
    zsk-lifetime: 30d
    rrsig-lifetime: 21d
    rrsig-refresh: 7d
    cds-cdnskey-publish: none
zone:
  - domain: kz.
    dnssec-signing: on
    dnssec-policy: offline
"""


class Keymgr:
    """A key database of Knot's own."""

    def __init__(self, folder):
        (folder / "db").mkdir(parents=True)
        self.configuration = folder / "knot.conf"
        self.configuration.write_text(CONFIGURATION.format(folder=folder))

    def __call__(self, *arguments):
        """-> stdout; stderr too in .said"""
        done = subprocess.run(["keymgr", "-c", self.configuration, "kz.", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.said = done.stdout + done.stderr
        assert done.returncode == 0, self.said
        return done.stdout

    def accepts(self, skr):
        self("validate-skr", skr)
        return "error" not in self.said


@pytest.fixture
def ours(tmp_path):
    class Ours:
        policy = tmp_path / "policy.yaml"
        zsks = Token(tmp_path, "zsk")
        ksks = Token(tmp_path, "ksk")

        def tldctl(self, token, *arguments):
            return run(built("tldctl"), *arguments, env=token.env, timeout=60)

        def sign(self, request, output, *options):
            words = ("ceremony", "run", "--zone", "kz.", "--policy", self.policy, "--request",
                     request, "--ksk-token", self.ksks.uri, "--ksk-id", self.ksk.id, "--output",
                     output, "--first", *options)
            sha256 = run("sha256sum", request).split()[0]
            return self.tldctl(self.ksks, *words, "--request-sha256", sha256)

    ours = Ours()
    ours.policy.write_text(POLICY)
    ours.zsk = ours.zsks.generate("kz.", "zsk")
    ours.ksk = ours.ksks.generate("kz.", "ksk")
    return ours


def headers(text):
    return [int(t) for t in re.findall(r"^;; SignedKeyResponse 1\.0 (\d+) ", text, re.M)]


def test_their_request_signed_here(ours, tmp_path):
    """Catches a signed-key file that keymgr does not take, or that has gaps where Knot's slots are
    longer than ours."""
    keymgr = Keymgr(tmp_path / "knot")
    keymgr("generate", "ksk=no", "zsk=yes", "algorithm=ECDSAP256SHA256")
    keymgr("pregenerate", "+30d")
    request, answer = tmp_path / "kz.ksr", tmp_path / "kz.skr"
    request.write_text(keymgr("generate-ksr", "+0", "+40d"))
    ours.sign(request, answer, "--dialect", "knot")
    assert keymgr.accepts(answer), keymgr.said
    keymgr("import-skr", answer)
    shown = keymgr("show-offline")
    text = answer.read_text()
    times = headers(text)
    assert shown.count("Offline records for") == len(times) >= 5
    assert all(0 < b - a <= 10 * 86400 for a, b in zip(times, times[1:]))
    assert shown.count("RRSIG DNSKEY") == shown.count("RRSIG") == len(times)


def test_keymgr_sees_what_is_wrong(ours, tmp_path):
    """Catches a test that trusts an exit code: the same file with one signature altered."""
    keymgr = Keymgr(tmp_path / "knot")
    keymgr("generate", "ksk=no", "zsk=yes", "algorithm=ECDSAP256SHA256")
    request, answer = tmp_path / "kz.ksr", tmp_path / "kz.skr"
    request.write_text(keymgr("generate-ksr", "+0", "+10d"))
    ours.sign(request, answer, "--dialect", "knot")
    text = answer.read_text()
    signature = re.search(r"RRSIG DNSKEY .* (\S+)$", text, re.M)
    at = signature.start(1) + 8
    answer.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
    assert not keymgr.accepts(answer)


def test_our_request_signed_there(ours, tmp_path):
    """Catches a request that keymgr reads otherwise than it was meant, and an answer of Knot's that
    the server would not take."""
    keymgr = Keymgr(tmp_path / "knot")
    times = (f"{event}=-2d" for event in ("created", "publish", "ready", "active"))
    keymgr("generate", "ksk=yes", "zsk=no", "algorithm=ECDSAP256SHA256", *times)
    request, knots = tmp_path / "kz.ksr", tmp_path / "kz.knot.ksr"
    answer, installed = tmp_path / "kz.knot.skr", tmp_path / "kz.skr"
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d000000")
    for file, dialect in ((request, "ours"), (knots, "knot")):
        ours.tldctl(ours.zsks, "ksr", "create", "--zone", "kz.", "--policy", ours.policy, "--zsk",
                    ours.zsk.dnskey, "--token", ours.zsks.uri, "--start", today, "--output", file,
                    "--dialect", dialect)
    answer.write_text(keymgr("sign-ksr", knots))
    imported = ("skr", "import", "--zone", "kz.", "--zsk", ours.zsk.dnskey, "--request", request,
                "--install", installed, "--first", "--dialect", "knot", "--policy", ours.policy)
    ours.tldctl(ours.zsks, *imported, answer)
    text = installed.read_text()
    assert text.startswith(";; policy-algorithm: ECDSAP256SHA256\n")
    assert len(re.findall(r"^kz\. 3600 IN RRSIG DNSKEY ", text, re.M)) == 3
    # As strict about Knot's answer as about ours.
    broken = tmp_path / "broken.skr"
    broken.write_text(re.sub(r"(RRSIG\s+DNSKEY 13 1 3600 \d{13})(\d)",
                             lambda m: m[1] + str((int(m[2]) + 1) % 10), answer.read_text(),
                             count=1))
    with pytest.raises(CommandFailed) as refused:
        ours.tldctl(ours.zsks, *imported, broken)
    assert "SKR-" in refused.value.output
