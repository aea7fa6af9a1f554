"""Puts an answer together over the providers of an app; each of them is read in its own reach, by its own use case."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from uuid import UUID

from digione.core.errors import NotFoundError
from digione.rest.oneroster.token import Caller, Grant
from digione.rest.v1 import facts
from digione.rest.v1.endpoints import Endpoint
from digione.rest.v1.selectors import Ask, read_identities, read_rows


@dataclass(frozen=True, slots=True)
class Wish:
    """A request, understood. `fields`: those that were asked for by name, None for all that is open."""

    caller: Caller
    endpoint: Endpoint
    fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The JSON of a page's rows, in the order of their ids, and the id behind which there are more, if there are."""

    bodies: list[str]
    after: UUID | None


def one(wish: Wish, ident: UUID) -> str:
    """Return the JSON of one object. Raises `NotFoundError` when no provider of the app has it."""
    grants = _grants(wish)
    # To look in vain at one provider for what another has is no refusal, and must not stand in the log as one.
    if len(grants) > 1:
        before = UUID(int=ident.int - 1) if ident.int else None
        grants = [grant for grant in grants if grant and _ids(wish, grant, before, 1) == [ident]] or grants[:1]
    bodies = [row.body for grant in grants for row in _read(wish, grant, one=ident)]
    if not bodies:
        raise NotFoundError("There is no such object here.")
    return _merged(bodies)


def page(wish: Wish, after: UUID | None, limit: int) -> Page:
    """Return up to `limit` rows behind `after`."""
    grants = _grants(wish)
    if len(grants) < 2:
        # Whether there are more is asked apart, so that the log names nobody who was not shown.
        rows = _read(wish, grants[0], after=after, limit=limit)
        last = rows[-1].id if len(rows) == limit else None
        more = last is not None and grants[0] is not None and bool(_ids(wish, grants[0], last, 1))
        return Page([row.body for row in rows], last if more else None)
    parts = [(grant, _ids(wish, grant, after, limit + 1)) for grant in grants if grant]
    ids = [ident for ident, _ in islice(groupby(merge(*(part for _, part in parts))), limit + 1)]
    shown = ids[:limit]
    bodies: dict[UUID, list[str]] = {}
    for grant, part in parts:
        held = set(part)
        for row in _read(wish, grant, ids=tuple(ident for ident in shown if ident in held)):
            bodies.setdefault(row.id, []).append(row.body)
    whole = [_merged(bodies[ident]) for ident in shown if ident in bodies]
    return Page(whole, shown[-1] if len(ids) > limit else None)


def _grants(wish: Wish) -> list[Grant | None]:
    """Return the grants that open the endpoint; a lone None lets the use case deny, and record that it did."""
    return [*_opening(wish)] or [None]


def _opening(wish: Wish) -> list[Grant]:
    return [grant for grant in wish.caller.grants if wish.endpoint.scope in grant.scopes]


def _closed(wish: Wish) -> frozenset[str]:
    """Return which fields were asked for by name that no grant opens. Where one does, the others show what they may."""
    opened = any(wish.endpoint.narrow_scope in grant.scopes for grant in _opening(wish))
    return frozenset() if opened or wish.fields is None else wish.fields & wish.endpoint.narrow


def _shown(wish: Wish, grant: Grant | None) -> frozenset[str]:
    endpoint = wish.endpoint
    opened = grant is not None and endpoint.narrow_scope in grant.scopes
    shown = endpoint.names if opened else endpoint.names - endpoint.narrow
    return shown if wish.fields is None else shown & wish.fields | {"id"}


def _read(
    wish: Wish,
    grant: Grant | None,
    *,
    one: UUID | None = None,
    ids: tuple[UUID, ...] | None = None,
    after: UUID | None = None,
    limit: int = 0,
) -> list[facts.Row]:
    shown, closed = _shown(wish, grant), _closed(wish)
    ask = Ask(wish.endpoint, grant, shown, closed, one, ids, after, limit)
    read = read_identities if (shown | closed) & wish.endpoint.narrow else read_rows
    return read(wish.caller.actor.at(grant.provider_id if grant else None), ask=ask)


def _ids(wish: Wish, grant: Grant, after: UUID | None, limit: int) -> list[UUID]:
    return facts.ids_behind(wish.endpoint, grant, wish.caller.actor, after, limit)


def _merged(bodies: Iterable[str]) -> str:
    """Return one object made of what several providers show of it: the same person, with the fields that any opens."""
    first, *others = bodies
    if not others:
        return first
    whole = json.loads(first)
    for body in others:
        whole |= {name: value for name, value in json.loads(body).items() if whole.get(name) is None}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
