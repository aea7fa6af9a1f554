"""The resources beside schools and persons: what an app gets of each, by which ids, and of whom it gets none."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
from django.db import connection
from django.http import HttpResponse

from digione.access.scopes import PERSONS_READ
from digione.audit.recorder import AuditRecorder
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.operations import ROSTER
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.study_endpoints import STUDY_ENDPOINTS
from digione.schema.declare import Kind
from tests import cast
from tests.api.oneroster import LOOSE_GROUP, PERIOD, TERM, App, audit, state
from tests.api.v1 import ALL, ask, codes, crowd, hold_to_description, rows, run
from tests.past import happened

pytestmark = pytest.mark.django_db
WHERE = {
    "school_enrolments": "studies_schoolenrolment",
    "enrolments": "studies_enrolment",
    "staff_assignments": "people_staffassignment",
    "study_rights": "studies_studyright",
    "study_right_states": "studies_studyrightstate",
    "study_right_extras": "studies_studyrightextra",
    "attainments": "studies_attainment",
    "assessments": "studies_assessment",
}
SEALED = tuple(endpoint for endpoint in ENDPOINTS if endpoint.path in WHERE)
FILTERED = [(endpoint, name) for endpoint in ENDPOINTS for name in endpoint.filters]
filtered = pytest.mark.parametrize(("endpoint", "name"), FILTERED, ids=lambda one: getattr(one, "path", one))
of_people = pytest.mark.parametrize("endpoint", SEALED, ids=lambda one: one.path)
of_studies = pytest.mark.parametrize("endpoint", STUDY_ENDPOINTS, ids=lambda one: one.path)
of_places = pytest.mark.parametrize(
    "endpoint", [one for one in SEALED if one not in STUDY_ENDPOINTS], ids=lambda one: one.path
)


@pytest.fixture
def app(stage: None) -> App:
    """An app of Kuusniemi with every scope of the API."""
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


def _own_ids(endpoint: Endpoint) -> dict[str, UUID]:
    """Return our own ids of Kuusniemi's rows, each with its person."""
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id::text, person_id FROM {WHERE[endpoint.path]} WHERE provider_id = %s", [cast.KUUSNIEMI]
        )
        return dict(cursor.fetchall())


