"""Reads of where data comes from: each field's source and time, for a real row, without its values."""

from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.access.rules import Detail
from digione.core.errors import NotFoundError
from digione.core.use_case import Row, UseCase, use_case
from digione.people import duplicate_facts as duplicates
from digione.people import facts as people
from digione.schema.declare import Field, Master
from digione.schema.resources import RESOURCES
from digione.studies import origin_facts as facts


@use_case(Permission.ORIGIN_READ, Event.ORIGIN_READ)
def row_origin(uc: UseCase, *, row: UUID) -> dict[str, Any]:
    """Return where the fields of a row come from: a person, a study right, an enrolment, or another row about a person.

    `parts` are the resources shown, each with its `rows`, and these with their `fields`: `declared`, `source` (an import
    source, `digione` for the desk, `app:` and an id, None where no source is known), `at`, `by`, `reason`, `first`. A
    person comes with enrolments and study rights, for the office alone. No value is told, and nothing at all of a secret
    field. `person` is named only where the rule opens an identity. Where a person with non-disclosure goes to school is
    told to the office alone. Of a person nothing is told that was before the provider's own link, nor whoever changed it
    elsewhere. Raises `NotFoundError` for a row of another provider, and for whoever has no rule for its person.
    """
    found = facts.person_behind(uc, row)
    if found is None:
        known = duplicates.successor(uc, row)
        found = facts.person_behind(uc, known) if known != row else None
        row = known
    if found is None:
        # Nobody is behind it here; the rule is asked all the same, so that a role without one is told no more.
        uc.check(row)
        raise NotFoundError("There is no such row here.")
    resource, person = found
    decision = uc.check(person)
    opened = Detail.IDENTITY in decision.opens
    placed = Detail.PROTECTED_PLACE in decision.opens
    if resource != "person" and not placed and people.persons(uc, [person])[person]["non_disclosure"]:
        raise NotFoundError("There is no such row here.")
    # Whoever may not see where protected people are gets everybody's page alike, since a shorter one would tell the order.
    alone = resource == "person" and not placed
    shown = {"person": [person]} if alone else facts.rows_shown(uc, resource, row)
    right = facts.right_of(uc, resource, row)
    known_by = facts.sources(uc, {**shown, "study_right": [*shown.get("study_right", []), *([right] if right else [])]})
    if right:
        # What hangs under a study right has no key of its own at the source: it came with the right's document.
        known_by = {ident: known_by.get(ident) or known_by.get(right, []) for rows in shown.values() for ident in rows}
    parts: list[dict[str, Any]] = []
    for name, rows in shown.items():
        fields = facts.fields_told(name, confidential=not alone)
        changed = facts.changes(uc, name, fields, rows) if rows else {}
        if name == "person":
            changed = {ident: facts.as_known_here(uc, ident, each) for ident, each in changed.items()}
        keepers = facts.keepers(uc, name, rows)
        if rows:
            uc.touched(RESOURCES[name].table, *(field.name for field in fields))
        parts.append(
            {
                "resource": RESOURCES[name],
                "rows": [
                    {
                        "id": ident,
                        "sources": known_by.get(ident, []),
                        "fields": [
                            {
                                "declared": field,
                                "source": _source(field, known_by.get(ident, []), keepers.get(ident)),
                                **changed[ident][field.name],
                            }
                            for field in fields
                        ],
                    }
                    for ident in rows
                    if ident in changed
                ],
            }
        )
    called = {field["by"] for part in parts for each in part["rows"] for field in each["fields"] if field["by"]}
    return {
        "row": row,
        "resource": RESOURCES[resource],
        "person": people.persons(uc, [person])[person] if opened else None,
        "person_id": person,
        "opened": opened,
        "parts": [part for part in parts if part["rows"]],
        "actors": _named(uc, sorted(called), opened=opened),
        "today": uc.today,
    }


def _source(field: Field, known_by: list[Row], keeper: str | None) -> str | None:
    """Return which source has the word on a field of a row: whoever keeps the row now, else the one that brought it."""
    if field.master is Master.PLATFORM:
        return "platform"
    return keeper or next((each["source"] for each in known_by if each["masters"]), None)


def _named(uc: UseCase, called: list[str], *, opened: bool) -> dict[str, Row]:
    """Return who changed, by name where the rule opens names; apps have theirs in any case."""
    found = facts.actors(uc, called) if called else {}
    if opened:
        return found
    return {key: {**row, "given_name": None, "family_name": None} for key, row in found.items()}
