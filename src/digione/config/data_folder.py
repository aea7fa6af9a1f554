"""The data folder: everything that one installation keeps on this machine.

It holds the embedded PostgreSQL, the passwords of its roles, and the logs. Removing the folder removes
the installation.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from digione.config.language import _

SYSTEM_FOLDER = Path("/var/lib/digione")
"""Where root keeps what another user must be able to reach: /root is closed to everybody else."""


class StartFailure(RuntimeError):  # noqa: N818 - it names what happened, and its text is shown to an administrator as it is.
    """Something that DigiOne needs could not be started; the text says what to do about it."""


def is_root() -> bool:
    """Whether this process runs as the superuser of the machine."""
    return os.name == "posix" and os.geteuid() == 0


def data_folder(given: str | os.PathLike[str] | None = None) -> Path:
    """The absolute data folder: the given one, else `DIGIONE_DATA`, else the user's own; made when absent.

    As root the folder is enterable (not listable) by others, because PostgreSQL refuses to run as root and
    must reach its own subfolder. Every secret in the folder has mode 0600.
    """
    named = given or os.environ.get("DIGIONE_DATA")
    if named:
        folder = Path(named).expanduser()
    elif is_root():
        folder = SYSTEM_FOLDER
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or _home() / ".local/share") / "digione"
    folder = folder.absolute()
    try:
        missing = [place for place in folder.parents if not place.exists()]
        folder.mkdir(mode=0o711 if is_root() else 0o700, parents=True, exist_ok=True)
        if is_root():
            # What root makes under a narrow umask would be closed to the database's user.
            for place in missing:
                place.chmod(0o711)
        folder = folder.resolve()
        info = folder.stat()
        if is_root() and info.st_uid == 0 and not info.st_mode & 0o001:
            folder.chmod(info.st_mode | 0o011)
    except OSError as error:
        told = {"folder": folder, "reason": error.strerror}
        text = _("The data folder %(folder)s cannot be used: %(reason)s. Name another with --data or DIGIONE_DATA.")
        raise StartFailure(text % told) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        text = _("This user may not write to the data folder %(folder)s. Name another with --data or DIGIONE_DATA.")
        raise StartFailure(text % {"folder": folder})
    return folder


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        # A user without an entry in the system's list of users, as containers have them.
        text = _("This user has no home folder. Name the data folder with --data or DIGIONE_DATA.")
        raise StartFailure(text) from error


def remember_address(data: Path, address: str) -> None:
    """Keep where this installation answers, for what a later command tells."""
    (data / "address.txt").write_text(f"{address}\n", encoding="utf-8")


def remembered_address(data: Path) -> str | None:
    """Return where this installation answers: `DIGIONE_URL`, else where it answered last, else None."""
    given = os.environ.get("DIGIONE_URL")
    path = data / "address.txt"
    return given or (path.read_text(encoding="utf-8").strip() if path.exists() else None)


def secret(data: Path, name: str) -> str:
    """The secret of that name in the data folder; made at random, mode 0600, when it is not there yet.

    Two processes that ask at once get the same one.
    """
    folder = data / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            # A hard link fails when another process was quicker, and then its secret is the one that counts.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            Path(temporary).unlink()
    return path.read_text(encoding="ascii").strip()
