"""The use cases: one part of a roster, at one provider. Each is a transaction with its own reach and audit row."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction

from digione.access.permissions import Event, Permission
from digione.core import clock, statements
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, UseCase, set_reach, use_case
from digione.rest.oneroster import buckets
from digione.rest.oneroster.fields import Touched
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.operations import PARENTS, Operation
from digione.rest.oneroster.people import PAGE_PERSONS, USER_BODIES, USERS
from digione.rest.oneroster.query import Query, condition_sql
from digione.rest.oneroster.resource import Resource
from digione.rest.oneroster.token import Grant

#: Every so manieth id of a list is noted when the list is counted: a page skips fewer rows than this.
STEP = 500
#: More changed rows than these are found one by one as a page needs them, not gathered first.
_FEW = 1000
#: What was counted is true until the roster changes; this only bounds how long it takes room.
COUNTED_KEPT_SECONDS = 3600
_CHANGES = (
    """SELECT coalesce(sum(r.n), 0)::bigint AS changes FROM rest_roster_change r WHERE r.provider_id = %(provider)s"""
)
#: Users by the kept documents: the same SQL as the resource's own, in a function whose plan PostgreSQL keeps.
_USERS = """SELECT d.sourced_id AS id, replace(d.body || CASE WHEN %(contact)s THEN d.email ELSE '' END || '}}', E'\\x01', %(base)s) AS body,
    d.person_id AS person, asked.n
    FROM unnest({ids}) WITH ORDINALITY asked (id, n)
    JOIN oneroster_documents({ids}, %(provider)s, %(supplier)s, %(today)s, %(disclosed)s) d ON d.sourced_id = asked.id"""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted of one provider.

    `wanted`: these rows. Otherwise a page of `query` is found, and the JSON of its first `bodies` rows is made.
    `others`: the app's other providers, by which rows that several of them have are told.
    `after`: only the ids behind this one are found, in their order, and none are counted.
    """

    operation: Operation
    grant: Grant | None
    base: str
    query: Query
    path: Mapping[str, UUID] = field(default_factory=dict)
    wanted: tuple[UUID, ...] | None = None
    bodies: int = 0
    others: tuple[UUID, ...] = ()
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page's ids with what they are sorted by, the JSON of its first rows by id, the total, and the ids shared.

    `text` is the whole page's JSON instead, where it was made in one go.
    """

    keys: list[tuple[Any, ...]] = field(default_factory=list)
    bodies: dict[UUID, str] = field(default_factory=dict)
    total: int = 0
    shared: frozenset[UUID] = frozenset()
    text: str | None = None


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
        scopes = " or ".join(sorted(ask.operation.scopes))
        raise DeniedError(
            f"The scope that opens this, {scopes}, is not in the token, or no provider has granted it.", scopes
        )
    if ask.operation.one:
        uc.target = ask.path[ask.operation.one]
    parameters = _parameters(uc.actor, ask, ask.grant)
    uc.scope.update(operation=ask.operation.name)
    uc.fields.update(_told(ask, ask.grant))
    if ask.wanted is not None:
        return Found([], _bodies(uc, ask, parameters, list(ask.wanted)))
    if ask.operation.one:
        return _one(uc, ask, parameters)
    return _page(uc, ask, parameters, _state(uc, ask, parameters))


def _are_all_users(resource: Resource) -> bool:
    """Whether these are the users of `USERS`, in whichever version's words they are asked for."""
    return resource.bodies is USER_BODIES and resource.rows == USERS.rows


def _told(ask: Ask, grant: Grant) -> set[str]:
    """Return what the answer tells of its persons: what is handed out, what they were found and sorted by, and where."""
    operation, query = ask.operation, ask.query
    selected = query.selected
    if selected is not None:
        every = query.condition.parts if query.condition else ()
        asked = [term.field for part in every for term in part.parts] + [query.sort or ""]
        selected = selected | {name.partition(".")[0] for name in asked}
    told = operation.resource.told(contact=grant.contact, selected=selected)
    return told | operation.places if operation.resource.person else told


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


def changes_at(actor: Actor) -> int:
    """Return how often the roster of the actor's provider has changed so far. Tells what may be kept, and shows nothing."""
    with transaction.atomic():
        set_reach(actor)
        ((changes,),) = statements.rows(_CHANGES, {"provider": actor.provider_id})
    return int(changes)


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


