# SPDX-License-Identifier: GPL-2.0-only
"""A parent zone with the DS RRset of ours, served by NSD, and resolvers that start from the parent's
trust anchor: what they remember of DS, DNSKEY and data is of any age."""

import random
import shutil
import threading
import time

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype as T
import dns.zone

from processes import free_port, run, wait_for
from reference import Nsd
from validators import Unbound

DS_TTL = 2


def ds_text(origin, dnskey, digest="SHA256"):
    return dns.dnssec.make_ds(dns.name.from_text(origin), dnskey, digest).to_text()


class Parent:
    """The root, with one delegation. `ds`: its DS records as text; put_ds() changes them."""

    origin = "."

    def __init__(self, folder, child, ds=(), addresses=("127.0.0.1",)):
        folder.mkdir()
        self.folder, self._child, self._serial, self.ds = folder, child, 0, list(ds)
        self.ttl, self._addresses = DS_TTL, addresses
        keys = [run("dnssec-keygen", "-q", "-a", "13", *flags, ".", cwd=folder).strip()
                for flags in (("-f", "KSK"), ())]
        self.anchor = folder / f"{keys[0]}.key"
        self._file = folder / "root.zone"
        self._sign()
        self.port = free_port(*addresses)
        self._nsd = Nsd(folder / "nsd", self._file, ".", addresses[0], self.port)

    def _sign(self):
        self._serial += 1
        records = "".join(f"{self._child} {self.ttl} IN DS {ds}\n" for ds in self.ds)
        addresses = "".join(f"a.root. {DS_TTL} IN A {address}\n" for address in self._addresses)
        self._file.write_text(
            f". {DS_TTL} IN SOA a.root. root. {self._serial} 1800 900 604800 {DS_TTL}\n"
            f". {DS_TTL} IN NS a.root.\n{addresses}"
            f"{self._child} {DS_TTL} IN NS a.nic.{self._child}\n"
            f"a.nic.{self._child} {DS_TTL} IN A 127.0.0.1\n{records}")
        run("dnssec-signzone", "-q", "-S", "-P", "-o", ".", "-f", f"{self._file}.signed",
            self._file, cwd=self.folder)

    def put_ds(self, *ds):
        """Signs and serves the zone with these DS records; returns when they are served."""
        self.ds = list(ds)
        self._sign()
        self._nsd.reload()
        served = set(ds), self.ttl if ds else 0
        wait_for(lambda: self.seen() == served, "the parent serves its new DS RRset")

    def seen(self, address="127.0.0.1"):
        """-> (the DS records that its server gives, their TTL)"""
        query = dns.message.make_query(self._child, T.DS)
        try:
            answer = dns.query.tcp(query, address, 2, self.port)
        except (OSError, dns.exception.DNSException):
            return None, 0
        for rrset in answer.answer:
            if rrset.rdtype == T.DS:
                return {rdata.to_text() for rdata in rrset}, rrset.ttl
        return set(), 0

    def stop(self):
        self._nsd.stop()


class TwoServers(Parent):
    """A parent with a second server, which has what catch_up() gave it last."""

    ADDRESSES = ("127.0.0.1", "127.0.0.2")

    def __init__(self, folder, child, ds=()):
        super().__init__(folder, child, ds, self.ADDRESSES)
        self._copy = str(folder / "second.zone.signed")
        shutil.copy(folder / "root.zone.signed", self._copy)
        self._second = Nsd(folder / "second", folder / "second.zone", ".", self.ADDRESSES[1],
                           self.port)

    def catch_up(self, change=lambda zone: None):
        """Gives the second the newest version, spoilt by `change`; returns when it serves that."""
        zone = dns.zone.from_text((self.folder / "root.zone.signed").read_text(), ".",
                                  relativize=False)
        change(zone)
        zone.to_file(self._copy, relativize=False)
        wanted = zone.get_rdataset(self._child, T.DS)
        served = {rdata.to_text() for rdata in wanted}, wanted.ttl
        self._second.reload()
        wait_for(lambda: self.seen(self.ADDRESSES[1]) == served,
                 f"the second server serves {served}")

    def stop(self):
        self._second.stop()
        super().stop()


class Resolvers:
    """Several Unbounds, each asked at its own pace by a thread of its own: so at any moment some
    remember what others have to ask for. None may find anything bogus, or insecure, ever."""

    PAUSES = (0.05, 0.7, 1.9)

    def __init__(self, folder, parent, child, ports, secure, other):
        """`secure`: (name, type) that are signed; `other`: names that need an answer only."""
        folder.mkdir(exist_ok=True)
        self._secure, self._other = secure, other
        self._stop, self.faults, self.asked = threading.Event(), [], 0
        self._unbounds = [
            Unbound(folder / f"resolver-{number}", child, ports[0], parent.anchor,
                    zones=[(".", parent.port), (child, *ports)])
            for number, _ in enumerate(self.PAUSES)]
        self._threads = [threading.Thread(target=self._run, args=(unbound, pause, seed))
                         for seed, (unbound, pause) in enumerate(zip(self._unbounds, self.PAUSES))]

    def _run(self, unbound, pause, seed):
        dice = random.Random(seed)
        while not self._stop.is_set():
            for name, rdtype in (dice.choice(self._secure), (dice.choice(self._other), T.DS)):
                self._ask(unbound, name, rdtype)
            self._stop.wait(pause)

    def _ask(self, unbound, name, rdtype):
        for _ in range(3):  # an Unbound that has waited in vain on a busy machine says SERVFAIL too
            try:
                code, secure = unbound.ask(name, rdtype, timeout=10)
            except dns.exception.Timeout:
                return
            bad = code not in ("NOERROR", "NXDOMAIN")
            if not bad or self.bogus():
                break
            self._stop.wait(0.5)
        self.asked += 1
        if bad or ((name, rdtype) in self._secure and not secure):
            self.faults.append(f"{time.strftime('%X')} {name} {T.to_text(rdtype)}: {code}, "
                               f"{'secure' if secure else 'not secure'}")

    def __enter__(self):
        started = []
        try:
            for unbound in self._unbounds:
                started.append(unbound.__enter__())
        except BaseException:
            for unbound in started:
                unbound.__exit__()
            raise
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        for unbound in self._unbounds:
            unbound.__exit__()

    def bogus(self):
        """What the validators say against the zone."""
        return [line for unbound in self._unbounds if unbound.log_file.exists()
                for line in unbound.log_file.read_text().splitlines()
                if "validation failure" in line]

    def check(self):
        """Call it while they run."""
        assert not self.faults and not self.bogus(), "\n".join(self.faults[:5] + self.bogus()[:5])

    def must_ask(self, more):
        """Waits until so much more was asked."""
        wanted = self.asked + more
        wait_for(lambda: self.asked >= wanted or self.faults, "the resolvers ask", 60)
        self.check()
