"""What a state or a mark must be before it is written: pure rules, each with its source.

They are those of the national register (KOSKI) that one row and its neighbours can show; what only a whole study right
shows is the register's to check.
"""

from collections.abc import Iterable, Mapping
from datetime import date
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
