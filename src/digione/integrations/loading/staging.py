"""Brings the rows of a roster into temporary tables by COPY, each with the hash of what the source says.

The rows are written as CSV by the `csv` module, which is the quickest writer that Python has, and the hash is taken of
what was written; so a row that says the same as the last time is known before anything else is done with it.

Files are read and checked in a thread of their own, ahead of the database: it waits for nothing while a file is read,
and the next file is read while it merges the one before. What the reader finds wrong comes with the end of each kind.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from django.db import connection

from digione.core.use_case import UseCase
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.report import Problems
from digione.integrations.loading.roster import Roster, columns_of
from digione.integrations.loading.values import MAX_TEXT

#: Columns that are made of others, whose length is theirs.
_MADE = {"sort_key", "search_key"}
#: Kinds whose key is made of the keys of what they bind.
_BINDING = {"membership", "guardian"}
_NULL = "\\N"
_LINE_END = "\r\n"
_PIECE = 1 << 18
#: How many pieces are read ahead: 105 MB. The enrolments of a roster of a million rows are 86 MB.
_AHEAD = 400
#: How long the reader waits before it looks whether anybody still wants what it reads, in seconds.
_LOOK = 0.2


class _End(NamedTuple):
    """The end of a kind: how many rows it had, what was wrong with them, and the fault that stopped the reading."""

    rows: int
    problems: Problems
    fault: BaseException | None


class ReadAhead:
    """Reads the kinds of a roster in their order, in a thread, and hands their rows over as pieces of text for COPY.

    `problems` is where the reader notes what is wrong; until the block ends nobody else may write there. Leaving the
    block stops the reading.
    """

    def __init__(self, roster: Roster, problems: Problems) -> None:
        """Nothing is read before the block begins."""
        self._roster, self._problems = roster, problems
        self._queue: Queue[str | _End] = Queue(_AHEAD)
        self._left = Event()
        self._thread = Thread(target=self._read, name="roster-reader", daemon=True)

    def __enter__(self) -> Self:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading, and wait until the thread has let go of the files."""
        self._left.set()
        self._thread.join()

    def pieces(self) -> Iterator[str | _End]:
        """Yield the pieces of the next kind, and its end at last. Raises what stopped the reading."""
        while True:
            piece = self._queue.get()
            if isinstance(piece, _End):
                if piece.fault:
                    raise piece.fault
                yield piece
                return
            yield piece

    def _read(self) -> None:
        for _kind, row, rows in self._roster.staged():
            written = 0
            piece: list[str] = []
            size = 0
            fault: BaseException | None = None
            try:
                for text in _written(columns_of(row), rows() if rows else ()):
                    piece.append(text)
                    size += len(text)
                    written += 1
                    if size > _PIECE:
                        if not self._put("".join(piece)):
                            return
                        piece, size = [], 0
            except BaseException as raised:
                # It is raised again in the thread that waits for the rows.
                fault = raised
            if not (self._put("".join(piece)) and self._put(_End(written, self._problems.take(), fault))) or fault:
                return

    def _put(self, piece: str | _End) -> bool:
        while not self._left.is_set():
            try:
                self._queue.put(piece, timeout=_LOOK)
            except Full:
                continue
            return True
        return False


def stage_rows(uc: UseCase, kind: str, row: type, ahead: ReadAhead, problems: Problems) -> int:
    """Make `stage_<kind>`, fill it with the rows that are read next, and return how many it got.

    What the reader found wrong is added to `problems`.
    """
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
        for piece in ahead.pieces():
            if isinstance(piece, _End):
                problems.absorb(piece.problems)
                written = piece.rows
            else:
                copy.write(piece)
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
    # Before Python 3.13 the module quotes a line break within a text only where rows end by one, and COPY would end the row.
    write = csv.writer(lines, lineterminator=_LINE_END).writerow
    special = [(place - 1, _SPECIAL[of]) for place, (_, of) in enumerate(columns) if of in _SPECIAL]
    # A kind with secrets brings its own hash, since a ciphertext never reads the same twice.
    own_hash = columns[-1][0] == "row_hash"
    for line, *values in rows:
        for place, convert in special:
            if values[place] is not None:
                values[place] = convert(values[place])
        write([_NULL if value is None else value for value in values])
        text = lines.pop()[: -len(_LINE_END)]
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
