"""Asks a WSGI application with exactly the bytes that a test means, as no polite client would."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections


@cache
def django_application() -> Any:
    """Django alone: the ordinary lane."""
    return get_wsgi_application()


@contextmanager
def one_transaction() -> Iterator[None]:
    """Keep the test's transaction over requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body."""

    status_code: int
    headers: dict[str, str]
    content: bytes
    streaming = False

    @property
    def status(self) -> int:
        return self.status_code

    def json(self) -> Any:
        return json.loads(self.content)


def ask(
    application: Callable[..., Any],
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    authorization: str | None = None,
    body: Any = b"",
    length: int | str | None = None,
    content_type: str = "application/x-www-form-urlencoded",
    address: str = "192.0.2.99",
    host: str = "testserver",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send one request. `path` stands as the server hands it over: percent signs decoded once, bytes as latin-1."""
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body) if length is None else length),
        "REMOTE_ADDR": address,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body) if isinstance(body, bytes) else body,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **({"HTTP_AUTHORIZATION": authorization} if authorization is not None else {}),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }
    with one_transaction():
        chunks = application(environ, lambda status, sent, *_: told.append((status, sent)))
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
    ((status, sent),) = told
    return Answer(int(status[:3]), dict(sent), content)
