"""The addresses of OneRoster 1.2 rostering, by the standard's path and by an alias that clients also use."""

import re

from django.urls import path, re_path

from digione.rest.oneroster.operations import OPERATIONS
from digione.rest.oneroster.views import elsewhere, unknown, view

_PREFIXES = ("ims/oneroster/rostering/v1p2", "ims/oneroster/v1p2/rostering/v1p2")


def _route(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<str:\1>", template)


urlpatterns = [
    *(path(f"{prefix}/{_route(operation.path)}", view(operation)) for prefix in _PREFIXES for operation in OPERATIONS),
    *(re_path(rf"^{prefix}/(?P<rest>.*)$", unknown) for prefix in _PREFIXES),
    # Other versions and services of 1EdTech: their clients too read JSON.
    re_path(r"^ims/(?P<rest>.*)$", elsewhere),
]
