"""What a state, an attainment or a mark must be before it is written: pure rules, each with its source.

They are those of the national register (KOSKI) that one row and its neighbours can show; what only a whole study right
shows is the register's to check.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any

from django.utils.translation import gettext as _

from digione.core.errors import Fault

#: States after which a study right has no other, but that it may be annulled (KOSKI's code list of states).
TERMINAL = frozenset(
    [
        "valmistunut",
        "eronnut",
        "katsotaaneronneeksi",
        "keskeytynyt",
        "peruutettu",
        "paattynyt",
        "hyvaksytystisuoritettu",
        "mitatoity",
    ]
)
ANNULLED = "mitatoity"
#: Levels whose states name how the studies are paid for, with those states (`shared/national-interfaces.md`, 2.1, rule 9).
FUNDED: Mapping[str, frozenset[str]] = {
    "lukiokoulutus": frozenset({"lasna", "valmistunut"}),
    "aikuistenperusopetus": frozenset({"lasna", "valmistunut"}),
    "ammatillinenkoulutus": frozenset({"lasna", "valmistunut", "loma"}),
    "tuva": frozenset({"lasna", "valmistunut", "loma"}),
    # By the register's validation.
    "diatutkinto": frozenset({"lasna", "valmistunut"}),
}
#: States that say that everything was achieved.
ACHIEVED = frozenset({"valmistunut", "hyvaksytystisuoritettu"})
#: Fields of an attainment of which neither says anything without the other.
_PAIRS = (("size", "size_unit"), ("language_scheme", "language"), ("manner_scheme", "manner"))
#: Fields that say when, where and by whom an attainment was confirmed, and since when it stands.
_CONFIRMED = (("confirmed_on", "valid_from", "confirmed_in", "confirmed_by_oid"),)
#: What holds a school year together is its grade: parts may follow its confirmation (KOSKI refuses no such document).
_YEAR = "perusopetuksenvuosiluokka"
#: Subjects of which a compulsory one stands once in what it is a part of.
_SUBJECTS = frozenset({"perusopetuksenoppiaine", "lukionoppiaine"})


def faults_of_state(state: Mapping[str, Any], before: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Return what is wrong with a state (`valid_from` a date, `state`) behind those `before` it, in their order.

    States ascend strictly; a terminal one is the last, though an annulment may follow it, also on its day.
    """
    *_earlier, last = [None, *before]
    if last is None:
        return []
    starts, annuls = state["valid_from"], state["state"] == ANNULLED
    if starts < last["valid_from"] or (starts == last["valid_from"] and not annuls):
        text = _("A state begins after the one before it, which began on %(day)s.")
        return [Fault("valid_from", "not_ascending", text % {"day": last["valid_from"].isoformat()})]
    if last["state"] in TERMINAL and not annuls:
        text = _("The study right has ended: its last state is %(state)s. Correct that one instead.")
        return [Fault("state", "after_the_end", text % {"state": last["state"]})]
    return []


def faults_of_annulled(is_annulled: bool, pointer: str) -> list[Fault]:
    """Return why nothing is changed in a study right that is annulled; the fault stands at `pointer`."""
    if not is_annulled:
        return []
    return [Fault(pointer, "annulled", _("The study right is annulled. Nothing in it is changed."))]


