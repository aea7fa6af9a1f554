"""Apps write what of studies they may: states and marks, each call whole or not at all, and nobody's change is lost."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from digione.access.scopes import ASSESSMENTS_READ, ASSESSMENTS_WORDS_READ, ASSESSMENTS_WRITE
from digione.core.use_case import set_reach
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import ASSESSMENTS, ATTAINMENTS, STUDY_ENDPOINTS, STUDY_RIGHT_STATES
from tests import cast
from tests.api.oneroster import App, audit
from tests.api.v1 import ALL, WRITES, ask, codes, rows, run, send
from tests.hostile_texts import OVERLONG, STORABLE, UNSTORABLE
from tests.study_rights import mark_of, subject_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
CHANGES = {
    "assessments": {"mark": "9"},
    "attainments": {"confirmed_on": "2026-05-31"},
    "study_right_states": {"funding": "6"},
}
written = pytest.mark.parametrize("endpoint", [one for one in STUDY_ENDPOINTS if one.writing], ids=lambda one: one.path)


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))


def stored(table: str = "studies_assessment") -> list[dict[str, Any]]:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id")
        return [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]


def everything() -> list[Any]:
    """What a refused call must leave as it was."""
    tables = ("studyright", "studyrightstate", "studyrightextra", "attainment", "assessment")
    return [stored(f"studies_{name}{past}") for name in tables for past in ("", "_history") if not past] + [
        count("core_outbox"),
        count("rest_repeated_call"),
    ]


def count(table: str) -> int:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def one(app: App, path: str) -> tuple[str, str]:
    """Return address and tag of the pupil's first row."""
    row = rows(app, path, person_id=app.sourced(cast.PUPIL))[0]
    answer = ask(app, f"{path}/{row['id']}")
    return f"{path}/{row['id']}", answer["ETag"]


def subject(app: App) -> str:
    return next(row["id"] for row in rows(app, "attainments", person_id=app.sourced(cast.PUPIL)) if row["parent_id"])


class TestChanging:
    @written
    def test_a_row_is_changed_and_its_past_kept(self, app: App, endpoint: Endpoint) -> None:
        where, tag = one(app, endpoint.path)
        before = ask(app, where).json()
        answer = send(app, "PATCH", where, CHANGES[endpoint.path], headers={"If-Match": tag})
        assert answer.status_code == 200, answer.content
        after = ask(app, where)
        assert answer.json() == after.json()
        assert answer["ETag"] == after["ETag"] != tag
        kept_by = f"app:{app.made.app_id}"
        assert after.json() == before | CHANGES[endpoint.path] | {
            "kept_by": kept_by,
            "sys_from": after.json()["sys_from"],
        }
        set_reach(cast.administrator)
        ((name, value),) = CHANGES[endpoint.path].items()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {name}::text, sys_actor, sys_reason FROM {endpoint.resource.table}_history"
                f" WHERE {name}::text IS DISTINCT FROM %s AND sys_reason IS NOT NULL",
                [value],
            )
            assert cursor.fetchall() == [(before[name], str(app.made.app_id), "recorded by an app")]
            cursor.execute("SELECT type, data ->> 'resource' FROM core_outbox ORDER BY position DESC LIMIT 1")
            assert cursor.fetchall() == [("studies.record_changed", endpoint.resource.name)]

    def test_the_log_tells_the_learner(self, app: App) -> None:
        where, tag = one(app, "assessments")
        seen = audit(cast.PUPIL, "event")
        send(app, "PATCH", where, {"mark": "10"}, headers={"If-Match": tag})
        assert audit(cast.PUPIL, "event, seen")[0] == ("study_rights.recorded", "results")
        assert len(audit(cast.PUPIL)) == len(seen) + 1

    def test_what_says_nothing_new_writes_nothing(self, app: App) -> None:
        where, tag = one(app, "assessments")
        before = everything()
        for body in ({}, {"mark": "8"}, {"description": {"fi": "Laskee huolella"}}):
            answer = send(app, "PATCH", where, body, headers={"If-Match": tag})
            assert (answer.status_code, answer["ETag"]) == (200, tag)
        assert everything() == before

    def test_a_lost_update_is_refused(self, app: App) -> None:
        where, tag = one(app, "assessments")
        narrow = ask(app, where, fields="mark")["ETag"]
        assert send(app, "PATCH", where, {"mark": "9"}, headers={"If-Match": narrow}).status_code == 200
        before = everything()
        answer = send(app, "PATCH", where, {"mark": "4"}, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["type"]) == (412, "urn:digione:problem:outdated")
        for nothing in ('"x"', "", '"0-0"'):
            assert send(app, "PATCH", where, {"mark": "4"}, headers={"If-Match": nothing}).status_code == 412
        assert send(app, "PATCH", where, {"mark": "4"}).status_code == 428
        assert everything() == before
        assert send(app, "PATCH", where, {"mark": "4"}, headers={"If-Match": "*"}).status_code == 200
        current = ask(app, where)["ETag"]
        assert send(app, "PATCH", where, {"mark": "5"}, headers={"If-Match": f'"x-1", {current}'}).status_code == 200

    def test_minimal(self, app: App) -> None:
        where, tag = one(app, "assessments")
        answer = send(
            app, "PATCH", where, {"mark": "9"}, headers={"If-Match": tag, "Prefer": "respond-async, return=minimal"}
        )
        assert (answer.status_code, answer.content, answer["Preference-Applied"]) == (204, b"", "return=minimal")
        assert answer["ETag"] == ask(app, where)["ETag"]

    def test_null_empties_a_field(self, app: App) -> None:
        where, tag = one(app, "assessments")
        assert send(app, "PATCH", where, {"description": None}, headers={"If-Match": tag}).json()["description"] is None


