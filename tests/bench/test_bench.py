"""The benchmarks measure what they say. Times are never asserted: machines are noisy."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from digione.cli.bench_commands import NAMES, bench, compared
from digione.cli.bench_figures import Figure
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


def test_figures_are_compared_with_each_other_and_with_those_of_fewer_learners() -> None:
    figures = [
        Figure("one_user", 0.3, "ms", learners=1_000_000),
        Figure("users_page_1", 1.0, "ms", learners=1_000_000),
        Figure("users_page_1000", 2.0, "ms", learners=1_000_000),
    ]
    found = {figure.name: (figure.value, figure.limit, figure.ratio) for figure in compared(figures, {"one_user": 0.2})}
    assert found["users_page_1000_to_page_1"] == (2.0, 1.5, 0.75)
    assert found["one_user_to_before"] == pytest.approx((1.5, 1.2, 0.8))
    assert "users_page_1_to_before" not in found
    assert compared([], {}) == []


def test_figures_to_compare_with_are_what_the_bench_printed(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    for text in ("{", "[1]", '[{"name": "one_user"}]'):
        file.write_text(text)
        answer = CliRunner().invoke(bench, ["--against", str(file)])
        assert answer.exit_code == 2
        assert "--against" in answer.output
