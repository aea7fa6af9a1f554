"""The description of the API, made from the operations: the OpenAPI 3.1 document, and what its page shows of it."""

from functools import cache
from typing import Any

from digione.rest.v1 import shapes
from digione.rest.v1.bulk import LINES
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.learner_scopes import LEAST
from digione.rest.v1.problems import CONTENT_TYPE
from digione.rest.v1.service import PREFIX, AppToken, make_api
from digione.schema.json_schema import DIALECT

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


_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "The `ETag` of the row that is to be changed, or `*`. Without it: 428.",
    "schema": {"type": "string"},
}
_PREFER = {
    "in": "header",
    "name": "Prefer",
    "required": False,
    "description": "`return=minimal`: the answer comes without a body (RFC 7240).",
    "schema": {"type": "string"},
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Names the call for a day: made again with the same key and body, it is answered and not done again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,100}$"},
}
_LOCATION = {"description": "Where the new row stands.", "schema": {"type": "string"}}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document: what django-ninja makes, and what it cannot say of an answer that others make."""
    made: dict[str, Any] = dict(make_api().get_openapi_schema(path_prefix=PREFIX))
    served = {f"{PREFIX}{endpoint.path}": endpoint for endpoint in ENDPOINTS}
    for address, operations in made["paths"].items():
        # HEAD is GET without the body, as everywhere.
        operations.pop("head", None)
        endpoint = served.get(collection_of(address))
        for method, operation in operations.items():
            _complete(endpoint, address, method, operation)
    return {**made, "jsonSchemaDialect": DIALECT}


def collection_of(address: str) -> str:
    """Return the address of the list that an address belongs to."""
    return address.partition("/{")[0].removesuffix("/changes").removesuffix("/lines")


def _complete(endpoint: Endpoint | None, address: str, method: str, operation: dict[str, Any]) -> None:
    reads, of_one = method == "get", "{" in address
    scopes = _scopes(endpoint, reads=reads)
    operation["security"] = [{AppToken.__name__: scopes}]
    headers = [_LANGUAGE, *([] if reads else [_PREFER, _KEY])]
    if of_one:
        operation["parameters"][0]["schema"] = {"type": "string", "format": "uuid"}
        headers.append(_CONDITION if reads else _MATCH)
    operation.setdefault("parameters", []).extend(headers)
    responses = operation["responses"] = {str(status): told for status, told in operation["responses"].items()}
    for status, told in responses.items():
        if status >= "400":
            told["content"] = {CONTENT_TYPE: told["content"].pop("application/json")}
        elif (of_one or not reads) and not address.endswith("/lines"):
            told["headers"] = {"ETag": _TAG, **({"Location": _LOCATION} if status == "201" else {})}
    responses["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    responses["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    if endpoint and reads and not of_one and not address.endswith("/changes"):
        one = f"#/components/schemas/{shapes.name_of_one(endpoint)}"
        responses["200"]["content"][LINES] = {"schema": {"$ref": one}}
    if of_one and reads:
        responses["304"] = {"description": "Not Modified", "headers": {"ETag": _TAG}}


def _scopes(endpoint: Endpoint | None, *, reads: bool) -> list[str]:
    """Return which scopes an operation needs; that of a learner's document is of no endpoint."""
    if endpoint is None:
        return [LEAST]
    return [endpoint.scope] if reads or endpoint.writing is None else [endpoint.writing.scope, endpoint.scope]
