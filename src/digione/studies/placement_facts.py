"""Learners without a home group, and their placement by the desk: unaudited building blocks.

A placement is an enrolment in a group whose key (`core_sourcekey`) names DigiOne itself as its source. So it is mastered
like a source's row: an import that says something else about the learner's home group is held back, until the placement is
undone. Where an import's source keeps the groups of a learner, the desk places nobody.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase
from digione.people import facts as people
from digione.people.rows import decoded
from digione.studies.facts import GROUP_LIVE, LIVE

#: The source of what the desk itself has written.
DESK = "digione"
#: The kinds of groups to which a learner belongs all day.
HOME_KINDS = ("home_group", "care_group")


def learners_without_home_group(
    uc: UseCase, schools: Sequence[UUID], *, at_most: int, after: UUID | None = None
) -> list[Row]:
    """Return learners of `schools` who belong to no home group or care group today, by name, at most `at_most`.

    `total` is how many there are in all. With `after`, a person, the list begins behind that one's name and goes on from
    the beginning; that person comes last.
    """
    found = decoded(
        uc.rows(
            f"""
        SELECT s.person_id AS id, p.given_name, p.family_name, s.grade, o.name AS school_name, count(*) OVER () AS total
        FROM studies_schoolenrolment s
        JOIN people_person p ON p.id = s.person_id
        JOIN organisations_organisation o ON o.id = s.school_id
        WHERE s.provider_id = %(provider)s AND s.school_id = ANY (%(schools)s) AND s.is_primary AND {LIVE.format("s")}
          AND NOT EXISTS (
              SELECT 1 FROM studies_enrolment e
              JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id
              WHERE e.provider_id = s.provider_id AND e.person_id = s.person_id AND e.role = 'student'
                AND g.kind IN ('home_group', 'care_group') AND {LIVE.format("e")})
        ORDER BY coalesce((p.sort_key, s.person_id) <= (SELECT a.sort_key, a.id FROM people_person a WHERE a.id = %(after)s),
                          false), p.sort_key, s.person_id LIMIT %(n)s
        """,
            {
                "provider": uc.actor.provider_id,
                "schools": list(schools),
                "day": uc.today,
                "n": at_most,
                "after": after,
            },
        ),
        "school_name",
    )
    if found:
        uc.touched("studies_schoolenrolment", "school_id", "grade")
    return found


def places_of_learner(uc: UseCase, learner: UUID, *, to_change: bool = False) -> list[Row]:
    """Return where a learner goes to school today at the actor's provider, the primary school first; empty for others.

    Each with `school_id`, `school_name`, `grade`, its last day `valid_to`, the person's names, and `placed`, the home group that the learner has,
    None without one. With `to_change` an import waits until this transaction ends, and so does whoever else would place the
    learner; and this waits for them.
    """
    values = {"provider": uc.actor.provider_id, "learner": learner, "day": uc.today}
    if to_change:
        people.one_at_a_time(uc, uc.actor.provider_id)
    found = decoded(
        uc.rows(
            f"""
        SELECT p.id, p.given_name, p.family_name, s.grade, s.school_id, s.valid_to, o.name AS school_name, (
                   SELECT jsonb_build_object('code', g.code, 'title', g.title) FROM studies_enrolment e
                   JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id
                   WHERE e.provider_id = s.provider_id AND e.person_id = s.person_id AND e.role = 'student'
                     AND g.kind IN ('home_group', 'care_group') AND {LIVE.format("e")} LIMIT 1) AS placed
        FROM studies_schoolenrolment s
        JOIN people_person p ON p.id = s.person_id
        JOIN organisations_organisation o ON o.id = s.school_id
        WHERE s.provider_id = %(provider)s AND s.person_id = %(learner)s AND {LIVE.format("s")}
        ORDER BY s.is_primary DESC, s.school_id
        """,
            values,
        ),
        "school_name",
        "placed",
    )
    uc.touched("people_person", "given_name", "family_name")
    uc.touched("studies_schoolenrolment", "school_id", "grade")
    return found


def sources_of_groups(uc: UseCase, learners: Sequence[UUID]) -> dict[UUID, str]:
    """Return the source that keeps the groups of each of `learners`; who is not in it has none.

    A source keeps them while it masters an enrolment of the learner that lasts or is still to come: its next file may place
    the learner, and a place that the desk gave beside it would be a second one.
    """
    mine = uc.rows(
        "SELECT e.id, e.person_id FROM studies_enrolment e WHERE e.provider_id = %(provider)s"
        " AND e.person_id = ANY (%(learners)s) AND e.role = 'student' AND (e.valid_to IS NULL OR e.valid_to >= %(day)s)",
        {"provider": uc.actor.provider_id, "learners": list(learners), "day": uc.today},
    )
    if not mine:
        # Keys are found by what the source calls a row, not by the row: all of the provider's would be read for nothing.
        return {}
    uc.touched("studies_enrolment", "group_id")
    found = uc.rows(
        "SELECT k.target_id, k.source FROM core_sourcekey k WHERE k.provider_id = %s AND k.kind = 'enrolment' AND k.masters"
        " AND (k.row_hash IS NOT NULL OR k.run_id IS NULL) AND k.source <> %s AND k.target_id = ANY (%s) ORDER BY k.source",
        [uc.actor.provider_id, DESK, [row["id"] for row in mine]],
    )
    whose = {row["id"]: row["person_id"] for row in mine}
    return {whose[row["target_id"]]: row["source"] for row in reversed(found)}


_PLACEMENT = """
    SELECT e.id, e.person_id, e.valid_from, e.valid_to, e.group_id, g.code, g.title, p.given_name, p.family_name
    FROM core_sourcekey k
    JOIN studies_enrolment e ON e.provider_id = k.provider_id AND e.id = k.target_id
    JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id
    JOIN people_person p ON p.id = e.person_id
    WHERE k.provider_id = %s AND k.source = %s AND k.kind = 'enrolment'"""


def placements(
    uc: UseCase,
    schools: Sequence[UUID],
    predicate: str,
    parameters: Sequence[Any],
    *,
    since: date,
    learner: UUID | None = None,
) -> list[Row]:
    """Return whom the desk has placed into groups of `schools` since a day and who is still there, the latest first.

    The placement of `learner` is among them however old it is, since it is on that one's page that it is undone.
    `predicate` with its `parameters` keeps those (`e.person_id`) whom the actor may see. `id` is that of the placement.
    """
    found = decoded(
        uc.rows(
            f"{_PLACEMENT} AND e.school_id = ANY (%s) AND (e.valid_from >= %s OR e.person_id = %s) AND (e.valid_to IS NULL OR e.valid_to >= %s)"
            f" AND {predicate} ORDER BY e.valid_from DESC, e.id DESC",
            [uc.actor.provider_id, DESK, list(schools), since, learner, uc.today, *parameters],
        ),
        "title",
    )
    if found:
        uc.touched("studies_enrolment", "group_id")
        uc.touched("people_person", "given_name", "family_name")
    return found


def placement(uc: UseCase, ident: UUID) -> Row | None:
    """Return a placement of the desk at the actor's provider, also one that has ended; None where there is none."""
    found = uc.rows(f"{_PLACEMENT} AND k.key = %s", [uc.actor.provider_id, DESK, str(ident)])
    return decoded(found, "title")[0] if found else None


