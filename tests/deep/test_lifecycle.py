"""The one command from outside: started, stopped, killed, started again, as an administrator would."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.deep, pytest.mark.enable_socket]
_PATIENCE = 240


class Installation:
    """One data folder and the `digione demo` processes that were started on it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.output = data.parent / f"{data.name}.out"
        self.started: list[subprocess.Popen[bytes]] = []

    def demo(self, port: int) -> "subprocess.Popen[bytes]":
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DIGIONE_", "DATABASE_"))}
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "digione", "demo"),
                    *("--data", str(self.data), "--port", str(port), "--learners", "200"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def wait_until_ready(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None, self.output.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                    assert answer.status == 200
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.output.read_text())

    def processes(self) -> list[int]:
        """Every living process that works with this data folder, found by its environment or working folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    continue
                environment = (entry / "environ").read_bytes().split(b"\0")
                here = os.readlink(entry / "cwd").startswith(str(self.data))
            except OSError:
                continue
            if here or f"DIGIONE_DATA={self.data}".encode() in environment:
                found.append(int(entry.name))
        return found


def _eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _demo_listing(port: int) -> dict[str, object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/demo.json", timeout=10) as answer:
        listing: dict[str, object] = json.load(answer)
    return listing


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
    port = _free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert len(installation.processes()) >= 3
    process.send_signal(number)
    assert process.wait(60) == 0, installation.output.read_text()
    assert _eventually(lambda: not installation.processes()), installation.processes()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)


def test_stopped_while_it_starts_it_leaves_nothing_behind(installation: Installation) -> None:
    for delay in (0.3, 0.8, 1.5):
        process = installation.demo(_free_port())
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        # Before Python has come to our own code the signal ends it in the system's way.
        assert process.wait(60) in {0, -signal.SIGTERM}, installation.output.read_text()
        assert _eventually(lambda: not installation.processes()), installation.processes()


def test_killed_it_frees_the_port_and_keeps_the_data(installation: Installation) -> None:
    port = _free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    before = _demo_listing(port)
    process.kill()
    process.wait()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        assert _eventually(lambda: _binds(probe, port)), "a web process of the killed command still holds the port"
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert _demo_listing(port) == before
    process.terminate()
    assert process.wait(60) == 0
    assert _eventually(lambda: not installation.processes()), installation.processes()


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def test_everything_killed_at_once_it_starts_again(installation: Installation) -> None:
    port = _free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    before = _demo_listing(port)
    for pid in [process.pid, *installation.processes()]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    assert _demo_listing(port) == before
    process.terminate()
    assert process.wait(60) == 0


def test_a_taken_port_is_said_and_the_next_one_used(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        process = installation.demo(port)
        assert _eventually(lambda: "is ready" in installation.output.read_text(), _PATIENCE)
    text = installation.output.read_text()
    assert f"Port {port} is taken" in text
    assert f"http://127.0.0.1:{port}/" not in text
    process.terminate()
    assert process.wait(60) == 0


def test_another_command_shares_the_running_database(installation: Installation) -> None:
    port = _free_port()
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
