"""Imports that are killed, and imports that meet: nothing is lost, nothing is doubled, and the next run succeeds.

Everything runs as an administrator would run it: an installation of its own, the command line, real processes.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from digione.config.embedded import Database, running_database
from digione.integrations.demo.oneroster_csv import write

pytestmark = pytest.mark.deep

PROVIDERS = {"1.2.246.562.199.20000000015": "Kuusniemi", "1.2.246.562.199.20000000023": "Valkamo"}
KUUSNIEMI, VALKAMO = PROVIDERS
TABLES = [
    "people_person",
    "people_providerperson",
    "people_identifier",
    "people_contact",
    "people_guardianship",
    "people_staffassignment",
    "studies_course",
    "studies_group",
    "studies_groupsession",
    "studies_schoolenrolment",
    "studies_enrolment",
    "core_sourcekey",
    "core_outbox",
]
_PATIENCE = 120


@dataclass
class Installation:
    """A data folder with two providers in it, and what was started on it."""

    data: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `digione import …` in a process group of its own."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DIGIONE_", "DATABASE_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "digione", "import", *arguments, "--json", "--data", str(self.data)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def finish(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        """Wait for an import and return its report."""
        out, err = process.communicate(timeout=_PATIENCE)
        assert out, err
        report: dict[str, Any] = json.loads(out)
        return report

    def load(self, *arguments: str) -> dict[str, Any]:
        return self.finish(self.start(*arguments))


def counts(database: Database) -> dict[str, int]:
    with psycopg.connect(database.admin_url) as connection:
        found = {}
        for table in TABLES:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            found[table] = int(row[0]) if row else -1
    return found


@contextlib.contextmanager
def held(database: Database, table: str) -> Iterator[psycopg.Connection]:
    """Hold a table, so that an import that comes to it stops there, in the midst of its work."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection
        connection.rollback()


def wait_until_it_waits(database: Database, table: str) -> int:
    """Wait until an import, which holds its provider's lock by then, waits for `table`; return its server process."""
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT l.pid FROM pg_locks l JOIN pg_locks a ON a.pid = l.pid AND a.locktype = 'advisory' AND a.granted"
                " WHERE NOT l.granted AND l.relation = %s::regclass",
                [table],
            ).fetchone()
            if row:
                return int(row[0])
            time.sleep(0.02)
    raise AssertionError(f"No import ever came to {table}.")


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="digione-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        made = Installation(Path(name).resolve() / "data")
        with running_database(made.data) as database:
            subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--skip-checks", "--verbosity", "0"],
                check=True,
                env={
                    **os.environ,
                    "DIGIONE_DATA": str(made.data),
                    "DIGIONE_APP_DATABASE_URL": database.migrate_url,
                    "DJANGO_SETTINGS_MODULE": "digione.config.settings",
                },
            )
            with psycopg.connect(database.admin_url) as connection:
                for oid, name_ in PROVIDERS.items():
                    connection.execute(
                        "WITH made AS (INSERT INTO organisations_organisation (id, oid, provider_id, kinds, name, source)"
                        " SELECT i, %s, i, '{provider}', jsonb_build_object('fi', %s::text), 'test'"
                        " FROM (SELECT gen_random_uuid() AS i) x RETURNING id)"
                        " INSERT INTO organisations_provider (id, joined_on, languages)"
                        " SELECT id, current_date, '{fi}' FROM made",
                        [oid, name_],
                    )
        yield made
        for process in made.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def roster(installation: Installation) -> Path:
    folder = installation.data.parent / "roster"
    write(folder, 400)
    return folder


# Tables that a load comes to early, in the middle and late.
@pytest.mark.parametrize("table", ["studies_course", "people_contact", "studies_enrolment"])
def test_an_import_killed_midway_leaves_nothing_and_runs_again(
    installation: Installation, roster: Path, table: str
) -> None:
    with running_database(installation.data) as database:
        before = counts(database)
        with held(database, table):
            process = installation.start("oneroster", str(roster), "--provider", KUUSNIEMI)
            backend = wait_until_it_waits(database, table)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        _gone(database, backend)
        assert counts(database) == before
        whole = installation.load("oneroster", str(roster), "--provider", KUUSNIEMI)
        assert (whole["status"], whole["refused"]) == ("done", 0)
        after = counts(database)
        assert after["people_person"] > 400
        again = installation.load("oneroster", str(roster), "--provider", KUUSNIEMI)
        assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, whole["added"])
        assert counts(database) == after


