# SPDX-License-Identifier: GPL-2.0-only
"""Registry stores as registry software has them: one SQLite file, or a database of a PostgreSQL
server of the test's own, with its replicas."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from processes import TOOLS, CommandFailed, run, wait_for

MARK = "this statement is done"
# A client that can be killed with its transaction open. One line is one script.
SQLITE_CLIENT = f"""
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
store.execute("PRAGMA foreign_keys = ON")
for line in sys.stdin:
    statement = ""
    for part in line.split(";"):  # executescript() would commit what is open
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            store.execute(statement)
            statement = ""
    print("{MARK}", flush=True)
"""


class Client:
    """One connection to a store, held by a process of its own."""

    def __init__(self, command):
        self._process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._command = command

    def execute(self, script):
        """Returns when it is carried out. The script may leave a transaction open."""
        self._process.stdin.write(self._written(" ".join(script.split("\n"))))
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line == MARK + "\n":
                return
        _, errors = self._process.communicate()
        raise AssertionError(f"{self._command[0]} ended: {errors}")

    def _written(self, script):
        return script + "\n"

    def kill(self):
        self._process.kill()
        self._process.communicate()


class PsqlClient(Client):
    def _written(self, script):
        return f"{script};\n\\echo {MARK}\n"


class SqliteStore:
    def __init__(self, folder):
        self.path = Path(folder) / "registry.sqlite"
        self.address = str(self.path)  # as tldctl takes it
        self.configuration = {"path": str(self.path)}

    def sql(self, statement):
        """A SELECT's rows as lists of text; else all statements in one transaction."""
        store = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        try:
            store.execute("PRAGMA foreign_keys = ON")
            if statement.lstrip().upper().startswith("SELECT"):
                return [["" if v is None else str(v) for v in row]
                        for row in store.execute(statement)]
            store.executescript(f"BEGIN IMMEDIATE;\n{statement};\nCOMMIT")
            return []
        finally:
            store.close()  # rolls back what is open

    def attempt(self, statements):
        """One transaction of the statements that the database takes. -> those that it refused."""
        store = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        refused = []
        try:
            store.execute("PRAGMA foreign_keys = ON")
            store.execute("BEGIN IMMEDIATE")
            for statement in statements:
                try:  # a statement that fails leaves nothing behind, and the transaction open
                    store.execute(statement)
                except sqlite3.Error:
                    refused.append(statement)
            store.execute("COMMIT")
            return refused
        finally:
            store.close()

    def client(self):
        return Client([sys.executable, "-c", SQLITE_CLIENT, self.path])

    def stop(self):
        """Nothing runs."""


class PostgresqlServer:
    """`fsync` off: these tests kill processes, they do not cut the power."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.parent.chmod(0o711)  # the server runs as another user, who must come through
        self.running = False

    def start(self):
        self._tool("start", self.folder, "fsync=off", "full_page_writes=off")
        self.running = True
        return self

    def replicate(self, primary):
        self._tool("replica", self.folder, primary.folder)
        self.running = True
        return self

    def stop(self, how="immediate"):
        if self.running:
            self._tool("stop", self.folder, how)
        self.running = False

    def kill(self):
        """SIGKILL for its first process, found in its own folder; the others end by themselves."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]),
                signal.SIGKILL)
        self.running = False

    def start_again(self):
        """After kill(): the server does not start while processes of the old one are left."""
        def started():
            try:
                self.start()
            except CommandFailed:
                return False
            return True
        wait_for(started, "PostgreSQL starts again", 30, pause=0.3)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def psql(self, database):
        return ["psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                "-U", "postgres", "-d", database]

    @staticmethod
    def _tool(*arguments):
        # Not run(): the server that is started would keep the pipes open.
        done = subprocess.run([str(a) for a in (TOOLS / "postgresql", *arguments)], timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise CommandFailed(arguments, done)


class PostgresqlStore:
    """The database `registry` of a server."""

    def __init__(self, server):
        self.server = server
        words = f"host={server.folder} user=postgres dbname=registry"
        self.address = f"postgresql:{words}"
        self.configuration = {"postgresql": words}

    @classmethod
    def in_folder(cls, folder):
        server = PostgresqlServer(Path(folder) / "postgresql").start()
        run(*server.psql("postgres"), "-c", "CREATE DATABASE registry")
        return cls(server)

    def sql(self, statement):
        """As SqliteStore.sql()."""
        text = run(*self.server.psql("registry"), "-c", statement)  # -c: one transaction
        return [line.split("\t") for line in text.splitlines()]

    def attempt(self, statements):
        """As SqliteStore.attempt()."""
        script = "".join(f"\\echo {number}\n{statement};\n\\echo :ERROR\n"
                         for number, statement in enumerate(statements))
        done = subprocess.run(
            [*map(str, self.server.psql("registry")), "-v", "ON_ERROR_STOP=0", "-v",
             "ON_ERROR_ROLLBACK=on", "-f", "-"], input=f"BEGIN;\n{script}COMMIT;\n",
            capture_output=True, text=True, timeout=600)
        words = done.stdout.split()
        assert done.returncode == 0 and len(words) == 2 * len(statements), done.stderr[-4000:]
        return [statements[int(number)] for number, failed in zip(words[::2], words[1::2])
                if failed == "true"]

    def client(self):
        return PsqlClient(self.server.psql("registry"))

    def stop(self):
        self.server.stop()
