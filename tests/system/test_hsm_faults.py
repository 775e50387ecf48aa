# SPDX-License-Identifier: GPL-2.0-only
"""The HSM is away, silent, slow, wrong or somebody else. What is signed is answered, the rest is
SERVFAIL and a counter, nothing leaves unsigned, and nobody restarts PowerDNS afterwards."""

import os
import signal
import socket
import threading
import time

import dns.rdatatype as T
import pytest

from checker import names
from checker.client import Question
from checker.model import Model
from harness import Deployment
from processes import generate_zone, wait_for
from ways_to_go import hsmd_pids

SLOW = "delay-ms 30"  # so that the background filler does not sign all before the test begins


@pytest.fixture(scope="module")
def zone_file(tmp_path_factory):
    return generate_zone(tmp_path_factory.mktemp("zone") / "kz.zone", "--origin", "kz.", "--plain",
                         "--delegations", 8000, "--signed", 30)


@pytest.fixture(scope="module")
def model(zone_file):
    return Model.from_file(zone_file, "kz.")


@pytest.fixture
def served(zone_file):
    with Deployment(faulty_token=True, operation_deadline="PT1S") as deployment:
        deployment.zsk_token.faults(SLOW)
        deployment.add_zone("kz.", zone_file)
        yield deployment


@pytest.fixture
def supervised(zone_file):
    with Deployment(faulty_token=True, operation_deadline="PT1S", supervised=True) as deployment:
        deployment.zsk_token.faults(SLOW)
        deployment.add_zone("kz.", zone_file)
        yield deployment


class Names:
    """Delegations with DS, each given out once: never asked before."""

    def __init__(self, model, deployment):
        self._deployment = deployment
        self._names = iter(sorted((c for c in model.cuts if T.DS in model.nodes[c]),
                                  key=names.nsec3_hash))

    def fresh(self):
        return names.to_text(next(self._names))

    def unsigned(self):
        """A name that gives SERVFAIL now, and how long that took, in seconds."""
        for _ in range(2000):
            name = self.fresh()
            begin = time.monotonic()
            rcode, _ = self._deployment.ask(name, "DS")
            if rcode == "SERVFAIL":
                return name, time.monotonic() - begin
        raise AssertionError("everything is signed: the test shows nothing")

    def warm(self):
        """A name that is answered."""
        name = self.fresh()
        answered(self._deployment, name)
        return name


def answered(deployment, name, seconds=20):
    wait_for(lambda: deployment.ask(name, "DS")[0] == "NOERROR", f"{name} DS is answered", seconds)


def answers_without_dnssec(deployment):
    """Waits until it is up. Signed answers may be SERVFAIL still, the DNSKEY RRset's too: PowerDNS
    asks for all RRSIGs of the apex together."""
    wait_for(lambda: deployment.ask("kz.", "SOA", timeout=0.5, do=False)[0] == "NOERROR", "it is up")


def prove_it_fails_closed(deployment, names_, warm):
    """While the token gives nothing: unsigned names fail fast, signed ones are answered."""
    before = deployment.counters()["servfail-unsigned"]
    times = []
    for _ in range(20):
        name, seconds = names_.unsigned()
        times.append(seconds)
        assert deployment.ask(warm, "DS")[0] == "NOERROR"
        assert deployment.ask(warm, "DS", tcp=True)[0] == "NOERROR"
    assert sorted(times)[18] < 0.05, times  # one in twenty may suffer from this machine's noise
    assert deployment.counters()["servfail-unsigned"] >= before + 20
    return name


def test_hsm_stopped_and_back(served, model):
    """Catches a server that hangs, answers unsigned, or needs a restart when tld-hsmd goes and
    comes, or that keeps quiet about the reason."""
    served.start()
    some = Names(model, served)
    warm = some.warm()
    served.hsmd.stop()
    name = prove_it_fails_closed(served, some, warm)
    status = served.status()
    assert not status["tokens"][0]["reachable"] and status["last-signing-failure"]
    assert status["counters"]["sign-failed"] + status["counters"]["sign-timed-out"] > 0
    served.start_hsmd()
    answered(served, name)


def test_hsm_away_at_the_start(served, model):
    """Catches a server that does not start, or answers unsigned, when the HSM is not there yet."""
    served.start(wait=False, with_hsmd=False)
    answers_without_dnssec(served)
    assert served.ask("kz.", "SOA")[0] == "SERVFAIL"
    served.start_hsmd()
    answered(served, Names(model, served).fresh())


def test_hsm_killed_is_restarted(supervised, model):
    """Catches a plugin that does not start its tld-hsmd again after it was killed."""
    supervised.start()
    some = Names(model, supervised)
    warm = some.warm()
    os.kill(hsmd_pid(supervised), signal.SIGKILL)
    assert supervised.ask(warm, "DS")[0] == "NOERROR"
    for _ in range(20):
        answered(supervised, some.fresh())


