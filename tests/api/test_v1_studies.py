"""Study rights, attainments and marks for apps: how they hang together, what each scope opens, and what none does."""

import json
from datetime import date
from typing import Any

import pytest

from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    STUDY_RIGHT_EXTRAS_READ,
)
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import ASSESSMENTS, ATTAINMENTS, STUDY_ENDPOINTS
from tests import cast
from tests.api.oneroster import App, audit, state
from tests.api.v1 import ALL, ask, codes, rows, run
from tests.study_rights import LEARNERS, mark_of, right_of, subject_of, year_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
OURS = {str(made(person)) for person in LEARNERS for made in (right_of, year_of, subject_of, mark_of)}
#: What only a scope of its own opens: the field, the endpoint, the scope without it and the scope for it.
NARROW = [
    ("is_individualised", ATTAINMENTS, ATTAINMENTS_READ, ATTAINMENTS_SUPPORT_READ),
    ("is_limited", ATTAINMENTS, ATTAINMENTS_READ, ATTAINMENTS_SUPPORT_READ),
    ("description", ASSESSMENTS, ASSESSMENTS_READ, ASSESSMENTS_WORDS_READ),
]


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


def of_pupil(app: App, path: str, **query: Any) -> list[dict[str, Any]]:
    return rows(app, path, person_id=app.sourced(cast.PUPIL), **query)


