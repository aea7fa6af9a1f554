"""The operations: django-ninja has addresses, parameters and OpenAPI from the endpoints; PostgreSQL makes the JSON."""

import json
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Query, Schema
from ninja.errors import AuthenticationError, ValidationError
from ninja.security.base import AuthBase

from digione.core.errors import ConflictError, DeniedError, Fault, InvalidInputError, NotFoundError
from digione.rest.oneroster.answers import RefusedError
from digione.rest.oneroster.token import Caller, caller
from digione.rest.v1 import bulk, changes, collect, learners, parameters, recording, shapes
from digione.rest.v1.bulk import LINES
from digione.rest.v1.endpoint import Endpoint, Writing
from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.facts import Span, When, tag_of
from digione.rest.v1.learner import SECTIONS, SUMMARY
from digione.rest.v1.learner_scopes import LEAST
from digione.rest.v1.problems import language_of, problem

log = logging.getLogger(__name__)
VERSION = "1"
PREFIX = "/api/v1/"
_METHODS = ["GET", "HEAD"]
#: The parameters of each operation, by its name: django-ninja passes over those that it does not know.
_PARAMETERS: dict[str, type[Schema]] = {}
Answering = Callable[..., HttpResponseBase]
_HOW_TO_FOLLOW = (
    "Ask without `after` for where the app stands now, read the list whole, then ask with `after` as often as you like:"
    " every row that was added, changed or removed since comes with what it is today. What changes while the list is read"
    " comes too, so nothing is missed; a row may come twice. What the app may not see changes nothing."
)