def hsmd_pid(deployment):
    pids = hsmd_pids(deployment)
    assert pids, "pdns_server has no child process"
    return pids[0]


def test_hsm_hung(supervised, model):
    """Catches a C_Sign that never returns: it must end the tld-hsmd process, not the server."""
    supervised.start()
    some = Names(model, supervised)
    warm = some.warm()
    stuck = hsmd_pid(supervised)
    supervised.zsk_token.faults("hang 1")
    name = prove_it_fails_closed(supervised, some, warm)
    wait_for(lambda: stuck not in hsmd_pids(supervised), "the stuck tld-hsmd is gone")
    supervised.zsk_token.faults()
    answered(supervised, name, 40)


def test_hsm_process_stopped_by_a_signal(supervised, model):
    """Catches a client that waits for a tld-hsmd that is there and does not move. When it moves
    again its watchdog may end it (a call has taken too long): then it is started again."""
    supervised.start()
    some = Names(model, supervised)
    warm = some.warm()
    process = hsmd_pid(supervised)
    os.kill(process, signal.SIGSTOP)
    try:
        name = prove_it_fails_closed(supervised, some, warm)
    finally:
        os.kill(process, signal.SIGCONT)
    answered(supervised, name)


def test_hsm_returns_bad_signatures(served, model):
    """Catches one wrong bit on its way out: a signature that does not verify is never served."""
    served.zsk_token.faults("wrong-signature 1")
    served.start(wait=False)
    answers_without_dnssec(served)
    some = Names(model, served)
    with served.client() as client:
        for index in range(300):
            question = Question("bad", names.to_name(names.from_text(some.fresh())),
                                T.DS if index % 2 else T.A, tcp=index % 3 == 0)
            _, wire = client.ask(question)
            assert wire is not None and wire[3] & 0x0F == 2, f"{question} was answered"
    counters = served.counters()
    assert counters["sign-verify-failed"] > 0 and counters["servfail-unsigned"] > 0
    status = served.status()["tokens"][0]["breaker"]
    assert status["state"] != "closed" and status["wrong-signature"], status
    served.zsk_token.faults()
    answered(served, some.fresh(), 90)  # trusted again after a minute at most


class Babbler:
    """Listens where tld-hsmd should be and answers with octets that mean nothing."""

    def __init__(self, path, words):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o600)
        self._socket.listen(16)
        self._words, self.connections = words, 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._babble, args=(connection,), daemon=True).start()

    def _babble(self, connection):
        try:
            while connection.recv(4096):
                connection.sendall(self._words)
        except OSError:
            pass
        connection.close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.mark.parametrize("words", [b"\xff" * 4096, b"\0" * 64, b"HTTP/1.1 200 OK\r\n\r\n", b"\0"],
                         ids=["ones", "zeros", "http", "one octet"])
def test_hsm_answers_nonsense(served, model, words):
    """Catches a client that trusts lengths or ids from the socket: crash, hang or memory eaten."""
    served.start()
    some = Names(model, served)
    warm = some.warm()
    served.hsmd.stop()
    served.socket.unlink(missing_ok=True)
    babbler = Babbler(served.socket, words)
    try:
        wait_for(lambda: some.unsigned() and babbler.connections > 0, "the plugin has come by")
        name = prove_it_fails_closed(served, some, warm)
        assert served.server.running
    finally:
        babbler.close()
        served.socket.unlink(missing_ok=True)
    served.start_hsmd()
    answered(served, name)


@pytest.mark.parametrize("situation", ["wrong PIN", "PIN file open to others", "token missing",
                                       "key missing", "module missing"])
def test_token_that_cannot_be_used(served, situation):
    """Catches a start that fails without saying why, and a PIN that is tried again and again."""
    token = served.zsk_token
    uri, keys = token.uri, None
    if situation == "wrong PIN":
        token.set_pin("0000")
    elif situation == "PIN file open to others":
        token.set_pin("7351", mode=0o644)
    elif situation == "token missing":
        uri = uri.replace("token=tld-zsk", "token=no-such-token")
    elif situation == "module missing":
        uri = uri.replace(str(token.module), "/nonexistent.so")
    else:
        keys = "00" * 16
    configuration = served.hsmd_configuration()
    configuration["token"] = uri
    if keys:
        configuration["zones"][0]["keys"] = [keys]
    served.hsmd_configuration = lambda: configuration
    served.write_configuration()
    served.hsmd.start()
    served.server.start()
    answers_without_dnssec(served)
    assert served.ask("kz.", "SOA")[0] == "SERVFAIL"
    said = (served.hsmd.log() + served.control("TLD-STATUS")).lower()
    word = {"wrong PIN": "pin", "PIN file open to others": "pin", "token missing": "no-such-token",
            "module missing": "/nonexistent.so", "key missing": "0000000000"}[situation]
    assert word in said, said
    assert len(served.hsmd.log().splitlines()) < 40, "says it again and again"