def _state(uc: UseCase, ask: Ask, parameters: dict[str, Any]) -> int:
    """Return how often the provider's roster has changed so far, once everything that the path names is there."""
    kinds = ask.operation.within.items()
    columns = "".join(f", p{n}.found, p{n}.person" for n in range(len(kinds)))
    parents = "".join(
        f" LEFT JOIN LATERAL (SELECT true AS found, x.person FROM ({PARENTS[kind].format(id=f'%({name})s')}) x LIMIT 1)"
        f" p{n} ON true"
        for n, (name, kind) in enumerate(kinds)
    )
    ((changes, *found),) = statements.rows(f"SELECT s.changes{columns} FROM ({_CHANGES}) s{parents}", parameters)
    for name, there, person in zip(ask.operation.within, found[::2], found[1::2], strict=True):
        if not there:
            uc.target = parameters[name]
            raise NotFoundError("There is no such object here.")
        if person:
            uc.saw([person])
            uc.touched("studies_enrolment", "group_id")
    return int(changes)


def _one(uc: UseCase, ask: Ask, parameters: dict[str, Any]) -> Found:
    resource, ident = ask.operation.resource, parameters[ask.operation.one or ""]
    if not _are_all_users(resource):
        own = f"{ask.operation.condition} AND {resource.key} = %({ask.operation.one})s"
        if not uc.rows(f"SELECT 1 {resource.rows}{own}", parameters):
            raise NotFoundError("There is no such object here.")
    bodies = _bodies(uc, ask, parameters, [ident])
    if not bodies:
        raise NotFoundError("There is no such object here.")
    return Found([(ident, ident)], bodies, 1)


def _page(uc: UseCase, ask: Ask, parameters: dict[str, Any], changes: int) -> Found:
    operation, query, resource = ask.operation, ask.query, ask.operation.resource
    scope = operation.condition
    if query.condition:
        scope += " AND " + condition_sql(query.condition, resource.fields, parameters)
    sort = resource.fields[query.sort].order if query.sort else resource.key
    order = f"{sort} {'DESC' if query.descending else 'ASC'} NULLS LAST"
    if query.sort not in (None, "sourcedId"):
        order += f", {resource.key}"
    parameters |= {"offset": query.offset}
    in_order = query.in_order
    if ask.after is not None:
        rows = f"{resource.rows}{scope} AND {resource.key} > %(after)s"
        found = f"SELECT {resource.key}, NULL {rows} ORDER BY {resource.key} LIMIT {query.limit:d}"
        return Found(statements.rows(found, {**parameters, "after": ask.after}, kept=False))
    if _are_all_users(resource) and not operation.within and query.plain and in_order:
        total, start = buckets.find(uc, parameters)
    else:
        total, start = _counted(uc, ask, scope, parameters, changes)
        if query.condition and total > _FEW:
            fields = {name: one.each if isinstance(one, Touched) else one for name, one in resource.fields.items()}
            scope = f"{operation.condition} AND {condition_sql(query.condition, fields, parameters)}"
    skipped = start.before if in_order else 0
    if skipped:
        scope += f" AND {resource.key} >= %(from)s"
        parameters |= {"from": start.lowest}
    if query.offset >= total:
        _noted(uc, ask, parameters, 0)
        return Found(total=total, text="")
    # Both are numbers, and stand in the text: a plan that does not know how short a page is would read the whole list.
    select = (
        f"SELECT {resource.key} AS id, {sort} AS rank {resource.rows}{scope}"
        f" ORDER BY {order} LIMIT {query.limit:d} OFFSET {query.offset - skipped:d}"
    )
    if ask.bodies >= query.limit and (resource.bodies is not USER_BODIES or query.selected is None):
        return Found(total=total, text=_text(uc, ask, select, parameters))
    keys = statements.rows(select, parameters, kept=False)
    bodies = _bodies(uc, ask, parameters, [ident for ident, _ in keys[: ask.bodies]]) if ask.bodies else {}
    return Found(keys, bodies, total, _shared(uc, ask, scope, parameters))


