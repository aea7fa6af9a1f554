"""The change feed: what was added, changed and removed comes once at least, and nothing that the app may not see."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from digione.access.scopes import ASSESSMENTS_READ, ATTAINMENTS_READ, PERSONS_READ
from digione.core import clock
from digione.core.use_case import Actor
from digione.rest.v1.cursor import Cursor
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS
from tests import cast
from tests.api.oneroster import LOOSE_GROUP, App, audit
from tests.api.v1 import ALL, ask, codes, rows, run
from tests.changes import followed, moment, noted, seal_of, stands
from tests.log import as_owner
from tests.past import happened, known_here_since
from tests.study_rights import mark_of, right_of, subject_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage", "owners_log")]
each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
of_people = pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.person], ids=lambda one: one.path)
#: What can be changed of a row of each table.
CHANGES: dict[str, dict[str, Any]] = {
    "organisations_organisation": {"name": json.dumps({"fi": "Uusi nimi"})},
    "organisations_academicsession": {"title": json.dumps({"fi": "Uusi nimi"})},
    "studies_course": {"title": json.dumps({"fi": "Uusi nimi"})},
    "studies_group": {"title": json.dumps({"fi": "Uusi nimi"})},
    "people_person": {"given_name": "Uusi"},
    "studies_schoolenrolment": {"grade": "9"},
    "studies_enrolment": {"is_primary": False},
    "people_staffassignment": {"role": "other"},
    "studies_studyright": {"valid_to": "2030-05-31"},
    "studies_studyrightstate": {"state": "valiaikaisestikeskeytynyt"},
    "studies_studyrightextra": {"valid_to": "2030-05-31"},
    "studies_attainment": {"group_name": "9Z"},
    "studies_assessment": {"mark": "10"},
}


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


PLATFORM = cast.platform.at(cast.KUUSNIEMI)


def _keeper(table: str) -> Actor:
    """Return who keeps a table: the register is the platform's."""
    return PLATFORM if table == "organisations_organisation" else cast.administrator


def told(changes: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(change["id"], change["removed"]) for change in changes]


