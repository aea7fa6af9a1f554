"""The log that the change feed is read by: every way of writing is in it, and no late commit is passed over."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from digione.config.provisioning import MIGRATOR, secret
from digione.core.ids import new_id
from digione.core.use_case import UseCase, set_reach
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import change_facts
from digione.rest.v1.endpoints import ENDPOINTS, GROUPS
from tests import cast

GRANT = Grant(cast.KUUSNIEMI, frozenset({GROUPS.scope}), disclosed=False)
_INSERT = "INSERT INTO studies_group (id, provider_id, school_id, kind, title) VALUES (%s, %s, %s, 'care_group', '{}')"


@contextlib.contextmanager
def _writer(**more: Any) -> Iterator[psycopg.Connection[Any]]:
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"cursor_factory", "context"}
    }
    with psycopg.connect(**{**parameters, **more}) as writer:
        writer.execute("SELECT set_config('digione.provider', %s, false)", [str(cast.KUUSNIEMI)])
        writer.commit()
        yield writer


def _entries(since: int) -> list[int]:
    set_reach(cast.platform.at(cast.KUUSNIEMI))
    uc = UseCase(cast.platform, "test", "test", "test")
    _, below = change_facts.horizon(uc)
    return [entry.xid for entry in change_facts.entries(uc, GROUPS, GRANT, since=since, below=below)]


def _xid(writer: psycopg.Connection[Any]) -> int:
    row = writer.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def groups() -> Iterator[list[UUID]]:
    """Ids for new groups, which are gone afterwards without a trace."""
    made = [new_id(), new_id()]
    yield made
    with _writer(user=MIGRATOR, password=secret(Path(os.environ["DIGIONE_DATA"]), "migrate")) as owner:
        owner.execute("ALTER TABLE studies_group DISABLE TRIGGER USER")
        owner.execute("DELETE FROM studies_group WHERE id = ANY (%s)", [made])
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        owner.execute("ALTER TABLE studies_group ENABLE TRIGGER USER")
        owner.execute("DELETE FROM rest_change")
        owner.commit()


@pytest.mark.django_db
def test_a_transaction_that_commits_late_is_told_of_before_those_behind_it(groups: list[UUID]) -> None:
    with _writer() as early, _writer() as late:
        first = _xid(early)
        late.execute(_INSERT, [groups[0], cast.KUUSNIEMI, cast.RANTAPUISTO])
        second = _xid(late)
        late.commit()
        assert first < second
        assert _entries(first) == [], "told above the horizon: the early one would be passed over"
        early.execute(_INSERT, [groups[1], cast.KUUSNIEMI, cast.RANTAPUISTO])
        early.execute("UPDATE studies_group SET code = 'x' WHERE id = %s", [groups[1]])
        early.commit()
        # Autovacuum may hold the horizon for a moment; nothing else runs in this database.
        for _ in range(200):
            found = _entries(first)
            if found:
                break
            time.sleep(0.02)
        assert found == [first, second], "once for each transaction, however often it has written"
        assert _entries(second) == [second]
        assert _entries(second + 1) == []


@pytest.mark.django_db
def test_what_is_rolled_back_is_not_told(groups: list[UUID]) -> None:
    with _writer() as writer:
        since = _xid(writer)
        writer.execute(_INSERT, [groups[0], cast.KUUSNIEMI, cast.RANTAPUISTO])
        writer.rollback()
    assert _entries(since) == []


@pytest.mark.django_db
def test_every_served_table_and_what_decides_about_it_notes_each_way_of_writing() -> None:
    """A new endpoint whose table is not watched fails here, as does one whose rows cannot be found by their moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE p.proname IN ('rest_note_change', 'rest_note_change_of_person')"
        )
        watched = set(cursor.fetchall())
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        indexes = {name for (name,) in cursor.fetchall()}
    #: The kinds of `tgtype`: 4 insert, 8 delete, 16 update.
    kinds = {"insert": 4, "delete": 8, "update": 16}
    for table in {endpoint.resource.table for endpoint in ENDPOINTS} | {"people_providerperson"}:
        # A person's own row is never deleted by the application: it belongs to no provider.
        wanted = {"insert", "update"} if table == "people_person" else set(kinds)
        assert {kind for kind, bit in kinds.items() if (table, bit) in watched} == wanted, table
        if table != "people_providerperson":
            assert {f"{table}_changed", f"{table}_history_began"} <= indexes, table


@pytest.mark.django_db
def test_the_application_can_neither_write_nor_change_the_log() -> None:
    with _writer() as writer:
        for statement in (
            f"INSERT INTO rest_change VALUES ('{cast.KUUSNIEMI}', 'x', '5', now())",
            "UPDATE rest_change SET at = 'infinity'",
            "DELETE FROM rest_change",
        ):
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                assert writer.execute(statement).rowcount == 0
            writer.rollback()
