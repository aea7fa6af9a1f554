"""The heads of the seals outside the database: a file, and a command that takes its lines away from this machine.

Whoever keeps them elsewhere can prove later that no row of the log was changed or removed, even by an administrator of
the database. A line: time, number of the seal, how many rows it covers, head in hexadecimals.
"""

import contextlib
import fcntl
import logging
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)
_SEND_SECONDS = 20
#: A seal's number of rows and its head, by the seal's number.
Heads = Mapping[int, tuple[int, str]]


def file_in(folder: str | os.PathLike[str]) -> Path:
    """Return where the heads stand in a data folder."""
    return Path(folder) / "audit-heads.log"


@contextlib.contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Keep every other process and thread of this machine from `path` for the block; False where one has it already.

    The system gives the lock back of whoever is killed.
    """
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _parsed(line: str) -> tuple[int, int, str]:
    _moment, number, entries, head = line.split()
    return int(number), int(entries), head


def told(path: Path) -> list[tuple[int, int, str]]:
    """Return what the file tells: number, rows, head of each line. A line that a crash has cut short is left out."""
    if not path.exists():
        return []
    whole, _, _cut = path.read_text().rpartition("\n")
    return [_parsed(line) for line in whole.splitlines()]


def last_told(path: Path) -> tuple[int, int, str] | None:
    """Return what the last whole line tells, without reading the others."""
    if not path.exists():
        return None
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 4096))
        whole, _, _cut = stream.read().rpartition(b"\n")
    return _parsed(whole.split(b"\n")[-1].decode()) if whole else None


def write(path: Path, now: datetime, seals: Iterable[tuple[int, int, str]]) -> None:
    """Add a durable line for each seal. What a crash has left of a line is taken away first."""
    lines = "".join(f"{now.isoformat()} {number} {entries} {head}\n" for number, entries, head in seals)
    path.touch()
    with path.open("rb+") as stream:
        # A line is far shorter than this.
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 4096))
        cut = stream.read().rpartition(b"\n")[2]
        stream.seek(size - len(cut))
        stream.truncate()
        stream.write(lines.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _marker(path: Path) -> Path:
    return path.with_suffix(".sent")


def unsent(path: Path) -> tuple[int, bytes]:
    """Return how far the command has taken the file, in bytes, and the lines that wait for it."""
    if not path.exists():
        return 0, b""
    done = int(_marker(path).read_text()) if _marker(path).exists() else 0
    # A shorter file is a new one: the old one was put away after a restore.
    done = done if done <= path.stat().st_size else 0
    with path.open("rb") as stream:
        stream.seek(done)
        return done, stream.read()


def send(path: Path, command: str) -> bool:
    """Hand the new lines to the standard input of `command` (no shell); where it fails they are kept for the next time."""
    done, lines = unsent(path)
    if not lines:
        return True
    try:
        answer = subprocess.run(  # noqa: S603 - the administrator's own command.
            shlex.split(command), input=lines, capture_output=True, timeout=_SEND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        log.error("The heads of the log of use could not be sent: %s", fault)
        return False
    if answer.returncode:
        words = answer.stderr.decode(errors="replace").strip()[-500:]
        log.error("The heads of the log of use could not be sent (exit %s): %s", answer.returncode, words)
        return False
    fresh = path.with_suffix(".sent.new")
    fresh.write_text(str(done + len(lines)))
    fresh.replace(_marker(path))
    return True


def contradictions(path: Path, seals: Heads) -> list[int]:
    """Return the numbers of the heads in the file that the database tells otherwise, or has no more."""
    return sorted({number for number, entries, head in told(path) if seals.get(number) != (entries, head)})
