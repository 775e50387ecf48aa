# SPDX-License-Identifier: GPL-2.0-only
"""Seeded questions of every kind about a model's zone."""

import random

import dns.name
import dns.rdatatype as T

from . import names
from .client import Question

DATA_TYPES = (T.A, T.AAAA, T.MX, T.TXT, T.SOA, T.SRV, T.NS, T.DNSKEY, T.HTTPS)
ABSENT_TYPES = (T.SRV, T.LOC, T.NAPTR, T.TLSA, T.CAA, T.PTR, T.DS)
APEX_TYPES = (T.SOA, T.NS, T.DNSKEY, T.CDS, T.CDNSKEY, T.NSEC3PARAM, T.TXT, T.MX)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class Questions:
    """`tcp_share`, `without_do`: how many of the questions come over TCP, and without DO."""

    def __init__(self, model, seed=1, tcp_share=0.2, without_do=0.1, apex_types=APEX_TYPES):
        self._model = model
        self._random = random.Random(seed)
        self._tcp_share, self._without_do = tcp_share, without_do
        self._apex_types = apex_types
        self._kinds = self._find_kinds()

    def _find_kinds(self):
        """Kind -> function that makes (name, type); only kinds that the zone has."""
        model, pick = self._model, self._pick
        secure = sorted(c for c in model.cuts if T.DS in model.nodes[c])
        insecure = sorted(model.cuts - set(secure))
        glue = sorted(model.glue)
        at_cut = sorted(c for c in model.cuts if model.addresses(c))
        hosts = sorted(n for n in model.authoritative if n != model.origin)
        aliases = [n for n in hosts if T.CNAME in model.nodes[n]]
        hosts = [n for n in hosts if T.CNAME not in model.nodes[n]]
        ents = sorted(model.ents & model.in_ring)
        lone = sorted(model.lone_ents & model.in_ring)
        hashes = sorted(model.ring)
        odd = sorted(n for n in model.cuts | model.in_ring if _is_odd(n))
        kinds = {
            "secure-referral": secure and (lambda: self._below(pick(secure))),
            "insecure-referral": insecure and (lambda: self._below(pick(insecure))),
            "ds": secure and (lambda: (pick(secure), T.DS)),
            "no-ds": insecure and (lambda: (pick(insecure), T.DS)),
            "nxdomain": lambda: (self._unknown(model.origin), pick(DATA_TYPES)),
            "nxdomain-deep": lambda: (self._unknown(self._unknown(model.origin)),
                                      pick(DATA_TYPES)),
            "nxdomain-ds": lambda: (self._unknown(model.origin), T.DS),
            "nxdomain-below-host": hosts and (lambda: (self._unknown(pick(hosts)), T.A)),
            "nxdomain-below-ent": ents and (lambda: (self._unknown(pick(ents)), T.A)),
            "nxdomain-below-insecure-ent": lone and (lambda: (self._unknown(pick(lone)), T.A)),
            "nodata-apex": lambda: (model.origin, pick(ABSENT_TYPES)),
            "nodata-ent": ents and (lambda: (pick(ents), pick(DATA_TYPES + (T.DS,)))),
            "nodata-insecure-ent": lone and (lambda: (pick(lone), pick(DATA_TYPES + (T.DS,)))),
            "nodata-host": hosts and (lambda: (pick(hosts), pick(ABSENT_TYPES))),
            "apex": lambda: (model.origin, pick(self._apex_types)),
            "host": hosts and (lambda: self._host(pick(hosts))),
            "glue": glue and (lambda: (pick(glue), pick((T.A, T.AAAA, T.TXT)))),
            "glue-at-cut": at_cut and (lambda: (pick(at_cut), pick((T.A, T.AAAA)))),
            "cname": aliases and (lambda: (pick(aliases), pick((T.A, T.AAAA, T.CNAME)))),
            "nsec3-owner": lambda: (names.hashed_owner(pick(hashes), model.origin),
                                    pick((T.A, T.NSEC3, T.TXT, T.DS))),
            "odd-name": odd and (lambda: (pick(odd), pick(DATA_TYPES + (T.DS,)))),
        }
        return {kind: make for kind, make in kinds.items() if make}

    @property
    def kinds(self):
        return sorted(self._kinds)

    def _pick(self, things):
        return self._random.choice(things)

    def _below(self, cut):
        name = cut
        for _ in range(self._random.choice((0, 1, 1, 2))):
            name = self._child(self._pick(("www", "mail", "_dmarc", "x", "ns1")), name)
        if name == cut:
            return name, self._pick(tuple(t for t in DATA_TYPES if t != T.DS))
        return name, self._pick(DATA_TYPES + (T.DS,))

    def _child(self, text, name):
        child = (text.encode("ascii"),) + name
        return child if names.wire_length(child) <= 255 else name

    def _unknown(self, above):
        while True:
            text = "".join(self._pick(LETTERS[:36]) for _ in range(self._random.randint(6, 14)))
            name = self._child(text, above)
            if name == above or not (self._model.exists(name) or self._model.cut_above(name)):
                return name

    def _host(self, name):
        return name, self._pick(sorted(self._model.nodes[name]))

    def _case(self, name):
        """Mixed case (as resolvers do it to make forgery harder) in half of the questions."""
        if self._random.random() < 0.5:
            return names.to_name(name)
        return dns.name.Name([bytes(self._flip(octet) for octet in label) for label in name]
                             + [b""])

    def _flip(self, octet):
        if 0x61 <= octet <= 0x7A and self._random.random() < 0.5:
            return octet - 0x20
        return octet

    def make(self, count):
        """`count` questions, the kinds in turn, so that every kind is asked."""
        kinds = sorted(self._kinds)
        for index in range(count):
            kind = kinds[index % len(kinds)]
            name, qtype = self._kinds[kind]()
            do = self._random.random() >= self._without_do
            yield Question(kind, self._case(name), qtype,
                           tcp=self._random.random() < self._tcp_share, do=do,
                           edns=do or self._random.random() < 0.5)


def _is_odd(name):
    return names.wire_length(name) > 200 or any(
        len(label) == 63 or names.hash_of_label(label) or label.startswith(b"xn--")
        or not all(chr(octet).isalnum() or octet in b"-_" for octet in label) for label in name)
