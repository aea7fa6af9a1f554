"""A kept document of a user always equals what would be made anew: after any change, on any day, beside any writer."""

import threading
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.access.roles import Role
from digione.access.services import NewApp, create_app
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import ROSTER
from tests import cast
from tests.unit.changes import DAY, Change, changes

PLACES = [(cast.KUUSNIEMI, cast.KUUSNIEMI_OID), (cast.VALKAMO, cast.VALKAMO_OID)]


def _app() -> NewApp:
    return create_app(
        cast.platform,
        name="Muisti",
        supplier=f"Muisti {uuid4()}",
        provider_oids=[oid for _, oid in PLACES],
        scopes=[ROSTER],
    )


def _asked(app: NewApp, provider: UUID) -> Actor:
    return Actor(str(Role.APP), app_id=app.app_id, supplier_id=app.supplier_id, provider_id=provider)


def _users(app: NewApp, provider: UUID, day: date, source: str) -> dict[tuple[UUID, bool], Any]:
    """Return every user of a provider as `source` tells it: with and without people with non-disclosure."""
    found = {}
    set_reach(_asked(app, provider))
    with connection.cursor() as cursor:
        for disclosed in (True, False):
            cursor.execute(
                "SELECT array_agg(sourced_id) FROM access_listing WHERE supplier_id = %s AND provider_id = %s",
                [app.supplier_id, provider],
            )
            (ids,) = cursor.fetchone()
            cursor.execute(
                f"SELECT sourced_id, person_id, alias, body, email FROM {source}(%s, %s, %s, %s, %s)",
                [ids, provider, app.supplier_id, day, disclosed],
            )
            found |= {(row[0], disclosed): row[1:] for row in cursor.fetchall()}
    return found


def _kept(app: NewApp) -> int:
    set_reach(_asked(app, cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rest_user_document WHERE supplier_id = %s", [app.supplier_id])
        return cursor.fetchone()[0]


def _hold(steps: list[Change | int]) -> None:
    """Make changes and let days pass; after each step, all that is kept must equal what is made anew."""
    day = DAY
    with transaction.atomic():
        app = _app()
        for step in [0, *steps]:
            if isinstance(step, int):
                day += timedelta(days=step)
            else:
                actor, statement, parameters = step
                set_reach(actor)
                with connection.cursor() as cursor:
                    cursor.execute(statement, parameters)
            for provider, _ in PLACES:
                kept = _users(app, provider, day, "oneroster_documents")
                assert kept == _users(app, provider, day, "oneroster_made")
                assert kept
        assert _kept(app) > 10
        transaction.set_rollback(True)


@pytest.mark.django_db
@given(steps=st.lists(st.one_of(changes(), st.integers(-30, 300)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_a_kept_document_is_true(steps: list[Change | int]) -> None:
    _hold(steps)


@pytest.mark.deep
@pytest.mark.django_db
@given(steps=st.lists(st.one_of(changes(), st.integers(-30, 300)), min_size=1, max_size=15))
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_for_long_a_kept_document_is_true(steps: list[Change | int]) -> None:
    _hold(steps)


def _given_name(app: NewApp, person: UUID) -> str:
    with transaction.atomic():
        set_reach(_asked(app, cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (replace(d.body, E'\\x01', '') || '}')::json ->> 'givenName' FROM access_subject s CROSS JOIN LATERAL"
                " oneroster_documents(ARRAY[s.sourced_id], %s, s.supplier_id, %s, false) d"
                " WHERE s.supplier_id = %s AND s.person_id = %s",
                [cast.KUUSNIEMI, DAY, app.supplier_id, person],
            )
            return cursor.fetchone()[0]


def _rename(name: str) -> None:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET given_name = %s WHERE id = %s", [name, cast.UNTAUGHT_PUPIL])


@pytest.mark.usefixtures("committing")
def test_readers_beside_a_writer_keep_nothing_that_becomes_untrue() -> None:
    app = _app()
    read: list[str] = []

    def reader() -> None:
        try:
            read.append(_given_name(app, cast.UNTAUGHT_PUPIL))
        finally:
            connections.close_all()

    # A reader in the middle of a change answers what is committed, and keeps nothing.
    with transaction.atomic():
        _rename("Uusi")
        thread = threading.Thread(target=reader)
        thread.start()
        thread.join()
    assert read == ["Eeli"]
    assert _given_name(app, cast.UNTAUGHT_PUPIL) == "Uusi"
    # A change waits for a reader that is keeping a document, and then forgets that document.
    changed = threading.Event()

    def writer() -> None:
        try:
            with transaction.atomic():
                _rename("Vanha")
            changed.set()
        finally:
            connections.close_all()

    _forget_all(app)
    with transaction.atomic():
        assert _given_name(app, cast.UNTAUGHT_PUPIL) == "Uusi"
        thread = threading.Thread(target=writer)
        thread.start()
        assert not changed.wait(0.3)
    thread.join()
    assert _given_name(app, cast.UNTAUGHT_PUPIL) == "Vanha"


def _forget_all(app: NewApp) -> None:
    with transaction.atomic():
        set_reach(_asked(app, cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM rest_user_document WHERE supplier_id = %s", [app.supplier_id])
            assert cursor.rowcount > 0