def faults_of_assessed(states: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return why nothing more is assessed in a study right whose `states` stand in their order: it is annulled."""
    if not states or states[-1]["state"] != ANNULLED:
        return []
    return [Fault("attainment_id", "annulled", _("The study right is annulled. Nothing can be assessed in it."))]


def faults_of_assessment(assessment: Mapping[str, Any], today: date) -> list[Fault]:
    """Return what is wrong with an assessment: says nothing, names no scale for its mark, or lies in the future."""
    faults = []
    if assessment["mark"] is None and assessment["description"] is None:
        faults.append(Fault("mark", "missing", _("Give a mark, or an assessment in words.")))
    if assessment["mark"] is not None and not (assessment["mark_scheme"] or assessment["mark_title"]):
        faults.append(
            Fault(
                "mark_scheme", "missing", _("Name the scale of the mark; or name the mark, where it is of one's own.")
            )
        )
    if assessment["assessed_on"] and assessment["assessed_on"] > today:
        faults.append(Fault("assessed_on", "in_the_future", _("Nobody has assessed on a day that is yet to come.")))
    return faults


def sort_of(attainment: Mapping[str, Any]) -> str:
    """Return what of an attainment tells it from siblings of other sorts: its kind and module."""
    return f"{attainment['kind']}:{attainment['module_scheme'] or ''}:{attainment['module']}"


def node_of(sort: str, number: int, above: str = "") -> str:
    """Return the node of the `number`-th attainment of a sort, from 1, under the node `above`; at the top without one.

    A node begins with the one above it. By it an import finds again what stands, so all that make attainments make
    their nodes here.
    """
    return f"{above}/{sort}:{number}"


def placed(attainment: Mapping[str, Any], above: str, siblings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `place` and `node` of a new attainment behind its `siblings`; `above` is the node that it is a part of."""
    taken = {sibling["node"] for sibling in siblings}
    sort = sort_of(attainment)
    nodes = (node_of(sort, number, above) for number in count(1))
    return {
        "place": max((sibling["place"] for sibling in siblings), default=-1) + 1,
        "node": next(node for node in nodes if node not in taken),
    }


def faults_of_attainment(
    attainment: Mapping[str, Any],
    right: Mapping[str, Any],
    states: Sequence[Mapping[str, Any]],
    above: Sequence[Mapping[str, Any]],
    siblings: Iterable[Mapping[str, Any]],
) -> list[Fault]:
    """Return what is wrong with a new attainment of `right`, whose `states` stand in their order.

    `above`: what it is a part of, the nearest first. The state of the right decides whether anything is added: nothing to
    one that is annulled or completed, and to one that ended otherwise what tells no day behind the end.
    """
    return [
        *_faults_of_module(attainment),
        *_faults_of_pairs(attainment),
        *_faults_of_end(states),
        *_faults_of_days(attainment, right, states, above),
        *_faults_of_whole(attainment, above),
        *_faults_of_twice(attainment, siblings),
    ]


def faults_of_changed(attainment: Mapping[str, Any], changed: Collection[str]) -> list[Fault]:
    """Return what is wrong with an attainment as it would stand, in the fields that are `changed` and those beside them.

    What the national register has taken otherwise is no fault of who changes something else.
    """
    beside = {name for pair in (*_PAIRS, *_CONFIRMED) for name in pair if not set(pair).isdisjoint(changed)}
    faults = [*_faults_of_pairs(attainment), *_faults_of_order(attainment)]
    return [fault for fault in faults if fault.pointer in beside]


def _faults_of_module(attainment: Mapping[str, Any]) -> Iterable[Fault]:
    if not attainment["module_scheme"] and not attainment["module_title"]:
        text = _("Name the code list of the module; or name the module, where it is of one's own.")
        yield Fault("module_scheme", "missing", text)
    if attainment["module_scheme"] and attainment["module_title"]:
        text = _("The code list names the module. Leave its own name out, or the list.")
        yield Fault("module_title", "named_by_the_list", text)


def _faults_of_pairs(attainment: Mapping[str, Any]) -> Iterable[Fault]:
    for one, other in _PAIRS:
        lacking = [name for name in (one, other) if attainment[name] is None]
        if len(lacking) == 1:
            yield Fault(lacking[0], "missing", _("%(field)s is missing.") % {"field": lacking[0]})
    size = attainment["size"]
    if size is not None and size <= 0:
        yield Fault("size", "not_positive", _("A size is more than nothing."))
    if attainment["confirmed_on"] is None and (attainment["confirmed_in"] or attainment["confirmed_by_oid"]):
        yield Fault("confirmed_on", "missing", _("%(field)s is missing.") % {"field": "confirmed_on"})


def _faults_of_end(states: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    last = states[-1]["state"] if states else None
    if last == ANNULLED or last in ACHIEVED:
        text = _("Nothing can be added to the study right: its last state is %(state)s. Correct that one first.")
        yield Fault("study_right_id", "after_the_end", text % {"state": last})


def _faults_of_days(
    attainment: Mapping[str, Any],
    right: Mapping[str, Any],
    states: Sequence[Mapping[str, Any]],
    above: Sequence[Mapping[str, Any]],
) -> Iterable[Fault]:
    """Yield what is wrong with its days: begun, confirmed, what it is a part of confirmed, the right's end."""
    begins, confirmed = attainment["valid_from"], attainment["confirmed_on"]
    first = states[0]["valid_from"] if states else right["valid_from"]
    ends = states[-1]["valid_from"] if states and states[-1]["state"] in TERMINAL else right["valid_to"]
    if begins and first and begins < first and not above:
        text = _("The study right begins on %(day)s only.")
        yield Fault("valid_from", "before_the_right", text % {"day": first.isoformat()})
    yield from _faults_of_order(attainment)
    top = above[-1] if above else attainment
    # Qualifications by demonstrations and preparatory vocational education may be confirmed later (KOSKI).
    spared = top["manner"] == "naytto" or top["kind"] == "valma"
    text = _("The study right ended on %(day)s.")
    for name, day in (("valid_from", begins), ("confirmed_on", None if spared else confirmed)):
        if day and ends and day > ends:
            yield Fault(name, "after_the_right", text % {"day": ends.isoformat()})


def _faults_of_order(attainment: Mapping[str, Any]) -> Iterable[Fault]:
    begins, confirmed = attainment["valid_from"], attainment["confirmed_on"]
    if begins and confirmed and confirmed < begins:
        yield Fault("confirmed_on", "before_it_begins", _("Nothing is confirmed before it has begun."))


def _faults_of_whole(attainment: Mapping[str, Any], above: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    """Yield what does not go with what it is a part of: nothing unfinished in what is confirmed, nor confirmed
    later than it (KOSKI), and sizes in one unit.
    """
    whole = next((row["confirmed_on"] for row in above if row["confirmed_on"]), None)
    if whole and above[-1]["kind"] != _YEAR:
        text = _("What it would be a part of is confirmed. Take the confirmation away first, and confirm it anew.")
        yield Fault("parent_id", "confirmed", text)
    elif whole and attainment["confirmed_on"] and attainment["confirmed_on"] > whole:
        text = _("What it is a part of was confirmed on %(day)s, and nothing in it later.")
        yield Fault("confirmed_on", "after_the_whole", text % {"day": whole.isoformat()})
    unit = above[0]["size_unit"] if above and above[0]["size"] is not None else None
    if unit and attainment["size_unit"] and attainment["size_unit"] != unit:
        text = _("Its size is told in the unit of what it is a part of: %(unit)s.")
        yield Fault("size_unit", "other_unit", text % {"unit": unit})


def _faults_of_twice(attainment: Mapping[str, Any], siblings: Iterable[Mapping[str, Any]]) -> Iterable[Fault]:
    """Yield that a compulsory subject stands there already, of the same syllabus and year (KOSKI)."""
    if attainment["kind"] not in _SUBJECTS or not attainment["is_compulsory"]:
        return
    names = ("kind", "module_scheme", "module", "language", "grade", "is_compulsory")
    # A sibling of which more is known than the data model says may be another syllabus of the subject.
    if any(not row["carried"] and all(row[name] == attainment[name] for name in names) for row in siblings):
        yield Fault("module", "stands_already", _("This compulsory subject stands there already."))
