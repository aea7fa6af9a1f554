"""Unaudited building blocks about groups and enrolments, for selectors of this room and of the rooms above."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from digione.core.use_case import Row, UseCase
from digione.people.duplicate_facts import MOVED as MOVED_OF_PEOPLE
from digione.people.duplicate_facts import Moved
from digione.people.rows import decoded

#: Everything that follows a person when two records turn out to be of the same person.
MOVED = (
    *MOVED_OF_PEOPLE,
    Moved("studies_schoolenrolment", "person_id", ("school_id",)),
    Moved("studies_enrolment", "person_id", ("group_id", "role")),
    # What hangs on a study right follows it by its key. Two rights never become one: each has documents of its own.
    Moved("studies_studyright", "person_id", ("id",), period=False),
)

LIVE = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
GROUP_LIVE = "(g.valid_from IS NULL OR g.valid_from <= %(day)s) AND (g.valid_to IS NULL OR g.valid_to >= %(day)s)"


def groups_of_person(uc: UseCase, provider: UUID | None, person: UUID, role: str) -> list[Row]:
    """Return the groups in which `person` has `role` (`student`, `teacher`, `aide`) today at `provider`.

    Each with `learners`, their number, and `teachers`, by name, who leads it (`is_primary`) first; home groups come
    first, then by school and code. The reach must be at `provider` already.
    """
    uc.touched("studies_enrolment", "group_id", "role")
    return decoded(
        uc.rows(
            f"""
        SELECT g.id, g.code, g.title, g.kind, g.subjects, g.school_id, o.name AS school_name,
               coalesce(people.learners, 0) AS learners, coalesce(people.teachers, '[]') AS teachers
        FROM studies_enrolment mine
        JOIN studies_group g ON g.provider_id = mine.provider_id AND g.id = mine.group_id
        JOIN organisations_organisation o ON o.id = g.school_id
        LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE e.role = 'student') AS learners,
                   jsonb_agg(jsonb_build_object('id', p.id, 'given_name', p.given_name, 'family_name', p.family_name,
                                                'is_primary', e.is_primary)
                             ORDER BY e.is_primary DESC, p.sort_key) FILTER (WHERE e.role = 'teacher') AS teachers
            FROM studies_enrolment e
            LEFT JOIN people_person p ON p.id = e.person_id AND e.role = 'teacher'
            WHERE e.provider_id = mine.provider_id AND e.group_id = mine.group_id AND {LIVE.format("e")}
        ) people ON true
        WHERE mine.provider_id = %(provider)s AND mine.person_id = %(person)s AND mine.role = %(role)s
          AND {LIVE.format("mine")} AND {GROUP_LIVE}
        ORDER BY g.kind <> 'home_group', o.sort_key, g.code, g.id
        """,
            {"provider": provider, "person": person, "role": role, "day": uc.today},
        ),
        "title",
        "school_name",
        "teachers",
    )


def path_of(uc: UseCase, person: UUID, *, only_now: bool = False) -> list[Row]:
    """Return where a person has gone to school so far, oldest first: within the reach, over all providers.

    Each with school and provider by id and name, `grade`, `is_primary`, the period (both days included; no last day while
    it lasts), and whether it lasts today (`now`). With `only_now` the past is neither read nor told.
    """
    found = decoded(
        uc.rows(
            """
        SELECT e.provider_id, e.school_id, o.name AS school_name, po.name AS provider_name, e.grade, e.is_primary,
               e.valid_from, e.valid_to,
               e.valid_from <= %(day)s AND (e.valid_to IS NULL OR e.valid_to >= %(day)s) AS now
        FROM studies_schoolenrolment e
        JOIN organisations_organisation o ON o.id = e.school_id
        JOIN organisations_organisation po ON po.id = e.provider_id
        WHERE e.person_id = %(person)s
          AND (NOT %(only_now)s OR e.valid_from <= %(day)s AND (e.valid_to IS NULL OR e.valid_to >= %(day)s))
        ORDER BY e.valid_from, e.school_id
        """,
            {"person": person, "day": uc.today, "only_now": only_now},
        ),
        "school_name",
        "provider_name",
    )
    uc.showed("studies_schoolenrolment", found)
    uc.reached_back(row["valid_from"] for row in found if row["valid_to"] and row["valid_to"] < uc.today)
    return found


def groups(uc: UseCase, *, schools: Sequence[UUID] = (), ids: Sequence[UUID] = ()) -> list[Row]:
    """Return today's groups of the actor's provider that are in `ids` or at one of `schools`, by school, kind and code.

    Each with the number of its learners and the names of its teachers.
    """
    return decoded(
        uc.rows(
            f"""
        SELECT g.id, g.code, g.title, g.kind, g.grades, g.school_id, o.name AS school_name,
               count(e.id) FILTER (WHERE e.role = 'student') AS learners,
               coalesce(jsonb_agg(jsonb_build_object('given_name', p.given_name, 'family_name', p.family_name)
                        ORDER BY e.is_primary DESC, p.sort_key) FILTER (WHERE p.id IS NOT NULL), '[]') AS teachers
        FROM studies_group g
        JOIN organisations_organisation o ON o.id = g.school_id
        LEFT JOIN studies_enrolment e ON e.provider_id = g.provider_id AND e.group_id = g.id AND {LIVE.format("e")}
        LEFT JOIN people_person p ON p.id = e.person_id AND e.role = 'teacher'
        WHERE g.provider_id = %(provider)s AND (g.id = ANY (%(ids)s) OR g.school_id = ANY (%(schools)s)) AND {GROUP_LIVE}
        GROUP BY g.id, o.name, o.sort_key
        ORDER BY o.sort_key, g.kind <> 'home_group', g.code COLLATE "C", g.id
        """,
            {"provider": uc.actor.provider_id, "schools": list(schools), "ids": list(ids), "day": uc.today},
        ),
        "title",
        "school_name",
        "teachers",
    )


def counts_of_schools(uc: UseCase, schools: Sequence[UUID]) -> dict[str, int]:
    """Return how many learners and members of staff `schools` have today."""
    return uc.row(
        f"""
        SELECT (SELECT count(DISTINCT e.person_id) FROM studies_schoolenrolment e
                WHERE e.provider_id = %(provider)s AND e.school_id = ANY (%(schools)s)
                  AND {LIVE.format("e")}) AS learners,
               (SELECT count(DISTINCT a.person_id) FROM people_staffassignment a
                WHERE a.provider_id = %(provider)s AND a.organisation_id = ANY (%(schools)s)
                  AND {LIVE.format("a")}) AS staff
        """,
        {"provider": uc.actor.provider_id, "schools": list(schools), "day": uc.today},
    ) or {"learners": 0, "staff": 0}


def schools_of_provider(uc: UseCase) -> list[Row]:
    """Return the schools of the actor's provider with numbers of learners, groups and staff."""
    return decoded(
        uc.rows(
            f"""
        WITH learners AS (SELECT e.school_id, count(DISTINCT e.person_id) AS n FROM studies_schoolenrolment e
                          WHERE e.provider_id = %(provider)s AND {LIVE.format("e")} GROUP BY 1),
             groups AS (SELECT g.school_id, count(*) AS n FROM studies_group g
                        WHERE g.provider_id = %(provider)s AND {GROUP_LIVE} GROUP BY 1),
             staff AS (SELECT a.organisation_id, count(DISTINCT a.person_id) AS n FROM people_staffassignment a
                       WHERE a.provider_id = %(provider)s AND {LIVE.format("a")} GROUP BY 1)
        SELECT o.id, o.oid, o.name, o.kinds, coalesce(l.n, 0) AS learners, coalesce(g.n, 0) AS groups,
               coalesce(s.n, 0) AS staff
        FROM organisations_organisation o
        LEFT JOIN learners l ON l.school_id = o.id LEFT JOIN groups g ON g.school_id = o.id
        LEFT JOIN staff s ON s.organisation_id = o.id
        WHERE o.provider_id = %(provider)s AND o.kinds && '{{school,early_years_site,apprenticeship_site}}'
          AND (o.valid_to IS NULL OR o.valid_to >= %(day)s)
        ORDER BY o.sort_key, o.id
        """,
            {"provider": uc.actor.provider_id, "day": uc.today},
        ),
        "name",
    )


