"""Puts an answer together over the providers of an app. With one provider, which is usual, one use case answers.

With several, each provider is read in its own reach, and the parts are merged: a person whom two providers have is
one user with the roles of both.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from digione.core.use_case import Actor
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Query
from digione.rest.oneroster.roster import Ask, Found, has_path, read_demographics, read_roster
from digione.rest.oneroster.token import Caller, Grant

#: Rows of JSON made at a time: what a stream holds in memory, whatever its length.
CHUNK = 1000


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
    query = wish.query
    # The first n of a union are among the first n of its parts.
    reach = Query(query.offset + query.limit, 0, query.sort, query.descending, query.condition, query.selected)
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
    chunks = _chunks(wish, ids, owners)
    return Page(next(chunks, ""), chunks if len(ids) > CHUNK else None, total)


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
