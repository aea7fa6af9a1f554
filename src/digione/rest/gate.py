"""The gate before both lanes: hosts that are not ours, bodies that are too large, and callers that ask too often, go no
further.

It works in the process alone, without a database: each worker counts for itself. A caller of the interfaces is known by
its bearer token, so that one app never slows another down; at the door where tokens are given, by its address. Whoever
tries tokens that open nothing is counted by address too, since each of them looks like a newcomer; tokens that have
opened something from anywhere still do.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from digione.rest.oneroster.answers import Minor, RefusedError
from digione.rest.oneroster.v1p1.views import V1P1
from digione.rest.oneroster.views import V1P2
from digione.rest.v1 import problems
from digione.rest.wire import Application, StartResponse

log = logging.getLogger(__name__)
#: Callers remembered in each of two generations; about 100 bytes each.
REMEMBERED = 20_000
#: What apps ask with a token.
_OF_APPS = ("/ims/", "/api/")
#: As many digits the length of a body has at most that anybody could mean.
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once. Without any a second, there is no limit."""

    per_second: float
    burst: int


class Limiter:
    """A token bucket for each caller, kept as one number: the moment at which the bucket will be full again.

    Callers stand in two generations. When the young one is full it becomes the old one, and the old one is forgotten;
    so memory is bounded, no request pays for a sweep, and who is forgotten has a full bucket, as a newcomer has.
    Threads may overwrite each other's number, which lets a request too many through now and then; a lock would cost more.
    """

    def __init__(self, rate: Rate, *, remembered: int = REMEMBERED) -> None:
        self._interval = 1 / rate.per_second if rate.per_second else 0.0
        # A bucket that is this far from full has no room for one request more.
        self._depth = self._interval * (rate.burst - 1)
        self._remembered = remembered
        self._young: dict[int, float] = {}
        self._old: dict[int, float] = {}

    def wait(self, caller: int, now: float) -> float:
        """Count a request of `caller` at `now`. Returns 0, or the seconds after which it may be asked again."""
        full_at = self._young.get(caller)
        if full_at is None:
            full_at = self._old.get(caller, now)
        if full_at < now:
            full_at = now
        late = full_at - now - self._depth
        if late < 1e-9:
            late = 0.0
            full_at += self._interval
        if len(self._young) >= self._remembered and caller not in self._young:
            self._old, self._young = self._young, {}
        self._young[caller] = full_at
        return late

    def full(self, caller: int, now: float) -> float:
        """Return the seconds after which `caller` may be counted again, 0 if at once. Counts nothing."""
        full_at = self._young.get(caller) or self._old.get(caller)
        return max(full_at - now - self._depth, 0.0) if full_at is not None else 0.0

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._young) + len(self._old)


class Remembered:
    """A set of callers of bounded size: two generations, as in `Limiter`."""

    def __init__(self, *, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, caller: int) -> None:
        """Remember a caller."""
        if caller not in self._young:
            if len(self._young) >= self._remembered:
                self._old, self._young = self._young, set()
            self._young.add(caller)

    def forget(self, caller: int) -> None:
        """Remember a caller no longer."""
        self._young.discard(caller)
        self._old.discard(caller)

    def __contains__(self, caller: int) -> bool:
        return caller in self._young or caller in self._old


