"""`digione import` where no database runs: it is started for the time of the run, and stopped however the run ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from digione.config.embedded import EmbeddedServer, running_database
from tests.api.cli.conftest import REGISTER
from tests.clusters import lay_migrated

_PATIENCE = 60
_ORGANISATIONS = "SELECT count(*) FROM organisations_organisation"


class Folder:
    """A data folder with a migrated cluster that does not run, and a register to bring in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.server = EmbeddedServer(path)
        self.register = path / "register.json"
        self.register.write_text(json.dumps(REGISTER))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        foreign = ("DIGIONE_", "DJANGO_", "DATABASE_URL", "LC_", "LANG")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return subprocess.Popen(
            [sys.executable, "-m", "digione", "import", *arguments, "--json", "--data", str(self.path)],
            env={**kept, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ends(self, process: "subprocess.Popen[str]", code: int) -> dict[str, Any]:
        """Hold the end of an import to its exit code and one object, and to a database that is stopped."""
        out, err = process.communicate(timeout=_PATIENCE)
        assert process.returncode == code, out + err
        assert "Traceback" not in err, err
        assert not self.processes(), "the database runs on"
        assert not (self.server.cluster / "postmaster.pid").exists(), "it was not stopped in good order"
        assert not self.server.socket_folder.exists()
        told: dict[str, Any] = json.loads(out)
        return told

    def processes(self) -> list[int]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if Path(os.readlink(entry / "cwd")) == self.server.cluster:
                    found.append(int(entry.name))
        return found

    def starts(self) -> int:
        """Return how often the database was started."""
        return self.server.log.read_text().count("ready to accept connections") if self.server.log.exists() else 0

    def organisations(self) -> int:
        with running_database(self.path) as database, psycopg.connect(database.admin_url) as connection:
            row = connection.execute(_ORGANISATIONS).fetchone()
            return int(row[0]) if row else -1


@pytest.fixture
def folder() -> Iterator[Folder]:
    with tempfile.TemporaryDirectory(prefix="digione-import-", ignore_cleanup_errors=True) as name:
        # The suite may run as root, and PostgreSQL then runs as somebody else, who must be able to enter.
        Path(name).chmod(0o711)
        path = Path(name).resolve()
        lay_migrated(path)
        yield Folder(path)


def test_an_import_starts_the_database_and_stops_it_again_whatever_comes_of_it(folder: Folder, tmp_path: Path) -> None:
    assert folder.starts() == 0
    done = folder.ends(folder.start("organisations", str(folder.register)), 0)
    assert (done["status"], done["added"], folder.starts()) == ("done", 4, 1)
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([*REGISTER, {"oid": "none", "nimi": {"fi": "A"}}]))
    refused = folder.ends(folder.start("organisations", str(bad)), 1)
    assert (refused["status"], folder.starts()) == ("refused", 2)
    failed = folder.ends(folder.start("organisations", str(tmp_path / "missing.json")), 2)
    assert (failed["status"], folder.starts()) == ("failed", 3)
    assert folder.organisations() == 4


@pytest.mark.parametrize(("number", "often"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)])
def test_an_import_that_is_asked_to_stop_in_the_midst_stops_the_database_too(
    folder: Folder, number: signal.Signals, often: bool
) -> None:
    process = folder.start("organisations", str(folder.register))
    try:
        # The command loads its libraries when the database is ready, so the table is held before it comes to it.
        assert _eventually(lambda: not folder.server.lost() and folder.server.serving())
        with psycopg.connect(folder.server.admin_url.replace("/postgres?", "/digione?")) as holder:
            holder.execute("LOCK TABLE organisations_organisation IN ACCESS EXCLUSIVE MODE")
            assert _eventually(lambda: _waits(folder))
            process.send_signal(number)
            # The driver looks at a signal when a tenth of a second has passed without another.
            time.sleep(0.12)
            while often and process.poll() is None:
                process.send_signal(number)
                time.sleep(0.002)
            told = folder.ends(process, 2)
            # Its server has been stopped under it.
            with contextlib.suppress(psycopg.OperationalError):
                holder.rollback()
    finally:
        process.kill()
        process.communicate()
    assert (told["status"], told["message"], told["added"]) == ("failed", "Stopped; nothing was changed.", 0)
    assert folder.organisations() == 0


def _waits(folder: Folder) -> bool:
    with psycopg.connect(folder.server.admin_url, autocommit=True) as watcher:
        return watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is not None


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_what_an_import_that_was_killed_has_left_running_is_stopped_by_the_next(folder: Folder) -> None:
    process = folder.start("organisations", str(folder.register))
    assert _eventually(lambda: not folder.server.lost() and folder.server.serving())
    process.kill()
    process.communicate()
    assert not folder.server.lost()
    assert folder.ends(folder.start("organisations", str(folder.register)), 0)["added"] == 4
    assert folder.starts() == 1, "it was used as it was found"


def test_an_import_uses_a_database_that_runs_and_leaves_it_running(folder: Folder) -> None:
    with running_database(folder.path):
        before = (folder.server.cluster / "postmaster.pid").read_text()
        process = folder.start("organisations", str(folder.register))
        out, err = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 0, out + err
        assert (folder.server.cluster / "postmaster.pid").read_text() == before
        assert not folder.server.lost()
    assert folder.starts() == 1
    assert not folder.processes()
