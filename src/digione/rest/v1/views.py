"""The description of the API, for programs and for people. It is public, and holds no data."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.openapi import collection_of, document
from digione.rest.v1.service import spoken
from digione.rest.v1.study_endpoints import STUDY_RIGHTS

_KEPT = {"Cache-Control": "public, max-age=3600"}


@spoken
def description(request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document."""
    return HttpResponse(_text(), content_type="application/json", headers=_KEPT)


@cache
def _text() -> bytes:
    return json.dumps(document(), ensure_ascii=False).encode()


@require_safe
def to_documentation(request: HttpRequest) -> HttpResponse:
    """Lead to the documentation of the newest version."""
    return redirect("api_docs")


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """Show the operations, their scopes, parameters and fields."""
    paths = document()["paths"]
    shown = [
        {
            "endpoint": endpoint,
            "operations": [
                {"method": method.upper(), "address": address, "told": told}
                for address, operations in paths.items()
                for method, told in operations.items()
                if _path_of(address) == endpoint.path
            ],
            "fields": [{"told": each, "narrow": each.name in endpoint.narrow} for each in endpoint.served],
        }
        for endpoint in ENDPOINTS
    ]
    return render(
        request, "rest/api_docs.html", {"endpoints": shown, "base": f"{request.scheme}://{request.get_host()}"}
    )


def _path_of(address: str) -> str:
    """Return the path of the endpoint under which an address is shown: a learner's document, under what it needs at least."""
    path = collection_of(address).rpartition("/")[2]
    return STUDY_RIGHTS.path if path == "learners" else path
