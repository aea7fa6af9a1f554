"""The writes of apps: a row is changed or added, where the agreement and the token open it for writing.

All of a call is checked before anything is written: its key, the row, its version, and every fault of the body.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.core.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import adding, facts, line_facts, write_facts
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import STUDY_RIGHT_STATES
from digione.rest.v1.write_facts import Write
from digione.studies.record_rules import (
    faults_of_annulled,
    faults_of_assessment,
    faults_of_changed,
    faults_of_state,
)


@dataclass(frozen=True, slots=True)
class Written:
    """The row as it stands now, and the status of the answer: 201 where this call or its first time added the row."""

    row: facts.Row
    status: int


@use_case(Permission.STUDY_RIGHT_RECORD, Event.STUDY_RIGHTS_RECORDED)
def change_row(uc: UseCase, *, write: Write, ident: UUID) -> Written:
    """An app corrects a row of a learner's studies in our own API.

    Raises `NotFoundError` for a row that it may not read, `ConflictError` where it has changed meanwhile, and
    `InvalidInputError` with every fault.
    """
    grant = write_facts.begin(uc, write)
    uc.target = ident
    before = write_facts.repeated(uc, write)
    if before:
        return Written(_read(uc, write, grant, before["row_id"]), before["status"])
    stands = facts.locked(uc, write.endpoint, grant, ident)
    if stands is None:
        raise NotFoundError("There is no such object here.")
    if write.versions is not None and facts.version_of(stands["sys_from"]) not in write.versions:
        raise ConflictError("The row has changed since it was read.")
    values = _checked(uc, write, stands)
    if any(stands[name] != value for name, value in values.items()):
        write_facts.update(uc, write.endpoint, ident, values)
        announce(
            uc,
            "studies.record_changed",
            provider_id=grant.provider_id,
            subject=ident,
            resource=write.endpoint.resource.name,
        )
    return _end(uc, write, _read(uc, write, grant, ident), HTTPStatus.OK)


@use_case(Permission.STUDY_RIGHT_RECORD, Event.STUDY_RIGHTS_RECORDED)
def add_row(uc: UseCase, *, write: Write, owner: Endpoint) -> Written:
    """An app adds a row under one of a learner's studies in our own API.

    Raises `InvalidInputError` with every fault, and where the row above is not there for the app.
    """
    grant = write_facts.begin(uc, write)
    before = write_facts.repeated(uc, write)
    if before:
        return Written(_read(uc, write, grant, before["row_id"]), before["status"])
    faults = write_facts.faults_of_body(uc, write.endpoint, write.body)
    name = write.writing.owner
    above = None
    if name not in {fault.pointer for fault in faults}:
        # Whoever adds holds the row above, so that two who add at once number their rows one after the other.
        above = facts.locked(uc, owner, grant, UUID(write.body[name]))
        if above is None:
            faults.append(Fault(name, "not_there", _("Nothing by this id is there for this app.")))
    if faults or above is None:
        raise InvalidInputError(faults)
    values = write_facts.as_columns(write.endpoint, write.body, adding=True)
    fresh: Row = {each.name: None for each in write_facts.writable(write.endpoint, adding=True)} | values
    owners = adding.owners(uc, write.endpoint, {above["id"]: above})
    place, faults = adding.put(write.endpoint, fresh, owners[above["id"]])
    _refuse(faults + _faults_of_row(uc, write, fresh | place))
    ident = write_facts.insert(uc, write.endpoint, above["person_id"], values | place)
    announce(
        uc, "studies.record_added", provider_id=grant.provider_id, subject=ident, resource=write.endpoint.resource.name
    )
    return _end(uc, write, _read(uc, write, grant, ident), HTTPStatus.CREATED)


def _checked(uc: UseCase, write: Write, stands: Row) -> dict[str, Any]:
    _refuse(write_facts.faults_of_body(uc, write.endpoint, write.body, stands))
    values = write_facts.as_columns(write.endpoint, write.body, adding=False)
    faults = _faults_of_row(uc, write, stands | values)
    if write.endpoint.resource.name == "attainment":
        faults += faults_of_changed(stands | values, set(values))
    if write.endpoint is not STUDY_RIGHT_STATES:
        faults += faults_of_annulled(bool(line_facts.annulled(uc, write.endpoint, [stands["id"]])), "body")
    _refuse(faults)
    return values


def _faults_of_row(uc: UseCase, write: Write, row: Row) -> list[Fault]:
    """Return what is wrong with a row as it would stand, beside those that stand already."""
    if write.endpoint.resource.name == "assessment":
        return faults_of_assessment(row, uc.today)
    if write.endpoint.resource.name == "study_right_state":
        right = row[write.writing.owner]
        states = line_facts.beside(uc, write.endpoint, [right])[right]
        place = row.get("place", len(states))
        earlier = [state for state in states if state["place"] < place]
        later = [state for state in states if state["place"] > place]
        return faults_of_state(row, earlier) + [
            fault for number, state in enumerate(later[:1]) for fault in faults_of_state(state, [row])
        ]
    return []


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInputError(faults)


def _read(uc: UseCase, write: Write, grant: Grant, ident: UUID) -> facts.Row:
    found = facts.rows_of(uc, write.endpoint, grant, write.shown, [ident])
    if not found:
        raise NotFoundError("There is no such object here.")
    uc.saw([row.person for row in found if row.person])
    uc.touched(write.endpoint.resource.table, *sorted(write.shown | set(write.body)))
    return found[0]


def _end(uc: UseCase, write: Write, row: facts.Row, status: HTTPStatus) -> Written:
    if write.repeat:
        write_facts.settle(uc, write.repeat, row.id, status)
    return Written(row, status)