class Gate:
    """WSGI application that lets through to `inside` what is neither too large nor too frequent."""

    def __init__(self, inside: Application, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.inside = inside
        self._clock = clock
        self._apps = Limiter(Rate(*settings.APP_RATE))
        self._addresses = Limiter(Rate(*settings.TOKEN_RATE))
        # Addresses that were answered 401, and tokens that have opened something.
        self._refused = Limiter(Rate(*settings.REFUSED_RATE))
        self._known = Remembered()
        self._largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self._scheme = "https" if settings.SECURE_COOKIES else None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer 400, 413 or 429 here, or hand the request on."""
        if self._scheme:
            # TLS ends before us, so the server says http; links in answers are made of what the caller used.
            environ["wsgi.url_scheme"] = self._scheme
        if "HTTP_HOST" in environ and not _is_ours(environ["HTTP_HOST"][:256]):
            log.warning("A request for the host %.100r, which is not ours, was refused.", environ["HTTP_HOST"])
            return _refused(
                environ, start_response, HTTPStatus.BAD_REQUEST, gettext_noop("This host is not served here.")
            )
        size = environ.get("CONTENT_LENGTH")
        # Python refuses to read a number of thousands of digits; nobody means one of so many as these.
        if size and (not size.isdecimal() or len(size) > _DIGITS or int(size) > self._largest):
            told = gettext_noop("The body is too large: at most {} bytes are taken here.")
            return _refused(environ, start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, self._largest)
        path = environ["PATH_INFO"]
        if path.startswith(_OF_APPS):
            return self._for_an_app(environ, start_response)
        if path.startswith("/oauth/"):
            wait = self._addresses.wait(hash(client_address(environ)), self._clock())
            if wait:
                return _too_often_for_tokens(start_response, wait)
        return self.inside(environ, start_response)

    def _for_an_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        now, address = self._clock(), hash(client_address(environ))
        # However the header is spaced and spelt, the token is its last word.
        words = environ.get("HTTP_AUTHORIZATION", "").split()
        caller = hash(words[-1]) if words else address
        wait = self._refused.full(address, now)
        if wait and caller not in self._known:
            return _too_often_for_an_app(environ, start_response, wait, _TOO_MANY_REFUSED)
        wait = self._apps.wait(caller, now)
        if wait:
            return _too_often_for_an_app(environ, start_response, wait, _TOO_MANY_ASKED)

        def started(status: str, *more: Any) -> Any:
            if status.startswith("401"):
                self._known.forget(caller)
                self._refused.wait(address, now)
            elif status.startswith("2"):
                self._known.add(caller)
            return start_response(status, *more)

        return self.inside(environ, started)


@lru_cache(maxsize=1024)
def _is_ours(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def client_address(environ: dict[str, Any]) -> str:
    """Return the caller's address: the connection's, or the one that the outermost of our own proxies has noted."""
    if settings.PROXIES:
        noted = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(noted) >= settings.PROXIES:
            return str(noted[-settings.PROXIES].strip())
    return str(environ.get("REMOTE_ADDR", ""))


def _refused(
    environ: dict[str, Any], start_response: StartResponse, status: HTTPStatus, text: str, *values: int
) -> list[bytes]:
    told = text.format(*values)
    if environ["PATH_INFO"].startswith("/ims/"):
        answer = _of_oneroster(environ)(RefusedError(status, Minor.INVALID_DATA, told))
        return _answer(start_response, status, "application/json", answer.content)
    if environ["PATH_INFO"].startswith("/api/"):
        return _answer(start_response, status, problems.CONTENT_TYPE, _problem(environ, status, text, *values))
    if environ["PATH_INFO"].startswith("/oauth/"):
        refused = json.dumps({"error": "invalid_request", "error_description": told})
        return _answer(start_response, status, "application/json", refused.encode())
    # What is left are the pages of the desk. Whether a person reads this is not known, but in which language they would.
    with translation.override(problems.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))):
        return _answer(start_response, status, "text/plain; charset=utf-8", gettext(text).format(*values).encode())


_TOO_MANY_ASKED = gettext_noop(
    "Too many requests with this token: ask again in {} s, and larger pages (limit) less often."
)
_TOO_MANY_REFUSED = gettext_noop(
    "Too many tokens from this address opened nothing: ask again in {} s, with one from /oauth/token."
)


def _too_often_for_an_app(
    environ: dict[str, Any], start_response: StartResponse, wait: float, told: str
) -> list[bytes]:
    if environ["PATH_INFO"].startswith("/api/"):
        body = _problem(environ, HTTPStatus.TOO_MANY_REQUESTS, told, math.ceil(wait))
        return _answer(start_response, HTTPStatus.TOO_MANY_REQUESTS, problems.CONTENT_TYPE, body, wait)
    refused = RefusedError(HTTPStatus.TOO_MANY_REQUESTS, Minor.BUSY, told.format(math.ceil(wait)))
    answer = _of_oneroster(environ)(refused)
    return _answer(start_response, HTTPStatus.TOO_MANY_REQUESTS, "application/json", answer.content, wait)


def _of_oneroster(environ: dict[str, Any]) -> Callable[[RefusedError], HttpResponse]:
    """Return what makes a failure of the version of the standard whose address was asked."""
    return V1P1.refusal if environ["PATH_INFO"].startswith(f"{V1P1.prefix}/") else V1P2.refusal


def _problem(environ: dict[str, Any], status: HTTPStatus, told: str, *values: int) -> bytes:
    with translation.override(problems.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))):
        return problems.body(status, gettext(told).format(*values))


def _too_often_for_tokens(start_response: StartResponse, wait: float) -> list[bytes]:
    told = b'{"error": "slow_down", "error_description": "Too many requests. A token may be used until it expires."}'
    return _answer(start_response, HTTPStatus.TOO_MANY_REQUESTS, "application/json", told, wait)


def _answer(
    start_response: StartResponse, status: HTTPStatus, content_type: str, body: bytes, wait: float | None = None
) -> list[bytes]:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if wait is not None:
        headers.append(("Retry-After", str(math.ceil(wait))))
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
