# SPDX-License-Identifier: GPL-2.0-only
"""Two sites of one zone, as docs/emergency-runbook.md wants them: the first publishes; the second has
a streaming replica, a token of its own with the same ZSKs, its own server that follows, key
register, signed keys and signature log."""

import dataclasses
import shutil

from backups import install_wrapping_keys, key_at
from builds import built
from processes import Process, sanitizer_environment
from publications import ORIGIN
from rolling import Rolling
from stores import PostgresqlServer, PostgresqlStore
from tokens import Token

POLICY = {"algorithm": "ECDSAP256SHA256"}
BRAKE = {"names": 10**6, "percent": 100}  # what piled up while nobody published is no accident


class Site(Rolling):
    def __init__(self, **options):
        super().__init__(policy=POLICY, brake=BRAKE, **options)
        self.settings["allow-axfr-ips"] = ""  # with TSIG only

    def configuration(self):
        return {**super().configuration(), "signature-log": str(self.path / "signatures")}

    def prove_keys(self):
        """CommandFailed unless the site's token holds each key that may sign."""
        return self.tldctl("keys", "prove", "--zone", ORIGIN, "--register", self.register,
                           "--signed-keys", self.zones[ORIGIN].signed_keys, "--token",
                           self.zsk_token.uri, env=self.zsk_token.env)


class FirstSite(Site):
    def __init__(self):
        super().__init__(store="postgresql")
        generate = self.zsk_token.generate
        self.zsk_token.generate = lambda *what: generate(*what, "--wrappable")

    def fail(self):
        """All of it in an instant."""
        self.server.kill()
        self.hsmd.kill()
        self.store_database.server.kill()

    def commit_at_both_sites(self):
        """A commit returns when the replica has it."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("SELECT pg_reload_conf()")

    def commit_alone(self):
        self.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.sql("SELECT pg_reload_conf()")

    def come_back(self):
        """As a machine does that gets its power back: everything starts by itself."""
        self.store_database.server.start_again()
        self.socket.unlink(missing_ok=True)
        self.start_hsmd()
        self.server.start()

    def become_second(self, other):
        """A new replica of the other site's store."""
        self.server.stop()
        self.store_database.server.stop()
        server = PostgresqlServer(self.path / "rebuilt").replicate(other.store_database.server)
        self.store_database = PostgresqlStore(server)
        self.start(with_hsmd=False)


class SecondSite(Site):
    def __init__(self, first):
        super().__init__(twin_of=first, store=None)
        self._first = first
        self.zsk_token, self.socket = Token(self.path, "tld-zsk"), self.path / "zsk.sock"
        hsmd = built("tld-hsmd")
        self.hsmd = Process("tld-hsmd", [hsmd, "--config", self.path / "zsk.yaml"],
                            self.path / "hsmd.log",
                            {**self.zsk_token.env, **sanitizer_environment(hsmd, self.path)})

    def __exit__(self, *what):
        try:
            self.server.kill() if what[0] else self.server.stop()
        finally:
            if self.store_database:
                self.store_database.stop()
            super().__exit__(*what)

    def equip(self):
        """All but the keys."""
        server = PostgresqlServer(self.path / "postgresql")
        self.store_database = PostgresqlStore(
            server.replicate(self._first.store_database.server))
        zone = self._first.zones[ORIGIN]
        self.policy, self.register = self.path / "policy.yaml", self.path / "kz.keys"
        self.zones = {ORIGIN: dataclasses.replace(zone, signed_keys=self.path / "kz.skr")}
        self.keys = self._first.keys
        for original, copy in ((self._first.policy, self.policy),
                               (self._first.register, self.register),
                               (zone.signed_keys, self.zones[ORIGIN].signed_keys)):
            shutil.copy(original, copy)

    def install_wrapping_key(self):
        install_wrapping_keys(self.path, self._first.zsk_token, self.zsk_token)

    def bring(self, key):
        """From the first site's token, wrapped."""
        which = ("--zone", ORIGIN, "--dnskey", key.dnskey)
        wrapped = self.path / f"{key.id}.wrapped"
        key_at(self._first.zsk_token, "export", *which, "--output", wrapped)
        key_at(self.zsk_token, "import", wrapped, *which)

    def begin(self):
        self.write_configuration()
        self.start_hsmd()
        self.start()
        self.wait_until_signed(ORIGIN)

    def promote(self):
        """docs/emergency-runbook.md, "A site is lost"."""
        self.prove_keys()
        self.sql("SELECT pg_promote()")
        self.tldctl("store", "check", "--store", self.store)
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                 "'pdns-tld'")


class Registry:
    """Its software, at the store of one site; `text`: what it has committed."""

    def __init__(self, site):
        self.site, self.text = site, site.text

    def sql(self, statement):
        return self.site.sql(statement)
