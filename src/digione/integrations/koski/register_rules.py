"""What the national register would say of a study right: which rules hold at which level, and all that they find."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from digione.integrations.koski.findings import Finding, Rule, View, error
from digione.integrations.koski.mapping import StudyRight
from digione.integrations.koski.rules_of_all import OF_ALL, one_end, states_ascend
from digione.integrations.koski.rules_of_basic import OF_BASIC, one_of_religion_and_ethics
from digione.integrations.koski.rules_of_levels import OF_PREPRIMARY, OF_TUVA, OF_UPPER_SECONDARY, OF_VOCATIONAL
from digione.integrations.koski.rules_of_support import OF_COMPULSORY, OF_SUPPORT
from digione.studies.record_rules import ANNULLED

#: The rules that a level (code list `opiskeluoikeudentyyppi`) has beside those of all.
BY_LEVEL: Mapping[str, tuple[Rule, ...]] = {
    "perusopetus": (*OF_BASIC, *OF_COMPULSORY),
    "perusopetuksenlisaopetus": OF_COMPULSORY,
    "esiopetus": (*OF_PREPRIMARY, *OF_COMPULSORY),
    "lukiokoulutus": (*OF_UPPER_SECONDARY, one_of_religion_and_ethics),
    "ammatillinenkoulutus": OF_VOCATIONAL,
    "tuva": OF_TUVA,
}
_EVERYWHERE: tuple[Rule, ...] = (*OF_ALL, *OF_SUPPORT)
#: Of a study right that is annulled the register looks at nothing else.
_OF_ANNULLED: tuple[Rule, ...] = (states_ascend, one_end)


def findings(right: StudyRight, pointer: str, today: date) -> Iterator[Finding]:
    """Yield what the register would say of a study right that was read without faults; `pointer` says where it stands."""
    view = View.of(right, pointer, today)
    annulled = view.state == ANNULLED
    for rule in _OF_ANNULLED if annulled else (*_EVERYWHERE, *BY_LEVEL.get(view.level, ())):
        yield from rule(view)


def findings_of_person(person: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the register would say of `henkilö`: who is called by a name that is none of the first names (2, shape).

    Part of a name with a hyphen will do.
    """
    given, first = person.get("kutsumanimi"), person.get("etunimet")
    if not isinstance(given, str) or not isinstance(first, str):
        return
    names = first.casefold().split()
    parts = {part for name in names for part in name.split("-")}
    if given.casefold() not in {*names, *parts, first.casefold()}:
        yield error("register-given-name", "/henkilö/kutsumanimi")
