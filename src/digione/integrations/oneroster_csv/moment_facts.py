"""The tables of a roster as they stood at a moment: live rows and history laid together, in temporary tables.

An export reads many tables, one after the other, while others write. Read as of one moment, its files agree with each
other; and a later export can work out what this one said, because that moment stands still.
"""

import re
from datetime import datetime
from typing import Any

from digione.core.use_case import UseCase

#: What a copy has of each table: its columns, and by what the queries look rows up in it. Links come first, for the
#: persons of a provider are those that it has a link to.
_COPIED: dict[str, tuple[str, str]] = {
    "people_providerperson": ("provider_id, person_id, valid_from, valid_to", "person_id"),
    "people_person": ("id, first_names, given_name, family_name, birth_date, sex, non_disclosure, sys_from", "id"),
    "people_identifier": ("id, provider_id, person_id, kind, value_enc, current", "person_id"),
    "people_contact": ("provider_id, person_id, kind, value, valid_from, valid_to", "person_id"),
    "people_guardianship": ("provider_id, guardian_id, child_id, limits, valid_from, valid_to", "child_id"),
    "people_staffassignment": (
        "id, provider_id, person_id, organisation_id, role, valid_from, valid_to, sys_from", "person_id"
    ),
    "organisations_organisation": ("id, provider_id, oid, school_code, kinds, name, valid_from, valid_to, sys_from", "id"),
    "organisations_academicsession": (
        "id, provider_id, parent_id, kind, title, starts_on, ends_on, school_year, sys_from", "id"
    ),
    "studies_course": ("id, provider_id, school_id, session_id, code, title, subjects, grades, status, sys_from", "id"),
    "studies_group": (
        "id, provider_id, school_id, course_id, kind, code, title, subjects, grades, valid_from, valid_to, sys_from", "id"
    ),
    "studies_groupsession": ("provider_id, group_id, session_id", "group_id"),
    "studies_schoolenrolment": (
        "id, provider_id, person_id, school_id, grade, is_primary, valid_from, valid_to, sys_from", "person_id"
    ),
    "studies_enrolment": (
        "id, provider_id, group_id, school_id, person_id, role, is_primary, valid_from, valid_to, sys_from", "person_id"
    ),
}  # fmt: skip
#: Rows that are not found by their provider: persons belong to nobody, and national identifiers to nobody either.
_LINKED = "x.{0} IN (SELECT l.person_id FROM export_at_people_providerperson l)"
_OF_PROVIDER = "x.provider_id = %(provider)s"
_WHOSE = {
    "people_person": _LINKED.format("id"),
    "people_identifier": f"({_OF_PROVIDER} OR x.provider_id IS NULL) AND {_LINKED.format('person_id')}",
}
_NAMES = re.compile(rf"\b({'|'.join(_COPIED)})\b")
#: A transaction that began before the moment and still runs may yet write what counts as from before it.
_RUNNING = """SELECT min(a.xact_start) AS moment FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()"""


def at_moment(sql: str) -> str:
    """Return a query so that it reads the tables as `lay_out` has put them."""
    return _NAMES.sub(r"export_at_\1", sql)


def settled_moment(uc: UseCase) -> datetime:
    """Return the newest moment before which nothing more can be written: now, or when the oldest transaction began."""
    # Two statements: whoever began before the first of them is seen by the second.
    now: datetime = uc.json("SELECT clock_timestamp()")
    running: datetime | None = uc.json(_RUNNING)
    return min(now, running) if running else now


def lay_out(uc: UseCase, parameters: dict[str, Any]) -> None:
    """Make the copies, as the tables stood just before `moment`."""
    for table, (columns, key) in _COPIED.items():
        whose = _WHOSE.get(table, _OF_PROVIDER)
        uc.execute(f"DROP TABLE IF EXISTS export_at_{table}")
        uc.execute(
            f"CREATE TEMP TABLE export_at_{table} ON COMMIT DROP AS"
            f" SELECT {columns} FROM {table} x WHERE {whose} AND x.sys_from < %(moment)s"
            f" UNION ALL SELECT {columns} FROM {table}_history x"
            f" WHERE {whose} AND x.sys_from < %(moment)s AND x.sys_to >= %(moment)s",
            parameters,
        )
        uc.execute(f"CREATE INDEX ON export_at_{table} ({key})")
        uc.execute(f"ANALYZE export_at_{table}")
