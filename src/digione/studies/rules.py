"""What is missing in a study right, or contradicts itself: pure functions over rows as `path_facts` returns them.

Each finding has a code, whose words the desk has. The rules are those by which the national register of study rights
refuses documents (`shared/national-interfaces.md`, section 2), as far as they can be told of these rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from digione.studies.record_rules import ANNULLED, FUNDED, TERMINAL

Row = dict[str, Any]

#: States after which a study right has ended (code list `koskiopiskeluoikeudentila`).
END_STATES = TERMINAL
#: The states that say that everything was achieved.
_ACHIEVED = frozenset({"valmistunut", "hyvaksytystisuoritettu"})
#: All states.
STATES = ("lasna", "loma", "valiaikaisestikeskeytynyt", *sorted(END_STATES))
#: Attainments with whose confirmation a level is finished (code list `suorituksentyyppi`).
WHOLE = frozenset(
    {
        *("aikuistenperusopetuksenoppimaara", "ammatillinentutkinto", "diatutkintovaihe", "ebtutkinto"),
        *("esiopetuksensuoritus", "ibtutkinto", "lukionoppimaara", "perusopetukseenvalmistavaopetus"),
        *("perusopetuksenlisaopetus", "perusopetuksenoppimaara", "tuvakoulutuksensuoritus"),
    }
)
#: How studies are paid for, of those ways that can still begin (code list `opintojenrahoitus`).
FUNDINGS = ("1", "4", "6", "10", "13", "14", "15", "16", "17")
#: Scales of marks on which the desk corrects, with their marks.
SCALES: Mapping[str, tuple[str, ...]] = {
    "arviointiasteikkoyleissivistava": ("4", "5", "6", "7", "8", "9", "10", "S", "H", "O"),
    "arviointiasteikkoammatillinen15": ("Hylätty", "1", "2", "3", "4", "5"),
    "arviointiasteikkoammatillinent1k3": ("0", "1", "2", "3"),
    "arviointiasteikkoammatillinenhyvaksyttyhylatty": ("Hyväksytty", "Hylätty"),
}
#: The marks that are not passed.
FAILED = frozenset({"4", "H", "Hylätty", "0"})
#: Why something was corrected. No free words: what is not written down need not be guarded.
REASONS = ("mistyped", "late_information", "new_decision", "request")
#: Why a state is added: mostly because the studies go on.
REASONS_OF_ADDING = ("studies_go_on", "late_information", "new_decision", "request")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is amiss: its code, whether it contradicts (else something is missing), and what it concerns.

    `attainment` is the row that it is about, `days` those that it speaks of, `times` how many there are of it.
    """

    code: str
    contradicts: bool
    attainment: Row | None = None
    days: tuple[date, ...] = ()
    times: int = 1


def tree(rows: Iterable[Row], assessments: Mapping[UUID, list[Row]]) -> list[Row]:
    """Return attainments as a tree in their order: each with its `assessments` and what it is made of (`parts`)."""
    made = {row["id"]: {**row, "assessments": assessments.get(row["id"], []), "parts": []} for row in rows}
    top: list[Row] = []
    for row in made.values():
        above = made.get(row["parent_id"]) if row["parent_id"] else None
        (above["parts"] if above else top).append(row)
    return top


def end_of(states: list[Row]) -> date | None:
    """Return the day on which states end a study right; None while it goes on."""
    return states[-1]["valid_from"] if states and states[-1]["state"] in END_STATES else None


def is_void(states: Sequence[Row]) -> bool:
    """Say whether the last state makes the study right void, as if it had never been."""
    return bool(states) and states[-1]["state"] == ANNULLED


def needs_funding(level: str, state: str) -> bool:
    """Say whether a state of a level names how the studies are paid for."""
    return state in FUNDED.get(level, ())


def findings(right: Row, *, today: date) -> list[Finding]:
    """Return what is amiss with a study right: its states first, then its days, then what was achieved."""
    return [*_of_states(right), *_of_days(right, today), *_of_whole(right), *_of_attainments(right)]


