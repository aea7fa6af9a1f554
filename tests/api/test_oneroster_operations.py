"""Each of the 41 operations against the official schema; long pages leave in chunks."""

from typing import Any

import pytest

from digione.rest.oneroster.operations import OPERATIONS, Operation
from tests import cast
from tests.api.oneroster import App, address, body, validate

pytestmark = pytest.mark.django_db


def test_the_operations_are_those_of_the_official_file(official: dict[str, Any]) -> None:
    theirs = {
        path: sorted(scope for need in methods["get"]["security"] for scope in need["OAuth2CC"])
        for path, methods in official["paths"].items()
    }
    assert len(OPERATIONS) == 41
    assert {f"/{operation.path}": sorted(operation.scopes) for operation in OPERATIONS} == theirs


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
def test_operation_answers_to_the_letter(official: dict[str, Any], app: App, operation: Operation) -> None:
    where = address(app, operation)
    answer = app.get(where)
    assert answer.status_code == 200, answer.content
    validate(official, f"/{operation.path}", answer)
    assert next(iter(body(answer).values())), "The seeded stage has something for every operation."
    alias = app.client.get(
        f"/ims/oneroster/v1p2/rostering/v1p2/{where}", headers={"Authorization": f"Bearer {app.token}"}
    )
    assert alias.content == answer.content
    if operation.one is None:
        assert int(answer["X-Total-Count"]) == len(next(iter(body(answer).values())))
        assert 'rel="first"' in answer["Link"]
        assert 'rel="next"' not in answer["Link"]


@pytest.mark.parametrize(
    "operation", {id(one.resource): one for one in reversed(OPERATIONS)}.values(), ids=lambda operation: operation.path
)
def test_every_field_can_be_sorted_filtered_and_selected(
    official: dict[str, Any], app: App, operation: Operation
) -> None:
    where = address(app, operation)
    properties = official["components"]["schemas"][_schema(operation)]["properties"]
    assert operation.resource.selectable == properties.keys()
    for name in properties:
        assert app.get(where, {"fields": name}).status_code == 200
    if operation.one:
        return
    for name in operation.resource.filterable:
        for predicate in (">=", "<", "~"):
            value = "2026-08-06" if "date" in name.lower() else "a"
            answer = app.get(where, {"sort": name, "orderBy": "desc", "filter": f"{name}{predicate}'{value}'"})
            assert answer.status_code == 200, (name, predicate, answer.content)
        equal, different = (
            int(app.get(where, {"filter": f"{name}{p}'2026-08-06'"})["X-Total-Count"]) for p in ("=", "!=")
        )
        assert equal + different == int(app.get(where)["X-Total-Count"]), name


def _schema(operation: Operation) -> str:
    single = operation.resource.single
    return f"{single[0].upper()}{single[1:]}DType"


class TestStreaming:
    """Long pages leave in chunks."""

    def test_a_stream_is_the_same_answer(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = app.get("users").json()
        monkeypatch.setattr("digione.rest.oneroster.collect.CHUNK", 2)
        streamed = app.get("users", {"limit": 10_000})
        assert streamed.streaming
        assert body(streamed) == plain
        # As real clients ask: the whole list in one, of what lives or of what has changed.
        gone = plain["users"][0]["sourcedId"]
        for term in ("status='active'", f"dateLastModified>'2000-01-01T00:00:00Z' AND sourcedId!='{gone}'"):
            some = app.get("users", {"limit": 10_000, "filter": term})
            assert some.streaming
            found = body(some)["users"]
            assert found == [user for user in plain["users"] if user["sourcedId"] != gone or term.startswith("status")]
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID).get("users")
        assert len(body(both)["users"]) == int(both["X-Total-Count"])
