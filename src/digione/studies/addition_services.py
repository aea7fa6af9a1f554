"""Writes of the office: a state is added to a study right, and taken back."""

from datetime import date, datetime
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.errors import NotFoundError
from digione.core.outbox import announce
from digione.core.use_case import UseCase, use_case
from digione.studies import addition_facts as facts
from digione.studies import addition_rules as rules
from digione.studies.correction_facts import Corrected, objections
from digione.studies.rules import REASONS_OF_ADDING, kept_by_app


@use_case(Permission.STUDY_RIGHT_CORRECT, Event.STUDY_RIGHT_STATE_ADDED)
def add_state(
    uc: UseCase,
    *,
    learner: UUID,
    right: UUID,
    state: str,
    since: date | None,
    funding: str | None,
    reason: str,
    seen: datetime | None,
) -> Corrected:
    """Add a state behind those that a study right has; `seen` is the last one's `sys_from` as one has seen it, None of none.

    Refused with reasons: those of `addition_rules.objections`, and `kept_by_source`, `kept_by_app` (an app keeps the last
    state), `other_school`, `changed_since`, `no_reason`. Raises `NotFoundError` for a study right that is not the learner's,
    and unless the actor is the secretary of the learner's school.
    """
    uc.check(learner)
    found = facts.right_to_extend(uc, learner, right)
    if found is None:
        raise NotFoundError("There is nothing like that to add to here.")
    states = found["states"]
    wrong = dict.fromkeys(
        rules.objections(found["level"], states, state=state, since=since, funding=funding),
        True,
    )
    wrong["kept_by_app"] = bool(states) and kept_by_app(states[-1])
    wrong["changed_since"] = not facts.is_as_seen(found, seen)
    refused = objections(uc, right, found["school_id"], reason, wrong, REASONS_OF_ADDING)
    if refused or since is None:
        return refused or Corrected(("no_day",))
    added = facts.add(uc, learner, found, state=state, since=since, funding=funding, reason=reason)
    if added is None:
        uc.saw_in_bulk(refused=["changed_since"])
        return Corrected(("changed_since",))
    announce(
        uc, "studies.state_added", provider_id=uc.actor.provider_id, subject=learner, study_right=right, state=added
    )
    return Corrected()


@use_case(Permission.STUDY_RIGHT_CORRECT, Event.STUDY_RIGHT_CORRECTION_UNDONE)
def take_state_back(uc: UseCase, *, learner: UUID, right: UUID, row: UUID, at: datetime) -> Corrected:
    """Take a state (`row`) that the desk has added at `at` out of a study right again.

    Refused with `changed_since` where it is not the last state any more, or not as it was added; else as `add_state`.
    """
    uc.check(learner)
    found = facts.right_to_extend(uc, learner, right)
    if found is None:
        raise NotFoundError("There is nothing like that to take back here.")
    made = facts.addition(uc, found, row)
    refused = objections(uc, right, found["school_id"], None, {"changed_since": made is None or made["at"] != at})
    if refused or made is None:
        return refused or Corrected(("changed_since",))
    uc.reached_back([at.astimezone(clock.FINLAND).date()])
    facts.take_back(uc, found, made)
    announce(
        uc, "studies.state_taken_back", provider_id=uc.actor.provider_id, subject=learner, study_right=right, state=row
    )
    return Corrected()
