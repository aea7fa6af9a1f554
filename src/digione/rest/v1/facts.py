"""Building blocks of reading: pages and single rows of an endpoint, as JSON that PostgreSQL makes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from digione.core import clock, statements
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.token import Grant
from digione.rest.v1.endpoints import Endpoint

_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that an app is shown: its id for that app, its JSON, and the person whose data it is, if any."""

    id: UUID
    body: str
    person: UUID | None


def rows_behind(
    endpoint: Endpoint, grant: Grant, actor: Actor, shown: frozenset[str], after: UUID | None, limit: int
) -> list[Row]:
    """Return up to `limit` rows whose ids come behind `after`, in the order of ids."""
    # How many are wanted stands in the text: a plan that does not know it would read the whole list.
    return _rows(
        endpoint,
        f"{endpoint.key} > %(after)s ORDER BY {endpoint.key} LIMIT {limit:d}",
        shown,
        {**_parameters(grant, actor), "after": after or _BEFORE_ALL},
    )


def rows_of(endpoint: Endpoint, grant: Grant, actor: Actor, shown: frozenset[str], ids: list[UUID]) -> list[Row]:
    """Return those rows of `ids` that the provider shows to the app, in the order of ids."""
    return _rows(
        endpoint,
        f"{endpoint.key} = ANY (%(ids)s) ORDER BY {endpoint.key}",
        shown,
        {**_parameters(grant, actor), "ids": ids},
    )


def ids_behind(endpoint: Endpoint, grant: Grant, actor: Actor, after: UUID | None, limit: int) -> list[UUID]:
    """Return up to `limit` ids behind `after` at the grant's provider. Tells where to read, and shows nothing."""
    with transaction.atomic():
        set_reach(actor.at(grant.provider_id))
        found = statements.rows(
            f"SELECT {endpoint.key} {endpoint.rows} AND {endpoint.key} > %(after)s"
            f" ORDER BY {endpoint.key} LIMIT {limit:d}",
            {**_parameters(grant, actor), "after": after or _BEFORE_ALL},
            kept=False,
        )
    return [ident for (ident,) in found]


def _rows(endpoint: Endpoint, which: str, shown: frozenset[str], parameters: dict[str, Any]) -> list[Row]:
    found = statements.rows(
        f"SELECT {endpoint.key}, {endpoint.json_sql(shown)}::text, {endpoint.person or 'NULL::uuid'}"
        f" {endpoint.rows} AND {which}",
        parameters,
        kept=False,
    )
    return [Row(*row) for row in found]


def _parameters(grant: Grant, actor: Actor) -> dict[str, Any]:
    return {
        "provider": grant.provider_id,
        "supplier": actor.supplier_id,
        "today": clock.today(),
        "disclosed": grant.disclosed,
    }
