"""The seal of the log: it holds after a dump is restored into another cluster, and what was changed is found there too.

Two embedded clusters, PostgreSQL's own pg_dump and pg_restore, and the application's sealer in both.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from digione.config.embedded import EmbeddedServer
from digione.config.postgres_binaries import find_binaries
from digione.config.provisioning import Database, provision
from tests.clusters import lay_migrated

Rows = list[tuple[Any, ...]]


class Cluster:
    """A cluster with the database of DigiOne in it."""

    def __init__(self, database: Database, server: EmbeddedServer) -> None:
        self.database, self.server = database, server

    def rows(self, text: str, *values: Any) -> Rows:
        with psycopg.connect(self.database.app_url) as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def as_owner(self, text: str) -> Rows:
        with psycopg.connect(self.database.migrate_url) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    def log(self, count: int, role: str = "teacher") -> None:
        """Write `count` rows, each in a transaction of its own, as the application does."""
        for _turn in range(count):
            self.rows("INSERT INTO audit_entry (role, use_case, event, outcome) VALUES (%s, 'x', 'x', 'done')", role)

    def spend(self, count: int) -> None:
        """Use up `count` transaction numbers."""
        with psycopg.connect(self.database.app_url, autocommit=True) as connection:
            connection.execute(
                f"DO $do$ BEGIN FOR i IN 1..{count} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $do$"
            )

    def seal(self) -> Rows:
        return self.rows("SELECT number, entries FROM audit_seal_next()")

    def faults(self) -> Rows:
        return self.rows("SELECT number, fault FROM audit_verify()")

    def tool(self, name: str, *arguments: str) -> None:
        folder = find_binaries(self.server._remembered_major()).folder
        subprocess.run([folder / name, *arguments], check=True, capture_output=True)


@contextmanager
def cluster(*, tables: bool) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="digione-seal-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        if tables:
            lay_migrated(Path(folder))
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            database = provision(server.admin_url, Path(folder))
            yield Cluster(database, server)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def old() -> Iterator[Cluster]:
    with cluster(tables=True) as made:
        made.log(50)
        # Restoring takes some two thousand transactions; the other cluster shall begin below what is sealed here.
        made.spend(4000)
        made.log(50)
        yield made


@pytest.fixture
def dump(old: Cluster, tmp_path: Path) -> Path:
    path = tmp_path / "dump"
    old.tool("pg_dump", "--format=custom", f"--file={path}", old.database.admin_url)
    return path


@contextmanager
def restored(dump: Path) -> Iterator[Cluster]:
    with cluster(tables=False) as new:
        new.tool(
            "pg_restore", "--exit-on-error", "--clean", "--if-exists", f"--dbname={new.database.admin_url}", str(dump)
        )
        yield new


def test_the_old_seals_hold_in_another_cluster_and_new_ones_follow(old: Cluster, dump: Path) -> None:
    old.seal()
    old.log(3)
    (second,) = old.seal()
    old.log(5, role="never sealed there")
    path = dump.with_name("dump-2")
    old.tool("pg_dump", "--format=custom", f"--file={path}", old.database.admin_url)
    assert old.faults() == []
    with restored(path) as new:
        [(reached,)] = new.as_owner("SELECT max(xid::text::bigint) FROM audit_entry WHERE role <> 'new'")
        [(begins,)] = new.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        assert begins < reached, "the new cluster's transactions must fall into the old numbers, or nothing is tested"
        assert new.faults() == []
        # Some are written before the sealer first runs there.
        new.log(2, role="new")
        assert new.seal() == [(second[0] + 1, 5)], "the old life is closed with what it had left unsealed"
        assert new.seal() == [(second[0] + 2, 2)]
        new.spend(reached - begins - 40)
        new.log(100, role="new")
        [(crossing,)] = new.as_owner(
            "SELECT count(*) FROM audit_entry e JOIN audit_entry o USING (xid) WHERE e.role = 'new' AND o.role <> 'new'"
        )
        assert crossing >= 8, "numbers of both lives must be the same, or nothing is tested"
        assert new.seal() == [(second[0] + 3, 100)]
        assert new.seal() == []
        assert new.rows("SELECT audit_seal_lag()") == [(0.0,)]
        assert new.faults() == []
        assert new.rows("SELECT number, system_identifier = s.id FROM audit_epoch, LATERAL (SELECT"
                        " system_identifier AS id FROM pg_control_system()) s ORDER BY number") == [(1, False), (2, True)]  # fmt: skip
        # The numbers of the two lives cross, and still every change is found in its own batch.
        for change, number, fault in (
            ("UPDATE audit_entry SET role = 'x' WHERE id = (SELECT min(id) FROM audit_entry)", 1, "an entry or the chain was changed"),
            ("UPDATE audit_entry SET role = 'x' WHERE id = (SELECT min(id) FROM audit_entry WHERE role = 'never sealed there')",
             second[0] + 1, "an entry or the chain was changed"),
            ("UPDATE audit_entry SET role = 'x' WHERE id = (SELECT min(id) FROM audit_entry WHERE role = 'new')",
             second[0] + 2, "an entry or the chain was changed"),
            ("DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)", second[0] + 3, "100 entries were sealed, 99 are here"),
            ("UPDATE audit_epoch SET above_id = above_id + 1 WHERE number = 2", second[0] + 2, "2 entries were sealed, 1 are here"),
        ):  # fmt: skip
            with psycopg.connect(new.database.migrate_url) as connection:
                connection.execute(change)
                found = connection.execute("SELECT number, fault FROM audit_verify()").fetchall()
                connection.rollback()
            assert (number, fault) in found, change
        assert new.faults() == []
        # A row that somebody adds to the old life afterwards is one too many there.
        new.as_owner(
            "INSERT INTO audit_entry (id, xid, role, use_case, event, outcome) OVERRIDING SYSTEM VALUE"
            " SELECT 1, '900000000', 'x', 'x', 'x', 'done'"
        )
        assert new.faults() == [(second[0] + 1, "5 entries were sealed, 6 are here")]


def test_a_second_restore_begins_a_third_epoch(old: Cluster, dump: Path) -> None:
    with restored(dump) as second:
        second.log(1)
        second.seal()
        second.seal()
        path = dump.with_name("again")
        second.tool("pg_dump", "--format=custom", f"--file={path}", second.database.admin_url)
        with restored(path) as third:
            third.log(1)
            third.seal()
            third.seal()
            assert third.faults() == []
            assert third.rows("SELECT max(number) FROM audit_epoch") == [(3,)]


def test_the_same_cluster_stays_in_its_epoch(old: Cluster) -> None:
    old.log(1)
    old.seal()
    old.server._end(old.server._pid() or 0)
    old.server.start()
    old.log(1)
    assert old.seal()[0][1] == 1
    assert old.rows("SELECT count(*) FROM audit_epoch") == [(1,)]
    assert old.faults() == []


#: What somebody with the owner's rights does to a log of five seals with four rows each, and which seals tell of it.
CHANGED, MISSING = "an entry or the chain was changed", "a seal is missing"
_NTH = "(SELECT id FROM audit_entry ORDER BY id LIMIT 1 OFFSET {})"
#: Two rows change their places, and say all else as before.
_EXCHANGED = (
    "UPDATE audit_entry e SET xid = o.xid FROM audit_entry o, (SELECT array_agg(id) AS ids FROM (SELECT id FROM audit_entry"
    " ORDER BY id) r, LATERAL (SELECT count(*) AS n FROM audit_entry f WHERE f.id < r.id) place WHERE n IN ({}, {})) two"
    " WHERE e.id = ANY (two.ids) AND o.id = ANY (two.ids) AND e.id <> o.id"
)
#: Computes the heads of the chain anew, as a forger would who knows how it is made.
_REHEAD = """DO $do$ DECLARE seal audit_seal; head bytea := ''; BEGIN
    FOR seal IN SELECT * FROM audit_seal ORDER BY number LOOP
        head := audit_head(head, seal, (SELECT above_id FROM audit_epoch e WHERE e.number = seal.epoch));
        EXECUTE 'UPDATE audit_seal SET head = $1 WHERE number = $2' USING head, seal.number;
    END LOOP; END $do$;"""
FORGERIES: dict[str, tuple[str, Rows]] = {
    "a row was changed": (f"UPDATE audit_entry SET role = 'x' WHERE id = {_NTH.format(5)}", [(2, CHANGED)]),
    "a field became empty": (f"UPDATE audit_entry SET reason = '' WHERE id = {_NTH.format(5)}", [(2, CHANGED)]),
    "a row says that more was seen": (f"UPDATE audit_entry SET seen = '' WHERE id = {_NTH.format(5)}", [(2, CHANGED)]),
    "a row was removed": (
        f"DELETE FROM audit_entry WHERE id = {_NTH.format(5)}",
        [(2, "4 entries were sealed, 3 are here")],
    ),
    "a row was added": (
        "INSERT INTO audit_entry (xid, role, use_case, event, outcome)"
        f" SELECT xid, 'x', 'x', 'x', 'done' FROM audit_entry WHERE id = {_NTH.format(9)}",
        [(3, "4 entries were sealed, 5 are here")],
    ),
    "two rows of a seal were exchanged": (
        _EXCHANGED.format(4, 5),
        [(2, CHANGED)],
    ),
    "rows of two seals were exchanged": (
        _EXCHANGED.format(4, 8),
        [(2, CHANGED), (3, CHANGED)],
    ),
    "a row was moved to another seal": (
        f"UPDATE audit_entry SET xid = (SELECT xid FROM audit_entry WHERE id = {_NTH.format(8)}) WHERE id = {_NTH.format(4)}",
        [(2, "4 entries were sealed, 3 are here"), (3, "4 entries were sealed, 5 are here")],
    ),
    "the rows of a seal are gone": (
        "DELETE FROM audit_entry e USING audit_seal s WHERE s.number = 4 AND e.xid >= s.from_xid AND e.xid < s.below_xid",
        [(4, "4 entries were sealed, 0 are here")],
    ),
    "a seal was removed": ("DELETE FROM audit_seal WHERE number = 2", [(2, MISSING), (3, CHANGED)]),
    "two seals were removed": ("DELETE FROM audit_seal WHERE number IN (2, 3)", [(2, MISSING), (4, CHANGED)]),
    "the first seal was removed": ("DELETE FROM audit_seal WHERE number = 1", [(1, MISSING), (2, CHANGED)]),
    "a root was changed": ("UPDATE audit_seal SET root = sha256('x') WHERE number = 3", [(3, CHANGED)]),
    "a head was changed": ("UPDATE audit_seal SET head = sha256('x') WHERE number = 3", [(3, CHANGED), (4, CHANGED)]),
    "a seal lost its end": (
        "UPDATE audit_seal SET below_xid = from_xid WHERE number = 3",
        [(3, "4 entries were sealed, 0 are here")],
    ),
    "a seal reaches over the next one": (
        "UPDATE audit_seal s SET below_xid = n.below_xid FROM audit_seal n WHERE (s.number, n.number) = (3, 4);" + _REHEAD,
        [(3, "4 entries were sealed, 8 are here")],
    ),
    "a seal reaches back over all before it": (
        "UPDATE audit_seal SET from_xid = '0' WHERE number = 3",
        [(3, "4 entries were sealed, 12 are here")],
    ),
    "a seal is of an epoch that is not there": (
        "UPDATE audit_seal SET epoch = 7 WHERE number = 3",
        [(3, "4 entries were sealed, 0 are here")],
    ),
}  # fmt: skip


def asked_one_by_one(connection: psycopg.Connection[Any]) -> Rows:
    """Return what `audit_verify` must answer, found by asking for the rows of each seal by itself."""
    found: Rows = []
    expected, previous = 1, b""
    for number, epoch, first, below, entries, root, head in connection.execute(
        "SELECT number, epoch, from_xid::text, below_xid::text, entries, root, head FROM audit_seal ORDER BY number"
    ).fetchall():
        if number != expected:
            found.append((expected, MISSING))
        edges = "(SELECT above_id FROM audit_epoch WHERE number = %s)"
        ((count, computed, made),) = connection.execute(
            f"SELECT b.entries, b.root, audit_head(%s, s, {edges}) FROM audit_seal s,"
            f" audit_batch({edges}, {edges}, %s::xid8, %s::xid8) b WHERE s.number = %s",
            [previous, epoch, epoch, epoch + 1, first, below, number],
        ).fetchall()
        if count != entries:
            found.append((number, f"{entries} entries were sealed, {count} are here"))
        elif (computed, made) != (root, head):
            found.append((number, CHANGED))
        expected, previous = number + 1, head
    return found


@pytest.fixture(scope="module")
def five_seals() -> Iterator[Cluster]:
    with cluster(tables=True) as made:
        for _turn in range(5):
            made.log(4)
            made.seal()
        assert made.rows("SELECT number, entries FROM audit_seal ORDER BY number") == [(n, 4) for n in range(1, 6)]
        yield made


@pytest.mark.parametrize("forgery", FORGERIES)
def test_each_forgery_is_found_and_told_by_its_seal(five_seals: Cluster, forgery: str) -> None:
    change, told = FORGERIES[forgery]
    with psycopg.connect(five_seals.database.migrate_url) as connection:
        connection.execute(change)
        found = connection.execute("SELECT number, fault FROM audit_verify()").fetchall()
        assert found == told == asked_one_by_one(connection)
        connection.rollback()
    assert five_seals.faults() == []


def test_a_row_is_hashed_with_every_field_and_its_length(five_seals: Cluster) -> None:
    fields = ("id", "at", "xid", "provider_id", "account_id", "actor", "app_id", "role", "use_case", "event", "purpose",
              "rule", "subject", "subjects", "sensitivity", "earliest", "outcome", "reason", "target", "scope", "request_id", "seen")  # fmt: skip
    one = "00000000-0000-0000-0000-00000000000"
    for number, (role, reason, subjects, scope) in enumerate(
        (
            ("teacher", None, None, None),
            ("", "", [], {"b": 1, "a": "ä"}),
            ("4:ä,-", "5:Äiti,2", [one + "1", one + "2"], {}),
        )
    ):
        with psycopg.connect(five_seals.database.migrate_url) as connection:
            connection.execute("SET LOCAL timezone = 'UTC'")
            ((leaf, *values),) = connection.execute(
                "WITH made AS (INSERT INTO audit_entry (at, role, use_case, event, outcome, reason, subjects, scope, earliest, subject, seen)"
                " VALUES ('2026-11-24 09:00:00.25Z', %s, 'x', 'x', 'done', %s, %s, %s, %s, %s, %s) RETURNING *)"
                f" SELECT audit_leaf(m::text::audit_entry), {', '.join(f'm.{name}' for name in fields)} FROM made m",
                [role, reason, subjects, json.dumps(scope) if scope is not None else None,
                 "2025-08-09" if number else None, one + "3" if number else None, (None, "", "name,contact")[number]],
            ).fetchall()  # fmt: skip
            written = {
                "at": "1795510800.250000",
                "subjects": None if subjects is None else " ".join(subjects),
                "scope": None if scope is None else {0: "{}", 2: '{"a": "ä", "b": 1}'}[len(scope)],
            }
            texts = [
                written.get(name, None if value is None else str(value))
                for name, value in zip(fields, values, strict=True)
            ]
            # A row without topics is hashed as it was before there were any.
            texts = texts if texts[-1] is not None else texts[:-1]
            bytes_ = ",".join("-" if text is None else f"{len(text)}:{text}" for text in texts).encode()
            assert leaf == hashlib.sha256(bytes_).digest()
            connection.rollback()


def sealed(old: Cluster, data: Path, command: str = "") -> None:
    """Run the sealer once, as the worker would, with its heads in `data`."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import django; django.setup(); from digione.audit.jobs import seal; seal()"],
        env={**os.environ, **old.database.environment(), "DIGIONE_DATA": str(data), "DIGIONE_AUDIT_HEADS_COMMAND": command},
        check=True,
    )  # fmt: skip


