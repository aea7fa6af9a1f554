"""Addresses that nobody serves: a program is answered in the form that it reads, and told where to turn."""

from typing import Any

import pytest
from django.test import Client

from tests.api.oneroster import PREFIX, App, minor, validate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize(
    "where", ["/ims/", "/ims/oneroster/v1p0/users", "/ims/oneroster/gradebook/v1p2/lineItems", "/ims/\N{SNOWMAN}"]
)
def test_other_versions_are_answered_as_the_standard_has_it(official: dict[str, Any], method: str, where: str) -> None:
    answer = Client().generic(method, where)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"
    if method == "HEAD":
        return
    validate(official, "/users", answer)
    assert minor(answer) == "unknownobject"
    assert f"{PREFIX}/users" in answer.json()["imsx_description"]


def test_within_the_service_a_stranger_is_asked_for_a_token_first(app: App) -> None:
    assert app.client.get(f"{PREFIX}/nowhere").status_code == 401
    assert app.get("nowhere").status_code == 404


@pytest.mark.parametrize(
    "where", ["/api/v2/schools", "/api/v1//", "/api/v12", "/api/docs/", "/api/nowhere", "/api/v1/docs/more"]
)
def test_what_is_no_address_of_the_api_is_a_problem_that_tells_the_way(app: App, where: str) -> None:
    headers = {"Authorization": f"Bearer {app.token}", "Accept-Language": "en"}
    answer = app.client.get(where, headers=headers)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert "/api/v1/docs" in answer.json()["detail"]
    stranger = app.client.get(where)
    assert (stranger.status_code, stranger["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("where", ["/api", "/api/", "/api/docs", "/api/v1", "/api/v1/"])
def test_who_tries_the_door_finds_the_documentation(where: str) -> None:
    answer = Client().get(where)
    assert (answer.status_code, answer["Location"]) == (302, "/api/v1/docs")
    assert Client().get(answer["Location"]).status_code == 200
