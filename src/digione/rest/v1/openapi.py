"""The description of the API, made from the operations: the OpenAPI 3.1 document, and what its page shows of it."""

from functools import cache
from typing import Any

from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.problems import CONTENT_TYPE
from digione.rest.v1.service import AppToken, make_api
from digione.schema.json_schema import DIALECT

PREFIX = "/api/v1/"
_TAG = {
    "description": "Changes whenever the answer does; send it back as `If-None-Match`.",
    "schema": {"type": "string"},
}
_CONDITION = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The `ETag` of what the app has: 304 without a body when nothing has changed.",
    "schema": {"type": "string"},
}
_LANGUAGE = {
    "in": "header",
    "name": "Accept-Language",
    "required": False,
    "description": "The language of failures: fi (the default), sv, en.",
    "schema": {"type": "string"},
}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document: what django-ninja makes, and what it cannot say of an answer that others make."""
    made: dict[str, Any] = dict(make_api().get_openapi_schema(path_prefix=PREFIX))
    scopes = {f"{PREFIX}{endpoint.path}": endpoint.scope for endpoint in ENDPOINTS}
    for address, operations in made["paths"].items():
        # HEAD is GET without the body, as everywhere.
        del operations["head"]
        operation = operations["get"]
        operation["security"] = [{AppToken.__name__: [scopes[address.partition("/{")[0]]]}]
        operation["parameters"].append(_LANGUAGE)
        responses = operation["responses"] = {str(status): told for status, told in operation["responses"].items()}
        for status, told in responses.items():
            if status >= "400":
                told["content"] = {CONTENT_TYPE: told["content"].pop("application/json")}
        responses["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        responses["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
        if "{" in address:
            operation["parameters"].append(_CONDITION)
            operation["parameters"][0]["schema"] = {"type": "string", "format": "uuid"}
            responses["200"]["headers"] = {"ETag": _TAG}
            responses["304"] = {"description": "Not Modified", "headers": {"ETag": _TAG}}
    return {**made, "jsonSchemaDialect": DIALECT}
