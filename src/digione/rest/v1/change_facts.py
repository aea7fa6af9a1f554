"""Building blocks of the change feed: which rows a transaction has changed, and what of them an app was shown before.

The log of changes names transactions and tables, not rows. All rows of a transaction have its moment in common, in the
table or in its history, and are found by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from digione.core import statements
from digione.core.use_case import UseCase
from digione.rest.oneroster.resource import LIVE
from digione.rest.oneroster.token import Grant
from digione.rest.v1.endpoint import Endpoint

#: Transactions that are looked at together.
BATCH = 50
BEFORE_ALL = UUID(int=0)
_LINKS = "people_providerperson"
#: What stood just before the moment of a change, in a query over changes `g`.
_JUST_BEFORE = "(g.at - interval '1 microsecond')"


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction that has changed something: its number (`xid8`) and its moment. `after`: the last id that was told of it."""

    xid: int
    at: datetime
    after: UUID = BEFORE_ALL


@dataclass(frozen=True, slots=True)
class Place:
    """A row that a transaction has changed, by our own id, at the grant of this number."""

    xid: int
    grant: int
    id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Removed:
    """A row that the app had and has no more: our own id, the id by which the app's is made, and whose row it was."""

    id: UUID
    key: UUID
    person: UUID | None


def horizon(uc: UseCase) -> tuple[int, int]:
    """Return which cluster this is, and below which transaction nothing more can be written in it.

    Numbers of transactions begin anew in another cluster, such as one that a dump was restored to.
    """
    ((cluster, below),) = statements.rows(
        "SELECT c.system_identifier, pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM pg_control_system() c",
        [],
    )
    return int(cluster), int(below)


def entries(uc: UseCase, endpoint: Endpoint, grant: Grant, *, since: int, below: int) -> list[Entry]:
    """Return the first transactions from `since` on, of those `below`, that have changed what the endpoint is made of."""
    found = statements.rows(
        "SELECT x.xid::text::bigint, min(x.at) FROM unnest(%(tables)s::text[]) t (name) CROSS JOIN LATERAL"
        " (SELECT c.xid, c.at FROM rest_change c WHERE c.provider_id = %(provider)s::uuid AND c.of_table = t.name"
        " AND c.xid >= %(since)s::text::xid8 AND c.xid < %(below)s::text::xid8"
        f" ORDER BY c.xid LIMIT {BATCH}) x GROUP BY x.xid ORDER BY x.xid LIMIT {BATCH}",
        {"tables": _tables(endpoint), "provider": grant.provider_id, "since": str(since), "below": str(below)},
    )
    return [Entry(xid, at) for xid, at in found]


def _tables(endpoint: Endpoint) -> list[str]:
    """Return what decides about what the endpoint shows: its own table, and for rows of people whom a provider has."""
    return [endpoint.resource.table, *([_LINKS, "people_person"] if endpoint.person else [])]


def places(
    uc: UseCase, endpoint: Endpoint, grant: Grant, shown: frozenset[str], changed: Sequence[Entry], *, most: int
) -> list[tuple[int, UUID, datetime]]:
    """Return the rows that the transactions have changed in what is `shown`, in the order of transactions and ids.

    Each as number of the transaction, our own id, and moment. Into the grant's provider the use case has reached.
    """
    if not changed:
        return []
    branches = " UNION ALL ".join(f"({branch} ORDER BY 1 LIMIT {most:d})" for branch in _branches(endpoint, shown))
    return [
        (xid, ident, at)
        for xid, at, ident in statements.rows(
            "SELECT e.xid, e.at, c.id FROM unnest(%(xids)s::bigint[], %(ats)s::timestamptz[], %(afters)s::uuid[])"
            " WITH ORDINALITY AS e (xid, at, after, n)"
            f" CROSS JOIN LATERAL (SELECT DISTINCT b.id FROM ({branches}) b ORDER BY b.id LIMIT {most:d}) c"
            f" ORDER BY e.n, c.id LIMIT {most:d}",
            {
                "provider": grant.provider_id,
                "today": uc.today,
                "xids": [entry.xid for entry in changed],
                "ats": [entry.at for entry in changed],
                "afters": [entry.after for entry in changed],
            },
            kept=False,
        )
    ]


