"""Corrections of states and marks by the desk: unaudited building blocks.

A correction changes a row, and the row's history keeps what it was, until when, by whom and why (`sys_reason`). It is
known by the row and by the moment since which the row is as the correction left it. So it can be undone as long as that
moment is still the row's own: nothing else has changed it since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from digione.core.use_case import Row, UseCase
from digione.people import facts as people
from digione.people.rows import decoded
from digione.studies.placement_facts import DESK
from digione.studies.rules import FAILED, REASONS, end_of

#: What a correction and its undoing write as the reason of a change; the code of `rules.REASONS` follows the first.
CORRECTED, UNDONE = "correction:", "correction undone"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of a correction. Where `reasons` (codes) stand, nothing was written; the attempt is in the log."""

    reasons: tuple[str, ...] = ()
    #: The import source that keeps the study right, where that is the reason.
    source: str | None = None

    @property
    def done(self) -> bool:
        """Whether it was written."""
        return not self.reasons


def objections(
    uc: UseCase,
    right: UUID,
    school: UUID | None,
    reason: str | None,
    wrong: Mapping[str, bool],
    among: Sequence[str] = REASONS,
) -> Corrected | None:
    """Return why a study right (of `school`) is not written, with every reason at once; None where nothing is in the way.

    `reason` is why somebody would write it, one `among` those, None where that is taken back; `wrong` says which other objections hold.
    """
    source = sources_of(uc, [right]).get(right)
    schools = {each["id"] for each in people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)}
    held = {
        "kept_by_source": source is not None,
        "kept_by_app": wrong.get("kept_by_app", False),
        "other_school": school not in schools,
        "no_reason": reason is not None and reason not in among,
        **wrong,
    }
    reasons = tuple(code for code, holds in held.items() if holds)
    if not reasons:
        return None
    uc.saw_in_bulk(refused=list(reasons))
    return Corrected(reasons, source)


def sources_of(uc: UseCase, rights: Sequence[UUID]) -> dict[UUID, str]:
    """Return the import source that keeps each of `rights`; what is not in it the desk keeps.

    A source keeps a study right while it masters it: its next document would write over what the desk had corrected.
    """
    found = uc.rows(
        "SELECT k.target_id, k.source FROM core_sourcekey k WHERE k.provider_id = %s AND k.kind = 'study_right' AND k.masters"
        " AND k.source <> %s AND k.target_id = ANY (%s) ORDER BY k.source DESC",
        [uc.actor.provider_id, DESK, list(rights)],
    )
    return {row["target_id"]: row["source"] for row in found}


def state_to_correct(uc: UseCase, learner: UUID, state: UUID) -> Row | None:
    """Return a state of a learner's study right at the actor's provider; others who would change the right wait until the end.

    With `school_id` of the study right. None where there is none.
    """
    found = _to_correct(
        uc,
        "SELECT s.id, s.study_right_id, s.valid_from, s.state, s.kept_by, s.sys_from FROM studies_studyrightstate s"
        " WHERE s.provider_id = %s AND s.id = %s AND s.person_id = %s",
        learner,
        state,
    )
    if found:
        uc.touched("studies_studyrightstate", "state", "valid_from")
    return found


def mark_to_correct(uc: UseCase, learner: UUID, assessment: UUID) -> Row | None:
    """Return the assessment of a learner's attainment at the actor's provider, with its study right, as `state_to_correct`."""
    found = _to_correct(
        uc,
        "SELECT s.id, a.study_right_id, s.attainment_id, s.mark_scheme, s.mark, s.assessed_on, s.is_passed, s.kept_by, s.sys_from"
        " FROM studies_assessment s JOIN studies_attainment a ON a.provider_id = s.provider_id AND a.id = s.attainment_id"
        " WHERE s.provider_id = %s AND s.id = %s AND s.person_id = %s",
        learner,
        assessment,
    )
    if found:
        uc.touched("studies_assessment", "mark", "assessed_on", "is_passed")
    return found


