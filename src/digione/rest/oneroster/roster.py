"""The use cases: one part of a roster, at one provider. Each is a transaction with its own reach and audit row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, UseCase, set_reach, use_case
from digione.rest.oneroster import buckets
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.operations import PARENTS, Operation
from digione.rest.oneroster.people import PAGE_PERSONS, USER_BODIES, USERS
from digione.rest.oneroster.query import Query, condition_sql
from digione.rest.oneroster.token import Grant

#: A client that pages on does not pay for the same count again. A first page always counts anew.
_TOTAL_KEPT_SECONDS = 60
#: The same SQL as the resource's own, as a function whose plan PostgreSQL keeps.
_USERS = (
    "SELECT id, body, person FROM oneroster_users"
    "(%(ids)s, %(provider)s, %(supplier)s, %(today)s, %(base)s, %(disclosed)s, %(contact)s)"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted of one provider.

    `wanted`: these rows. Otherwise a page of `query` is found, and the JSON of its first `bodies` rows is made.
    `others`: the app's other providers, by which rows that several of them have are told.
    """

    operation: Operation
    grant: Grant | None
    base: str
    query: Query
    path: Mapping[str, UUID] = field(default_factory=dict)
    wanted: tuple[UUID, ...] | None = None
    bodies: int = 0
    others: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A page's ids with what they are sorted by, the JSON of its first rows by id, the total, and the ids shared."""

    keys: list[tuple[UUID, Any]]
    bodies: dict[UUID, str]
    total: int = 0
    shared: frozenset[UUID] = frozenset()


@use_case(Permission.ROSTER_READ, Event.ROSTER_READ)
def read_roster(uc: UseCase, *, ask: Ask) -> Found:
    """An app reads a part of a provider's roster."""
    return _read(uc, ask)


@use_case(Permission.ROSTER_DEMOGRAPHICS_READ, Event.ROSTER_DEMOGRAPHICS_READ)
def read_demographics(uc: UseCase, *, ask: Ask) -> Found:
    """An app reads birth dates and sexes of a provider's people."""
    return _read(uc, ask)


def _read(uc: UseCase, ask: Ask) -> Found:
    uc.check()
    if ask.grant is None or not ask.grant.opens(ask.operation):
        raise DeniedError("The token's scopes do not include this operation, or no provider has granted them.")
    if ask.operation.one:
        uc.target = ask.path[ask.operation.one]
    parameters = _parameters(uc.actor, ask, ask.grant)
    uc.scope.update(operation=ask.operation.name)
    for table, columns in ask.operation.resource.guarded.items():
        uc.touched(table, *columns)
    if ask.wanted is not None:
        return Found([], _bodies(uc, ask, parameters, list(ask.wanted)))
    _parents(uc, ask.operation, parameters)
    if ask.operation.one:
        return _one(uc, ask, parameters)
    return _page(uc, ask, parameters)


def _parameters(actor: Actor, ask: Ask, grant: Grant) -> dict[str, Any]:
    return {
        "provider": grant.provider_id,
        "supplier": actor.supplier_id,
        "today": clock.today(),
        "base": ask.base,
        "disclosed": grant.disclosed,
        "contact": grant.contact,
        **ask.path,
    }


