"""Every address of the house. `tests/conformance` walks this list: a route without authentication is named there."""

from django.urls import include, path

from digione.config.health import healthz, readyz
from digione.config.serving import tell_what_is_served
from digione.rest.oauth import GiveToken, TakeTokenBack

tell_what_is_served()

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("oauth/token", GiveToken.as_view()),
    path("oauth/revoke", TakeTokenBack.as_view()),
    path("", include("digione.rest.oneroster.urls")),
    path("", include("digione.rest.v1.pages")),
    path("", include("digione.rest.v1.urls")),
    path("", include("digione.web.urls")),
]
