"""States that the desk has added to study rights: unaudited building blocks.

A new row has no history of its own, so the study right's keeps who added it and why: the study right is written in the same
transaction, with a reason that names the row. An addition can be undone as long as the row is as it was added, and the last.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase
from digione.studies.correction_facts import UNDONE, WHO, follow_states
from digione.studies.placement_facts import DESK

#: What an addition writes as the reason of a change; the code of `rules.REASONS_OF_ADDING` and the id of the row follow.
ADDED = "addition:"


def right_to_extend(uc: UseCase, learner: UUID, right: UUID) -> Row | None:
    """Return a learner's study right at the actor's provider with its `states`; others who would change it wait until the end."""
    found = uc.row(
        "SELECT r.id, r.school_id, r.level, r.valid_from, r.valid_to FROM studies_studyright r"
        " WHERE r.provider_id = %s AND r.id = %s AND r.person_id = %s FOR UPDATE",
        [uc.actor.provider_id, right, learner],
    )
    if found is None:
        return None
    states = uc.rows(
        "SELECT s.id, s.place, s.state, s.valid_from, s.funding, s.kept_by, s.sys_from FROM studies_studyrightstate s"
        " WHERE s.provider_id = %s AND s.study_right_id = %s ORDER BY s.place FOR UPDATE",
        [uc.actor.provider_id, right],
    )
    uc.touched("studies_studyrightstate", "state", "valid_from", "funding")
    return {**found, "states": states}


def add(
    uc: UseCase, learner: UUID, right: Row, *, state: str, since: date, funding: str | None, reason: str
) -> UUID | None:
    """Add a state behind those of a study right, which the desk keeps; return its id, None where an app was quicker.

    `reason` is a code of `rules.REASONS_OF_ADDING`. The study right's own days follow where they agreed with its states before.
    """
    ident = new_id()
    uc.execute("SELECT set_config('digione.reason', %s, true)", [f"{ADDED}{reason}:{ident}"])
    # The state and the study right are of one moment, by which an addition is known. An app adds without asking for the
    # study right: of two at the same place the second one adds nothing.
    added = uc.rows(
        "INSERT INTO studies_studyrightstate (id, provider_id, study_right_id, person_id, place, valid_from, state, funding,"
        " kept_by, sys_from) SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, now()"
        " ON CONFLICT (provider_id, study_right_id, place) DO NOTHING RETURNING id",
        [
            ident,
            uc.actor.provider_id,
            right["id"],
            learner,
            right["states"][-1]["place"] + 1 if right["states"] else 0,
            since,
            state,
            funding,
            DESK,
        ],
    )
    if not added:
        return None
    follow_states(uc, right["id"], right["states"], touch=True)
    return ident


def addition(uc: UseCase, right: Row, row: UUID) -> Row | None:
    """Return the addition that made the last state of a study right, where it is still as it was added.

    With `at`, `reason`, and the days that the study right had before it (`valid_from`, `valid_to`).
    """
    last = right["states"][-1] if right["states"] else None
    if last is None or last["id"] != row:
        return None
    return uc.row(
        "SELECT h.sys_to AS at, h.sys_reason AS reason, h.valid_from, h.valid_to FROM studies_studyright_history h WHERE h.provider_id = %s"
        " AND h.id = %s AND h.sys_to = %s AND starts_with(h.sys_reason, %s) AND right(h.sys_reason, 36) = %s",
        [uc.actor.provider_id, right["id"], last["sys_from"], ADDED, str(row)],
    )


def take_back(uc: UseCase, right: Row, made: Row) -> None:
    """Delete the last state of a study right, which the addition `made` made; its history keeps what it was.

    Days of the study right that followed the addition follow back; those that it had before stay.
    """
    uc.execute("SELECT set_config('digione.reason', %s, true)", [UNDONE])
    uc.execute(
        "DELETE FROM studies_studyrightstate WHERE provider_id = %s AND id = %s",
        [uc.actor.provider_id, right["states"][-1]["id"]],
    )
    follow_states(uc, right["id"], right["states"], was=made)


def additions_of(uc: UseCase, rights: Sequence[UUID]) -> list[Row]:
    """Return the states that the desk has added to `rights` of the actor's provider, and those that it took back again.

    Shaped as `correction_facts.corrections_of`: `kind` is `added` (`became` tells the state) or `taken_back` (`was` does).
    """
    provider = uc.actor.provider_id
    found = uc.rows(
        f"""
        WITH a AS MATERIALIZED (
            SELECT h.id AS study_right_id, h.sys_to AS at, h.sys_reason, h.sys_actor, right(h.sys_reason, 36)::uuid AS row
            FROM studies_studyright_history h
            WHERE h.provider_id = %(provider)s AND h.id = ANY (%(rights)s) AND starts_with(h.sys_reason, %(added)s))
        SELECT 'added' AS kind, a.row AS id, a.study_right_id, NULL AS was, NULL::date AS was_day,
               coalesce(f.state, n.state) AS became, coalesce(f.valid_from, n.valid_from) AS became_day, a.at,
               split_part(a.sys_reason, ':', 2) AS reason,
               n.sys_from = a.at AND NOT EXISTS (
                   SELECT 1 FROM studies_studyrightstate l WHERE l.provider_id = %(provider)s
                   AND l.study_right_id = a.study_right_id AND l.place > n.place) AS stands, w.given_name, w.family_name
        FROM a LEFT JOIN studies_studyrightstate n ON n.provider_id = %(provider)s AND n.id = a.row
        LEFT JOIN LATERAL (SELECT s.state, s.valid_from FROM studies_studyrightstate_history s
            WHERE s.provider_id = %(provider)s AND s.id = a.row ORDER BY s.sys_to LIMIT 1) f ON true
        {WHO.format(actor="a.sys_actor")}
        UNION ALL
        SELECT 'taken_back', s.id, a.study_right_id, s.state, s.valid_from, NULL, NULL, s.sys_to, NULL, false,
               w.given_name, w.family_name
        FROM a JOIN studies_studyrightstate_history s ON s.provider_id = %(provider)s AND s.id = a.row AND s.sys_op = 'D'
        {WHO.format(actor="s.sys_actor")}
        """,
        {"provider": provider, "rights": list(rights), "added": ADDED},
    )
    if found:
        uc.touched("studies_studyrightstate", "state")
        uc.touched("people_person", "given_name", "family_name")
    return [{**row, "stands": bool(row["stands"])} for row in found]


def is_as_seen(right: Row, seen: datetime | None) -> bool:
    """Say whether a study right's last state is the one that somebody has seen, by its `sys_from`; None: there was none."""
    return (right["states"][-1]["sys_from"] if right["states"] else None) == seen
