"""Where the values of a row come from, and since when each stands: unaudited building blocks that read no value out.

A row's versions are its live row and its history. A field's time is the newest moment at which its value differs between
two successive versions; whoever ended the earlier version has made the change.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from digione.core.use_case import Row, UseCase
from digione.schema.basis import SUPPORT
from digione.schema.declare import Field, Kind, Sensitivity
from digione.schema.resources import RESOURCES

#: The resources whose rows tell of a person, with the column that names the person, and the kind that imports call them.
OF_PERSON: dict[str, tuple[str, str]] = {
    "person": ("id", "person"),
    "school_enrolment": ("person_id", "membership"),
    "enrolment": ("person_id", "enrolment"),
    "study_right": ("person_id", "study_right"),
    "study_right_state": ("person_id", "study_right_state"),
    "attainment": ("person_id", "attainment"),
    "assessment": ("person_id", "assessment"),
}
#: Of these a study right's page shows the rows under it.
_UNDER_RIGHT = ("study_right_state",)
#: Rows of a person that are shown together, at most so many of each; the latest first.
_WITH_PERSON = ("school_enrolment", "enrolment", "study_right")
_MOST_ROWS = 20
#: What binds rows together, or says of the row itself when it was written, tells of no source.
_BINDING = frozenset(
    {"id", "provider_id", "person_id", "study_right_id", "attainment_id", "parent_id", "place", "sys_from"}
)


def person_behind(uc: UseCase, row: UUID) -> tuple[str, UUID] | None:
    """Return the resource of a row at the actor's provider and the person whom it tells of; None where there is none.

    A person is reached by the link to the provider.
    """
    parts = [
        "SELECT 'person' AS resource, l.person_id FROM people_providerperson l WHERE l.provider_id = %(at)s AND l.person_id = %(row)s"
    ]
    parts += [
        f"SELECT '{name}', t.person_id FROM {RESOURCES[name].table} t WHERE t.provider_id = %(at)s AND t.id = %(row)s"
        for name in OF_PERSON
        if name != "person"
    ]
    found = uc.row(f"{' UNION ALL '.join(parts)} LIMIT 1", {"at": uc.actor.provider_id, "row": row})
    return (found["resource"], found["person_id"]) if found else None


def rows_shown(uc: UseCase, resource: str, row: UUID) -> dict[str, list[UUID]]:
    """Return the ids of the rows that a page about `row` tells of, by resource: itself, and what hangs together with it."""
    shown = {resource: [row]}
    below = _WITH_PERSON if resource == "person" else _UNDER_RIGHT if resource == "study_right" else ()
    column = "person_id" if resource == "person" else "study_right_id"
    for name in below:
        found = uc.rows(
            f"SELECT t.id FROM {RESOURCES[name].table} t WHERE t.provider_id = %s AND t.{column} = %s"
            " ORDER BY t.valid_from DESC NULLS LAST, t.id LIMIT %s",
            [uc.actor.provider_id, row, _MOST_ROWS],
        )
        shown[name] = [each["id"] for each in found]
    return shown


def fields_told(resource: str, *, confidential: bool) -> tuple[Field, ...]:
    """Return the fields whose source and time may be told: none that is internal, secret or about support.

    Those that are confidential only where `confidential`.
    """
    return tuple(
        field
        for field in RESOURCES[resource].fields
        if not field.internal
        and field.name not in _BINDING
        and field.name != "kept_by"
        and field.sensitivity is not Sensitivity.SECRET
        and field.basis is not SUPPORT
        and field.kind is not Kind.OBJECT
        and (confidential or field.sensitivity is Sensitivity.ORDINARY)
    )


def changes(uc: UseCase, resource: str, fields: Sequence[Field], rows: Sequence[UUID]) -> dict[UUID, dict[str, Row]]:
    """Return when each field of `rows` last changed, by row and field: `at`, `by`, `reason`, and `first`.

    `first`: the value is the one with which the row came. `by` is what the transaction called its actor: the id of an
    account or an app, or a role. One statement reads live rows and history by their ids; no value leaves it.
    """
    table = RESOURCES[resource].table
    tenant = "" if resource == "person" else " AND x.provider_id = %(at)s"
    names = [field.name for field in fields]
    plain = ", ".join(f"x.{name}" for name in names)
    differs = ", ".join(f"{name} IS DISTINCT FROM lag({name}) OVER w AS {name}" for name in names)
    each = ", ".join(f"('{name}', s.{name})" for name in names)
    found = uc.rows(
        f"""
        WITH versions AS (
            SELECT x.id, x.sys_from, NULL::text AS ended_by, NULL::text AS ended_for, {plain} FROM {table} x
            WHERE x.id = ANY (%(rows)s){tenant}
            UNION ALL
            SELECT x.id, x.sys_from, x.sys_actor, x.sys_reason, {plain} FROM {table}_history x
            WHERE x.id = ANY (%(rows)s){tenant} AND x.sys_to > '-infinity'
        ), steps AS (
            SELECT id, sys_from, lag(ended_by) OVER w AS by, lag(ended_for) OVER w AS reason,
                   row_number() OVER w = 1 AS first, {differs}
            FROM versions WINDOW w AS (PARTITION BY id ORDER BY sys_from)
        )
        SELECT DISTINCT ON (s.id, f.name) s.id, f.name, s.sys_from AS at, s.by, s.reason, s.first
        FROM steps s CROSS JOIN LATERAL (VALUES {each}) f (name, differs)
        WHERE f.differs OR s.first ORDER BY s.id, f.name, s.sys_from DESC
        """,
        {"rows": list(rows), "at": uc.actor.provider_id},
    )
    by_row: dict[UUID, dict[str, Row]] = {}
    for row in found:
        by_row.setdefault(row["id"], {})[row["name"]] = row
    return by_row


def known_since(uc: UseCase, person: UUID) -> datetime:
    """Return since when the actor's provider has known a person: when their first link was written, ended ones as well."""
    found = uc.row(
        "SELECT min(known.sys_from) AS since FROM ("
        " SELECT l.sys_from FROM people_providerperson l WHERE l.provider_id = %(at)s AND l.person_id = %(person)s"
        " UNION ALL SELECT h.sys_from FROM people_providerperson_history h"
        " WHERE h.provider_id = %(at)s AND h.person_id = %(person)s) known",
        {"at": uc.actor.provider_id, "person": person},
    )
    since: datetime = found["since"]  # type: ignore[index]
    return since


