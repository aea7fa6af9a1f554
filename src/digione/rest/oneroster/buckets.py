"""Counts by bucket of the listing: any page of a provider's users is found by a jump, and the total comes free.

A bucket is the leading nine bits of `sourced_id`, which is spread evenly; groups of 32 buckets are counted as well.
Triggers only ever add rows (+n, −n), so that writers never wait for each other; a job folds them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from digione.core.use_case import UseCase

BITS = 9


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where to begin: the lowest id of a bucket, and how many rows stand before it."""

    lowest: UUID
    before: int


def find(uc: UseCase, parameters: dict[str, Any]) -> tuple[int, Bucket]:
    """Return the total, and the last bucket that begins at or before the offset."""
    row = uc.row(
        "SELECT total, lowest, before FROM oneroster_jump(%(supplier)s, %(provider)s, %(disclosed)s, %(offset)s)",
        parameters,
    )
    assert row is not None  # noqa: S101 - the function always answers with one row.
    return row["total"], Bucket(row["lowest"], row["before"])
