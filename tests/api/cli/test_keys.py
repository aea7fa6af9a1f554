"""`digione keys`, through the real process and on real rows: killed halfway, gone on with, nothing lost or doubled."""

import base64
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from digione.core import secrets
from digione.core.errors import DeniedError
from digione.core.use_case import Actor, set_reach
from digione.people.selectors import keys_in_use
from digione.people.services import Place, seal_batch_anew
from tests import cast
from tests.api.cli.conftest import PROVIDER, Installation

#: Artificial identity codes; the second row's is changed once, so that there is an earlier identifier too.
HEAD = "oma tunnus;henkilötunnus;etunimet;sukunimi;koulu;vuosiluokka;ryhmä;huoltaja 1 henkilötunnus;huoltaja 1 etunimet;huoltaja 1 sukunimi\n"
FAMILY = ";140314A9357;Aino;Rauhala;Saarnivaaran koulu;6;6A;110586-908L;Katri;Rauhala\n"
VALUES = "SELECT id, value_enc, digest, key_id FROM people_identifier ORDER BY id"
EARLIER = "SELECT id, value_enc, digest, key_id FROM people_identifier_history ORDER BY id, sys_to"


@pytest.fixture(scope="module")
def registered(installation: Installation) -> Installation:
    """People with identity codes, own ids, and one identifier that has changed and so has a history."""
    installation.run("provider", "add", PROVIDER)
    for name in ("Lehmus", "Lehmus-Kallio"):
        rows = "".join(f"avain-{n};;Sointu;{name} {n};Saarnivaaran koulu;3;3B;;;\n" for n in range(60))
        path = installation.data / "keys.csv"
        path.write_text(HEAD + rows)
        told = installation.json("import", "people", str(path), "--provider", PROVIDER, "--source", "avaimet")
        assert told["refused"] == 0, told["problems"][:2]
    family = installation.data / "family.csv"
    family.write_text(HEAD + FAMILY)
    told = installation.json("import", "people", str(family), "--provider", PROVIDER, "--source", "perhe")
    assert told["refused"] == 0, told["problems"][:2]
    return installation