class TestWhatIsTold:
    @each
    def test_who_asks_for_the_first_time_learns_where_it_stands(self, app: App, endpoint: Endpoint) -> None:
        assert followed(app, endpoint.path, stands(app, endpoint.path)) == []

    @each
    def test_every_row_that_was_changed_comes_as_the_list_has_it(self, app: App, endpoint: Endpoint) -> None:
        table = endpoint.resource.table
        if table == "studies_groupsession":
            pytest.skip("nothing of it can be changed")
        after = stands(app, endpoint.path)
        happened(table, CHANGES[table], "true", moment(1), by=_keeper(table))
        noted(1, table)
        found = followed(app, endpoint.path, after)
        assert found
        listed = {row["id"]: row for row in rows(app, endpoint.path)}
        assert {change["id"]: change["row"] for change in found} == listed
        assert {(change["removed"], change["changed_at"]) for change in found} == {(False, moment(1))}

    @each
    def test_what_was_added_comes_and_what_was_removed_is_said_to_be(self, app: App, endpoint: Endpoint) -> None:
        """A row's whole life, of a table on which nothing else hangs; of the others what is true of them."""
        table = endpoint.resource.table
        # What a test has written itself has no past in it.
        before = [row for row in rows(app, endpoint.path) if row.get("group_id") != str(LOOSE_GROUP)]
        after = stands(app, endpoint.path)
        if table in {"studies_groupsession", "studies_enrolment", "studies_assessment", "studies_studyrightstate"}:
            run(cast.administrator, f"DELETE FROM {table} WHERE provider_id = %s", [cast.KUUSNIEMI])
            as_owner(f"UPDATE {table}_history SET sys_to = '{moment(2)}' WHERE sys_to = now()")
            as_owner(f"UPDATE {table}_history SET sys_from = '{moment(1)}' WHERE sys_from = now()")
            noted(1, table)
            noted(2, table)
            assert sorted(told(followed(app, endpoint.path, after))) == sorted((row["id"], True) for row in before)
            assert rows(app, endpoint.path) == []
        else:
            # Rows that a transaction has added have no past.
            as_owner("SET CONSTRAINTS ALL IMMEDIATE")
            as_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            as_owner(f"UPDATE {table} SET sys_from = '{moment(1)}'")
            as_owner(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            as_owner("SET CONSTRAINTS ALL DEFERRED")
            noted(1, table)
            assert {change["id"]: change["row"] for change in followed(app, endpoint.path, after)} == {
                row["id"]: row for row in rows(app, endpoint.path)
            }

    def test_several_changes_of_a_row_are_told_once_where_it_was_changed_last(self, app: App) -> None:
        after = stands(app, "assessments")
        for n, (mark, day) in enumerate((("7", moment(1)), ("6", moment(2))), 1):
            happened("studies_assessment", {"mark": mark}, f"id = '{mark_of(cast.PUPIL)}'", day)
            noted(n, "studies_assessment")
        (change,) = followed(app, "assessments", after)
        assert (change["row"]["mark"], change["changed_at"]) == ("6", moment(2))
        # Page by page it may come again, as it is now, and never as it was.
        again = followed(app, "assessments", after, limit=1)
        assert {row["row"]["mark"] for row in again} == {"6"}

    def test_pages_of_one_transaction_fit_together_at_two_providers(self) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        for path, table in (
            ("persons", "people_person"),
            ("study_rights", "studies_studyright"),
            ("groups", "studies_group"),
        ):
            after = stands(both, path)
            for by in (cast.administrator, cast.administrator.at(cast.VALKAMO)):
                which = "given_name <> 'Uusi'" if table == "people_person" else f"provider_id = '{by.provider_id}'"
                happened(table, CHANGES[table], which, moment(1), by=by)
                noted(1, table, by.provider_id)
            whole = followed(both, path, after)
            assert {change["id"] for change in whole} == {row["id"] for row in rows(both, path)}, path
            for limit in (1, 2, 3):
                paged = followed(both, path, after, limit=limit)
                assert {change["id"]: change for change in paged} == {change["id"]: change for change in whole}

    def test_fields_that_are_not_wanted_change_nothing(self, app: App) -> None:
        after = stands(app, "assessments")
        happened("studies_assessment", {"mark": "9"}, f"id = '{mark_of(cast.PUPIL)}'", moment(1))
        noted(1, "studies_assessment")
        assert followed(app, "assessments", after, fields="assessed_on") == []
        (change,) = followed(app, "assessments", after, fields="mark")
        assert set(change["row"]) == {"id", "mark"}


class TestWhoComesAndGoes:
    def left(self, day: str, until: str = "2026-10-31") -> None:
        happened("people_providerperson", {"valid_to": until}, f"person_id = '{cast.PUPIL}'", day)

    @of_people
    def test_of_somebody_who_left_everything_is_removed_and_comes_again_with_them(
        self, app: App, endpoint: Endpoint
    ) -> None:
        before = [row for row in rows(app, endpoint.path) if app.sourced(cast.PUPIL) in row.values()]
        if not before:
            pytest.skip("the pupil has nothing of it")
        after = stands(app, endpoint.path)
        self.left(moment(1))
        noted(1, "people_providerperson")
        assert sorted(told(followed(app, endpoint.path, after))) == sorted((row["id"], True) for row in before)
        happened("people_providerperson", {"valid_to": None}, f"person_id = '{cast.PUPIL}'", moment(2))
        noted(2, "people_providerperson")
        assert sorted(told(followed(app, endpoint.path, after))) == sorted((row["id"], False) for row in before)

    def test_whom_another_provider_knows_already_is_told_when_linked(self, app: App) -> None:
        """Nobody writes the person's own row then: the link alone says that the provider has somebody new."""
        after = stands(app, "persons")
        known_here_since(cast.PUPIL, moment(1))
        noted(1, "people_providerperson")
        (change,) = followed(app, "persons", after)
        assert told([change]) == [(app.sourced(cast.PUPIL), False)]
        assert datetime.fromisoformat(change["row"]["sys_from"]) == datetime.fromisoformat(moment(1))

    @of_people
    def test_a_last_day_that_passes_removes_without_anybody_writing(self, app: App, endpoint: Endpoint) -> None:
        before = [row for row in rows(app, endpoint.path) if app.sourced(cast.PUPIL) in row.values()]
        today = clock.today()
        happened("people_providerperson", {"valid_to": str(today)}, f"person_id = '{cast.PUPIL}'", moment(1))
        after = stands(app, endpoint.path)
        assert followed(app, endpoint.path, after) == [], "the last day has not passed"
        with clock.fixed(clock.now() + timedelta(days=1)):
            app.token = app.new_token(ALL)
            for limit in (1, 100):
                found = followed(app, endpoint.path, after, limit=limit)
                assert sorted(told(found)) == sorted((row["id"], True) for row in before)
            gone = ask(app, f"{endpoint.path}/changes", after=after).json()["after"]
            assert followed(app, endpoint.path, gone) == [], "told once"

    @of_people
    def test_an_order_of_non_disclosure_removes_and_then_nothing_is_told(self, endpoint: Endpoint) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=ALL)
        before = [row for row in rows(app, endpoint.path) if app.sourced(cast.PUPIL) in row.values()]
        after = stands(app, endpoint.path)
        happened("people_person", {"non_disclosure": True}, f"id = '{cast.PUPIL}'", moment(1))
        noted(1, "people_person")
        first = ask(app, f"{endpoint.path}/changes", after=after).json()
        assert sorted(told(first["items"])) == sorted((row["id"], True) for row in before)
        table = endpoint.resource.table
        which = f"{'id' if table == 'people_person' else 'person_id'} = '{cast.PUPIL}'"
        if before:
            happened(table, CHANGES[table], which, moment(2))
        noted(2, table)
        assert followed(app, endpoint.path, stands(app, endpoint.path, xid=_of(app, after) + 1)) == []
        happened("people_person", {"non_disclosure": False}, f"id = '{cast.PUPIL}'", moment(3))
        noted(3, "people_person")
        found = followed(app, endpoint.path, after)
        assert sorted(told(found)) == sorted((row["id"], False) for row in before)

    def test_whom_the_agreement_leaves_out_is_not_told_of_at_all(self, app: App) -> None:
        for endpoint in ENDPOINTS:
            table = endpoint.resource.table
            if not endpoint.person:
                continue
            after = stands(app, endpoint.path)
            which = f"{'id' if table == 'people_person' else 'person_id'} = '{cast.PROTECTED_PUPIL}'"
            # Learners are no staff.
            if table != "people_staffassignment":
                happened(table, CHANGES[table], which, moment(1))
            noted(1, table)
            assert followed(app, endpoint.path, after) == [], endpoint.path

    def test_a_person_of_two_providers_is_removed_when_both_have_said_so(self) -> None:
        """Whom one of an app's providers has still, the app has still."""
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        after = stands(both, "persons")
        for n, (by, removed) in enumerate(
            ((cast.administrator, False), (cast.administrator.at(cast.VALKAMO), True)), 1
        ):
            which = f"person_id = '{cast.GUARDIAN}' AND provider_id = '{by.provider_id}'"
            happened("people_providerperson", {"valid_to": "2026-10-31"}, which, moment(n), by=by)
            noted(n, "people_providerperson", by.provider_id)
            assert told(followed(both, "persons", after)) == [(both.sourced(cast.GUARDIAN), removed)]


