"""A database that was filled under one set of keys is not served under another; two data folders on one server."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from digione.config.data_folder import StartFailure, data_folder
from digione.config.embedded import EmbeddedServer
from digione.config.known_keys import check_keys, highest_number
from digione.config.provisioning import Database, provision
from digione.core import key_file, secrets
from tests.clusters import lay_migrated


@pytest.fixture(scope="module")
def migrated() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="digione-known-", ignore_cleanup_errors=True) as name:
        lay_migrated(data_folder(name))
        server = EmbeddedServer(data_folder(name))
        server.start()
        try:
            yield provision(server.admin_url, server.data)
        finally:
            server.stop()


@pytest.fixture
def database(migrated: Database) -> Iterator[Database]:
    """A database that knows no key yet."""
    yield migrated
    with psycopg.connect(migrated.admin_url, autocommit=True) as connection:
        connection.execute("DELETE FROM core_keyfingerprint; DELETE FROM people_identifier; DELETE FROM people_person")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Work from a data folder of that name, with its own keys."""

    def at(name: str) -> Path:
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.setenv("DIGIONE_DATA", str(tmp_path / name))
        monkeypatch.delenv("DIGIONE_KEYS", raising=False)
        secrets.forget_keys()
        return tmp_path / name / "keys.txt"

    yield at
    monkeypatch.undo()
    secrets.forget_keys()


def noted(database: Database) -> list[tuple[int, bytes]]:
    with psycopg.connect(database.admin_url) as connection:
        return connection.execute("SELECT number, fingerprint FROM core_keyfingerprint ORDER BY 1").fetchall()


def filled(database: Database, key: int) -> None:
    """Let one identifier stand under a key."""
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute(
            "WITH p AS (INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key)"
            " VALUES (gen_random_uuid(), 'Aino', 'Aino', 'Lehto', 'lehto', 'lehto') RETURNING id)"
            " INSERT INTO people_identifier (id, person_id, kind, value_enc, digest, key_id)"
            " SELECT gen_random_uuid(), id, 'hetu', 'x', 'x', %s FROM p",
            [key],
        )


def test_the_first_start_notes_the_key_and_the_next_ones_find_it(
    database: Database, folder: Callable[[str], Path]
) -> None:
    keys = folder("one")
    check_keys(database.app_url)
    check_keys(database.app_url)
    [(number, fingerprint)] = noted(database)
    assert number == 1
    assert len(fingerprint) == 16
    assert fingerprint not in key_file.read()[1], "the key itself is not in the database"
    assert keys.exists()


def test_a_second_folder_with_a_key_of_its_own_under_the_same_number_is_refused(
    database: Database, folder: Callable[[str], Path]
) -> None:
    first = folder("one")
    check_keys(database.app_url)
    before = noted(database)
    second = folder("two")
    with pytest.raises(StartFailure, match=r"Key 1, under which .* is missing from .*two/keys.txt"):
        check_keys(database.app_url)
    assert not second.exists(), "no key is made that would hide that the right one is missing"
    key_file.write({1: key_file.new_key()})
    secrets.forget_keys()
    with pytest.raises(StartFailure, match=r"Key 1 in .*two/keys.txt is another"):
        check_keys(database.app_url)
    assert noted(database) == before
    second.write_text(first.read_text())
    secrets.forget_keys()
    check_keys(database.app_url)


def test_a_key_under_which_something_stands_is_missed_and_a_retired_one_is_not(
    database: Database, folder: Callable[[str], Path]
) -> None:
    folder("one")
    key_file.write({1: key_file.new_key(), 2: key_file.new_key()})
    check_keys(database.app_url)
    filled(database, 1)
    key_file.write({2: key_file.read()[2]})
    secrets.forget_keys()
    with pytest.raises(StartFailure, match=r"Key 1, under which"):
        check_keys(database.app_url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("UPDATE people_identifier SET key_id = 2; DELETE FROM people_identifier_history")
    check_keys(database.app_url)
    assert highest_number(database.app_url) == 2


def test_keys_of_the_environment_are_held_to_it_too(
    database: Database, folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder("one")
    check_keys(database.app_url)
    monkeypatch.setenv("DIGIONE_KEYS", key_file.entry(1, os.urandom(32)))
    secrets.forget_keys()
    with pytest.raises(StartFailure, match="Key 1 in DIGIONE_KEYS is another"):
        check_keys(database.app_url)


@pytest.mark.parametrize("text", ["", "1:short", "one:" + "A" * 44, "1:åäö"])
def test_a_key_file_that_makes_no_sense_is_told_with_its_place(
    database: Database, folder: Callable[[str], Path], text: str
) -> None:
    folder("one").write_text(text)
    with pytest.raises(StartFailure, match=r"The keys in .*one/keys.txt cannot be read"):
        check_keys(database.app_url)
    assert noted(database) == []


def test_the_application_changes_no_fingerprint(database: Database, folder: Callable[[str], Path]) -> None:
    folder("one")
    check_keys(database.app_url)
    before = noted(database)
    for statement in ("UPDATE core_keyfingerprint SET fingerprint = 'x'", "DELETE FROM core_keyfingerprint"):
        with psycopg.connect(database.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    assert noted(database) == before