def test_the_heads_go_into_the_file_and_to_the_command_and_nothing_is_lost(old: Cluster, tmp_path: Path) -> None:
    file, away = tmp_path / "audit-heads.log", tmp_path / "away"
    script = tmp_path / "send"
    script.write_text(f"#!/bin/sh\n[ -e {tmp_path}/down ] && exit 7\ncat >> {away}\n")
    script.chmod(0o700)

    def all_heads() -> list[list[str]]:
        seals = old.rows("SELECT number, entries, encode(head, 'hex') FROM audit_seal ORDER BY number")
        return [[str(part) for part in seal] for seal in seals]

    def told(path: Path) -> list[list[str]]:
        return [line.split()[1:] for line in path.read_text().splitlines()]

    old.log(1)
    sealed(old, tmp_path, str(script))
    assert told(file) == told(away) == all_heads()
    # A sealer that was killed between database and file, in the middle of a line; and a receiver that does not answer.
    old.log(1)
    old.seal()
    with file.open("a") as stream:
        stream.write("2026-11-2")
    (tmp_path / "down").touch()
    old.log(1)
    sealed(old, tmp_path, str(script))
    assert told(file) == all_heads()
    assert told(away) == all_heads()[:-2]
    (tmp_path / "down").unlink()
    sealed(old, tmp_path, str(script))
    assert told(away) == all_heads()