class TestAdding:
    def test_a_mark(self, app: App) -> None:
        above = subject(app)
        body = {
            "attainment_id": above,
            "mark_scheme": "arviointiasteikkoyleissivistava",
            "mark": "9",
            "assessed_on": "2026-11-20",
            "is_passed": True,
        }
        answer = send(app, "POST", "assessments", body)
        assert answer.status_code == 201, answer.content
        made = answer.json()
        assert answer["Location"] == f"/api/v1/assessments/{made['id']}"
        assert made | body == made
        assert (made["place"], made["person_id"]) == (1, app.sourced(cast.PUPIL))
        assert ask(app, f"assessments/{made['id']}").json() == made
        minimal = send(app, "POST", "assessments", body, headers={"Prefer": "return=minimal"})
        assert (minimal.status_code, minimal.content) == (201, b"")
        assert [row["place"] for row in rows(app, "assessments", attainment_id=above)] == [0, 1, 2]

    def test_a_state_comes_after_those_before(self, app: App) -> None:
        right = rows(app, "study_rights", person_id=app.sourced(cast.PUPIL))[0]["id"]
        answer = send(
            app,
            "POST",
            "study_right_states",
            {"study_right_id": right, "valid_from": "2026-06-05", "state": "valmistunut"},
        )
        assert answer.status_code == 201, answer.content
        before = everything()
        for body, fault in (
            ({"valid_from": "2026-06-05", "state": "lasna"}, ("valid_from", "not_ascending")),
            ({"valid_from": "2026-08-05", "state": "lasna"}, ("state", "after_the_end")),
            ({"valid_from": "2026-02-30", "state": "lasna"}, ("valid_from", "no_such_day")),
        ):
            refused = send(app, "POST", "study_right_states", {"study_right_id": right, **body})
            assert (refused.status_code, codes(refused)) == (422, [fault])
        assert everything() == before
        annulled = {"study_right_id": right, "valid_from": "2026-06-05", "state": "mitatoity"}
        assert send(app, "POST", "study_right_states", annulled).status_code == 201

    def test_an_earlier_state_stays_before_the_next(self, app: App) -> None:
        right = rows(app, "study_rights", person_id=app.sourced(cast.PUPIL))[0]["id"]
        body = {"study_right_id": right, "valid_from": "2026-06-05", "state": "eronnut"}
        assert send(app, "POST", "study_right_states", body).status_code == 201
        first = next(row for row in rows(app, "study_right_states", study_right_id=right) if row["state"] == "lasna")
        where = f"study_right_states/{first['id']}"
        for change, fault in (
            ({"valid_from": "2026-06-05"}, ("valid_from", "not_ascending")),
            ({"state": "valmistunut"}, ("state", "after_the_end")),
        ):
            assert codes(send(app, "PATCH", where, change, headers={"If-Match": "*"})) == [fault]

    def test_where_nothing_can_hang(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        valkamo = App(cast.VALKAMO_OID, scopes=ALL)
        before = everything()
        for above in (
            str(subject_of(cast.PUPIL)),
            subject(other),
            rows(valkamo, "attainments")[0]["id"],
            str(uuid4()),
        ):
            answer = send(app, "POST", "assessments", {"attainment_id": above, "mark_scheme": "x", "mark": "9"})
            assert (answer.status_code, codes(answer)) == (422, [("attainment_id", "not_there")])
        assert codes(send(app, "POST", "assessments", {"attainment_id": "x", "mark": "9", "mark_scheme": "x"})) == [
            ("attainment_id", "wrong_type")
        ]
        assert everything() == before

    def test_only_what_can_be_added_is(self, app: App) -> None:
        for path in ("study_rights", "study_right_extras"):
            answer = send(app, "POST", path, {})
            assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        for method in ("DELETE", "PUT"):
            assert send(app, method, one(app, "assessments")[0], {}).status_code == 405


class TestFaults:
    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({"mark": 8}, [("mark", "wrong_type")]),
            ({"mark": None, "description": None}, [("mark", "missing")]),
            ({"mark_scheme": None}, [("mark_scheme", "missing")]),
            ({"assessed_on": "2999-01-01"}, [("assessed_on", "in_the_future")]),
            (
                {"assessed_on": "31.2.2026", "is_passed": "yes", "id": "x", "place": 3, "sys_from": "x", "<b>": 1},
                [
                    ("assessed_on", "wrong_type"),
                    ("is_passed", "wrong_type"),
                    *((name, "unknown_field") for name in ("id", "place", "sys_from", "<b>")),
                ],
            ),
            ({"attainment_id": str(cast.PUPIL)}, [("attainment_id", "unknown_field")]),
            ({"kept_by": "digione"}, [("kept_by", "unknown_field")]),
            ({"description": {"fi": "Aino 140317A9350"}}, [("description.fi", "identity_code")]),
            ({"description": {"fi": UNSTORABLE["null character"]}}, [("description.fi", "unstorable")]),
            ({"mark": "x" * 1001}, [("mark", "too_long")]),
            ({"mark_title": {"fi\n": "hyvä"}}, [("mark_title.fi\n", "unknown_language")]),
        ],
        ids=str,
    )
    def test_every_fault_is_told_and_nothing_done(
        self, app: App, body: dict[str, Any], faults: list[tuple[str, str]]
    ) -> None:
        where, tag = one(app, "assessments")
        before = everything()
        answer = send(app, "PATCH", where, body, headers={"If-Match": tag})
        assert (answer.status_code, codes(answer)) == (422, faults)
        for language in ("fi", "sv"):
            told = send(app, "PATCH", where, body, headers={"If-Match": tag, "Accept-Language": language}).json()
            assert [error["code"] for error in told["errors"]] == [code for _, code in faults]
            assert told["errors"][0]["detail"] != answer.json()["errors"][0]["detail"]
        assert everything() == before

    @pytest.mark.parametrize(
        "text", [b" ", b"{", b"[]", b'"x"', b'{"mark":"9","mark":"4"}', b'{"mark":NaN}', b"\xff", b"[" * 100_000,
                 b'{"mark":' + b"9" * 5000 + b"}", b'{"mark":1e99999999999999999999}'],
        ids=lambda text: repr(text[:20])
    )  # fmt: skip
    def test_what_is_no_json(self, app: App, text: bytes) -> None:
        where, tag = one(app, "assessments")
        answer = send(app, "PATCH", where, text, headers={"If-Match": tag})
        assert answer.status_code == 422
        assert codes(answer)[0][0] == "body"

    def test_other_types_are_not_taken(self, app: App) -> None:
        where, tag = one(app, "assessments")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            answer = send(app, "PATCH", where, b"{}", kind=kind, headers={"If-Match": tag})
            assert (answer.status_code, answer.json()["type"]) == (415, "urn:digione:problem:type")

    def test_a_code_that_its_list_does_not_have(self, app: App) -> None:
        where, tag = one(app, "assessments")
        run(
            cast.platform,
            "INSERT INTO core_code (id, list_uri, value, version, name) VALUES (gen_random_uuid(),"
            " 'arviointiasteikkoyleissivistava', '9', 1, '{}')",
            [],
        )
        refused = send(
            app,
            "PATCH",
            where,
            {"mark_scheme": "arviointiasteikkoyleissivistava", "mark": "11"},
            headers={"If-Match": tag},
        )
        assert codes(refused) == [("mark", "unknown_code")]
        assert codes(send(app, "PATCH", where, {"mark": "11"}, headers={"If-Match": tag})) == [("mark", "unknown_code")]
        assert send(app, "PATCH", where, {"mark": "9"}, headers={"If-Match": tag}).status_code == 200

    @pytest.mark.parametrize("name", STORABLE)
    def test_hostile_texts_stand_as_they_were_sent(self, app: App, name: str) -> None:
        where, _ = one(app, "assessments")
        text = STORABLE[name]
        answer = send(app, "PATCH", where, {"description": {"fi": text}}, headers={"If-Match": "*"})
        assert answer.status_code == 200
        assert ask(app, where).json()["description"] == {"fi": text}
        for hostile in OVERLONG.values():
            assert send(app, "PATCH", where, {"mark": hostile}, headers={"If-Match": "*"}).status_code == 422


