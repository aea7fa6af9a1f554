"""Building blocks of reading: pages and single rows of an endpoint, as JSON that PostgreSQL makes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from digione.core import statements
from digione.core.use_case import UseCase
from digione.rest.oneroster.token import Grant
from digione.rest.v1.endpoint import Endpoint
from digione.schema.declare import Kind

#: Also what the indexes of pages say, so that they answer nothing else.
_BEFORE_ALL = UUID(int=0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: SQL of a version, of a moment.
VERSION_SQL = "to_hex((extract(epoch FROM {0}) * 1000000)::bigint)"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that an app is shown: the id by which it was found, its JSON, and the person whose data it is, if any.

    `references`: our ids of the rows that its fields name, in the order of the endpoint's. `past`: since when what is over.
    `known_since`: from when on it stands as it does.
    """

    id: UUID
    body: str
    person: UUID | None
    references: list[UUID | None]
    past: date | None
    known_since: datetime

    @property
    def version(self) -> str:
        """What changes with every change of the row, and with nothing else."""
        return version_of(self.known_since)


def version_of(known_since: datetime) -> str:
    """Return the version of a row that stands as it does since a moment: microseconds since 1970, as hexadecimal digits."""
    return f"{(known_since - _EPOCH) // timedelta(microseconds=1):x}"


def tag_of(body: bytes, version: str) -> str:
    """Return the `ETag` of a row's JSON.

    Two parts: the version of the row, by which it is known whether somebody else has changed it, whatever fields were
    asked for; and the text that was sent, by which it is known whether to send it again.
    """
    return f'"{version}-{hashlib.sha256(body).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of a span as JSON, one on each line, made at once by PostgreSQL: row by row Python would take twice as long.

    `body` has `MARK` where an id of the app's stands, `ids` our ids of those rows, sixteen bytes each. `first` and `last`
    are the ids by which the rows are found, `persons` whose data they are where they are few, `past` the earliest day of
    what is over. `more`: whether there are more behind them.
    """

    count: int
    body: bytes
    ids: bytes
    first: UUID | None
    last: UUID | None
    persons: list[UUID]
    past: date | None
    more: bool


@dataclass(frozen=True, slots=True)
class When:
    """The day on which rows hold, None for those that are current; the moment at which they were known, None for now."""

    valid_on: date | None = None
    known_at: datetime | None = None

    @property
    def past(self) -> date | None:
        """The earliest day that is asked about."""
        days = [self.valid_on, self.known_at and timezone.localdate(self.known_at)]
        return min((day for day in days if day), default=None)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a list: up to `limit` rows behind `after`, of those whose fields are as `where` says."""

    after: UUID | None
    limit: int
    where: Mapping[str, UUID] = field(default_factory=dict)


#: What is current, as it is known now.
NOW = When()


def walk(uc: UseCase, span: Span) -> None:
    """Let the rows of spans like `span` be read in the order of their index until the transaction ends.

    PostgreSQL reckons with the provider twice, since the policy names it as the query does, and takes a provider for a
    few rows: it would read all of them for every page, and sort. A list that is narrowed is short, and is left to it.
    """
    if not span.where:
        uc.execute("SET LOCAL enable_sort = off")


def rows_in(uc: UseCase, endpoint: Endpoint, grant: Grant, shown: frozenset[str], span: Span, when: When) -> list[Row]:
    """Return the rows of `span`, in the order of ids."""
    return _rows(endpoint, _within(endpoint, span), shown, _parameters(uc, grant) | _bounds(span), when)


def lines_in(
    uc: UseCase, endpoint: Endpoint, grant: Grant, shown: frozenset[str], span: Span, when: When, *, named: int
) -> Lines:
    """Return the rows of `span` as lines, in the order of ids, with the persons where there are at most `named` rows."""
    marked, own = endpoint.marked_sql(shown, at_a_moment=when.known_at is not None)
    one_more = replace(span, limit=span.limit + 1)
    ((count, body, ids, first, last, persons, past),) = statements.rows(
        "SELECT count(*), string_agg(o.body, E'\\n') FILTER (WHERE o.n <= %(limit)s),"
        " string_agg(o.own, '') FILTER (WHERE o.n <= %(limit)s), (array_agg(o.id))[1], (array_agg(o.id))[least(count(*), %(limit)s)],"
        " CASE WHEN least(count(*), %(limit)s) <= %(named)s THEN array_agg(o.person) FILTER (WHERE o.n <= %(limit)s) END,"
        " min(o.past) FILTER (WHERE o.n <= %(limit)s)"
        f" FROM (SELECT row_number() OVER () AS n, r.* FROM (SELECT {endpoint.key} AS id, {marked} AS body, {own} AS own,"
        f" {endpoint.person or 'NULL::uuid'} AS person, {endpoint.past or 'NULL::date'} AS past"
        f" {_source(endpoint, when)} AND {_within(endpoint, one_more)}) r) o",
        _parameters(uc, grant) | _bounds(span) | _moments(when) | {"limit": span.limit, "named": named},
        kept=False,
    )
    shown_count = min(count, span.limit)
    return Lines(
        shown_count, (body or "").encode(), bytes(ids or b""), first, last,
        [person for person in persons or () if person], past, count > span.limit,
    )  # fmt: skip


