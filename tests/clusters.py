"""Data folders whose cluster is migrated already: one is made for the whole run, and whoever needs one copies it.

Migrating takes some five seconds of work, a copy a tenth of one. All processes of a run share its folder; the first
that asks makes the one to copy, and the others wait for it.
"""

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

import psycopg

#: Nobody keeps what the suite writes. What is killed on purpose gets a cluster of its own, with the settings of real ones.
_HASTE = ("fsync", "synchronous_commit", "full_page_writes")
_RUN = "DIGIONE_TESTS_RUN"


def run_folder() -> Path:
    """Return the folder of this run; the process that starts the run makes it, and its workers inherit its name."""
    if not is_worker():
        os.environ[_RUN] = tempfile.mkdtemp(prefix="digione-tests-")
        # The suite may run as root, and PostgreSQL then runs as somebody else, who must be able to enter.
        Path(os.environ[_RUN]).chmod(0o711)
    return Path(os.environ[_RUN])


def is_worker() -> bool:
    """Return whether pytest-xdist has started this process to share the tests of another."""
    return "PYTEST_XDIST_WORKER" in os.environ


def lay_migrated(data: Path) -> None:
    """Lay a migrated cluster that does not run, and the passwords of its roles, into the folder `data`.

    No key of encrypted fields is noted in it. All copies have the same system identifier.
    """
    template = Path(os.environ[_RUN]) / "template"
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "made").exists():
            _make(template)
            (template / "made").touch()
    # cp keeps owner and mode, which PostgreSQL insists on.
    for name in ("postgres", "secrets"):
        subprocess.run(["cp", "-a", str(template / name), str(data)], check=True)


def _make(template: Path) -> None:
    from digione.config.embedded import migrate, running_database

    with running_database(template) as database:
        with psycopg.connect(database.admin_url, autocommit=True) as connection:
            for setting in _HASTE:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        migrate(database)