def _branches(endpoint: Endpoint, shown: frozenset[str]) -> list[str]:
    """Return the ways in which a transaction `e` can have changed what an endpoint shows, each a query of ids behind `e.after`."""
    table = endpoint.resource.table
    of_persons = table == "people_person"
    whose = (
        f"EXISTS (SELECT 1 FROM {_LINKS} l WHERE l.provider_id = %(provider)s AND l.person_id = v.id)"
        if of_persons
        else "v.provider_id = %(provider)s"
    )
    # When a row was last changed says that something was, perhaps what the app may not see: that is no change to it.
    names = sorted(shown - {"sys_from"})
    values = [f"ROW({', '.join(f'{alias}.{name}' for name in names)})" for alias in ("o", "v")]
    differs = (
        f"NOT EXISTS (SELECT 1 FROM {table}_history o WHERE o.id = v.id AND o.sys_to = e.at"
        f" AND {values[0]} IS NOT DISTINCT FROM {values[1]})"
    )
    # Only questions about changes say of the moment that it is there at all (architecture, trap 8).
    branches = [
        f"SELECT v.id FROM {table} v WHERE {whose} AND v.sys_from = e.at AND v.sys_from > '-infinity'"
        f" AND v.id > e.after AND {differs}",
        f"SELECT v.id FROM {table}_history v WHERE {whose} AND v.sys_from = e.at AND v.id > e.after AND {differs}",
    ]
    if of_persons:
        branches.append(_of_whom(endpoint, _LINKED, "e.after"))
    else:
        branches.append(
            f"SELECT v.id FROM {table}_history v WHERE {whose} AND v.sys_to = e.at AND v.sys_op = 'D' AND v.id > e.after"
        )
    if endpoint.person:
        branches += [_of_whom(endpoint, who, "e.after") for who in _COMING_AND_GOING]
    return branches


#: Who was linked by a transaction `e`, or whose link it changed.
_LINKED = (
    f"SELECT l.person_id FROM {_LINKS} l WHERE l.provider_id = %(provider)s AND l.sys_from = e.at"
    " AND l.sys_from > '-infinity'"
)
#: Whom it may have made somebody whom a provider shows, or no longer shows. Of who is new, the rows are new as well; but
#: for the person's own, which may be there already because another provider has the person.
_COMING_AND_GOING = (
    f"{_LINKED} AND (EXISTS (SELECT 1 FROM {_LINKS}_history h WHERE h.id = l.id AND h.sys_to = e.at)"
    f" OR EXISTS (SELECT 1 FROM {_LINKS} b WHERE b.provider_id = %(provider)s AND b.person_id = l.person_id"
    " AND b.sys_from < e.at))",
    f"SELECT h.person_id FROM {_LINKS}_history h WHERE h.provider_id = %(provider)s AND h.sys_to = e.at AND h.sys_op = 'D'",
    "SELECT o.id FROM people_person_history o JOIN (SELECT id, sys_from, non_disclosure FROM people_person"
    " UNION ALL SELECT id, sys_from, non_disclosure FROM people_person_history) n ON n.id = o.id"
    " WHERE o.sys_to = e.at AND n.sys_from = e.at AND n.non_disclosure <> o.non_disclosure"
    " AND o.id = ANY (ARRAY(SELECT p.id FROM people_person p WHERE p.sys_from = e.at"
    " UNION SELECT p.id FROM people_person_history p WHERE p.sys_from = e.at))"
    f" AND EXISTS (SELECT 1 FROM {_LINKS} l WHERE l.provider_id = %(provider)s AND l.person_id = o.id)",
)


def _of_whom(endpoint: Endpoint, persons: str, after: str) -> str:
    """Return the query of the rows that are about `persons`, behind the id `after`."""
    table = endpoint.resource.table
    if table == "people_person":
        return f"SELECT who.id FROM ({persons}) who (id) WHERE who.id > {after}"
    fields = {each.name for each in endpoint.resource.fields}
    rights = "SELECT w.id FROM studies_studyright w WHERE w.provider_id = %(provider)s AND w.person_id = who.id"
    # Only study rights have an index by person: what hangs on them is found through them.
    if "study_right_id" in fields:
        condition = f"v.study_right_id = ANY (ARRAY({rights}))"
    elif "attainment_id" in fields:
        attainments = (
            "SELECT a.id FROM studies_attainment a WHERE a.provider_id = %(provider)s"
            f" AND a.study_right_id = ANY (ARRAY({rights}))"
        )
        condition = f"v.attainment_id = ANY (ARRAY({attainments}))"
    else:
        condition = "v.person_id = who.id"
    return (
        f"SELECT v.id FROM ({persons}) who (id) JOIN LATERAL (SELECT v.id FROM {table} v"
        f" WHERE v.provider_id = %(provider)s AND {condition} AND v.id > {after}) v ON true"
    )


