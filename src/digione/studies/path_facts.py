"""Study rights as desks show them: unaudited building blocks that never read what tells of support.

What is left out on purpose: extra information, whether a syllabus is limited or individualised, assessments in words, and
what is carried of a source. All of it is secret (Laki 628/1998, 40 §), and no desk here needs it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from digione.core.use_case import Row, UseCase
from digione.people.rows import decoded
from digione.studies.rules import is_void, tree


def study_rights_of(uc: UseCase, person: UUID, *, provider: UUID | None = None, void: bool = False) -> list[Row]:
    """Return a person's study rights, oldest first: those of `provider`, else all within the reach; void ones if `void`.

    Each with its school and provider by name, `states` in their order (`id`, `state`, `valid_from`, `funding`,
    `sys_from`) and `attainments` as a tree: each with its `assessments` and `parts`.
    """
    rights = decoded(
        uc.rows(
            """
        SELECT r.id, r.provider_id, r.person_id, r.school_id, r.level, r.valid_from, r.valid_to, r.expected_end,
               coalesce(o.name, f.name) AS school_name, p.name AS provider_name
        FROM studies_studyright r
        JOIN organisations_organisation p ON p.id = r.provider_id
        LEFT JOIN organisations_organisation o ON o.id = r.school_id
        LEFT JOIN organisations_organisation f ON f.oid = r.school_oid AND r.school_id IS NULL
        WHERE r.person_id = %(person)s AND (%(provider)s::uuid IS NULL OR r.provider_id = %(provider)s)
        """,
            {"person": person, "provider": provider},
        ),
        "school_name",
        "provider_name",
    )
    # Keys of tenant tables begin with the provider: without it none of them would be used.
    ids, providers = [right["id"] for right in rights], sorted({right["provider_id"] for right in rights})
    states = _of(
        uc,
        "SELECT s.id, s.study_right_id, s.place, s.valid_from, s.state, s.funding, s.kept_by, s.sys_from"
        " FROM studies_studyrightstate s WHERE s.provider_id = ANY (%s) AND s.study_right_id = ANY (%s)"
        " AND s.person_id = %s ORDER BY s.place",
        [providers, ids, person],
        "study_right_id",
    )
    attainments = _of(
        uc,
        "SELECT a.id, a.study_right_id, a.parent_id, a.place, a.kind, a.module_scheme, a.module, a.module_title, a.size,"
        " a.size_unit, a.is_compulsory, a.language_scheme, a.language, a.valid_from, a.group_name, a.taught_in,"
        " a.confirmed_on, a.confirmed_in, a.repeats_grade, c.name AS confirmed_by"
        " FROM studies_attainment a LEFT JOIN organisations_organisation c ON c.oid = a.confirmed_by_oid"
        " WHERE a.provider_id = ANY (%s) AND a.study_right_id = ANY (%s) AND a.person_id = %s ORDER BY a.place, a.id",
        [providers, ids, person],
        "study_right_id",
        "module_title",
        "confirmed_by",
    )
    assessments = _of(
        uc,
        "SELECT s.id, s.attainment_id, s.place, s.mark_scheme, s.mark, s.mark_title, s.assessed_on, s.is_passed, s.kept_by,"
        " s.sys_from FROM studies_assessment s WHERE s.provider_id = ANY (%s) AND s.attainment_id = ANY (%s)"
        " AND s.person_id = %s ORDER BY s.place",
        [providers, [row["id"] for rows in attainments.values() for row in rows], person],
        "attainment_id",
        "mark_title",
    )
    found = []
    for right in rights:
        mine = states.get(right["id"], [])
        if is_void(mine) and not void:
            continue
        whole = {**right, "begins": _begins(right, mine), "states": mine}
        found.append({**whole, "attainments": tree(attainments.get(right["id"], []), assessments)})
    # What has no day at all comes last.
    return sorted(found, key=lambda right: (right["begins"] is None, right["begins"], str(right["id"])))


def rights_to_check(
    uc: UseCase, schools: Sequence[UUID], predicate: str, parameters: Sequence[Any]
) -> tuple[list[Row], dict[UUID, Row]]:
    """Return the study rights of schools whose learners the actor may see, as far as their states and days show faults.

    `predicate` with its `parameters` keeps those (`r.person_id`) whom the actor may see. Of the attainments only the whole
    ones are read, without parts and marks: a school has some hundred thousand of those. With the learners' names by id.
    """
    found = uc.rows(
        "SELECT r.id, r.provider_id, r.person_id, r.school_id, r.level, r.valid_from, r.valid_to, r.expected_end,"
        " p.given_name, p.family_name, p.sort_key FROM studies_studyright r JOIN people_person p ON p.id = r.person_id"
        f" WHERE r.provider_id = %s AND r.school_id = ANY (%s) AND {predicate} ORDER BY p.sort_key, r.person_id, r.id",
        [uc.actor.provider_id, list(schools), *parameters],
    )
    ids = [right["id"] for right in found]
    states = _of(
        uc,
        "SELECT s.id, s.study_right_id, s.valid_from, s.state, s.funding FROM studies_studyrightstate s"
        " WHERE s.provider_id = %s AND s.study_right_id = ANY (%s) ORDER BY s.place",
        [uc.actor.provider_id, ids],
        "study_right_id",
    )
    attainments = _of(
        uc,
        "SELECT a.id, a.study_right_id, a.parent_id, a.kind, a.module_scheme, a.module, a.module_title, a.language_scheme,"
        " a.language, a.valid_from, a.confirmed_on, a.confirmed_in FROM studies_attainment a"
        " WHERE a.provider_id = %s AND a.study_right_id = ANY (%s) AND a.parent_id IS NULL ORDER BY a.place, a.id",
        [uc.actor.provider_id, ids],
        "study_right_id",
        "module_title",
    )
    people = {row["person_id"]: {"given_name": row["given_name"], "family_name": row["family_name"]} for row in found}
    rights = [
        {
            **right,
            "begins": _begins(right, states.get(right["id"], [])),
            "states": states.get(right["id"], []),
            "attainments": tree(attainments.get(right["id"], []), {}),
        }
        for right in found
    ]
    return [right for right in rights if not is_void(right["states"])], people


def _begins(right: Row, states: Sequence[Row]) -> Any:
    return right["valid_from"] or min((state["valid_from"] for state in states), default=None)


def note_study_rights(uc: UseCase, rights: Iterable[Row]) -> None:
    """Note for the log what of study rights is shown, once it is settled."""
    for right in rights:
        uc.showed("studies_studyright", [right])
        uc.showed("studies_studyrightstate", right["states"])
        for row in every(right["attainments"]):
            uc.showed("studies_attainment", [row])
            uc.showed("studies_assessment", row["assessments"])
        ended = right["valid_to"]
        if ended and ended < uc.today and right["begins"]:
            uc.reached_back([right["begins"]])


def every(attainments: Iterable[Row]) -> Iterable[Row]:
    """Yield attainments and all that they are made of, from the top."""
    for row in attainments:
        yield row
        yield from every(row["parts"])


def names_of_codes(uc: UseCase, rights: Iterable[Row]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the names of the codes in study rights, by list and value, as far as the national lists have been brought in."""
    wanted: set[tuple[str, str]] = set()
    for right in rights:
        wanted.add(("opiskeluoikeudentyyppi", right["level"]))
        wanted |= {("koskiopiskeluoikeudentila", state["state"]) for state in right["states"]}
        for row in every(right["attainments"]):
            wanted |= {("suorituksentyyppi", row["kind"]), ("kunta", row["confirmed_in"])}
            wanted |= {(row["module_scheme"], row["module"]), (row["language_scheme"], row["language"])}
    pairs = sorted(pair for pair in wanted if all(pair))
    found = decoded(
        uc.rows(
            "SELECT DISTINCT ON (c.list_uri, c.value) c.list_uri, c.value, c.name FROM core_code c"
            " JOIN unnest(%s::text[], %s::text[]) w (list_uri, value) ON w.list_uri = c.list_uri AND w.value = c.value"
            " ORDER BY c.list_uri, c.value, c.version DESC",
            [[uri for uri, _ in pairs], [value for _, value in pairs]],
        ),
        "name",
    )
    return {(row["list_uri"], row["value"]): row["name"] for row in found}


def _of(uc: UseCase, sql: str, parameters: Sequence[Any], column: str, *json: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in decoded(uc.rows(sql, parameters), *json):
        found.setdefault(row[column], []).append(row)
    return found
