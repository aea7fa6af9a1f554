"""Apps add attainments: at their place, kept from then on, whole in the national register's document, or not at all."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digione.access.scopes import (
    ASSESSMENTS_WRITE,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ATTAINMENTS_WRITE,
    STUDY_RIGHTS_READ,
)
from digione.core.clock import today
from digione.core.use_case import set_reach
from digione.integrations.koski.check import verdict_of
from tests import cast
from tests.api.oneroster import App, audit
from tests.api.test_v1_lines_in import write
from tests.api.test_v1_writing import count, everything
from tests.api.v1 import ALL, WRITES, ask, codes, rows, run, send
from tests.changes import followed, moment, noted, seal_of, stands
from tests.log import as_owner
from tests.study_rights import right_of, year_of
from tests.unit.koski import HETU, document
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_koski_import import exported, load

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
SUBJECT = {
    "kind": "perusopetuksenoppiaine",
    "module_scheme": "koskioppiaineetyleissivistava",
    "module": "KU",
    "is_compulsory": True,
    "size": 2.5,
    "size_unit": "3",
}


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))


def place(attainment: dict[str, Any]) -> dict[str, Any]:
    return {"study_right_id": attainment["study_right_id"], "parent_id": attainment["id"]}


def subject_in(app: App, person: UUID) -> dict[str, Any]:
    """Return a subject that can be added to a learner's year."""
    year = next(row for row in rows(app, "attainments", person_id=app.sourced(person)) if not row["parent_id"])
    return {**place(year), **SUBJECT}


def hidden_place(app: App) -> dict[str, str]:
    """Return where a subject of the learner under a non-disclosure order would be, by the ids of the app's supplier."""
    made = seal_of(app).made([right_of(cast.PROTECTED_PUPIL), year_of(cast.PROTECTED_PUPIL)])
    return dict(zip(("study_right_id", "parent_id"), map(str, made), strict=True))


def events() -> list[tuple[Any, ...]]:
    """Return all events in their order: provider, type, subject, what they say."""
    set_reach(cast.platform)
    with connection.cursor() as cursor:
        cursor.execute("SELECT provider_id, type, subject, data FROM core_outbox ORDER BY position")
        return [(*found, json.loads(data)) for *found, data in cursor.fetchall()]


def of_the_document() -> list[dict[str, Any]]:
    return [each for each in exported() if each["henkilö"].get("hetu") == HETU]


def accepted(folder: Path, found: list[Any]) -> list[tuple[str, str]]:
    path = folder / "exported.json"
    path.write_text(json.dumps(found))
    return [(each.code, each.field) for each in verdict_of(path, today()).problems.found if each.severity == "error"]


