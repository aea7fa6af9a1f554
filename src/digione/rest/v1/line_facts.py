"""Building blocks of writing many rows at once: each is a statement or two, however many rows there are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from digione.core.use_case import Row, UseCase
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.study_endpoints import ATTAINMENTS
from digione.rest.v1.write_facts import Repeat, keeper, writable
from digione.studies.record_rules import ANNULLED


def beside(uc: UseCase, endpoint: Endpoint, owners: Iterable[UUID]) -> dict[UUID, list[Row]]:
    """Return all rows of the same owners, in their order."""
    name = _owner(endpoint)
    found: dict[UUID, list[Row]] = {owner: [] for owner in owners}
    for row in uc.rows(
        f"SELECT * FROM {endpoint.resource.table} WHERE provider_id = %s AND {name} = ANY (%s) ORDER BY place",
        [uc.actor.provider_id, list(found)],
    ):
        found[row[name]].append(row)
    return found


def annulled(uc: UseCase, endpoint: Endpoint, ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the rows `ids`, attainments or assessments that are held, whose study right is annulled."""
    attainment = "x" if endpoint is ATTAINMENTS else "a"
    return {
        row["id"]
        for row in uc.rows(
            f"SELECT x.id FROM {endpoint.resource.table} x"
            + (
                ""
                if attainment == "x"
                else " JOIN studies_attainment a ON a.provider_id = x.provider_id AND a.id = x.attainment_id"
            )
            + " WHERE x.provider_id = %s AND x.id = ANY (%s) AND EXISTS (SELECT 1 FROM studies_studyrightstate z"
            f" WHERE z.provider_id = x.provider_id AND z.study_right_id = {attainment}.study_right_id AND z.state = %s)",
            [uc.actor.provider_id, list(ids), ANNULLED],
        )
    }


def update(uc: UseCase, endpoint: Endpoint, rows: Sequence[Row]) -> None:
    """Write the columns that an app can change, of rows as they shall stand; who writes keeps them from now on."""
    names = [each.name for each in writable(endpoint, adding=False)]
    uc.execute(
        f"UPDATE {endpoint.resource.table} t SET {', '.join(f'{name} = r.{name}' for name in names)}, kept_by = %(keeper)s"
        f" FROM jsonb_populate_recordset(NULL::{endpoint.resource.table}, %(rows)s::jsonb) r"
        " WHERE t.provider_id = %(provider)s AND t.id = r.id",
        {
            "keeper": keeper(uc),
            "rows": _written(rows, ["id", *names]),
            "provider": uc.actor.provider_id,
        },
    )


def insert(uc: UseCase, endpoint: Endpoint, rows: Sequence[Row]) -> None:
    """Add rows, which have their `id`, `person_id` and `place`."""
    names = [each.name for each in writable(endpoint, adding=True)]
    columns = ["id", "person_id", "place", *names, *(["node"] if endpoint.writing and endpoint.writing.part_of else [])]
    uc.execute(
        f"INSERT INTO {endpoint.resource.table} (provider_id, kept_by, {', '.join(columns)})"
        f" SELECT %(provider)s, %(keeper)s, {', '.join(f'r.{name}' for name in columns)}"
        f" FROM jsonb_populate_recordset(NULL::{endpoint.resource.table}, %(rows)s::jsonb) r ORDER BY r.id",
        {"keeper": keeper(uc), "rows": _written(rows, columns), "provider": uc.actor.provider_id},
    )


def settle(uc: UseCase, repeat: Repeat, rows: Sequence[UUID], status: int) -> None:
    """Note what a claimed call came to, line by line."""
    uc.execute(
        "UPDATE rest_repeated_call SET row_ids = %s, status = %s WHERE provider_id = %s AND app_id = %s AND key = %s",
        [list(rows), status, uc.actor.provider_id, uc.actor.app_id, repeat.key],
    )


def _owner(endpoint: Endpoint) -> str:
    assert endpoint.writing is not None  # noqa: S101 - asked only of endpoints that are written.
    return endpoint.writing.owner


def _written(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    return json.dumps([{name: row.get(name) for name in names} for row in rows], default=_text)


def _text(value: Any) -> str:
    if isinstance(value, UUID | date | Decimal):
        return str(value)
    raise TypeError(f"{type(value)} stands in no column of a row that apps write.")
