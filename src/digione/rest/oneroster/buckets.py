"""Counts by bucket of the listing: any page of a provider's users is found by a jump, and the total comes free.

A bucket is the leading nine bits of `sourced_id`, which is spread evenly. Triggers only ever add rows (+n, −n), so that
writers never wait for each other; a job folds them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from digione.core.use_case import UseCase

BITS = 9

_FIND = """
SELECT coalesce(sum(n), 0)::bigint AS total,
       max(bucket) FILTER (WHERE n > 0 AND before <= %(offset)s) AS bucket,
       coalesce(max(before) FILTER (WHERE n > 0 AND before <= %(offset)s), 0)::bigint AS before
FROM (SELECT bucket, sum(n) AS n, sum(sum(n)) OVER (ORDER BY bucket) - sum(n) AS before
      FROM access_page_bucket
      WHERE supplier_id = %(supplier)s AND provider_id = %(provider)s AND (%(disclosed)s OR NOT hidden)
      GROUP BY bucket) counted
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where to begin: the lowest id of a bucket, and how many rows stand before it."""

    lowest: UUID
    before: int


def find(uc: UseCase, parameters: dict[str, Any]) -> tuple[int, Bucket]:
    """Return the total, and the last bucket that begins at or before the offset."""
    row = uc.row(_FIND, parameters) or {}
    lowest = UUID(int=(row["bucket"] or 0) << (128 - BITS))
    return row["total"], Bucket(lowest, row["before"])