def test_a_subject_with_its_mark_stands_in_the_document_at_its_place_and_stays(app: App, tmp_path: Path) -> None:
    known = {row["id"] for row in rows(app, "attainments")}
    load(tmp_path, document())
    before = of_the_document()
    faults = accepted(tmp_path, before)
    (year,) = [row for row in rows(app, "attainments") if row["id"] not in known and not row["parent_id"]]
    learner = ask(app, f"learners/{year['person_id']}")
    answer = send(app, "POST", "attainments", {**place(year), **SUBJECT})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made == made | place(year) | SUBJECT | {"place": 3, "kept_by": f"app:{app.made.app_id}"}
    assert answer["Location"] == f"/api/v1/attainments/{made['id']}"
    assert ask(app, f"attainments/{made['id']}")["ETag"] == answer["ETag"]
    mark = {"attainment_id": made["id"], "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "9"}
    assert send(app, "POST", "assessments", mark).status_code == 201
    after = ask(app, f"learners/{year['person_id']}")
    assert after["ETag"] != learner["ETag"]
    assert made in after.json()["attainments"]
    changed = of_the_document()
    assert accepted(tmp_path, changed) == faults
    added = changed[0]["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"].pop()
    assert changed == before
    assert added["koulutusmoduuli"]["tunniste"]["koodiarvo"] == "KU"
    assert added["koulutusmoduuli"]["laajuus"]["arvo"] == 2.5
    assert added["arviointi"][0]["arvosana"]["koodiarvo"] == "9"
    told = document()
    told["opiskeluoikeudet"][0]["suoritukset"][0]["luokka"] = "3C"
    report = load(tmp_path, told)
    assert report.kinds["study_right"]["held_back"] == 1
    assert of_the_document()[0]["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"][-1] == added
    assert ask(app, f"attainments/{made['id']}").json() == made


def test_many_come_behind_each_other_and_none_where_one_is_wrong(app: App) -> None:
    year = next(row for row in rows(app, "attainments") if not row["parent_id"])
    one = {**place(year), **SUBJECT}
    before = everything()
    wrong = [one, one, {**one, "parent_id": one["study_right_id"]}, {**one, "module": "LI", "size_unit": None}]
    assert codes(write(app, "attainments", wrong)) == [
        ("lines.2.module", "stands_already"),
        ("lines.3.parent_id", "not_there"),
        ("lines.4.size_unit", "missing"),
    ]
    assert everything() == before
    assert write(app, "attainments", [one, {**one, "module": "LI"}]).status_code == 200
    places = {row["module"]: row["place"] for row in rows(app, "attainments", parent_id=year["id"])}
    assert (places["KU"], places["LI"]) == (1, 2)


class TestRights:
    def test_whoever_reads_adds_nothing_by_it(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        table = count("studies_attainment")
        for scopes, rule in (
            (ALL, ATTAINMENTS_WRITE),
            ((ATTAINMENTS_WRITE,), ATTAINMENTS_READ),
            ((ATTAINMENTS_READ, ASSESSMENTS_WRITE), ATTAINMENTS_WRITE),
        ):
            other = App(cast.KUUSNIEMI_OID, scopes=scopes)
            for answer in (send(other, "POST", "attainments", body), write(other, "attainments", [body])):
                assert (answer.status_code, answer.json()["rule"]) == (403, rule)
        assert count("studies_attainment") == table

    def test_support_is_told_by_its_scope_alone(self, app: App) -> None:
        narrow = App(cast.KUUSNIEMI_OID, scopes=(STUDY_RIGHTS_READ, ATTAINMENTS_READ, ATTAINMENTS_WRITE))
        body = subject_in(narrow, cast.PUPIL)
        before = everything()
        for secret in ("is_individualised", "is_limited"):
            for answer in (
                send(narrow, "POST", "attainments", {**body, secret: True}),
                write(narrow, "attainments", [{**body, secret: True}]),
            ):
                assert (answer.status_code, answer.json()["rule"]) == (403, ATTAINMENTS_SUPPORT_READ)
        assert everything() == before
        made = send(narrow, "POST", "attainments", body).json()
        assert not {"is_individualised", "is_limited"} & made.keys()
        told = send(app, "POST", "attainments", {**body, "module": "LI", "is_individualised": True})
        assert told.json()["is_individualised"] is True

    def test_under_what_is_not_there_nothing_is_added(self, app: App) -> None:
        """Another provider's study right, another supplier's id, ours, nobody's, that of a learner whom an order hides."""
        valkamo = App(cast.VALKAMO_OID, scopes=(*ALL, *WRITES))
        stranger = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        body = subject_in(app, cast.PUPIL)
        hidden = body | hidden_place(app)
        before = everything()
        for right in (
            subject_in(valkamo, cast.VALKAMO_PUPIL)["study_right_id"],
            subject_in(stranger, cast.PUPIL)["study_right_id"],
            str(right_of(cast.PUPIL)),
            body["parent_id"],
            str(uuid4()),
            hidden["study_right_id"],
        ):
            wrong = {**body, "study_right_id": right}
            answer = send(app, "POST", "attainments", wrong)
            assert (answer.status_code, codes(answer)) == (422, [("study_right_id", "not_there")])
            assert codes(write(app, "attainments", [wrong])) == [("lines.1.study_right_id", "not_there")]
        for parent in (
            subject_in(valkamo, cast.VALKAMO_PUPIL)["parent_id"],
            subject_in(stranger, cast.PUPIL)["parent_id"],
            subject_in(app, cast.UNTAUGHT_PUPIL)["parent_id"],
            str(year_of(cast.PUPIL)),
            hidden["parent_id"],
            str(uuid4()),
        ):
            wrong = {**body, "parent_id": parent}
            answer = send(app, "POST", "attainments", wrong)
            assert (answer.status_code, codes(answer)) == (422, [("parent_id", "not_there")])
            assert codes(write(app, "attainments", [wrong])) == [("lines.1.parent_id", "not_there")]
        for name in ("study_right_id", "parent_id"):
            assert codes(send(app, "POST", "attainments", {**body, name: "x"})) == [(name, "wrong_type")]
        assert everything() == before

    def test_an_app_of_two_providers_adds_where_the_study_right_is(self) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=(*ALL, *WRITES))
        for person, provider in ((cast.PUPIL, cast.KUUSNIEMI), (cast.VALKAMO_PUPIL, cast.VALKAMO)):
            body = subject_in(both, person)
            answer = send(both, "POST", "attainments", body)
            assert answer.status_code == 201, answer.content
            assert answer.json()["person_id"] == both.sourced(person)
            assert events()[-1][:2] == (provider, "studies.record_added")
        here, there = subject_in(both, cast.PUPIL), subject_in(both, cast.VALKAMO_PUPIL)
        lines = [{**here, "module": "LI"}, {**there, "module": "LI"}]
        assert codes(write(both, "attainments", lines, query=f"?provider_id={cast.KUUSNIEMI}")) == [
            ("lines.2.study_right_id", "not_there")
        ]
        assert write(both, "attainments", lines[1:], query=f"?provider_id={cast.VALKAMO}").status_code == 200

    def test_of_a_hidden_learner_it_is_told_where_the_agreement_says_so(self, app: App) -> None:
        place_of_hidden = hidden_place(app)
        run(
            cast.platform,
            "UPDATE access_taking SET non_disclosure_included = true WHERE app_id = %s",
            [app.made.app_id],
        )
        body = {**SUBJECT, **place_of_hidden, "confirmed_on": "2026-05-29", "confirmed_in": "091"}
        made = send(app, "POST", "attainments", body)
        assert made.status_code == 201, made.content
        # What the app has just said of the municipality it is not told, as of any other row (decision 14).
        assert made.json() == made.json() | body | {"confirmed_in": None}
        run(
            cast.platform,
            "UPDATE access_taking SET non_disclosure_included = false WHERE app_id = %s",
            [app.made.app_id],
        )
        assert ask(app, f"attainments/{made.json()['id']}").status_code == 404
        assert codes(send(app, "POST", "attainments", {**body, "module": "LI"})) == [("study_right_id", "not_there")]


class TestAgain:
    def test_a_call_that_is_made_again_is_answered_and_not_done_again(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        key = {"Idempotency-Key": "a-1"}
        first = send(app, "POST", "attainments", body, headers=key)
        stands = everything()
        again = send(app, "POST", "attainments", body, headers=key)
        assert (again.status_code, again.content, again["Location"]) == (201, first.content, first["Location"])
        for other in (body | {"module": "LI"}, body | {"size": 2}):
            refused = send(app, "POST", "attainments", other, headers=key)
            assert (refused.status_code, codes(refused)) == (422, [("header.Idempotency-Key", "reused")])
        assert everything() == stands
        # Without its key, the same subject would stand twice.
        assert codes(send(app, "POST", "attainments", body)) == [("module", "stands_already")]

    def test_so_are_lines(self, app: App) -> None:
        lines = [subject_in(app, cast.PUPIL), subject_in(app, cast.UNTAUGHT_PUPIL)]
        key = {"Idempotency-Key": "a-2"}
        first = write(app, "attainments", lines, key)
        stands = everything()
        again = write(app, "attainments", lines, key)
        assert (again.status_code, again.json()) == (200, first.json())
        assert codes(write(app, "attainments", lines[:1], key)) == [("header.Idempotency-Key", "reused")]
        assert everything() == stands


class TestWhoIsTold:
    def test_an_event_and_the_log(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        seen = len(audit(cast.PUPIL))
        made = send(app, "POST", "attainments", body).json()
        own = seal_of(app).opened(UUID(made["id"]))
        assert events()[-1] == (cast.KUUSNIEMI, "studies.record_added", own, {"resource": "attainment"})
        assert len(audit(cast.PUPIL)) == seen + 1
        assert audit(cast.PUPIL, "event, seen")[0] == ("study_rights.recorded", "studies")
        lines = [{**body, "module": name} for name in ("LI", "MU")]
        assert write(app, "attainments", lines).status_code == 200
        told = {"resource": "attainment", "added": 2, "changed": 0}
        assert events()[-1] == (cast.KUUSNIEMI, "studies.records_written", None, told)
        assert len(audit(cast.PUPIL)) == seen + 2, "one row for the call"

    @pytest.mark.usefixtures("owners_log")
    def test_the_change_feed_has_it(self, app: App) -> None:
        after = stands(app, "attainments")
        made = send(app, "POST", "attainments", subject_in(app, cast.PUPIL)).json()
        # What a test has written itself has no past in it.
        set_reach(cast.administrator)
        as_owner("SET CONSTRAINTS ALL IMMEDIATE")
        as_owner("ALTER TABLE studies_attainment DISABLE TRIGGER USER")
        as_owner(f"UPDATE studies_attainment SET sys_from = '{moment(1)}' WHERE kept_by IS NOT NULL")
        as_owner("ALTER TABLE studies_attainment ENABLE TRIGGER USER")
        as_owner("SET CONSTRAINTS ALL DEFERRED")
        noted(1, "studies_attainment")
        (found,) = followed(app, "attainments", after)
        assert (found["id"], found["removed"]) == (made["id"], False)
        assert (
            found["row"]
            == ask(app, f"attainments/{made['id']}").json()
            == made | {"sys_from": found["row"]["sys_from"]}
        )

    def test_the_office_sees_it(self, app: App, client: Client) -> None:
        desk = signed_in(client, cast.SECRETARY)
        address = f"/study-rights/{cast.PUPIL}"
        desk.cookies["django_language"] = "en"
        before = desk.get(address).content.decode()
        body = subject_in(app, cast.PUPIL) | {
            "module_scheme": None,
            "module": "KEP",
            "module_title": {"fi": "Keppihevoset"},
        }
        assert send(app, "POST", "attainments", body).status_code == 201
        after = desk.get(address).content.decode()
        assert "Keppihevoset" not in before
        assert after.count("Keppihevoset") >= 1


class TestFaults:
    @pytest.mark.parametrize("size", ["1e999999", "-1e999999", "1e-999999", "0e999999", "1e99999999999999999999", "1e18",
                                      "0.1234567890123456789", "9" * 19 + ".5"])  # fmt: skip
    def test_what_is_no_measure_is_a_fault(self, app: App, size: str) -> None:
        body = subject_in(app, cast.PUPIL)
        where = f"attainments/{rows(app, 'attainments', parent_id=body['parent_id'])[0]['id']}"
        before = everything()
        for name, path in (("size", "attainments"), ("average", "attainments")):
            text = json.dumps({**body, name: "HERE"}).replace('"HERE"', size)
            change = f'{{"{name}": {size}}}'.encode()
            for answer in (
                send(app, "POST", path, text.encode()),
                send(app, "PATCH", where, change, headers={"If-Match": "*"}),
                write(app, path, text.encode()),
            ):
                ((pointer, code),) = codes(answer)
                # Only what nothing can read is no JSON; of all else the field is named.
                unread = size == "1e99999999999999999999"
                assert answer.status_code == 422
                assert code == ("no_json" if unread else "too_long")
                assert unread or pointer.removeprefix("lines.1.") == name
        assert everything() == before

    def test_sizes_stand_as_they_were_sent(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        text = json.dumps({**body, "size": "HERE"})
        for module, size in (
            ("KU", "999999999999999999.5"),
            ("LI", "0.123456789012345678"),
            ("MU", "1e17"),
            ("KS", "2.0"),
        ):
            answer = send(
                app, "POST", "attainments", text.replace('"HERE"', size).replace('"KU"', f'"{module}"').encode()
            )
            assert answer.status_code == 201, answer.content
            assert Decimal(json.loads(answer.content, parse_float=Decimal)["size"]) == Decimal(size)

    def test_everything_comes_at_once_and_in_the_caller_s_language(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL) | {"size": -1, "language": "EN", "module_title": {"fi": "Kuvis"}}
        before = everything()
        expected = [("module_title", "named_by_the_list"), ("language_scheme", "missing"), ("size", "not_positive")]
        answer = send(app, "POST", "attainments", body)
        assert codes(answer) == expected
        for language in ("fi", "sv"):
            told = send(app, "POST", "attainments", body, headers={"Accept-Language": language}).json()["errors"]
            assert not {error["detail"] for error in told} & {error["detail"] for error in answer.json()["errors"]}
        assert codes(write(app, "attainments", [body])) == [(f"lines.1.{name}", code) for name, code in expected]
        assert everything() == before

    def test_what_it_is_stays(self, app: App) -> None:
        made = send(app, "POST", "attainments", subject_in(app, cast.PUPIL)).json()
        for name, value in (
            ("kind", "x"),
            ("module", "LI"),
            ("parent_id", None),
            ("study_right_id", made["id"]),
            ("node", "x"),
        ):
            answer = send(app, "PATCH", f"attainments/{made['id']}", {name: value}, headers={"If-Match": "*"})
            assert codes(answer) == [(name, "unknown_field")]
        changed = send(app, "PATCH", f"attainments/{made['id']}", {"size": 3}, headers={"If-Match": "*"})
        assert changed.json() == made | {"size": 3, "sys_from": changed.json()["sys_from"]}

    def test_a_line_that_is_refused_for_something_else_is_a_sibling_all_the_same(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        lines = [{**body, "size_unit": None}, body]
        assert codes(write(app, "attainments", lines)) == [
            ("lines.1.size_unit", "missing"),
            ("lines.2.module", "stands_already"),
        ]

    def test_nothing_is_added_to_what_has_ended_nor_assessed_in_what_is_annulled(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        made = send(app, "POST", "attainments", body).json()
        mark = {"attainment_id": made["id"], "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "9"}
        other = {**body, "module": "LI"}
        ends = {"study_right_id": body["study_right_id"], "valid_from": "2026-06-05", "state": "valmistunut"}
        assert send(app, "POST", "study_right_states", ends).status_code == 201
        assert codes(send(app, "POST", "attainments", other)) == [("study_right_id", "after_the_end")]
        assert codes(write(app, "attainments", [other])) == [("lines.1.study_right_id", "after_the_end")]
        assert send(app, "POST", "assessments", mark).status_code == 201, "A mark may be raised."
        assert send(app, "POST", "study_right_states", ends | {"state": "mitatoity"}).status_code == 201
        before = everything()
        assert codes(send(app, "POST", "attainments", other)) == [("study_right_id", "after_the_end")]
        assert codes(send(app, "POST", "assessments", mark)) == [("attainment_id", "annulled")]
        assert codes(write(app, "assessments", [mark])) == [("lines.1.attainment_id", "annulled")]
        standing = next(row for row in rows(app, "assessments") if row["attainment_id"] == made["id"])
        for path, row, body in (
            ("assessments", standing, {"mark": "10"}),
            ("assessments", standing, {}),
            ("attainments", made, {"size": 3}),
        ):
            address = f"{path}/{row['id']}"
            assert codes(send(app, "PATCH", address, body, headers={"If-Match": "*"})) == [("body", "annulled")]
            line = {"id": row["id"], "if_match": "*", **body}
            assert codes(write(app, path, [line])) == [("lines.1.id", "annulled")]
        assert everything() == before

    def test_who_left_without_completing_may_be_given_what_tells_no_day(self, app: App) -> None:
        body = subject_in(app, cast.PUPIL)
        ends = {"study_right_id": body["study_right_id"], "valid_from": "2026-06-05", "state": "eronnut"}
        assert send(app, "POST", "study_right_states", ends).status_code == 201
        late = send(app, "POST", "attainments", body | {"valid_from": "2026-06-06"})
        assert codes(late) == [("valid_from", "after_the_right")]
        assert send(app, "POST", "attainments", body).status_code == 201


def test_the_cost_does_not_grow_by_line(app: App) -> None:
    body = subject_in(app, cast.PUPIL)
    statements = []
    for number in (1, 100):
        lines = [{**body, "module": f"X{number}-{n}", "is_compulsory": False} for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            assert write(app, "attainments", lines).status_code == 200
        statements.append(len(queries))
    assert statements[0] == statements[1]


def test_at_the_top_and_below_places_and_nodes_are_their_own(app: App) -> None:
    body = subject_in(app, cast.PUPIL)
    assert send(app, "POST", "attainments", body).json()["place"] == 1
    year = {"study_right_id": body["study_right_id"], "kind": "perusopetuksenvuosiluokka", "module": "4"}
    made = send(app, "POST", "attainments", {**year, "module_scheme": "perusopetuksenluokkaaste"}).json()
    assert (made["place"], made["parent_id"]) == (1, None)
    assert send(app, "POST", "attainments", {**body, "parent_id": made["id"]}).json()["place"] == 0
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT node FROM studies_attainment WHERE kept_by IS NOT NULL ORDER BY id")
        nodes = [node for (node,) in cursor.fetchall()]
    subject, top = "/perusopetuksenoppiaine:koskioppiaineetyleissivistava:KU:1", nodes[1]
    assert nodes == [
        f"perusopetuksenvuosiluokka:3{subject}",
        "/perusopetuksenvuosiluokka:perusopetuksenluokkaaste:4:1",
        top + subject,
    ]
