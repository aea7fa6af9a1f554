"""The 41 addresses: one view for all, since an operation is data."""

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from digione.core.errors import DeniedError, NotFoundError
from digione.rest.oneroster import collect, sealed
from digione.rest.oneroster.answers import Minor, RefusedError, answered, links, refusal
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Query, parse_fields, parse_list
from digione.rest.oneroster.token import LONGEST_REQUEST_ID, caller

log = logging.getLogger(__name__)
PREFIX = "/ims/oneroster/rostering/v1p2"
_NOT_FOUND = RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, "There is no such object here.")


def view(operation: Operation) -> Callable[..., HttpResponseBase]:
    """Return the Django view of an operation."""

    @csrf_exempt
    def serve(request: HttpRequest, **path: str) -> HttpResponseBase:
        try:
            if request.method not in ("GET", "HEAD"):
                raise RefusedError(
                    HTTPStatus.METHOD_NOT_ALLOWED, Minor.INVALID_DATA, "This service is read only: use GET."
                )
            return _serve(request, operation, path)
        except RefusedError as error:
            return refusal(error)
        except NotFoundError:
            return refusal(_NOT_FOUND)
        except DeniedError as error:
            return refusal(RefusedError(HTTPStatus.FORBIDDEN, Minor.FORBIDDEN, error.reason))
        except SuspiciousOperation:
            return refusal(RefusedError(HTTPStatus.BAD_REQUEST, Minor.INVALID_DATA, "The request cannot be read."))
        except Exception:
            # The payload's form is part of the standard, so a fault of ours is told in it too; the log has the rest.
            log.exception("OneRoster %s failed", operation.name)
            return refusal(
                RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, Minor.INTERNAL, "Something went wrong here; try again.")
            )

    return serve


@csrf_exempt
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address of the service that the standard does not have."""
    try:
        caller(request.headers.get("Authorization", ""))
    except RefusedError as error:
        return refusal(error)
    return refusal(RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, "There is no such operation."))


@csrf_exempt
def elsewhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address outside the service, such as that of another version. What is served is no secret."""
    told = f"This address is not served. OneRoster 1.2 rostering stands at {PREFIX}, as in {PREFIX}/users."
    return refusal(RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, told))


def _serve(request: HttpRequest, operation: Operation, path: dict[str, str]) -> HttpResponseBase:
    who = caller(request.headers.get("Authorization", ""), request.headers.get("X-Request-Id", "")[:LONGEST_REQUEST_ID])
    base = f"{request.scheme}://{request.get_host()}{PREFIX}"
    if operation.one:
        query = Query(selected=parse_fields(request.GET, properties=operation.resource.selectable))
    else:
        query = parse_list(
            request.GET, filterable=operation.resource.filterable, properties=operation.resource.selectable
        )
    ids = {name: _uuid(text) for name, text in path.items()}
    seal = sealed.of(who.actor) if operation.resource.sealed else None
    if seal:
        query = seal.query(query)
        if operation.one:
            ids[operation.one] = seal.opened(ids[operation.one])
    wish = collect.Wish(who, operation, query, ids, base)
    if operation.one:
        body = collect.one(wish)
        if seal:
            body = seal.text(body)
        return answered(f'{{"{operation.resource.single}":{body}}}'.encode())
    page = collect.page(wish)
    if seal:
        page = replace(page, first=seal.text(page.first), chunks=page.chunks and map(seal.text, page.chunks))
    answer = _list_answer(operation.resource.collection, page)
    answer["X-Total-Count"] = str(page.total)
    answer["Link"] = links(
        lambda at: _address(request, query.limit, at), limit=query.limit, offset=query.offset, total=page.total
    )
    return answer


def _list_answer(collection: str, page: collect.Page) -> HttpResponseBase:
    if page.chunks is None:
        return answered(b"".join(_framed(collection, iter([page.first]))))
    chunks = page.chunks

    def everything() -> Iterator[str]:
        yield page.first
        yield from chunks

    return StreamingHttpResponse(
        _framed(collection, everything()), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _framed(collection: str, chunks: Iterator[str]) -> Iterator[bytes]:
    yield f'{{"{collection}":['.encode()
    separator = ""
    for chunk in chunks:
        if chunk:
            yield f"{separator}{chunk}".encode()
            separator = ","
    yield b"]}"


def _address(request: HttpRequest, limit: int, offset: int) -> str:
    # Where the page begins comes first, as in the hot lane; what else was asked follows as it was asked.
    others = request.GET.copy()
    for name in ("limit", "offset"):
        others.pop(name, None)
    more = f"&{others.urlencode()}" if others else ""
    return f"{request.scheme}://{request.get_host()}{quote(request.path)}?limit={limit}&offset={offset}{more}"


def _uuid(text: str) -> uuid.UUID:
    """Return the id; what is not written as we write ids is nobody's."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        raise _NOT_FOUND from None
    if str(value) != text.lower():
        raise _NOT_FOUND
    return value
