"""The net alone: whatever a query forgets, no table shows or takes a row of another provider, person or supplier.

The tables are found, not listed, so a new one is tested by itself.
"""

import contextlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from digione.access.services import create_app
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import CORE
from digione.studies.selectors import person_page
from tests import cast
from tests.api.oneroster import App, hot

pytestmark = pytest.mark.django_db
#: Registers that everybody reads. Their rows say which provider they are of, and are no secret.
PUBLIC = {"organisations_organisation", "organisations_organisation_history"}
#: The log is read by nobody; it has its own tests.
UNREADABLE = {"audit_entry"}


def _tables(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity"
            " AND NOT c.relispartition ORDER BY 1",
            [column],
        )
        return [row[0] for row in cursor.fetchall() if row[0] not in PUBLIC | UNREADABLE]


def _count(table: str, where: str = "true", *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}", values)
        return int(cursor.fetchone()[0])


def _refused(sql: str, *values: object) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def _unwritten(sql: str, *values: object) -> None:
    """The statement is refused, or finds no row that it may write."""
    written = 0
    with contextlib.suppress(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        written = cursor.rowcount
    assert written == 0, sql


def _at(provider: UUID | None, *persons: UUID) -> None:
    set_reach(Actor("administrator", provider_id=provider, persons=persons))


def _change_everything(provider: UUID) -> None:
    """Touch every row of the provider, so that the tables of history have some as well."""
    _at(provider)
    with connection.cursor() as cursor:
        for table in _tables("provider_id"):
            if f"{table}_history" in _tables("provider_id"):
                cursor.execute(f"UPDATE {table} SET provider_id = provider_id WHERE provider_id = %s", [provider])


def test_no_table_shows_another_providers_rows() -> None:
    create_app(cast.platform, name="A", supplier="S", provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE])
    _change_everything(cast.KUUSNIEMI)
    filled = []
    for table in _tables("provider_id"):
        _at(cast.KUUSNIEMI)
        own = _count(table, "provider_id = %s", cast.KUUSNIEMI)
        filled += [table] if own else []
        for provider in (cast.VALKAMO, None, uuid4()):
            _at(provider)
            assert _count(table, "provider_id = %s", cast.KUUSNIEMI) == 0, (table, provider)
    assert len(filled) >= 15, filled


def test_no_table_takes_a_row_for_another_provider() -> None:
    create_app(cast.platform, name="A", supplier="S", provider_oids=[cast.VALKAMO_OID], scopes=[CORE])
    refused = 0
    for table in _tables("provider_id"):
        _at(cast.VALKAMO)
        if table.endswith("_history") or not _count(table, "provider_id = %s", cast.VALKAMO):
            continue
        _unwritten(f"UPDATE {table} SET provider_id = %s WHERE provider_id = %s", cast.KUUSNIEMI, cast.VALKAMO)
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET provider_id = provider_id WHERE provider_id = %s", [cast.KUUSNIEMI])
            assert cursor.rowcount == 0, table
            cursor.execute(f"DELETE FROM {table} WHERE provider_id = %s", [cast.KUUSNIEMI])
            assert cursor.rowcount == 0, table
        refused += 1
    assert refused >= 9


@pytest.mark.parametrize("column", ["person_id", "guardian_id", "child_id"])
def test_a_persons_own_reach_shows_that_person_alone(column: str) -> None:
    """Read without a provider, as a learner or guardian does; and nothing is written that way."""
    _change_everything(cast.KUUSNIEMI)
    shown = 0
    for table in _tables(column):
        if table.startswith("access_"):
            continue
        _at(None, cast.PUPIL)
        others = "NOT %s IN (guardian_id, child_id)" if column != "person_id" else "person_id <> %s"
        assert _count(table, others, cast.PUPIL) == 0, table
        own = _count(table)
        shown += own > 0
        if own and not table.endswith("_history"):
            _unwritten(f"UPDATE {table} SET {column} = {column}")
    assert shown


