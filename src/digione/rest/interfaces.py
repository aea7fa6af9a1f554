"""Takes requests of programs out of the frame that serves people: no session, language, form token or cookie is theirs.

It stands first among Django's middleware. So an answer of the ordinary lane carries the headers of the hot lane and no
others, and costs what it does, not what a page of the desk costs.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_resolver

#: Everything under them is for programs, but for what their addresses leave to the pages for people.
ADDRESSES = {"/ims/": "digione.rest.oneroster.urls", "/api/": "digione.rest.v1.urls"}


class Interfaces:
    """Middleware that answers the addresses of the interfaces itself and hands everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._addresses = {prefix: get_resolver(addresses) for prefix, addresses in ADDRESSES.items()}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a program, or let the rest of the frame answer."""
        addresses = self._addresses.get(request.path_info[:5])
        if addresses is None:
            return self._get_response(request)
        try:
            match = addresses.resolve(request.path_info)
        except Resolver404:
            return self._get_response(request)
        request.resolver_match = match
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        answer["X-Content-Type-Options"] = "nosniff"
        if not answer.streaming and answer.status_code != 304:
            answer["Content-Length"] = str(len(answer.content))  # type: ignore[attr-defined]
        return answer
