"""Whole lists as lines: the same rows as the pages have, in runs, for as long as the right to read lasts."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digione.core import clock
from digione.rest.v1 import bulk
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS, PERSONS
from tests import cast
from tests.api.oneroster import App, audit
from tests.api.v1 import ALL, ask, codes, crowd, lines, rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
BOTH = (cast.KUUSNIEMI_OID, cast.VALKAMO_OID)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "RUN", 7)


def as_lines(app: App, path: str, *, token: str | None = None, **query: Any) -> Any:
    return ask(app, path, token=token, headers={"Accept": bulk.LINES}, **query)


@pytest.mark.parametrize("oids", [BOTH[:1], BOTH], ids=["one", "two"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
def test_lines_are_the_rows_of_the_pages(endpoint: Endpoint, oids: tuple[str, ...]) -> None:
    crowd(15)
    app = App(*oids, scopes=ALL)
    answer = as_lines(app, endpoint.path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
    whole = rows(app, endpoint.path)
    assert [json.loads(line) for line in lines(answer)] == whole
    behind = as_lines(app, endpoint.path, after=whole[0]["id"], fields="id")
    assert [json.loads(line) for line in lines(behind)] == [{"id": row["id"]} for row in whole[1:]]


def test_an_empty_list_has_no_lines() -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    assert lines(as_lines(app, "persons", after="ffffffff-ffff-ffff-ffff-ffffffffffff")) == []


def test_each_run_costs_the_same_and_is_told() -> None:
    crowd(40)
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    before = len(audit(cast.PUPIL))
    with CaptureQueriesContext(connection) as statements:
        found = lines(as_lines(app, "persons"))
    runs = -(-len(found) // bulk.RUN)
    assert runs > 5
    assert len(statements) == 7 * runs - 1 + 1, "A token, and a use case of six statements, for each run."
    assert len(audit(cast.PUPIL)) == before + 1, "Once told to whom one run showed."


def test_whom_a_run_did_not_show_the_log_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    people = crowd(40)
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    named = {app.sourced(person): person for person in people}
    ids = [row["id"] for row in rows(app, "persons")]
    behind = next(number for number, ident in enumerate(ids) if number > 4 and {ident, ids[number - 1]} <= named.keys())
    last, first_of_next = named[ids[behind - 1]], named[ids[behind]]
    before = len(audit(last)), len(audit(first_of_next))
    monkeypatch.setattr(bulk, "RUN", behind)
    answer = app.client.get("/api/v1/persons", headers={"Authorization": f"Bearer {app.token}", "Accept": bulk.LINES})
    assert len(next(iter(answer.streaming_content)).splitlines()) == behind
    assert (len(audit(last)), len(audit(first_of_next))) == (before[0] + 1, before[1])


def test_a_right_that_ends_breaks_the_lines_off() -> None:
    crowd(40)
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    token = app.new_token(ALL, lasts=timedelta(minutes=5))
    begun = clock.now()
    answer = app.client.get("/api/v1/persons", headers={"Authorization": f"Bearer {token}", "Accept": bulk.LINES})
    stream = iter(answer.streaming_content)
    assert len(next(stream).splitlines()) == bulk.RUN
    with clock.fixed(begun + timedelta(minutes=6)), pytest.raises(ConnectionAbortedError):
        next(stream)


def test_what_lines_do_not_take() -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    assert codes(as_lines(app, PERSONS.path, limit=10)) == [("query.limit", "not_of_lines")]
    assert as_lines(app, PERSONS.path, token="x").status_code == 401
    assert as_lines(App(cast.KUUSNIEMI_OID, scopes=(ALL[0],)), PERSONS.path).status_code == 403
    for accepted in ("*/*", "application/json", f"{bulk.LINES};q=0.5, application/json"):
        assert ask(app, PERSONS.path, headers={"Accept": accepted})["Content-Type"] == "application/json"