class AppToken(AuthBase):
    """The gate of every operation: the app behind a bearer token, with the providers that have taken it into use."""

    openapi_type = "oauth2"
    openapi_description = "Client credentials (RFC 6749) of an app that a provider has taken into use."
    openapi_flows = {
        "clientCredentials": {
            "tokenUrl": "/oauth/token",
            "scopes": {
                scope: f"{endpoint.summary}{'' if scope == endpoint.scope else ', with what identifies them further'}"
                for endpoint in ENDPOINTS
                for scope in filter(None, (endpoint.scope, endpoint.narrow_scope))
            }
            | {endpoint.writing.scope: f"{endpoint.summary}, to write" for endpoint in ENDPOINTS if endpoint.writing},
        }
    }

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Return who asks, None for a stranger."""
        try:
            return caller(request.headers)
        except RefusedError:
            return None


def make_api() -> NinjaAPI:
    """Return the service with every endpoint."""
    api = NinjaAPI(
        title="DigiOne API",
        version=VERSION,
        description="The open data model, for apps that an education provider has taken into use.",
        auth=AppToken(),
        docs_url=None,
        openapi_url=None,
        urls_namespace="v1",
    )
    for kind, answer in _FAILURES.items():
        api.add_exception_handler(kind, answer)
    ones = {endpoint.path: shapes.of_one(endpoint) for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        _serve(api, endpoint, ones[endpoint.path])
    _serve_learners(api, shapes.of_learner(ones))
    return api


def _serve_learners(api: NinjaAPI, shape: type[Schema]) -> None:
    def read_learner(request: HttpRequest, id: str) -> HttpResponse:
        _refuse_names(request)
        wanted = parameters.identifier(id)
        if wanted is None:
            raise NotFoundError("What is not written as we write ids is nobody's.")
        body, tag = learners.one(_caller(request), wanted)
        return _tagged(request, body, f'"{tag}"')

    _PARAMETERS["get_learner"] = Schema
    parts = ", ".join(f"`{section.name}` by `{section.endpoint.scope}`" for section in SECTIONS)
    description = (
        f"Needs the scope `{LEAST}`; each part comes where its scope is open: {parts}. Rows and fields are those of the"
        " lists. Who has no study right at a provider of the app is no learner of it."
    )
    _operation(
        api, "/learners/{id}", read_learner, shape, "get_learner", tags=["learners"], summary=SUMMARY,
        description=description,
    )  # fmt: skip


def _serve(api: NinjaAPI, endpoint: Endpoint, one_shape: type[Schema]) -> None:
    list_model, one_model = parameters.of_list(endpoint), parameters.of_one(endpoint)
    change_model = parameters.of_changes(endpoint)

    def read_list(request: HttpRequest, query: Any) -> HttpResponseBase:
        _refuse_names(request)
        where = {name: value for name in endpoint.filters if (value := getattr(query, name)) is not None}
        wish = collect.Wish(_caller(request), endpoint, _fields(query), _when(query))
        if request.get_preferred_type(["application/json", LINES]) == LINES:
            _refuse_limit(request)
            return bulk.answer(request, wish, Span(query.after, query.limit, where))
        return _page(request, collect.page(wish, Span(query.after, query.limit, where)))

    def read_one(request: HttpRequest, id: str, query: Any) -> HttpResponse:
        _refuse_names(request)
        wanted = parameters.identifier(id)
        if wanted is None:
            raise NotFoundError("What is not written as we write ids is nobody's.")
        found = collect.one(collect.Wish(_caller(request), endpoint, _fields(query), _when(query)), wanted)
        body = found.body.encode()
        return _tagged(request, body, tag_of(body, found.version))

    def read_changes(request: HttpRequest, query: Any) -> HttpResponse:
        wish = collect.Wish(_caller(request), endpoint, _fields(query))
        start = None if query.after is None else changes.cursor_of(wish, query.after)
        faults = _faults_of_names(request)
        if query.after is not None and start is None:
            faults.append(Fault("query.after", "no_place", _("Give what an answer told as “after”.")))
        if faults:
            raise InvalidInputError(faults)
        return _feed(request, changes.follow(wish, start, query.limit))

    _PARAMETERS.update(
        {
            f"list_{endpoint.path}": list_model,
            f"get_{endpoint.single}": one_model,
            f"follow_{endpoint.path}": change_model,
        }
    )
    read_changes.__annotations__["query"] = _of_query(change_model)
    read_list.__annotations__["query"] = _of_query(list_model)
    read_one.__annotations__["query"] = _of_query(one_model)
    more = f"\n\n`{endpoint.narrow_scope}` opens more of its fields." if endpoint.narrow_scope else ""
    shared: dict[str, Any] = {"tags": [endpoint.path], "description": f"Needs the scope `{endpoint.scope}`.{more}"}
    _operation(
        api, f"/{endpoint.path}", read_list, shapes.of_list(endpoint, one_shape), f"list_{endpoint.path}",
        summary=endpoint.summary, **shared,
    )  # fmt: skip
    # Before single rows, since no row is called so.
    _operation(
        api, f"/{endpoint.path}/changes", read_changes, shapes.of_changes(endpoint, one_shape), f"follow_{endpoint.path}",
        summary=f"What has changed since the app looked last: {endpoint.path}", failures=(410,),
        **shared | {"description": f"{shared['description']}\n\n{_HOW_TO_FOLLOW}"},
    )  # fmt: skip
    if endpoint.writing:
        _serve_lines(api, endpoint, endpoint.writing)
    _operation(
        api, f"/{endpoint.path}/{{id}}", read_one, one_shape, f"get_{endpoint.single}",
        summary=f"One of them, by its id for the app: {endpoint.single}", **shared,
    )  # fmt: skip
    if endpoint.writing:
        _serve_writing(api, endpoint, endpoint.writing, one_shape)


def _serve_lines(api: NinjaAPI, endpoint: Endpoint, writing: Writing) -> None:
    owner = _owner(writing)

    def write_all(request: HttpRequest) -> HttpResponse:
        _refuse_names(request)
        return _done(request, recording.write_all(request, _caller(request), endpoint, owner))

    _PARAMETERS[f"write_{endpoint.path}"] = parameters.of_lines(endpoint)
    _writing_operation(
        api, "POST", f"/{endpoint.path}/lines", write_all, {200: shapes.of_done(endpoint), 204: None},
        (401, 403, 415, 422, 429),
        operation_id=f"write_{endpoint.path}", summary=f"Write many at once: {endpoint.path}",
        description=f"{_needs(endpoint, writing)} The body has up to {recording.MOST_LINES} lines (NDJSON), all of one provider; all are"
        " done or none. A line with an `id` changes that row, of the version that its `if_match` says; one without adds a row"
        f" {_where(writing)}.",
        tags=[endpoint.path], openapi_extra=shapes.body_of_lines(endpoint),
    )  # fmt: skip


def _owner(writing: Writing) -> Endpoint:
    return next(each for each in ENDPOINTS if each.path == writing.adds_to)


def _needs(endpoint: Endpoint, writing: Writing) -> str:
    return f"Needs the scopes `{writing.scope}` and `{endpoint.scope}`."


def _where(writing: Writing) -> str:
    under = f"under its `{writing.owner}`"
    return f"in its `{writing.part_of}`, or without one {under}" if writing.part_of else under


def _serve_writing(api: NinjaAPI, endpoint: Endpoint, writing: Writing, shape: type[Schema]) -> None:
    def change(request: HttpRequest, id: str) -> HttpResponse:
        _refuse_names(request)
        wanted = parameters.identifier(id)
        if wanted is None:
            raise NotFoundError("What is not written as we write ids is nobody's.")
        return _recorded(request, endpoint, recording.change(request, _caller(request), endpoint, wanted))

    needs = _needs(endpoint, writing)
    _PARAMETERS.update({f"change_{endpoint.single}": Schema, f"add_{endpoint.single}": Schema})
    failures = (401, 403, 404, 412, 415, 422, 428, 429)
    _writing_operation(
        api, "PATCH", f"/{endpoint.path}/{{id}}", change, {200: shape, 204: None}, failures,
        operation_id=f"change_{endpoint.single}", summary=f"Correct one of them: {endpoint.single}",
        description=f"{needs} The body has the fields to change (RFC 7396).", tags=[endpoint.path],
        openapi_extra=shapes.body_of(endpoint, adding=False),
    )  # fmt: skip
    owner = _owner(writing)

    def add(request: HttpRequest) -> HttpResponse:
        _refuse_names(request)
        return _recorded(request, endpoint, recording.add(request, _caller(request), endpoint, owner))

    _writing_operation(
        api, "POST", f"/{endpoint.path}", add, {201: shape}, (401, 403, 415, 422, 429),
        operation_id=f"add_{endpoint.single}", summary=f"Add one: {endpoint.single}",
        description=f"{needs} It comes last {_where(writing)}.", tags=[endpoint.path],
        openapi_extra=shapes.body_of(endpoint, adding=True),
    )  # fmt: skip


def _writing_operation(
    api: NinjaAPI, method: str, path: str, answer: Answering, done: dict[int, Any], failures: Sequence[int], **more: Any
) -> None:
    responses = {**done, **dict.fromkeys(failures, shapes.Problem)}
    api.api_operation([method], path, response=responses, url_name=more["operation_id"], **more)(answer)


def _recorded(request: HttpRequest, endpoint: Endpoint, recorded: recording.Recorded) -> HttpResponse:
    """Return what was written with its `ETag`, or without its body where the caller prefers that (RFC 7240)."""
    if recording.prefers_minimal(request.headers.get("Prefer", "")):
        added = recorded.status == HTTPStatus.CREATED
        answer = HttpResponse(status=HTTPStatus.CREATED if added else HTTPStatus.NO_CONTENT)
        answer["Preference-Applied"] = "return=minimal"
        del answer["Content-Type"]
    else:
        answer = _answered(recorded.body.encode())
        answer.status_code = recorded.status
    answer["ETag"] = tag_of(recorded.body.encode(), recorded.version)
    answer["Cache-Control"] = "no-cache, private"
    if recorded.status == HTTPStatus.CREATED:
        answer["Location"] = f"{PREFIX}{endpoint.path}/{recorded.ident}"
    return answer


def _done(request: HttpRequest, done: list[recording.Done]) -> HttpResponse:
    """Return which rows came of which lines, or nothing where the caller prefers that (RFC 7240)."""
    if recording.prefers_minimal(request.headers.get("Prefer", "")):
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Preference-Applied": "return=minimal"})
        del answer["Content-Type"]
        return answer
    told = [{"line": one.line, "id": one.ident, "etag": tag_of(one.body.encode(), one.version)} for one in done]
    return _answered(json.dumps({"rows": told}).encode())


def _of_query(model: type[Schema]) -> Any:
    """Return the annotation by which django-ninja reads a model from the query."""
    return Annotated[model, Query()]  # type: ignore[type-arg]


def _operation(
    api: NinjaAPI,
    path: str,
    answer: Answering,
    shape: type[Schema],
    name: str,
    failures: Sequence[int] = (),
    **more: Any,
) -> None:
    responses = {200: shape, **dict.fromkeys(sorted({401, 403, 404, 422, 429, *failures}), shapes.Problem)}
    api.api_operation(_METHODS, path, response=responses, operation_id=name, url_name=name, **more)(answer)


def _caller(request: HttpRequest) -> Caller:
    who: Caller = request.auth  # type: ignore[attr-defined]
    return who


def _fields(query: Any) -> frozenset[str] | None:
    return None if query.fields is None else frozenset(query.fields.split(","))


def _when(query: Any) -> When:
    return When(getattr(query, "valid_on", None), query.known_at)


def _refuse_limit(request: HttpRequest) -> None:
    if "limit" in request.GET:
        text = _("Leave it out: lines come to the end of the list. Pages have a limit.")
        raise InvalidInputError([Fault("query.limit", "not_of_lines", text)])


def _refuse_names(request: HttpRequest) -> None:
    faults = _faults_of_names(request)
    if faults:
        raise InvalidInputError(faults)


def _faults_of_names(request: HttpRequest) -> list[Fault]:
    match = request.resolver_match
    return parameters.faults_of_names(request.GET, _PARAMETERS[str(match and match.url_name)])


def _page(request: HttpRequest, page: collect.Page) -> HttpResponse:
    after, address = None, None
    if page.after:
        after = str(page.after)
        others = {name: value for name, value in request.GET.items() if name != "after"}
        asked = urlencode({**others, "after": after})
        address = f"{request.scheme}://{request.get_host()}{quote(request.path)}?{asked}"
    rows = ",".join(page.bodies)
    return _answered(f'{{"items":[{rows}],"after":{json.dumps(after)},"next":{json.dumps(address)}}}'.encode())


def _feed(request: HttpRequest, feed: changes.Feed) -> HttpResponse:
    asked = urlencode({**{name: value for name, value in request.GET.items() if name != "after"}, "after": feed.after})
    told = {
        "after": feed.after,
        "next": f"{request.scheme}://{request.get_host()}{quote(request.path)}?{asked}",
        "more": feed.more,
    }
    return _answered(f'{{"items":[{",".join(feed.bodies)}],{json.dumps(told)[1:]}'.encode())


def _answered(body: bytes) -> HttpResponse:
    # Whoever keeps an answer would keep what a right that has ended opened.
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _tagged(request: HttpRequest, body: bytes, tag: str) -> HttpResponse:
    """Return an object with its `ETag`, or 304 where the caller has this very text."""
    known = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    answer = HttpResponse(status=304) if tag in known or "*" in known else _answered(body)
    answer["ETag"], answer["Cache-Control"] = tag, "no-cache, private"
    return answer


def _stranger(request: HttpRequest, error: Any) -> HttpResponse:
    text = _(
        "Send an access token that is in force: Authorization: Bearer …. /oauth/token gives one, and /api/v1/docs tells how."
    )
    return problem(HTTPStatus.UNAUTHORIZED, text)


def _denied(request: HttpRequest, error: Any) -> HttpResponse:
    text = _("The token's scopes, or what the providers have opened to the app, do not include this.")
    return problem(HTTPStatus.FORBIDDEN, text, rule=error.rule)


def _absent(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, _("Nothing by this address or id is there for this app."))


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    return _faulty(error.faults)


def _unfit(request: HttpRequest, error: Any) -> HttpResponse:
    return _faulty([*_faults_of_names(request), *parameters.faults_of_values(error.errors)])


def _faulty(faults: list[Fault]) -> HttpResponse:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _("Nothing was done. Each fault is listed."), faults=faults)


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(HTTPStatus.BAD_REQUEST, _("Its address or headers are not what HTTP allows."))


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("%s failed", request.path, exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, _("Try again; if it stays so, tell whoever runs the service."))


def _outdated(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(
        HTTPStatus.PRECONDITION_FAILED, _("Somebody else has changed it. Read it again, and change what stands now.")
    )


def _lost(request: HttpRequest, error: Any) -> HttpResponse:
    text = _(
        "What has changed since then cannot be told: that is long ago, or the app may read something else than then."
        " Ask here without “after” for where you stand now, read the list whole, and follow from there."
    )
    return problem(HTTPStatus.GONE, text)


def _unconditional(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(HTTPStatus.PRECONDITION_REQUIRED, _("Send the ETag of what is to be changed: If-Match: “…”."))


def _of_another_type(request: HttpRequest, error: Any) -> HttpResponse:
    text = _("Send the body as one of: %(types)s.") % {"types": ", ".join((*recording.TYPES, LINES))}
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text)


_FAILURES: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    AuthenticationError: _stranger,
    DeniedError: _denied,
    NotFoundError: _absent,
    InvalidInputError: _invalid,
    ConflictError: _outdated,
    changes.LostError: _lost,
    recording.UnconditionalError: _unconditional,
    recording.UnsupportedTypeError: _of_another_type,
    ValidationError: _unfit,
    SuspiciousOperation: _unreadable,
    Exception: _failed,
}


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address that the API does not have: strangers learn nothing, also not that."""
    if AppToken()(request) is None:
        return _stranger(request, None)
    return problem(HTTPStatus.NOT_FOUND, _("The API has no such address. /api/v1/docs tells which it has."))


def elsewhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address of no version of the API, as within one."""
    if AppToken()(request) is None:
        return _stranger(request, None)
    return problem(HTTPStatus.NOT_FOUND, _("The API stands at /api/v1/. /api/v1/docs tells which addresses it has."))


def spoken(answer: Answering, *, writes: bool = False) -> Answering:
    """Return a view that answers in the language of its caller, and refuses methods in the form of the API.

    `writes`: whether `answer` itself knows which methods it takes.
    """

    def serve(request: HttpRequest, *args: Any, **path: Any) -> HttpResponseBase:
        with translation.override(language_of(request.headers.get("Accept-Language", ""))):
            told = (
                answer(request, *args, **path)
                if writes or request.method in _METHODS
                else HttpResponseNotAllowed(_METHODS)
            )
            if told.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                methods = ", ".join(sorted(told["Allow"].split(", ")))
                told = problem(
                    HTTPStatus.METHOD_NOT_ALLOWED, _("This address takes: %(methods)s.") % {"methods": methods}
                )
                told["Allow"] = methods
            told["Content-Language"] = translation.get_language() or "fi"
            told["Vary"] = "Accept, Accept-Language, Authorization"
            return told

    # Whoever calls shows a token, never a cookie, so no other page can make a browser call.
    serve.csrf_exempt = True  # type: ignore[attr-defined]
    return serve
