# SPDX-License-Identifier: GPL-2.0-only
"""Validators that we did not write accept what is served."""

import random

import dns.rdatatype as T
import pytest

from builds import DATA
from checker import names
from checker.model import Model
from checker.questions import Questions
from harness import Deployment, unpacked_root_zone
from processes import CommandFailed, generate_zone
from validators import Unbound, delv, transfer, verify_zone

ROOT_ZONE = DATA / "root-2026082201.unsigned.zone.xz"


@pytest.fixture(scope="module", params=[".", "kz."])
def served(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zone")
    with Deployment() as deployment:
        if request.param == ".":
            file = unpacked_root_zone(folder, ROOT_ZONE)
        else:  # 253: dnssec-verify puts *. in front of each name
            file = generate_zone(folder / "kz.zone", "--origin", "kz.", "--delegations", 10000,
                                 "--longest", 253)
        deployment.zone = deployment.add_zone(request.param, file)
        deployment.start()
        deployment.wait_until_signed(request.param)
        deployment.model = Model.from_file(file, request.param)
        yield deployment


def test_validators_accept_axfr(served, tmp_path):
    """Catches what a question does not show: a record or NSEC3 too many or too few in the zone."""
    signed = tmp_path / "signed"
    count = transfer(served.port, served.zone.origin, signed)
    assert count > len(served.zone.file.read_text().splitlines())
    verify_zone(served.zone.origin, signed)


def test_validators_would_object(served, tmp_path):
    """Catches validators that are called in a way that they accept anything."""
    signed = tmp_path / "signed"
    transfer(served.port, served.zone.origin, signed)
    lines = signed.read_text().splitlines()
    dropped = next(i for i, line in enumerate(lines) if "\tRRSIG\tDS " in line)
    signed.write_text("\n".join(lines[:dropped] + lines[dropped + 1:]) + "\n")
    with pytest.raises(CommandFailed):
        verify_zone(served.zone.origin, signed)


def test_unbound_finds_nothing_bogus(served):
    """Catches answers that our checker's author and our server's author misread alike."""
    secure, insecure, others = _questions(served.model)
    with Unbound(served.path / "unbound", served.zone.origin, served.port,
                 served.zone.anchor) as unbound:
        for name, rdtype in secure:
            assert unbound.ask(name, rdtype) == ("NOERROR", True), (name, rdtype)
        for name, rdtype in insecure:
            assert unbound.ask(name, rdtype)[0] == "NOERROR", (name, rdtype)
        for name, rdtype, rcode in others:
            assert unbound.ask(name, rdtype)[0] == rcode, (name, rdtype)


def _questions(model):
    dice = random.Random(5)
    cuts = sorted(model.cuts)
    with_ds = [c for c in cuts if T.DS in model.nodes[c]]
    without = [c for c in cuts if T.DS not in model.nodes[c]]
    text = names.to_text
    secure = [(text(c), "DS") for c in dice.sample(with_ds, 150)]
    secure += [(text(model.origin), t) for t in ("SOA", "NS", "DNSKEY", "SRV")]
    secure += [(text(e), "A") for e in sorted(model.ents)[:50]]
    insecure = [(text(c), "DS") for c in dice.sample(without, min(150, len(without)))]
    kinds = ("nxdomain", "nxdomain-deep", "nxdomain-below-ent", "nxdomain-below-insecure-ent")
    denied = [(text(names.key(q.qname)), T.to_text(q.qtype), "NXDOMAIN")
              for q in Questions(model, seed=6).make(800) if q.kind in kinds and q.qtype != T.DS]
    return secure, insecure, denied


def test_unbound_would_notice(served, tmp_path):
    """Catches a validator that does not validate: with a stranger's trust anchor all is bogus."""
    stranger = served.ksk_token.generate(served.zone.origin, "ksk")
    with Unbound(tmp_path, served.zone.origin, served.port, stranger.dnskey) as unbound:
        assert unbound.ask(served.zone.origin, "NS") == ("SERVFAIL", False)


@pytest.mark.parametrize("name, rdtype, words", [
    ("@", "SOA", "; fully validated"), ("@", "DNSKEY", "; fully validated"),
    ("no-such-name", "DS", "; negative response"), ("SECURE", "DS", "; fully validated"),
    ("INSECURE", "DS", "; negative response")])
def test_delv_validates(served, tmp_path, name, rdtype, words):
    """Catches answers that BIND's validator does not take."""
    model = served.model
    cuts = sorted(c for c in model.cuts if len(c) == len(model.origin) + 1 and c[0].isalnum())
    known = {"@": served.zone.origin,
             "SECURE": names.to_text(next(c for c in cuts if T.DS in model.nodes[c])),
             "INSECURE": names.to_text(next(c for c in cuts if T.DS not in model.nodes[c]))}
    full = known.get(name, f"{name}.{served.zone.origin.lstrip('.')}")
    said = delv(tmp_path, served.zone.origin, served.port, served.zone.anchor, full, rdtype)
    assert words in said and "validating" not in said, said
