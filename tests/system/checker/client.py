# SPDX-License-Identifier: GPL-2.0-only
"""Sends questions to one server and takes the answers, octet by octet as they come."""

import dataclasses
import random
import socket
import struct
import time

import dns.name
import dns.rdatatype as T


@dataclasses.dataclass(frozen=True)
class Question:
    kind: str
    qname: dns.name.Name
    qtype: int
    tcp: bool = False
    do: bool = True
    edns: bool = True
    id: int = 0

    def __str__(self):
        flags = ("" if self.edns else " no-edns") + (" DO" if self.do else "")
        transport = "TCP" if self.tcp else "UDP"
        return f"{self.kind}: {self.qname} {T.to_text(self.qtype)} {transport}{flags}"

    def wire(self, payload=1232):
        head = struct.pack("!HHHHHH", self.id, 0, 1, 0, 0, int(self.edns))
        body = self.qname.to_wire() + struct.pack("!HH", self.qtype, 1)
        if self.edns:
            body += b"\0" + struct.pack("!HHIH", T.OPT, payload, 0x8000 if self.do else 0, 0)
        return head + body


def is_truncated(wire):
    return wire is not None and len(wire) > 2 and bool(wire[2] & 0x02)


def rcode(wire):
    return wire[3] & 0x0F


class Client:
    """One UDP socket and, when it is needed, one TCP connection. Not for several threads."""

    def __init__(self, host, port, timeout=3.0):
        self._server = (host, port)
        self._timeout = timeout
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.connect(self._server)
        self._tcp = None
        self._random = random.Random(0)

    def close(self):
        self._udp.close()
        self._drop_tcp()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, question):
        """-> (question as it was sent last, answer or None). Goes to TCP when UDP says TC."""
        question = dataclasses.replace(question, id=self._random.randrange(65536))
        if not question.tcp:
            wire = self._ask_udp(question)
            if not is_truncated(wire):
                return question, wire
            question = dataclasses.replace(question, tcp=True)
        return question, self._ask_tcp(question)

    def udp_only(self, question):
        question = dataclasses.replace(question, id=self._random.randrange(65536))
        return question, self._ask_udp(question)

    def _ask_udp(self, question):
        deadline = time.monotonic() + self._timeout
        try:
            sent = question.wire()
            self._udp.send(sent)
            while True:
                self._udp.settimeout(max(0.001, deadline - time.monotonic()))
                wire = self._udp.recv(65535)
                if wire == sent:  # nobody has the port, and it is ours: do not keep it from its owner
                    return None
                if wire[:2] == struct.pack("!H", question.id):
                    return wire
        except OSError:
            return None

    def _ask_tcp(self, question):
        for fresh in (False, True):  # a server may close an idle connection at any time
            try:
                if self._tcp is None:
                    self._tcp = socket.create_connection(self._server, self._timeout)
                    self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wire = question.wire()
                self._tcp.sendall(struct.pack("!H", len(wire)) + wire)
                return self._receive(struct.unpack("!H", self._receive(2))[0])
            except OSError:
                self._drop_tcp()
                if fresh:
                    return None
        return None

    def _receive(self, count):
        octets = b""
        while len(octets) < count:
            more = self._tcp.recv(count - len(octets))
            if not more:
                raise ConnectionError("closed")
            octets += more
        return octets

    def _drop_tcp(self):
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None
