# SPDX-License-Identifier: GPL-2.0-only
"""tld-exporter: what Prometheus gets of a running server, and what strangers who speak HTTP to it get."""

import contextlib
import http.client
import json
import socket
import threading
import urllib.parse
import urllib.request

import pytest

from builds import built
from harness import Deployment
from metrics import Metrics, metrics_of
from processes import Process, free_port, generate_zone, run, wait_for

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "# TYPE tld_waited counter\n# HELP tld_waited x\ntld_waited_total 7\n# EOF"


class Exporter(Process):
    def __init__(self, folder, control_socket, **options):
        self.port = free_port()
        super().__init__("tld-exporter", [
            built("tld-exporter"), "--listen", f"127.0.0.1:{self.port}", "--socket",
            control_socket], folder / "exporter.log", **options)

    def __enter__(self):
        self.start()
        wait_for(lambda: "serving http://" in self.log() or not self.running, "the exporter is up")
        assert self.running, self.log()
        return self

    def __exit__(self, *_):
        self.stop()
        assert self.returncode == 0, self.log()

    def get(self, path="/metrics", method="GET"):
        """-> status, headers, body"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    def raw(self, octets):
        """Sends octets, reads to the end. -> the answer's first line, "" when there was none."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as peer:
            with contextlib.suppress(OSError):
                peer.sendall(octets)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while more := peer.recv(65536):
                    answer += more
        return answer.split(b"\r\n")[0].decode()


class ControlSocket:
    """Stands for PowerDNS, with an answer of ours; counts who asks."""

    def __init__(self, path, answer=TEXT):
        self.path, self.answer, self.asked = path, answer, 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(10)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                with client:
                    if client.recv(100) == b"TLD-METRICS\n":
                        self.asked += 1
                        client.sendall(self.answer.encode())

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.path.unlink()


@pytest.fixture
def exporter(tmp_path):
    control = ControlSocket(tmp_path / "control")
    with Exporter(tmp_path, control.path) as running:
        running.control = control
        yield running


def test_page(exporter):
    """Catches another content type, a page without tld_up, and HEAD with a body."""
    status, headers, body = exporter.get()
    assert (status, headers["Content-Type"]) == (200, OPENMETRICS)
    assert headers["Connection"] == "close" and headers["Cache-Control"] == "no-store"
    metrics = Metrics(body)
    assert metrics.value("tld_waited_total") == 7 and metrics.value("tld_up") == 1
    status, headers, head_body = exporter.get(method="HEAD")
    assert (status, headers["Content-Length"], head_body) == (200, str(len(body)), "")
    assert exporter.get("/metrics?x=1")[0] == 200


def test_only_this_page(exporter):
    """Catches a second page, and a method that changes something."""
    asked = exporter.control.asked
    for path in ("/", "/health", "/metrics/", "/metricsx", "/../metrics", "//metrics", "/%6detrics",
                 "http://x/metrics", "*"):
        assert exporter.get(path)[0] == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        status, headers, _ = exporter.get(method=method)
        assert status in (400, 405), method
        assert status == 400 or headers["Allow"] == "GET, HEAD"
    assert exporter.control.asked == asked


HOSTILE = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"x" * 100 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a long line": b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    "a body": b"GET /metrics HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + b"x" * 100,
    "a huge body": b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    "chunks": b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nx",
    "two lengths": b"GET /metrics HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "NUL": b"GET /metrics\0 HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_requests(exporter, kind):
    """Catches a request that is no HTTP, or too much of it, and gets the page or ends the exporter."""
    asked = exporter.control.asked
    assert exporter.raw(HOSTILE[kind]).startswith("HTTP/1.1 400 "), kind
    assert exporter.control.asked == asked
    assert exporter.get()[0] == 200


