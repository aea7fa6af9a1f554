"""Whole lists as lines (NDJSON): one JSON object in each, in runs, so that memory stays the same at any length."""

from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, StreamingHttpResponse

from digione.rest.oneroster.answers import RefusedError
from digione.rest.oneroster.token import Caller, caller
from digione.rest.v1 import collect
from digione.rest.v1.facts import Span

#: The type of an answer of lines; a client that takes JSON as well gets pages.
LINES = "application/x-ndjson"
#: Rows that are made at a time, each run with a transaction, a look at the token and a row of the log of its own.
RUN = 4000


def answer(request: HttpRequest, wish: collect.Wish, span: Span) -> StreamingHttpResponse:
    """Return the rows behind `span.after` to the end of the list.

    Where the right to read ends meanwhile the connection is broken off: an answer that was closed properly would be taken
    for the whole list.
    """
    first = collect.lines(wish, replace(span, limit=RUN))
    lines = _lines(request, wish, span, first)
    return StreamingHttpResponse(lines, content_type=LINES, headers={"Cache-Control": "no-store"})


def _lines(request: HttpRequest, wish: collect.Wish, span: Span, chunk: collect.Chunk) -> Iterator[bytes]:
    while True:
        if chunk.body:
            yield chunk.body
        if chunk.after is None:
            return
        wish = replace(wish, caller=_asked_again(request))
        chunk = collect.lines(wish, replace(span, after=chunk.after, limit=RUN))


def _asked_again(request: HttpRequest) -> Caller:
    try:
        return caller(request.headers)
    except RefusedError:
        raise ConnectionAbortedError("The right to read ended while the list was being read.") from None
