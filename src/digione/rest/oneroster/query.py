"""The query language of OneRoster: `limit`, `offset`, `sort`, `orderBy`, `filter`, `fields`. Text in, a tree out."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from digione.rest.oneroster.answers import Minor, RefusedError

DEFAULT_LIMIT = 100
#: A larger wish is not refused: the page is cut to this, as the standard lets a server do.
LARGEST_LIMIT = 10_000
#: Offsets are 32-bit by the standard.
LARGEST_OFFSET = 2**31 - 1
#: More terms than any person or product writes; a parse must not be the expensive part of a request.
MOST_TERMS = 50

_TERM = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'", re.DOTALL)
_LOGIC = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """`field predicate 'value'`."""

    field: str
    predicate: str
    value: str


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds. AND binds tighter than OR."""

    parts: tuple[Every, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a collection. `selected` is None when every property is wanted."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    sort: str | None = None
    descending: bool = False
    condition: Either | None = None
    selected: frozenset[str] | None = None

    @property
    def plain(self) -> bool:
        """Whether the default order over everything is asked for."""
        return self.sort is None and self.condition is None

    @property
    def in_order(self) -> bool:
        """Whether rows come in the order of their ids."""
        return self.sort in (None, "sourcedId") and not self.descending


class Parameters(Protocol):
    """The part of Django's QueryDict that is read here."""

    def __contains__(self, name: str) -> bool: ...
    def getlist(self, name: str) -> list[str]: ...


def parse_filter(text: str) -> Either:
    """Return the tree of a filter. Raises `RefusedError` with the place where it stops making sense."""
    alternatives: list[tuple[Term, ...]] = []
    terms: list[Term] = []
    place = 0
    for _ in range(MOST_TERMS):
        found = _TERM.match(text, place)
        if not found:
            break
        terms.append(Term(found[1], found[2], found[3].replace("''", "'")))
        place = found.end()
        if not text[place:].strip():
            return Either(tuple(Every(part) for part in (*alternatives, tuple(terms))))
        logic = _LOGIC.match(text, place)
        if not logic:
            break
        if logic[1].upper() == "OR":
            alternatives.append(tuple(terms))
            terms = []
        place = logic.end()
    raise _bad_filter(f"The filter cannot be read at character {place + 1}. Write field='value', joined by AND or OR.")


def parse_list(parameters: Parameters, *, filterable: Collection[str], properties: Collection[str]) -> Query:
    """Return the query of a collection; unknown fields are refused by name."""
    sort = _single(parameters, "sort")
    if sort is not None and sort not in filterable:
        raise _bad_selection(f"Cannot sort by {_shown(sort)}. {_choices(filterable)}")
    order = _single(parameters, "orderBy")
    if order not in (None, "asc", "desc"):
        raise _bad_data("orderBy is asc or desc.")
    text = _single(parameters, "filter")
    condition = parse_filter(text) if text is not None else None
    for part in condition.parts if condition else ():
        for term in part.parts:
            if term.field not in filterable:
                raise _bad_filter(f"Cannot filter by {_shown(term.field)}. {_choices(filterable)}")
    return Query(
        limit=min(_number(parameters, "limit", DEFAULT_LIMIT, least=1), LARGEST_LIMIT),
        offset=_number(parameters, "offset", 0, least=0),
        sort=sort,
        descending=order == "desc",
        condition=condition,
        selected=parse_fields(parameters, properties=properties),
    )


def parse_fields(parameters: Parameters, *, properties: Collection[str]) -> frozenset[str] | None:
    """Return the selected properties, given once with commas or repeated. An unknown one is refused."""
    if "fields" not in parameters:
        return None
    names = [name.strip() for value in parameters.getlist("fields") for name in value.split(",")]
    unknown = [name for name in names if name not in properties]
    if unknown:
        raise _bad_selection(f"There is no field {_shown(unknown[0])} here. {_choices(properties)}")
    return frozenset(names)


def _single(parameters: Parameters, name: str) -> str | None:
    values: Sequence[str] = parameters.getlist(name)
    if len(values) > 1:
        raise _bad_data(f"{name} was given {len(values)} times; give it once.")
    if not values:
        return None
    if "\x00" in values[0]:
        raise _bad_data(f"{name} contains a null character.")
    return values[0]


def _number(parameters: Parameters, name: str, default: int, *, least: int) -> int:
    text = _single(parameters, name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= LARGEST_OFFSET:
        raise _bad_data(f"{name} is a whole number from {least} to {LARGEST_OFFSET}.")
    return int(text)


def _shown(name: str) -> str:
    """Return a name as it was written, where it looks like one; nothing else is sent back."""
    return repr(name) if re.fullmatch(r"[A-Za-z0-9_.]{1,60}", name) else "that"


def _choices(names: Collection[str]) -> str:
    """Return the sentence that names what could have been asked for, since whoever misspelt one looks for the right one."""
    return f"Known here: {', '.join(sorted(names))}."


def _bad_filter(description: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, Minor.INVALID_FILTER_FIELD, description)


def _bad_selection(description: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, Minor.INVALID_SELECTION_FIELD, description)


def _bad_data(description: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Minor.INVALID_DATA, description)


def condition_sql(condition: Either, fields: "Mapping[str, Field]", parameters: dict[str, object]) -> str:
    """Return the SQL of a filter; its values are added to `parameters` under names of their own."""
    alternatives = []
    for every in condition.parts:
        terms = []
        for term in every.parts:
            name = f"value_{len(parameters)}"
            terms.append(fields[term.field].compare(term, name, parameters))
        alternatives.append(" AND ".join(terms))
    return "(" + " OR ".join(f"({part})" for part in alternatives) + ")"


class Field(Protocol):
    """How a field is compared and sorted; the kinds stand in `fields`."""

    @property
    def order(self) -> str: ...
    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str: ...