def test_a_supplier_sees_its_own_ids_alone() -> None:
    mine, other = (
        create_app(cast.platform, name=name, supplier=name, provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE])
        for name in ("Tuikku", "Kajo")
    )
    # Documents and lists are kept when they are first read.
    with connection.cursor() as cursor:
        set_reach(Actor("app", supplier_id=mine.supplier_id, provider_id=cast.KUUSNIEMI))
        cursor.execute(
            "SELECT count(*) FROM oneroster_documents(ARRAY(SELECT sourced_id FROM access_subject), %s, %s, current_date, false)",
            [cast.KUUSNIEMI, mine.supplier_id],
        )
        cursor.execute(
            "INSERT INTO rest_kept_list VALUES (%s, %s, 'getStudentsForSchool', %s, false, 0, '{}')",
            [mine.supplier_id, cast.KUUSNIEMI, cast.RANTAPUISTO],
        )
        cursor.execute(
            "INSERT INTO rest_learner_document VALUES (%s, %s, gen_random_uuid(), false, 1, %s, gen_random_uuid(), '', '', '',"
            " false, 1, '', NULL, current_date)",
            [mine.supplier_id, cast.KUUSNIEMI, cast.PUPIL],
        )
    # What a token opens is seen by whoever has the token: the next test.
    tables = [table for table in _tables("supplier_id") if table not in ("access_app", "rest_reader")]
    assert {"access_subject", "access_listing", "access_page_bucket"} <= set(tables)
    for table in tables:
        for supplier, seen in ((mine.supplier_id, True), (other.supplier_id, False), (None, False)):
            set_reach(Actor("app", supplier_id=supplier, provider_id=cast.KUUSNIEMI))
            assert (_count(table, "supplier_id = %s", mine.supplier_id) > 0) is seen, (table, supplier)
        set_reach(Actor("app", supplier_id=mine.supplier_id, provider_id=cast.KUUSNIEMI))
        if table not in (
            "rest_user_document",
            "rest_kept_list",
            "rest_learner_document",
        ):  # Kept by whoever reads it, within its own reach.
            _unwritten(f"UPDATE {table} SET supplier_id = supplier_id")


def test_what_a_token_opens_is_seen_with_the_token_alone_and_written_by_nobody() -> None:
    app = App(cast.KUUSNIEMI_OID)
    assert hot(app, app.sourced(cast.TEACHER))
    for token, seen in ((app.checksum, 1), (uuid4().hex, 0), ("", 0)):
        set_reach(Actor("app", app_id=app.made.app_id, supplier_id=app.made.supplier_id, provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('digione.token', %s, true)", [token])
        assert _count("rest_reader") == seen, token
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('digione.token', %s, true)", [app.checksum])
    _unwritten("UPDATE rest_reader SET disclosed = true")
    _unwritten("DELETE FROM rest_reader")
    _refused(
        "INSERT INTO rest_reader (checksum, app_id, supplier_id, scopes, expires, disclosed, contact, first_day)"
        " VALUES (%s, %s, %s, '{}', now(), true, true, current_date)",
        app.checksum + "0",
        app.made.app_id,
        app.made.supplier_id,
    )


def test_an_app_sees_its_own_takings_alone_and_makes_none() -> None:
    mine, other = (
        create_app(cast.platform, name=name, supplier="S", provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE])
        for name in ("A", "B")
    )
    set_reach(Actor("app", app_id=mine.app_id))
    assert _count("access_taking", "app_id = %s", mine.app_id) == 1
    assert _count("access_taking", "app_id = %s", other.app_id) == 0
    _unwritten("UPDATE access_taking SET non_disclosure_included = true")
    _refused(
        "INSERT INTO access_taking (id, provider_id, app_id, scopes, valid_from)"
        " VALUES (gen_random_uuid(), %s, %s, '{}', '2026-01-01')",
        cast.VALKAMO,
        mine.app_id,
    )


def test_the_log_of_a_person_is_read_in_that_persons_reach_alone() -> None:
    """`audit_of_person` runs with the owner's rights, so it must look at the reach itself."""
    with clock.fixed(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)):
        person_page(cast.teacher, person=cast.PUPIL)
    read = (
        "SELECT count(*) FROM audit_of_person"
        "(%s, now() - interval '1 hour', 'infinity', NULL, 1::smallint, NULL, '{}', '{}', '{}', 50)"
    )
    for provider, persons, seen in (
        (None, (cast.PUPIL,), 1),
        (None, (cast.GUARDIAN, cast.PUPIL), 1),
        (None, (cast.GUARDIAN,), 0),
        (cast.KUUSNIEMI, (cast.TEACHER,), 0),
        (cast.KUUSNIEMI, (), 0),
        (None, (), 0),
    ):
        _at(provider, *persons)
        with connection.cursor() as cursor:
            cursor.execute(read, [cast.PUPIL])
            assert cursor.fetchone() == (seen,), (provider, persons)