def roles_at_schools(uc: UseCase, persons: Sequence[UUID]) -> list[Row]:
    """Return as what the actor's provider knows `persons` today: `person_id`, `role`, and `school` by its name.

    A guardian's school is the child's, None where there is none. The school of a person, or of a child, under
    non-disclosure is not told.
    """
    live = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
    found = uc.rows(
        f"""
        SELECT f.person_id, f.role, CASE WHEN p.non_disclosure OR c.non_disclosure THEN NULL ELSE o.name END AS school
        FROM (
            SELECT a.person_id, NULL::uuid AS child_id, a.role, a.organisation_id AS school_id FROM people_staffassignment a
            WHERE a.provider_id = %(provider)s AND a.person_id = ANY (%(persons)s) AND {live.format("a")}
            UNION SELECT e.person_id, NULL, 'learner', e.school_id FROM studies_schoolenrolment e
            WHERE e.provider_id = %(provider)s AND e.person_id = ANY (%(persons)s) AND {live.format("e")}
            UNION SELECT g.guardian_id, g.child_id, 'guardian', e.school_id FROM people_guardianship g
            LEFT JOIN studies_schoolenrolment e ON e.provider_id = g.provider_id AND e.person_id = g.child_id
                AND {live.format("e")}
            WHERE g.provider_id = %(provider)s AND g.guardian_id = ANY (%(persons)s) AND {live.format("g")}
        ) f
        JOIN people_person p ON p.id = f.person_id LEFT JOIN people_person c ON c.id = f.child_id
        LEFT JOIN organisations_organisation o ON o.id = f.school_id ORDER BY f.role, o.sort_key
        """,
        {"provider": uc.actor.provider_id, "persons": list(persons), "day": uc.today},
    )
    uc.touched("people_staffassignment", "role", "organisation_id")
    uc.touched("studies_schoolenrolment", "school_id")
    return decoded(found, "school")


