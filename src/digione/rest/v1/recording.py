"""What an app's call to write says, understood: its body, its conditions, at which provider it is, and its answer."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from digione.core.errors import Fault, InvalidInputError
from digione.rest.oneroster.token import Caller, Grant
from digione.rest.v1 import collect, parameters
from digione.rest.v1.bulk import LINES
from digione.rest.v1.endpoint import Endpoint, Writing
from digione.rest.v1.line_services import Line, write_lines
from digione.rest.v1.services import Written, add_row, change_row
from digione.rest.v1.write_facts import Repeat, Write
from digione.schema.validation import MOST_DIGITS

#: What names a call: what a header can hold in plain, and no more than a UUID needs twice over.
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_TAG = re.compile(r'(?:W/)?"([0-9a-f]+)-[0-9a-f]+"')
#: The types of a body: JSON, and by its own name what a change is (RFC 7396).
TYPES = ("application/json", "application/merge-patch+json")
#: Lines that are written at once: each of their persons is named in one row of the log.
MOST_LINES = 1000


class UnsupportedTypeError(Exception):
    """The body is of a type that is not taken."""


class UnconditionalError(Exception):
    """A change does not say of which version it is."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call came to: the status, the app's id of the row, its JSON, and its version."""

    status: int
    ident: str
    body: str
    version: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a line of a call came to: its number, the app's id of the row, its JSON, and its version."""

    line: int
    ident: str
    body: str
    version: str


def change(request: HttpRequest, caller: Caller, endpoint: Endpoint, ident: UUID) -> Recorded:
    """Change the row that the app calls `ident`, as the request says."""
    body, repeat = _body(request), _repeat(request)
    told = request.headers.get("If-Match")
    if told is None:
        raise UnconditionalError
    versions = versions_of(told)
    wish = collect.Wish(caller, endpoint)
    own = collect.own_id(wish, ident)
    grants = _writing(caller, endpoint)
    if len(grants) > 1:
        grants = collect.holding(wish, grants, own) or grants[:1]
    write = _write(wish, grants, body, versions, repeat)
    return _recorded(wish, change_row(_at(wish, write), write=write, ident=own))


def add(request: HttpRequest, caller: Caller, endpoint: Endpoint, owner: Endpoint) -> Recorded:
    """Add a row under one of `owner`'s, as the request says."""
    body, repeat = _body(request), _repeat(request)
    wish, above = collect.Wish(caller, endpoint), collect.Wish(caller, owner)
    name = _how(endpoint).owner
    given = parameters.identifier(body[name]) if isinstance(body.get(name), str) else None
    grants = _writing(caller, endpoint)
    if given and len(grants) > 1:
        grants = collect.holding(above, grants, collect.own_id(above, given)) or grants[:1]
    write = _write(wish, grants, _own_ids(wish, body), None, repeat)
    return _recorded(wish, add_row(_at(wish, write), write=write, owner=owner))


def write_all(request: HttpRequest, caller: Caller, endpoint: Endpoint, owner: Endpoint) -> list[Done]:
    """Change and add rows as the lines of the request say, all of them or none."""
    if request.content_type != LINES:
        raise UnsupportedTypeError
    repeat, texts = _repeat(request), _texts(request)
    faults, lines = [], []
    wish = collect.Wish(caller, endpoint)
    for number, text in texts:
        try:
            lines.append(_line(number, parsed(text), wish))
        except InvalidInputError as refused:
            faults += [
                replace(fault, pointer=f"lines.{number}.{fault.pointer}".removesuffix(".body"))
                for fault in refused.faults
            ]
    seen = Counter(line.ident for line in lines if line.ident)
    advice = _("This row is changed by another line too. Put it into one.")
    faults += [
        Fault(f"lines.{line.number}.id", "repeated", advice) for line in lines if line.ident and seen[line.ident] > 1
    ]
    grants = _writing(caller, endpoint)
    provider = _provider(request, grants)
    fields = frozenset(name for line in lines for name in line.body)
    write = _write(wish, [grant for grant in grants if provider in (None, grant.provider_id)], {}, None, repeat)
    write = replace(write, closed=fields & endpoint.narrow - write.shown)
    if faults and write.grant and not write.closed:
        raise InvalidInputError(faults)
    done = write_lines(_at(wish, write), write=write, lines=lines, owner=owner)
    bodies = collect.told(wish, [row for _, row in done]).bodies
    return [
        Done(number, json.loads(body)["id"], body, row.version)
        for (number, row), body in zip(done, bodies, strict=True)
    ]


def _texts(request: HttpRequest) -> list[tuple[int, bytes]]:
    texts = [(number, text) for number, text in enumerate(request.body.split(b"\n"), 1) if text.strip()]
    if not texts:
        raise InvalidInputError([Fault("body", "empty", _("Send one JSON object on each line."))])
    if len(texts) > MOST_LINES:
        text = _("Send at most %(most)s lines at once.")
        raise InvalidInputError([Fault("body", "too_many", text % {"most": MOST_LINES})])
    return texts


