"""What leaves: JSON bytes on success, the standard's status payload on failure."""

import json
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse


class Minor(StrEnum):
    """The standard's minor codes that we use."""

    INVALID_FILTER_FIELD = "invalid_filter_field"
    INVALID_SELECTION_FIELD = "invalid_selection_field"
    INVALID_DATA = "invaliddata"
    UNAUTHORISED = "unauthorisedrequest"
    FORBIDDEN = "forbidden"
    BUSY = "server_busy"
    UNKNOWN_OBJECT = "unknownobject"
    INTERNAL = "internal_server_error"


class RefusedError(Exception):
    """A request that gets the standard's failure payload. `description` says what to do, and shows no data."""

    def __init__(self, status: HTTPStatus, minor: Minor, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.minor = minor
        self.description = description


def refusal(error: RefusedError) -> HttpResponse:
    """Return the failure payload (`imsx_StatusInfo`) of `error`."""
    return refused(status_info(error), error)


def status_info(error: RefusedError) -> dict[str, Any]:
    """Return the `imsx_StatusInfo` of `error`."""
    return {
        "imsx_codeMajor": "unsupported" if error.status == HTTPStatus.METHOD_NOT_ALLOWED else "failure",
        "imsx_severity": "error",
        "imsx_description": error.description,
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [
                {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": str(error.minor)}
            ]
        },
    }


def refused(body: dict[str, Any], error: RefusedError) -> HttpResponse:
    """Return `body` with the status of `error`, and the headers that belong to it."""
    answer = answered(json.dumps(body, ensure_ascii=False).encode(), status=error.status)
    if error.status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="OneRoster"'
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        answer["Allow"] = "GET, HEAD"
    return answer


def answered(body: bytes, status: int = HTTPStatus.OK) -> HttpResponse:
    """Return a JSON answer that no cache keeps."""
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})


def links(page: Callable[[int], str], *, limit: int, offset: int, total: int) -> str:
    """Return the value of the `Link` header; `page` gives the address of the page at an offset."""
    last = max((total - 1) // limit, 0) * limit
    rels = [("first", 0), ("last", last)]
    if offset + limit < total:
        rels.append(("next", offset + limit))
    if offset > 0:
        rels.append(("prev", max(min(offset, total) - limit, 0)))
    return ", ".join(f'<{page(at)}>; rel="{rel}"' for rel, at in rels)
