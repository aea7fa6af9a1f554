"""Writes of the office: a state of a study right or a mark is corrected with a reason, and a correction taken back."""

from datetime import date, datetime
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.errors import NotFoundError
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.studies import correction_facts as facts
from digione.studies import rules
from digione.studies.correction_facts import Corrected
from digione.studies.placement_facts import DESK


@use_case(Permission.STUDY_RIGHT_CORRECT, Event.STUDY_RIGHT_CORRECTED)
def correct_state(
    uc: UseCase, *, learner: UUID, state: UUID, to: str, since: date | None, reason: str, seen: datetime
) -> Corrected:
    """Say what a state of a study right is, and from which day on; `seen` is the state's `sys_from` as one has seen it.

    Refused with reasons: `kept_by_source`, `kept_by_app`, `other_school`, `changed_since` (somebody has changed it after `seen`),
    `no_such_state`, `no_day`, `no_reason`, `nothing_new`. Raises `NotFoundError` for a state that is not the learner's, and
    unless the actor is the secretary of the learner's school.
    """
    uc.check(learner)
    found = _found(facts.state_to_correct(uc, learner, state))
    wrong = {
        "no_such_state": to not in rules.STATES,
        "no_day": since is None,
        "nothing_new": (to, since) == (found["state"], found["valid_from"]),
    }
    refused = _objections(uc, found, reason, seen, wrong)
    if refused or since is None:
        return refused or Corrected(("no_day",))
    facts.write_state(uc, found, state=to, since=since, keeper=DESK, reason=f"{facts.CORRECTED}{reason}")
    announce(
        uc, "studies.state_corrected", provider_id=uc.actor.provider_id, subject=learner,
        study_right=found["study_right_id"], state=state,
    )  # fmt: skip
    return Corrected()


@use_case(Permission.STUDY_RIGHT_CORRECT, Event.STUDY_RIGHT_CORRECTED)
def correct_mark(
    uc: UseCase, *, learner: UUID, assessment: UUID, mark: str, day: date | None, reason: str, seen: datetime
) -> Corrected:
    """Say what a mark is, on the scale that it has, and of which day; `seen` is the mark's `sys_from` as one has seen it.

    Refused with reasons as `correct_state`, and `no_such_mark` (none of the scale, or a scale that the desk does not know)
    and `day_ahead`.
    """
    uc.check(learner)
    found = _found(facts.mark_to_correct(uc, learner, assessment))
    wrong = {
        "no_such_mark": mark not in rules.SCALES.get(found["mark_scheme"] or "", ()),
        "day_ahead": day is not None and day > uc.today,
        "nothing_new": (mark, day) == (found["mark"], found["assessed_on"]),
    }
    refused = _objections(uc, found, reason, seen, wrong)
    if refused:
        return refused
    passed = facts.passed_by(found, mark)
    facts.write_mark(uc, found, mark=mark, day=day, keeper=DESK, reason=f"{facts.CORRECTED}{reason}", passed=passed)
    announce(
        uc, "studies.mark_corrected", provider_id=uc.actor.provider_id, subject=learner,
        study_right=found["study_right_id"], assessment=assessment,
    )  # fmt: skip
    return Corrected()


@use_case(Permission.STUDY_RIGHT_CORRECT, Event.STUDY_RIGHT_CORRECTION_UNDONE)
def undo_correction(uc: UseCase, *, learner: UUID, row: UUID, at: datetime) -> Corrected:
    """Write a state or a mark (`row`) back as it was before the correction of `at`.

    Refused with `changed_since` where anything has changed the row after the correction, else as `correct_state`. Raises
    `NotFoundError` for what is no row of the learner's.
    """
    uc.check(learner)
    state = facts.state_to_correct(uc, learner, row)
    kind = "state" if state else "mark"
    found = state or _found(facts.mark_to_correct(uc, learner, row))
    was = facts.before_correction(uc, kind, row, at)
    refused = _objections(uc, found, None, found["sys_from"], {"changed_since": was is None})
    if refused or was is None:
        return refused or Corrected(("changed_since",))
    # What the row was is read from its history.
    uc.reached_back([at.astimezone(clock.FINLAND).date()])
    if state:
        facts.write_state(
            uc,
            found,
            state=was["state"],
            since=was["valid_from"],
            keeper=was["kept_by"],
            reason=facts.UNDONE,
            was=facts.days_before(uc, found["study_right_id"], at),
        )
    else:
        facts.write_mark(
            uc,
            found,
            mark=was["mark"],
            day=was["assessed_on"],
            keeper=was["kept_by"],
            reason=facts.UNDONE,
            passed=was["is_passed"],
        )
    announce(
        uc, "studies.correction_undone", provider_id=uc.actor.provider_id, subject=learner,
        study_right=found["study_right_id"], row=row,
    )  # fmt: skip
    return Corrected()


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFoundError("There is nothing like that to correct here.")
    return row


def _objections(
    uc: UseCase, found: Row, reason: str | None, seen: datetime, wrong: dict[str, bool]
) -> Corrected | None:
    """Return why a row is not changed, with every reason at once; None where nothing is in the way.

    `reason` is why somebody would correct it, None where a correction is taken back.
    """
    held = {"kept_by_app": rules.kept_by_app(found), **wrong}
    if found["sys_from"] != seen:
        held["changed_since"] = True
    return facts.objections(uc, found["study_right_id"], found["school_id"], reason, held)
