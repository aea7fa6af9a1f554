"""What happened, told in the same transaction and read in order.

A follower reads `core_outbox_settled` from the last place that it has: only what lies below the snapshot horizon is
served, in the order of transactions, so that one which commits late is never skipped.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase


def announce(uc: UseCase, kind: str, *, provider_id: UUID | None, subject: UUID | None = None, **data: Any) -> None:
    """Write one event of type `kind` (`room.what_happened`), with ids and codes in `data`, never content.

    It is told when the transaction commits, and not at all when it does not. `provider_id` is None for what concerns
    no single provider, `subject` is the row that it is about.
    """
    uc.execute(
        "INSERT INTO core_outbox (id, provider_id, type, subject, data) VALUES (%s, %s, %s, %s, %s::jsonb)",
        [new_id(), provider_id, kind, subject, json.dumps(data, default=str)],
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a follower stands: the transaction (`xid8`) and the position of the last event that it has worked off."""

    xid: int = 0
    position: int = 0


def settled_since(uc: UseCase, place: Place, *, limit: int = 1000) -> list[Row]:
    """Return the events behind `place` that no open transaction can precede any more, oldest first, at most `limit`.

    Each with `xid`, `position`, `id`, `provider_id`, `type`, `subject`, `occurred_at` (UTC) and `data`. A follower goes on
    from the last one that it has worked off; an event may come twice, and is known by its `id`. They come in the order of
    their transactions: a position alone may belong to one that began later and commits later than what stands behind it.
    """
    found = uc.rows(
        "SELECT xid::text::bigint AS xid, position, id, provider_id, type, subject, occurred_at, data"
        " FROM core_outbox_settled WHERE (xid, position) > (%s::text::xid8, %s) ORDER BY core_outbox_settled.xid, position"
        " LIMIT %s",
        [str(place.xid), place.position, limit],
    )
    return [{**row, "data": json.loads(row["data"])} for row in found]
