"""Failures as `application/problem+json` (RFC 9457): every fault listed, with its place, in the caller's language."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.utils.translation.trans_real import parse_accept_lang_header

from digione.core.errors import Fault

CONTENT_TYPE = "application/problem+json"
#: Status → the last part of the problem's type, and its title.
KINDS: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("unreadable", gettext_noop("The request cannot be read")),
    HTTPStatus.UNAUTHORIZED: ("unauthorised", gettext_noop("The app is not known")),
    HTTPStatus.FORBIDDEN: ("forbidden", gettext_noop("The app may not do this")),
    HTTPStatus.NOT_FOUND: ("not-found", gettext_noop("There is no such thing here")),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method", gettext_noop("This address does not take that method")),
    HTTPStatus.GONE: ("lost", gettext_noop("The changes since then are no longer told")),
    HTTPStatus.PRECONDITION_FAILED: ("outdated", gettext_noop("The object has changed meanwhile")),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("type", gettext_noop("A body of this type is not taken")),
    HTTPStatus.PRECONDITION_REQUIRED: ("unconditional", gettext_noop("Say which version is meant")),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too-large", gettext_noop("The request is too large")),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("invalid", gettext_noop("The request has faults")),
    HTTPStatus.TOO_MANY_REQUESTS: ("too-often", gettext_noop("Too many requests")),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("internal", gettext_noop("Something went wrong here")),
}


def language_of(accepted: str) -> str:
    """Return the language of an answer: the first of `Accept-Language` that we speak, else Finnish."""
    spoken = {code for code, _name in settings.LANGUAGES}
    for wanted, _weight in parse_accept_lang_header(accepted[:500]):
        if wanted.partition("-")[0] in spoken:
            return str(wanted.partition("-")[0])
    return "fi"


def body(status: HTTPStatus, detail: str, *, faults: Iterable[Fault] = (), rule: str = "") -> bytes:
    """Return the problem's JSON in the language that is active."""
    kind, title = KINDS[status]
    told: dict[str, Any] = {
        "type": f"urn:digione:problem:{kind}",
        "title": _(title),
        "status": status.value,
        "detail": detail,
    }
    if rule:
        told["rule"] = rule
    errors = [{"pointer": fault.pointer, "code": fault.code, "detail": fault.message} for fault in faults]
    if errors:
        told["errors"] = errors
    return json.dumps(told, ensure_ascii=False).encode()


def problem(status: HTTPStatus, detail: str, *, faults: Iterable[Fault] = (), rule: str = "") -> HttpResponse:
    """Return a failure as an answer. `detail` says what to do, and shows no data."""
    answer = HttpResponse(
        body(status, detail, faults=faults, rule=rule),
        status=status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="DigiOne"'
    return answer
