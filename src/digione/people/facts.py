"""Unaudited building blocks about people, for selectors and services of this room and of the rooms above."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from digione.core.use_case import Actor, Row, UseCase, set_reach

#: Office roles and those that teach, in the order in which a desk is offered to a person who has several.
DESK_ROLES = (
    "administrator",
    "principal",
    "school_secretary",
    "special_needs_teacher",
    "teacher",
    "guardian",
    "learner",
)

_LIVE = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"

_ROLES = f"""
SELECT 'staff' AS basis, a.role, a.provider_id, po.name AS provider_name, pr.accent, pr.languages,
       jsonb_agg(o.name ORDER BY o.sort_key) AS places
FROM people_staffassignment a
JOIN organisations_provider pr ON pr.id = a.provider_id
JOIN organisations_organisation po ON po.id = a.provider_id
JOIN organisations_organisation o ON o.id = a.organisation_id
WHERE a.person_id = %(person)s AND {_LIVE.format("a")}
GROUP BY a.role, a.provider_id, po.name, pr.accent, pr.languages
UNION ALL
SELECT 'link', pp.basis, pp.provider_id, po.name, pr.accent, pr.languages, '[]'::jsonb
FROM people_providerperson pp
JOIN organisations_provider pr ON pr.id = pp.provider_id
JOIN organisations_organisation po ON po.id = pp.provider_id
WHERE pp.person_id = %(person)s AND pp.basis IN ('learner', 'guardian') AND {_LIVE.format("pp")}
"""

_WARDS = f"""
SELECT DISTINCT g.child_id FROM people_guardianship g
WHERE g.guardian_id = %(person)s AND NOT 'no_information' = ANY (g.limits) AND {_LIVE.format("g")}
"""


def desk_of(person: UUID, *, day: date) -> dict[str, Any]:
    """Return what a person may sign in as today: `name`, `roles` (basis, role, provider, places) and `wards`.

    The one read that comes before there is an actor: it opens its own transaction with the reach of the person alone.
    """
    with transaction.atomic():
        set_reach(Actor("sign_in", person_id=person, persons=(person,)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT given_name, family_name FROM people_person WHERE id = %s", [person])
            name = cursor.fetchone()
            if name is None:
                return {"given_name": "", "family_name": "", "roles": [], "wards": []}
            cursor.execute(_ROLES, {"person": person, "day": day})
            columns = [column.name for column in cursor.description or ()]
            roles = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(_WARDS, {"person": person, "day": day})
            wards = [row[0] for row in cursor.fetchall()]
    return {"given_name": name[0], "family_name": name[1], "roles": roles, "wards": wards}


def persons(uc: UseCase, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Return identity and names of `ids` as far as the reach goes, by id."""
    found = uc.rows(
        "SELECT id, given_name, family_name, first_names, birth_date, mother_tongue, nationalities, non_disclosure,"
        " sort_key FROM people_person WHERE id = ANY (%s)",
        [list(ids)],
    )
    return {row["id"]: row for row in found}


def contacts(uc: UseCase, ids: Sequence[UUID]) -> list[Row]:
    """Return today's contact details of `ids` within the reach, with the person and the provider that keeps them."""
    return uc.rows(
        "SELECT person_id, provider_id, kind, value FROM people_contact WHERE person_id = ANY (%(ids)s)"
        " AND (valid_from IS NULL OR valid_from <= %(day)s) AND (valid_to IS NULL OR valid_to >= %(day)s)"
        " ORDER BY person_id, kind, value",
        {"ids": list(ids), "day": uc.today},
    )


def guardians(uc: UseCase, child: UUID) -> list[Row]:
    """Return today's guardians of a child within the reach, with the limits of their custody, one row each."""
    return uc.rows(
        "SELECT DISTINCT ON (p.sort_key, g.guardian_id) g.guardian_id AS id, p.given_name, p.family_name, g.kind,"
        " g.limits, p.non_disclosure"
        " FROM people_guardianship g JOIN people_person p ON p.id = g.guardian_id"
        f" WHERE g.child_id = %(child)s AND {_LIVE.format('g')} ORDER BY p.sort_key, g.guardian_id",
        {"child": child, "day": uc.today},
    )


def wards(uc: UseCase, guardian: UUID) -> list[Row]:
    """Return today's children of a guardian within the reach, with names, one row each."""
    return uc.rows(
        "SELECT DISTINCT ON (p.birth_date, p.sort_key, g.child_id) g.child_id AS id, p.given_name, p.family_name,"
        " p.birth_date, g.limits"
        " FROM people_guardianship g JOIN people_person p ON p.id = g.child_id"
        f" WHERE g.guardian_id = %(guardian)s AND {_LIVE.format('g')} ORDER BY p.birth_date, p.sort_key, g.child_id",
        {"guardian": guardian, "day": uc.today},
    )


def assignments(uc: UseCase, person: UUID) -> list[Row]:
    """Return today's posts of a member of staff within the reach: role and place."""
    return uc.rows(
        "SELECT a.role, a.provider_id, a.organisation_id, o.name AS place FROM people_staffassignment a"
        " JOIN organisations_organisation o ON o.id = a.organisation_id"
        f" WHERE a.person_id = %(person)s AND {_LIVE.format('a')} ORDER BY o.sort_key, a.role",
        {"person": person, "day": uc.today},
    )


def schools_of_staff(uc: UseCase, person: UUID, role: str) -> list[Row]:
    """Return the places where `person` works in `role` today at the actor's provider."""
    return uc.rows(
        "SELECT o.id, o.name FROM people_staffassignment a JOIN organisations_organisation o ON o.id = a.organisation_id"
        " WHERE a.provider_id = %(provider)s AND a.person_id = %(person)s AND a.role = %(role)s"
        f" AND {_LIVE.format('a')} ORDER BY o.sort_key",
        {"provider": uc.actor.provider_id, "person": person, "role": role, "day": uc.today},
    )


def duplicate_cases(uc: UseCase, *, at_most: int) -> list[Row]:
    """Return open duplicate cases of the actor's provider with both persons' names and birth dates."""
    return uc.rows(
        "SELECT d.id, d.reason, p.id AS person_id, p.given_name, p.family_name, p.birth_date,"
        " o.id AS other_id, o.given_name AS other_given_name, o.family_name AS other_family_name,"
        " o.birth_date AS other_birth_date, count(*) OVER () AS total"
        " FROM people_duplicatecase d JOIN people_person p ON p.id = d.person_id"
        " JOIN people_person o ON o.id = d.other_person_id"
        " WHERE d.provider_id = %(provider)s AND d.status = 'open' ORDER BY p.sort_key, d.id LIMIT %(n)s",
        {"provider": uc.actor.provider_id, "n": at_most},
    )


def import_runs(uc: UseCase, *, at_most: int) -> list[Row]:
    """Return the latest import runs of the actor's provider, newest first, without their rows."""
    return uc.rows(
        "SELECT id, kind, source, started_at, finished_at, dry_run, status, counts,"
        " jsonb_array_length(problems) AS problems FROM core_importrun"
        " WHERE provider_id = %(provider)s ORDER BY started_at DESC LIMIT %(n)s",
        {"provider": uc.actor.provider_id, "n": at_most},
    )