def _line(number: int, body: dict[str, Any], wish: collect.Wish) -> Line:
    """Understand a line: with an `id` it changes that row, of the version that `if_match` says; without it adds one."""
    faults = []
    ident, told = body.pop("id", None), body.pop("if_match", None)
    given = parameters.identifier(ident) if isinstance(ident, str) else None
    if ident is not None and given is None:
        faults.append(Fault("id", "no_id", _("Give an id, as an answer told it.")))
    if ident is not None and not isinstance(told, str):
        faults.append(Fault("if_match", "missing", _("Send the ETag of what is to be changed, or “*”.")))
    if ident is None and told is not None:
        faults.append(Fault("if_match", "of_no_row", _("A row that is added has no version yet.")))
    if faults:
        raise InvalidInputError(faults)
    if given:
        return Line(number, body, collect.own_id(wish, given), versions_of(told))
    return Line(number, _own_ids(wish, body))


def _own_ids(wish: collect.Wish, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body of a new row with our ids in the place of the supplier's own, where it names other rows."""
    named = {name: body[name] for name in wish.endpoint.references if isinstance(body.get(name), str)}
    given = {name: parameters.identifier(told) for name, told in named.items()}
    return {**body, **{name: str(collect.own_id(wish, ident)) for name, ident in given.items() if ident}}


def _provider(request: HttpRequest, grants: list[Grant]) -> UUID | None:
    """Return at which provider the lines are written; it has to be named where there are several."""
    named = parameters.identifier(request.GET.get("provider_id", ""))
    if "provider_id" in request.GET and named not in {grant.provider_id for grant in grants}:
        text = _("Give the id of a provider that has opened this to the app.")
        raise InvalidInputError([Fault("query.provider_id", "not_there", text)])
    if named is None and len(grants) > 1:
        text = _("Say at which provider: several have opened this to the app, and all lines are one provider's.")
        raise InvalidInputError([Fault("query.provider_id", "missing", text)])
    return named


def _how(endpoint: Endpoint) -> Writing:
    assert endpoint.writing is not None  # noqa: S101 - only such endpoints have these operations.
    return endpoint.writing


def _writing(caller: Caller, endpoint: Endpoint) -> list[Grant]:
    return [grant for grant in caller.grants if _how(endpoint).scope in grant.scopes]


def _write(
    wish: collect.Wish,
    grants: list[Grant],
    body: Mapping[str, Any],
    versions: frozenset[str] | None,
    repeat: Repeat | None,
) -> Write:
    # A lone None lets the use case deny, and record that it did.
    grant = grants[0] if grants else None
    shown = collect.shown(wish, grant)
    closed = frozenset(body) & wish.endpoint.narrow - shown
    return Write(wish.endpoint, grant, body, shown, closed, versions, repeat)


def _at(wish: collect.Wish, write: Write) -> Any:
    return wish.caller.actor.at(write.grant.provider_id if write.grant else None)


def _recorded(wish: collect.Wish, written: Written) -> Recorded:
    body = collect.told(wish, [written.row]).bodies[0]
    return Recorded(written.status, json.loads(body)["id"], body, written.row.version)


def versions_of(told: str) -> frozenset[str] | None:
    """Return the versions that tags tell of which a row must be one (`If-Match`), None for any."""
    return None if told.strip() == "*" else frozenset(_TAG.findall(told))


def prefers_minimal(told: str) -> bool:
    """Whether a caller wants no body where one would say what it knows (`Prefer`, RFC 7240)."""
    return "return=minimal" in told.replace(" ", "").lower().split(",")


def _body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type not in TYPES:
        raise UnsupportedTypeError
    return parsed(request.body)


def parsed(text: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. Raises `InvalidInputError` for what is none, or says a name twice."""
    try:
        # As json.loads() would, which makes its decoder anew for each body.
        body = _DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
    except (ValueError, RecursionError):
        advice = _("Send one JSON object in UTF-8, in which each name stands once.")
        raise InvalidInputError([Fault("body", "no_json", advice)]) from None
    if not isinstance(body, dict):
        raise InvalidInputError([Fault("body", "no_object", _("Send a JSON object: fields and their values."))])
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("A name stands twice in an object.")
    return made


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON.")


def _whole(text: str) -> int:
    # Longer ones are no measure of anything, and dear to read.
    if len(text) > MOST_DIGITS:
        raise ValueError("A number is too long.")
    return int(text)


def _decimal(text: str) -> Decimal:
    # How many digits a number may have its field says; here is refused only what is no number to anybody.
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("An exponent is beyond what anything reckons with.") from None


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number, parse_float=_decimal, parse_int=_whole)


def _repeat(request: HttpRequest) -> Repeat | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        text = _("Give a key of 1 to 100 plain characters, such as a UUID.")
        raise InvalidInputError([Fault("header.Idempotency-Key", "no_key", text)])
    said = b"\n".join((str(request.method).encode(), request.path.encode(), request.body))
    return Repeat(hashlib.sha256(key.encode()).digest(), hashlib.sha256(said).digest())