class TestRows:
    """What is in the register comes, in the words of the open data model."""

    def test_sessions(self, app: App) -> None:
        found = {row["id"]: row for row in rows(app, "academic_sessions")}
        assert set(found) == {str(one) for one in (cast.YEAR_KUUSNIEMI, TERM, PERIOD)}
        period = found[str(PERIOD)]
        assert (period["parent_id"], period["kind"], period["school_year"]) == (str(TERM), "gradingPeriod", 2027)
        assert (period["starts_on"], period["ends_on"], period["school_id"]) == ("2026-08-06", "2026-12-19", None)
        assert found[str(TERM)]["title"] == {"fi": "Syys<b>lukukausi</b>"}

    def test_courses_and_groups(self, app: App) -> None:
        (course,) = rows(app, "courses")
        assert (course["code"], course["title"], course["status"]) == ("YL", {"fi": "Luokanopetus"}, "active")
        assert (course["school_id"], course["session_id"]) == (str(cast.RANTAPUISTO), str(cast.YEAR_KUUSNIEMI))
        found = {row["id"]: row for row in rows(app, "groups")}
        assert set(found) == {str(one) for one in (cast.GROUP_3B, cast.GROUP_4A, LOOSE_GROUP)}
        group = found[str(cast.GROUP_3B)]
        assert (group["course_id"], group["grades"], group["kind"]) == (course["id"], ["3"], "home_group")
        assert found[str(LOOSE_GROUP)]["course_id"] is None
        assert {(row["group_id"], row["session_id"]) for row in rows(app, "group_sessions")} == {
            (str(cast.GROUP_3B), str(cast.YEAR_KUUSNIEMI)),
            (str(cast.GROUP_4A), str(cast.YEAR_KUUSNIEMI)),
            (str(LOOSE_GROUP), str(TERM)),
        }

    def test_enrolments(self, app: App) -> None:
        teacher, pupil, untaught = map(app.sourced, (cast.TEACHER, cast.PUPIL, cast.UNTAUGHT_PUPIL))
        assert {
            (row["person_id"], row["group_id"], row["school_id"], row["role"], row["is_primary"])
            for row in rows(app, "enrolments")
        } == {
            (teacher, str(cast.GROUP_3B), str(cast.RANTAPUISTO), "teacher", True),
            (pupil, str(cast.GROUP_3B), str(cast.RANTAPUISTO), "student", True),
            (untaught, str(cast.GROUP_4A), str(cast.RANTAPUISTO), "student", True),
        }
        assert {(row["person_id"], row["school_id"], row["grade"]) for row in rows(app, "school_enrolments")} == {
            (pupil, str(cast.RANTAPUISTO), "3"),
            (untaught, str(cast.RANTAPUISTO), "4"),
        }

    def test_staff(self, app: App) -> None:
        assert {(row["person_id"], row["organisation_id"], row["role"]) for row in rows(app, "staff_assignments")} == {
            (app.sourced(cast.TEACHER), str(cast.RANTAPUISTO), "teacher"),
            (app.sourced(cast.PRINCIPAL), str(cast.RANTAPUISTO), "principal"),
            (app.sourced(cast.SECRETARY), str(cast.RANTAPUISTO), "school_secretary"),
            (app.sourced(cast.ADMINISTRATOR), str(cast.KUUSNIEMI), "administrator"),
        }

    @of_places
    def test_what_has_ended_is_not_listed_and_what_is_planned_is(self, app: App, endpoint: Endpoint) -> None:
        person = cast.TEACHER if endpoint.path == "staff_assignments" else cast.PUPIL
        row = next(row for row in rows(app, endpoint.path) if row["person_id"] == app.sourced(person))
        today = clock.today()
        for first, last, listed in (
            (today - timedelta(days=9), today - timedelta(days=1), False),
            (today - timedelta(days=9), today, True),
            (today + timedelta(days=30), None, True),
        ):
            run(
                cast.administrator,
                f"UPDATE {WHERE[endpoint.path]} SET valid_from = %s, valid_to = %s WHERE provider_id = %s AND person_id = %s",
                [first, last, cast.KUUSNIEMI, person],
            )
            assert (row["id"] in {one["id"] for one in rows(app, endpoint.path)}) is listed
            assert ask(app, f"{endpoint.path}/{row['id']}").status_code == (200 if listed else 404)

    @of_people
    def test_of_somebody_who_has_gone_nothing_is_listed(self, app: App, endpoint: Endpoint) -> None:
        person = cast.TEACHER if endpoint.path == "staff_assignments" else cast.PUPIL
        row = next(row for row in rows(app, endpoint.path) if row["person_id"] == app.sourced(person))
        run(
            cast.administrator,
            "UPDATE people_providerperson SET valid_to = %s WHERE provider_id = %s AND person_id = %s",
            [date(2026, 1, 31), cast.KUUSNIEMI, person],
        )
        assert app.sourced(person) not in {one["person_id"] for one in rows(app, endpoint.path)}
        assert ask(app, f"{endpoint.path}/{row['id']}").status_code == 404


