"""A study right of a document as rows of ours, and back. Pure: no database, no files.

A row is what the data model says of an object; `carried` beside it is the rest of that object, at the same places. So
what is written is the rest with the row's values put back into it, and nothing can be lost between the two.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from digione.integrations.koski.forms import Object, Row, Tell, without_labels
from digione.integrations.koski.payload import ASSESSMENT, ATTAINMENT, EXTRA, EXTRAS, STATE, STUDY_RIGHT, Place
from digione.studies.record_rules import node_of, sort_of


@dataclass(slots=True)
class Attainment:
    """An attainment with its assessments and what it is made of. `row["node"]` tells it from its siblings: its node as at the top."""

    row: Row
    assessments: list[Row]
    parts: list["Attainment"]


@dataclass(slots=True)
class StudyRight:
    """A study right as rows: itself, its states and extra information in their order, and its attainments."""

    row: Row
    states: list[Row] = field(default_factory=list)
    extras: list[Row] = field(default_factory=list)
    attainments: list[Attainment] = field(default_factory=list)


def read_study_right(document: Object, tell: Tell, pointer: str = "") -> StudyRight:
    """Return the rows of one study right, an object of `opiskeluoikeudet`, which is taken to pieces, without its labels.

    Each value of a wrong form is told with its place; the rows are then of no use.
    """
    found = StudyRight(_take(document, _STUDY_RIGHT, tell, pointer))
    _require(found.row, {"level": "tyyppi"}, tell, pointer)
    state = document.get("tila")
    if not isinstance(state, dict):
        tell(f"{pointer}/tila", "koski.missing")
    else:
        place = f"{pointer}/tila/opiskeluoikeusjaksot"
        for inner, at in _objects(state, "opiskeluoikeusjaksot", tell, f"{pointer}/tila"):
            row = _row(inner, _STATE, tell, at)
            _require(row, {"valid_from": "alku", "state": "tila"}, tell, at)
            found.states.append(row)
        if not found.states and "opiskeluoikeusjaksot" not in state:
            tell(place, "koski.missing")
        _drop_empty(document, "tila")
    extra = document.get("lisätiedot")
    if isinstance(extra, dict):
        found.extras = _extras(extra, tell, f"{pointer}/lisätiedot")
        if found.extras:
            _drop_empty(document, "lisätiedot")
    found.attainments = _attainments(document, "suoritukset", tell, pointer)
    if not found.attainments:
        tell(f"{pointer}/suoritukset", "koski.missing")
    found.row["carried"] = _left(document)
    return found


def write_study_right(right: StudyRight) -> Object:
    """Return the object of `opiskeluoikeudet` that these rows stand for."""
    whole = _written(right.row, STUDY_RIGHT)
    if right.states:
        whole.setdefault("tila", {})["opiskeluoikeusjaksot"] = [_written(row, STATE) for row in right.states]
    if right.extras:
        _put_extras(whole.setdefault("lisätiedot", {}), right.extras)
    if right.attainments:
        whole["suoritukset"] = [_written_attainment(each) for each in right.attainments]
    return whole


def walk(attainments: Iterable[Attainment], above: str = "") -> Iterator[tuple[str, str, int, Attainment]]:
    """Yield each attainment with the node above it, its own node, and its place among its siblings."""
    for place, each in enumerate(attainments):
        node = f"{above}{each.row['node']}"
        yield above, node, place, each
        yield from walk(each.parts, node)


def carried_places(right: StudyRight) -> Iterator[str]:
    """Yield the places, as `suoritukset.osaamisala`, of what is carried because the data model has no place for it."""
    yield from _leaves(right.row["carried"], "")
    for row in right.states:
        yield from _leaves(row["carried"], "tila.opiskeluoikeusjaksot")
    for row in right.extras:
        yield from _leaves(row["carried"], f"lisätiedot.{row['written']}")
    yield from _carried_of(right.attainments, "suoritukset")


def _carried_of(attainments: Iterable[Attainment], name: str) -> Iterator[str]:
    for each in attainments:
        # Of most rows nothing is carried.
        if each.row["carried"]:
            yield from _leaves(each.row["carried"], name)
        for row in each.assessments:
            if row["carried"]:
                yield from _leaves(row["carried"], f"{name}.arviointi")
        if each.parts:
            yield from _carried_of(each.parts, "osasuoritukset")


def _attainments(box: Object, name: str, tell: Tell, pointer: str) -> list[Attainment]:
    found: list[Attainment] = []
    seen: dict[str, int] = {}
    for inner, at in _objects(box, name, tell, pointer):
        row = _take(inner, _ATTAINMENT, tell, at)
        _require(row, _OF_ATTAINMENT, tell, at)
        assessments = [_row(each, _ASSESSMENT, tell, where) for each, where in _objects(inner, "arviointi", tell, at)]
        parts = _attainments(inner, "osasuoritukset", tell, at)
        row["carried"] = _left(inner)
        sort = sort_of(row)
        # A subject may stand twice (a compulsory and an optional one): the second of the same kind is another node.
        seen[sort] = number = seen.get(sort, 0) + 1
        row["node"] = node_of(sort, number)
        found.append(Attainment(row, assessments, parts))
    return found


def _written_attainment(each: Attainment) -> Object:
    whole = _written(each.row, ATTAINMENT)
    if each.assessments:
        whole["arviointi"] = [_written(row, ASSESSMENT) for row in each.assessments]
    if each.parts:
        whole["osasuoritukset"] = [_written_attainment(part) for part in each.parts]
    return whole


def _extras(box: Object, tell: Tell, pointer: str) -> list[Row]:
    """Take the entries of known kinds: a list of objects or codes, a single object, a code, a text, true or false."""
    found: list[Row] = []
    for written in [name for name in box if name in EXTRAS]:
        value = box[written]
        items = value if isinstance(value, list) else [value]
        if value is None or not items or not all(isinstance(item, dict | bool) for item in items):
            continue
        del box[written]
        for place, item in enumerate(items):
            at = f"{pointer}/{written}/{place}" if isinstance(value, list) else f"{pointer}/{written}"
            row = _row(item, _EXTRA, tell, at) if isinstance(item, dict) else dict(_EXTRA.empty)
            row.setdefault("carried", {})
            found.append(
                row
                | {
                    "kind": EXTRAS[written],
                    "written": written,
                    "is_listed": isinstance(value, list),
                    "holds": item if isinstance(item, bool) else None,
                }
            )
    return found


def _put_extras(box: Object, rows: Sequence[Row]) -> None:
    for row in rows:
        value = _written(row, EXTRA) if row["holds"] is None else row["holds"]
        if row["is_listed"]:
            box.setdefault(row["written"], []).append(value)
        else:
            box[row["written"]] = value


def _row(inner: Object, plan: "_Plan", tell: Tell, pointer: str) -> Row:
    row = _take(inner, plan, tell, pointer)
    row["carried"] = _left(inner)
    return row


#: The columns that an attainment cannot be without, and where each is told.
_OF_ATTAINMENT = {"kind": "tyyppi", "module": "koulutusmoduuli/tunniste"}


def _left(inner: Object) -> Object:
    """Return what is carried of an object of which everything else was taken. Of most objects nothing is."""
    return without_labels(inner) if inner else inner


@dataclass(frozen=True, slots=True)
class _Plan:
    """The places of an object by the names that lead to them, so that only the names that stand in it are looked at."""

    places: Sequence[Place]
    forms: dict[str, Any]
    empty: Row

    @classmethod
    def of(cls, places: Sequence[Place]) -> "_Plan":
        """Return the plan of these places."""
        forms: dict[str, Any] = {}
        for place in places:
            inner = forms
            for name in place.path[:-1]:
                inner = inner.setdefault(name, {})
            inner[place.path[-1]] = place.form
        return cls(places, forms, dict.fromkeys(column for place in places for column in place.form.columns))


_STUDY_RIGHT, _STATE, _EXTRA, _ATTAINMENT, _ASSESSMENT = map(
    _Plan.of, (STUDY_RIGHT, STATE, EXTRA, ATTAINMENT, ASSESSMENT)
)


def _take(inner: Object, plan: _Plan, tell: Tell, pointer: str) -> Row:
    """Take what the plan names out of an object; return all its columns."""
    row = dict(plan.empty)
    _take_into(row, inner, plan.forms, tell, pointer)
    return row


def _take_into(row: Row, box: Object, forms: dict[str, Any], tell: Tell, pointer: str) -> None:
    # In the order of the document, in which its faults are then told.
    for name in [*box]:
        form = forms.get(name)
        if form is None:
            continue
        if form.__class__ is dict:
            inner = box[name]
            if isinstance(inner, dict) and inner:
                _take_into(row, inner, form, tell, f"{pointer}/{name}")
                # What has been emptied is made anew by what was taken out of it.
                if not inner:
                    del box[name]
        else:
            form.take(row, box, name, tell, pointer)


def _written(row: Row, places: Sequence[Place]) -> Object:
    whole: Object = copy.deepcopy(row["carried"])
    for place in places:
        values = tuple(row[column] for column in place.form.columns)
        if all(value is None for value in values):
            continue
        box = whole
        for name in place.path[:-1]:
            box = box.setdefault(name, {})
        place.form.put(box, place.path[-1], values)
    return whole


def _objects(box: Object, name: str, tell: Tell, pointer: str) -> list[tuple[Object, str]]:
    """Take a list of objects out of `box`, each with its pointer. An empty one is left, and so carried."""
    value = box.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        tell(f"{pointer}/{name}", "koski.list", value=value)
        return []
    found = []
    for place, item in enumerate(value):
        if isinstance(item, dict):
            found.append((item, f"{pointer}/{name}/{place}"))
        else:
            tell(f"{pointer}/{name}/{place}", "koski.object", value=item)
    if found:
        del box[name]
    return found


def _drop_empty(box: Object, name: str) -> None:
    if box.get(name) == {}:
        del box[name]


def _require(row: Row, wanted: dict[str, str], tell: Tell, pointer: str) -> None:
    for column, name in wanted.items():
        if row[column] is None:
            tell(f"{pointer}/{name}", "koski.missing")


def _leaves(value: Any, place: str, *, whole: bool = True) -> Iterator[str]:
    if value == {} and whole:
        return
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else name, whole=False)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _leaves(inner, place, whole=False)
    elif place:
        yield place
