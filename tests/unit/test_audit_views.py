"""Who has viewed: the page tells exactly what the log holds (M45), page by page, at a constant number of statements."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.core.use_case import Actor, set_reach
from digione.people import selectors as people
from digione.studies import selectors as studies
from tests import cast
from tests.api.oneroster import App
from tests.log import as_owner, entries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("owners_log")]
READERS = {cast.PUPIL: cast.pupil, cast.GUARDIAN: cast.guardian, cast.VALKAMO_PUPIL: cast.guardian}
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def sql(text: str, *values: Any, reach: Actor = cast.administrator) -> list[tuple]:
    set_reach(reach)
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def log_row(**values: Any) -> None:
    row = {
        "role": "app",
        "use_case": "rest.oneroster.roster.read_roster",
        "event": "roster.read",
        "purpose": "service",
        "rule": "app-taken",
        "outcome": "done",
        **values,
    }
    places = ", ".join("%s::jsonb" if name == "scope" else "%s" for name in row)
    sql(f"INSERT INTO audit_entry ({', '.join(row)}) VALUES ({places})", *row.values())


def alias(person: UUID) -> UUID:
    everybody = Actor("learner", person_id=person, persons=(person,))
    ((found,),) = sql("SELECT audit_alias FROM people_person WHERE id = %s", person, reach=everybody)
    return found


def uses(app: App) -> dict[str, Callable[[], Any]]:
    """Return what may be done with the data of the readers, and of others, by name."""
    bulk = partial(log_row, provider_id=cast.KUUSNIEMI, app_id=app.made.app_id, sensitivity=2)
    scope = {"by": "person", "disclosed": False, "first": str(FIRST), "last": str(LAST)}
    return {
        "teacher opens page": lambda: studies.person_page(cast.teacher, person=cast.PUPIL),
        "teacher opens group": lambda: studies.group_page(cast.teacher, group=cast.GROUP_3B),
        "secretary searches": lambda: studies.search_people(cast.secretary, text="lehtovaara"),
        "secretary opens guardian": lambda: studies.person_page(cast.secretary, person=cast.GUARDIAN),
        "outsider teaches ward": lambda: studies.person_page(cast.outsider, person=cast.VALKAMO_PUPIL),
        "guardian opens desk": lambda: studies.guardian_landing(cast.guardian),
        "guardian reads log": lambda: people.views_of(cast.guardian, person=cast.PUPIL),
        "pupil opens desk": lambda: studies.learner_landing(cast.pupil),
        "pupil opens page": lambda: studies.person_page(cast.pupil, person=cast.PUPIL),
        "app reads one": lambda: app.get(f"users/{app.sourced(cast.PUPIL)}"),
        "app reads a page": lambda: app.get("users"),
        "app reads enrolments": lambda: app.get("enrollments"),
        "app reads all": lambda: bulk(scope=json.dumps(scope)),
        "app reads others": lambda: bulk(scope=json.dumps({**scope, "last": str(FIRST)})),
        "everything exported": lambda: log_row(
            provider_id=cast.VALKAMO,
            role="administrator",
            event="roster.exported",
            rule="provider-export",
            sensitivity=2,
            scope=json.dumps({"by": "row", "disclosed": False}),
        ),
    }


def expected(person: UUID) -> set[int]:
    """Return which rows of the log concern a person, worked out from the log itself and what a bulk read means."""
    mine = alias(person)
    known_to = {
        cast.PUPIL: {cast.KUUSNIEMI},
        cast.VALKAMO_PUPIL: {cast.VALKAMO},
        cast.GUARDIAN: {cast.KUUSNIEMI, cast.VALKAMO},
    }
    found = set()
    for row in entries():
        scope = json.loads(row["scope"] or "{}") if not isinstance(row["scope"], dict) else row["scope"]
        nobody = row["subject"] is None and row["subjects"] is None
        listed = "by" in scope and (scope["by"] != "person" or scope["last"] == str(LAST))
        bulk = nobody and listed and row["provider_id"] in known_to[person]
        if row["subject"] == mine or mine in (row["subjects"] or []) or bulk:
            found.add(row["id"])
    return found


def looks(page: dict[str, Any]) -> list[int]:
    return [look["id"] for viewer in (*page["viewers"], *page["family"]) for look in viewer["looks"]]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.integers(0, 14), max_size=12))
def test_the_page_tells_exactly_what_the_log_holds(chosen: list[int]) -> None:
    with _undone():
        possible = list(uses(App(cast.KUUSNIEMI_OID)).values())
        for number in chosen:
            possible[number]()
        for person, reader in READERS.items():
            wanted = expected(person)
            told = looks(people.views_of(reader, person=person))
            assert len(told) == len(set(told))
            assert set(told) == wanted
            by_kind = [
                set(looks(people.views_of(reader, person=person, kind=kind))) & wanted for kind in people.VIEWED_KINDS
            ]
            assert set().union(*by_kind) == wanted
            assert sum(map(len, by_kind)) == len(wanted)


def test_a_row_says_who_where_for_what_and_on_whose_behalf() -> None:
    app = App(cast.KUUSNIEMI_OID)
    studies.person_page(cast.teacher, person=cast.PUPIL)
    assert app.get(f"users/{app.sourced(cast.PUPIL)}").status_code == 200
    reading, teacher = people.views_of(cast.guardian, person=cast.PUPIL)["viewers"]
    assert (teacher["name"], teacher["role"]) == ("Pirjo Vainionpää", "teacher")
    assert [place["fi"] for place in teacher["places"]] == ["Rantapuiston koulu"]
    assert (teacher["provider"]["fi"], teacher["purposes"]) == ("Kuusniemi", ["teaching"])
    assert (reading["name"], reading["provider"]["fi"], reading["purposes"]) == (app.name, "Kuusniemi", ["service"])
    assert (reading["places"], reading["sensitivity"]) == ([], 2)


def test_the_list_is_narrowed_by_how_sensitive_the_details_were() -> None:
    for level in (1, 2, 3):
        log_row(provider_id=cast.KUUSNIEMI, subject=alias(cast.PUPIL), sensitivity=level)
    # Each reading of the log is itself a look, at ordinary details, which the next one finds.
    counts = [len(looks(people.views_of(cast.pupil, person=cast.PUPIL, at_least=level))) for level in (1, 2, 3, 1)]
    assert counts == [3, 2, 1, 6]


def test_the_pages_follow_each_other_and_leave_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(cast.KUUSNIEMI_OID)
    monkeypatch.setattr(people, "VIEWED_PAGE", 3)
    for _turn in range(8):
        log_row(provider_id=cast.KUUSNIEMI, app_id=app.made.app_id, subject=alias(cast.PUPIL))
    told, before = [], None
    while not told or before:
        page = people.views_of(cast.pupil, person=cast.PUPIL, kind="apps", before=before)
        told.append(looks(page))
        before = page["earlier"]
    assert [len(part) for part in told] == [3, 3, 2]
    everything = [number for part in told for number in part]
    assert everything == sorted({row["id"] for row in entries("e.app_id = %s", app.made.app_id)}, reverse=True)


def test_of_looks_at_one_moment_a_page_leaves_out_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "VIEWED_PAGE", 2)
    for _turn in range(4):
        log_row(provider_id=cast.KUUSNIEMI, role="teacher", subject=alias(cast.PUPIL))
    as_owner("UPDATE audit_entry SET at = {at}", at=entries()[0]["at"])
    first = people.views_of(cast.pupil, person=cast.PUPIL, kind="people")
    second = people.views_of(cast.pupil, person=cast.PUPIL, kind="people", before=first["earlier"])
    assert sorted(looks(first) + looks(second)) == [row["id"] for row in entries("e.role = 'teacher'")]
    assert second["earlier"] is None


def test_the_number_of_statements_does_not_grow_with_the_log() -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as said:
            people.views_of(cast.guardian, person=cast.PUPIL)
        return len(said.captured_queries)

    few = asked()
    for _turn in range(40):
        studies.person_page(cast.teacher, person=cast.PUPIL)
    assert asked() == few <= 14


def test_without_a_name_there_is_no_place_and_no_provider() -> None:
    sql("UPDATE people_person SET non_disclosure = true WHERE id = %s", cast.PUPIL)
    studies.person_page(cast.teacher, person=cast.PUPIL)
    (viewer,) = people.views_of(cast.guardian, person=cast.PUPIL)["viewers"]
    assert (viewer["name"], viewer["provider"], viewer["places"]) == (None, None, [])
    assert "Rantapuisto" not in str(viewer)
    assert "Rantapuiston koulu" in str(people.views_of(cast.pupil, person=cast.PUPIL)["viewers"])
