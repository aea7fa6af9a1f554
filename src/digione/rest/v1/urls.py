"""The addresses of `/api/` that programs ask: operations, their description, and whatever else they may try."""

from django.urls import URLPattern, path, re_path

from digione.rest.v1.service import PREFIX, elsewhere, make_api, spoken, unknown
from digione.rest.v1.views import description

_PREFIX = PREFIX.removeprefix("/")


def _operations() -> list[URLPattern]:
    """Return the operations, each in the language of its caller."""
    patterns, _app, _namespace = make_api().urls
    return [
        path(f"{_PREFIX}{each.pattern}", spoken(each.callback, writes=True), name=each.name)
        for each in patterns
        # The library's own root leads to its own pages, which are not served.
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]


urlpatterns = [
    path(f"{_PREFIX}openapi.json", description),
    *_operations(),
    # The page for people and the ways to it stand in `pages`: they go the way of all pages.
    re_path(rf"^{_PREFIX}(?!docs$|$)(?P<rest>.*)$", spoken(unknown)),
    re_path(r"^api/(?!v1/docs$|v1/?$|docs$|$)(?P<rest>.*)$", spoken(elsewhere)),
]
