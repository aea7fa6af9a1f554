"""The hot lane: the few reads that apps repeat most, answered by one PostgreSQL function, past Django's frame.

A small WSGI router stands in front of Django. The function that it calls checks the token, the scope and the taking,
sets the reach, applies the rule, writes the audit row and returns the JSON; the router passes bytes on. Each hot route
also exists as an ordinary operation, and a test proves that both answer alike. Whatever is not exactly the plain form
of the request (another query, another method, another content type) goes to the ordinary lane.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from digione.rest.gathering import Gathering
from digione.rest.oneroster.answers import links
from digione.rest.oneroster.hot import WITHIN
from digione.rest.oneroster.query import DEFAULT_LIMIT, LARGEST_LIMIT
from digione.rest.v1 import hot_lane
from digione.rest.wire import Application, StartResponse, array_of_texts, call, checksum_of, number_of, request_id_of

#: Where OneRoster 1.2 stands; links in answers are made with it.
PREFIX = "/ims/oneroster/rostering/v1p2"
#: Rows of a long page that are made at a time: what a stream holds in memory, whatever its length.
RUN = 1000


_USERS = re.compile(
    r"/ims/oneroster/(?:v1p2/rostering|rostering)/v1p2/users"
    r"(?:/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))?\Z"
)
#: The users of a school or a class: the operation is named by the two words.
_WITHIN = re.compile(
    r"/ims/oneroster/(?:v1p2/rostering|rostering)/v1p2/(schools|classes)"
    r"/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(students|teachers)\Z"
)
_API = "/api/v1/"
_OPERATIONS = {tuple(operation.path.split("/")[::2]): operation.name.encode() for operation in WITHIN}
_PAGE = re.compile(r"(?:limit=([1-9]\d{0,4}))?(?:(?:\A|&)offset=(\d{1,9}))?\Z")
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
        path = environ["PATH_INFO"]
        if path.startswith(_API):
            answer: Iterable[bytes] | None = hot_lane.answer(environ, start_response)
        else:
            answer = _roster(environ, start_response, path) if environ["REQUEST_METHOD"] == "GET" else None
        if answer is not None:
            return answer
        return self.ordinary(environ, start_response)


def _roster(environ: dict[str, Any], start_response: StartResponse, path: str) -> Iterable[bytes] | None:
    found = _USERS.match(path) or _WITHIN.match(path)
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    base = _base(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
    if not found or not base or not authorization.startswith("Bearer "):
        return None
    query, checksum = environ.get("QUERY_STRING", ""), checksum_of(authorization)
    if found.re is _WITHIN:
        return _within(environ, start_response, checksum, query, base, found)
    if found[1] is None:
        return _page(environ, start_response, checksum, query, base)
    return None if query else _user(start_response, checksum, found[1], base, request_id_of(environ))


@lru_cache(maxsize=64)
def _base(scheme: str, host: str) -> str | None:
    """Return the address of the service as the caller wrote it, or None for a host that is not ours."""
    domain, _ = split_domain_port(host)
    return f"{scheme}://{host}{PREFIX}" if domain and validate_host(domain, settings.ALLOWED_HOSTS) else None


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
    rows = call(b"user", [checksum.encode(), *asked])
    return rows[0][0] if rows else None


def users_together(checksum: str, asked: Sequence[tuple[bytes, bytes | None]]) -> list[bytes | None]:
    """Return the users of one token, None for each who is not kept in the database."""
    idents, requests = zip(*asked, strict=True)
    rows = call(b"kept", [checksum.encode(), b"{%b}" % b",".join(idents), array_of_texts(requests)])
    found: list[bytes | None] = [None] * len(asked)
    for number, body in rows or ():
        found[number_of(number) - 1] = body
    return found


_users: Gathering[str, tuple[bytes, bytes | None], bytes] = Gathering(_user_alone, users_together)


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
    request_id = request_id_of(environ)
    rows = call(b"page", [checksum.encode(), b"%d" % limit, b"%d" % offset, b"%d" % RUN, request_id])
    if not rows or rows[0][0] is None:
        return None
    total, held, last, body = rows[0]
    headers = _headers(environ, base, limit=limit, offset=offset, total=number_of(total))
    count = number_of(held)
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
    rows = call(
        b"within",
        [
            checksum.encode(),
            operation,
            found[2].encode(),
            b"%d" % limit,
            b"%d" % offset,
            request_id_of(environ),
        ],
    )
    if not rows or rows[0][0] is None:
        return None
    total, body = rows[0]
    headers = _headers(environ, base, limit=limit, offset=offset, total=number_of(total))
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
        rows = call(b"more", [checksum.encode(), last, b"%d" % size, request_id])
        if not rows or (row := rows[0])[0] is None:
            # The token or the taking has ended meanwhile. An answer cut short is seen as a fault; one that is closed
            # properly would be taken for the whole roster.
            raise ConnectionAbortedError("The right to read ended while the roster was being read.")
        held, last = number_of(row[0]), row[1]
        if row[2]:
            yield b"," + addressed(base, row[2])
        left = left - held if held == size else 0
    yield b"]}"
