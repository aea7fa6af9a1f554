"""What held on a day, and what was known at a moment: of those who are there today, and no more than was open then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from digione.core import clock
from digione.core.use_case import set_reach
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS
from tests import cast
from tests.api.oneroster import App, audit
from tests.api.v1 import ALL, ask, codes, one_of, rows, run
from tests.past import happened, known_here_since
from tests.study_rights import right_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
#: Before what the stage has, and after.
LONG_AGO, LATELY = "2020-01-01T00:00:00Z", "2026-10-01T12:00:00+03:00"
each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


def of_pupil(app: App, path: str, **query: Any) -> list[dict[str, Any]]:
    return [row for row in rows(app, path, **query) if row.get("person_id", row["id"]) == app.sourced(cast.PUPIL)]


class TestKnownAt:
    @each
    def test_now_is_what_is_known_now_and_long_ago_nothing(self, app: App, endpoint: Endpoint) -> None:
        now = clock.now() + timedelta(minutes=1)
        with clock.fixed(now + timedelta(minutes=1)):
            assert rows(app, endpoint.path, known_at=now.isoformat()) == rows(app, endpoint.path)
            if endpoint.path != "schools":
                assert rows(app, endpoint.path, known_at=LONG_AGO) == []

    @pytest.mark.usefixtures("owners_log")
    def test_a_mark_as_it_was(self, app: App) -> None:
        happened("studies_assessment", {"mark": "9"}, f"person_id = '{cast.PUPIL}'")
        (mark,) = of_pupil(app, "assessments")
        (before,) = of_pupil(app, "assessments", known_at=LATELY)
        assert (mark["mark"], before["mark"]) == ("9", "8")
        assert {**mark, "mark": "8", "sys_from": before["sys_from"]} == before
        where = f"assessments/{mark['id']}"
        assert ask(app, where, known_at=LATELY).json() == before
        assert ask(app, where).json() == mark
        assert audit(cast.PUPIL, "earliest")[1] == (date(2026, 5, 29),)

    @pytest.mark.usefixtures("owners_log")
    def test_what_has_been_removed_was_known_then(self, app: App) -> None:
        (mark,) = of_pupil(app, "assessments")
        run(cast.administrator, "DELETE FROM studies_assessment WHERE person_id = %s", [cast.PUPIL])
        assert of_pupil(app, "assessments") == []
        assert of_pupil(app, "assessments", known_at=LATELY) == [mark]
        assert ask(app, f"assessments/{mark['id']}").status_code == 404
        assert ask(app, f"assessments/{mark['id']}", known_at=LATELY).json() == mark

    @pytest.mark.usefixtures("owners_log")
    def test_pages_and_lines_of_the_past_fit_together(self, app: App) -> None:
        happened("studies_enrolment", {"is_primary": False}, "true")
        assert len(rows(app, "enrolments", known_at=LATELY)) == 3
        assert {row["is_primary"] for row in rows(app, "enrolments")} == {False}
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        for one in (app, both):
            whole = rows(one, "enrolments", known_at=LATELY)
            assert all(rows(one, "enrolments", known_at=LATELY, limit=limit) == whole for limit in (1, 2))

    @pytest.mark.usefixtures("owners_log")
    def test_nothing_tells_that_another_provider_has_known_somebody_before(self, app: App) -> None:
        """A person's row is national; what it was, and when it was changed, before one's own link is not one's own."""
        known_here_since(cast.PUPIL, "2026-09-15T09:00:00Z")
        happened("people_person", {"given_name": "Aada"}, f"id = '{cast.PUPIL}'", "2026-09-10")
        (now,) = of_pupil(app, "persons")
        assert (now["given_name"], now["sys_from"]) == ("Aada", "2026-09-15T09:00:00+00:00")
        for moment in ("2026-09-05T00:00:00Z", "2026-09-14T00:00:00Z"):
            assert of_pupil(app, "persons", known_at=moment) == []
            assert ask(app, f"persons/{now['id']}", known_at=moment).status_code == 404
        assert of_pupil(app, "persons", known_at="2026-09-16T00:00:00Z") == [now]
        tag = ask(app, f"persons/{now['id']}")["ETag"]
        seconds = int(datetime(2026, 9, 15, 9, tzinfo=UTC).timestamp())
        assert tag.startswith(f'"{seconds * 1_000_000:x}-')

    @pytest.mark.usefixtures("owners_log")
    def test_an_order_of_that_day_hides_also_when_it_has_ended(self, app: App) -> None:
        """Where somebody was while nobody was to know it, is not told by asking later for then."""
        person = cast.PUPIL
        known_here_since(person, "2026-08-15")
        for protected, municipality, day in ((True, "837", "2026-09-15"), (False, "091", "2026-11-01")):
            happened(
                "people_person",
                {"non_disclosure": protected, "home_municipality": municipality},
                f"id = '{person}'",
                day,
            )
        for table in ("studies_enrolment", "studies_schoolenrolment"):
            happened(table, {"is_primary": False}, f"person_id = '{person}'")
        assert of_pupil(app, "persons")[0]["home_municipality"] == "091"
        paths = ("persons", "enrolments", "school_enrolments", "study_rights", "attainments", "assessments")
        for path in paths:
            assert of_pupil(app, path)
            assert of_pupil(app, path, known_at=LATELY) == []
        assert "837" not in str(rows(app, "persons", known_at=LATELY))
        run(cast.platform, "UPDATE access_taking SET non_disclosure_included = true", [])
        assert all(of_pupil(app, path, known_at=LATELY) for path in paths)
        (opened,) = of_pupil(app, "persons", known_at=LATELY)
        assert opened["home_municipality"] is None
        year = next(row for row in of_pupil(app, "attainments", known_at=LATELY) if row["parent_id"] is None)
        assert year["confirmed_in"] is None

    def test_a_moment_in_any_zone(self, app: App) -> None:
        for text in ("0252-09-03T04:57:51+18:00", "0001-01-02T00:00:00+23:59", "2019-12-31t23:00:00-23:59"):
            assert rows(app, "courses", known_at=text) == []

    @each
    def test_what_is_no_moment(self, app: App, endpoint: Endpoint) -> None:
        where = f"{endpoint.path}/{one_of(app, endpoint)}"
        for text in (
            "",
            "x",
            "2026-10-01",
            "2026-10-01T12:00:00",
            "2026-02-30T12:00:00Z",
            "2999-01-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "1",
        ):
            for path in (endpoint.path, where):
                assert codes(ask(app, path, known_at=text)) == [("query.known_at", "no_moment")]


