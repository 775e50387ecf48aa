# SPDX-License-Identifier: GPL-2.0-only
"""Several zones, none, and names of nobody."""

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype as T

from checker import names
from checker.client import Question
from checker.model import Model
from checker.questions import Questions
from harness import Deployment
from processes import generate_zone, wait_for


def append(file, *lines):
    with open(file, "a", encoding="ascii") as out:
        out.writelines(line + "\n" for line in lines)


def ds_of(anchor):
    """The DS RDATA of a KSK."""
    line = next(l for l in anchor.read_text().splitlines()
                if "DNSKEY" in l.split() and not l.startswith(";"))
    words = line.split()
    key = dns.rdata.from_text("IN", "DNSKEY", " ".join(words[words.index("DNSKEY") + 1:]))
    return dns.dnssec.make_ds(words[0], key, "SHA256").to_text()


def test_zone_inside_zone(tmp_path):
    """Catches the child answering for its own DS, the parent for the child's names, an NSEC3 or a
    signature of the one in an answer of the other."""
    parent = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 300)
    child = generate_zone(tmp_path / "com.kz", "--origin", "com.kz.", "--delegations", 300,
                          "--seed", 2)
    with Deployment() as deployment:
        inner = deployment.add_zone("com.kz.", child)
        append(parent, "com.kz. 3600 IN NS a.nic.com.kz.", "com.kz. 3600 IN NS ns.example.",
               "a.nic.com.kz. 172800 IN A 192.0.2.1", "a.nic.com.kz. 172800 IN AAAA 2001:db8::1",
               f"com.kz. 3600 IN DS {ds_of(inner.anchor)}")
        deployment.add_zone("kz.", parent)
        deployment.start()
        for origin in ("kz.", "com.kz."):
            deployment.wait_until_signed(origin)
            with deployment.checker(origin) as checker:
                inside = names.from_text("com.kz.")
                asked = [q for q in Questions(checker.model, seed=3).make(1500)
                         if origin == "com.kz."
                         or not names.at_or_below(names.key(q.qname), inside)]
                if origin == "kz.":
                    com = names.to_name(inside)
                    asked += [Question("ds", com, T.DS, tcp=tcp) for tcp in (False, True)]
                else:
                    asked = [q for q in asked
                             if not (q.qtype == T.DS and names.key(q.qname) == inside)]
                report = checker.run_all(asked)
                assert report.ok, f"{origin}: {report}"


def test_other_names_refused(tmp_path):
    """Catches answers about names that are not ours: SERVFAIL, NXDOMAIN or a referral upwards."""
    file = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 50)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        with deployment.checker("kz.") as checker:
            asked = [Question("other", dns.name.from_text(name), rdtype, tcp=tcp, do=do)
                     for name in (".", "example.org.", "notkz.", "zk.", "com.", "kz.example.")
                     for rdtype in (T.A, T.SOA, T.DS, T.DNSKEY) for tcp in (False, True)
                     for do in (False, True)]
            report = checker.run_all(asked)
            assert report.ok, str(report)


def test_empty_store(tmp_path):
    """Catches a server that ends, or denies names, because its zone is not in the store yet."""
    file = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 50)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        full = deployment.store.rename(deployment.path / "full.sqlite")
        deployment.tldctl("store", "init", "--store", deployment.store)
        deployment.start(wait=False)
        wait_for(lambda: deployment.ask("kz.", "SOA", timeout=0.5)[0] is not None, "it answers")
        for name in ("kz.", "www.kz.", "no-such-name.kz."):
            assert deployment.ask(name, "A")[0] == "SERVFAIL", name
        assert deployment.ask("example.org.", "A")[0] == "REFUSED"
        assert deployment.counters()["servfail-not-loaded"] >= 3
        assert full.exists() and "kz." in deployment.control("TLD-STATUS")
        deployment.import_zone("kz.", file)
        deployment.wait_until_served(20)
        with deployment.checker("kz.") as checker:
            report = checker.run(200, seed=2)
            assert set(report.faults) <= {"servfail"}, str(report)


def test_store_missing(tmp_path):
    """Catches a server that makes an empty store where the operator's path is wrong, or keeps
    quiet about it."""
    file = generate_zone(tmp_path / "kz", "--origin", "kz.", "--delegations", 50)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        deployment.store.rename(deployment.path / "elsewhere.sqlite")
        deployment.write_configuration()
        deployment.start_hsmd()
        deployment.server.start()
        wait_for(lambda: not deployment.server.running
                 or deployment.ask("kz.", "A", timeout=0.5)[0] == "SERVFAIL", "it says so")
        assert "registry.sqlite" in deployment.server.log()
        assert not deployment.store.exists()


def test_model_of_two_zones_differ(tmp_path):
    """Catches a generator that ignores its seed: the zones above would be one zone twice."""
    models = [Model.from_file(generate_zone(tmp_path / seed, "--origin", "kz.", "--delegations", 99,
                                            "--seed", seed), "kz.") for seed in "12"]
    assert models[0].cuts != models[1].cuts
