"""Reads: a provider's roster as a OneRoster set."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from digione.access.permissions import Event, Permission
from digione.core import secrets
from digione.core.use_case import UseCase, use_case
from digione.integrations.loading.report import ImportRefusedError
from digione.integrations.oneroster_csv.facts import COLUMNS, QUERIES, prepare, rows, withheld

#: Takes a file's name, its columns and its rows as they come, and returns how many there were.
Write = Callable[[str, Sequence[str], Iterable[Sequence[Any]]], int]


@use_case(Permission.ROSTER_EXPORT, Event.ROSTER_EXPORTED)
def export_roster(uc: UseCase, *, write: Write, include_non_disclosure: bool = False) -> dict[str, int]:
    """Hand every file of the provider's roster of today to `write`, in a form of version 1.2 (bulk).

    People under non-disclosure are left out unless they are asked for, since the standard cannot tell the receiver to
    protect them; then too their contact details stay here. Identity codes and addresses are never part of it. Returns
    the number of rows of each file, and of people `withheld`.
    """
    uc.check()
    provider_id = uc.actor.provider_id
    if provider_id is None:
        raise ImportRefusedError("no-provider")
    parameters = {"provider": provider_id, "day": uc.today, "hidden": include_non_disclosure}
    prepare(uc, parameters)
    counts = {}
    for name, columns in COLUMNS.items():
        found = rows(QUERIES[name], parameters)
        counts[name] = write(name, columns, _users(found) if name == "users" else found)
    counts["withheld"] = withheld(uc, parameters)
    uc.touched("people_person", "given_name", "family_name", "birth_date", "sex")
    uc.touched("people_identifier", "value_enc")
    uc.touched("people_contact", "value")
    uc.touched("people_guardianship", "guardian_id", "child_id")
    uc.touched("people_staffassignment", "role", "organisation_id")
    uc.touched("studies_schoolenrolment", "school_id", "grade")
    uc.touched("studies_enrolment", "group_id")
    if include_non_disclosure:
        uc.touched("people_person", "non_disclosure")
    # By this everybody whom the provider knew on this day is told later that the export may have told of them.
    uc.saw_in_bulk(by="row", disclosed=include_non_disclosure, counts=counts)
    return counts


def _users(found: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for key, names, called, family, hidden, grades, org, username, own, number, email, phone, agents in found:
        given, _space, middle = names.partition(" ")
        learner_number = _opened(number)
        yield (
            key, "", "", "true", _opened(username), f"{{learnerNumber:{learner_number}}}" if learner_number else "",
            given, family, middle, _opened(own), "" if hidden else email, "", "" if hidden else phone, agents, grades,
            "", "", "", called if called != given else "", "", "", org, "",
        )  # fmt: skip


def _opened(ciphertext: Any) -> str:
    return secrets.decrypt(bytes(ciphertext)) if ciphertext else ""
