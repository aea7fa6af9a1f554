"""Building blocks of writing: what is valid, what is written, and which call has been made before."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from digione.core.errors import DeniedError, Fault, InvalidInputError
from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase
from digione.integrations.loading.values import MAX_TEXT, UNSTORABLE, holds_hetu
from digione.rest.oneroster.token import Grant
from digione.rest.v1.endpoint import Endpoint, Writing
from digione.schema.declare import Field, Kind, Resource
from digione.schema.validation import validate

#: What bodies are validated by, by endpoint and whether they add: the same for every call.
_forms: dict[tuple[str, bool], Resource] = {}
#: A code list and a value of it.
Code = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A call that may be made again: digests of the key that names it and of what it says (`Idempotency-Key`)."""

    key: bytes
    request: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """What an app wants to write at one provider.

    `body`: the fields with their values as JSON has them, ids of rows being ours. `shown`: the fields that the answer has.
    `closed`: narrow fields of the body that the grant does not open. `versions`: those of which the row must be one; None
    for any. `repeat`: by what the call is known again.
    """

    endpoint: Endpoint
    grant: Grant | None
    body: Mapping[str, Any]
    shown: frozenset[str]
    closed: frozenset[str] = frozenset()
    versions: frozenset[str] | None = None
    repeat: Repeat | None = None

    @property
    def writing(self) -> Writing:
        """How the endpoint is written."""
        assert self.endpoint.writing is not None  # noqa: S101 - asked only of endpoints that are written.
        return self.endpoint.writing


def writable(endpoint: Endpoint, *, adding: bool) -> tuple[Field, ...]:
    """Return the fields that a body may have, in the order of their declaration; the owner where rows are added."""
    assert endpoint.writing is not None  # noqa: S101 - asked only of endpoints that are written.
    names = endpoint.writing.changes | ({endpoint.writing.owner} | endpoint.writing.given if adding else frozenset())
    # What has to be there of a new row, a change need not repeat.
    return tuple(each if adding else replace(each, required=False) for each in endpoint.served if each.name in names)


def _form(endpoint: Endpoint, *, adding: bool) -> Resource:
    key = endpoint.path, adding
    if key not in _forms:
        _forms[key] = replace(endpoint.resource, fields=writable(endpoint, adding=adding))
    return _forms[key]


def faults_of_body(
    uc: UseCase, endpoint: Endpoint, body: Mapping[str, Any], stands: Mapping[str, Any] | None = None
) -> list[Fault]:
    """Return every fault of a body by itself: unknown fields, wrong forms, texts that cannot be kept, unknown codes.

    `stands`: the row that it changes; None where it adds one.
    """
    faults, asked = judged(endpoint, body, stands)
    unknown = unknown_codes(uc, asked.values())
    return faults + faults_of_codes(asked, unknown)


def judged(
    endpoint: Endpoint, body: Mapping[str, Any], stands: Mapping[str, Any] | None = None
) -> tuple[list[Fault], dict[str, Code]]:
    """Return the faults of a body that can be told without looking anything up, and which codes are to be looked up."""
    form = _form(endpoint, adding=stands is None)
    faults = validate(form, body)
    faults += [fault for name, value in body.items() for fault in _faults_of_texts(name, value)]
    wrong = {fault.pointer.partition(".")[0] for fault in faults}
    whole = {**(stands or {}), **body}
    asked: dict[str, Code] = {}
    for each in form.fields:
        # A scheme names the list of the field beside it, and stands or changes with it or without.
        scheme = scheme_of(each)
        code_list, value = each.code_list or whole.get(scheme), whole.get(each.name)
        named = {each.name, scheme} & set(body)
        if each.name not in wrong and named and isinstance(code_list, str) and isinstance(value, str):
            asked[each.name] = (code_list, value)
    return faults, asked


def scheme_of(code: Field) -> str:
    """Return the name of the field that names the code list of another, where its declaration names none."""
    return f"{code.name}_scheme"


def unknown_codes(uc: UseCase, asked: Iterable[Code]) -> set[Code]:
    """Return those codes that their list, where we have it, does not know. An absent list is no fault."""
    wanted = sorted(set(asked))
    if not wanted:
        return set()
    lists, values = zip(*wanted, strict=True)
    found = uc.rows(
        "SELECT a.list, a.value FROM unnest(%s::text[], %s::text[]) AS a (list, value)"
        " WHERE EXISTS (SELECT 1 FROM core_code c WHERE c.list_uri = a.list)"
        " AND NOT EXISTS (SELECT 1 FROM core_code c WHERE c.list_uri = a.list AND c.value = a.value)",
        [list(lists), list(values)],
    )
    return {(row["list"], row["value"]) for row in found}


def faults_of_codes(asked: Mapping[str, Code], unknown: Container[Code]) -> list[Fault]:
    """Return a fault for each field whose code is unknown."""
    text = _("The code list %(list)s has no such code.")
    return [Fault(name, "unknown_code", text % {"list": code[0]}) for name, code in asked.items() if code in unknown]


