"""The hot lane: the few reads that apps repeat most, answered by one PostgreSQL function, past Django's frame.

A small WSGI router stands in front of Django. The function that it calls checks the token, the scope and the taking,
sets the reach, applies the rule, writes the audit row and returns the JSON; the router passes bytes on. Each hot route
also exists as an ordinary operation, and a test proves that both answer alike. Whatever is not exactly the plain form
of the request (another query, another method, another content type) goes to the ordinary lane.
"""

import atexit
import hashlib
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http.request import split_domain_port, validate_host
from psycopg.pq import DiagnosticField, ExecStatus, Format

from digione.rest.gathering import Gathering
from digione.rest.oneroster import sealed
from digione.rest.oneroster.answers import links
from digione.rest.oneroster.hot import WITHIN
from digione.rest.oneroster.query import DEFAULT_LIMIT, LARGEST_LIMIT
from digione.rest.oneroster.token import LONGEST_REQUEST_ID
from digione.rest.v1.learners import document, whole
from digione.rest.v1.problems import language_of

log = logging.getLogger(__name__)
#: Where OneRoster 1.2 stands; links in answers are made with it.
PREFIX = "/ims/oneroster/rostering/v1p2"
#: Rows of a long page that are made at a time: what a stream holds in memory, whatever its length.
RUN = 1000

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_USERS = re.compile(
    r"/ims/oneroster/(?:v1p2/rostering|rostering)/v1p2/users"
    r"(?:/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))?\Z"
)
#: The users of a school or a class: the operation is named by the two words.
_WITHIN = re.compile(
    r"/ims/oneroster/(?:v1p2/rostering|rostering)/v1p2/(schools|classes)"
    r"/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(students|teachers)\Z"
)
_OPERATIONS = {tuple(operation.path.split("/")[::2]): operation.name.encode() for operation in WITHIN}
#: The document of one learner in our own API.
_LEARNER = re.compile(r"/api/v1/learners/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z")
_PAGE = re.compile(r"(?:limit=([1-9]\d{0,4}))?(?:(?:\A|&)offset=(\d{1,9}))?\Z")
_CALLS = {
    b"user": b"SELECT oneroster_user($1, $2::uuid, $3)",
    b"kept": b"SELECT n, body FROM oneroster_kept($1, $2::uuid[], $3::text[])",
    b"learner": b"SELECT body, sealed, supplier, tag FROM v1_learner($1, $2::uuid, $3)",
    b"learners": b"SELECT n, body, sealed, supplier, tag FROM v1_learners_kept($1, $2::uuid[], $3::text[])",
    b"page": b"SELECT total, held, last::text, body FROM oneroster_page($1, $2::integer, $3::bigint, $4::integer, $5)",
    b"within": b"SELECT total, body FROM oneroster_within($1, $2, $3::uuid, $4::integer, $5::bigint, $6)",
    b"more": b"SELECT held, last::text, body FROM oneroster_more($1, $2::uuid, $3::integer, $4)",
}
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


class HotLane:
    """WSGI application that answers hot routes itself and hands everything else to `ordinary`."""

    def __init__(self, ordinary: Application) -> None:
        self.ordinary = ordinary

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a hot read. Only a plain success is answered here: every refusal is worded by the ordinary lane."""
        if environ["REQUEST_METHOD"] == "GET":
            path = environ["PATH_INFO"]
            found = _USERS.match(path) or _WITHIN.match(path) or _LEARNER.match(path)
            authorization = environ.get("HTTP_AUTHORIZATION", "")
            if found and found.re is _LEARNER:
                answer: Iterable[bytes] | None = _learner(environ, start_response, authorization, found[1])
                if answer is not None:
                    return answer
            elif found and authorization.startswith("Bearer "):
                base = _base(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
                query = environ.get("QUERY_STRING", "")
                if base:
                    checksum = _checksum(authorization)
                    if found.re is _WITHIN:
                        answer = _within(environ, start_response, checksum, query, base, found)
                    elif found[1] is None:
                        answer = _page(environ, start_response, checksum, query, base)
                    else:
                        answer = (
                            None if query else _user(start_response, checksum, found[1], base, _request_id(environ))
                        )
                    if answer is not None:
                        return answer
        return self.ordinary(environ, start_response)


def _checksum(authorization: str) -> str:
    """Return what the database knows a bearer token by."""
    return hashlib.sha256(authorization[7:].strip().encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=64)
def _base(scheme: str, host: str) -> str | None:
    """Return the address of the service as the caller wrote it, or None for a host that is not ours."""
    domain, _ = split_domain_port(host)
    return f"{scheme}://{host}{PREFIX}" if domain and validate_host(domain, settings.ALLOWED_HOSTS) else None


def _request_id(environ: dict[str, Any]) -> bytes | None:
    """Return the caller's own name for the request, for the log; the ordinary lane cuts it at the same length."""
    told = environ.get("HTTP_X_REQUEST_ID")
    return told[:LONGEST_REQUEST_ID].encode("utf-8", "replace") if told else None


