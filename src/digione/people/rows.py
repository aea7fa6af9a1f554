"""Rows as the rooms above the core want them."""

import json
from collections.abc import Iterable

from digione.core.use_case import Row


def decoded(rows: Iterable[Row], *columns: str) -> list[Row]:
    """Return `rows` with the JSON of `columns` as Python values; Django hands jsonb over as text."""
    kept = list(rows)
    for row in kept:
        for column in columns:
            if isinstance(row[column], str):
                row[column] = json.loads(row[column])
    return kept
