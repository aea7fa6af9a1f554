"""The embedded PostgreSQL and its roles, each test with a cluster of its own that knows nothing of the suite's."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from digione.config import embedded
from digione.config.data_folder import StartFailure, data_folder, secret
from digione.config.embedded import EmbeddedServer, _server_user, running_database
from digione.config.postgres_binaries import enterable_by, find_binaries
from digione.config.provisioning import Database, provision


def _enterable_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that the database's user may enter: pytest's own temporary folders are closed when root runs them."""
    return tempfile.TemporaryDirectory(prefix="digione-embedded-", ignore_cleanup_errors=True)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder whose cluster was made once; making one takes the most of a test's time."""
    with _enterable_folder() as name:
        folder = data_folder(name)
        server = EmbeddedServer(folder)
        server.start()
        server.stop()
        yield folder


@pytest.fixture
def empty() -> Iterator[Path]:
    with _enterable_folder() as name:
        yield data_folder(name)


@pytest.fixture
def data(made: Path, empty: Path) -> Path:
    """A data folder of the test's own with a cluster that does not run."""
    # cp keeps owner and mode, which PostgreSQL insists on.
    subprocess.run(["cp", "-a", f"{made}/.", str(empty)], check=True)
    return empty


@pytest.fixture
def server(data: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(data)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(server: EmbeddedServer) -> Database:
    return provision(server.admin_url, server.data)


def _pid(server: EmbeddedServer) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split("\n")[0])


def _one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_cluster_speaks_utf8_and_never_runs_as_root(server: EmbeddedServer) -> None:
    assert _one(server.admin_url, "SHOW server_encoding") == "UTF8"
    assert _one(server.admin_url, "SELECT lower('ÄÖÅ')") == "äöå"
    assert Path(f"/proc/{_pid(server)}").stat().st_uid != 0
    groups = next(line for line in Path(f"/proc/{_pid(server)}/status").read_text().splitlines() if "Groups:" in line)
    assert os.geteuid() != 0 or "0" not in groups.split()[1:]


