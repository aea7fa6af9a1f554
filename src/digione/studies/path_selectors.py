"""Reads of what a learner has studied: the path so far, the office's page of study rights, a certificate."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.access.rules import Detail
from digione.core.errors import NotFoundError
from digione.core.use_case import Decision, Row, UseCase, use_case
from digione.people import duplicate_facts as duplicates
from digione.people import facts as people
from digione.studies import addition_facts as additions
from digione.studies import correction_facts as corrections
from digione.studies import path_facts as facts
from digione.studies import rules

_MOST_LISTED = 40


@use_case(Permission.STUDY_PATH_READ, Event.STUDY_PATH_READ)
def learner_path(uc: UseCase, *, person: UUID | None = None) -> dict[str, Any]:
    """Return a learner's path so far: study rights with states and attainments, and moves between providers.

    `person` is oneself where it is None. As far as the rule opens it: oneself and a guardian see every provider, staff
    their own. A guardian of a child with non-disclosure is told neither school nor provider (`withheld`). Nothing of it
    tells of support. `certificates` says whether what is confirmed may be printed from here.
    """
    person = duplicates.successor(uc, person or uc.acting_person())
    decision = uc.check(person)
    learner = _learner(uc, person)
    withheld = bool(learner["non_disclosure"]) and Detail.PROTECTED_PLACE not in decision.opens
    rights = _rights(uc, person, decision)
    moves = [] if withheld else rules.moves(rights)
    if withheld:
        rights = [_placeless(right) for right in rights]
    facts.note_study_rights(uc, rights)
    return {
        "person": learner,
        "rule": decision.rule,
        "withheld": withheld,
        "rights": rights,
        "moves": moves,
        "names": facts.names_of_codes(uc, rights),
        "certificates": Detail.IDENTITY in decision.opens and not withheld,
        "today": uc.today,
    }


@use_case(Permission.CERTIFICATE_READ, Event.CERTIFICATE_READ)
def certificate(uc: UseCase, *, person: UUID, attainment: UUID) -> dict[str, Any]:
    """Return a confirmed attainment of a learner with all that it is made of, for a plain print.

    Raises `NotFoundError` unless it stands by itself and is confirmed, and where the actor may not be told by whom.
    """
    person = duplicates.successor(uc, person)
    decision = uc.check(person)
    learner = _learner(uc, person)
    if learner["non_disclosure"] and Detail.PROTECTED_PLACE not in decision.opens:
        raise NotFoundError("There is no such certificate here.")
    for right in _rights(uc, person, decision):
        for row in right["attainments"]:
            if row["id"] == attainment and row["confirmed_on"]:
                shown = {**right, "attainments": [row]}
                facts.note_study_rights(uc, [shown])
                uc.touched("people_person", "first_names", "birth_date")
                names = facts.names_of_codes(uc, [shown])
                return {"person": learner, "right": shown, "attainment": row, "names": names, "today": uc.today}
    raise NotFoundError("There is no such certificate here.")


@use_case(Permission.STUDY_RIGHT_INSPECT, Event.STUDY_RIGHT_INSPECTED)
def study_right_page(uc: UseCase, *, learner: UUID) -> dict[str, Any]:
    """Return a learner's study rights at the actor's provider, each with what is amiss, and what was corrected.

    Each has `findings` (see `rules.findings`), `source`, the import source that keeps it, None where the desk does, and
    `ours`, whether it is of a school at which the actor works. One that was made void is `void`, so that this can be undone; it
    has no findings. `corrects` says whether the actor may. `corrections` are those of the desk, and the states
    that it added, the latest first.
    Raises `NotFoundError` unless the actor works in the office of the learner's school.
    """
    learner = duplicates.successor(uc, learner)
    decision = uc.check(learner)
    person = _learner(uc, learner)
    rights = _rights(uc, learner, decision, void=True)
    facts.note_study_rights(uc, rights)
    kept = corrections.sources_of(uc, [right["id"] for right in rights])
    schools = {school["id"] for school in people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)}
    return {
        "person": person,
        "rights": [
            {
                **right,
                "findings": [] if rules.is_void(right["states"]) else rules.findings(right, today=uc.today),
                "void": rules.is_void(right["states"]),
                "source": kept.get(right["id"]),
                "ours": right["school_id"] in schools,
            }
            for right in rights
        ],
        "corrections": _changes(uc, rights),
        "corrects": Detail.CORRECTING in decision.opens,
        "names": facts.names_of_codes(uc, rights),
        "today": uc.today,
    }


@use_case(Permission.STUDY_RIGHT_INSPECT, Event.STUDY_RIGHT_INSPECTED)
def study_rights_to_check(uc: UseCase) -> dict[str, Any]:
    """Return the study rights of the actor's schools whose states or days contradict themselves or lack something.

    By learner, at most forty; `total` is how many there are, `checked` how many were looked through. Marks are checked on
    each learner's own page. Raises `DeniedError` for whoever works in no school's office.
    """
    predicate, parameters = uc.visible("r.person_id")
    schools = [school["id"] for school in people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)]
    rights, names = facts.rights_to_check(uc, schools, predicate, parameters)
    amiss = [{**right, "findings": found} for right in rights if (found := rules.findings(right, today=uc.today))]
    shown = amiss[:_MOST_LISTED]
    if shown:
        uc.touched("people_person", "given_name", "family_name")
        facts.note_study_rights(uc, shown)
        uc.saw(right["person_id"] for right in shown)
    uc.saw_in_bulk(checked=len(rights))
    return {
        "rights": [{**right, **names[right["person_id"]]} for right in shown],
        "total": len(amiss),
        "checked": len(rights),
        "names": facts.names_of_codes(uc, shown),
    }


def _learner(uc: UseCase, person: UUID) -> Row:
    known = people.persons(uc, [person])
    if person not in known:
        raise NotFoundError("There is no such person here.")
    return known[person]


def _rights(uc: UseCase, person: UUID, decision: Decision, *, void: bool = False) -> list[Row]:
    """Return the study rights that a rule opens: at every provider or at the actor's own, with the past or without, void ones if `void`."""
    everywhere = Detail.EVERYWHERE in decision.opens
    rights = facts.study_rights_of(uc, person, provider=None if everywhere else uc.actor.provider_id, void=void)
    if Detail.PAST not in decision.opens:
        rights = [right for right in rights if right["valid_to"] is None or right["valid_to"] >= uc.today]
    return rights