def people_of_provider(uc: UseCase) -> dict[str, Any]:
    """Return how many learners, guardians and members of staff the actor's provider has today, and how many
    duplicate cases are open."""
    return uc.row(
        f"""
        SELECT count(*) FILTER (WHERE pp.basis = 'learner') AS learners,
               count(*) FILTER (WHERE pp.basis = 'guardian') AS guardians,
               count(*) FILTER (WHERE pp.basis = 'staff') AS staff,
               (SELECT count(*) FROM people_duplicatecase d
                WHERE d.provider_id = %(provider)s AND d.status = 'open') AS duplicates
        FROM people_providerperson pp WHERE pp.provider_id = %(provider)s AND {LIVE.format("pp")}
        """,
        {"provider": uc.actor.provider_id, "day": uc.today},
    ) or {"learners": 0, "guardians": 0, "staff": 0, "duplicates": 0}


def apps_taken(uc: UseCase) -> list[Row]:
    """Return the apps that the actor's provider has taken into use, with maker, scopes and since when."""
    return uc.rows(
        f"""
        SELECT a.id, a.name, s.name AS supplier, t.scopes, t.valid_from, t.valid_to
        FROM access_taking t JOIN access_app a ON a.id = t.app_id JOIN access_supplier s ON s.id = a.supplier_id
        WHERE t.provider_id = %(provider)s AND {LIVE.format("t")} ORDER BY a.name, t.valid_from
        """,
        {"provider": uc.actor.provider_id, "day": uc.today},
    )


def schooling_held(uc: UseCase, persons: Sequence[UUID]) -> list[Row]:
    """Return schools and groups of `persons` at the actor's provider, today and ahead, each with its source."""
    uc.touched("studies_schoolenrolment", "school_id", "grade")
    uc.touched("studies_enrolment", "group_id")
    ahead = "({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
    return decoded(
        uc.rows(
            f"""
        SELECT found.person_id, found.field, found.value, k.source FROM (
            SELECT e.person_id, 'schools' AS field, e.id,
                   jsonb_build_object('name', o.name, 'grade', e.grade, 'since', e.valid_from) AS value
            FROM studies_schoolenrolment e JOIN organisations_organisation o ON o.id = e.school_id
            WHERE e.provider_id = %(provider)s AND e.person_id = ANY (%(persons)s) AND {ahead.format("e")}
            UNION ALL
            SELECT e.person_id, 'groups', e.id, jsonb_build_object('title', g.title, 'code', g.code)
            FROM studies_enrolment e JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id
            WHERE e.provider_id = %(provider)s AND e.person_id = ANY (%(persons)s) AND {ahead.format("e")}
        ) found
        LEFT JOIN LATERAL (SELECT min(k.source) AS source FROM core_sourcekey k
                           WHERE k.provider_id = %(provider)s AND k.target_id = found.id) k ON true
        ORDER BY found.field, found.value ->> 'code', found.value::text
        """,
            {"provider": uc.actor.provider_id, "persons": list(persons), "day": uc.today},
        ),
        "value",
    )