def test_a_wrong_password_is_refused(server: EmbeddedServer, database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(database.app_url, password="wrong")


def test_secrets_are_for_their_owner_alone(database: Database) -> None:
    folder = database.data / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert {"postgres", "application", "migrate"} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_secret_stays_the_same_and_differs_from_others(data: Path) -> None:
    assert secret(data, "one") == secret(data, "one")
    assert secret(data, "one") != secret(data, "two")


def test_a_second_user_shares_the_server_and_leaves_it_running(server: EmbeddedServer) -> None:
    second = EmbeddedServer(server.data)
    second.start()
    assert _one(second.admin_url, "SELECT 1") == 1
    second.stop()
    assert _one(server.admin_url, "SELECT 1") == 1


def test_the_first_user_may_leave_before_the_second(data: Path) -> None:
    first, second = EmbeddedServer(data), EmbeddedServer(data)
    first.start()
    second.start()
    pid = _pid(second)
    first.stop()
    assert _one(second.admin_url, "SELECT 1") == 1
    second.stop()
    assert _gone(pid)


def test_data_outlives_a_stop_and_a_kill(data: Path) -> None:
    server = EmbeddedServer(data)
    server.start()
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    server.stop()
    server.start()
    killed = _pid(server)
    os.kill(killed, signal.SIGKILL)
    assert _gone(killed)
    again = EmbeddedServer(data)
    again.start()
    try:
        assert _one(again.admin_url, "SELECT n FROM kept") == 1
    finally:
        server.stop()
        again.stop()


def test_a_server_that_was_stopped_with_a_signal_is_let_go_on_and_shuts_down(
    server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pid = _pid(server)
    os.kill(pid, signal.SIGSTOP)
    server.stop()
    assert _gone(pid)
    assert "database system is shut down" in server.log.read_text().splitlines()[-1]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("language", "words"), [("fi", "ei pysähdy pyydettäessä"), ("sv", "stannar inte på begäran"), ("en", "is killed")]
)
def test_a_server_that_hears_nothing_is_killed_with_all_of_its_own_and_comes_back_whole(
    server: EmbeddedServer,
    language: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kill = os.kill

    def deaf(pid: int, number: int) -> None:
        if number in {0, signal.SIGKILL}:
            kill(pid, number)

    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        connection.commit()
        postmaster, backend = _pid(server), connection.info.backend_pid
        for pid in (backend, postmaster):
            os.kill(pid, signal.SIGSTOP)
        with monkeypatch.context() as patched:
            patched.setattr(os, "kill", deaf)
            patched.setattr(embedded, "_ENDINGS", [(number, min(wait, 10) / 20) for number, wait in embedded._ENDINGS])
            patched.setattr("digione.config.language.CHOSEN", [language])
            server.stop()
    assert words in capsys.readouterr().err
    assert _gone(postmaster)
    assert _gone(backend), "it would hold the shared memory"
    server.start()
    assert _one(server.admin_url, "SELECT n FROM kept") == 1


def test_a_pid_file_whose_number_was_given_to_another_process_does_not_block(data: Path) -> None:
    server = EmbeddedServer(data)
    server.start()
    lines = (server.cluster / "postmaster.pid").read_text().split("\n")
    server.stop()
    # The number of this very process: alive, and no server of this folder.
    lines[0] = str(os.getpid())
    (server.cluster / "postmaster.pid").write_text("\n".join(lines))
    server._prepare_socket_folder(_server_user(server.cluster))
    (server.socket_folder / ".s.PGSQL.5432.lock").write_text("\n".join(lines))
    server.start()
    try:
        assert _one(server.admin_url, "SELECT 1") == 1
    finally:
        server.stop()


def test_a_half_made_cluster_is_made_anew(empty: Path) -> None:
    (empty / "postgres.new").mkdir()
    (empty / "postgres.new" / "PG_VERSION").write_text("15")
    server = EmbeddedServer(empty)
    server.start()
    server.stop()
    assert (empty / "postgres" / "PG_VERSION").exists()
    assert not (empty / "postgres.new").exists()


def test_another_major_version_is_refused_in_words(data: Path) -> None:
    server = EmbeddedServer(data)
    server.start()
    server.stop()
    (server.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartFailure, match=r"made by PostgreSQL 9.*Nothing was changed"):
        server.start()
    server.stop()


def test_machine_without_any_postgresql_uses_the_bundled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    found = find_binaries()
    assert found.bundled
    assert found.major >= 15


def test_a_closed_parent_is_noticed(data: Path) -> None:
    closed = data / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    assert not enterable_by(closed / "inside", 65534, 65534)


def test_application_role_owns_nothing_and_bypasses_nothing(database: Database) -> None:
    with psycopg.connect(database.migrate_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, n int)")
        connection.execute("CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    assert _one(database.admin_url, "SELECT tableowner FROM pg_tables WHERE tablename = 'thing'") == "digione_owner"
    flags = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        connection.execute("INSERT INTO thing (n) VALUES (1)")
        connection.execute("UPDATE thing SET n = two()")
        assert connection.execute("DELETE FROM thing RETURNING n").fetchall() == [(2,)]
        assert connection.execute(flags).fetchall() == [(False,)]
        for statement in (
            "DROP TABLE thing",
            "TRUNCATE thing",
            "ALTER TABLE thing ADD m int",
            "CREATE TABLE own (n int)",
            "SET ROLE digione_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_second_provisioning_changes_nothing(server: EmbeddedServer, database: Database) -> None:
    assert provision(server.admin_url, server.data) == database


def test_a_provisioning_that_was_cut_short_is_finished(server: EmbeddedServer, data: Path) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        for statement in ("CREATE ROLE digione_owner NOLOGIN", "CREATE DATABASE digione OWNER digione_owner"):
            connection.execute(statement)
    database = provision(server.admin_url, data)
    with psycopg.connect(database.migrate_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE thing (n int)")
    assert _one(database.app_url, "SELECT count(*) FROM thing") == 0


def test_lost_passwords_are_set_anew(server: EmbeddedServer, database: Database) -> None:
    (server.data / "secrets" / "application").unlink()
    again = provision(server.admin_url, server.data)
    assert again.app_url != database.app_url
    assert _one(again.app_url, "SELECT 1") == 1


def _as_plain_user(server: EmbeddedServer, rights: str) -> str:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE manager LOGIN PASSWORD 'm' {rights}")
    return f"postgresql://manager:m@{server.admin_url.rpartition('@')[2]}"


def test_a_managed_server_without_superuser_will_do(server: EmbeddedServer, data: Path) -> None:
    database = provision(_as_plain_user(server, "CREATEROLE CREATEDB"), data)
    with psycopg.connect(database.migrate_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE thing (n int)")
    assert _one(database.app_url, "SELECT count(*) FROM thing") == 0


def test_a_user_who_may_not_make_roles_is_told_what_to_do(server: EmbeddedServer, data: Path) -> None:
    with pytest.raises(StartFailure, match=r"administrator.*\n.*CREATE ROLE digione_owner"):
        provision(_as_plain_user(server, ""), data)


def test_a_named_server_is_used_and_not_stopped(
    server: EmbeddedServer, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.admin_url)
    with tempfile.TemporaryDirectory() as other, running_database(other) as database:
        assert _one(database.app_url, "SELECT current_user") == "digione_app"
        assert not (Path(other) / "postgres").exists()
    assert _one(server.admin_url, "SELECT 1") == 1


def test_a_server_that_does_not_answer_is_told_in_words(data: Path) -> None:
    with pytest.raises(StartFailure, match="does not answer"):
        provision("postgresql://nobody:x@127.0.0.1:1/postgres", data)


def test_help_answers_without_a_database() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "digione", "--help"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    )
    assert answer.returncode == 0, answer.stderr
    assert "demo" in answer.stdout


def test_a_stopped_server_leaves_no_folder_of_its_socket(data: Path) -> None:
    server = EmbeddedServer(data)
    server.start()
    assert server.socket_folder.exists()
    server.stop()
    assert not server.socket_folder.exists()


def test_a_deep_data_folder_with_spaces_and_letters_will_do(made: Path) -> None:
    """The path of a socket may have 107 bytes; initdb and the settings take what stands in the name."""
    with _enterable_folder() as name:
        Path(name).chmod(0o711)
        folder = data_folder(Path(name) / ("Opetus ja kasvatus 'åäö' " * 4) / ("x" * 100) / "tieto")
        assert len(bytes(folder)) > 200
        server = EmbeddedServer(folder)
        server.start()
        try:
            assert _one(server.admin_url, "SELECT 1") == 1
        finally:
            server.stop()


def test_a_second_data_folder_on_a_named_server_leaves_the_roles_of_the_first_alone(server: EmbeddedServer) -> None:
    with _enterable_folder() as one, _enterable_folder() as other:
        first = provision(server.admin_url, data_folder(one), shared=True)
        with pytest.raises(StartFailure, match=r"Another data folder.*\n.*COMMENT ON ROLE digione_migrate IS NULL"):
            provision(server.admin_url, data_folder(other), shared=True)
        assert _one(first.app_url, "SELECT 1") == _one(first.migrate_url, "SELECT 1") == 1
        for name in ("application", "migrate"):
            (Path(other) / "secrets" / name).write_text((Path(one) / "secrets" / name).read_text())
        second = provision(server.admin_url, data_folder(other), shared=True)
        assert (second.app_url, second.migrate_url) == (first.app_url, first.migrate_url)


def test_roles_of_a_folder_that_is_gone_are_given_away_by_an_administrator(server: EmbeddedServer) -> None:
    with _enterable_folder() as one, _enterable_folder() as other:
        provision(server.admin_url, data_folder(one), shared=True)
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            for role in ("digione_migrate", "digione_app"):
                connection.execute(f"COMMENT ON ROLE {role} IS NULL")
        second = provision(server.admin_url, data_folder(other), shared=True)
        assert _one(second.app_url, "SELECT 1") == 1


def test_roles_of_an_older_installation_are_marked_at_its_next_start(server: EmbeddedServer) -> None:
    mark = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'digione_app'"
    with _enterable_folder() as one:
        first = provision(server.admin_url, data_folder(one), shared=True)
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute("COMMENT ON ROLE digione_app IS NULL")
        provision(server.admin_url, data_folder(one), shared=True)
        told = _one(first.admin_url, mark)
        assert str(told).startswith("DigiOne, password ")
        assert (Path(one) / "secrets/application").read_text() not in str(told)


def test_what_could_not_start_is_said_in_the_language_of_the_terminal() -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "file").write_text("")
        for language, words in (("fi", "ei voi käyttää"), ("sv", "kan inte användas"), ("en", "cannot be used")):
            answer = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "digione",
                    "app",
                    "list",
                    "--json",
                    "--data",
                    f"{name}/file",
                    "--language",
                    language,
                ],
                capture_output=True,
                text=True,
            )
            assert (answer.returncode, words in answer.stderr) == (2, True), answer.stderr
            assert json.loads(answer.stdout)["faults"][0]["code"] == "cannot_start"
            assert words in json.loads(answer.stdout)["faults"][0]["message"]


def test_a_wrong_option_is_one_object_too_where_that_was_asked_for() -> None:
    answer = subprocess.run([sys.executable, "-m", "digione", "app", "take", "--json"], capture_output=True, text=True)
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["faults"][0]["code"] == "usage"
    assert "digione app take" in answer.stderr
