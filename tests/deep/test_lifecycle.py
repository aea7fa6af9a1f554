"""The one command from outside: started, stopped, killed, started again, as an administrator would."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from digione.cli.parts import MOST_LOSSES
from digione.config.embedded import EmbeddedServer
from digione.integrations.demo.cast import PASSWORD
from tests.serving import (
    PATIENCE,
    Installation,
    demo_listing,
    eventually,
    free_port,
    part_of,
    signs_in,
    status,
)

pytestmark = [pytest.mark.deep, pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="digione-lifecycle-", ignore_cleanup_errors=True) as name:
        installation = Installation(Path(name).resolve())
        yield installation
        for process in installation.started:
            if process.poll() is None:
                process.terminate()
                process.wait(60)
        installation.output.unlink(missing_ok=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_asked_to_stop_it_leaves_nothing_behind(installation: Installation, number: signal.Signals) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert len(installation.processes()) >= 3
    process.send_signal(number)
    assert process.wait(60) == 0, installation.output.read_text()
    assert eventually(lambda: not installation.processes()), installation.processes()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)


def test_stopped_while_it_starts_it_leaves_nothing_behind(installation: Installation) -> None:
    for delay in (0.3, 0.8, 1.5):
        process = installation.demo(free_port())
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        # Before Python has come to our own code the signal ends it in the system's way.
        assert process.wait(60) in {0, -signal.SIGTERM}, installation.output.read_text()
        assert eventually(lambda: not installation.processes()), installation.processes()


def test_killed_it_frees_the_port_and_keeps_the_data(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    before = demo_listing(port)
    process.kill()
    process.wait()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        assert eventually(lambda: _binds(probe, port)), "a web process of the killed command still holds the port"
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert demo_listing(port) == before
    process.terminate()
    assert process.wait(60) == 0
    assert eventually(lambda: not installation.processes()), installation.processes()


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def test_everything_killed_at_once_it_starts_again(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    before = demo_listing(port)
    for pid in [process.pid, *installation.processes()]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert demo_listing(port) == before
    process.terminate()
    assert process.wait(60) == 0


def test_a_worker_whose_parent_and_database_are_killed_ends_by_itself(installation: Installation) -> None:
    """It is asked to end by the death of its parent, when there is no database to finish its work in."""
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    worker = part_of(process, "digione.cli.worker")
    os.kill(installation.postmaster(), signal.SIGKILL)
    process.kill()
    process.wait()
    assert eventually(lambda: not Path(f"/proc/{worker}").exists(), PATIENCE)


def test_a_taken_port_is_said_and_the_next_one_used(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        process = installation.demo(port)
        assert eventually(lambda: "is ready" in installation.output.read_text(), PATIENCE)
    text = installation.output.read_text()
    assert f"Port {port} is taken" in text
    assert f"http://127.0.0.1:{port}/" not in text
    process.terminate()
    assert process.wait(60) == 0


def test_another_command_shares_the_running_database(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    answer = subprocess.run(
        [sys.executable, "-m", "digione", "check", "--data", str(installation.data)], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "PostgreSQL" in answer.stdout
    installation.wait_until_ready(process, port)
    process.terminate()
    assert process.wait(60) == 0


@contextmanager
def serving(installation: Installation) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Serve the demonstration, and hold it to a clean end afterwards."""
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    yield process, port
    process.terminate()
    assert process.wait(60) == 0, installation.said()
    assert eventually(lambda: not installation.processes()), installation.processes()