def endings(
    uc: UseCase, endpoint: Endpoint, grant: Grant, *, since: date, until: date, after: UUID, most: int
) -> list[UUID]:
    """Return our ids of rows about people whose time at the provider ended by itself on a day from `since` to before `until`.

    Nobody writes anything on the day after somebody's last one.
    """
    persons = (
        f"SELECT DISTINCT l.person_id FROM {_LINKS} l WHERE l.provider_id = %(provider)s AND l.valid_to >= %(since)s"
        f" AND l.valid_to < %(until)s AND NOT EXISTS (SELECT 1 FROM {_LINKS} b WHERE b.provider_id = %(provider)s"
        f" AND b.person_id = l.person_id AND {LIVE.format('b')})"
    )
    found = statements.rows(
        f"SELECT DISTINCT b.id FROM ({_of_whom(endpoint, persons, '%(after)s')}) b ORDER BY 1 LIMIT {most:d}",
        {"provider": grant.provider_id, "since": since, "until": until, "today": uc.today, "after": after},
        kept=False,
    )
    return [ident for (ident,) in found]


def keys(uc: UseCase, endpoint: Endpoint, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return by which ids an endpoint finds the rows that have these ids of ours: another one where it is of persons."""
    if endpoint.resource.table != "people_person":
        return {ident: ident for ident in ids}
    found = statements.rows(
        "SELECT s.person_id, s.sourced_id FROM access_subject s WHERE s.supplier_id = %(supplier)s"
        " AND s.person_id = ANY (%(ids)s)",
        {"supplier": uc.actor.supplier_id, "ids": list(ids)},
        kept=False,
    )
    return dict(found)


def removed(uc: UseCase, endpoint: Endpoint, grant: Grant, gone: Sequence[tuple[UUID, datetime]]) -> list[Removed]:
    """Return those of the rows `gone` (our id, moment of the change) that the app may have been shown before the change.

    Of what it never saw it is not told either that it is gone: least of all of somebody under a non-disclosure order.
    """
    if not gone:
        return []
    parameters: dict[str, Any] = {
        "provider": grant.provider_id,
        "supplier": uc.actor.supplier_id,
        "disclosed": grant.disclosed,
        "ids": [ident for ident, _ in gone],
        "ats": [at for _, at in gone],
    }
    found = statements.rows(
        "SELECT g.id, was.key, was.person_id FROM unnest(%(ids)s::uuid[], %(ats)s::timestamptz[]) g (id, at)"
        f" CROSS JOIN LATERAL ({_before(endpoint)}) was",
        parameters,
        kept=False,
    )
    return [Removed(*row) for row in found]


def _before(endpoint: Endpoint) -> str:
    """Return the query of what a row `g` was to an app before its change; no row where it was nothing."""
    table = endpoint.resource.table
    if not endpoint.person:
        then = endpoint.source(on_a_day=False, at_a_moment=True).replace("%(known_at)s", _JUST_BEFORE)
        return f"SELECT {endpoint.key} AS key, NULL::uuid AS person_id {then} AND {endpoint.key} = g.id"
    if table == "people_person":
        table, column = _LINKS, "person_id"
    else:
        column = "id"
    versions = " UNION ALL ".join(
        f"SELECT x.person_id, x.sys_from FROM {each} x WHERE x.provider_id = %(provider)s AND x.{column} = g.id"
        for each in (table, f"{table}_history")
    )
    key = "s.sourced_id" if column == "person_id" else "g.id"
    shown = (
        "EXISTS (SELECT 1 FROM (SELECT p.non_disclosure, p.sys_from, 'infinity'::timestamptz AS sys_to FROM people_person p"
        " WHERE p.id = x.person_id UNION ALL SELECT h.non_disclosure, h.sys_from, h.sys_to FROM people_person_history h"
        " WHERE h.id = x.person_id) p WHERE NOT p.non_disclosure AND p.sys_from < g.at AND p.sys_to >= g.at)"
    )
    return (
        f"SELECT {key} AS key, x.person_id FROM ({versions}) x"
        " JOIN access_subject s ON s.supplier_id = %(supplier)s AND s.person_id = x.person_id"
        f" WHERE x.sys_from < g.at AND (%(disclosed)s OR {shown}) ORDER BY x.sys_from DESC LIMIT 1"
    )