class TestTree:
    """Rows name each other by the supplier's own ids."""

    def test_from_the_learner_to_the_mark(self, app: App) -> None:
        (right,) = of_pupil(app, "study_rights")
        assert (right["level"], right["school_id"], right["valid_from"]) == (
            "perusopetus",
            str(cast.RANTAPUISTO),
            "2025-08-07",
        )
        (state,) = rows(app, "study_right_states", study_right_id=right["id"])
        assert (state["state"], state["funding"], state["person_id"]) == ("lasna", "1", app.sourced(cast.PUPIL))
        year, subject = sorted(
            rows(app, "attainments", study_right_id=right["id"]), key=lambda row: row["parent_id"] or ""
        )
        assert (year["parent_id"], subject["parent_id"]) == (None, year["id"])
        assert rows(app, "attainments", parent_id=year["id"]) == [subject]
        (mark,) = rows(app, "assessments", attainment_id=subject["id"])
        assert (mark["mark"], mark["assessed_on"], mark["description"]) == (
            "8",
            "2026-05-29",
            {"fi": "Laskee huolella"},
        )
        assert ask(app, f"study_rights/{mark['id']}").status_code == 404
        (support,) = rows(app, "study_right_extras", study_right_id=right["id"])
        assert support["kind"] == "support_decision"

    def test_by_the_person_come_the_same(self, app: App) -> None:
        assert [len(of_pupil(app, one.path)) for one in STUDY_ENDPOINTS] == [1, 1, 1, 2, 1]
        for endpoint in STUDY_ENDPOINTS:
            assert of_pupil(app, endpoint.path) == [
                row for row in rows(app, endpoint.path) if row["person_id"] == app.sourced(cast.PUPIL)
            ]

    def test_no_id_of_ours_is_in_any_answer_or_finds_anything(self, app: App) -> None:
        for endpoint in STUDY_ENDPOINTS:
            text = json.dumps(rows(app, endpoint.path))
            assert not [ident for ident in OURS if ident in text]
            for name in endpoint.references:
                for ident in OURS:
                    assert rows(app, endpoint.path, **{name: ident}) == []

    def test_another_supplier_s_references_find_nothing(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        for endpoint in STUDY_ENDPOINTS:
            for name in endpoint.references:
                theirs = {row[name] for row in rows(other, endpoint.path)} - {None}
                assert theirs
                assert not theirs & {row[name] for row in rows(app, endpoint.path)}
                for ident in theirs:
                    assert rows(app, endpoint.path, **{name: ident}) == []

    def test_what_has_ended_stays(self, app: App) -> None:
        run(
            cast.administrator,
            "UPDATE studies_studyright SET valid_to = '2026-06-05' WHERE id = %s",
            [right_of(cast.PUPIL)],
        )
        (right,) = of_pupil(app, "study_rights")
        assert right["valid_to"] == "2026-06-05"
        assert audit(cast.PUPIL, "earliest")[0] == (cast.START,), "The log tells how far back was looked."


class TestScopes:
    """A scope opens what it names; what is secret by law has one of its own."""

    @pytest.mark.parametrize(("name", "endpoint", "scope", "narrow"), NARROW, ids=lambda one: str(one)[:40])
    def test_a_secret_field_needs_its_scope(self, name: str, endpoint: Endpoint, scope: str, narrow: str) -> None:
        without, opened = (
            App(cast.KUUSNIEMI_OID, scopes=scopes, supplier="Kajo Oy") for scopes in ((scope,), (scope, narrow))
        )
        assert not [row for row in rows(without, endpoint.path) if name in row]
        assert all(name in row for row in rows(opened, endpoint.path))
        before, seen = state(), len(audit(cast.PUPIL))
        refused = ask(without, endpoint.path, fields=name)
        assert (refused.status_code, refused.json()["rule"]) == (403, narrow)
        assert "huolella" not in refused.content.decode()
        assert codes(ask(without, endpoint.path, **{name: "true"})) == [("query", "unknown_parameter")]
        assert (state(), len(audit(cast.PUPIL))) == (before, seen)
        only = App(cast.KUUSNIEMI_OID, scopes=(narrow,), supplier="Kajo Oy")
        assert ask(only, endpoint.path).json()["rule"] == scope

    def test_decisions_on_support_have_a_scope_of_their_own(self) -> None:
        others = tuple(scope for scope in ALL if scope != STUDY_RIGHT_EXTRAS_READ)
        app = App(cast.KUUSNIEMI_OID, scopes=others)
        assert ask(app, "study_right_extras").json()["rule"] == STUDY_RIGHT_EXTRAS_READ
        assert "matematiikassa" not in json.dumps([rows(app, one.path) for one in STUDY_ENDPOINTS[:2]])

    def test_what_no_app_gets(self, app: App) -> None:
        told = json.dumps([rows(app, one.path) for one in STUDY_ENDPOINTS])
        for name in ("national_oid", "source_id", "carried", "told_of_person", '"node"', "salainen", "1.2.246.562.15."):
            assert name not in told
        for name in ("national_oid", "source_id", "carried"):
            assert codes(ask(app, "study_rights", fields=name)) == [("query.fields", "unknown_field")]

    def test_the_log_tells_marks_from_studies_and_secrets_from_both(self) -> None:
        for scopes, path in (
            ((ATTAINMENTS_READ,), "attainments"),
            ((ASSESSMENTS_READ,), "assessments"),
            ((STUDY_RIGHT_EXTRAS_READ,), "study_right_extras"),
        ):
            app = App(cast.KUUSNIEMI_OID, scopes=scopes)
            assert ask(app, path, person_id=app.sourced(cast.PUPIL)).json()["items"]
        support, marks, studies = audit(cast.PUPIL, "event, seen, sensitivity")[:3]
        assert (support[0], marks[0], studies[0]) == ("study_secrets.read", "study_rights.read", "study_rights.read")
        assert (support[1], marks[1], studies[1]) == ("support", "results", "studies")
        assert support[2] > marks[2]


def test_a_protected_learner_s_municipality_is_not_told_even_by_agreement(app: App) -> None:
    hidden = app.sourced(cast.PROTECTED_PUPIL)
    assert not [row for one in STUDY_ENDPOINTS for row in rows(app, one.path) if row["person_id"] == hidden]
    run(cast.platform, "UPDATE access_taking SET non_disclosure_included = true", [])
    year = next(row for row in rows(app, "attainments", person_id=hidden) if row["parent_id"] is None)
    assert (year["confirmed_in"], year["confirmed_on"]) == (None, "2026-05-30")
    (other,) = (row for row in of_pupil(app, "attainments") if row["parent_id"] is None)
    assert other["confirmed_in"] == "091"


def test_of_a_learner_who_has_moved_the_former_provider_tells_nothing(app: App) -> None:
    known = {one.path: of_pupil(app, one.path)[0]["id"] for one in STUDY_ENDPOINTS}
    run(
        cast.administrator,
        "UPDATE people_providerperson SET valid_to = %s WHERE provider_id = %s AND person_id = %s",
        [date(2026, 1, 31), cast.KUUSNIEMI, cast.PUPIL],
    )
    for path, ident in known.items():
        assert of_pupil(app, path) == []
        assert ask(app, f"{path}/{ident}").status_code == 404
