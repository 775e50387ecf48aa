# SPDX-License-Identifier: GPL-2.0-only
"""Fires UDP questions at a steady rate and times the answers. One thread; 10,000 per second and
more on one core."""

import collections
import dataclasses
import itertools
import pathlib
import select
import socket
import struct
import threading
import time

SOCKETS = 8  # 16-bit ids run out within seconds on one
LINGER = 1.0  # seconds to wait for the last answers
RRSIG_IN = struct.pack("!HH", 46, 1)  # type and class


@dataclasses.dataclass
class Outcome:
    sent: int = 0
    rcodes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    seconds: list = dataclasses.field(default_factory=list)
    unsigned: int = 0  # answers without an RRSIG RR

    @property
    def answered(self):
        return len(self.seconds)

    def percentile(self, share):
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]

    def __str__(self):
        if not self.seconds:
            return f"{self.sent} sent, none answered"
        return (f"{self.sent} sent, {self.answered} answered {dict(self.rcodes)}, "
                f"median {self.percentile(0.5) * 1e3:.1f} ms, p99 {self.percentile(0.99) * 1e3:.1f}"
                f" ms, slowest {max(self.seconds) * 1e3:.1f} ms")


def kernel_drops(port):
    """Datagrams to `port` that the kernel threw away because the receive buffer was full."""
    rows = [line.split() for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]]
    return sum(int(row[-1]) for row in rows if int(row[1].split(":")[1], 16) == port)


def fire(port, tagged, per_second, seconds):
    """`tagged`: (tag, question's wire form without its id) again and again. -> tag: Outcome"""
    sockets = [_socket(port) for _ in range(SOCKETS)]
    poller = select.poll()
    for one in sockets:
        poller.register(one, select.POLLIN)
    by_file = {one.fileno(): one for one in sockets}
    outcomes, waiting = collections.defaultdict(Outcome), {}
    supply, count = itertools.cycle(tagged), 0
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < seconds:
        while count < now * per_second:
            tag, wire = next(supply)
            one, number = sockets[count % SOCKETS], (count // SOCKETS) & 0xFFFF
            waiting[one.fileno(), number] = tag, time.monotonic()
            outcomes[tag].sent += 1
            count += 1
            try:
                one.send(struct.pack("!H", number) + wire)
            except BlockingIOError:  # our own buffer is full: it never left
                del waiting[one.fileno(), number]
                outcomes[tag].sent -= 1
        _collect(poller, by_file, waiting, outcomes, 1)
    end = time.monotonic() + LINGER
    while waiting and time.monotonic() < end:
        _collect(poller, by_file, waiting, outcomes, 20)
    for one in sockets:
        one.close()
    return dict(outcomes)


class Continuous:
    """fire() until the end of the block."""

    CHUNK = 5.0  # seconds of each

    def __init__(self, port, tagged, per_second):
        self._port, self._tagged, self._rate = port, tagged, per_second
        self.sent, self.answered = collections.Counter(), collections.Counter()
        self.rcodes = collections.defaultdict(collections.Counter)
        self.chunks = []  # of each, 99 % of the answers came within so many seconds, by tag
        self._dropped, self._error = 0, None
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._run)

    def __enter__(self):
        self._dropped = kernel_drops(self._port)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._dropped = kernel_drops(self._port) - self._dropped
        if self._error:
            raise self._error

    def _run(self):
        try:
            while not self._stop.is_set():
                chunk = fire(self._port, self._tagged, self._rate, self.CHUNK)
                self.chunks.append({tag: one.percentile(0.99) for tag, one in chunk.items()
                                    if one.seconds})
                for tag, outcome in chunk.items():
                    self._take(tag, outcome)
        except BaseException as error:  # shown by the thread of the test
            self._error = error

    def _take(self, tag, outcome):
        self.sent[tag] += outcome.sent
        self.answered[tag] += outcome.answered
        self.rcodes[tag] += outcome.rcodes

    def answered_or_dropped(self):
        """Dropped by the kernel: it never reached the server."""
        return sum(self.answered.values()) + self._dropped

    def __str__(self):
        return "; ".join(f"{tag}: {self.sent[tag]} sent, {self.answered[tag]} answered "
                         f"{dict(self.rcodes[tag])}, p99 at least {self._least_p99(tag):.1f} ms"
                         for tag in self.sent) + (f"; {self._rate} a second; {self._dropped} "
                                                  "dropped by the kernel")

    def _least_p99(self, tag):
        return min((1e3 * p99[tag] for p99 in self.chunks if tag in p99), default=0)


def _socket(port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    one.connect(("127.0.0.1", port))
    one.setblocking(False)
    return one


def _collect(poller, by_file, waiting, outcomes, milliseconds):
    for number, _ in poller.poll(milliseconds):
        while True:
            try:
                wire = by_file[number].recv(4096)
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                continue
            arrived = time.monotonic()
            tag, sent = waiting.pop((number, struct.unpack("!H", wire[:2])[0]), (None, None))
            if tag is not None:
                outcomes[tag].seconds.append(arrived - sent)
                outcomes[tag].rcodes[wire[3] & 0x0F] += 1
                outcomes[tag].unsigned += RRSIG_IN not in wire