@pytest.mark.usefixtures("stage")
class TestAttainments:
    """What is judged when an attainment is added is judged when it is changed, where the change says something of it."""

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({"size": 0}, [("size", "not_positive")]),
            ({"size": -1}, [("size", "not_positive")]),
            ({"size": None}, [("size", "missing")]),
            ({"size_unit": None}, [("size_unit", "missing")]),
            ({"language": "FI", "language_scheme": None}, [("language_scheme", "missing")]),
            ({"valid_from": "2026-06-02", "confirmed_on": "2026-06-01"}, [("confirmed_on", "before_it_begins")]),
            ({"confirmed_in": "091"}, [("confirmed_on", "missing")]),
            ({"size": 2.5, "size_unit": "3"}, []),
            ({"group_name": "3 C"}, []),
        ],
        ids=str,
    )
    def test_a_change_is_judged_as_what_is_added(self, app: App, body: dict[str, Any], told: list[Any]) -> None:
        sized = next(row for row in rows(app, "attainments") if row["size"])
        answer = send(app, "PATCH", f"attainments/{sized['id']}", body, headers={"If-Match": "*"})
        assert answer.status_code == (422 if told else 200), answer.content
        assert not told or codes(answer) == told


class TestRights:
    def test_whoever_may_read_may_not_write_by_it(self) -> None:
        reader = App(cast.KUUSNIEMI_OID, scopes=ALL)
        before = everything()
        for endpoint in (ASSESSMENTS, ATTAINMENTS, STUDY_RIGHT_STATES):
            assert endpoint.writing is not None
            where, tag = one(reader, endpoint.path)
            answer = send(reader, "PATCH", where, CHANGES[endpoint.path], headers={"If-Match": tag})
            assert (answer.status_code, answer.json()["rule"]) == (403, endpoint.writing.scope)
            assert send(reader, "POST", endpoint.path, {}).json()["rule"] == endpoint.writing.scope
        assert everything() == before

    def test_whoever_may_write_and_not_read_does_neither(self, app: App) -> None:
        where, _ = one(app, "assessments")
        writer = App(cast.KUUSNIEMI_OID, scopes=(ASSESSMENTS_WRITE,))
        answer = send(writer, "PATCH", where, {"mark": "9"}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["rule"]) == (403, ASSESSMENTS_READ)

    def test_a_secret_field_is_written_by_its_scope_alone(self, app: App) -> None:
        where, _ = one(app, "assessments")
        narrow = App(cast.KUUSNIEMI_OID, scopes=(ASSESSMENTS_WRITE, ASSESSMENTS_READ))
        before = everything()
        answer = send(narrow, "PATCH", where, {"description": {"fi": "x"}}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["rule"]) == (403, ASSESSMENTS_WORDS_READ)
        assert "huolella" not in answer.content.decode()
        assert everything() == before
        changed = send(narrow, "PATCH", where, {"mark": "7"}, headers={"If-Match": "*"})
        assert "description" not in changed.json()
        assert stored()[0]["description"] is not None, "What it may not see stays as it is."

    def test_another_provider_s_and_protected_people_s_rows_are_not_there(self, app: App) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=(*ALL, *WRITES))
        theirs = rows(App(cast.VALKAMO_OID, scopes=ALL), "assessments")[0]["id"]
        before = everything()
        for ident in (theirs, str(mark_of(cast.PUPIL)), str(uuid4()), "x"):
            assert (
                send(app, "PATCH", f"assessments/{ident}", {"mark": "4"}, headers={"If-Match": "*"}).status_code == 404
            )
        assert everything() == before
        where, _ = one(app, "assessments")
        run(cast.administrator, "UPDATE people_person SET non_disclosure = true WHERE id = %s", [cast.PUPIL])
        assert send(app, "PATCH", where, {"mark": "4"}, headers={"If-Match": "*"}).status_code == 404
        assert stored()[0]["mark"] == "8"
        changed = send(both, "PATCH", f"assessments/{theirs}", {"mark": "4"}, headers={"If-Match": "*"})
        assert (changed.status_code, changed.json()["mark"]) == (200, "4")

    def test_a_taking_that_ends_takes_the_right_to_write_at_once(self, app: App) -> None:
        where, tag = one(app, "assessments")
        run(
            cast.platform,
            "UPDATE access_taking SET scopes = array_remove(scopes, %s) WHERE app_id = %s",
            [ASSESSMENTS_WRITE, app.made.app_id],
        )
        assert send(app, "PATCH", where, {"mark": "9"}, headers={"If-Match": tag}).status_code == 403
        assert ask(app, where).status_code == 200

    def test_strangers(self, app: App) -> None:
        where, _ = one(app, "assessments")
        for token in ("", "x"):
            assert send(app, "PATCH", where, {"mark": "9"}, token=token).status_code == 401
            assert send(app, "POST", "assessments", {}, token=token).status_code == 401