def test_who_keeps_silent_is_left(exporter):
    """Catches connections that do nothing and keep others out for ever: 40 of them, more than are
    served at a time."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port), 20))
                  for _ in range(40)]
        silent[0].sendall(b"GET /metrics HTTP/1.1\r\n")  # and no more
        assert exporter.get()[0] == 200  # within the 20 seconds of get()
        for peer in silent[:20]:
            assert peer.recv(1) == b""


def test_requests_in_one_go(exporter):
    """Catches a second request on one connection that is served."""
    with socket.create_connection(("127.0.0.1", exporter.port), 20) as peer:
        peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        answer = b""
        while more := peer.recv(65536):
            answer += more
    assert answer.count(b"HTTP/1.1 200 OK") == 1


def test_server_that_does_not_answer(tmp_path):
    """Catches a scrape that fails, or hangs, when what it should tell is that the server is gone; and
    an exporter that does not come back with it."""
    with Exporter(tmp_path, tmp_path / "control") as exporter:
        for _ in range(2):
            metrics = Metrics(exporter.get()[2])
            assert metrics.value("tld_up") == 0 and list(metrics.families) == ["tld_up"]
        control = ControlSocket(tmp_path / "control")
        assert Metrics(exporter.get()[2]).value("tld_waited_total") == 7
        control.answer = TEXT[:-3]
        metrics = Metrics(exporter.get()[2])
        assert metrics.value("tld_up") == 0 and not metrics.samples("tld_waited_total")
        control.close()
        lines = [line for line in exporter.log().splitlines() if "tld_up" in line]
        assert len(lines) == 2, exporter.log()
        assert exporter.log().count("answers again") == 1


def test_wrong_usage(tmp_path):
    """Catches a wrong address that ends in silence, or is retried by systemd for ever."""
    for options, code in ((("--listen", "localhost:80"), 2), (("--port", "80"), 2),
                          (("--listen", "192.0.2.1:80"), 3)):
        process = Process("tld-exporter", [built("tld-exporter"), *options], tmp_path / "log")
        process.start()
        assert process.wait(20) == code, process.log()
        assert options[0][2:] in process.log() or "192.0.2.1" in process.log()


CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: tld
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def query(port, expression):
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)["data"]["result"]


def test_prometheus_scrapes_it(tmp_path):
    """Catches text that the real Prometheus does not take, or takes otherwise than it is meant."""
    file = generate_zone(tmp_path / "kz.zone", "--origin", "kz.", "--plain", "--delegations", 50,
                         "--signed", 10)
    with Deployment() as deployment:
        deployment.add_zone("kz.", file)
        deployment.start()
        deployment.wait_until_signed("kz.")
        with Exporter(tmp_path, deployment.path / "pdns.controlsocket") as exporter:
            assert run("curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{content_type}",
                       f"http://127.0.0.1:{exporter.port}/metrics") == OPENMETRICS
            configuration = tmp_path / "prometheus.yml"
            configuration.write_text(CONFIGURATION.format(port=exporter.port))
            port = free_port()
            prometheus = Process("prometheus", [
                "prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={tmp_path}/db",
                f"--web.listen-address=127.0.0.1:{port}"], tmp_path / "prometheus.log").start()
            try:
                wait_for(lambda: "Server is ready" in prometheus.log(), "Prometheus is up", 60)
                wait_for(lambda: query(port, "tld_up == 1 and up == 1"), "it has scraped", 60)
                sample = query(port, "tld_zone_serial")[0]
                assert sample["metric"]["zone"] == "kz."
                assert int(sample["value"][1]) == deployment.live("kz.")["serial"]
                assert query(port, 'tld_hsm_breaker{tld_hsm_breaker="closed"} == 1')
                assert query(port, "histogram_quantile(0.99, tld_hsm_latency_seconds_bucket) > 0")
                wanted = metrics_of(deployment).sample_names() | {"tld_up"}
                names = {s["metric"]["__name__"] for s in query(port, '{__name__=~"tld_.*"}')}
                assert names <= wanted and len(names) > 40, names - wanted
            finally:
                prometheus.stop(30)
