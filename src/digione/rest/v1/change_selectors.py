"""The use case that finds what has changed: at which providers, in which transactions, which rows. It shows nobody yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.use_case import UseCase, use_case
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import change_facts, cursor
from digione.rest.v1.change_facts import BATCH, BEFORE_ALL, Entry, Place
from digione.rest.v1.cursor import ALL_TOLD, Cursor
from digione.rest.v1.endpoint import Endpoint

#: How many times a page looks further when nothing of what it has looked at concerns the app.
_ROUNDS = 20
#: What a follower has not asked for so long is told no more (the log of changes is kept for longer, `rest_forget_changes`).
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Readable:
    """What one provider opens of an endpoint: the grant, and the fields that are shown."""

    grant: Grant
    shown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that have changed, in their order, where a follower stands behind them, and whether more has been changed since."""

    places: list[Place]
    stands: Cursor
    more: bool = False


@use_case(Permission.ROSTER_READ, Event.ROSTER_READ)
def find_changes(
    uc: UseCase, *, endpoint: Endpoint, opened: Sequence[Readable], start: Cursor | None, limit: int
) -> Found | None:
    """An app asks which rows of its providers have changed, by their ids alone, at most `limit`.

    Without `start` it learns where it stands now. None where it cannot be told what has changed since `start`: that is too
    long ago, or of another cluster, or the app can read something else than then.
    """
    uc.check()
    uc.scope.update(operation=f"v1.{endpoint.path}.changes", looked_up=len(opened))
    uc.touched(endpoint.resource.table, "id")
    cluster, below = change_facts.horizon(uc)
    now = cursor.seconds(clock.now())
    reach = cursor.reach_of(endpoint, uc.actor.supplier_id, [each.grant for each in opened])
    if start is None:
        return Found([], Cursor(cluster, below - 1, uc.today, reach, now))
    long_ago = start.at < now - _KEPT.total_seconds()
    if (start.cluster, start.reach) != (cluster, reach) or start.xid >= below or start.day > uc.today or long_ago:
        return None
    walk = _Walk(uc, endpoint, opened, limit)
    left = walk.endings(start) if endpoint.person else None
    return left or walk.changes(replace(start, day=max(start.day, uc.today)), below, now)


@dataclass(frozen=True, slots=True)
class _Walk:
    uc: UseCase
    endpoint: Endpoint
    opened: Sequence[Readable]
    limit: int

    def endings(self, start: Cursor) -> Found | None:
        """Return the rows about people whose last day has passed since `start`, None where there are none."""
        until = start.until or self.uc.today
        if start.day >= until:
            return None
        at = _midnight(until)
        found: list[Place] = []
        for number, each in enumerate(self.opened):
            if number < start.left_grant or len(found) > self.limit:
                continue
            after = start.left if number == start.left_grant and start.left else BEFORE_ALL
            with self.uc.at_provider(each.grant.provider_id):
                ids = change_facts.endings(
                    self.uc, self.endpoint, each.grant, since=start.day, until=until, after=after, most=self.limit + 1
                )
            found += [Place(start.xid, number, ident, at) for ident in ids]
        if not found:
            return None
        told = found[: self.limit]
        if len(found) > self.limit:
            return Found(told, replace(start, until=until, left_grant=told[-1].grant, left=told[-1].id), more=True)
        return Found(told, replace(start, day=until, until=None, left_grant=0, left=None), more=True)

    def changes(self, start: Cursor, below: int, now: int) -> Found:
        """Return the rows that transactions have changed since `start`."""
        stands = replace(start, until=None, left_grant=0, left=None)
        found: list[Place] = []
        moments: dict[int, datetime] = {}
        for _ in range(_ROUNDS):
            batches, bound = self._batches(stands, below)
            moments.update({entry.xid: entry.at for batch in batches for entry in batch})
            found += self._places(batches, bound)
            if len(found) > self.limit:
                told = found[: self.limit]
                last = told[-1]
                at = cursor.seconds(last.at)
                return Found(told, replace(stands, xid=last.xid, grant=last.grant, row=last.id, at=at), more=True)
            if bound == below - 1:
                return Found(found, replace(stands, xid=bound, grant=ALL_TOLD, row=None, at=now))
            stands = replace(stands, xid=bound, grant=ALL_TOLD, row=None, at=cursor.seconds(moments[bound]))
        return Found(found, stands, more=True)

    def _batches(self, stands: Cursor, below: int) -> tuple[list[list[Entry]], int]:
        """Return the next transactions at each provider, and up to which one all of them are known."""
        batches, bound = [], below - 1
        for number, each in enumerate(self.opened):
            with self.uc.at_provider(each.grant.provider_id):
                batch = change_facts.entries(
                    self.uc, self.endpoint, each.grant, since=_since(stands, number), below=below
                )
            if len(batch) == BATCH:
                bound = min(bound, batch[-1].xid)
            if stands.row and number == stands.grant:
                batch = [replace(entry, after=stands.row) if entry.xid == stands.xid else entry for entry in batch]
            batches.append(batch)
        return batches, bound

    def _places(self, batches: Sequence[Sequence[Entry]], bound: int) -> list[Place]:
        found = []
        for number, (each, batch) in enumerate(zip(self.opened, batches, strict=True)):
            changed = [entry for entry in batch if entry.xid <= bound]
            if not changed:
                continue
            with self.uc.at_provider(each.grant.provider_id):
                found += [
                    Place(xid, number, ident, at)
                    for xid, ident, at in change_facts.places(
                        self.uc, self.endpoint, each.grant, each.shown, changed, most=self.limit + 1
                    )
                ]
        return sorted(found, key=_order)


def _since(stands: Cursor, number: int) -> int:
    """Return from which transaction on the provider of this number has something to tell."""
    return stands.xid if stands.grant != ALL_TOLD and number >= stands.grant else stands.xid + 1


def _order(place: Place) -> tuple[int, int, UUID]:
    return place.xid, place.grant, place.id


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
