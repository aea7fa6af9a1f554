"""The addresses of OneRoster rostering: 1.2 by the standard's path and by an alias that clients also use, and 1.1."""

import re

from django.urls import path, re_path

from digione.rest.oneroster.operations import OPERATIONS
from digione.rest.oneroster.v1p1.operations import OPERATIONS as OPERATIONS_1_1
from digione.rest.oneroster.v1p1.views import V1P1
from digione.rest.oneroster.views import V1P2, elsewhere, unknown, view

_SERVED = (
    (V1P2.prefix, V1P2, OPERATIONS),
    ("/ims/oneroster/v1p2/rostering/v1p2", V1P2, OPERATIONS),
    (V1P1.prefix, V1P1, OPERATIONS_1_1),
)


def _route(prefix: str, template: str) -> str:
    return f"{prefix[1:]}/" + re.sub(r"\{(\w+)\}", r"<str:\1>", template)


urlpatterns = [
    *(
        path(_route(prefix, operation.path), view(operation, version))
        for prefix, version, operations in _SERVED
        for operation in operations
    ),
    *(re_path(rf"^{prefix[1:]}/(?P<rest>.*)$", unknown(version)) for prefix, version, _ in _SERVED),
    # Other versions and services of 1EdTech: their clients too read JSON.
    re_path(r"^ims/(?P<rest>.*)$", elsewhere),
]
