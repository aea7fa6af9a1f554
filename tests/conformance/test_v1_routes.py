"""Every address under `/api/` is behind the gate of apps, and answers by a use case alone.

Routes are found, not listed, and judged by what they do: a stranger gets 401, and an app's answer leaves a row of the
log. That the judgement can tell the difference is shown by routes that break either rule.
"""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, path
from ninja import NinjaAPI

from digione.access.scopes import KNOWN_SCOPES
from digione.audit.recorder import AuditRecorder
from digione.rest.v1.endpoints import ENDPOINTS, PERSONS, SCHOOLS
from digione.rest.v1.service import AppToken
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import one_of
from tests.conformance.test_routes import PUBLIC
from tests.study_rights import load_study_rights

pytestmark = pytest.mark.django_db


def _patterns(patterns: Iterable[Any], prefix: str = "") -> Iterable[tuple[str, URLPattern]]:
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, route)
        elif route.removeprefix("^").startswith("api/"):
            yield route, each


def _faults(patterns: Iterable[Any], app: App, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return route → what is wrong with it, for routes that hold data or may change it."""
    recorded: list[str] = []
    record = AuditRecorder.record

    def listening(self: AuditRecorder, uc: Any, **told: Any) -> None:
        recorded.append(uc.name)
        record(self, uc, **told)

    faults = {}
    with monkeypatch.context() as patched:
        patched.setattr(AuditRecorder, "record", listening)
        for route, pattern in _patterns(patterns):
            if route in PUBLIC:
                continue
            kwargs = (
                {"rest": "x"} if "?P<rest>" in route else dict.fromkeys(pattern.pattern.converters, _known(app, route))
            )
            line = json.dumps({"id": _known(app, route), "if_match": "*"})
            if _ask(pattern, route, kwargs, "", line).status_code != 401:
                faults[route] = "it answers a stranger"
                continue
            recorded.clear()
            answer = _ask(pattern, route, kwargs, f"Bearer {app.token}", line)
            if answer.status_code < 400 and not recorded:
                faults[route] = "it answers without a use case"
            elif answer.status_code >= 400 and "?P<rest>" not in route:
                faults[route] = f"it could not be judged: {answer.status_code}"
    return faults


def _known(app: App, route: str) -> str:
    # A learner's document is asked for by the id of the person.
    paths = {endpoint.path: endpoint for endpoint in ENDPOINTS} | {"learners": PERSONS}
    return one_of(app, paths.get(route.split("/")[2], SCHOOLS))


def _ask(pattern: URLPattern, route: str, kwargs: dict[str, str], authorization: str, line: str) -> HttpResponse:
    """Ask a route, or send it a line where it takes nothing else."""
    answer = _sent(pattern, kwargs, RequestFactory().get(f"/{route}", headers={"Authorization": authorization}))
    if answer.status_code != 405:
        return answer
    headers = {"Authorization": authorization}
    return _sent(pattern, kwargs, RequestFactory().post(f"/{route}", line, "application/x-ndjson", headers=headers))


def _sent(pattern: URLPattern, kwargs: dict[str, str], request: HttpRequest) -> HttpResponse:
    request.resolver_match = pattern.resolve(str(pattern.pattern)) if not kwargs else _Match(pattern)  # type: ignore[assignment]
    return pattern.callback(request, **kwargs)


class _Match:
    """As much of a resolved address as an operation asks for."""

    def __init__(self, pattern: URLPattern) -> None:
        self.url_name = pattern.name


@pytest.fixture
def app() -> App:
    """An app that may all that an app may, of learners with study rights."""
    load_study_rights()
    return App(cast.KUUSNIEMI_OID, scopes=tuple(KNOWN_SCOPES))


def test_every_route_is_behind_the_gate_and_answers_by_a_use_case(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = get_resolver().url_patterns
    routes = [route for route, _ in _patterns(patterns)]
    assert {f"api/v1/{endpoint.path}{one}" for endpoint in ENDPOINTS for one in ("", "/<id>")} < set(routes)
    assert _faults(patterns, app, monkeypatch) == {}


def test_a_route_without_either_is_found(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    api = NinjaAPI(docs_url=None, openapi_url=None, urls_namespace="rogue")

    @api.get("/open")
    def leak(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"[]")

    @api.get("/unrecorded/{id}", auth=AppToken())
    def unrecorded(request: HttpRequest, id: str) -> HttpResponse:
        return HttpResponse(b"[]")

    patterns = [
        path(f"api/v1/{each.pattern}", each.callback, name=each.name)
        for each in api.urls[0]
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]
    assert _faults(patterns, app, monkeypatch) == {
        "api/v1/open": "it answers a stranger",
        "api/v1/unrecorded/<id>": "it answers without a use case",
    }
