"""What the hot lane answers of our own API: one learner, and the change of one row."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from digione.core.errors import InvalidInputError
from digione.core.ids import new_id
from digione.rest.gathering import Gathering
from digione.rest.oneroster import sealed
from digione.rest.v1 import collect
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.facts import Row, tag_of
from digione.rest.v1.hot_writing import CHANGED_HOT
from digione.rest.v1.learners import document, whole
from digione.rest.v1.problems import language_of
from digione.rest.v1.recording import TYPES, parsed, prefers_minimal, versions_of
from digione.rest.v1.write_facts import judged
from digione.rest.wire import StartResponse, array_of_texts, call, checksum_of, number_of, request_id_of

_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: The document of one learner.
_LEARNER = re.compile(rf"/api/v1/learners/({_ID})\Z")
#: A row that is changed: the endpoint, and what the app calls the row.
_CHANGED = re.compile(rf"/api/v1/({'|'.join(each.path for each in CHANGED_HOT)})/({_ID})\Z")
_ENDPOINTS = {each.path: each for each in CHANGED_HOT}
#: Bytes of a body that a change may have here. Longer ones take longer to check than the ordinary lane takes to come.
_LONGEST = 16_384
#: Since when PostgreSQL counts microseconds.
_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
#: Which supplier's a token is, by its checksum: that never changes, and PostgreSQL says each time whether it still holds.
_suppliers: dict[str, UUID] = {}
_MOST_SUPPLIERS = 10_000


def answer(environ: dict[str, Any], start_response: StartResponse) -> list[bytes] | None:
    """Answer a hot route of the API. None where the ordinary lane must answer."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if not authorization.startswith("Bearer ") or environ.get("QUERY_STRING"):
        return None
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "GET" and (found := _LEARNER.match(path)):
        return _learner(environ, start_response, authorization, found[1])
    if method == "PATCH" and (found := _CHANGED.match(path)):
        return _change(environ, start_response, authorization, _ENDPOINTS[found[1]], UUID(found[2]))
    return None


def _learner(
    environ: dict[str, Any], start_response: StartResponse, authorization: str, learner: str
) -> list[bytes] | None:
    if "HTTP_IF_NONE_MATCH" in environ:
        return None
    ident = learner.encode()
    found = _learners.ask(checksum_of(authorization), (ident, request_id_of(environ)))
    if found is None:
        return None
    parts, ids, supplier, tag = found
    body = document(ident, [whole(sealed.of_supplier(UUID(bytes=supplier)), parts, ids)])
    start_response(
        "200 OK", [*_as_in_the_api(environ), ("ETag", f'"{tag.decode()}"'), ("Content-Length", str(len(body)))]
    )
    return [body]


def _change(
    environ: dict[str, Any], start_response: StartResponse, authorization: str, endpoint: Endpoint, ident: UUID
) -> list[bytes] | None:
    told, length = environ.get("HTTP_IF_MATCH"), environ.get("CONTENT_LENGTH") or ""
    if told is None or "HTTP_IDEMPOTENCY_KEY" in environ or environ.get("CONTENT_TYPE") not in TYPES:
        return None
    if not length.isdecimal() or int(length) > _LONGEST:
        return None
    text = environ["wsgi.input"].read(int(length))
    # Whatever is left to the ordinary lane, it reads again.
    environ["wsgi.input"] = BytesIO(text)
    # PostgreSQL takes the text as it came, and only in UTF-8.
    if json.detect_encoding(text) != "utf-8":
        return None
    try:
        faults, _codes = judged(endpoint, parsed(text), {})
    except InvalidInputError:
        return None
    checksum = checksum_of(authorization)
    supplier = None if faults else _supplier(checksum)
    if supplier is None:
        return None
    seal, versions = sealed.of_supplier(supplier), versions_of(told)
    own = seal.opened(ident)
    among = None if versions is None else b"{%b}" % ",".join(versions).encode()
    asked = [checksum.encode(), supplier.hex.encode(), own.hex.encode(), among, text, new_id().hex.encode()]
    rows = call(endpoint.path.encode(), [*asked, request_id_of(environ)])
    if not rows or rows[0][0] is None:
        return None
    body, named, since = (part or b"" for part in rows[0])
    references = [UUID(one) if one else None for one in named.decode().split(",")]
    known_since = _SINCE + timedelta(microseconds=number_of(since))
    row = Row(own, body.decode(), None, references, None, known_since)
    (whole,) = collect.named(seal, endpoint, [row])
    return _changed(environ, start_response, whole.encode(), row.version)


def _changed(environ: dict[str, Any], start_response: StartResponse, body: bytes, version: str) -> list[bytes]:
    headers = [*_as_in_the_api(environ), ("ETag", tag_of(body, version))]
    if prefers_minimal(environ.get("HTTP_PREFER", "")):
        headers = [each for each in headers if each[0] != "Content-Type"]
        start_response("204 No Content", [*headers, ("Preference-Applied", "return=minimal")])
        return []
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _supplier(checksum: str) -> UUID | None:
    """Return whose a token is; None for one that is not in force."""
    known = _suppliers.get(checksum)
    if known is None:
        rows = call(b"supplier", [checksum.encode()])
        found = rows[0][0] if rows else None
        if found is None:
            return None
        if len(_suppliers) >= _MOST_SUPPLIERS:
            _suppliers.clear()
        known = _suppliers[checksum] = UUID(bytes=found)
    return known


def _as_in_the_api(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers that the ordinary lane gives to an object of our own API."""
    accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
    return [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-cache, private"),
        ("Content-Language", language_of(accepted) if accepted else "fi"),
        ("Vary", "Accept, Accept-Language, Authorization"),
        ("X-Content-Type-Options", "nosniff"),
    ]


#: Parts, our ids of their rows, the supplier, and the tag: as `v1_learner` returns them.
_Learner = tuple[bytes, bytes, bytes, bytes]


def _learner_alone(checksum: str, asked: tuple[bytes, bytes | None]) -> _Learner | None:
    rows = call(b"learner", [checksum.encode(), *asked])
    return _as_learner(rows[0]) if rows else None


def learners_together(checksum: str, asked: Sequence[tuple[bytes, bytes | None]]) -> list[_Learner | None]:
    """Return the documents of learners for one token, None for each that is not kept in the database."""
    idents, requests = zip(*asked, strict=True)
    rows = call(b"learners", [checksum.encode(), b"{%b}" % b",".join(idents), array_of_texts(requests)])
    found: list[_Learner | None] = [None] * len(asked)
    for number, *told in rows or ():
        found[number_of(number) - 1] = _as_learner(told)
    return found


def _as_learner(row: Sequence[bytes | None]) -> _Learner | None:
    body, ids, supplier, tag = row
    return None if body is None or supplier is None or tag is None else (body, ids or b"", supplier, tag)


_learners: Gathering[str, tuple[bytes, bytes | None], _Learner] = Gathering(_learner_alone, learners_together)