def _of_states(right: Row) -> Iterator[Finding]:
    states = right["states"]
    if not states:
        yield Finding("no_state", False)
    for one, following in pairwise(states):
        days = (one["valid_from"], following["valid_from"])
        # An annulment may follow the end, also on its day.
        if following["state"] == ANNULLED:
            continue
        if days[0] == days[1]:
            yield Finding("states_overlap", True, days=days[:1])
        elif days[0] > days[1]:
            yield Finding("states_out_of_order", True, days=days)
        if one["state"] in END_STATES:
            yield Finding("state_after_end", True, days=days)
    lacking = sum(needs_funding(right["level"], state["state"]) and not state["funding"] for state in states)
    if lacking:
        yield Finding("no_funding", False, times=lacking)


def _of_days(right: Row, today: date) -> Iterator[Finding]:
    states, begins, ends = right["states"], right["valid_from"], right["valid_to"]
    ended = end_of(states)
    if begins and states and begins != states[0]["valid_from"]:
        yield Finding("begins_otherwise", True, days=(begins, states[0]["valid_from"]))
    if ended and ends and ended != ends:
        yield Finding("ends_otherwise", True, days=(ends, ended))
    if states and ends and not ended:
        yield Finding("end_without_state", True, days=(ends,))
    if begins and ends and ends < begins:
        yield Finding("ends_before_it_begins", True, days=(begins, ends))
    expected = right["expected_end"]
    if expected and expected < today and not (ended or ends):
        yield Finding("expected_end_passed", False, days=(expected,))


def _of_whole(right: Row) -> Iterator[Finding]:
    whole = [row for row in right["attainments"] if row["kind"] in WHOLE]
    confirmed = [row for row in whole if row["confirmed_on"]]
    ended = end_of(right["states"])
    if confirmed and len(confirmed) == len(whole) and right["states"] and ended is None:
        yield Finding("confirmed_without_end", True, confirmed[0], days=(confirmed[0]["confirmed_on"],))
    if ended and right["states"][-1]["state"] in _ACHIEVED and whole and not confirmed:
        yield Finding("end_without_confirmation", True, whole[0], days=(ended,))


def _of_attainments(right: Row) -> Iterator[Finding]:
    begins, ends = right["begins"], right["valid_to"] or end_of(right["states"])
    for row in right["attainments"]:
        if begins and row["valid_from"] and row["valid_from"] < begins:
            yield Finding("begins_before_the_right", True, row, days=(row["valid_from"], begins))
        if ends and row["confirmed_on"] and row["confirmed_on"] > ends:
            yield Finding("confirmed_after_the_end", True, row, days=(row["confirmed_on"], ends))
        marks = [mark for part in _inner(row) for mark in part["assessments"] if mark["mark"]]
        undated = sum(mark["assessed_on"] is None for mark in marks)
        # Where none has a day, that of the confirmation holds for all; where only some have one, the others lack theirs.
        if undated and (undated < len(marks) or not row["confirmed_on"]):
            yield Finding("mark_without_day", False, row, times=undated)
        unmarked = sum(not part["assessments"] and not part["parts"] for part in row["parts"])
        if row["confirmed_on"] and unmarked:
            yield Finding("confirmed_without_mark", False, row, times=unmarked)


def _inner(row: Row) -> Iterator[Row]:
    yield row
    for part in row["parts"]:
        yield from _inner(part)


def kept_by_app(row: Mapping[str, Any]) -> bool:
    """Say whether an app keeps a state or a mark: it is the app's to change then."""
    return (row["kept_by"] or "").startswith("app:")


def moves(rights: list[Row]) -> list[Row]:
    """Return the changes of provider on a path: from which right to which, and on which day the new one begins."""
    found = []
    for one, following in pairwise(rights):
        if one["provider_id"] != following["provider_id"] and following["begins"]:
            found.append({"day": following["begins"], "from": one["provider_name"], "to": following["provider_name"]})
    return found
