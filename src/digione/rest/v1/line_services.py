"""The write of many rows at once: all lines of a call or none, with every fault of every line told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.core.errors import Fault, InvalidInputError
from digione.core.ids import new_id
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import adding, facts, line_facts, write_facts
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import STUDY_RIGHT_STATES
from digione.rest.v1.write_facts import Code, Write
from digione.studies.record_rules import (
    faults_of_annulled,
    faults_of_assessment,
    faults_of_changed,
    faults_of_state,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a call: its number, the fields that it writes, ids being ours.

    `ident`: the row that it changes, None where it adds one. `versions`: those of which that row must be one, None for any.
    """

    number: int
    body: Mapping[str, Any]
    ident: UUID | None = None
    versions: frozenset[str] | None = None


@dataclass(slots=True)
class _Work:
    """A line under way: the row that stands, if any, the row as it shall stand, its faults, and the codes to look up."""

    line: Line
    stands: Row | None = None
    row: Row = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        return self.stands is not None and any(self.stands[name] != self.row[name] for name in self.line.body)


@use_case(Permission.STUDY_RIGHT_RECORD, Event.STUDY_RIGHTS_RECORDED)
def write_lines(uc: UseCase, *, write: Write, lines: Sequence[Line], owner: Endpoint) -> list[tuple[int, facts.Row]]:
    """An app corrects and adds many rows of learners' studies in our own API, all of them or none.

    `write` says where and with which rights; rows are added under those of `owner`. Returns the lines' numbers with their
    rows as they stand now, in their order. Raises `InvalidInputError` with every
    fault, each at its line.
    """
    grant = write_facts.begin(uc, write)
    uc.saw_in_bulk(count=len(lines))
    before = write_facts.repeated(uc, write)
    if before:
        return _told(uc, write, grant, lines, before["row_ids"] or [])
    works = [_Work(line) for line in lines]
    _find(uc, write.endpoint, grant, works)
    _place(uc, write.endpoint, grant, works, owner)
    _refuse(works)
    unknown = write_facts.unknown_codes(uc, [code for work in works for code in work.codes.values()])
    for work in works:
        work.faults += write_facts.faults_of_codes(work.codes, unknown)
    _judge(uc, write.endpoint, works)
    _refuse(works)
    changed = [work.row for work in works if work.differs]
    added = [work.row for work in works if work.stands is None]
    if changed:
        line_facts.update(uc, write.endpoint, changed)
    if added:
        line_facts.insert(uc, write.endpoint, added)
    if changed or added:
        announce(
            uc,
            "studies.records_written",
            provider_id=grant.provider_id,
            resource=write.endpoint.resource.name,
            added=len(added),
            changed=len(changed),
        )
    ids = [work.row["id"] for work in works]
    if write.repeat:
        line_facts.settle(uc, write.repeat, ids, HTTPStatus.OK)
    return _told(uc, write, grant, lines, ids)


def _find(uc: UseCase, endpoint: Endpoint, grant: Grant, works: Sequence[_Work]) -> None:
    """Find and hold the rows that are changed, and judge what each line says of its own."""
    there = facts.all_locked(uc, endpoint, grant, [work.line.ident for work in works if work.line.ident])
    for work in works:
        line = work.line
        if line.ident is None:
            work.faults, work.codes = write_facts.judged(endpoint, line.body)
            continue
        work.stands = there.get(line.ident)
        if work.stands is None:
            work.faults.append(Fault("id", "not_there", _("Nothing by this id is there for this app.")))
        elif line.versions is not None and facts.version_of(work.stands["sys_from"]) not in line.versions:
            text = _("Somebody else has changed it. Read it again, and change what stands now.")
            work.faults.append(Fault("if_match", "outdated", text))
        faults, work.codes = write_facts.judged(endpoint, line.body, work.stands or {})
        work.faults += faults
        if not work.faults and work.stands is not None:
            work.row = work.stands | write_facts.as_columns(endpoint, line.body, adding=False)


