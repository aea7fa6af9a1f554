"""Reads of the room: who has looked at a person's data, and what the imports did."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.access.rules import BY_CODE
from digione.core import clock
from digione.core.errors import NotFoundError
from digione.core.use_case import Row, UseCase, use_case
from digione.people import duplicate_facts, facts
from digione.people.rows import decoded

#: As far back as the page looks unless it is told otherwise.
VIEWED_DAYS = 30
_MOST_VIEWS = 2000
#: The rules by which one looks at one's own data, or at a child's as its guardian.
_AT_HOME = ("own-data", "guardian")


@use_case(Permission.AUDIT_READ_OWN, Event.AUDIT_READ)
def views_of(uc: UseCase, *, person: UUID | None = None, days: int = VIEWED_DAYS) -> dict[str, Any]:
    """Return who has seen a person's data, in which role, by which rule, and when; grouped by viewer, newest first.

    `person` is oneself or a ward; without one, the eldest ward, else oneself. The looks of oneself and of one's
    guardians, as such, are told apart (`family`): they are no news, but nobody's look is left out. Of a ward with
    non-disclosure no name and no provider is told, for these would tell where the ward goes to school.
    """
    known = facts.persons(uc, [*([person] if person else []), *uc.actor.persons])
    wards = [row for row in known.values() if row["id"] in uc.actor.persons and row["id"] != uc.actor.person_id]
    wards.sort(key=lambda row: (row["birth_date"] or clock.today(), row["sort_key"]))
    choices = [*wards, *(row for row in known.values() if row["id"] == uc.actor.person_id)]
    person = duplicate_facts.successor(uc, person) if person else choices[0]["id"] if choices else None
    if person is None:
        raise NotFoundError("There is no such person here.")
    rule = uc.check(person).rule
    known |= facts.persons(uc, [person]) if person not in known else {}
    family = {person, uc.actor.person_id, *facts.guardian_ids(uc, person)}
    entries = decoded(
        uc.rows(
            "SELECT e.*, o.name AS provider_name, a.name AS app_name FROM audit_of_person(%s, %s, %s) e"
            " LEFT JOIN organisations_organisation o ON o.id = e.provider_id LEFT JOIN access_app a ON a.id = e.app_id",
            [person, clock.now() - timedelta(days=days), _MOST_VIEWS],
        ),
        "provider_name",
    )
    if rule == "guardian" and known[person]["non_disclosure"]:
        entries = [{**entry, "actor_name": None, "provider_name": None} for entry in entries]
    viewers: dict[tuple[Any, ...], Row] = {}
    for entry in entries:
        # A guardian who looks as a teacher is a viewer like any other.
        at_home = entry["actor_id"] in family and entry["app_id"] is None and entry["rule"] in _AT_HOME
        key = (at_home, entry["actor_id"], entry["app_id"], entry["role"])
        viewer = viewers.setdefault(
            key,
            {
                "name": entry["app_name"] or entry["actor_name"],
                "is_app": entry["app_id"] is not None,
                "is_family": at_home,
                "is_self": entry["actor_id"] == uc.actor.person_id,
                "role": entry["role"],
                "provider": entry["provider_name"],
                "rules": {},
                "events": {},
                "times": [],
                "count": 0,
            },
        )
        viewer["count"] += 1
        viewer["events"].setdefault(entry["event"], entry["in_bulk"])
        if entry["rule"] in BY_CODE:
            viewer["rules"].setdefault(entry["rule"], BY_CODE[entry["rule"]].sentence)
        if len(viewer["times"]) < 10:
            viewer["times"].append({"at": entry["at"], "event": entry["event"]})
    shown = [
        {**viewer, "rules": list(viewer["rules"].values()), "events": list(viewer["events"])}
        for viewer in viewers.values()
    ]
    return {
        "person": known[person],
        "choices": choices,
        "days": days,
        "viewers": [viewer for viewer in shown if not viewer["is_family"]],
        "family": [viewer for viewer in shown if viewer["is_family"]],
        "complete": len(entries) < _MOST_VIEWS,
    }


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_runs(uc: UseCase) -> dict[str, Any]:
    """Return the latest import runs of the actor's provider."""
    uc.check()
    return {"runs": facts.import_runs(uc, at_most=50)}


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_run(uc: UseCase, *, run: UUID) -> Row:
    """Return one import run with its counts, problems and reconciliation. Raises `NotFoundError`."""
    uc.check()
    found = decoded(
        uc.rows(
            "SELECT id, kind, source, started_at, finished_at, dry_run, status, counts, problems, reconciliation,"
            " file_hash FROM core_importrun WHERE id = %s AND provider_id = %s",
            [run, uc.actor.provider_id],
        ),
        "counts",
        "problems",
        "reconciliation",
    )
    if not found:
        raise NotFoundError("There is no such import here.")
    return found[0]
