"""The two lanes to a changed row: they write, answer and log alike, and what the hot lane leaves it leaves untouched."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ASSESSMENTS_WRITE,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ATTAINMENTS_WRITE,
)
from digione.core.use_case import Actor, set_reach
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster import sealed
from digione.rest.v1.hot_writing import CHANGED_HOT
from tests import cast, study_rights
from tests.api.lanes import DAYS, Lanes, Scene, scenes, undone
from tests.api.oneroster import App
from tests.api.v1 import ALL, WRITES
from tests.api.wsgi import Answer, django_application
from tests.api.wsgi import ask as ask_wsgi

SCOPES = (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ASSESSMENTS_WRITE,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ATTAINMENTS_WRITE,
)
_WRITING = (ASSESSMENTS_READ, ASSESSMENTS_WRITE, ATTAINMENTS_READ, ATTAINMENTS_WRITE)
_OWN = {"assessments": study_rights.mark_of, "attainments": study_rights.subject_of}
_DAYS = st.sampled_from([None, "2026-03-09", "2026-03-10", "2026-03-11", "2026-08-02", "2026-02-30", 7])
_CODES = st.sampled_from(["4", "9", "10", "S", "X", "", None, 8, "ä\u2028\\"])
_LISTS = st.sampled_from(["arviointiasteikkoyleissivistava", "arviointiasteikkoammatillinent1k3", "oma", "", None])
_TITLES = st.sampled_from([None, {}, {"fi": "hyvä"}, {"fi": ""}, {"xx9": "a"}, "hyvä"])
_BOOLEANS = st.sampled_from([True, False, None, "true"])
_BODIES = {
    "assessments": {
        "mark": _CODES,
        "mark_scheme": _LISTS,
        "mark_title": _TITLES,
        "assessed_on": _DAYS,
        "is_passed": _BOOLEANS,
        "description": _TITLES,
        "place": st.just(3),
    },
    "attainments": {
        "size": st.sampled_from([2, 2.0, 2.5, 0, -1, None, "2", 1e9]),
        "size_unit": _CODES,
        "language": st.sampled_from(["FI", "SV", "QQ", None]),
        "language_scheme": st.sampled_from(["kieli", "oma", None]),
        "confirmed_on": _DAYS,
        "group_name": st.sampled_from(["7A", "", None, "0\u0000", "\ud800", "010190-999X"]),
        "is_limited": _BOOLEANS,
        "grade": st.sampled_from(["7", "99", None]),
        "module": st.just("MA"),
    },
}


#: Bodies that say nothing wrong by themselves.
_RIGHT = {
    "assessments": {
        "mark": st.sampled_from(["4", "9", "10", "S"]),
        "mark_scheme": st.sampled_from(["arviointiasteikkoyleissivistava", "oma"]),
        "mark_title": st.sampled_from([None, {"fi": "hyvä"}]),
        "assessed_on": st.sampled_from([None, "2026-03-09", "2026-03-11"]),
        "is_passed": st.booleans(),
    },
    "attainments": {
        "size": st.sampled_from([2, 2.5, None]),
        "language": st.sampled_from(["FI", "SV"]),
        "confirmed_on": st.sampled_from([None, "2026-05-30"]),
        "group_name": st.sampled_from(["7A", None]),
        "is_raise": st.booleans(),
    },
}


def _bodies(path: str) -> st.SearchStrategy[Any]:
    fields = st.fixed_dictionaries({}, optional=_BODIES[path]) | st.fixed_dictionaries({}, optional=_RIGHT[path])
    right = st.fixed_dictionaries({}, optional=_RIGHT[path])
    return (fields | right | right).map(lambda body: json.dumps(body).encode()) | st.sampled_from(
        [b"", b"[]", b"{", b'{"mark":"9","mark":"8"}', b'{"mark":NaN}', b"\xff", b" " * 17_000 + b"{}"]
    )


_HEADERS = st.fixed_dictionaries(
    {"If-Match": st.sampled_from(["*", "*", " * ", "tag", "tag", "tag", '"1-0"', "", 'W/"0-0", tag'])},
    optional={
        "Prefer": st.sampled_from(["return=minimal", "respond-async, Return = Minimal", "return=representation"]),
        "Accept-Language": st.sampled_from(["sv", "en", "de"]),
        "X-Request-Id": st.sampled_from(["oma", "ä" * 70]),
    },
)
_TYPES = st.sampled_from([*["application/json"] * 9, "application/merge-patch+json", "text/plain", ""])


def _stands(path: str, person: UUID) -> dict[str, Any]:
    """Return what a call may have left behind: the row, its past, its events, who is to be told; without their times."""
    provider = study_rights.LEARNERS[person][0]
    table, own = f"studies_{path[:-1]}", _OWN[path](person)
    set_reach(Actor("administrator", provider_id=provider))
    asked = {
        "row": f"SELECT to_jsonb(t) - 'sys_from' FROM {table} t WHERE id = %s",
        "past": f"SELECT to_jsonb(h) - '{{sys_from,sys_to}}'::text[] FROM {table}_history h WHERE id = %s ORDER BY sys_to",
        "events": "SELECT to_jsonb(o) - '{id,position,occurred_at,xid}'::text[] FROM core_outbox o WHERE subject = %s",
    }
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for name, sql in asked.items():
            cursor.execute(sql, [own])
            found[name] = [row for (row,) in cursor.fetchall()]
        cursor.execute("SELECT of_table FROM rest_change WHERE provider_id = %s AND of_table = %s", [provider, table])
        found["told"] = cursor.fetchall()
    return found


class _Sides:
    """One call, made by each lane in turn from the same beginning."""

    def __init__(self, path: str, person: UUID, supplier: UUID, token: str) -> None:
        self.path, self.person, self.token = path, person, token
        (named,) = sealed.of_supplier(supplier).made([_OWN[path](person)])
        self.address = f"/api/v1/{path}/{named}"

    def tag(self) -> str:
        """Return the tag of the row as it stands, where the app may read it."""
        with undone():
            answer = ask_wsgi(django_application(), self.address, authorization=f"Bearer {self.token}")
        return answer.headers.get("ETag", '"none-0"')

    def asked(
        self, hot: bool, *, body: bytes, headers: dict[str, str], kind: str
    ) -> tuple[Answer | None, list[Any], Any]:
        left: list[Any] = []

        def ordinary(environ: Any, start_response: Any) -> Any:
            left.append(environ["wsgi.input"].read())
            start_response("200 OK", [])
            return []

        with undone() as logged:
            answer = ask_wsgi(
                HotLane(ordinary) if hot else django_application(), self.address, method="PATCH", body=body,
                authorization=f"Bearer {self.token}", content_type=kind, headers=headers,
            )  # fmt: skip
            if left:
                assert left == [body], "The ordinary lane must find the body that the hot lane has looked at."
            log = logged()
            return None if left else answer, log, _stands(self.path, self.person)


def _without_time(answer: Answer) -> tuple[Any, ...]:
    body = json.loads(answer.content) if answer.content else {}
    since, tag = body.pop("sys_from", None), answer.headers["ETag"]
    others = {name: value for name, value in answer.headers.items() if name not in ("ETag", "Content-Length")}
    # Of an answer without a body the digest in the tag is that of the JSON, in which the time stands.
    assert (since is None) == (answer.status == 204)
    assert tag.count("-") == 1
    return answer.status, list(body.items()), others


@pytest.mark.parametrize("path", [endpoint.path for endpoint in CHANGED_HOT])
@pytest.mark.django_db
def test_both_lanes_write_answer_and_log_alike_whatever_is_asked(path: str) -> None:
    """Over cast, days, takings, scopes, bodies and headers: the same row, past, event, log and answer, or no trace."""
    study_rights.load_study_rights()
    lanes = Lanes()
    seen: Counter[str] = Counter()

    @settings(max_examples=250, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        scene=scenes((*SCOPES, *_WRITING)),
        usual=st.sampled_from([True, True, True, True, False]),
        person=st.sampled_from(sorted(study_rights.LEARNERS)),
        body=_bodies(path),
        headers=_HEADERS,
        kind=_TYPES,
    )
    def probe(scene: Scene, usual: bool, person: UUID, body: bytes, headers: dict[str, str], kind: str) -> None:
        takings = [*scene.takings]
        if usual:
            # An app that one provider has taken, and may write there.
            takings = [
                {
                    "valid_from": DAYS[0],
                    "valid_to": None,
                    "non_disclosure_included": not takings or takings[0]["non_disclosure_included"],
                    "provider_id": study_rights.LEARNERS[person][0],
                    "scopes": [*scene.token_scopes, *_WRITING],
                }
            ]
        token_scopes = (*scene.token_scopes, *_WRITING) if usual else scene.token_scopes
        left = timedelta(hours=1) if usual else scene.token_left
        played = Scene(scene.moment, token_scopes, left, tuple(takings), scene.hidden, scene.rows, scene.moved)
        with lanes.played(played) as token:
            sides = _Sides(path, person, lanes.supplier.pk, token)
            sent = {**headers, "If-Match": headers["If-Match"].replace("tag", sides.tag())}
            before = _stands(path, person)
            ordinary, logged, stands = sides.asked(False, body=body, headers=sent, kind=kind)
            hot, hot_logged, hot_stands = sides.asked(True, body=body, headers=sent, kind=kind)
            assert ordinary is not None
            seen[f"ordinary {ordinary.status}"] += 1
            if hot is None:
                assert (hot_logged, hot_stands) == ([], before)
                if ordinary.status in (200, 204):
                    seen["left"] += 1
                    several = len({taking["provider_id"] for taking in takings}) > 1
                    (row,) = stands["row"]
                    in_words = (
                        path == "assessments" and (row if isinstance(row, dict) else json.loads(row))["mark"] is None
                    )
                    assert several or in_words or len(body) > 16_384, body
                return
            seen[f"hot {hot.status}"] += 1
            seen["changed"] += stands != before
            assert _without_time(hot) == _without_time(ordinary)
            assert (hot_logged, hot_stands) == (logged, stands)
            assert len(hot_logged) == 1

    probe()
    assert seen["changed"] > 10, seen
    assert {"hot 200", "hot 204", "ordinary 401", "ordinary 404", "ordinary 412", "ordinary 422"} <= {*seen}, seen


@pytest.mark.django_db
@pytest.mark.usefixtures("stage")
class TestTag:
    @pytest.fixture
    def app(self) -> App:
        return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))

    def changed(self, app: App, tag: str, mark: str) -> Answer | None:
        left: list[bool] = []

        def ordinary(_environ: Any, start_response: Any) -> list[bytes]:
            left.append(True)
            start_response("200 OK", [])
            return []

        (named,) = sealed.of_supplier(app.made.supplier_id).made([study_rights.mark_of(cast.PUPIL)])
        answer = ask_wsgi(
            HotLane(ordinary), f"/api/v1/assessments/{named}", method="PATCH", authorization=f"Bearer {app.token}",
            body=json.dumps({"mark": mark}).encode(), content_type="application/json", headers={"If-Match": tag},
        )  # fmt: skip
        return None if left else answer

    def test_the_tag_of_a_change_is_that_of_the_next_one_and_of_reading(self, app: App) -> None:
        (named,) = sealed.of_supplier(app.made.supplier_id).made([study_rights.mark_of(cast.PUPIL)])
        before = ask_wsgi(django_application(), f"/api/v1/assessments/{named}", authorization=f"Bearer {app.token}")
        first = self.changed(app, before.headers["ETag"], "9")
        assert first is not None
        read = ask_wsgi(
            django_application(), f"/api/v1/assessments/{named}", authorization=f"Bearer {app.token}"
        )  # fmt: skip
        assert (read.headers["ETag"], read.content) == (first.headers["ETag"], first.content)
        second = self.changed(app, first.headers["ETag"], "8")
        assert second is not None
        assert second.json()["mark"] == "8"
        assert self.changed(app, before.headers["ETag"], "7") is None, "Somebody has changed it meanwhile."

    def test_a_token_that_ends_writes_no_more_though_its_supplier_is_known(self, app: App) -> None:
        assert self.changed(app, "*", "9")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM oauth2_provider_accesstoken")
        assert self.changed(app, "*", "8") is None

    def test_an_id_of_another_supplier_is_nobody_s(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES), supplier="Toinen Oy")
        (named,) = sealed.of_supplier(other.made.supplier_id).made([study_rights.mark_of(cast.PUPIL)])
        for ident in (named, study_rights.mark_of(cast.PUPIL), uuid4()):
            answer = ask_wsgi(
                HotLane(django_application()), f"/api/v1/assessments/{ident}", method="PATCH", body=b'{"mark":"9"}',
                authorization=f"Bearer {app.token}", content_type="application/json", headers={"If-Match": "*"},
            )  # fmt: skip
            assert answer.status == 404

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            *((b'{"description":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}", 422) for deep in (600, 900)),
            (b'{"x":' + b'{"a":' * 600 + b"1" + b"}" * 600 + b"}", 422),
            ('{"mark":"9"}'.encode("utf-16"), 200),
            ('{"mark":"9"}'.encode("utf-8-sig"), 200),
        ],
        ids=["deep", "deeper", "deep and unknown", "utf-16", "mark of order"],
    )
    def test_what_it_cannot_read_breaks_nothing(
        self, app: App, body: bytes, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        (named,) = sealed.of_supplier(app.made.supplier_id).made([study_rights.mark_of(cast.PUPIL)])
        answer = ask_wsgi(
            HotLane(django_application()), f"/api/v1/assessments/{named}", method="PATCH", body=body,
            authorization=f"Bearer {app.token}", content_type="application/json", headers={"If-Match": "*"},
        )  # fmt: skip
        assert answer.status == status
        assert "digione.rest.wire" not in {record.name for record in caplog.records}
