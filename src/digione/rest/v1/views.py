"""The description of the API, for programs and for people. It is public, and holds no data."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.openapi import collection_of, document
from digione.rest.v1.service import spoken

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
                if collection_of(address).rpartition("/")[2] == endpoint.path
            ],
            "fields": [{"told": each, "narrow": each.name in endpoint.narrow} for each in endpoint.served],
        }
        for endpoint in ENDPOINTS
    ]
    return render(
        request, "rest/api_docs.html", {"endpoints": shown, "base": f"{request.scheme}://{request.get_host()}"}
    )