class TestValidOn:
    @pytest.mark.parametrize("path", ["school_enrolments", "enrolments"])
    def test_places_of_a_day(self, app: App, path: str) -> None:
        table = f"studies_{path.replace('_', '')[:-1]}"
        run(
            cast.administrator,
            f"UPDATE {table} SET valid_from = '2026-01-07', valid_to = '2026-06-05' WHERE person_id = %s",
            [cast.PUPIL],
        )
        assert of_pupil(app, path) == []
        for day, there in (("2026-01-06", 0), ("2026-01-07", 1), ("2026-06-05", 1), ("2026-06-06", 0)):
            assert len(of_pupil(app, path, valid_on=day)) == there, day
        (row,) = of_pupil(app, path, valid_on="2026-03-01")
        seen = ask(app, f"{path}/{row['id']}", valid_on="2026-03-01")
        assert seen.json() == row
        assert ask(app, f"{path}/{row['id']}").status_code == 404
        assert audit(cast.PUPIL, "earliest")[0] == (date(2026, 3, 1),), "The log tells how far back was looked."

    def test_a_state_holds_until_the_next(self, app: App) -> None:
        set_reach(cast.administrator)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO studies_studyrightstate (id, provider_id, person_id, study_right_id, place, valid_from, state)"
                " VALUES (gen_random_uuid(), %s, %s, %s, 1, '2026-06-05', 'valmistunut')",
                [cast.KUUSNIEMI, cast.PUPIL, right_of(cast.PUPIL)],
            )
        for day, states in (
            ("2025-08-06", []),
            ("2025-08-07", ["lasna"]),
            ("2026-06-04", ["lasna"]),
            ("2026-06-05", ["valmistunut"]),
            ("2030-01-01", ["valmistunut"]),
        ):
            assert [row["state"] for row in of_pupil(app, "study_right_states", valid_on=day)] == states, day

    def test_a_state_held_then_though_another_is_told_of_since(self, app: App) -> None:
        run(
            cast.administrator,
            "INSERT INTO studies_studyrightstate (id, provider_id, person_id, study_right_id, place, valid_from, state)"
            " VALUES (gen_random_uuid(), %s, %s, %s, 1, '2026-09-10', 'eronnut')",
            [cast.KUUSNIEMI, cast.PUPIL, right_of(cast.PUPIL)],
        )
        for times, state in (({}, "eronnut"), ({"known_at": LATELY}, "lasna")):
            found = of_pupil(app, "study_right_states", valid_on="2026-09-20", **times)
            assert [row["state"] for row in found] == [state]

    def test_a_session_of_a_day(self, app: App) -> None:
        assert {row["kind"] for row in rows(app, "academic_sessions", valid_on="2027-03-01")} == {"schoolYear"}
        assert rows(app, "academic_sessions", valid_on="2020-01-01") == []

    @each
    def test_only_what_has_a_period_takes_a_day(self, app: App, endpoint: Endpoint) -> None:
        told = codes(ask(app, endpoint.path, valid_on="2026-02-30"))
        assert told == [("query.valid_on", "no_day") if endpoint.during else ("query", "unknown_parameter")]

    @pytest.mark.usefixtures("owners_log")
    def test_both_together(self, app: App) -> None:
        happened(
            "studies_schoolenrolment", {"valid_from": date(2026, 8, 6), "grade": "4"}, f"person_id = '{cast.PUPIL}'"
        )
        assert of_pupil(app, "school_enrolments", valid_on="2026-01-01") == []
        (then,) = of_pupil(app, "school_enrolments", valid_on="2026-01-01", known_at=LATELY)
        assert then["grade"] == "3"
        assert datetime.fromisoformat(then["sys_from"]) < datetime(2026, 10, 1, tzinfo=UTC)
