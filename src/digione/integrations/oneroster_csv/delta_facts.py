"""What a set says otherwise than it said at an earlier moment, row by row, as a delta of the standard tells it.

Both sets are worked out by the same statements, the earlier one over the tables as they stood then. So whatever makes a row
come, change or go is in it: a value, a period that has run out, a right to be told that has ended, another id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from digione.core.use_case import UseCase
from digione.integrations.oneroster_csv.facts import QUERIES, prepare, streamed
from digione.integrations.oneroster_csv.moment_facts import at_moment

#: Behind the columns of a file: when its row was changed, and of whom it is.
_ASIDE = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A row of a delta. `cells` are those of the file's statement; of a row that is gone, as they were.

    `protected`: the row is gone, and is of somebody of whom nothing is told now; so no more than its id may be.
    """

    cells: tuple[Any, ...]
    gone: bool
    changed_at: datetime
    protected: bool


def keep_set(uc: UseCase, side: str, names: list[str], parameters: dict[str, Any]) -> None:
    """Work a set out at the moment of `parameters`, and keep it for comparison under `side` ("was" or "is")."""
    prepare(uc, parameters)
    for name in names:
        columns = ", ".join(f"c{n}" for n in range(1, _width(name, parameters) + 1))
        uc.execute(f"DROP TABLE IF EXISTS export_{side}_{name}")
        uc.execute(
            f"CREATE TEMP TABLE export_{side}_{name} ({columns}) ON COMMIT DROP AS {at_moment(QUERIES[name])}",
            parameters,
        )
        uc.execute(f"CREATE INDEX ON export_{side}_{name} (c1)")
        uc.execute(f"ANALYZE export_{side}_{name}")


def _width(name: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"{at_moment(QUERIES[name])} LIMIT 0", parameters)
        return len(cursor.description or ())


def changes(name: str, parameters: dict[str, Any]) -> Iterator[Change]:
    """Yield the rows of a file that came, changed or went between the two kept sets, by id.

    `parameters` are those of the later set, with `since`, the moment of the earlier one.
    """
    width = _width(name, parameters)
    was, now = (", ".join(f"{side}.c{n}" for n in range(1, width - _ASIDE + 1)) for side in "wi")
    changed, person = f"i.c{width - 1}", f"w.c{width}"
    kept = ", ".join(f"CASE WHEN i.c1 IS NULL THEN w.c{n} ELSE i.c{n} END" for n in range(1, width - _ASIDE + 1))
    query = f"""
        SELECT {kept}, i.c1 IS NULL,
               CASE WHEN {changed} >= %(since)s AND {changed} < %(moment)s THEN {changed} ELSE %(moment)s END,
               i.c1 IS NULL AND {person} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM export_at_people_person p
                   WHERE p.id = {person} AND (%(hidden)s OR NOT p.non_disclosure))
        FROM export_was_{name} w FULL JOIN export_is_{name} i ON i.c1 = w.c1
        WHERE w.c1 IS NULL OR i.c1 IS NULL OR ({was}) IS DISTINCT FROM ({now})
        ORDER BY coalesce(i.c1, w.c1) COLLATE "C\""""
    for *cells, gone, changed_at, protected in streamed(query, parameters):
        yield Change(tuple(cells), gone, changed_at, protected)