def _place(uc: UseCase, endpoint: Endpoint, grant: Grant, works: Sequence[_Work], owner: Endpoint) -> None:
    """Hold the rows under which others are added, and make these: each behind those that are there, and behind those that
    lines before it add. A line whose body is wrong by itself is nobody's sibling: what it would be is not known.
    """
    new = [work for work in works if work.line.ident is None]
    if not new or endpoint.writing is None:
        return
    name = endpoint.writing.owner
    wrong = {work.line.number for work in new if name in {fault.pointer for fault in work.faults}}
    named = [(work, UUID(work.line.body[name])) for work in new if work.line.number not in wrong]
    above = adding.owners(uc, endpoint, facts.all_locked(uc, owner, grant, sorted({ident for _work, ident in named})))
    empty: Row = {each.name: None for each in write_facts.writable(endpoint, adding=True)} | {"carried": {}}
    for work, ident in named:
        if ident not in above:
            work.faults.append(Fault(name, "not_there", _("Nothing by this id is there for this app.")))
        if work.faults:
            continue
        row = {
            **empty,
            **write_facts.as_columns(endpoint, work.line.body, adding=True),
            "id": new_id(),
            "person_id": above[ident].row["person_id"],
        }
        place, work.faults = adding.put(endpoint, row, above[ident])
        if place:
            work.row = row | place
            above[ident].rows.append(work.row)


def _judge(uc: UseCase, endpoint: Endpoint, works: Sequence[_Work]) -> None:
    """Judge the rows as they would stand, all lines done, beside those that stand already."""
    if endpoint is not STUDY_RIGHT_STATES:
        annulled = line_facts.annulled(uc, endpoint, [work.stands["id"] for work in works if work.stands])
        for work in works:
            if work.stands and work.row:
                work.faults += faults_of_annulled(work.stands["id"] in annulled, "id")
    for work in works:
        if work.row and endpoint.resource.name == "assessment":
            work.faults += faults_of_assessment(work.row, uc.today)
        if work.row and work.stands and endpoint.resource.name == "attainment":
            work.faults += faults_of_changed(work.row, set(work.line.body))
    if endpoint.resource.name == "study_right_state":
        by_right: dict[UUID, dict[UUID, _Work]] = defaultdict(dict)
        for work in works:
            if work.row:
                by_right[work.row["study_right_id"]][work.row["id"]] = work
        for right, states in line_facts.beside(uc, endpoint, by_right).items():
            _judge_states(states, by_right[right])


def _judge_states(stand: Sequence[Row], written: Mapping[UUID, _Work]) -> None:
    """Judge the states of one study right: those that are written, and what stands right behind one."""
    added = [work.row for work in written.values() if work.stands is None]
    states = sorted(
        [*(written[row["id"]].row if row["id"] in written else row for row in stand), *added],
        key=lambda row: int(row["place"]),
    )
    for place, state in enumerate(states):
        before = states[place - 1] if place else None
        to_blame = written.get(state["id"]) or (before and written.get(before["id"]))
        if to_blame:
            to_blame.faults += faults_of_state(state, states[:place])


def _refuse(works: Sequence[_Work]) -> None:
    faults = [
        Fault(f"lines.{work.line.number}.{fault.pointer}", fault.code, fault.message)
        for work in works
        for fault in work.faults
    ]
    if faults:
        raise InvalidInputError(faults)


def _told(
    uc: UseCase, write: Write, grant: Grant, lines: Sequence[Line], ids: Sequence[UUID]
) -> list[tuple[int, facts.Row]]:
    rows = {row.id: row for row in facts.rows_of(uc, write.endpoint, grant, write.shown, list(ids))}
    uc.saw(row.person for row in rows.values() if row.person)
    uc.touched(write.endpoint.resource.table, *sorted(write.shown | {name for line in lines for name in line.body}))
    return [(line.number, rows[ident]) for line, ident in zip(lines, ids, strict=True) if ident in rows]