def _to_correct(uc: UseCase, sql: str, learner: UUID, ident: UUID) -> Row | None:
    values = [uc.actor.provider_id, ident, learner]
    found = uc.row(sql, values)
    if found is None:
        return None
    right = uc.row(
        "SELECT r.id, r.school_id, r.level FROM studies_studyright r WHERE r.provider_id = %s AND r.id = %s FOR UPDATE",
        [uc.actor.provider_id, found["study_right_id"]],
    )
    # Whoever had it before this one may have changed the row meanwhile; an app changes it without asking for the right.
    found = uc.row(f"{sql} FOR UPDATE OF s", values)
    return {**found, "school_id": right["school_id"]} if found and right else None


def write_state(
    uc: UseCase, found: Row, *, state: str, since: date, keeper: str | None, reason: str, was: Row | None = None
) -> None:
    """Write what a state is and from when; the study right's own days follow where they agreed with its states before.

    `keeper` is who keeps the row from now on: the desk, so that no import writes over what it has corrected. `was` as in
    `follow_states`.
    """
    uc.execute("SELECT set_config('digione.reason', %s, true)", [reason])
    before = _states(uc, found["study_right_id"])
    uc.execute(
        "UPDATE studies_studyrightstate SET state = %s, valid_from = %s, kept_by = %s WHERE provider_id = %s AND id = %s",
        [state, since, keeper, uc.actor.provider_id, found["id"]],
    )
    follow_states(uc, found["study_right_id"], before, was=was)


def follow_states(
    uc: UseCase, right: UUID, before: Sequence[Row], *, touch: bool = False, was: Row | None = None
) -> None:
    """Let a study right's own first and last day follow its states, where they agreed with those that were `before`.

    `touch` writes the study right also where no day changes, so that its history keeps the moment, who, and why. `was` is the
    study right before what is taken back was written: a day that it had already then did not follow, and does not go back.
    """
    after = _states(uc, right)
    days = {
        "valid_from": (_first(before), _first(after)),
        "valid_to": (end_of(list(before)), end_of(after)),
    }
    stands = uc.row(
        "SELECT r.valid_from, r.valid_to FROM studies_studyright r WHERE r.provider_id = %s AND r.id = %s",
        [uc.actor.provider_id, right],
    )
    moved = {
        column: new
        for column, (old, new) in days.items()
        if stands and stands[column] == old != new and (was is None or was[column] != old)
    }
    if not moved and not touch:
        return
    # Writing a column as it is keeps the row's moment all the same.
    written = ", ".join(f"{column} = %s" for column in moved) or "level = level"
    uc.execute(
        f"UPDATE studies_studyright SET {written} WHERE provider_id = %s AND id = %s",
        [*moved.values(), uc.actor.provider_id, right],
    )


def days_before(uc: UseCase, right: UUID, at: datetime) -> Row | None:
    """Return the days (`valid_from`, `valid_to`) that a study right had before what was written at `at`; those it has, if that
    moved none.
    """
    provider = uc.actor.provider_id
    return uc.row(
        "SELECT h.valid_from, h.valid_to FROM studies_studyright_history h"
        " WHERE h.provider_id = %s AND h.id = %s AND h.sys_to = %s",
        [provider, right, at],
    ) or uc.row(
        "SELECT r.valid_from, r.valid_to FROM studies_studyright r WHERE r.provider_id = %s AND r.id = %s",
        [provider, right],
    )


def _first(states: Sequence[Row]) -> date | None:
    return states[0]["valid_from"] if states else None


def write_mark(
    uc: UseCase, found: Row, *, mark: str | None, day: date | None, keeper: str | None, reason: str, passed: bool | None
) -> None:
    """Write a mark on its scale, and its day. `passed` is what the mark says, None where that is not known.

    `keeper` as in `write_state`.
    """
    uc.execute("SELECT set_config('digione.reason', %s, true)", [reason])
    uc.execute(
        "UPDATE studies_assessment SET mark = %s, assessed_on = %s, is_passed = %s, kept_by = %s"
        " WHERE provider_id = %s AND id = %s",
        [mark, day, passed, keeper, uc.actor.provider_id, found["id"]],
    )


def passed_by(found: Row, mark: str) -> bool | None:
    """Return whether a mark is passed; None where the register was not told it of the one before either."""
    return None if found["is_passed"] is None else mark not in FAILED


