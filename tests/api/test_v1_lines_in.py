"""Many rows at once: all lines or none, every fault of every line, and at a cost that does not grow by line."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digione.access.scopes import ASSESSMENTS_READ, ASSESSMENTS_WORDS_READ, ASSESSMENTS_WRITE
from digione.rest.v1.recording import MOST_LINES
from tests import cast
from tests.api.oneroster import App, audit
from tests.api.test_v1_writing import count, everything, subject
from tests.api.v1 import ALL, WRITES, ask, codes, rows, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
LINES = "application/x-ndjson"


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))


def write(app: App, path: str, lines: list[Any] | bytes, headers: dict[str, str] | None = None, query: str = "") -> Any:
    body = lines if isinstance(lines, bytes) else "\n".join(json.dumps(line) for line in lines).encode()
    return send(app, "POST", f"{path}/lines{query}", body, kind=LINES, headers=headers)


def changing(app: App, path: str, **changes: Any) -> list[dict[str, Any]]:
    """Return a line for each row of a list, with the version that it has."""
    return [
        {"id": row["id"], "if_match": ask(app, f"{path}/{row['id']}")["ETag"], **changes} for row in rows(app, path)
    ]


class TestAllLines:
    def test_every_row_is_changed_and_comes_with_its_new_version(self, app: App) -> None:
        lines = changing(app, "assessments", mark="10")
        answer = write(app, "assessments", lines)
        assert answer.status_code == 200, answer.content
        told = answer.json()["rows"]
        assert [(one["line"], one["id"]) for one in told] == [(n, line["id"]) for n, line in enumerate(lines, 1)]
        assert {row["mark"] for row in rows(app, "assessments")} == {"10"}
        for one in told:
            found = ask(app, f"assessments/{one['id']}")
            assert found["ETag"] == one["etag"]
            assert found.json()["kept_by"] == f"app:{app.made.app_id}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT type, data FROM core_outbox ORDER BY position DESC LIMIT 1")
            ((kind, data),) = cursor.fetchall()
        assert (kind, json.loads(data)) == (
            "studies.records_written",
            {"resource": "assessment", "added": 0, "changed": len(lines)},
        )
        assert audit(cast.PUPIL).count(("study_rights.recorded",)) == 1

    def test_rows_are_added_behind_each_other_and_changed_in_one_call(self, app: App) -> None:
        above = subject(app)
        (stands,) = rows(app, "assessments", attainment_id=above)
        new = {"attainment_id": above, "mark_scheme": "arviointiasteikkoyleissivistava", "is_passed": True}
        lines = [
            {**new, "mark": "7"},
            {"id": stands["id"], "if_match": "*", "mark": "6"},
            {**new, "mark": "5", "description": {"sv": "Kunde bättre"}},
        ]
        answer = write(app, "assessments", lines)
        assert answer.status_code == 200, answer.content
        after = {row["place"]: row for row in rows(app, "assessments", attainment_id=above)}
        assert [after[place]["mark"] for place in sorted(after)] == ["6", "7", "5"]
        assert after[2]["description"] == {"sv": "Kunde bättre"}
        assert [one["id"] for one in answer.json()["rows"]] == [after[1]["id"], stands["id"], after[2]["id"]]

    def test_states_follow_each_other_as_they_would_one_by_one(self, app: App) -> None:
        (state,) = [row for row in rows(app, "study_right_states") if row["person_id"] == app.sourced(cast.PUPIL)]
        new = {"study_right_id": state["study_right_id"], "funding": None}
        ends = [
            {**new, "state": "valiaikaisestikeskeytynyt", "valid_from": "2026-10-01"},
            {**new, "state": "lasna", "valid_from": "2026-10-15"},
        ]
        assert write(app, "study_right_states", ends).status_code == 200
        before = everything()
        for lines, expected in (
            ([{**new, "state": "lasna", "valid_from": "2026-10-14"}], [("lines.1.valid_from", "not_ascending")]),
            (
                [
                    {**new, "state": "eronnut", "valid_from": "2026-11-01"},
                    {**new, "state": "lasna", "valid_from": "2026-11-02"},
                ],
                [("lines.2.state", "after_the_end")],
            ),
            (
                [{"id": state["id"], "if_match": "*", "valid_from": "2026-12-01"}],
                [("lines.1.valid_from", "not_ascending")],
            ),
        ):
            answer = write(app, "study_right_states", lines)
            assert (answer.status_code, codes(answer)) == (422, expected)
        assert everything() == before

    def test_attainments_are_corrected(self, app: App) -> None:
        lines = changing(app, "attainments", group_name="9Z", size="2.5", size_unit="2")
        assert write(app, "attainments", [{**line, "size": 2.5} for line in lines]).status_code == 200
        assert {(row["group_name"], row["size"]) for row in rows(app, "attainments")} == {("9Z", 2.5)}

    def test_what_says_nothing_new_writes_nothing(self, app: App) -> None:
        lines = [{"id": row["id"], "if_match": "*", "mark": row["mark"]} for row in rows(app, "assessments")]
        before = everything()
        assert write(app, "assessments", lines).status_code == 200
        assert everything() == before

    def test_the_cost_does_not_grow_by_line(self, app: App) -> None:
        above = subject(app)
        new = {"attainment_id": above, "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "7", "is_passed": True}
        statements = []
        for number in (1, 100):
            change = {"id": rows(app, "assessments")[0]["id"], "if_match": "*", "mark": str(number % 7 + 4)}
            with CaptureQueriesContext(connection) as queries:
                assert write(app, "assessments", [new] * number + [change]).status_code == 200
            statements.append(len(queries))
        assert statements[0] == statements[1]

    def test_minimal(self, app: App) -> None:
        answer = write(app, "assessments", changing(app, "assessments", mark="4"), {"Prefer": "return=minimal"})
        assert (answer.status_code, answer.content, answer["Preference-Applied"]) == (204, b"", "return=minimal")

    def test_a_call_that_is_made_again_is_answered_and_not_done_again(self, app: App) -> None:
        above = subject(app)
        new = {"attainment_id": above, "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "7", "is_passed": True}
        key = {"Idempotency-Key": str(uuid4())}
        first = write(app, "assessments", [new, new], key)
        number = count("studies_assessment")
        again = write(app, "assessments", [new, new], key)
        assert (again.status_code, again.json()) == (200, first.json())
        assert count("studies_assessment") == number
        other = write(app, "assessments", [new], key)
        assert codes(other) == [("header.Idempotency-Key", "reused")]


class TestNone:
    def test_every_fault_of_every_line_comes_at_once_and_nothing_is_done(self, app: App) -> None:
        (stands, *_others) = changing(app, "assessments", mark="9")
        above = subject(app)
        before = everything()
        body = b"\n".join(
            [
                json.dumps(stands).encode(),
                b"",
                b"{",
                b"[1]",
                json.dumps({**stands, "mark": "4"}).encode(),
                json.dumps({"id": str(uuid4()), "if_match": "*", "mark": "4"}).encode(),
                json.dumps({"id": stands["id"][:-1], "mark": "4"}).encode(),
                json.dumps({"attainment_id": above, "if_match": "*", "mark": "4"}).encode(),
            ]
        )
        answer = write(app, "assessments", body)
        assert answer.status_code == 422
        assert codes(answer) == [
            ("lines.3", "no_json"),
            ("lines.4", "no_object"),
            ("lines.7.id", "no_id"),
            ("lines.7.if_match", "missing"),
            ("lines.8.if_match", "of_no_row"),
            ("lines.1.id", "repeated"),
            ("lines.5.id", "repeated"),
        ]
        lines = [
            {**stands, "nope": 1, "assessed_on": "31.2.2026"},
            {"id": str(uuid4()), "if_match": "*", "mark": "4"},
            {"attainment_id": str(uuid4()), "mark_scheme": "x", "mark": "4", "is_passed": True},
            {"attainment_id": above, "mark": "4\u0000", "is_passed": True},
        ]
        answer = write(app, "assessments", lines)
        assert {pointer for pointer, _ in codes(answer)} == {
            "lines.1.nope",
            "lines.1.assessed_on",
            "lines.2.id",
            "lines.3.attainment_id",
            "lines.4.mark",
        }
        assert everything() == before

    def test_of_another_version_nothing_is_done(self, app: App) -> None:
        lines = changing(app, "assessments", mark="9")
        assert len(lines) > 1
        send(app, "PATCH", f"assessments/{lines[0]['id']}", {"mark": "5"}, headers={"If-Match": "*"})
        before = everything()
        answer = write(app, "assessments", lines)
        assert codes(answer) == [("lines.1.if_match", "outdated")]
        assert everything() == before

    def test_rights(self, app: App) -> None:
        (line, *_) = changing(app, "assessments", mark="9")
        table = count("studies_assessment"), {row["mark"] for row in rows(app, "assessments")}
        for scopes, rule in (
            ((ASSESSMENTS_READ, ASSESSMENTS_WORDS_READ), ASSESSMENTS_WRITE),
            ((ASSESSMENTS_WRITE,), ASSESSMENTS_READ),
        ):
            reader = App(cast.KUUSNIEMI_OID, scopes=scopes)
            answer = write(reader, "assessments", [line])
            assert (answer.status_code, answer.json()["rule"]) == (403, rule)
        narrow = App(cast.KUUSNIEMI_OID, scopes=(ASSESSMENTS_READ, ASSESSMENTS_WRITE))
        (own, *_) = changing(narrow, "assessments", description={"fi": "x"})
        assert write(narrow, "assessments", [own]).status_code == 403
        elsewhere = App(cast.VALKAMO_OID, scopes=(*ALL, *WRITES))
        answer = write(elsewhere, "assessments", [line])
        assert codes(answer) == [("lines.1.id", "not_there")]
        assert write(app, "assessments", [line], query="?fields=mark").status_code == 422
        assert (count("studies_assessment"), {row["mark"] for row in rows(app, "assessments")}) == table

    def test_an_app_of_two_providers_says_at_which(self) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=(*ALL, *WRITES))
        lines = changing(both, "assessments", mark="9")
        assert codes(write(both, "assessments", lines)) == [("query.provider_id", "missing")]
        assert codes(write(both, "assessments", lines, query=f"?provider_id={uuid4()}")) == [
            ("query.provider_id", "not_there")
        ]
        at = f"?provider_id={cast.KUUSNIEMI}"
        answer = write(both, "assessments", lines, query=at)
        assert {code for _, code in codes(answer)} == {"not_there"}, "one row is the other provider's"
        wrong = {pointer for pointer, _ in codes(answer)}
        here = [line for n, line in enumerate(lines, 1) if f"lines.{n}.id" not in wrong]
        assert write(both, "assessments", here, query=at).status_code == 200

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"\n \n", ("body", "empty")),
            (b"{}\n" * (MOST_LINES + 1), ("body", "too_many")),
            (b"\xff\xfe{", ("lines.1", "no_json")),
            (b"[" * 900, ("lines.1", "no_json")),
            (b'{"id": "x", "id": "y"}', ("lines.1", "no_json")),
            (b'{"mark": NaN}', ("lines.1", "no_json")),
        ],
    )
    def test_what_are_no_lines(self, app: App, body: bytes, expected: tuple[str, str]) -> None:
        answer = write(app, "assessments", body)
        assert (answer.status_code, codes(answer)) == (422, [expected])

    def test_another_type_is_refused(self, app: App) -> None:
        assert send(app, "POST", "assessments/lines", {"mark": "4"}).status_code == 415
        assert ask(app, "assessments/lines").status_code == 405
