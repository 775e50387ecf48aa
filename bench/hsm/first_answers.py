# SPDX-License-Identifier: GPL-2.0-only
"""How soon a server answers after its start: at all, and with a signature."""

import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype as T

from checker.client import Question


def secure_name(zone_file, origin):
    """A delegation with DS in the middle of the zone."""
    found = [line.split()[0] for line in open(zone_file, encoding="ascii") if "\tDS\t" in line]
    assert found, f"no DS in {origin}"
    return found[len(found) // 2]


def _ask(deployment, name, rdtype):
    question = Question("start", dns.name.from_text(name), T.from_text(rdtype))
    with deployment.client(0.2) as client:
        wire = client.ask(question)[1]
    return None if wire is None else dns.message.from_wire(wire)


def wait_for_them(deployment, origin, secure, begin, longest=600):
    """-> seconds from `begin` to an answer from the zone's data without a signature, to one with."""
    served = None
    while time.monotonic() - begin < longest:
        assert deployment.server.running, deployment.server.log()
        answer = _ask(deployment, secure, "DS")
        if answer is not None and answer.rcode() == dns.rcode.NOERROR:
            now = time.monotonic() - begin
            served = served or now
            if any(rrset.rdtype == T.RRSIG for rrset in answer.answer):
                return served, now
        elif served is None and deployment.progress():
            served = time.monotonic() - begin
    raise AssertionError(f"no signed answer from {origin} within {longest} s")