def _user(
    start_response: StartResponse, checksum: str, sourced_id: str, base: str, request_id: bytes | None
) -> list[bytes] | None:
    found = _users.ask(checksum, (sourced_id.encode(), request_id))
    if found is None:
        return None
    body = addressed(base, found)
    start_response("200 OK", [*_HEADERS, ("Content-Length", str(len(body)))])
    return [body]


def addressed(base: str, body: bytes) -> bytes:
    """Put the address of the service into what PostgreSQL has made, whose `replace()` takes ten times as long."""
    return body.replace(b"\x01", base.encode())


def _user_alone(checksum: str, asked: tuple[bytes, bytes | None]) -> bytes | None:
    rows = _call(b"user", [checksum.encode(), *asked])
    return rows[0][0] if rows else None


def users_together(checksum: str, asked: Sequence[tuple[bytes, bytes | None]]) -> list[bytes | None]:
    """Return the users of one token, None for each who is not kept in the database."""
    idents, requests = zip(*asked, strict=True)
    rows = _call(b"kept", [checksum.encode(), b"{%b}" % b",".join(idents), _texts(requests)])
    found: list[bytes | None] = [None] * len(asked)
    for number, body in rows or ():
        found[_number(number) - 1] = body
    return found


def _texts(values: Sequence[bytes | None]) -> bytes | None:
    """Return an array of texts as PostgreSQL writes it, None where every one is missing."""
    if not any(values):
        return None
    quoted = (
        b"NULL" if value is None else b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for value in values
    )
    return b"{%b}" % b",".join(quoted)


_users: Gathering[str, tuple[bytes, bytes | None], bytes] = Gathering(_user_alone, users_together)


def _learner(
    environ: dict[str, Any], start_response: StartResponse, authorization: str, learner: str
) -> list[bytes] | None:
    plain = authorization.startswith("Bearer ") and "HTTP_IF_NONE_MATCH" not in environ
    if not plain or environ.get("QUERY_STRING"):
        return None
    ident = learner.encode()
    found = _learners.ask(_checksum(authorization), (ident, _request_id(environ)))
    if found is None:
        return None
    parts, ids, supplier, tag = found
    body = document(ident, [whole(sealed.of_supplier(UUID(bytes=supplier)), parts, ids)])
    start_response(
        "200 OK", [*_as_in_the_api(environ), ("ETag", f'"{tag.decode()}"'), ("Content-Length", str(len(body)))]
    )
    return [body]


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
    rows = _call(b"learner", [checksum.encode(), *asked])
    return _as_learner(rows[0]) if rows else None


def learners_together(checksum: str, asked: Sequence[tuple[bytes, bytes | None]]) -> list[_Learner | None]:
    """Return the documents of learners for one token, None for each that is not kept in the database."""
    idents, requests = zip(*asked, strict=True)
    rows = _call(b"learners", [checksum.encode(), b"{%b}" % b",".join(idents), _texts(requests)])
    found: list[_Learner | None] = [None] * len(asked)
    for number, *told in rows or ():
        found[_number(number) - 1] = _as_learner(told)
    return found


def _as_learner(row: Sequence[bytes | None]) -> _Learner | None:
    body, ids, supplier, tag = row
    return None if body is None or supplier is None or tag is None else (body, ids or b"", supplier, tag)


_learners: Gathering[str, tuple[bytes, bytes | None], _Learner] = Gathering(_learner_alone, learners_together)


def _asked(query: str) -> tuple[int, int] | None:
    """Return limit and offset of a plain page, None where something else is asked."""
    asked = _PAGE.match(query)
    return (min(int(asked[1] or DEFAULT_LIMIT), LARGEST_LIMIT), int(asked[2] or 0)) if asked else None


def _page(
    environ: dict[str, Any], start_response: StartResponse, checksum: str, query: str, base: str
) -> Iterable[bytes] | None:
    asked = _asked(query)
    if asked is None:
        return None
    limit, offset = asked
    request_id = _request_id(environ)
    rows = _call(b"page", [checksum.encode(), b"%d" % limit, b"%d" % offset, b"%d" % RUN, request_id])
    if not rows or rows[0][0] is None:
        return None
    total, held, last, body = rows[0]
    headers = _headers(environ, base, limit=limit, offset=offset, total=_number(total))
    count = _number(held)
    if count < RUN or count >= limit:
        return _whole(start_response, headers, base, body)
    start_response("200 OK", headers)
    return _stream(b'{"users":[' + addressed(base, body or b""), checksum, last, limit - count, base, request_id)


def _within(
    environ: dict[str, Any], start_response: StartResponse, checksum: str, query: str, base: str, found: re.Match[str]
) -> Iterable[bytes] | None:
    asked, operation = _asked(query), _OPERATIONS[found[1], found[3]]
    if asked is None or asked[0] > RUN:
        return None
    limit, offset = asked
    rows = _call(
        b"within",
        [
            checksum.encode(),
            operation,
            found[2].encode(),
            b"%d" % limit,
            b"%d" % offset,
            _request_id(environ),
        ],
    )
    if not rows or rows[0][0] is None:
        return None
    total, body = rows[0]
    headers = _headers(environ, base, limit=limit, offset=offset, total=_number(total))
    return _whole(start_response, headers, base, body)


