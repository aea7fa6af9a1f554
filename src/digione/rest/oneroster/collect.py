"""Puts an answer together over the providers of an app. With one provider, which is usual, one use case answers.

With several, each provider is read in its own reach, and the parts are merged: a person whom two providers have is
one user with the roles of both.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.core.cache import cache

from digione.core import clock
from digione.core.use_case import Actor
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Query
from digione.rest.oneroster.roster import (
    COUNTED_KEPT_SECONDS,
    STEP,
    Ask,
    Found,
    asks_elsewhere,
    changes_at,
    has_path,
    kept_name,
    read_demographics,
    read_roster,
)
from digione.rest.oneroster.token import Caller, Grant

#: Rows of JSON made at a time: what a stream holds in memory, whatever its length.
CHUNK = 1000
#: Ids read at a time from each of several providers when their union is walked.
WALK = 10_000
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request, understood."""

    caller: Caller
    operation: Operation
    query: Query
    path: Mapping[str, UUID]
    base: str


@dataclass(frozen=True, slots=True)
class Page:
    """The first chunk of a page, the others (None when there are none), and how many rows there are in all."""

    first: str
    chunks: Iterator[str] | None
    total: int


def one(wish: Wish) -> str:
    """Return the JSON of one object. Raises `NotFoundError` when no provider of the app has it."""
    return _merged([body for grant in _grants(wish) for body in _read(wish, grant).bodies.values()])


def page(wish: Wish) -> Page:
    """Return a page of a collection."""
    grants = _grants(wish)
    if len(grants) == 1:
        found = _read(wish, grants[0], bodies=CHUNK)
        if found.text is not None:
            return Page(found.text, None, found.total)
        ids = [ident for ident, _ in found.keys]
        owners = dict.fromkeys(ids[CHUNK:], tuple(grant for grant in grants if grant is not None))
        rest = _chunks(wish, ids[CHUNK:], owners) if owners else None
        return Page(_joined(ids[:CHUNK], found.bodies), rest, found.total)
    return _page_of_several(wish, [grant for grant in grants if grant is not None])


def _grants(wish: Wish) -> list[Grant | None]:
    """Return the grants that open the operation; a lone None lets the use case deny, and record that it did.

    Of several, only those whose provider has what the path names are read: to look in vain at one provider for what
    another has is no refusal, and must not stand in the log as one. When none has it, the first one refuses.
    """
    grants = [grant for grant in wish.caller.grants if grant.opens(wish.operation)]
    if len(grants) > 1 and wish.path:
        grants = [grant for grant in grants if has_path(_actor(wish, grant), _ask(wish, grant))] or grants[:1]
    return [*grants] or [None]


def _read(wish: Wish, grant: Grant | None, **more: Any) -> Found:
    read = read_demographics if wish.operation.demographic else read_roster
    return read(_actor(wish, grant), ask=_ask(wish, grant, **more))


def _actor(wish: Wish, grant: Grant | None) -> Actor:
    return wish.caller.actor.at(grant.provider_id if grant else None)


def _ask(wish: Wish, grant: Grant | None, **more: Any) -> Ask:
    query = more.pop("query", wish.query)
    return Ask(wish.operation, grant, wish.base, query, wish.path, **more)


def _page_of_several(wish: Wish, grants: list[Grant]) -> Page:
    total, owners = _by_id(wish, grants) if wish.query.in_order else _by_rank(wish, grants)
    ids = list(owners)
    chunks = _chunks(wish, ids, owners)
    return Page(next(chunks, ""), chunks if len(ids) > CHUNK else None, total)