class TestFilters:
    """A list can be narrowed by what its rows point to; what the app may not know of is as if it were not there."""

    @filtered
    def test_a_list_is_narrowed(self, app: App, endpoint: Endpoint, name: str) -> None:
        crowd(3)
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        for one in (app, both):
            whole = rows(one, endpoint.path)
            values = {row[name] for row in whole} - {None}
            assert values
            for value in values:
                expected = [row for row in whole if row[name] == value]
                for limit in (1, 100):
                    assert rows(one, endpoint.path, **{name: value, "limit": limit}) == expected
                shown = rows(one, endpoint.path, **{name: value, "fields": "id"})
                assert shown == [{"id": row["id"]} for row in expected]

    @filtered
    def test_another_provider_s_ids_find_nothing(self, app: App, endpoint: Endpoint, name: str) -> None:
        valkamo = App(cast.VALKAMO_OID, scopes=ALL)
        run(
            Actor("administrator", provider_id=cast.VALKAMO),
            "INSERT INTO organisations_academicsession"
            " (id, provider_id, school_id, kind, starts_on, ends_on, parent_id, school_year)"
            " VALUES (%s, %s, %s, 'term', '2026-08-06', '2026-12-19', %s, 2027)",
            [uuid4(), cast.VALKAMO, cast.YHTENAISKOULU, cast.YEAR_VALKAMO],
        )
        theirs = {row[name] for row in rows(valkamo, endpoint.path)} - {None}
        assert theirs
        seen, before = audit(cast.VALKAMO_PUPIL), state()
        nobody = ask(app, endpoint.path, **{name: uuid4()})
        assert nobody.json() == {"items": [], "after": None, "next": None}
        for value in theirs:
            assert ask(app, endpoint.path, **{name: value}).content == nobody.content
        assert (audit(cast.VALKAMO_PUPIL), state()) == (seen, before)

    def test_a_person_is_found_by_the_supplier_s_id_alone(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        for endpoint in SEALED:
            for ident in (cast.PUPIL, cast.TEACHER, other.sourced(cast.PUPIL), app.sourced(cast.PROTECTED_PUPIL)):
                assert rows(app, endpoint.path, person_id=ident) == []
        assert len(rows(app, "enrolments", person_id=app.sourced(cast.PUPIL))) == 1
        assert rows(app, "enrolments", person_id=app.sourced(cast.PUPIL), group_id=cast.GROUP_4A) == []

    @filtered
    def test_what_is_no_id_is_a_fault(self, app: App, endpoint: Endpoint, name: str) -> None:
        for value in ("", "x", "'; DROP TABLE people_person; --", "<b>", str(cast.PUPIL).replace("-", "")):
            answer = ask(app, endpoint.path, **{name: value})
            assert answer.status_code == 422
            assert codes(answer) == [(f"query.{name}", "no_id")]
            assert b"<b>" not in answer.content
        assert codes(ask(app, f"{endpoint.path}/{uuid4()}", **{name: uuid4()})) == [("query", "unknown_parameter")]

    def test_the_log_tells_by_what_a_list_was_narrowed(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[dict[str, Any]] = []
        record = AuditRecorder.record

        def listening(self: AuditRecorder, uc: Any, **outcome: Any) -> None:
            told.append(dict(uc.scope))
            record(self, uc, **outcome)

        monkeypatch.setattr(AuditRecorder, "record", listening)
        pupil = app.sourced(cast.PUPIL)
        for one, count in ((app, 1), (App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL), 3)):
            told.clear()
            ask(one, "enrolments", group_id=cast.GROUP_3B, person_id=pupil, fields="role")
            assert [scope["where"] for scope in told] == [{"group_id": str(cast.GROUP_3B), "person_id": None}] * count
            assert pupil not in json.dumps(told)
        (level,) = {level for (level,) in audit(cast.PUPIL, "sensitivity")}
        ask(app, "enrolments", person_id=pupil, fields="role")
        assert level > audit(cast.PUPIL, "sensitivity")[0][0], (
            "A group is confidential, also where it is only asked by."
        )


class TestIds:
    """No id that belongs to a person is ours, or another supplier's."""

    def test_whatever_names_a_person_names_it_by_the_supplier_s_id(self) -> None:
        for endpoint in ENDPOINTS:
            named = [
                each.name
                for each in endpoint.served
                if each.kind is Kind.ID and each.term.en in ("person", "learner", "guardian")
            ]
            assert {endpoint.columns.get(name) for name in named} <= {"k.sourced_id"}, endpoint.path
            assert endpoint.sealed or not named, f"By ids of {endpoint.path} two suppliers would join their persons."
            assert endpoint.person or not named, f"The log would not tell whom {endpoint.path} showed."
        assert all(endpoint.sealed for endpoint in SEALED)

    def test_nobody_s_own_id_is_in_any_answer(self, app: App) -> None:
        hidden = {str(person) for person in cast.PEOPLE}.union(*map(_own_ids, SEALED))
        for endpoint in ENDPOINTS:
            text = json.dumps(rows(app, endpoint.path))
            assert not [ident for ident in hidden if ident in text], endpoint.path

    @of_people
    def test_ids_are_one_supplier_s_and_lead_back(self, app: App, endpoint: Endpoint) -> None:
        other, same = (App(cast.KUUSNIEMI_OID, scopes=ALL, supplier=name) for name in ("Kajo Oy", "Tuikku Oy"))
        mine = rows(app, endpoint.path)
        assert rows(same, endpoint.path) == mine, "A supplier's apps know a row by one id."
        theirs = rows(other, endpoint.path)
        assert len(theirs) == len(mine) > 0
        assert not {row[name] for row in mine for name in ("id", "person_id")} & {
            row[name] for row in theirs for name in ("id", "person_id")
        }
        for row in mine:
            assert ask(app, f"{endpoint.path}/{row['id']}").json() == row
            assert ask(app, f"{endpoint.path}/{row['id']}", fields="person_id").json() == {
                "id": row["id"],
                "person_id": row["person_id"],
            }
        for ident in [*(row["id"] for row in theirs), *_own_ids(endpoint), str(uuid4()), str(UUID(int=0))]:
            assert ask(app, f"{endpoint.path}/{ident}").status_code == 404

    def test_persons_and_enrolments_are_those_of_oneroster(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(*ALL, ROSTER))
        assert {row["id"] for row in rows(app, "enrolments")} == set(app.ids("enrollments"))
        named = {row["person_id"] for endpoint in SEALED for row in rows(app, endpoint.path)}
        assert named <= set(app.ids("users")) & {row["id"] for row in rows(app, "persons")}

    @of_people
    def test_pages_fit_together(self, app: App, endpoint: Endpoint) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        mine, all_of_both = rows(app, endpoint.path), rows(both, endpoint.path)
        assert {row["id"] for row in mine} < {row["id"] for row in all_of_both}
        for one, whole in ((app, mine), (both, all_of_both)):
            for limit in (1, 2, len(whole)):
                assert rows(one, endpoint.path, limit=limit) == whole
            assert [ask(one, f"{endpoint.path}/{row['id']}").json() for row in whole] == whole


class TestProtection:
    """Where people with non-disclosure are, is told by an agreement alone: the one that opens the person."""

    @of_people
    @pytest.mark.usefixtures("owners_log")
    def test_protected_people_are_in_no_list_but_by_agreement(self, app: App, endpoint: Endpoint) -> None:
        person = cast.PROTECTED_PUPIL if endpoint.path != "staff_assignments" else cast.TEACHER
        hidden = app.sourced(person)
        run(cast.administrator, "UPDATE people_person SET non_disclosure = false WHERE id = %s", [person])
        theirs = {row["id"] for row in rows(app, endpoint.path) if row["person_id"] == hidden}
        assert theirs
        # A read within an hour of the change may be told all the same: history knows when a change began, not when it was seen.
        happened("people_person", {"non_disclosure": True}, f"id = '{person}'")
        for more in (0, NAMED_SUBJECTS + 1):
            if more:
                crowd(more)
            seen = len(audit(person))
            listed = rows(app, endpoint.path)
            assert hidden not in json.dumps(listed)
            assert rows(app, endpoint.path, person_id=hidden) == []
            assert all(ask(app, f"{endpoint.path}/{ident}").status_code == 404 for ident in theirs)
            assert len(audit(person)) == seen, "The log tells nobody of a list that left them out."
        run(cast.platform, "UPDATE access_taking SET non_disclosure_included = true", [])
        opened = rows(app, endpoint.path)
        assert len(opened) > NAMED_SUBJECTS
        assert {row["id"] for row in opened if row["person_id"] == hidden} == theirs
        assert all(ask(app, f"{endpoint.path}/{ident}").status_code == 200 for ident in theirs)
        assert len(audit(person)) == seen + 1 + len(theirs), "By agreement they are shown, and told so."

    @of_people
    def test_readings_are_told_to_the_person(self, app: App, endpoint: Endpoint) -> None:
        person = cast.TEACHER if endpoint.path == "staff_assignments" else cast.PUPIL
        row = next(row for row in rows(app, endpoint.path) if row["person_id"] == app.sourced(person))
        before = len(audit(person))
        ask(app, f"{endpoint.path}/{row['id']}")
        ask(app, endpoint.path)
        crowd(NAMED_SUBJECTS + 1)
        ask(app, endpoint.path)
        assert len(audit(person)) == before + 3
        assert not audit(cast.VALKAMO_PUPIL)

    def test_the_place_is_more_sensitive_than_the_membership(self, app: App) -> None:
        for fields in ("role", "role,group_id"):
            ask(app, "enrolments", fields=fields)
        confidential, ordinary = (level for (level,) in audit(cast.PUPIL, "sensitivity"))
        assert confidential > ordinary

    def test_the_scope_of_persons_opens_no_enrolment_and_the_reverse(self) -> None:
        before = state()
        for endpoint in SEALED:
            narrow = App(cast.KUUSNIEMI_OID, scopes=(endpoint.scope,))
            assert ask(narrow, endpoint.path).status_code == 200
            for other in ENDPOINTS:
                if other is not endpoint:
                    answer = ask(narrow, other.path)
                    assert (answer.status_code, answer.json()["rule"]) == (403, other.scope)
        of_persons = App(cast.KUUSNIEMI_OID, scopes=(PERSONS_READ,))
        assert {ask(of_persons, endpoint.path).status_code for endpoint in SEALED} == {403}
        assert state() == before


def test_an_answer_that_is_not_as_described_is_found(app: App) -> None:
    good = ask(app, "groups", limit=1)
    for change in ({"after": "x"}, {"total": 3}, {"items": [{"title": {}}]}):
        body: Any = {**good.json(), **change}
        with pytest.raises(jsonschema.ValidationError):
            hold_to_description("groups", HttpResponse(json.dumps(body), content_type="application/json"))