class TestAgain:
    """A call with a key is done once, however often it is made."""

    def test_an_addition_made_again_is_the_same_row(self, app: App) -> None:
        body = {"attainment_id": subject(app), "mark_scheme": "x", "mark": "9"}
        first, second = (send(app, "POST", "assessments", body, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second["Location"] == first["Location"]
        assert len(rows(app, "assessments", attainment_id=body["attainment_id"])) == 2
        other = send(app, "POST", "assessments", body | {"mark": "4"}, headers={"Idempotency-Key": "k-1"})
        assert (other.status_code, codes(other)) == (422, [("header.Idempotency-Key", "reused")])
        assert send(app, "POST", "assessments", body, headers={"Idempotency-Key": "k-2"}).json() != first.json()

    def test_a_change_made_again_needs_no_new_tag(self, app: App) -> None:
        where, tag = one(app, "assessments")
        headers = {"If-Match": tag, "Idempotency-Key": "c"}
        first, second = (send(app, "PATCH", where, {"mark": "9"}, headers=headers) for _ in range(2))
        assert (first.status_code, second.status_code, second.content) == (200, 200, first.content)

    def test_what_failed_may_be_made_again(self, app: App) -> None:
        where, tag = one(app, "assessments")
        headers = {"If-Match": tag, "Idempotency-Key": "f"}
        assert send(app, "PATCH", where, {"mark": 9}, headers=headers).status_code == 422
        assert count("rest_repeated_call") == 0
        assert send(app, "PATCH", where, {"mark": "9"}, headers=headers).status_code == 200

    def test_keys_are_one_app_s_and_kept_for_a_day(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))
        for each in (app, other):
            body = {"attainment_id": subject(each), "mark_scheme": "x", "mark": "9"}
            assert send(each, "POST", "assessments", body, headers={"Idempotency-Key": "k"}).status_code == 201
        assert count("studies_assessment") == 3 + 2
        run(cast.administrator, "UPDATE rest_repeated_call SET called_at = now() - interval '25 hours'", [])
        with connection.cursor() as cursor:
            cursor.execute("SELECT rest_forget_repeated_calls()")
            assert cursor.fetchone() == (2,)

    def test_what_is_no_key(self, app: App) -> None:
        where, tag = one(app, "assessments")
        for key in ("", "x" * 101, "a b", "ä"):
            answer = send(app, "PATCH", where, {"mark": "9"}, headers={"If-Match": tag, "Idempotency-Key": key})
            assert codes(answer) == [("header.Idempotency-Key", "no_key")]