def _of(app: App, text: str) -> int:
    found = Cursor.of(text, seal_of(app))
    assert found
    return found.xid


class TestWhatStaysHidden:
    def test_a_hidden_field_that_changes_is_no_change(self) -> None:
        narrow = App(cast.KUUSNIEMI_OID, scopes=(ATTAINMENTS_READ, ASSESSMENTS_READ, PERSONS_READ))
        wide = App(cast.KUUSNIEMI_OID, scopes=ALL)
        for path, table, change, which in (
            ("attainments", "studies_attainment", {"is_individualised": False}, f"id = '{subject_of(cast.PUPIL)}'"),
            (
                "assessments",
                "studies_assessment",
                {"description": json.dumps({"fi": "x"})},
                f"id = '{mark_of(cast.PUPIL)}'",
            ),
            ("persons", "people_person", {"home_municipality": "091"}, f"id = '{cast.PUPIL}'"),
        ):
            hidden, seen = stands(narrow, path), stands(wide, path)
            happened(table, change, which, moment(1))
            noted(1, table)
            assert followed(narrow, path, hidden) == [], path
            (found,) = followed(wide, path, seen)
            assert set(change) <= set(found["row"])

    def test_what_is_withheld_from_all_changes_nothing(self, app: App) -> None:
        after = stands(app, "study_rights")
        happened("studies_studyright", {"source_id": "toinen"}, f"id = '{right_of(cast.PUPIL)}'", moment(1))
        noted(1, "studies_studyright")
        assert followed(app, "study_rights", after) == []

    def test_another_provider_is_not_told_of(self, app: App) -> None:
        after = stands(app, "groups")
        run(cast.administrator.at(cast.VALKAMO), "UPDATE studies_group SET title = %s", [json.dumps({"fi": "Muu"})])
        noted(1, "studies_group", cast.VALKAMO)
        as_owner("SET CONSTRAINTS ALL IMMEDIATE")
        assert followed(app, "groups", after) == []

    def test_organisations_that_are_no_schools_are_not_told_of(self, app: App) -> None:
        after = stands(app, "schools")
        happened(
            "organisations_organisation", {"kinds": ["site"]}, f"id = '{cast.RANTAPUISTO}'", moment(1), by=PLATFORM
        )
        noted(1, "organisations_organisation")
        assert told(followed(app, "schools", after)) == [(str(cast.RANTAPUISTO), True)]
        happened(
            "organisations_organisation",
            {"name": json.dumps({"fi": "X"})},
            f"id = '{cast.RANTAPUISTO}'",
            moment(2),
            by=PLATFORM,
        )
        noted(2, "organisations_organisation")
        later = stands(app, "schools", xid=_of(app, after) + 1)
        assert followed(app, "schools", later) == []


