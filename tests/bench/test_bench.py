"""The benchmarks measure what they say. Times are never asserted: machines are noisy."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from digione.cli.bench_commands import NAMES, bench
from digione.cli.bench_load import run
from digione.cli.bench_stage import cpu_ms, is_transaction_mark, tree


class _Server(ThreadingHTTPServer):
    def handle_error(self, *arguments: object) -> None:
        """Say nothing when the generator hangs up in the middle of an answer: it does so when its time is over."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"{}" * 50_000 if self.path == "/large" else b"{}"
        self.send_response(404 if self.path == "/absent" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the suite's output is for faults."""


@pytest.mark.enable_socket
def test_the_load_generator_counts_answers_and_failures() -> None:
    server = _Server(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        plan = {"port": server.server_port, "token": "t", "connections": 2, "seconds": 0.2}
        fine = run({**plan, "paths": ["/", "/large"]})
        bad = run({**plan, "paths": ["/absent"]})
    finally:
        server.shutdown()
        server.server_close()
    assert fine["requests"] > 0
    assert fine["failed"] == 0
    assert fine["bytes"] > fine["requests"]
    assert bad["failed"] >= bad["requests"] > 0


def test_a_process_accounts_for_its_own_work() -> None:
    before = cpu_ms([os.getpid()])
    assert sum(number * number for number in range(2_000_000)) > 0
    assert cpu_ms([os.getpid()]) >= before
    assert tree(os.getpid())[0] == os.getpid()


def test_transaction_marks_are_not_counted_as_statements() -> None:
    assert is_transaction_mark("BEGIN")
    assert is_transaction_mark('RELEASE SAVEPOINT "s1"')
    assert not is_transaction_mark("SELECT 1")


def test_help_names_every_bench() -> None:
    answer = CliRunner().invoke(bench, ["--help"])
    assert answer.exit_code == 0
    assert all(name in answer.output.replace("\n", "").replace(" ", "") for name in NAMES)
