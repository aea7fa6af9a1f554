"""Jobs that nobody does any more stop no others, and old ones go."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from digione.audit import heads, jobs
from digione.audit.jobs import seal_periodically
from digione.core.jobs import end_orphaned_jobs, forget_jobs


@pytest.fixture(autouse=True)
def _no_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers do what the test asks for, and nothing because the clock says so."""
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})


def _job(task: str, status: str, *, hours: int = 0) -> int:
    """Write a job as a worker leaves it, `hours` ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status) VALUES ('default', %s, %s, %s) RETURNING id",
            [task, task, status],
        )
        [ident] = cursor.fetchone()
        cursor.execute(
            "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'started', now() - %s * interval '1 hour')",
            [ident, hours],
        )
        return int(ident)


def _status(ident: int) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [ident])
        found = cursor.fetchone()
        return found and found[0]


def _work() -> None:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as working:
        working.run_worker(wait=False, install_signal_handlers=False)


@app.task(name="tests.locked", lock="tests.locked")
async def _locked() -> None:
    pass


@pytest.mark.usefixtures("committing")
def test_what_a_killed_worker_left_stops_its_lock_no_longer() -> None:
    orphan = _job("tests.locked", "doing")
    waiting = _locked.defer()
    _work()
    assert (_status(orphan), _status(waiting)) == ("doing", "todo")
    end_orphaned_jobs.defer(timestamp=0)
    _work()
    _work()
    assert (_status(orphan), _status(waiting)) == ("failed", "succeeded")


@pytest.mark.usefixtures("committing")
def test_a_sealer_that_was_killed_keeps_no_other_from_sealing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job looks as if it ran; nobody has given it up yet."""
    lag = jobs.lag

    def last() -> float:
        # The job runs in a thread, which would end and leave its connection open.
        try:
            return lag()
        finally:
            connection.close()

    monkeypatch.setattr(jobs, "lag", last)
    monkeypatch.setenv("DIGIONE_DATA", str(tmp_path))
    _job("audit.seal", "doing")
    waiting = seal_periodically.defer(timestamp=0)
    _work()
    assert _status(waiting) == "succeeded"


def test_one_sealer_at_a_time_writes_the_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote: list[Path] = []
    monkeypatch.setenv("DIGIONE_DATA", str(tmp_path))
    monkeypatch.setattr(jobs, "_write_and_send", wrote.append)
    path = heads.file_in(tmp_path)
    holder = "import sys; from pathlib import Path; from digione.audit import heads\n"
    holder += "with heads.alone(Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        jobs._put_outside()
        assert wrote == []
        with heads.alone(path) as mine:
            assert mine is False
        other.kill()
        other.wait()
    jobs._put_outside()
    assert wrote == [path], "the lock of whoever was killed is free"


@pytest.mark.usefixtures("committing")
def test_jobs_that_ended_long_ago_are_deleted() -> None:
    kept = [_job("a", "succeeded", hours=1), _job("b", "failed", hours=100), _job("c", "doing", hours=10_000)]
    gone = [_job("d", "succeeded", hours=25), _job("e", "failed", hours=30 * 24 + 1)]
    forget_jobs.defer(timestamp=0)
    _work()
    assert None not in map(_status, kept)
    assert set(map(_status, gone)) == {None}
