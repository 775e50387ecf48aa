# SPDX-License-Identifier: GPL-2.0-only
"""The ZSK is in several tokens. One of them goes away, hangs, fails or signs wrongly, or holds
another key: nobody who asks may notice, and everybody who looks must be told."""

import contextlib
import signal
import threading

import dns.name
import dns.rdatatype as T
import pytest

import load
from checker.client import Question
from pools import Pool, dnskey_rdata, keys_of_one_tag, new_key
from processes import generate_zone, wait_for
from publications import ORIGIN, check, check_whole, published
from registry import ZoneText, add_ds
from tokens import key_tag

DIGEST = "ab" * 32
RATE, SECONDS = 300, 8


@contextlib.contextmanager
def serving(folder, keys, slow="delay-ms 15", wait=True, **options):
    """Being signed for the first time; with so slow tokens that it takes some seconds."""
    file = generate_zone(folder / "kz.zone", "--origin", ORIGIN, "--delegations", 2000, "--signed",
                         40, "--longest", 253)
    with Pool(keys, **options) as pool:
        for token in pool.tokens:
            token.faults(slow)
        pool.add_zone(ORIGIN, file)
        pool.text = ZoneText(file)
        pool.insecure = iter(pool.text.delegations(ORIGIN, False))
        pool.start(wait=wait)
        yield pool


def change(pool):
    """A delegation gets a DS record: its RRset and an NSEC3 RR need signatures before it is live."""
    name = next(pool.insecure)
    with published(pool, 30):
        pool.sql(add_ds(name, 12345, DIGEST))
    pool.text.add(name, "DS", f"12345 13 2 {DIGEST}")
    assert pool.ask(name, "DS")[0] == "NOERROR"
    return name


class Load:
    """Questions at a steady rate while something is done."""

    def __init__(self, pool):
        secure = sorted({owner for owner in pool.text.records("DS")})
        asked = [("q", Question("load", dns.name.from_text(name), T.DS).wire()[2:])
                 for name in secure]
        self._thread = threading.Thread(target=self._run, args=(pool.port, asked))

    def _run(self, port, asked):
        self.outcome = load.fire(port, asked, RATE, SECONDS)["q"]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()


def servfails(pool):
    return {name: count for name, count in pool.counters().items() if name.startswith("servfail")}


# What befalls the first token, and how it is undone.
def kill(pool):
    pool.daemons[0].kill()


def stand_still(pool):
    pool.daemons[0].signal(signal.SIGSTOP)


def move_again(pool):
    pool.daemons[0].signal(signal.SIGCONT)
    start_again(pool)


def faulty(line):
    return lambda pool: pool.tokens[0].faults(line)


def start_again(pool):
    """Its watchdog may end it when it finds that a call has taken too long."""
    pool.tokens[0].faults()
    with contextlib.suppress(AssertionError):
        pool.daemons[0].wait(3)
    if not pool.daemons[0].running:
        pool.sockets[0].unlink(missing_ok=True)
        pool.start_daemon(0)


FAULTS = {
    "killed": (kill, start_again, ""),
    "hung": (faulty("hang 1"), start_again, ""),
    "standing still": (stand_still, move_again, ""),
    "removed": (faulty("device-removed 1"), start_again, ""),
    "wrong": (faulty("wrong-signature 1"), start_again, "does not verify"),
}
LONG = pytest.mark.long


@pytest.mark.parametrize("order", ["primary-reserve", pytest.param("all-active", marks=LONG)])
@pytest.mark.parametrize("fault", [
    pytest.param(fault, marks=LONG if fault in ("standing still", "removed", "wrong") else ())
    for fault in FAULTS])