class TestWhereItStands:
    def test_without_the_scope_it_is_denied_and_recorded(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(PERSONS_READ,))
        answer = ask(app, "assessments/changes")
        assert (answer.status_code, answer.json()["rule"]) == (403, ASSESSMENTS_READ)
        answer = ask(app, "persons/changes", fields="birth_date")
        assert answer.status_code == 403
        assert ask(app, "persons/changes", token="none").status_code == 401

    def test_a_right_that_is_taken_back_ends_the_feed_at_once(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=ALL)
        after = stands(app, "assessments")
        without = tuple(scope for scope in ALL if scope != "digione:assessments.words.read")
        assert ask(app, "assessments/changes", after=after, token=app.new_token(without)).status_code == 410
        none = tuple(scope for scope in ALL if scope != ASSESSMENTS_READ)
        assert ask(app, "assessments/changes", after=after, token=app.new_token(none)).status_code == 403

    def test_what_cannot_be_told_is_lost_and_says_what_to_do(self, app: App) -> None:
        lost = [
            stands(app, "groups", cluster=1),
            stands(app, "groups", xid=2**62),
            stands(app, "groups", at=int((clock.now() - timedelta(days=91)).timestamp())),
            stands(app, "groups", day=date(2999, 1, 1)),
            stands(App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Toinen Oy"), "groups"),
            stands(App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL), "groups"),
            stands(app, "courses"),
        ]
        for after in lost:
            answer = ask(app, "groups/changes", after=after)
            assert (answer.status_code, answer.json()["type"]) == (410, "urn:digione:problem:lost")
            assert "without" in answer.json()["detail"]

    @pytest.mark.parametrize("text", ["x", "%00", "WzFd", "e30", "bnVsbA", "ä", "a" * 999, "W1tbW1tb", "WzEsMSwxXQ=="])
    def test_what_is_no_place_is_a_fault(self, app: App, text: str) -> None:
        answer = ask(app, "groups/changes", after=text)
        assert (answer.status_code, codes(answer)) == (422, [("query.after", "no_place")])

    def test_every_fault_comes_at_once(self, app: App) -> None:
        answer = ask(app, "groups/changes", after="", limit="0", fields="nope", known_at="now")
        assert answer.status_code == 422
        assert {pointer for pointer, _ in codes(answer)} == {"query.after", "query.limit", "query.fields", "query"}

    def test_a_wrong_place_is_told_beside_an_unknown_parameter(self, app: App) -> None:
        answer = ask(app, "groups/changes", after="abc", x="1")
        assert codes(answer) == [("query", "unknown_parameter"), ("query.after", "no_place")]

    def test_the_log_names_whom_a_change_showed_and_whose_row_is_gone(self, app: App) -> None:
        after = stands(app, "assessments")
        happened("studies_assessment", {"mark": "9"}, f"id = '{mark_of(cast.UNTAUGHT_PUPIL)}'", moment(1))
        run(cast.administrator, "DELETE FROM studies_assessment WHERE id = %s", [mark_of(cast.PUPIL)])
        as_owner(f"UPDATE studies_assessment_history SET sys_to = '{moment(1)}' WHERE sys_to = now()")
        noted(1, "studies_assessment")
        assert sorted(removed for _, removed in told(followed(app, "assessments", after))) == [False, True]
        for person in (cast.PUPIL, cast.UNTAUGHT_PUPIL):
            assert audit(person), person
        assert not audit(cast.PROTECTED_PUPIL)

    def test_a_cursor_comes_back_as_it_was(self, app: App) -> None:
        seal = seal_of(app)
        for one in (
            Cursor(1, 2, date(2026, 1, 1), "a", 3),
            Cursor(1, 2, date(2026, 1, 1), "a", 3, 0, cast.PUPIL, date(2026, 1, 2), 1, cast.RANTAPUISTO),
        ):
            text = one.text(seal)
            assert Cursor.of(text, seal) == one
            assert str(cast.PUPIL) not in json.dumps(text)
            assert replace(one, xid=5).text(seal) != text