def _headers(environ: dict[str, Any], base: str, *, limit: int, offset: int, total: int) -> list[tuple[str, str]]:
    address = base.removesuffix(PREFIX) + quote(environ["PATH_INFO"])
    link = links(lambda at: f"{address}?limit={limit}&offset={at}", limit=limit, offset=offset, total=total)
    return [*_HEADERS, ("X-Total-Count", str(total)), ("Link", link)]


def _whole(start_response: StartResponse, headers: list[tuple[str, str]], base: str, body: bytes | None) -> list[bytes]:
    whole = addressed(base, b'{"users":[%b]}' % (body or b""))
    start_response("200 OK", [*headers, ("Content-Length", str(len(whole)))])
    return [whole]


def _stream(
    begun: bytes, checksum: str, last: bytes | None, left: int, base: str, request_id: bytes | None
) -> Iterator[bytes]:
    yield begun
    while left > 0 and last is not None:
        size = min(left, RUN)
        rows = _call(b"more", [checksum.encode(), last, b"%d" % size, request_id])
        if not rows or (row := rows[0])[0] is None:
            # The token or the taking has ended meanwhile. An answer cut short is seen as a fault; one that is closed
            # properly would be taken for the whole roster.
            raise ConnectionAbortedError("The right to read ended while the roster was being read.")
        held, last = _number(row[0]), row[1]
        if row[2]:
            yield b"," + addressed(base, row[2])
        left = left - held if held == size else 0
    yield b"]}"


def _number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "big")


class _Wire:
    """A connection to call the database by, and the names of the calls that it has prepared."""

    __slots__ = ("database", "prepared", "wrapper")

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.wrapper = wrapper
        self.database: psycopg.Connection[Any] | None = None
        self.prepared: set[bytes] = set()


class _OfThread(threading.local):
    """The thread's own connection, which the ordinary lane uses. Django finds it anew at each use, through several layers."""

    def __init__(self) -> None:
        self.wire = _Wire(connections["default"])


_of_thread = _OfThread()
#: Connections that nobody uses now; the one that was used last stands last, and is used next. Threads take turns, and if
#: each had its own, so would the processes of PostgreSQL, none of which would find in the core's cache what it needs.
_idle: list[_Wire] = []


def idle() -> list["psycopg.Connection[Any]"]:
    """Return the open connections that nobody uses now."""
    return [wire.wrapper.connection for wire in _idle if wire.wrapper.connection is not None]


@atexit.register
def close_idle() -> None:
    """Close the connections that nobody uses: the program ends, or the database goes away to which they lead."""
    while _idle:
        _idle.pop().wrapper.close()


def _call(name: bytes, values: Sequence[bytes | None]) -> list[list[bytes | None]] | None:
    """Return the rows of a call in PostgreSQL's binary form. None where the ordinary lane must answer.

    Within a transaction that the thread has begun, the call is part of it.
    """
    own = _of_thread.wire
    if own.wrapper.in_atomic_block:
        return _called(own, name, values)
    try:
        wire = _idle.pop()
    except IndexError:
        # As many as ever called at once.
        wire = _Wire(own.wrapper.copy())
        wire.wrapper.inc_thread_sharing()
    try:
        return _called(wire, name, values)
    finally:
        _idle.append(wire)


def _called(wire: _Wire, name: bytes, values: Sequence[bytes | None]) -> list[list[bytes | None]] | None:
    """Call by a connection. libpq is called directly, since a cursor costs more than the function does.

    A connection that the server has closed meanwhile is opened anew once. What failed has left nothing; where the server
    was lost after it had answered, the log has the read twice.
    """
    state = b"08006"
    for _ in range(2):
        try:
            if wire.wrapper.connection is None:
                wire.wrapper.ensure_connection()
            database = wire.wrapper.connection
            asked = database.pgconn
            if settings.KEEP_PLANS:
                if database is not wire.database:
                    wire.database, wire.prepared = database, set()
                result = None
                if name not in wire.prepared:
                    made = asked.prepare(name, _CALLS[name])
                    if made.status == ExecStatus.COMMAND_OK:
                        wire.prepared.add(name)
                    else:
                        result = made
                result = result or asked.exec_prepared(name, values, None, Format.BINARY)
            else:
                result = asked.exec_params(_CALLS[name], values, result_format=Format.BINARY)
        except (OperationalError, psycopg.OperationalError):
            wire.wrapper.close()
            continue
        if result.status == ExecStatus.TUPLES_OK:
            columns = range(result.nfields)
            return [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
        state = result.error_field(DiagnosticField.SQLSTATE) or b"?"
        wire.wrapper.close()
    # The message itself may hold values.
    log.warning(
        "The hot lane's call %s failed (SQLSTATE %s); the ordinary lane answers.", name.decode(), state.decode()
    )
    return None
