"""Counts by bucket stay right while several write and fold at once."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from digione.access.services import create_app
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster import buckets
from digione.rest.oneroster.operations import ROSTER
from tests import cast


def _run(work: Callable[[], None]) -> threading.Thread:
    def guarded() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=guarded)
    thread.start()
    return thread


def _counts(supplier: object) -> tuple[int, int, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('digione.supplier', %s, true)", [str(supplier)])
        cursor.execute(
            "SELECT (SELECT count(*) FROM access_listing WHERE supplier_id = %s),"
            " (SELECT coalesce(sum(n), 0) FROM access_page_bucket WHERE supplier_id = %s AND bucket < 512),"
            " (SELECT coalesce(sum(n), 0) FROM access_page_bucket WHERE supplier_id = %s AND bucket >= 512)",
            [supplier, supplier, supplier],
        )
        return cursor.fetchone()


@pytest.mark.usefixtures("committing")
def test_counts_equal_the_listing_under_concurrent_writers() -> None:
    app = create_app(
        cast.platform,
        name="Laskuri",
        supplier=f"Laskuri {uuid4()}",
        provider_oids=[cast.VALKAMO_OID],
        scopes=[ROSTER],
    )
    start = _counts(app.supplier_id)
    assert start[0] == start[1] == start[2] > 0
    people = [[uuid4() for _ in range(30)] for _ in range(3)]

    def write(mine: list) -> None:  # type: ignore[type-arg]
        for at in range(0, len(mine), 10):
            with transaction.atomic():
                set_reach(Actor("administrator", provider_id=cast.VALKAMO))
                with connection.cursor() as cursor:
                    for person in mine[at : at + 10]:
                        cursor.execute(
                            "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from)"
                            " VALUES (%s, %s, %s, 'learner', '2026-08-01')",
                            [uuid4(), cast.VALKAMO, person],
                        )
                        cursor.execute(
                            "INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key,"
                            " non_disclosure) VALUES (%s, 'Otso', 'Otso', 'Suvanto', 'suvanto', 'suvanto otso', %s)",
                            [person, person.int % 2 == 0],
                        )

    def fold() -> None:
        for _ in range(10):
            with connection.cursor() as cursor:
                cursor.execute("SELECT access_fold_page_buckets()")

    threads = [_run(lambda mine=mine: write(mine)) for mine in people] + [_run(fold), _run(fold)]
    for thread in threads:
        thread.join()
    assert _counts(app.supplier_id) == (start[0] + 90, start[0] + 90, start[0] + 90)
    with transaction.atomic():
        set_reach(Actor("administrator", provider_id=cast.VALKAMO))
        everybody = [person for mine in people for person in mine]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM people_person WHERE id = ANY (%s)", [everybody])
            cursor.execute("DELETE FROM people_providerperson WHERE person_id = ANY (%s)", [everybody])
    assert _counts(app.supplier_id) == start
    fold()
    assert _counts(app.supplier_id) == start


@pytest.mark.django_db
def test_a_jump_lands_where_counting_does() -> None:
    with connection.cursor() as cursor:
        for number in (0, 1, 2**127, 2**128 - 1, 0xABCDEF << 100):
            cursor.execute("SELECT access_bucket(%s)", [UUID(int=number)])
            assert cursor.fetchone()[0] == number >> (128 - buckets.BITS)
