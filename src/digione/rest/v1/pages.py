"""The page of the API for people: it goes through the frame that serves people, in our look and without a script."""

from django.urls import path

from digione.rest.v1.views import documentation, to_documentation

urlpatterns = [
    path("api/v1/docs", documentation, name="api_docs"),
    # What people try first.
    *(path(address, to_documentation) for address in ("api", "api/", "api/docs", "api/v1", "api/v1/")),
]