def rows_of(
    uc: UseCase, endpoint: Endpoint, grant: Grant, shown: frozenset[str], ids: list[UUID], when: When = NOW
) -> list[Row]:
    """Return those rows of `ids` that the provider shows to the app, in the order of ids."""
    return _rows(
        endpoint,
        f"{endpoint.key} = ANY (%(ids)s) ORDER BY {endpoint.key}",
        shown,
        {**_parameters(uc, grant), "ids": ids},
        when,
    )


def ids_in(uc: UseCase, endpoint: Endpoint, grant: Grant, span: Span, when: When) -> list[UUID]:
    """Return the ids of `span` at the grant's provider, into which the use case has reached, in their order."""
    found = statements.rows(
        f"SELECT {endpoint.key} {_source(endpoint, when)} AND {_within(endpoint, span)}",
        _parameters(uc, grant) | _bounds(span) | _moments(when),
        kept=False,
    )
    return [ident for (ident,) in found]


def _source(endpoint: Endpoint, when: When) -> str:
    return endpoint.source(on_a_day=when.valid_on is not None, at_a_moment=when.known_at is not None)


def _moments(when: When) -> dict[str, Any]:
    return {"valid_on": when.valid_on, "known_at": when.known_at}


def _within(endpoint: Endpoint, span: Span) -> str:
    conditions = "".join(f" AND {endpoint.filters[name].format(value=f'%(where_{name})s')}" for name in span.where)
    # How many are wanted stands in the text: a plan that does not know it would read the whole list.
    return f"{endpoint.key} > %(after)s{conditions} ORDER BY {endpoint.key} LIMIT {span.limit:d}"


def _bounds(span: Span) -> dict[str, Any]:
    return {"after": span.after or _BEFORE_ALL, **{f"where_{name}": value for name, value in span.where.items()}}


def _rows(endpoint: Endpoint, which: str, shown: frozenset[str], parameters: dict[str, Any], when: When) -> list[Row]:
    found = statements.rows(
        f"SELECT {endpoint.key}, {endpoint.json_sql(shown, at_a_moment=when.known_at is not None)}::text, {endpoint.person or 'NULL::uuid'},"
        f" ARRAY[{', '.join(endpoint.references.values())}]::uuid[], {endpoint.past or 'NULL::date'},"
        f" {endpoint.columns.get('sys_from', f'{endpoint.alias}.sys_from')}"
        f" {_source(endpoint, when)} AND {which}",
        parameters | _moments(when),
        kept=False,
    )
    return [Row(*row) for row in found]


def _parameters(uc: UseCase, grant: Grant) -> dict[str, Any]:
    return {
        "provider": grant.provider_id,
        "supplier": uc.actor.supplier_id,
        "today": uc.today,
        "disclosed": grant.disclosed,
    }


def locked(uc: UseCase, endpoint: Endpoint, grant: Grant, ident: UUID) -> dict[str, Any] | None:
    """Return all columns of a row that the provider shows to the app, as they stand until the transaction ends."""
    return all_locked(uc, endpoint, grant, [ident]).get(ident)


def all_locked(uc: UseCase, endpoint: Endpoint, grant: Grant, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return by their ids all columns of the rows that the provider shows to the app, as they stand until the end.

    They are locked in the order of their ids, so that no two writers wait for each other in a circle.
    """
    found = uc.rows(
        f"SELECT {endpoint.alias}.* {_source(endpoint, NOW)} AND {endpoint.key} = ANY (%(ids)s)"
        f" ORDER BY {endpoint.key} FOR UPDATE OF {endpoint.alias}",
        {**_parameters(uc, grant), "ids": list(ids)},
    )
    texts = [each.name for each in endpoint.resource.fields if each.kind in (Kind.LOCALIZED_TEXT, Kind.OBJECT)]
    for row in found:
        for name in texts:
            if row.get(name) is not None:
                row[name] = json.loads(row[name])
    return {row["id"]: row for row in found}