def own_staff(uc: UseCase, called: Sequence[str]) -> frozenset[str]:
    """Return those of what transactions called their actors that are accounts of the provider's own staff, then or now."""
    found = uc.rows(
        "SELECT c.id::text AS called FROM access_account c WHERE c.id::text = ANY (%s) AND EXISTS (SELECT 1"
        " FROM people_staffassignment a WHERE a.provider_id = %s AND a.person_id = c.person_id)",
        [list(called), uc.actor.provider_id],
    )
    return frozenset(row["called"] for row in found)


def as_known_here(uc: UseCase, person: UUID, changed: dict[str, Row]) -> dict[str, Row]:
    """Return the changes of a person as the provider may know them: none before its own link, none by another one's staff.

    A person is national, so the row is older than the link where another provider knew them first, and changes there too.
    To tell that would be to tell that they are known elsewhere.
    """
    since = known_since(uc, person)
    ours = own_staff(uc, sorted({row["by"] for row in changed.values() if row["by"]}))
    return {
        name: {**row, "at": since, "by": None, "reason": None, "first": True}
        if row["at"] <= since
        else row
        if row["by"] in ours
        else {**row, "by": None, "reason": None}
        for name, row in changed.items()
    }


def sources(uc: UseCase, shown: dict[str, list[UUID]]) -> dict[UUID, list[Row]]:
    """Return by which sources rows are known at the actor's provider: `source`, `masters`, `linked_at`, masters first."""
    found = uc.rows(
        "SELECT k.target_id, k.source, k.masters, k.linked_at FROM core_sourcekey k WHERE k.provider_id = %s"
        " AND k.kind = ANY (%s) AND k.target_id = ANY (%s) ORDER BY k.masters DESC, k.source",
        [
            uc.actor.provider_id,
            [OF_PERSON[name][1] for name in shown],
            [row for rows in shown.values() for row in rows],
        ],
    )
    by_row: dict[UUID, list[Row]] = {}
    for row in found:
        by_row.setdefault(row["target_id"], []).append(row)
    return by_row


def right_of(uc: UseCase, resource: str, row: UUID) -> UUID | None:
    """Return the study right to which a row belongs, by whose source it is kept; None for what belongs to none."""
    sql = {
        "study_right_state": "SELECT t.study_right_id FROM studies_studyrightstate t WHERE t.provider_id = %s AND t.id = %s",
        "attainment": "SELECT t.study_right_id FROM studies_attainment t WHERE t.provider_id = %s AND t.id = %s",
        "assessment": "SELECT a.study_right_id FROM studies_assessment t JOIN studies_attainment a"
        " ON a.provider_id = t.provider_id AND a.id = t.attainment_id WHERE t.provider_id = %s AND t.id = %s",
        "study_right": "SELECT t.id FROM studies_studyright t WHERE t.provider_id = %s AND t.id = %s",
    }.get(resource)
    found = uc.row(sql, [uc.actor.provider_id, row]) if sql else None
    return next(iter(found.values())) if found else None


def keepers(uc: UseCase, resource: str, rows: Sequence[UUID]) -> dict[UUID, str]:
    """Return what keeps rows in their source's stead, an app or the desk, for those that have such a keeper."""
    if "kept_by" not in {field.name for field in RESOURCES[resource].fields}:
        return {}
    found = uc.rows(
        f"SELECT t.id, t.kept_by FROM {RESOURCES[resource].table} t"
        " WHERE t.provider_id = %s AND t.id = ANY (%s) AND t.kept_by IS NOT NULL",
        [uc.actor.provider_id, list(rows)],
    )
    return {row["id"]: row["kept_by"] for row in found}


def actors(uc: UseCase, called: Sequence[str]) -> dict[str, Row]:
    """Return who stands behind what transactions called their actors: a person by name, or an app by name."""
    found = uc.rows(
        "SELECT c.id::text AS called, p.given_name, p.family_name, NULL AS app FROM access_account c"
        " JOIN people_person p ON p.id = c.person_id WHERE c.id::text = ANY (%(called)s)"
        " UNION ALL SELECT a.id::text, NULL, NULL, a.name FROM access_app a WHERE a.id::text = ANY (%(called)s)",
        {"called": list(called)},
    )
    return {row["called"]: row for row in found}