def _by_id(wish: Wish, grants: list[Grant]) -> tuple[int, dict[UUID, tuple[Grant, ...]]]:
    """Return the total and a page's ids with the providers that have each, in the order of ids.

    The union is walked once, and every so manieth id noted; a page is then found from the id noted before it, wherever
    it is, as long as no provider's roster changes.
    """
    query, ask = wish.query, _ask(wish, grants[0])
    changes = tuple(changes_at(_actor(wish, grant)) for grant in grants)
    asked = (wish.caller.actor.supplier_id, grants, *wish.operation.called, wish.path, query.condition)
    name = kept_name(*asked, clock.today(), changes)
    kept: tuple[int, list[UUID]] | None = None if asks_elsewhere(ask) else cache.get(name)
    if kept is None:
        total, places = 0, []
        for total, (ident, _) in enumerate(_union(wish, grants, _BEFORE_ALL, WALK), 1):
            if total % STEP == 0:
                places.append(ident)
        kept = (total, places)
        cache.set(name, kept, COUNTED_KEPT_SECONDS)
    total, places = kept
    if query.offset >= total:
        return total, {}
    step = min(query.offset // STEP, len(places))
    skipped = query.offset - step * STEP
    start = places[step - 1] if step else _BEFORE_ALL
    found = _union(wish, grants, start, skipped + query.limit)
    return total, dict(islice(found, skipped, skipped + query.limit))


def _union(wish: Wish, grants: list[Grant], after: UUID, block: int) -> Iterator[tuple[UUID, tuple[Grant, ...]]]:
    """Yield each id behind `after` once, in order, with the providers that have it; read by blocks, as they are needed."""
    parts = [_ids(wish, grant, number, after, min(block, WALK)) for number, grant in enumerate(grants)]
    for ident, same in groupby(merge(*parts), key=itemgetter(0)):
        yield ident, tuple(grants[number] for _, number in same)


def _ids(wish: Wish, grant: Grant, number: int, after: UUID, block: int) -> Iterator[tuple[UUID, int]]:
    query = replace(wish.query, limit=block, offset=0)
    while True:
        keys = _read(wish, grant, query=query, after=after).keys
        yield from ((ident, number) for ident, _ in keys)
        if len(keys) < block:
            return
        after = keys[-1][0]


def _by_rank(wish: Wish, grants: list[Grant]) -> tuple[int, dict[UUID, tuple[Grant, ...]]]:
    """Return the same in another order: the first n of a union are among the first n of its parts."""
    query = wish.query
    reach = replace(query, limit=query.offset + query.limit, offset=0)
    ranks: dict[UUID, Any] = {}
    owners: dict[UUID, tuple[Grant, ...]] = {}
    total, shared_anywhere = 0, set[UUID]()
    for grant in grants:
        others = tuple(other.provider_id for other in grants if other is not grant)
        found = _read(wish, grant, query=reach, others=others)
        for ident, rank in found.keys:
            ranks.setdefault(ident, rank)
            owners[ident] = (*owners.get(ident, ()), grant)
        total += found.total - len(found.shared & shared_anywhere)
        shared_anywhere |= found.shared
    ids = _ordered(ranks, descending=query.descending)[query.offset : query.offset + query.limit]
    return total, {ident: owners[ident] for ident in ids}


def _ordered(ranks: Mapping[UUID, Any], *, descending: bool) -> list[UUID]:
    """Return the ids as the database would sort them: by rank, absent ones last, then by id."""
    ids = sorted(ranks)
    present = [ident for ident in ids if ranks[ident] is not None]
    present.sort(key=lambda ident: ranks[ident], reverse=descending)
    return present + [ident for ident in ids if ranks[ident] is None]


def _chunks(wish: Wish, ids: list[UUID], owners: Mapping[UUID, tuple[Grant, ...]]) -> Iterator[str]:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        bodies: dict[UUID, list[str]] = {}
        for grant in dict.fromkeys(grant for ident in part for grant in owners[ident]):
            wanted = tuple(ident for ident in part if grant in owners[ident])
            for ident, body in _read(wish, grant, wanted=wanted).bodies.items():
                bodies.setdefault(ident, []).append(body)
        yield _joined(part, {ident: _merged(parts) for ident, parts in bodies.items()})


def _joined(ids: list[UUID], bodies: Mapping[UUID, str]) -> str:
    """Return the rows in order; one that vanished since its id was found is left out."""
    return ",".join(bodies[ident] for ident in ids if ident in bodies)


def _merged(bodies: list[str]) -> str:
    """Return one object made of what several providers know of it."""
    if len(bodies) == 1:
        return bodies[0]
    merged: dict[str, Any] = {}
    for body in bodies:
        for name, value in json.loads(body).items():
            if name not in merged:
                merged[name] = value
            elif name == "roles":
                # There is one primary role; the first provider's stands.
                merged[name] += [{**role, "roleType": "secondary"} for role in value]
            elif isinstance(value, list):
                merged[name] += [item for item in value if item not in merged[name]]
            elif name == "dateLastModified":
                merged[name] = max(merged[name], value)
            elif (name, value) in (("status", "active"), ("enabledUser", "true")):
                merged[name] = value
    return json.dumps(merged, ensure_ascii=False, separators=(",", ":"))
