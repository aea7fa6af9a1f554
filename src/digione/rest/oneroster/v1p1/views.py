"""What the parameters of a request to 1.1 mean, and the version itself: its place, questions, answers and failures."""

from dataclasses import replace
from http import HTTPStatus

from django.http import QueryDict

from digione.rest.oneroster.answers import Minor, RefusedError
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Query, parse_list
from digione.rest.oneroster.v1p1.answers import INVALID_SELECTION_FIELD, INVALID_SORT_FIELD, passed_over, refusal
from digione.rest.oneroster.v1p1.shapes import PROPERTIES, selected_of_1_2, shape
from digione.rest.oneroster.views import PREFIX_1_1, Asked, Version


def asked(parameters: QueryDict, operation: Operation) -> Asked:
    """Return the question. To sort by what is not there, or to select it, is passed over with a warning (section 3.4.4 and
    3.4.6): the default order, and every property. Raises `RefusedError` for what cannot be read."""
    resource = operation.resource
    told: dict[str, str] = {}
    selected = _selected(parameters, resource.single, told)
    inner = None if selected is None else selected_of_1_2(resource.single, selected)
    if operation.one:
        query = Query(selected=inner)
    else:
        others = parameters.copy()
        others.pop("fields", None)
        if any(name not in resource.filterable for name in others.getlist("sort")):
            others.pop("sort")
            told[INVALID_SORT_FIELD] = "There is no such field to sort by; the rows stand in the default order."
        query = replace(parse_list(others, filterable=resource.filterable, properties=()), selected=inner)
    return Asked(query, shape(resource.single, selected), passed_over(told))


def _selected(parameters: QueryDict, kind: str, told: dict[str, str]) -> frozenset[str] | None:
    if "fields" not in parameters:
        return None
    names = [name.strip() for value in parameters.getlist("fields") for name in value.split(",")]
    if not all(names):
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, Minor.INVALID_SELECTION_FIELD, "A field is blank: name it, or leave fields out."
        )
    if not set(names) <= {*PROPERTIES[kind]}:
        told[INVALID_SELECTION_FIELD] = "A field that was selected is not there; every field is shown."
        return None
    return frozenset(names)


V1P1 = Version(PREFIX_1_1, asked, refusal)
