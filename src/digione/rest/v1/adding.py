"""Where a new row comes, and whether it may stand there: the same for one row and for many lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.core.errors import Fault
from digione.core.use_case import Row, UseCase
from digione.rest.v1 import line_facts
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import STUDY_RIGHT_STATES
from digione.studies.record_rules import faults_of_assessed, faults_of_attainment, placed


@dataclass(slots=True)
class Owner:
    """A row under which others are added: itself, the `rows` that it has, and the states of its study right."""

    row: Row
    rows: list[Row]
    states: list[Row]


def owners(uc: UseCase, endpoint: Endpoint, above: Mapping[UUID, Row]) -> dict[UUID, Owner]:
    """Return what stands under rows that are held; a statement or two, however many they are."""
    rows = line_facts.beside(uc, endpoint, above)
    rights = {ident: row.get("study_right_id", ident) for ident, row in above.items()}
    # States are added under nothing but study rights, and are their own.
    states = rows if endpoint is STUDY_RIGHT_STATES else line_facts.beside(uc, STUDY_RIGHT_STATES, rights.values())
    for row in (row for some in rows.values() for row in some):
        row["carried"] = json.loads(row["carried"])
    return {ident: Owner(row, rows[ident], states[rights[ident]]) for ident, row in above.items()}


def put(endpoint: Endpoint, row: Row, owner: Owner) -> tuple[dict[str, Any], list[Fault]]:
    """Return where a new row of `owner` comes, behind its siblings, and what is wrong with it there; no place where there is none."""
    part_of = endpoint.writing.part_of if endpoint.writing else None
    if part_of is None:
        faults = faults_of_assessed(owner.states) if endpoint.resource.name == "assessment" else []
        return {"place": max((each["place"] for each in owner.rows), default=-1) + 1}, faults
    there = {each["id"]: each for each in owner.rows}
    above, parent = [], row[part_of]
    if parent is not None and parent not in there:
        return {}, [Fault(part_of, "not_there", _("The study right has no such attainment."))]
    while parent is not None:
        above.append(there[parent])
        parent = there[parent][part_of]
    siblings = [each for each in owner.rows if each[part_of] == row[part_of]]
    faults = faults_of_attainment(row, owner.row, owner.states, above, siblings)
    return placed(row, above[0]["node"] if above else "", siblings), faults
