"""The hot lane: the few reads that apps repeat most, answered by one PostgreSQL function, past Django's frame.

A small WSGI router stands in front of Django. The function that it calls checks the token, the scope and the taking,
sets the reach, applies the rule, writes the audit row and returns the JSON; the router passes bytes on. Each hot route
also exists as an ordinary operation, and a test proves that both answer alike. Whatever is not exactly the plain form
of the request (a query string, another method, another content type) goes to the ordinary lane.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from django.http.request import split_domain_port, validate_host

#: Where OneRoster 1.2 stands; links in answers are made with it.
PREFIX = "/ims/oneroster/rostering/v1p2"

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_USER = re.compile(
    r"/ims/oneroster/(?:v1p2/rostering|rostering)/v1p2/users/"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z"
)
_CALL = "SELECT oneroster_user(%s, %s, %s)"


class HotLane:
    """WSGI application that answers hot routes itself and hands everything else to `ordinary`."""

    def __init__(self, ordinary: Application) -> None:
        self.ordinary = ordinary

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a hot read. Only a plain success is answered here: every refusal is worded by the ordinary lane."""
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            found = _USER.match(environ["PATH_INFO"])
            authorization = environ.get("HTTP_AUTHORIZATION", "")
            base = _base(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
            if found and base and authorization.startswith("Bearer "):
                body = _one_user(authorization[7:].strip(), UUID(found[1]), base)
                if body is not None:
                    start_response(
                        "200 OK",
                        [
                            ("Content-Type", "application/json"),
                            ("Content-Length", str(len(body))),
                            ("Cache-Control", "no-store"),
                            ("X-Content-Type-Options", "nosniff"),
                        ],
                    )
                    return [body]
        return self.ordinary(environ, start_response)


@lru_cache(maxsize=64)
def _base(scheme: str, host: str) -> str | None:
    """Return the address of the service as the caller wrote it, or None for a host that is not ours."""
    domain, _ = split_domain_port(host)
    return f"{scheme}://{host}{PREFIX}" if domain and validate_host(domain, settings.ALLOWED_HOSTS) else None


def _one_user(token: str, sourced_id: UUID, base: str) -> bytes | None:
    """Return the JSON of one user, or None where the ordinary lane must answer.

    The connection is Django's own for this thread, so both lanes share one; a connection that the server has closed
    meanwhile is opened anew once, which is safe since the statement did not run.
    """
    checksum = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    for _ in range(2):
        try:
            connection.ensure_connection()
            # Django's own cursors put values into the text; this one sends them apart, so the plan is kept.
            cursor = psycopg.Cursor(connection.connection)
            row = cursor.execute(
                _CALL, (checksum, sourced_id, base), prepare=settings.KEEP_PLANS, binary=True
            ).fetchone()
        except (OperationalError, psycopg.OperationalError):
            connection.close()
        else:
            return row[0].encode() if row and row[0] is not None else None
    return None