def check(cluster: Cluster) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIGIONE_")}
    return subprocess.run(
        [sys.executable, "-m", "digione", "check", "--data", str(cluster.database.data)],
        capture_output=True,
        text=True,
        env={**environment, "LC_ALL": "C.UTF-8"},
    )


def test_check_compares_the_heads_and_raises_the_alarm_on_a_row_that_waits(dump: Path) -> None:
    with restored(dump) as here:
        here.log(1)
        for _turn in range(2):
            sealed(here, here.database.data)
        answer = check(here)
        assert (answer.returncode, "agree" in answer.stdout) == (0, True), answer.stdout + answer.stderr
        file = here.database.data / "audit-heads.log"
        true = file.read_text()
        # Whoever changes the log and computes its seals anew cannot change what stands outside.
        file.write_text(true.replace(true.split()[-1], "0" * 64))
        answer = check(here)
        assert (answer.returncode, "1 do not, from seal" in answer.stdout) == (1, True), answer.stdout
        file.write_text(true)
        here.as_owner(
            "INSERT INTO audit_entry (at, role, use_case, event, outcome)"
            " VALUES (now() - interval '2 minutes', 'x', 'x', 'x', 'done')"
        )
        answer = check(here)
        assert (answer.returncode, "the worker stands still" in answer.stdout) == (1, True), answer.stdout