def _changes(uc: UseCase, rights: list[Row]) -> list[Row]:
    """Return what the desk has corrected, added and taken back in study rights, the latest first."""
    found = [
        *corrections.corrections_of(uc, [*_correctable(rights)]),
        *additions.additions_of(uc, [right["id"] for right in rights]),
    ]
    return sorted(found, key=lambda row: (row["at"], str(row["id"])), reverse=True)


def _correctable(rights: list[Row]) -> Iterator[UUID]:
    """Yield the states and the marks of study rights, by id."""
    for right in rights:
        yield from (state["id"] for state in right["states"])
        for row in facts.every(right["attainments"]):
            yield from (mark["id"] for mark in row["assessments"])


def _placeless(right: Row) -> Row:
    """Return a study right without what tells where it is studied."""
    nowhere = {"school_id": None, "school_name": None, "provider_id": None, "provider_name": None}
    return {**right, **nowhere, "attainments": [_without_place(row) for row in right["attainments"]]}


def _without_place(row: Row) -> Row:
    # What a school has named itself may bear the school's name.
    nowhere = dict.fromkeys(("group_name", "confirmed_in", "confirmed_by", "taught_in", "module_title"))
    marks = [{**mark, "mark_title": None} for mark in row["assessments"]]
    return {**row, **nowhere, "assessments": marks, "parts": [_without_place(part) for part in row["parts"]]}
