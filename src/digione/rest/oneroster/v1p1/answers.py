"""How 1.1 tells that something failed, or that a part of a question was passed over (section 3.4, error handling).

The text of the standard has a list `statusInfoSet` whose minor code is one word; the files of its services have the same
facts at the root of the payload, in the words of 1.2. A failure tells both, so that a client made by either reads it.
"""

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.http import HttpResponse

from digione.rest.oneroster.answers import Minor, RefusedError, refused, status_info

#: Our minor codes in the words of 1.1.
MINOR: dict[Minor, str] = {
    Minor.INVALID_FILTER_FIELD: "invalid_filter_field",
    # An unknown field is no failure in 1.1 (`passed_over`); what is left is a selection of nothing.
    Minor.INVALID_SELECTION_FIELD: "invalid_blank_selection_field",
    Minor.INVALID_DATA: "invalid data",
    Minor.UNAUTHORISED: "unauthorized",
    Minor.FORBIDDEN: "forbidden",
    Minor.BUSY: "server_busy",
    Minor.UNKNOWN_OBJECT: "unknown object",
    Minor.INTERNAL: "internal_server_error",
}
INVALID_SORT_FIELD = "invalid_sort_field"
INVALID_SELECTION_FIELD = "invalid_selection_field"


def refusal(error: RefusedError) -> HttpResponse:
    """Return the failure payload of `error`."""
    if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        # In 1.1 this status is of bodies that are sent; what a question has wrong is 400.
        error = RefusedError(HTTPStatus.BAD_REQUEST, error.minor, error.description)
    reference = str(uuid4())
    told = _info("failure", "error", error.description, MINOR[error.minor], reference)
    return refused({"statusInfoSet": [told], **status_info(error), "imsx_messageRefIdentifier": reference}, error)


def passed_over(told: dict[str, str]) -> str:
    """Return what stands behind the objects of an answer, as JSON with its comma: by minor code, what was passed over and why."""
    if not told:
        return ""
    found = [_info("success", "warning", why, minor, str(uuid4())) for minor, why in told.items()]
    return f',"statusInfoSet":{json.dumps(found, ensure_ascii=False)}'


def _info(major: str, severity: str, description: str, minor: str, reference: str) -> dict[str, Any]:
    return {
        "imsx_codeMajor": major,
        "imsx_severity": severity,
        "imsx_messageRefIdentifier": reference,
        "imsx_description": description,
        "imsx_codeMinor": minor,
    }