class Watching:
    """Asks `/readyz` all the time, and keeps each new answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._over.is_set():
            answer = status(self.port)
            if self.answers[-1:] != [answer]:
                self.answers.append(answer)

    def end(self) -> list[int]:
        self._over.set()
        self._thread.join()
        return self.answers


def _seals(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT coalesce(max(number), 0) FROM audit_seal").fetchone()
    return int(row[0]) if row else 0


def _administrator(installation: Installation) -> psycopg.Connection:
    url = EmbeddedServer(installation.data).admin_url.replace("/postgres?", "/digione?")
    return psycopg.connect(url, autocommit=True)


def _faults_of_the_log(installation: Installation) -> list[tuple[object, ...]]:
    with _administrator(installation) as connection:
        return connection.execute("SELECT number, fault FROM audit_verify()").fetchall()


def _seals_go_on(installation: Installation, port: int) -> bool:
    """Do something that the log tells of, and see whether it is sealed."""
    with _administrator(installation) as connection:
        before = _seals(connection)
        assert signs_in(port, "ilmari.saarnio", PASSWORD)
        return eventually(lambda: _seals(connection) > before, 120)


def test_a_database_killed_while_serving_comes_back_by_itself(installation: Installation) -> None:
    with serving(installation) as (_process, port):
        before = demo_listing(port)
        assert signs_in(port, "ilmari.saarnio", PASSWORD)
        watching = Watching(port)
        assert eventually(lambda: watching.answers == [200])
        os.kill(installation.postmaster(), signal.SIGKILL)
        assert eventually(lambda: watching.answers[-1] == 200 and len(watching.answers) > 1, PATIENCE)
        assert watching.end() == [200, 503, 200]
        assert "PostgreSQL stopped by itself. Starting it again" in installation.said()
        assert "PostgreSQL runs again. What was saved is there." in installation.said()
        assert demo_listing(port) == before
        assert signs_in(port, "ilmari.saarnio", PASSWORD)
        assert _seals_go_on(installation, port), "the worker found the database again"
        assert "The worker for jobs stopped" not in installation.said(), "it outlives its database"
        assert _faults_of_the_log(installation) == []
        assert "Traceback" not in installation.said()


def test_a_worker_killed_while_it_seals_the_log_leaves_the_seals_whole_and_they_go_on(
    installation: Installation,
) -> None:
    with serving(installation) as (process, port):
        with _administrator(installation) as holder, holder.transaction():
            before = _seals(holder)
            holder.execute("LOCK TABLE audit_seal IN ACCESS EXCLUSIVE MODE")
            assert signs_in(port, "ilmari.saarnio", PASSWORD)
            with _administrator(installation) as watcher:
                waiting = "SELECT 1 FROM pg_locks WHERE relation = 'audit_seal'::regclass AND NOT granted"
                assert eventually(lambda: watcher.execute(waiting).fetchone() is not None)
            killed = part_of(process, "digione.cli.worker")
            os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: "The worker for jobs stopped by itself (exit -9)" in installation.said())
        assert part_of(process, "digione.cli.worker") != killed
        # The next worker seals, whatever has become of the job.
        with _administrator(installation) as connection:
            assert eventually(lambda: _seals(connection) > before, 120)
        assert _seals_go_on(installation, port)
        assert _faults_of_the_log(installation) == []
    answer = subprocess.run(
        [sys.executable, "-m", "digione", "check", "--data", str(installation.data)], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "all hold" in answer.stdout


def test_a_killed_web_server_comes_back_at_the_same_address(installation: Installation) -> None:
    with serving(installation) as (process, port):
        os.kill(part_of(process, "granian"), signal.SIGKILL)
        assert eventually(lambda: "The web server stopped by itself (exit -9)" in installation.said())
        assert eventually(lambda: status(port) == 200)
        assert signs_in(port, "ilmari.saarnio", PASSWORD)


def _starts(process: "subprocess.Popen[bytes]", words: str) -> bool:
    try:
        return bool(part_of(process, words))
    except AssertionError:
        return False


def test_a_database_killed_while_the_parts_start_comes_back_and_all_become_ready(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    assert eventually(lambda: _starts(process, "granian"), PATIENCE), installation.said()
    os.kill(installation.postmaster(), signal.SIGKILL)
    installation.wait_until_ready(process, port)
    assert "PostgreSQL runs again" in installation.said()
    assert signs_in(port, "ilmari.saarnio", PASSWORD)
    process.terminate()
    assert process.wait(60) == 0
    assert eventually(lambda: not installation.processes()), installation.processes()


def test_a_database_killed_while_the_demonstration_is_made_comes_back_and_it_becomes_whole() -> None:
    with tempfile.TemporaryDirectory(prefix="digione-making-", ignore_cleanup_errors=True) as name:
        fresh = Installation(Path(name).resolve())
        port = free_port()
        process = fresh.start("demo", "--port", str(port), "--learners", "4000")
        try:
            assert eventually(lambda: "Making 4000 learners" in fresh.said(), PATIENCE), fresh.said()

            writing = "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'COPY demo_%'"
            with _administrator(fresh) as watcher:
                assert eventually(lambda: watcher.execute(writing).fetchone() is not None, PATIENCE)
            os.kill(fresh.postmaster(), signal.SIGKILL)
            fresh.wait_until_ready(process, port)
            said = fresh.said()
            assert "The database stopped answering while the demonstration was made" in said
            assert said.index("PostgreSQL runs again") < said.index("Going on with the demonstration")
            assert "Traceback" not in said
            listing = demo_listing(port)
            # Nobody is there twice: as many as were asked for, and the five sound rows of the table of newcomers.
            assert sum(provider["learners"] for provider in listing["providers"]) == 4000 + 5  # type: ignore[attr-defined]
            assert signs_in(port, "ilmari.saarnio", PASSWORD)
        finally:
            process.terminate()
            assert process.wait(60) == 0
            fresh.output.unlink(missing_ok=True)
        assert eventually(lambda: not fresh.processes()), fresh.processes()


def test_asked_to_stop_right_after_the_web_server_was_killed_it_frees_the_port(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    # Stopped, it cannot look before it is asked.
    process.send_signal(signal.SIGSTOP)
    os.kill(part_of(process, "granian"), signal.SIGKILL)
    process.terminate()
    process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 0, installation.said()
    assert "Starting it again" not in installation.said()
    assert eventually(lambda: not installation.processes()), installation.processes()


def test_asked_to_stop_while_the_database_is_stopped_it_ends_it_whole(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    os.kill(installation.postmaster(), signal.SIGSTOP)
    process.terminate()
    assert process.wait(60) == 0, installation.said()
    assert eventually(lambda: not installation.processes()), installation.processes()


def test_asked_to_stop_while_the_database_is_down_it_leaves_nothing_behind(installation: Installation) -> None:
    control = installation.data / "postgres" / "global" / "pg_control"
    away = control.with_name("pg_control.away")
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    before = demo_listing(port)
    control.rename(away)
    try:
        os.kill(installation.postmaster(), signal.SIGKILL)
        assert eventually(lambda: "Starting it again" in installation.said())
        assert status(port) == 503
        process.terminate()
        assert process.wait(60) == 0, installation.said()
        assert "Stopping" in installation.said()
        assert eventually(lambda: not installation.processes()), installation.processes()
    finally:
        away.rename(control)
    with serving(installation) as (_process, again):
        assert demo_listing(again) == before


def test_a_database_that_dies_again_and_again_ends_the_command_with_a_word(installation: Installation) -> None:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    for number in range(1, MOST_LOSSES):
        os.kill(installation.postmaster(), signal.SIGKILL)
        assert eventually(lambda: installation.said().count("PostgreSQL runs again") == number, PATIENCE)  # noqa: B023
    os.kill(installation.postmaster(), signal.SIGKILL)
    assert process.wait(60) == 2, installation.said()
    assert f"PostgreSQL stopped {MOST_LOSSES} times" in installation.said()
    assert f"{installation.data}/postgres.log" in installation.said()
    assert eventually(lambda: not installation.processes()), installation.processes()


def test_an_import_uses_the_database_of_a_running_demonstration_and_leaves_it_running(
    installation: Installation,
) -> None:
    with serving(installation) as (_process, port):
        pid = installation.postmaster()
        path = installation.data / "lists.json"
        path.write_text(json.dumps([{"koodiUri": "kokeilu_1", "koodiArvo": "1", "metadata": []}]))
        answer = subprocess.run(
            [
                *(sys.executable, "-m", "digione", "import", "codes", str(path), "--json"),
                "--data",
                str(installation.data),
            ],
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert json.loads(answer.stdout)["added"] == 1
        assert installation.postmaster() == pid
        assert status(port) == 200
