"""A second process that reads documents beside the first, unit by unit, where there is a processor for it.

It is this module started as a program, without a database. It is asked by its standard input and answers by its standard
output, and ends when either is closed, so also when whoever asked was killed. Whatever it cannot read it says nothing of, and
the unit is read by who has asked: so there is one place where faults are raised, and an import needs no helper.
"""

import contextlib
import os
import pickle  # What is read by it was written by this program itself.
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from digione.integrations.koski.parsing import Unit

if TYPE_CHECKING:
    from digione.integrations.koski.documents import Part, Reading

#: From how many bytes on a second process is worth its start.
WORTH = 6_000_000
#: How long one waits for its start before one goes on alone, in seconds.
_PATIENCE = 0
#: What goes wrong with a process that has ended.
_GONE = (OSError, EOFError, pickle.UnpicklingError)


class HelpingReader:
    """The second process, seen from the first. Use as a context; leaving it ends the process."""

    def __init__(self, reading: "Reading | None") -> None:
        """Start a process that reads as `reading` does; None starts none."""
        self._ready = False
        self._process: subprocess.Popen[bytes] | None = None
        if reading is not None:
            self._process = subprocess.Popen(  # noqa: S603
                # Not from the folder in which one happens to stand, and not in reach of its Ctrl-C.
                [sys.executable, "-P", "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0,
            )  # fmt: skip
            self._send((reading.today, reading.refuses, reading.problems.limit))

    @classmethod
    def for_files(cls, files: Sequence[Path], reading: "Reading") -> Self:
        """Return a helper for files where it is worth it."""
        size = 0
        for file in files:
            with contextlib.suppress(OSError):
                size += file.stat().st_size
        return cls(reading if size >= WORTH and len(os.sched_getaffinity(0)) > 1 else None)

    def __enter__(self) -> Self:
        """Begin to read."""
        return self

    def __exit__(self, *_fault: object) -> None:
        """End the process."""
        if self._process:
            with contextlib.suppress(OSError):
                self._stdin.close()
            self._stdout.close()
            self._process.kill()
            self._process.wait()

    @property
    def is_ready(self) -> bool:
        """Whether the process has started, so that it takes a unit at once."""
        if not self._ready and self._process and select.select([self._stdout], [], [], _PATIENCE)[0]:
            self._ready = self.answer() == _READY
        return self._ready

    def ask(self, number: int, unit: Unit) -> None:
        """Let it read a unit, which is the `number`-th."""
        self._send((number, unit))

    def answer(self) -> "Part | Any":
        """Return what it has read; None where it could not."""
        try:
            return pickle.load(self._stdout)  # noqa: S301
        except _GONE:
            self._ready = False
            return None

    def _send(self, value: Any) -> None:
        try:
            pickle.dump(value, self._stdin, pickle.HIGHEST_PROTOCOL)
            self._stdin.flush()
        except OSError:
            self._ready = False

    @property
    def _stdin(self) -> Any:
        return self._process and self._process.stdin

    @property
    def _stdout(self) -> Any:
        return self._process and self._process.stdout


_READY = "ready"


def _help() -> None:
    """Read units for as long as one is asked for."""
    from digione.integrations.koski.documents import Reading
    from digione.integrations.loading.report import Problems

    asked, answered = sys.stdin.buffer, sys.stdout.buffer

    def answer(value: Any) -> None:
        pickle.dump(value, answered, pickle.HIGHEST_PROTOCOL)
        answered.flush()

    today, refuses, limit = pickle.load(asked)  # noqa: S301
    answer(_READY)
    while True:
        number, unit = pickle.load(asked)  # noqa: S301
        part = None
        with contextlib.suppress(Exception), Reading(Problems(limit), today, refuses) as reading:
            reading.read_unit(unit, number)
            part = reading.part()
        answer(part)


if __name__ == "__main__":
    with contextlib.suppress(*_GONE):
        _help()
    # Nobody is there any more whom a last word could reach.
    os._exit(0)
