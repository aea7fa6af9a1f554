"""No route answers a stranger, by whatever method; and no form counts that did not come from a page of ours.

The routes are found, not listed: every address × every method is asked, through the hot lane as well as past it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from digione.rest.hot_lane import HotLane
from tests import cast
from tests.api.wsgi import Answer, ask

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READS = {"GET", "HEAD", "OPTIONS"}
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
#: What a stranger may be answered with.
SHUT = {401, 403, 404, 405}
AN_ID = "01900000-0000-7000-8000-000000000079"

#: Route → the methods by which it answers a stranger, and why. Everything else is shut.
PUBLIC: dict[str, tuple[set[str], str]] = {
    "healthz": (READS, "load balancers ask whether the process lives"),
    "readyz": (READS, "load balancers ask whether it can serve"),
    "api/v1/openapi.json": ({"GET", "HEAD"}, "the description of the API: it is published, and holds no data"),
    "api/v1/docs": ({"GET", "HEAD"}, "the same for people"),
    "api": ({"GET", "HEAD"}, "leads to the documentation"),
    "api/": ({"GET", "HEAD"}, "leads to the documentation"),
    "api/docs": ({"GET", "HEAD"}, "leads to the documentation"),
    "api/v1": ({"GET", "HEAD"}, "leads to the documentation"),
    "api/v1/": ({"GET", "HEAD"}, "leads to the documentation"),
    "oauth/token": ({"OPTIONS", "POST"}, "the client proves who it is in the request itself (RFC 6749)"),
    "oauth/revoke": ({"OPTIONS", "POST"}, "the client proves who it is in the request itself (RFC 7009)"),
    "accounts/login/": (READS, "one signs in here; a form without its token is refused"),
    "accounts/logout/": ({"OPTIONS"}, "tells its methods; whoever is not signed in is sent to sign-in"),
    "accounts/inactive/": (READS, "tells that an account is closed, and nothing else"),
    "static/accent/<slug:colour>.css": ({"GET"}, "a colour that stands in the address itself"),
    "data-model": ({"GET", "HEAD"}, "what the fields of the data model mean: it is published, and holds no data"),
    "demo": ({"GET", "HEAD"}, "the door of the demonstration; answers 404 outside demo mode"),
    "demo.json": ({"GET"}, "the sign-ins of the demonstration, for programs; answers 404 outside demo mode"),
}
#: Routes of programs: they carry their own proof in the request and no cookie, so there is nothing to forge.
OF_PROGRAMS = ("api/", "^api/", "ims/", "^ims/", "oauth/")


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


ROUTES = sorted(_walk(get_resolver().url_patterns))


def _address(route: str) -> str:
    """Return an address of a route, with an id where one is wanted."""
    if route.startswith("^"):
        return "/" + re.sub(r"\(\?!.*?\)", "", route.removeprefix("^")).replace("(?P<rest>.*)$", "anything")
    return "/" + re.sub(r"<slug:colour>", "1b5c6e", re.sub(r"<(?!slug)[^>]+>", AN_ID, route))


@pytest.fixture
def house() -> Any:
    """The whole of it as it is served, but for the gate, which would find a stranger with so many questions too quick."""
    return HotLane(get_wsgi_application())


def _shut(answer: Answer) -> bool:
    sent_to_sign_in = answer.status_code in (301, 302) and answer.headers["Location"].startswith("/accounts/login/")
    return answer.status_code in SHUT or sent_to_sign_in


@pytest.mark.parametrize(
    ("authorization", "cookie"),
    [(None, ""), ("Bearer forged", ""), ("Basic Zm9yOmdlZA==", "sessionid=forged; csrftoken=forged")],
    ids=["nothing", "forged token", "forged session"],
)
def test_no_route_answers_a_stranger(house: Any, settings: Any, authorization: str | None, cookie: str) -> None:
    settings.DEMO = True
    assert len(ROUTES) > 100
    opened: dict[str, set[str]] = {}
    for route in ROUTES:
        for method in METHODS:
            answer = ask(house, _address(route), method=method, authorization=authorization, headers={"Cookie": cookie})
            if not _shut(answer):
                opened.setdefault(route, set()).add(method)
    assert opened == {route: methods for route, (methods, _reason) in PUBLIC.items()}


def test_what_is_public_only_in_the_demonstration_is_shut_elsewhere(house: Any, settings: Any) -> None:
    settings.DEMO = False
    for route in ("demo", "demo.json"):
        for method in METHODS:
            assert _shut(ask(house, _address(route), method=method)), (route, method)


@pytest.mark.parametrize("who", ["stranger", "teacher"])
def test_no_change_without_the_token_of_a_form(who: str) -> None:
    """Every route of the browser × every method that may change something, with a session and without."""
    strict = Client(enforce_csrf_checks=True)
    if who == "teacher":
        strict.force_login(get_user_model().objects.create_user("k7.opettaja", "x" * 12, person_id=cast.TEACHER))
        assert strict.get("/settings").status_code == 200
    asked = 0
    for route in ROUTES:
        if route.startswith(OF_PROGRAMS):
            continue
        for method in CHANGES:
            answer = strict.generic(method, _address(route), "answer=different", "application/x-www-form-urlencoded")
            assert answer.status_code == 403, (route, method, answer.status_code)
            assert "CSRF" in answer.content.decode() or b"csrf" in answer.content.lower(), (route, method)
            asked += 1
    assert asked > 100
    assert who == "stranger" or strict.get("/settings").status_code == 200, "One is still signed in."
