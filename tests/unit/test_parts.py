"""What serves is started again when it dies, with real processes; and where that does not help, one is told why."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import psycopg
import pytest

from digione.cli import lifecycle
from digione.cli.parts import MOST_LOSSES, WITHIN_SECONDS, Losses, Part, Watch
from digione.config.data_folder import StartFailure, data_folder
from digione.config.embedded import EmbeddedServer
from digione.config.language import CHOSEN

#: Starts a child that outlives it, tells its number, and sleeps.
_WITH_CHILD = "import os, subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


@pytest.fixture(params=["fi", "sv", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    CHOSEN.append(request.param)
    yield request.param
    CHOSEN.pop()


@pytest.fixture
def part() -> Iterator[Part]:
    part = Part("The sleeper", ["sleep", "60"], dict(os.environ))
    part.start()
    yield part
    part.ask_to_end()
    part.end()


def _kill(part: Part) -> int:
    assert part.process is not None
    part.process.kill()
    part.process.wait()
    return part.process.pid


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_a_part_that_lives_is_left_alone_and_a_killed_one_started_again(
    part: Part, capsys: pytest.CaptureFixture[str]
) -> None:
    before = part.process
    part.again()
    assert part.process is before
    killed = _kill(part)
    part.again()
    assert part.process is not None
    assert part.process.pid != killed
    assert part.ended() is None
    assert "The sleeper stopped by itself (exit -9). Starting it again" in capsys.readouterr().err


@pytest.fixture
def orphan() -> Iterator[tuple[Part, int]]:
    """A part that was killed, and the child that it has left."""
    reading, writing = os.pipe()
    part = Part("The parent", [sys.executable, "-c", f"import os; os.dup2({writing}, 1); {_WITH_CHILD}"], {})
    part.process = subprocess.Popen(part.command, start_new_session=True, pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading) as told:
        child = int(told.readline())
    part.command = ["sleep", "60"]
    _kill(part)
    yield part, child
    part.ask_to_end()
    part.end()


def test_what_a_killed_part_had_started_goes_with_it(orphan: tuple[Part, int]) -> None:
    part, child = orphan
    part.again()
    assert _gone(child), "it would still hold the port"


def test_what_a_killed_part_had_started_goes_also_when_the_end_comes_before_anybody_looks(
    orphan: tuple[Part, int],
) -> None:
    part, child = orphan
    part.ask_to_end()
    part.end()
    assert _gone(child), "it would still hold the port"


def test_a_part_that_dies_again_and_again_ends_all_and_says_so(
    part: Part, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"fi": "pysähtyi 5 kertaa", "sv": "stannade 5 gånger", "en": "stopped 5 times"}
    for _time in range(MOST_LOSSES - 1):
        _kill(part)
        part.again()
    last = _kill(part)
    with pytest.raises(StartFailure, match=f"The sleeper {words[language]}"):
        part.again()
    assert part.process is not None
    assert part.process.pid == last, "it was not started once more"
    assert len(capsys.readouterr().err.splitlines()) == MOST_LOSSES - 1


def test_losses_that_are_long_over_count_no_more() -> None:
    moment = 0.0
    losses = Losses(now=lambda: moment)
    for _day in range(3 * MOST_LOSSES):
        assert not losses.too_many()
        moment += WITHIN_SECONDS / (MOST_LOSSES - 1) + 1
    assert [losses.too_many() for _time in range(MOST_LOSSES)][-1]


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="digione-parts-", ignore_cleanup_errors=True) as name:
        server = EmbeddedServer(data_folder(name))
        server.start()
        yield server
        server.stop()


def _pid(server: EmbeddedServer) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split("\n")[0])


def _kill_server(server: EmbeddedServer) -> None:
    pid = _pid(server)
    os.kill(pid, signal.SIGKILL)
    assert _gone(pid)


def _workers_of(server: EmbeddedServer) -> list[int]:
    """Every process of a server that works in this cluster."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(entry / "cwd")) == server.cluster:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_killed_database_is_started_again_with_what_was_committed(
    server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch(server, [])
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    before = _pid(server)
    watch.look()
    assert _pid(server) == before
    _kill_server(server)
    assert server.lost()
    watch.look()
    assert not server.lost()
    with psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    said = capsys.readouterr().err
    assert said.index("PostgreSQL stopped by itself. Starting it again") < said.index("PostgreSQL runs again")


def test_a_database_that_somebody_else_has_started_again_is_left_alone(server: EmbeddedServer) -> None:
    _kill_server(server)
    other = EmbeddedServer(server.data)
    other.start()
    pid = _pid(server)
    Watch(server, []).look()
    other.stop()
    assert _pid(server) == pid
    with psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    # The second one's is its child, which it would see as running for as long as nobody asks.
    server.stop()
    assert other._process is None or other._process.poll() is not None
    assert not _workers_of(server)


def test_a_database_that_dies_again_and_again_ends_all_and_says_where_its_words_stand(server: EmbeddedServer) -> None:
    watch = Watch(server, [])
    for _time in range(MOST_LOSSES - 1):
        _kill_server(server)
        watch.look()
    _kill_server(server)
    with pytest.raises(StartFailure, match=rf"PostgreSQL stopped 5 times.*{server.data}/postgres.log"):
        watch.look()
    assert server.lost()


