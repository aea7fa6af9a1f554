"""Lists: how many statements they cost, totals that are kept only as long as they are true, unions of several providers."""

import operator
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.access.models import Taking
from digione.core.texts import search_key, sort_key
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import OPERATIONS, Operation
from tests import cast
from tests.api.oneroster import App, address, body

pytestmark = pytest.mark.django_db
LISTS = [operation for operation in OPERATIONS if operation.one is None]
_MARKS = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "PREPARE"}


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _statements(app: App, where: str, query: dict[str, Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = app.get(where, query)
        assert answer.status_code == 200, answer.content
        body(answer)
    return sum(one["sql"].split(None, 1)[0].strip(";").upper() not in _MARKS for one in queries.captured_queries)


def _change(provider: UUID, sql: str, values: list[Any]) -> None:
    set_reach(Actor("administrator", provider_id=provider))
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _link(provider: UUID, family: str) -> UUID:
    person = uuid4()
    _change(
        provider,
        "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from)"
        " VALUES (%s, %s, %s, 'learner', '2026-08-01')",
        [uuid4(), provider, person],
    )
    _change(
        provider,
        "INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key)"
        " VALUES (%s, 'Sisko', 'Sisko', %s, %s, %s)",
        [person, family, sort_key(family, "Sisko"), search_key(family, "Sisko")],
    )
    return person


class TestStatements:
    """A list costs the same few statements, however long its page is."""

    @pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.path)
    def test_a_list_costs_as_many_statements_whatever_its_length(self, app: App, operation: Operation) -> None:
        where = address(app, operation)
        counted = {}
        for limit in (1, 2, 100, 1000):
            for _ in range(2):
                counted[limit] = _statements(app, where, {"limit": limit})
        # The token; the reach; what the path names and how often the roster changed; the page; the log. The plain list
        # of users asks for its count by buckets each time; the others have counted before.
        plain = operation.name == "getAllUsers"
        assert set(counted.values()) == {6 if plain else 5}, counted

    @pytest.mark.parametrize(
        "query",
        [{"filter": "status='active'"}, {"filter": "dateLastModified>'2020-01-01T00:00:00Z'"}, {"sort": "familyName"}],
        ids=str,
    )
    def test_so_do_filters_and_orders(self, app: App, query: dict[str, Any]) -> None:
        counts = {limit: _statements(app, "users", {**query, "limit": limit}) for limit in (1, 2, 100)}
        again = {limit: _statements(app, "users", {**query, "limit": limit}) for limit in (1, 2, 100)}
        assert set(again.values()) == {5}
        assert max(counts.values()) == 6, "Once it is counted."


class TestTotals:
    """A total that was counted once is given again only while it is true."""

    @pytest.mark.parametrize(
        ("where", "query"),
        [
            ("students", {}),
            ("users", {"filter": "status='active'"}),
            ("users", {"filter": "familyName='Uusitalo'"}),
            ("demographics", {}),
        ],
        ids=str,
    )
    def test_a_newcomer_is_counted_at_once(self, app: App, where: str, query: dict[str, Any]) -> None:
        before = int(app.get(where, query)["X-Total-Count"])
        person = _link(cast.KUUSNIEMI, "Uusitalo")
        _change(
            cast.KUUSNIEMI,
            "INSERT INTO studies_schoolenrolment (id, provider_id, person_id, school_id, grade, is_primary, valid_from)"
            " VALUES (%s, %s, %s, %s, '1', true, '2026-08-01')",
            [uuid4(), cast.KUUSNIEMI, person, cast.RANTAPUISTO],
        )
        assert int(app.get(where, query)["X-Total-Count"]) == before + 1
        _change(cast.KUUSNIEMI, "UPDATE people_person SET non_disclosure = true WHERE id = %s", [person])
        assert int(app.get(where, query)["X-Total-Count"]) == before

    def test_a_new_name_is_found_at_once(self, app: App) -> None:
        assert app.ids("users", filter="familyName='Uusinimi'") == []
        _change(cast.KUUSNIEMI, "UPDATE people_person SET family_name = 'Uusinimi' WHERE id = %s", [cast.PUPIL])
        assert app.ids("users", filter="familyName='Uusinimi'") == [app.sourced(cast.PUPIL)]

    def test_a_bar_at_another_provider_is_followed_at_once(self, app: App) -> None:
        child, guardian = app.sourced(cast.PUPIL), app.sourced(cast.GUARDIAN)
        query = {"filter": f"agents.sourcedId='{guardian}'"}
        assert app.get("users", query)["X-Total-Count"] == "1"
        _change(
            cast.VALKAMO,
            "INSERT INTO people_guardianship (id, provider_id, guardian_id, child_id, limits, source, valid_from)"
            " VALUES (%s, %s, %s, %s, '{no_information}', 'demo', '2020-01-01')",
            [uuid4(), cast.VALKAMO, cast.GUARDIAN, cast.PUPIL],
        )
        assert app.get("users", query)["X-Total-Count"] == "0"
        assert guardian not in app.get(f"users/{child}").content.decode()

    def test_each_app_has_its_own(self, app: App) -> None:
        everybody = int(app.get("students")["X-Total-Count"])
        included = App(cast.KUUSNIEMI_OID, supplier="Toinen Oy")
        set_reach(cast.platform)
        Taking.objects.filter(app__supplier__name="Toinen Oy").update(non_disclosure_included=True)
        assert int(included.get("students")["X-Total-Count"]) == everybody + 1
        assert int(app.get("students")["X-Total-Count"]) == everybody

    @pytest.mark.parametrize("where", ["users", "students", "enrollments", f"schools/{cast.RANTAPUISTO}/students"])
    def test_a_jump_skips_to_the_same_row(self, app: App, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        for number in range(5):
            _link(cast.KUUSNIEMI, f"Hyppy {number}")
        monkeypatch.setattr("digione.rest.oneroster.roster.STEP", 2)
        query = {"filter": "dateLastModified>'2020-01-01T00:00:00Z'"} if where == "users" else {}
        whole = app.ids(where, **query)
        for limit in (1, 2, 3):
            parts = [app.ids(where, limit=limit, offset=at, **query) for at in range(0, len(whole), limit)]
            assert [ident for part in parts for ident in part] == whole


_COMPARED = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


class TestChangedSince:
    """`dateLastModified` by the index says what the answers say."""

    @pytest.mark.parametrize("few", [0, 1000])
    @pytest.mark.parametrize("predicate", [">", ">=", "<", "<=", "=", "!="])
    def test_it_finds_whom_the_answers_name(
        self, app: App, monkeypatch: pytest.MonkeyPatch, predicate: str, few: int
    ) -> None:
        monkeypatch.setattr("digione.rest.oneroster.roster._FEW", few)
        start = datetime(2026, 3, 1, 12, tzinfo=UTC)
        people = list(cast.PEOPLE)
        tables = ("people_person", "people_contact", "people_staffassignment", "studies_schoolenrolment")
        keys = ("id", "person_id", "person_id", "person_id")
        for number, person in enumerate(people):
            table, key = tables[number % 4], keys[number % 4]
            _change(cast.KUUSNIEMI, f"UPDATE {table} SET {key} = {key} WHERE {key} = %s", [person])
        _change(
            cast.KUUSNIEMI, "UPDATE people_providerperson SET valid_to = '2026-01-01' WHERE person_id = %s", [people[0]]
        )
        shown = {user["sourcedId"]: user["dateLastModified"] for user in app.get("users").json()["users"]}
        moments = {datetime.fromisoformat(text) for text in shown.values()} | {start}
        for moment in moments:
            for shift in (
                timedelta(0),
                timedelta(microseconds=1),
                timedelta(milliseconds=1),
                timedelta(milliseconds=-1),
            ):
                at = moment + shift
                wanted = {
                    ident for ident, text in shown.items() if _COMPARED[predicate](datetime.fromisoformat(text), at)
                }
                found = app.ids("users", filter=f"dateLastModified{predicate}'{at.isoformat()}'")
                assert set(found) == wanted, (predicate, at)

    @pytest.mark.parametrize("predicate", [">", ">=", "<", "<=", "=", "!="])
    def test_it_finds_the_enrolments_that_the_answers_name(self, app: App, predicate: str) -> None:
        shown = {one["sourcedId"]: one["dateLastModified"] for one in app.get("enrollments").json()["enrollments"]}
        assert shown
        for moment in {datetime.fromisoformat(text) for text in shown.values()}:
            for shift in (-1000, 0, 1, 1000):
                at = moment + timedelta(microseconds=shift)
                wanted = {
                    ident for ident, text in shown.items() if _COMPARED[predicate](datetime.fromisoformat(text), at)
                }
                found = app.ids("enrollments", filter=f"dateLastModified{predicate}'{at.isoformat()}'")
                assert set(found) == wanted, (predicate, at)

    def test_the_end_of_time_is_no_fault(self, app: App) -> None:
        assert app.ids("users", filter="dateLastModified>'9999-12-31T23:59:59.999999Z'") == []


def test_pages_of_several_providers_equal_the_naive_union(stage: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is at two providers, whatever the order and filter, and however the parts are read."""
    monkeypatch.setattr("digione.rest.oneroster.collect.WALK", 3)
    monkeypatch.setattr("digione.rest.oneroster.collect.STEP", 4)
    for number in range(6):
        _link((cast.KUUSNIEMI, cast.VALKAMO)[number % 2], f"Joukko {number % 3}")
    both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID)
    parts = [App(cast.KUUSNIEMI_OID), App(cast.VALKAMO_OID)]
    filters = [None, "status='active'", "familyName~'o'", "roles.role='student'", "familyName='Nobody'"]
    shown = {app: {f: {w: app.get(w, {"limit": 1000, **({"filter": f} if f else {})}).json() for w in _UNITED} for f in filters}
             for app in parts}  # fmt: skip

    @settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        where=st.sampled_from(_UNITED),
        wanted=st.sampled_from(filters),
        sort=st.sampled_from([None, "sourcedId", "familyName"]),
        order=st.sampled_from(["asc", "desc"]),
        limit=st.integers(1, 9),
        offset=st.integers(0, 30),
    )
    def probe(where: str, wanted: str | None, sort: str | None, order: str, limit: int, offset: int) -> None:
        union: dict[str, dict[str, Any]] = {}
        for app in parts:
            for row in shown[app][wanted][where]["users"]:
                union.setdefault(row["sourcedId"], row)
        rows = sorted(union.values(), key=lambda row: row["sourcedId"])
        if sort == "familyName":
            rows.sort(key=lambda row: row["familyName"].lower(), reverse=order == "desc")
        elif order == "desc":
            rows.reverse()
        query = {"limit": limit, "offset": offset, "orderBy": order, **({"sort": sort} if sort else {})}
        answer = both.get(where, {**query, **({"filter": wanted} if wanted else {})})
        assert int(answer["X-Total-Count"]) == len(rows)
        expected = [row["sourcedId"] for row in rows[offset : offset + limit]]
        assert [row["sourcedId"] for row in body(answer)["users"]] == expected

    probe()
    # A change at either provider is in the union at once.
    before = int(both.get("users")["X-Total-Count"])
    _link(cast.VALKAMO, "Myöhäinen")
    assert int(both.get("users")["X-Total-Count"]) == before + 1


_UNITED = ("users", "students")