def _faults_of_texts(pointer: str, value: Any) -> list[Fault]:
    if not isinstance(value, dict):
        return _faults_of_text(pointer, value) if isinstance(value, str) else []
    # No field nests deeper than texts by language; what does is a fault already, and may nest without end.
    return [
        fault
        for name, inner in value.items()
        if isinstance(inner, str)
        for fault in _faults_of_text(f"{pointer}.{name}", inner)
    ]


def _faults_of_text(pointer: str, value: str) -> list[Fault]:
    if UNSTORABLE.search(value):
        return [Fault(pointer, "unstorable", _("Take out the characters that cannot be kept: null, or half a pair."))]
    if len(value.encode()) > MAX_TEXT:
        text = _("Shorten the text: at most %(limit)s bytes are kept.")
        return [Fault(pointer, "too_long", text % {"limit": MAX_TEXT})]
    if holds_hetu(value):
        return [Fault(pointer, "identity_code", _("Take out the personal identity code: it is kept nowhere in clear."))]
    return []


def as_columns(endpoint: Endpoint, body: Mapping[str, Any], *, adding: bool) -> dict[str, Any]:
    """Return the values of a body that has no faults, as the table's columns hold them."""
    kinds = {each.name: each.kind for each in writable(endpoint, adding=adding)}
    return {name: _column(kinds[name], value) for name, value in body.items()}


def _column(kind: Kind, value: Any) -> Any:
    match kind:
        case _ if value is None:
            return None
        case Kind.DATE:
            return date.fromisoformat(value)
        case Kind.ID:
            return UUID(value)
        case _:
            return value


def update(uc: UseCase, endpoint: Endpoint, ident: UUID, values: Mapping[str, Any]) -> None:
    """Write columns of a row; who writes keeps the row from now on."""
    written = {**values, "kept_by": keeper(uc)}
    uc.execute(
        f"UPDATE {endpoint.resource.table} SET {', '.join(f'{name} = %({name})s' for name in written)}"
        " WHERE provider_id = %(provider)s AND id = %(row)s",
        {**_stored(written), "provider": uc.actor.provider_id, "row": ident},
    )


def insert(uc: UseCase, endpoint: Endpoint, person: UUID, values: Mapping[str, Any]) -> UUID:
    """Add a row, which has its place; return its id."""
    row = {"id": new_id(), "provider_id": uc.actor.provider_id, "person_id": person, "kept_by": keeper(uc), **values}
    uc.execute(
        f"INSERT INTO {endpoint.resource.table} ({', '.join(row)}) VALUES ({', '.join(f'%({name})s' for name in row)})",
        _stored(row),
    )
    return UUID(str(row["id"]))


def keeper(uc: UseCase) -> str:
    """Return what the rows that this app writes say of who keeps them."""
    return f"app:{uc.actor.app_id}"


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in values.items()}


def begin(uc: UseCase, write: Write) -> Grant:
    """Check that the app may write at the provider, and say in whose name; return the grant that opens it."""
    uc.check()
    uc.scope.update(operation=f"v1.{write.endpoint.path}")
    if write.grant is None:
        raise DeniedError("No provider has opened this to the app for writing.", write.writing.scope)
    if write.endpoint.scope not in write.grant.scopes:
        raise DeniedError("Whoever writes must be able to read.", write.endpoint.scope)
    if write.closed:
        raise DeniedError("The token's scopes do not open these fields.", str(write.endpoint.narrow_scope))
    uc.execute("SELECT set_config('digione.reason', 'recorded by an app', true)")
    return write.grant


def repeated(uc: UseCase, write: Write) -> Row | None:
    """Return what the call came to when it was made before; refuse a key that stood for another call."""
    before = write.repeat and claim(uc, write.repeat)
    if write.repeat and before and bytes(before["request"]) != write.repeat.request:
        text = _("This key has stood for another call. Use a new one for each, and the same only to try again.")
        raise InvalidInputError([Fault("header.Idempotency-Key", "reused", text)])
    return before or None


def claim(uc: UseCase, repeat: Repeat) -> Row | None:
    """Claim the key of a call for it. Returns None, or the call that had it: its `request`, `row_id` or `row_ids`, and `status`.

    A second call with the key waits until the first has ended, and finds the key free where that failed.
    """
    values = {"provider": uc.actor.provider_id, "app": uc.actor.app_id, "key": repeat.key, "request": repeat.request}
    if uc.execute(
        "INSERT INTO rest_repeated_call (provider_id, app_id, key, request)"
        " VALUES (%(provider)s, %(app)s, %(key)s, %(request)s) ON CONFLICT DO NOTHING",
        values,
    ):
        return None
    return uc.row(
        "SELECT request, row_id, row_ids, status FROM rest_repeated_call"
        " WHERE provider_id = %(provider)s AND app_id = %(app)s AND key = %(key)s",
        values,
    )


def settle(uc: UseCase, repeat: Repeat, row: UUID, status: int) -> None:
    """Note what a claimed call came to."""
    uc.execute(
        "UPDATE rest_repeated_call SET row_id = %s, status = %s WHERE provider_id = %s AND app_id = %s AND key = %s",
        [row, status, uc.actor.provider_id, uc.actor.app_id, repeat.key],
    )
