"""Changes of a day that has passed. In a test all is one transaction, and what changes twice in one has no past."""

from typing import Any
from uuid import UUID

from digione.core.use_case import Actor
from tests import cast
from tests.api.v1 import run
from tests.log import as_owner
from tests.study_rights import KNOWN_SINCE


def happened(
    table: str, changes: dict[str, Any], which: str, day: str = "2026-11-01", *, by: Actor = cast.administrator
) -> None:
    """Let rows of Kuusniemi, or of whoever it was done `by`, have been changed on a day: what stood before is in the
    history until then.

    Needs the fixture `owners_log`.
    """
    run(
        by,
        f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in changes)} WHERE {which}",
        [*changes.values()],
    )
    as_owner(
        f"UPDATE {table}_history SET sys_to = '{day}',"
        f" sys_from = CASE WHEN sys_from > '{day}' THEN '{KNOWN_SINCE}' ELSE sys_from END WHERE sys_to = now()"
    )
    # A table is altered when nothing of it waits to be checked; and only its triggers know what time it is.
    as_owner("SET CONSTRAINTS ALL IMMEDIATE")
    as_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    as_owner(f"UPDATE {table} SET sys_from = '{day}' WHERE sys_from = now()")
    as_owner(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    as_owner("SET CONSTRAINTS ALL DEFERRED")


def known_here_since(person: UUID, moment: str) -> None:
    """Let the providers of a person have known them since a moment. Needs the fixture `owners_log`."""
    as_owner("SET CONSTRAINTS ALL IMMEDIATE")
    as_owner("ALTER TABLE people_providerperson DISABLE TRIGGER USER")
    as_owner(f"UPDATE people_providerperson SET sys_from = '{moment}' WHERE person_id = '{person}'")
    as_owner("ALTER TABLE people_providerperson ENABLE TRIGGER USER")
    as_owner("SET CONSTRAINTS ALL DEFERRED")
