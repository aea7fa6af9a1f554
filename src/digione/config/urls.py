"""Every address of the house. `tests/conformance` walks this list: a route without authentication is named there."""

from django.urls import include, path
from oauth2_provider.views import RevokeTokenView, TokenView

from digione.config.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("oauth/token", TokenView.as_view()),
    path("oauth/revoke", RevokeTokenView.as_view()),
    path("", include("digione.rest.oneroster.urls")),
    path("", include("digione.web.urls")),
]
