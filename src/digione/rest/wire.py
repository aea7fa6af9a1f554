"""Calls of the hot lane's functions by libpq itself, over connections that its threads share by turns."""

import atexit
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import DiagnosticField, ExecStatus, Format

from digione.rest.oneroster.token import LONGEST_REQUEST_ID

log = logging.getLogger(__name__)
StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
CALLS = {
    b"user": b"SELECT oneroster_user($1, $2::uuid, $3)",
    b"kept": b"SELECT n, body FROM oneroster_kept($1, $2::uuid[], $3::text[])",
    b"learner": b"SELECT body, sealed, supplier, tag FROM v1_learner($1, $2::uuid, $3)",
    b"learners": b"SELECT n, body, sealed, supplier, tag FROM v1_learners_kept($1, $2::uuid[], $3::text[])",
    b"page": b"SELECT total, held, last::text, body FROM oneroster_page($1, $2::integer, $3::bigint, $4::integer, $5)",
    b"within": b"SELECT total, body FROM oneroster_within($1, $2, $3::uuid, $4::integer, $5::bigint, $6)",
    b"supplier": b"SELECT (oneroster_asks($1, (now() AT TIME ZONE 'Europe/Helsinki')::date)).supplier_id",
    b"assessments": b"SELECT body, named, since FROM v1_change_assessments($1, $2::uuid, $3::uuid, $4::text[], $5::jsonb, $6::uuid, $7)",
    b"attainments": b"SELECT body, named, since FROM v1_change_attainments($1, $2::uuid, $3::uuid, $4::text[], $5::jsonb, $6::uuid, $7)",
    b"more": b"SELECT held, last::text, body FROM oneroster_more($1, $2::uuid, $3::integer, $4)",
}
#: So often a call is made in all; what PostgreSQL says where two writers met, and how it names bad values of every kind.
_ATTEMPTS, _MEETINGS, _BAD_VALUES = 3, frozenset({b"40001", b"40P01"}), b"22"


def checksum_of(authorization: str) -> str:
    """Return what the database knows a bearer token by."""
    return hashlib.sha256(authorization[7:].strip().encode("utf-8", "surrogateescape")).hexdigest()


def request_id_of(environ: dict[str, Any]) -> bytes | None:
    """Return the caller's own name for the request, for the log; the ordinary lane cuts it at the same length."""
    told = environ.get("HTTP_X_REQUEST_ID")
    return told[:LONGEST_REQUEST_ID].encode("utf-8", "replace") if told else None


def array_of_texts(values: Sequence[bytes | None]) -> bytes | None:
    """Return an array of texts as PostgreSQL writes it, None where every one is missing."""
    if not any(values):
        return None
    quoted = (
        b"NULL" if value is None else b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for value in values
    )
    return b"{%b}" % b",".join(quoted)


def number_of(value: bytes | None) -> int:
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


def call(name: bytes, values: Sequence[bytes | None]) -> list[list[bytes | None]] | None:
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

    A connection that the server has closed meanwhile is opened anew once, and who met another writer begins anew. What
    failed has left nothing; bad values would fail again, and the ordinary lane says what is wrong with them. Where the server
    was lost after it had answered, the log has the read twice; a change that was made then is not made again, since the
    row is no longer of the version that it names, or says the same already.
    """
    state = b"08006"
    for _ in range(_ATTEMPTS):
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
                    made = asked.prepare(name, CALLS[name])
                    if made.status == ExecStatus.COMMAND_OK:
                        wire.prepared.add(name)
                    else:
                        result = made
                result = result or asked.exec_prepared(name, values, None, Format.BINARY)
            else:
                result = asked.exec_params(CALLS[name], values, result_format=Format.BINARY)
        except (OperationalError, psycopg.OperationalError):
            wire.wrapper.close()
            continue
        if result.status == ExecStatus.TUPLES_OK:
            columns = range(result.nfields)
            return [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
        state = result.error_field(DiagnosticField.SQLSTATE) or b"?"
        if state.startswith(_BAD_VALUES):
            break
        if state not in _MEETINGS:
            wire.wrapper.close()
    # The message itself may hold values.
    log.warning(
        "The hot lane's call %s failed (SQLSTATE %s); the ordinary lane answers.", name.decode(), state.decode()
    )
    return None
