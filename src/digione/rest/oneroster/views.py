"""The 41 addresses of each version: one view for all, since an operation is data, and so is a version."""

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import quote

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from digione.core.errors import DeniedError, NotFoundError
from digione.rest.oneroster import collect, sealed
from digione.rest.oneroster.answers import Minor, RefusedError, answered, links, refusal
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Query, parse_fields, parse_list
from digione.rest.oneroster.token import caller

log = logging.getLogger(__name__)
PREFIX = "/ims/oneroster/rostering/v1p2"
PREFIX_1_1 = "/ims/oneroster/v1p1"
_NOT_FOUND = RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, "There is no such object here.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a version of the standard makes of the parameters of a request.

    `query` speaks of our own resources. `shape` makes the version's objects of ours, JSON text of one or more of them;
    None where they are the same. `told`: JSON that stands in the answer behind the objects, with its comma.
    """

    query: Query
    shape: Callable[[str], str] | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between versions of the standard: place, the words of questions and answers, and those of failures."""

    prefix: str
    asked: Callable[[QueryDict, Operation], Asked]
    refusal: Callable[[RefusedError], HttpResponse]


def _asked(parameters: QueryDict, operation: Operation) -> Asked:
    resource = operation.resource
    if operation.one:
        return Asked(Query(selected=parse_fields(parameters, properties=resource.selectable)))
    return Asked(parse_list(parameters, filterable=resource.filterable, properties=resource.selectable))


V1P2 = Version(PREFIX, _asked, refusal)


def view(operation: Operation, version: Version = V1P2) -> Callable[..., HttpResponseBase]:
    """Return the Django view of an operation."""

    @csrf_exempt
    def serve(request: HttpRequest, **path: str) -> HttpResponseBase:
        try:
            if request.method not in ("GET", "HEAD"):
                raise RefusedError(
                    HTTPStatus.METHOD_NOT_ALLOWED, Minor.INVALID_DATA, "This service is read only: use GET."
                )
            return _serve(request, operation, path, version)
        except RefusedError as error:
            return version.refusal(error)
        except NotFoundError:
            return version.refusal(_NOT_FOUND)
        except DeniedError as error:
            return version.refusal(RefusedError(HTTPStatus.FORBIDDEN, Minor.FORBIDDEN, error.reason))
        except SuspiciousOperation:
            return version.refusal(
                RefusedError(HTTPStatus.BAD_REQUEST, Minor.INVALID_DATA, "The request cannot be read.")
            )
        except Exception:
            # The payload's form is part of the standard, so a fault of ours is told in it too; the log has the rest.
            log.exception("OneRoster %s failed", operation.name)
            return version.refusal(
                RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, Minor.INTERNAL, "Something went wrong here; try again.")
            )

    return serve


def unknown(version: Version = V1P2) -> Callable[..., HttpResponse]:
    """Return the view of the addresses of a service that the standard does not have."""

    @csrf_exempt
    def serve(request: HttpRequest, rest: str = "") -> HttpResponse:
        try:
            caller(request.headers)
        except RefusedError as error:
            return version.refusal(error)
        return version.refusal(RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, "There is no such operation."))

    return serve


@csrf_exempt
def elsewhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address outside the service, such as that of another version. What is served is no secret."""
    told = (
        f"This address is not served. OneRoster rostering stands at {PREFIX} (1.2), as in {PREFIX}/users, and at"
        f" {PREFIX_1_1} (1.1)."
    )
    return refusal(RefusedError(HTTPStatus.NOT_FOUND, Minor.UNKNOWN_OBJECT, told))


def _serve(request: HttpRequest, operation: Operation, path: dict[str, str], version: Version) -> HttpResponseBase:
    who = caller(request.headers)
    base = f"{request.scheme}://{request.get_host()}{version.prefix}"
    asked = version.asked(request.GET, operation)
    query, shapes = asked.query, [asked.shape] if asked.shape else []
    ids = {name: _uuid(text) for name, text in path.items()}
    seal = sealed.of(who.actor) if operation.resource.sealed else None
    if seal:
        query = seal.query(query)
        # Ids are sealed in our own form, which begins each object with its id.
        shapes = [seal.text, *shapes]
        if operation.one:
            ids[operation.one] = seal.opened(ids[operation.one])
    wish = collect.Wish(who, operation, query, ids, base)
    if operation.one:
        body = collect.one(wish)
        for shape in shapes:
            body = shape(body)
        return answered(f'{{"{operation.resource.single}":{body}{asked.told}}}'.encode())
    page = collect.page(wish)
    for shape in shapes:
        page = replace(page, first=shape(page.first), chunks=page.chunks and map(shape, page.chunks))
    answer = _list_answer(operation.resource.collection, page, asked.told)
    answer["X-Total-Count"] = str(page.total)
    answer["Link"] = links(
        lambda at: _address(request, query.limit, at), limit=query.limit, offset=query.offset, total=page.total
    )
    return answer


def _list_answer(collection: str, page: collect.Page, told: str) -> HttpResponseBase:
    if page.chunks is None:
        return answered(b"".join(_framed(collection, iter([page.first]), told)))
    chunks = page.chunks

    def everything() -> Iterator[str]:
        yield page.first
        yield from chunks

    return StreamingHttpResponse(
        _framed(collection, everything(), told), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _framed(collection: str, chunks: Iterator[str], told: str) -> Iterator[bytes]:
    yield f'{{"{collection}":['.encode()
    separator = ""
    for chunk in chunks:
        if chunk:
            yield f"{separator}{chunk}".encode()
            separator = ","
    yield f"]{told}}}".encode()


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