def has_path(actor: Actor, ask: Ask) -> bool:
    """Whether the provider of `ask` has everything that the path names. Tells where to read, and shows nothing."""
    assert ask.grant is not None  # noqa: S101 - only grants are chosen among.
    operation, resource = ask.operation, ask.operation.resource
    wanted = [PARENTS[kind].format(id=f"%({name})s") for name, kind in operation.within.items()]
    if operation.one:
        wanted.append(f"SELECT 1 {resource.rows}{operation.condition} AND {resource.key} = %({operation.one})s")
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(
            "SELECT " + " AND ".join(f"EXISTS ({sql})" for sql in wanted), _parameters(actor, ask, ask.grant)
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _parents(uc: UseCase, operation: Operation, parameters: dict[str, Any]) -> None:
    for name, kind in operation.within.items():
        found = uc.row(PARENTS[kind].format(id=f"%({name})s"), parameters)
        if found is None:
            uc.target = parameters[name]
            raise NotFoundError("There is no such object here.")
        if found["person"]:
            uc.saw([found["person"]])
            uc.touched("studies_enrolment", "group_id")


def _one(uc: UseCase, ask: Ask, parameters: dict[str, Any]) -> Found:
    resource, ident = ask.operation.resource, parameters[ask.operation.one or ""]
    if resource is not USERS:
        own = f"{ask.operation.condition} AND {resource.key} = %({ask.operation.one})s"
        if not uc.rows(f"SELECT 1 {resource.rows}{own}", parameters):
            raise NotFoundError("There is no such object here.")
    bodies = _bodies(uc, ask, parameters, [ident])
    if not bodies:
        raise NotFoundError("There is no such object here.")
    return Found([(ident, ident)], bodies, 1)


def _page(uc: UseCase, ask: Ask, parameters: dict[str, Any]) -> Found:
    operation, query, resource = ask.operation, ask.query, ask.operation.resource
    scope = operation.condition
    if query.condition:
        scope += " AND " + condition_sql(query.condition, resource.fields, parameters)
    sort = resource.fields[query.sort].order if query.sort else resource.key
    order = f"{sort} {'DESC' if query.descending else 'ASC'} NULLS LAST"
    if query.sort not in (None, "sourcedId"):
        order += f", {resource.key}"
    parameters |= {"limit": query.limit, "offset": query.offset}
    condition = ""
    if resource is USERS and not operation.within and query.plain and not query.descending:
        total, bucket = buckets.find(uc, parameters)
        if bucket.before:
            condition = " AND k.sourced_id >= %(from)s"
            parameters |= {"from": bucket.lowest, "offset": query.offset - bucket.before}
    else:
        total = _total(uc, ask, scope, parameters)
    if query.offset >= total:
        rows = []
    else:
        select = f"SELECT {resource.key} AS id, {sort} AS rank {resource.rows}{scope}{condition}"
        rows = uc.rows(f"{select} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s", parameters)
    keys = [(row["id"], row["rank"]) for row in rows]
    bodies = _bodies(uc, ask, parameters, [ident for ident, _ in keys[: ask.bodies]]) if ask.bodies else {}
    return Found(keys, bodies, total, _shared(uc, ask, scope, parameters))


def _total(uc: UseCase, ask: Ask, scope: str, parameters: dict[str, Any]) -> int:
    name = f"oneroster:{uc.actor.app_id}:{ask.grant}:{ask.operation.name}:{ask.path}:{ask.query.condition}"
    name = f"oneroster:total:{hash(name)}"
    kept = cache.get(name) if ask.query.offset else None
    if kept is None:
        kept = uc.json(f"SELECT count(*) {ask.operation.resource.rows}{scope}", parameters)
        cache.set(name, kept, _TOTAL_KEPT_SECONDS)
    return int(kept)


def _shared(uc: UseCase, ask: Ask, scope: str, parameters: dict[str, Any]) -> frozenset[UUID]:
    """Return the users of this list whom another provider of the app has as well: they are one user, not two."""
    resource = ask.operation.resource
    if not ask.others or resource.key != "k.sourced_id":
        return frozenset()
    elsewhere = (
        " AND EXISTS (SELECT 1 FROM access_listing z WHERE z.supplier_id = %(supplier)s"
        " AND z.provider_id = ANY (%(others)s) AND z.person_id = k.person_id)"
    )
    rows = uc.rows(
        f"SELECT {resource.key} AS id {resource.rows}{scope}{elsewhere}", {**parameters, "others": list(ask.others)}
    )
    return frozenset(row["id"] for row in rows)


def _bodies(uc: UseCase, ask: Ask, parameters: dict[str, Any], ids: list[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    resource = ask.operation.resource
    parameters = {**parameters, "ids": ids}
    if resource.bodies is not USER_BODIES:
        rows = uc.rows(resource.bodies_sql(ask.query.selected), parameters)
    elif ask.query.selected is None:
        rows = uc.rows(_USERS, parameters)
    else:
        parameters["persons"] = uc.json(PAGE_PERSONS, parameters) or []
        rows = uc.rows(resource.bodies_sql(ask.query.selected), parameters)
    if resource.person:
        if len(rows) <= NAMED_SUBJECTS:
            uc.saw(row["person"] for row in rows)
        else:
            # By this the log tells each person later whether they were among them.
            by = "person" if resource.key == "k.sourced_id" else "row"
            uc.saw_in_bulk(by=by, disclosed=parameters["disclosed"], first=min(ids), last=max(ids))
    uc.reached_back(row["past"] for row in rows if row.get("past"))
    uc.saw_in_bulk(count=len(rows))
    return {row["id"]: row["body"] for row in rows}
