"""Reads: a provider's roster as a OneRoster set, whole or what has changed of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from digione.access.permissions import Event, Permission
from digione.core import clock, secrets
from digione.core.use_case import UseCase, use_case
from digione.integrations.loading.report import ImportRefusedError
from digione.integrations.oneroster_csv.columns import tables
from digione.integrations.oneroster_csv.delta_facts import Change, changes, keep_set
from digione.integrations.oneroster_csv.facts import COLUMNS, prepare, rows, second_roles, withheld
from digione.integrations.oneroster_csv.moment_facts import settled_moment

#: Takes a file's name, its columns and its rows as they come, and returns how many there were.
Write = Callable[[str, Sequence[str], Iterable[Sequence[Any]]], int]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export told: the rows of each file, and of how many people and roles nothing.

    `moment`: the set says how everything stood then, and a delta from it on begins there. `deleted`: rows of a delta that
    say that something is gone, by file. `withheld`: people left out for their non-disclosure. `second_roles`: roles that
    1.1 has no place for, where a user has one.
    """

    moment: datetime
    rows: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    withheld: int = 0
    second_roles: int = 0


@use_case(Permission.ROSTER_EXPORT, Event.ROSTER_EXPORTED)
def export_roster(
    uc: UseCase,
    *,
    write: Write,
    version: str = "1.2",
    since: datetime | None = None,
    include_non_disclosure: bool = False,
) -> Exported:
    """Hand every file of the provider's roster to `write`, in the form of `version` ("1.1" or "1.2").

    Without `since` all of it (bulk); with it what came, changed or went since that moment (delta), which must be the
    `moment` of the export that the receiver has. People under non-disclosure are left out unless they are asked for,
    since the standard cannot tell the receiver to protect them; then too their contact details stay here. Identity codes
    and addresses are never part of it.
    """
    uc.check()
    provider_id = uc.actor.provider_id
    if provider_id is None:
        raise ImportRefusedError("no-provider")
    now = settled_moment(uc)
    parameters = {
        "provider": provider_id,
        "hidden": include_non_disclosure,
        "moment": now,
        "day": min(uc.today, _day(now)),
        "care_group": "ext:careGroup" if version == "1.2" else "scheduled",
    }
    if since is None:
        prepare(uc, parameters)
    else:
        # What is later than the last settled moment is told by the next delta.
        since = min(since, now)
        names = list(COLUMNS[version])
        keep_set(uc, "was", names, {**parameters, "moment": since, "day": min(uc.today, _day(since))})
        keep_set(uc, "is", names, parameters)
        parameters["since"] = since
        uc.reached_back([_day(since)])
    told = Exported(now, withheld=withheld(uc, parameters), second_roles=second_roles(uc) if version == "1.1" else 0)
    for name, columns in COLUMNS[version].items():
        if since is None:
            told.rows[name] = write(name, columns, _whole(name, version, rows(name, parameters)))
        else:
            told.deleted[name] = 0
            told.rows[name] = write(name, columns, _delta(name, version, changes(name, parameters), told.deleted))
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
    begun = {"since": since.isoformat()} if since else {}
    uc.saw_in_bulk(by="row", disclosed=include_non_disclosure, counts={**told.rows, "withheld": told.withheld}, **begun)
    return told


def _day(moment: datetime) -> Any:
    return moment.astimezone(clock.FINLAND).date()


def _whole(name: str, version: str, found: Iterable[Row]) -> Iterator[Row]:
    for row in found:
        yield _cells(name, version, row[:-2])


def _delta(name: str, version: str, found: Iterable[Change], deleted: dict[str, int]) -> Iterator[Row]:
    demanded = set(tables(version)[name].demanded)
    kept = [column in demanded for column in COLUMNS[version][name]]
    for change in found:
        cells = list(_cells(name, version, change.cells))
        if change.gone:
            deleted[name] += 1
            # A row to be deleted tells its id and what the standard requires, as it was told before.
            cells = [cell if keep and not change.protected else "" for cell, keep in zip(cells, kept, strict=True)]
            cells[0] = change.cells[0]
        cells[1:3] = ("tobedeleted" if change.gone else "active", _written(change.changed_at))
        yield cells


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _cells(name: str, version: str, row: Row) -> Row:
    """Return the cells of a file of what its statement gives: those of a user are put together here, and opened."""
    if name != "users":
        return row
    key, names, called, family, hidden, grades, org, username, own, number, email, phone, agents, role, orgs = row
    given, _space, middle = names.partition(" ")
    learner_number = _opened(number)
    ids = f"{{learnerNumber:{learner_number}}}" if learner_number else ""
    contact = ("" if hidden else email, "", "" if hidden else phone)
    person = (_opened(username), ids, given, family, middle, _opened(own), *contact, agents, grades, "")
    if version == "1.1":
        return (key, "", "", "true", orgs, role, *person)
    return (key, "", "", "true", *person, "", "", called if called != given else "", "", "", org, "")


def _opened(ciphertext: Any) -> str:
    return secrets.decrypt(bytes(ciphertext)) if ciphertext else ""