def _counted(uc: UseCase, ask: Ask, scope: str, parameters: dict[str, Any], changes: int) -> tuple[int, buckets.Bucket]:
    """Return how many rows a list has, and a place at or before the offset from which its page is found.

    Counting passes over every row, so it is done once, and every so manieth id is noted on the way. What was counted
    holds as long as nobody has changed anything of the provider's roster, this day.
    """
    resource = ask.operation.resource
    asked = (uc.actor.supplier_id, ask.grant, *ask.operation.called, ask.path, ask.query.condition)
    name = kept_name(*asked, parameters["today"], changes)
    kept: tuple[int, list[UUID]] | None = None if asks_elsewhere(ask) else cache.get(name)
    if kept is None:
        sql = (
            "SELECT coalesce(max(c.n), 0), coalesce(array_agg(c.id ORDER BY c.n) FILTER (WHERE c.n %% %(step)s = 1), '{}')"
            f" FROM (SELECT {resource.key} AS id, row_number() OVER (ORDER BY {resource.key}) AS n"
            f" {resource.rows}{scope}) c"
        )
        ((total, places),) = statements.rows(sql, {**parameters, "step": STEP}, kept=False)
        kept = (total, places)
        cache.set(name, kept, COUNTED_KEPT_SECONDS)
    total, places = kept
    at = min(ask.query.offset // STEP, len(places) - 1)
    return total, buckets.Bucket(places[at], at * STEP) if at > 0 else buckets.Bucket(UUID(int=0), 0)


def kept_name(*asked: Any) -> str:
    """Return the name under which what was counted for a question is kept."""
    return f"oneroster:counted:{hashlib.sha256(repr(asked).encode()).hexdigest()}"


def asks_elsewhere(ask: Ask) -> bool:
    """Whether the filter also follows what other providers know: such a count is not kept."""
    parts = ask.query.condition.parts if ask.query.condition else ()
    return any(term.field in ask.operation.resource.elsewhere for every in parts for term in every.parts)


def _text(uc: UseCase, ask: Ask, select: str, parameters: dict[str, Any]) -> str:
    """Find a page and make its JSON in one statement; return the rows, joined by commas."""
    resource = ask.operation.resource
    page = f"WITH page AS MATERIALIZED ({select})"
    ids = "ARRAY(SELECT page.id FROM page)"
    users = resource.bodies is USER_BODIES
    made = _USERS.format(ids=ids) if users else resource.bodies_sql(ask.query.selected, ids)
    past = "min(m.past)" if resource.past else "NULL::date"
    ((held, text, first, last, persons, earliest),) = statements.rows(
        f"{page} SELECT count(*), coalesce(string_agg(m.body, ',' ORDER BY m.n), ''), min(m.id::text), max(m.id::text),"
        f" CASE WHEN count(*) <= {NAMED_SUBJECTS} THEN array_agg(m.person ORDER BY m.n) END, {past} FROM ({made}) m",
        parameters,
        # The way to a class or a school is the same for all of them; the rows of a whole provider are many or few.
        kept=ask.query.plain and bool(ask.operation.within),
    )
    _noted(uc, ask, parameters, held, persons or [], first, last, earliest)
    return str(text)


def _noted(
    uc: UseCase,
    ask: Ask,
    parameters: dict[str, Any],
    held: int,
    persons: Iterable[UUID] = (),
    first: UUID | str | None = None,
    last: UUID | str | None = None,
    earliest: date | None = None,
) -> None:
    """Tell the log whom a page showed, up to a few by name, more by what the page spans; and how far back it reached."""
    resource = ask.operation.resource
    if resource.person:
        if held <= NAMED_SUBJECTS:
            uc.saw(persons)
        else:
            # By this the log tells each person later whether they were among them.
            by = "person" if resource.key == "k.sourced_id" else "row"
            uc.saw_in_bulk(by=by, disclosed=parameters["disclosed"], first=first, last=last)
    uc.saw_in_bulk(count=held)
    uc.reached_back([earliest] if earliest else [])


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
        rows = statements.rows(resource.bodies_sql(ask.query.selected), parameters)
    elif ask.query.selected is None:
        rows = statements.rows(_USERS.format(ids="%(ids)s::uuid[]"), parameters)
    else:
        ((persons,),) = statements.rows(PAGE_PERSONS, parameters)
        rows = statements.rows(resource.bodies_sql(ask.query.selected), {**parameters, "persons": persons or []})
    past = [row[4] for row in rows] if resource.past else []
    _noted(
        uc,
        ask,
        parameters,
        len(rows),
        (row[2] for row in rows),
        min(ids),
        max(ids),
        min(filter(None, past), default=None),
    )
    return {row[0]: row[1] for row in rows}