@pytest.fixture
def opened(registered: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Read the installation's ciphertexts with its own keys, present and retired, in this process."""

    def texts(sql: str) -> dict[Any, str]:
        lines = [
            line.split()[0]
            for name in ("keys.txt", "keys-retired.txt")
            if (registered.data / name).exists()
            for line in (registered.data / name).read_text().splitlines()
        ]
        monkeypatch.setenv("DIGIONE_KEYS", ",".join(lines))
        secrets.forget_keys()
        found = {}
        for number, (ident, value, digest, key) in enumerate(registered.rows(sql)):
            text = secrets.decrypt(value)
            assert secrets.key_id(value) == key, "the number of the key stands in the ciphertext"
            assert secrets.digest_under(text, key) == digest, "the digest is the one under the same key"
            found[ident, number] = text
        return found

    yield texts
    monkeypatch.undo()
    secrets.forget_keys()


def numbers(installation: Installation) -> set[int]:
    both = f"SELECT DISTINCT key_id FROM ({VALUES.split(' ORDER')[0]} UNION ALL {EARLIER.split(' ORDER')[0]}) x"
    return {number for (number,) in installation.rows(both)}


def test_a_rotation_that_is_killed_goes_on_and_loses_nothing(registered: Installation, opened: Any) -> None:
    before = opened(VALUES)
    [writing] = [row["key"] for row in registered.json("keys", "list") if row["writes"]]
    added = registered.json("keys", "add")["key"]
    assert added == writing + 1
    listed = {row["key"]: row for row in registered.json("keys", "list")}
    assert (listed[writing]["writes"], listed[added]["writes"]) == (True, False), "a new key only reads at first"

    _kill_halfway(registered, added)
    assert numbers(registered) == {writing, added}
    assert opened(VALUES) == before, "halfway, each value opens with the key that its ciphertext names"
    people = "SELECT count(*) FROM people_person"
    counted = registered.rows(people)
    family = ("import", "people", str(registered.data / "family.csv"), "--provider", PROVIDER, "--source", "perhe")
    refused = registered.run(*family, code=2)
    assert "digione keys rotate" in refused.stderr
    assert registered.rows(people) == counted

    told = registered.json("keys", "rotate")
    assert (told["key"], told["retired"]) == (added, [writing])
    assert numbers(registered) == {added}
    assert opened(VALUES) == before
    again = registered.json(
        "import", "people", str(registered.data / "family.csv"), "--provider", PROVIDER, "--source", "perhe"
    )
    assert (again["added"], again["refused"], again["ended"]) == (0, 0, 0), "everybody is found under the new digest"
    assert registered.rows(people) == counted


def test_earlier_identifiers_move_too_and_history_keeps_its_days(registered: Installation, opened: Any) -> None:
    days = "SELECT id, sys_to FROM people_identifier_history"
    known = set(registered.rows(days))
    opened(EARLIER)
    registered.run("keys", "add")
    told = registered.json("keys", "rotate", "--batch", "7")
    after = opened(EARLIER)
    assert numbers(registered) == {told["key"]}
    assert known <= set(registered.rows(days)), "what stood in history stands there"
    assert set(after.values()) <= set(opened(VALUES).values())
    gaps = registered.rows(
        "SELECT count(*) FROM people_identifier i WHERE NOT EXISTS (SELECT 1 FROM people_identifier_history h"
        " WHERE h.id = i.id AND h.sys_to = i.sys_from)"
    )
    assert gaps == [(0,)], "the life of a row has no gap where its key changed"


def test_a_second_rotation_has_nothing_to_do_and_old_keys_are_set_aside(registered: Installation) -> None:
    first = (registered.data / "keys.txt").read_text()
    told = registered.json("keys", "rotate")
    assert (told["rows"], told["retired"]) == (0, [])
    assert (registered.data / "keys.txt").read_text() == first
    retired = registered.data / "keys-retired.txt"
    if retired.exists():
        assert retired.stat().st_mode & 0o077 == 0
    assert (registered.data / "keys.txt").stat().st_mode & 0o077 == 0


def test_a_key_is_never_printed_where_a_file_keeps_it(registered: Installation) -> None:
    printed = "".join(
        registered.run("keys", command, *more).stdout
        for command, *more in (["list"], ["add"], ["rotate"], ["list", "--json"])
    )
    for line in (registered.data / "keys.txt").read_text().split():
        assert line.partition(":")[2] not in printed


def test_a_missing_key_stops_the_rotation_before_anything_is_changed(registered: Installation) -> None:
    path = registered.data / "keys.txt"
    kept, before = path.read_text(), registered.rows(VALUES)
    path.write_text(f"900:{base64.b64encode(b'0' * 32).decode()}\n")
    try:
        assert "is missing from" in registered.run("keys", "rotate", code=2).stderr
        assert registered.rows(VALUES) == before
    finally:
        path.write_text(kept)


@pytest.mark.django_db
@pytest.mark.parametrize("actor", [cast.teacher, cast.administrator, cast.guardian, cast.secretary])
def test_only_the_platform_touches_keys(actor: Actor) -> None:
    before = _identifiers()
    with pytest.raises(DeniedError):
        seal_batch_anew(actor, place=Place(), at_most=10)
    with pytest.raises(DeniedError):
        keys_in_use(actor)
    assert _identifiers() == before != []


@pytest.mark.django_db
def test_the_database_itself_hands_ciphertext_of_all_providers_to_the_platform_alone() -> None:
    for statement in (
        "SELECT * FROM people_sealed_otherwise(0, '00000000-0000-0000-0000-000000000000', 10)",
        "SELECT * FROM people_earlier_sealed_otherwise(0, '00000000-0000-0000-0000-000000000000', now(), 10)",
        "SELECT * FROM people_keys_in_use()",
        "SELECT people_seal_anew('{}', '{}', '{}', '{}', 1, '{}', '{}')",
        "SELECT people_seal_earlier_anew('{}', '{}', '{}', '{}', '{}', 1)",
    ):
        with pytest.raises(DatabaseError, match="platform"), transaction.atomic():
            _ask_as_administrator(statement)


def _identifiers() -> list[tuple[Any, ...]]:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(VALUES)
        return cursor.fetchall()


def _ask_as_administrator(statement: str) -> None:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _kill_halfway(installation: Installation, added: int) -> None:
    """Start a rotation in tiny batches, and kill it as soon as some rows, and not all, are under the new key."""
    process = subprocess.Popen(
        [sys.executable, "-m", "digione", "keys", "rotate", "--batch", "1"],
        env=installation.environment("C.UTF-8"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if installation.rows("SELECT 1 FROM people_identifier WHERE key_id = %s", added):
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed: the rows are too few"