def people_by_name(
    uc: UseCase,
    words: Sequence[str],
    visible: tuple[str, Sequence[Any]],
    visible_child: tuple[str, Sequence[Any]],
    *,
    at_most: int,
) -> list[Row]:
    """Return the people of the actor's provider whose names begin with all `words` (search keys), by name.

    `visible` keeps persons (`p.id`), `visible_child` a guardian's children (`g.child_id`): SQL and parameters. One
    statement, whose look-ups are made for the rows that are returned alone. The caller notes what it shows
    (`note_people_by_name`).
    """
    matches = " AND ".join("(p.search_key LIKE %s OR p.search_key LIKE %s)" for _ in words)
    live = "{0}.valid_from <= d.day AND ({0}.valid_to IS NULL OR {0}.valid_to >= d.day)"
    home = f"""(SELECT jsonb_build_object('code', g.code, 'title', g.title) FROM studies_enrolment e
                JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id
                WHERE e.provider_id = d.provider AND e.person_id = {{0}} AND e.role = 'student' AND g.kind = 'home_group'
                  AND {live.format("e")} ORDER BY e.valid_from DESC LIMIT 1)"""
    return decoded(
        uc.rows(
            f"""
        SELECT p.id, p.given_name, p.family_name, p.birth_date,
               coalesce((SELECT array_agg(DISTINCT pp.basis ORDER BY pp.basis) FROM people_providerperson pp
                WHERE pp.provider_id = d.provider AND pp.person_id = p.id AND {live.format("pp")}), '{{}}') AS bases,
               {home.format("p.id")} AS home_group,
               (SELECT o.name FROM studies_schoolenrolment s JOIN organisations_organisation o ON o.id = s.school_id
                WHERE s.provider_id = d.provider AND s.person_id = p.id AND {live.format("s")}
                ORDER BY s.is_primary DESC LIMIT 1) AS school_name,
               (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'given_name', c.given_name, 'family_name', c.family_name,
                                                    'home_group', {home.format("c.id")}) ORDER BY c.birth_date, c.id)
                FROM people_guardianship g JOIN people_person c ON c.id = g.child_id
                WHERE g.provider_id = d.provider AND g.guardian_id = p.id AND {live.format("g")}
                  AND {visible_child[0]}) AS children,
               (SELECT jsonb_agg(jsonb_build_object('role', a.role, 'place', o.name) ORDER BY o.sort_key, a.role)
                FROM people_staffassignment a JOIN organisations_organisation o ON o.id = a.organisation_id
                WHERE a.provider_id = d.provider AND a.person_id = p.id AND {live.format("a")}) AS posts
        FROM people_person p CROSS JOIN (SELECT %s::uuid AS provider, %s::date AS day) d
        WHERE {matches} AND {visible[0]}
        ORDER BY p.sort_key, p.id LIMIT %s
        """,
            [
                *visible_child[1],
                uc.actor.provider_id,
                uc.today,
                *(pattern for word in words for pattern in (f"{word}%", f"% {word}%")),
                *visible[1],
                at_most,
            ],
        ),
        "school_name",
        "home_group",
        "children",
        "posts",
    )


def note_people_by_name(uc: UseCase, shown: Sequence[Row]) -> None:
    """Note for the log whom a search has shown, and what of them."""
    children = [child for row in shown for child in row["children"] or []]
    uc.touched("people_person", "given_name", "family_name")
    uc.showed("people_person", [{"birth_date": row["birth_date"]} for row in shown])
    if any(row["home_group"] or row["school_name"] for row in shown) or any(child["home_group"] for child in children):
        uc.touched("studies_enrolment", "group_id")
        uc.touched("studies_schoolenrolment", "school_id")
    if children:
        uc.touched("people_guardianship", "child_id")
    if any(row["posts"] for row in shown):
        uc.touched("people_staffassignment", "role", "organisation_id")
    uc.saw(row["id"] for row in shown)
    uc.saw(UUID(child["id"]) for child in children)