def group_to_place(uc: UseCase, group: UUID) -> Row | None:
    """Return kind, school and last day of a group of the actor's provider that goes on today; None of another."""
    return uc.row(
        f"SELECT g.kind, g.school_id, g.valid_to FROM studies_group g WHERE g.provider_id = %(provider)s"
        f" AND g.id = %(group)s AND {GROUP_LIVE}",
        {"provider": uc.actor.provider_id, "group": group, "day": uc.today},
    )


def place(uc: UseCase, learner: UUID, group: UUID, school: UUID, until: date | None) -> UUID:
    """Write that a learner belongs to a group from today on, until the day `until`; return the placement."""
    ident = new_id()
    uc.execute(
        "INSERT INTO studies_enrolment (id, provider_id, group_id, school_id, person_id, role, is_primary, valid_from, valid_to)"
        " VALUES (%s, %s, %s, %s, %s, 'student', true, %s, %s)",
        [ident, uc.actor.provider_id, group, school, learner, uc.today, until],
    )
    uc.execute(
        "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, masters)"
        " VALUES (%s, %s, 'enrolment', %s, %s, true)",
        [uc.actor.provider_id, DESK, str(ident), ident],
    )
    return ident


def take_out(uc: UseCase, found: Row) -> None:
    """Undo a placement: one of today was never in force and goes, an earlier one ends with yesterday.

    A source that has told the same row meanwhile masters it from now on; its hash is emptied, so that its next file is
    compared and written.
    """
    values = {"provider": uc.actor.provider_id, "id": found["id"], "desk": DESK, "day": uc.today}
    if found["valid_from"] == uc.today:
        uc.execute("DELETE FROM studies_enrolment WHERE provider_id = %(provider)s AND id = %(id)s", values)
        uc.execute(
            "DELETE FROM core_sourcekey WHERE provider_id = %(provider)s AND kind = 'enrolment' AND target_id = %(id)s",
            values,
        )
        return
    uc.execute(
        "UPDATE studies_enrolment SET valid_to = %(day)s - 1 WHERE provider_id = %(provider)s AND id = %(id)s", values
    )
    uc.execute(
        "WITH heir AS (UPDATE core_sourcekey k SET masters = true, row_hash = '' FROM (SELECT o.source, o.key"
        " FROM core_sourcekey o WHERE o.provider_id = %(provider)s AND o.kind = 'enrolment' AND o.target_id = %(id)s"
        " AND o.source <> %(desk)s AND o.row_hash IS NOT NULL ORDER BY o.source, o.key LIMIT 1) h"
        " WHERE k.provider_id = %(provider)s AND k.source = h.source AND k.kind = 'enrolment' AND k.key = h.key"
        " RETURNING k.target_id) UPDATE core_sourcekey k SET masters = false FROM heir"
        " WHERE k.provider_id = %(provider)s AND k.source = %(desk)s AND k.kind = 'enrolment' AND k.key = %(id)s::text",
        values,
    )
