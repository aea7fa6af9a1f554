"""`digione up` on this machine, started once: a taken port, the languages of what it says, and its end."""

import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import lay_migrated
from tests.serving import Installation, eventually, status

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="digione-serving-", ignore_cleanup_errors=True) as name:
        # The suite may run as root, and PostgreSQL then runs as somebody else, who must be able to enter.
        Path(name).chmod(0o711)
        installation = Installation(Path(name).resolve() / "data")
        installation.data.mkdir(mode=0o711)
        lay_migrated(installation.data)
        yield installation
        for process in installation.started:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_on_a_taken_port_it_says_so_takes_the_next_and_stops_cleanly_when_asked(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        process = installation.start("up", "--port", str(port), language="sv_FI.UTF-8")
        assert eventually(lambda: "Ctrl-C" in installation.said() or process.poll() is not None, 120)
    assert process.poll() is None, installation.said()
    said = installation.said()
    assert f"Port {port} används av ett annat program" in said
    other = int(said.partition("http://127.0.0.1:")[2].split()[0])
    assert port < other <= port + 100
    assert status(other) == 200
    assert len(installation.processes()) >= 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, installation.said()
    assert "Stoppar" in installation.said()
    assert eventually(lambda: not installation.processes()), installation.processes()
    assert status(other) == 0
