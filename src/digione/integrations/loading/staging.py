"""Brings the rows of a roster into temporary tables by COPY, each with the hash of what the source says.

The rows are written as CSV by the `csv` module, which is the quickest writer that Python has, and the hash is taken of
what was written; so a row that says the same as the last time is known before anything else is done with it.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from digione.core.use_case import UseCase
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.roster import columns_of
from digione.integrations.loading.values import MAX_TEXT

#: Columns that are made of others, whose length is theirs.
_MADE = {"sort_key", "search_key"}
#: Kinds whose key is made of the keys of what they bind.
_BINDING = {"membership", "guardian"}
_NULL = "\\N"
_PIECE = 1 << 18


def stage_rows(uc: UseCase, kind: str, row: type, rows: Iterable[tuple[Any, ...]]) -> int:
    """Make `stage_<kind>` for the rows of a kind, fill it, and return how many rows it got."""
    columns = columns_of(row)
    declared = dict(columns) | {"row_hash": "bytea"}
    uc.execute(f"DROP TABLE IF EXISTS stage_{kind}")
    uc.execute(
        f"CREATE TEMP TABLE stage_{kind} ({', '.join(f'{name} {of}' for name, of in declared.items())}) ON COMMIT DROP"
    )
    # The line comes last, since where a row stands is no part of what the source says.
    _, *names = declared
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY stage_{kind} ({', '.join(names)}, line) FROM STDIN (FORMAT csv, NULL '{_NULL}')") as copy,
    ):
        piece: list[str] = []
        size = written = 0
        for text in _written(columns, rows):
            piece.append(text)
            size += len(text)
            written += 1
            if size > _PIECE:
                copy.write("".join(piece))
                piece, size = [], 0
        copy.write("".join(piece))
    return written


def refuse_overlong(merge: Merge, kind: str, row: type) -> None:
    """Take rows with a text of more than `MAX_TEXT` bytes out of the stage, and tell which column is too long.

    What refers to such a row is refused later. A row of the file that gives several rows is told once for each kind.
    """
    made = _MADE | ({"key"} if kind in _BINDING else set())
    texts = [name for name, of in columns_of(row) if of == "text" and name not in made]
    overlong = " OR ".join(f"octet_length({name}) > {MAX_TEXT}" for name in texts)
    named = ", ".join(f"CASE WHEN octet_length({name}) > {MAX_TEXT} THEN '{name}' END" for name in texts)
    told = set()
    for found in merge.rows(
        f"WITH gone AS (DELETE FROM stage_{kind} WHERE {overlong} RETURNING line, key, concat_ws(', ', {named}) AS fields)"
        " SELECT line, key, fields FROM gone ORDER BY line"
    ):
        file, line, columns = merge.blame(kind, found, *found["fields"].split(", "))
        if (line, columns) not in told:
            told.add((line, columns))
            merge.report.problems.error(file, line, columns, "too-long", limit=MAX_TEXT)


class _Lines(list[str]):
    """What the `csv` module writes into; each row comes as one text."""

    write = list.append


def _written(columns: Sequence[tuple[str, str]], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    lines = _Lines()
    write = csv.writer(lines, lineterminator="").writerow
    special = [(place - 1, _SPECIAL[of]) for place, (_, of) in enumerate(columns) if of in _SPECIAL]
    # A kind with secrets brings its own hash, since a ciphertext never reads the same twice.
    own_hash = columns[-1][0] == "row_hash"
    for line, *values in rows:
        for place, convert in special:
            if values[place] is not None:
                values[place] = convert(values[place])
        write([_NULL if value is None else value for value in values])
        text = lines.pop()
        if not own_hash:
            text = f"{text},\\x{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
        yield f"{text},{line}\n"


def _bytes(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _array(values: list[str]) -> str:
    if not values:
        return "{}"
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


_SPECIAL: dict[str, Callable[[Any], str]] = {"bytea": _bytes, "text[]": _array}