def _gone(database: Database, backend: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if not connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("The server went on working for a client that is dead.")


# The killed server is a child of this process, which is told of its end only when it asks.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("table", ["people_identifier", "studies_enrolment"])
def test_a_database_killed_midway_loses_and_doubles_nothing(
    installation: Installation, roster: Path, tmp_path: Path, table: str
) -> None:
    # What was committed before must be there afterwards; what was underway must not.
    people = tmp_path / "people.csv"
    people.write_text(f"own id;first names;family name;school\n1;Aino;Lehto;{KUUSNIEMI}\n")
    with running_database(installation.data) as database:
        first = installation.load("people", str(people), "--provider", KUUSNIEMI)
        assert first["status"] == "done", first
        before = counts(database)
        with psycopg.connect(database.admin_url) as holder:
            holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            process = installation.start("oneroster", str(roster), "--provider", KUUSNIEMI)
            wait_until_it_waits(database, table)
            _kill_server(installation.data)
            _, err = process.communicate(timeout=_PATIENCE)
            with contextlib.suppress(psycopg.OperationalError):
                holder.rollback()
        assert process.returncode == 2, err
        assert "Traceback" not in err, err
    with running_database(installation.data) as database:
        assert counts(database) == before
        whole = installation.load("oneroster", str(roster), "--provider", KUUSNIEMI)
        assert (whole["status"], whole["refused"]) == ("done", 0)
        again = installation.load("oneroster", str(roster), "--provider", KUUSNIEMI)
        assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, whole["added"])
        with psycopg.connect(database.admin_url) as connection:
            kept = connection.execute("SELECT count(*) FROM people_person WHERE family_name = 'Lehto'").fetchone()
        assert kept is not None
        assert kept[0] >= 1


def _kill_server(data: Path) -> None:
    """Kill the postmaster and each of its processes, as a loss of power would."""
    postmaster = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    children = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _parent(entry) == postmaster]
    for pid in [postmaster, *children]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_two_imports_of_one_provider_at_once_load_it_once(installation: Installation, roster: Path) -> None:
    with running_database(installation.data) as database:
        with held(database, "studies_course"):
            one = installation.start("oneroster", str(roster), "--provider", KUUSNIEMI)
            wait_until_it_waits(database, "studies_course")
            two = installation.start("oneroster", str(roster), "--provider", KUUSNIEMI)
            _waits_for_the_other(database)
        reports = sorted((installation.finish(process) for process in (one, two)), key=lambda report: -report["added"])
        assert [report["status"] for report in reports] == ["done", "done"]
        assert (reports[1]["added"], reports[1]["changed"], reports[1]["unchanged"]) == (0, 0, reports[0]["added"])
        with psycopg.connect(database.admin_url) as connection:
            twice = connection.execute(
                "SELECT count(*) FROM (SELECT target_id FROM core_sourcekey WHERE kind = 'person' GROUP BY 1"
                " HAVING count(*) > 1) t"
            ).fetchone()
        assert twice == (0,)


def _waits_for_the_other(database: Database) -> None:
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("The second import did not wait for the first.")


def test_two_providers_bringing_the_same_new_person_at_once_make_one(
    installation: Installation, tmp_path: Path
) -> None:
    """Neither sees the other's work; the identity code lets only one through, and the other is told to run again."""
    text = "own id;identity code;first names;family name;school\n1;140314A9357;Aino;Lehto;{}\n"
    with running_database(installation.data) as database:
        with held(database, "people_contact"):
            processes = []
            for oid in PROVIDERS:
                path = tmp_path / f"people-{oid[-2:]}.csv"
                path.write_text(text.format(oid))
                processes.append(installation.start("people", str(path), "--provider", oid))
            _both_are_beyond_the_search(database)
        reports = {oid: installation.finish(process) for oid, process in zip(PROVIDERS, processes, strict=True)}
        refused = [oid for oid, report in reports.items() if report["status"] == "refused"]
        assert len(refused) == 1, reports
        [problem] = reports[refused[0]]["problems"]
        assert problem["code"] == "at-the-same-time"
        assert "Run the import again" in problem["message"]
        again = installation.load("people", str(tmp_path / f"people-{refused[0][-2:]}.csv"), "--provider", refused[0])
        assert (again["status"], again["refused"]) == ("done", 0)
        with psycopg.connect(database.admin_url) as connection:
            found = connection.execute(
                "SELECT count(DISTINCT p.id), count(DISTINCT l.provider_id) FROM people_person p"
                " JOIN people_providerperson l ON l.person_id = p.id WHERE p.family_name = 'Lehto'"
            ).fetchone()
        assert found == (1, 2)


def _both_are_beyond_the_search(database: Database) -> None:
    """One waits for the held table, the other for the first one's identity code: both have looked for the person."""
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND locktype IN ('relation', 'transactionid')"
            ).fetchone()
            if row and row[0] >= 2:
                return
            time.sleep(0.02)
    raise AssertionError("The two imports did not meet.")


def test_an_import_and_another_change_of_one_person_both_stand(installation: Installation, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    head = "own id;first names;family name;school;email"
    people.write_text(f"{head}\n1;Aino;Lehto;{KUUSNIEMI};a@example.fi\n")
    with running_database(installation.data) as database:
        installation.load("people", str(people), "--provider", KUUSNIEMI)
        with psycopg.connect(database.admin_url) as other:
            # Somebody protects the person while an import of a changed name is under way.
            other.execute("UPDATE people_person SET non_disclosure = true WHERE family_name = 'Lehto'")
            people.write_text(f"{head}\n1;Aino;Harju;{KUUSNIEMI};b@example.fi\n")
            process = installation.start("people", str(people), "--provider", KUUSNIEMI)
            _waits_for_a_row(database)
            other.commit()
        report = installation.finish(process)
        assert (report["status"], report["changed"]) == ("done", 1)
        with psycopg.connect(database.admin_url) as connection:
            row = connection.execute("SELECT family_name, non_disclosure FROM people_person").fetchall()
        assert row == [("Harju", True)]


def _waits_for_a_row(database: Database) -> None:
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted").fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("The import did not come to the person.")