def _states(uc: UseCase, right: UUID) -> list[Row]:
    return uc.rows(
        "SELECT s.state, s.valid_from FROM studies_studyrightstate s WHERE s.provider_id = %s AND s.study_right_id = %s"
        " ORDER BY s.place",
        [uc.actor.provider_id, right],
    )


#: Joins who has made a change, as `w`; `actor` is the column that the history has for it.
WHO = """
    LEFT JOIN access_account c ON c.id::text = {actor}
    LEFT JOIN people_person w ON w.id = c.person_id
"""
_BEFORE: Mapping[str, str] = {
    "state": """
        SELECT 'state' AS kind, h.id, h.study_right_id, h.state AS was, h.valid_from AS was_day, n.state AS became,
               n.valid_from AS became_day, NULL AS mark_scheme, NULL AS module_scheme, NULL AS module,
               NULL::jsonb AS module_title, h.sys_to AS at, h.sys_reason AS reason, n.sys_from = h.sys_to AS stands, {by}
        FROM studies_studyrightstate_history h
        JOIN studies_studyrightstate n ON n.provider_id = h.provider_id AND n.id = h.id""",
    "mark": """
        SELECT 'mark' AS kind, h.id, a.study_right_id, h.mark AS was, h.assessed_on AS was_day, n.mark AS became,
               n.assessed_on AS became_day, n.mark_scheme, a.module_scheme, a.module, a.module_title, h.sys_to AS at,
               h.sys_reason AS reason, n.sys_from = h.sys_to AS stands, {by}
        FROM studies_assessment_history h
        JOIN studies_assessment n ON n.provider_id = h.provider_id AND n.id = h.id
        JOIN studies_attainment a ON a.provider_id = h.provider_id AND a.id = h.attainment_id""",
}


def corrections_of(uc: UseCase, rows: Sequence[UUID]) -> list[Row]:
    """Return what the desk has corrected in `rows`, states and marks of the actor's provider, the latest first.

    Each with `kind` (`state` or `mark`), what it `was` with its day, what followed (`became`), `at`, `reason` (a code of
    `rules.REASONS`; None of an undoing), and by whom. `stands` says that nothing has changed the row since.
    """
    by = "w.given_name, w.family_name"
    parts = [
        f"({sql.format(by=by)} {WHO.format(actor='h.sys_actor')} WHERE h.provider_id = %s AND h.id = ANY (%s) AND h.sys_op = 'U'"
        f" AND (starts_with(h.sys_reason, '{CORRECTED}') OR h.sys_reason = '{UNDONE}'))"
        for sql in _BEFORE.values()
    ]
    found = decoded(
        uc.rows(f"{' UNION ALL '.join(parts)} ORDER BY at DESC, id", [uc.actor.provider_id, list(rows)] * 2),
        "module_title",
    )
    following: dict[UUID, Row] = {}
    for row in found:
        # What a row became is what it was before the next change; the live row tells it of the last one alone.
        later = following.get(row["id"])
        row["became"], row["became_day"] = (
            (later["was"], later["was_day"]) if later else (row["became"], row["became_day"])
        )
        following[row["id"]] = row
        undoing = row["reason"] == UNDONE
        row["reason"] = None if undoing else row["reason"].removeprefix(CORRECTED)
        row["stands"] = row["stands"] and not undoing
    if found:
        uc.touched("studies_studyrightstate", "state")
        uc.touched("studies_assessment", "mark")
        uc.touched("people_person", "given_name", "family_name")
    return found


def before_correction(uc: UseCase, kind: str, ident: UUID, at: datetime) -> dict[str, Any] | None:
    """Return what a row was before the correction that left it as it is since `at`; None where none did."""
    columns = {"state": "h.state, h.valid_from, h.kept_by", "mark": "h.mark, h.assessed_on, h.is_passed, h.kept_by"}[
        kind
    ]
    table = {"state": "studies_studyrightstate", "mark": "studies_assessment"}[kind]
    return uc.row(
        f"SELECT {columns} FROM {table}_history h JOIN {table} n ON n.provider_id = h.provider_id AND n.id = h.id"
        f" WHERE h.provider_id = %s AND h.id = %s AND h.sys_to = %s AND n.sys_from = h.sys_to"
        f" AND starts_with(h.sys_reason, '{CORRECTED}')",
        [uc.actor.provider_id, ident, at],
    )
