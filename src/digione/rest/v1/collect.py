"""Puts an answer together over the providers of an app; each of them is read in its own reach, by its own use case."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from uuid import UUID

from digione.core.errors import NotFoundError
from digione.rest.oneroster import sealed
from digione.rest.oneroster.token import Caller, Grant
from digione.rest.v1.endpoint import MARK, Endpoint
from digione.rest.v1.facts import NOW, Row, Span, When
from digione.rest.v1.selectors import READERS, Ask, Part, find_rows


@dataclass(frozen=True, slots=True)
class Wish:
    """A request, understood. `fields`: those that were asked for by name, None for all that is open. `when`: of which time."""

    caller: Caller
    endpoint: Endpoint
    fields: frozenset[str] | None = None
    when: When = NOW


@dataclass(frozen=True, slots=True)
class Page:
    """The JSON of a page's rows, in their order, and the app's id behind which there are more, if there are."""

    bodies: list[str]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as lines, and the app's id behind which there are more, if there are."""

    body: bytes
    after: UUID | None


@dataclass(frozen=True, slots=True)
class One:
    """An object's JSON, and its version, which changes with every change of the row."""

    body: str
    version: str


def one(wish: Wish, ident: UUID) -> One:
    """Return the object that the app calls `ident`. Raises `NotFoundError` when no provider of it has it."""
    own = own_id(wish, ident)
    grants = opening(wish)
    # To look in vain at one provider for what another has is no refusal, and must not stand in the log as one.
    if len(grants) > 1:
        grants = holding(wish, grants, own) or grants[:1]
    # A lone None lets the use case deny, and record that it did.
    readers: list[Grant | None] = [*grants] or [None]
    found = [row for grant in readers for row in read(wish, grant, one=own).rows]
    if not found:
        raise NotFoundError("There is no such object here.")
    row = merged(found)
    return One(told(wish, [row]).bodies[0], row.version)


def holding(wish: Wish, grants: list[Grant], own: UUID) -> list[Grant]:
    """Return the grants of the providers that have the row `own`."""
    there = Span(UUID(int=own.int - 1) if own.int else None, 1)
    return [grant for grant, ids in zip(grants, places(wish, grants, there), strict=True) if ids == [own]]


def lines(wish: Wish, span: Span) -> Chunk:
    """Return the rows of `span`, whose `after` is what the app calls a row, one on each line."""
    grants = opening(wish)
    if len(grants) > 1:
        found = page(wish, span)
        return Chunk("".join(f"{body}\n" for body in found.bodies).encode(), found.after)
    part = read(wish, grants[0] if grants else None, span=_by_own_ids(wish, span), as_lines=True)
    made = part.lines
    if made is None or made.last is None:
        return Chunk(b"", None)
    after = made.last if made.more else None
    if not wish.endpoint.sealed:
        return Chunk(made.body + b"\n", after)
    seal = sealed.of(wish.caller.actor)
    return Chunk(seal.placed(made.body, MARK, made.ids) + b"\n", after and seal.made([after])[0])


def _by_own_ids(wish: Wish, span: Span) -> Span:
    # A field that names a row by the supplier's own id is asked by that id.
    where = {
        name: own_id(wish, value) if name in wish.endpoint.references else value for name, value in span.where.items()
    }
    return replace(span, after=span.after and own_id(wish, span.after), where=where)


def page(wish: Wish, span: Span) -> Page:
    """Return the rows of `span`, whose `after` is what the app calls a row."""
    grants = opening(wish)
    span = _by_own_ids(wish, span)
    if len(grants) < 2:
        part = read(wish, grants[0] if grants else None, span=span)
        return told(wish, part.rows, part.rows[-1].id if part.more else None)
    one_more = span.limit + 1
    found = places(wish, grants, replace(span, limit=one_more))
    ids = [ident for ident, _ in islice(groupby(merge(*found)), one_more)]
    wanted = ids[: span.limit]
    rows: dict[UUID, list[Row]] = {}
    for grant, held in zip(grants, map(set, found), strict=True):
        for row in read(wish, grant, ids=tuple(ident for ident in wanted if ident in held), span=span).rows:
            rows.setdefault(row.id, []).append(row)
    whole = [merged(rows[ident]) for ident in wanted if ident in rows]
    return told(wish, whole, wanted[-1] if len(ids) > span.limit else None)


