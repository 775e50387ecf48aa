# SPDX-License-Identifier: GPL-2.0-only
"""What the answer to a question has to hold: RFC 1034 section 4.3.2 and RFC 5155 section 8."""

import dataclasses

import dns.rcode
import dns.rdatatype as T

from . import names

MAX_CNAMES = 10


@dataclasses.dataclass(frozen=True)
class Match:
    """An NSEC3 whose owner is the hash of `name` and whose bitmap lacks `absent`."""
    name: tuple
    absent: frozenset = frozenset()


@dataclasses.dataclass(frozen=True)
class Cover:
    """An NSEC3 whose span the hash of `name` falls into."""
    name: tuple
    opt_out: bool = False  # then its opt-out flag must be set


@dataclasses.dataclass
class Expectation:
    kind: str = "answer"  # answer, nodata, nxdomain, referral, refused
    rcode: int = dns.rcode.NOERROR
    aa: bool = True
    answer: list = dataclasses.field(default_factory=list)
    authority: list = dataclasses.field(default_factory=list)
    glue: list = dataclasses.field(default_factory=list)
    ds: object = None  # the DS RRset of a secure referral
    proofs: list = dataclasses.field(default_factory=list)


def expect(model, qname, qtype):
    if not names.at_or_below(qname, model.origin):
        return Expectation("refused", dns.rcode.REFUSED, aa=False)
    want = Expectation()
    name = qname
    for _ in range(MAX_CNAMES):
        alias = model.nodes.get(name, {}).get(T.CNAME) if name in model.authoritative else None
        if alias is None or qtype in (T.CNAME, T.ANY):
            break
        want.answer.append(alias)
        name = model.targets(alias)[0]
        if not names.at_or_below(name, model.origin):
            return want
    _finish(want, model, name, qtype)
    return want


def _finish(want, model, name, qtype):
    cut = model.cut_above(name)
    if cut is not None and not (cut == name and qtype == T.DS):
        _referral(want, model, cut)
    elif not model.exists(name):
        _nxdomain(want, model, name)
    elif qtype in model.nodes.get(name, {}):
        want.answer.append(model.nodes[name][qtype])
    else:
        _nodata(want, model, name, qtype)


def _referral(want, model, cut):
    if want.answer:
        return  # a CNAME that leads below a cut: the server may leave the referral out
    want.kind, want.aa = "referral", False
    ns = model.nodes[cut][T.NS]
    want.authority.append(ns)
    for target in model.targets(ns):
        if names.at_or_below(target, model.origin) and model.cut_above(target) is not None:
            want.glue += model.addresses(target)
    want.ds = model.nodes[cut].get(T.DS)
    if want.ds is None:
        want.proofs += _no_ds(model, cut)


def _no_ds(model, cut):
    """RFC 5155 sections 8.6 and 8.9: no DS at a delegation."""
    if cut in model.in_ring:
        return [Match(cut, frozenset([T.DS, T.SOA, T.CNAME]))]
    encloser = model.closest_provable_encloser(cut)
    return [Match(encloser), Cover(cut[-len(encloser) - 1:], opt_out=True)]


def _negative(want, model, kind):
    want.kind = kind
    want.authority.append(dataclasses.replace(model.soa, ttl=model.nsec3_ttl))  # RFC 2308 section 3


def _nodata(want, model, name, qtype):
    _negative(want, model, "nodata")
    if name in model.cuts:
        want.proofs += _no_ds(model, name)
    else:
        want.proofs.append(Match(name, frozenset([qtype, T.CNAME])))  # RFC 5155 section 8.5


def _nxdomain(want, model, name):
    """RFC 5155 section 8.4."""
    _negative(want, model, "nxdomain")
    want.rcode = dns.rcode.NXDOMAIN
    encloser = model.closest_encloser(name)
    want.proofs += [Match(encloser), Cover(name[-len(encloser) - 1:])]
    wildcard = (b"*",) + encloser
    if names.wire_length(wildcard) <= 255:
        want.proofs.append(Cover(wildcard))