@pytest.mark.parametrize(("losses", "whole"), [(2, True), (MOST_LOSSES, False)])
def test_a_database_killed_while_the_demonstration_is_made_is_started_again_and_it_goes_on(
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    losses: int,
    whole: bool,
) -> None:
    """The command that makes it stands for one that ends where its database is gone."""
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE organisations_provider (demo boolean)")
        connection.execute("CREATE TABLE core_importrun (kind text, status text, provider_id uuid)")
    tries = []

    def make(command: list[str], **_more: object) -> subprocess.CompletedProcess[bytes]:
        tries.append(command)
        if len(tries) <= losses:
            _kill_server(server)
            return subprocess.CompletedProcess(command, 2)
        with psycopg.connect(server.admin_url) as connection:
            connection.execute("INSERT INTO organisations_provider VALUES (true)")
        return subprocess.CompletedProcess(command, 0)

    # The module that starts the server has one of its own.
    monkeypatch.setattr(lifecycle, "subprocess", SimpleNamespace(run=make))
    environment = {"DIGIONE_APP_DATABASE_URL": server.admin_url, "DIGIONE_DATA": str(server.data)}
    expected = nullcontext() if whole else pytest.raises(StartFailure, match=r"PostgreSQL stopped 5 times")
    with expected:
        lifecycle._load_demo_once(environment, 100, 1, Watch(server, []))
    assert len(tries) == (losses + 1 if whole else MOST_LOSSES)
    said = capsys.readouterr().err
    assert said.count("PostgreSQL stopped by itself") == said.count("Going on with the demonstration") == len(tries) - 1


def test_a_demonstration_that_fails_though_its_database_is_there_is_not_tried_again(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE organisations_provider (demo boolean)")
        connection.execute("CREATE TABLE core_importrun (kind text, status text, provider_id uuid)")
    tries: list[object] = []

    def fail(command: list[str], **_more: object) -> subprocess.CompletedProcess[bytes]:
        tries.append(command)
        return subprocess.CompletedProcess(command, 2)

    # The module that starts the server has one of its own.
    monkeypatch.setattr(lifecycle, "subprocess", SimpleNamespace(run=fail))
    environment = {"DIGIONE_APP_DATABASE_URL": server.admin_url, "DIGIONE_DATA": str(server.data)}
    with pytest.raises(StartFailure, match="The next start goes on with it"):
        lifecycle._load_demo_once(environment, 100, 1, Watch(server, []))
    assert len(tries) == 1


def test_a_database_killed_while_the_parts_start_is_started_again_and_waited_for(
    server: EmbeddedServer, part: Part, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The part stands for one that ends where its database is gone."""
    killed = _kill(part)
    _kill_server(server)
    asked: list[str] = []

    def get(address: str) -> None:
        asked.append(address)
        if server.lost():
            raise URLError("no database")

    monkeypatch.setattr(lifecycle, "_get", get)
    monkeypatch.setattr(lifecycle, "_READY_SECONDS", 5)
    lifecycle._wait_until_ready(8123, Watch(server, [part]))
    assert asked == ["http://127.0.0.1:8123/readyz"]
    assert part.ended() is None
    assert part.process is not None
    assert part.process.pid != killed
    assert "PostgreSQL stopped by itself. Starting it again" in capsys.readouterr().err


def test_a_database_that_dies_again_and_again_while_the_parts_start_is_the_reason_that_is_told(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(address: str) -> None:
        _kill_server(server)
        raise URLError("no database")

    monkeypatch.setattr(lifecycle, "_get", get)
    monkeypatch.setattr(lifecycle, "_READY_SECONDS", 5)
    moments = [time.monotonic()] * (MOST_LOSSES - 1)
    with pytest.raises(StartFailure, match="PostgreSQL stopped 5 times"):
        lifecycle._wait_until_ready(8123, Watch(server, [], Losses(moments=deque(moments))))


def test_a_part_that_ends_at_its_start_is_not_started_again_where_its_database_is_there(
    server: EmbeddedServer, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = _kill(part)
    monkeypatch.setattr(lifecycle, "_READY_SECONDS", 5)
    with pytest.raises(StartFailure, match="A part of DigiOne did not start"):
        lifecycle._wait_until_ready(8123, Watch(server, [part]))
    assert part.process is not None
    assert part.process.pid == killed


class _AskedError(Exception):
    """Stands for the signal that asks for the end."""


def test_who_asks_for_the_end_while_the_database_starts_leaves_none_behind(server: EmbeddedServer) -> None:
    _kill_server(server)
    lines: Callable[[], list[str]] = server._pid_lines
    before = server._process

    def asked() -> list[str]:
        if server._process is not before:
            raise _AskedError
        return lines()

    server._pid_lines = asked  # type: ignore[method-assign]
    with pytest.raises(_AskedError):
        server.start()
    assert server._process is None
    server._pid_lines = lines  # type: ignore[method-assign]
    assert not _workers_of(server)
    server.start()
    with psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_killed_database_leaves_no_folder_of_its_socket_when_one_stops(server: EmbeddedServer) -> None:
    _kill_server(server)
    assert server.socket_folder.exists()
    server.stop()
    assert not server.socket_folder.exists()
