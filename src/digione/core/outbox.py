"""What happened, told in the same transaction and read in order.

A follower reads `core_outbox_settled` from the last position that it has: only positions below the snapshot horizon
are served, so that a transaction which commits late is never skipped.
"""

import json
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


def settled_since(uc: UseCase, position: int, *, limit: int = 1000) -> list[Row]:
    """Return the events after `position` that no open transaction can precede any more, oldest first, at most `limit`.

    Each with `position`, `id`, `provider_id`, `type`, `subject`, `occurred_at` (UTC) and `data`. A follower goes on
    from the last position that it has worked off; an event may come twice, and is known by its `id`.
    """
    return uc.rows(
        "SELECT position, id, provider_id, type, subject, occurred_at, data FROM core_outbox_settled"
        " WHERE position > %s ORDER BY position LIMIT %s",
        [position, limit],
    )