def test_one_of_two_tokens_is_lost(tmp_path, fault, order):
    """Catches a signature that fails, an answer that is SERVFAIL or a change that waits because one
    token of two is lost, while a zone is signed and while it serves; a token that is not used again
    when it is back; and a status that keeps quiet."""
    break_it, repair, why = FAULTS[fault]
    key = new_key()
    with serving(tmp_path, [key, key], order=order) as pool:
        wait_for(lambda: pool.counters()["sign-background"] > 100, "some is signed")
        break_it(pool)
        zsk = pool.live(ORIGIN)["zsk"][0]
        assert zsk["signatures"] < zsk["signatures-wanted"], "all was signed before"
        pool.wait_until_signed(ORIGIN)
        counters = pool.counters()
        assert counters["sign-failed"] == counters["sign-timed-out"] == 0, counters
        assert counters["sign-retried-elsewhere"] > 0 and counters["hsm-breaker-opened"] > 0
        breaker = pool.breaker("primary")
        assert breaker["state"] != "closed" and why in breaker["why"], breaker
        assert breaker["wrong-signature"] == (fault == "wrong")
        assert pool.breaker("reserve")["state"] == "closed"
        assert "token primary: breaker open" in pool.server.log()
        assert "BREAKER" in pool.control("TLD-STATUS")
        before = servfails(pool)
        with Load(pool) as asked:
            for _ in range(3):
                change(pool)
        assert asked.outcome.answered >= 0.999 * asked.outcome.sent, str(asked.outcome)
        assert set(asked.outcome.rcodes) == {0}, str(asked.outcome)
        assert servfails(pool) == before
        check(pool, next(pool.insecure))
        repair(pool)
        wait_for(lambda: change(pool) and pool.breaker("primary")["state"] == "closed",
                 "it is used again", 120)
        signed = pool.token_status("primary")["signatures"]
        for _ in range(5):
            change(pool)
        assert pool.token_status("primary")["signatures"] > signed
        counters = pool.counters()
        assert counters["sign-failed"] == counters["sign-timed-out"] == 0, counters
        assert servfails(pool) == before
        check_whole(pool)


@pytest.mark.parametrize("right", [0, 1, 2])
def test_three_hsms_one_tag(tmp_path, right):
    """Catches a server that takes CKA_ID, label or key tag for the key: three tokens hold different
    keys that have all of them in common (.de, May 2026). Only one is the published one."""
    keys = keys_of_one_tag(3)
    assert len({key_tag(dnskey_rdata(key)) for key in keys}) == 1
    with serving(tmp_path, keys, slow="delay-ms 0", published=keys[right]) as pool:
        pool.wait_until_signed(ORIGIN)
        change(pool)
        for number, name in enumerate(pool.names):
            breaker = pool.breaker(name)
            line = f"token {name}: breaker open: it gave a signature that does not verify"
            assert breaker["wrong-signature"] == (number != right), (name, breaker)
            assert (line in pool.server.log()) == (number != right), pool.server.log()
            assert (breaker["state"] == "closed") == (number == right), (name, breaker)
        counters = pool.counters()
        assert 2 <= counters["sign-verify-failed"] <= 50, counters  # those under way together
        assert counters["sign-failed"] == 0, counters
        check(pool, next(pool.insecure), count=300)
        check_whole(pool)


def test_no_token_holds_the_published_key(tmp_path):
    """Catches an answer with a signature of the wrong key when there is no right one."""
    *held, published_key = keys_of_one_tag(3)
    with serving(tmp_path, held, slow="delay-ms 0", published=published_key, wait=False) as pool:
        wait_for(lambda: pool.ask(ORIGIN, "SOA", timeout=0.5, do=False)[0] == "NOERROR", "it is up")
        for name in list(pool.text.records("DS"))[:100] + [ORIGIN]:
            for rdtype in ("DS", "SOA"):
                assert pool.ask(name, rdtype)[0] == "SERVFAIL", name
        for name in pool.names:
            assert pool.breaker(name)["wrong-signature"], pool.status()
        counters = pool.counters()
        assert 2 <= counters["sign-verify-failed"] <= 50, counters  # of some 2,000