def own_id(wish: Wish, ident: UUID) -> UUID:
    """Return the id by which the row is found that the app calls `ident`."""
    return sealed.of(wish.caller.actor).opened(ident) if wish.endpoint.sealed else ident


def told(wish: Wish, rows: Sequence[Row], last: UUID | None = None) -> Page:
    """Return rows, and the last one where there are more, with the app's ids in place of those by which they are found."""
    if not wish.endpoint.sealed:
        return Page([row.body for row in rows], last)
    seal = sealed.of(wish.caller.actor)
    return Page(named(seal, wish.endpoint, rows), seal.made([last])[0] if last else None)


def named(seal: sealed.Seal, endpoint: Endpoint, rows: Sequence[Row]) -> list[str]:
    """Return the JSON of rows with the supplier's ids in place of ours."""
    fields = tuple(endpoint.references)
    named = iter(seal.made([own for row in rows for own in (row.id, *row.references) if own]))
    bodies = []
    for row in rows:
        # Its own id stands first in an object.
        body = row.body.replace(str(row.id), str(next(named)), 1)
        for field, own in zip(fields, row.references, strict=True):
            if own:
                body = body.replace(f'"{field}":"{own}"', f'"{field}":"{next(named)}"', 1)
        bodies.append(body)
    return bodies


def opening(wish: Wish) -> list[Grant]:
    """Return the grants that open the endpoint."""
    return [grant for grant in wish.caller.grants if wish.endpoint.scope in grant.scopes]


def closed(wish: Wish) -> frozenset[str]:
    """Return which fields were asked for by name that no grant opens. Where one does, the others show what they may."""
    opened = any(wish.endpoint.narrow_scope in grant.scopes for grant in opening(wish))
    return frozenset() if opened or wish.fields is None else wish.fields & wish.endpoint.narrow


def shown(wish: Wish, grant: Grant | None) -> frozenset[str]:
    """Return the fields of an answer: what the grant opens, of what was asked for."""
    endpoint = wish.endpoint
    opened = grant is not None and endpoint.narrow_scope in grant.scopes
    fields = endpoint.names if opened else endpoint.names - endpoint.narrow
    return fields if wish.fields is None else fields & wish.fields | {"id"}


def read(
    wish: Wish,
    grant: Grant | None,
    *,
    one: UUID | None = None,
    ids: tuple[UUID, ...] | None = None,
    span: Span | None = None,
    changed: tuple[tuple[UUID, datetime], ...] | None = None,
    as_lines: bool = False,
) -> Part:
    """Read a part of one provider's rows, by the use case that reads data of its sort. Without a grant that denies."""
    fields, refused = shown(wish, grant), closed(wish)
    ask = Ask(wish.endpoint, grant, fields, refused, one, ids, span, wish.when, changed, as_lines)
    endpoint = wish.endpoint
    sort = endpoint.narrow_reads if (fields | refused) & endpoint.narrow else endpoint.reads
    return READERS[sort](wish.caller.actor.at(grant.provider_id if grant else None), ask=ask)


def places(wish: Wish, grants: list[Grant], span: Span) -> list[list[UUID]]:
    """Return the ids of `span` at each grant's provider."""
    return find_rows(wish.caller.actor, endpoint=wish.endpoint, grants=grants, span=span, when=wish.when)


def merged(rows: Sequence[Row]) -> Row:
    """Return one object made of what several providers show of it: the same person, with the fields that any opens."""
    first, *others = rows
    if not others:
        return first
    known_since = max(row.known_since for row in rows)
    return replace(first, known_since=known_since, body=merged_texts([row.body for row in rows]))


def merged_texts(bodies: Sequence[str]) -> str:
    """Return the JSON of one object made of what several providers show of it, the first of them first."""
    first, *others = bodies
    if not others:
        return first
    whole = json.loads(first)
    for body in others:
        whole |= {name: value for name, value in json.loads(body).items() if whole.get(name) is None}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
