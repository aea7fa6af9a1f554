"""The PostgreSQL that DigiOne starts by itself, so that nobody has to set one up.

The cluster stands in the data folder, listens on a Unix socket alone (no port that could be taken) and belongs to a
user who is not root. Whoever finds it running uses it; whoever started it stops it. Where `DATABASE_URL` names a
server, that one is used, and nothing is started.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import click

from digione.config.data_folder import StartFailure, data_folder, is_root, secret
from digione.config.known_keys import check_keys
from digione.config.language import _
from digione.config.postgres_binaries import Binaries, enterable_by, find_binaries, reachable_binaries
from digione.config.provisioning import Database, provision

_START_SECONDS = 60
#: How a server is asked to end, and for how many seconds each way is waited for. SIGTERM would wait for every connection
#: to end by itself; SIGINT ends them, writes what is in memory to the disk, and stops; SIGQUIT stops at once.
_ENDINGS = ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # Our statements are short; compiling them costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class _User:
    """Who runs the server: ourselves, or `nobody` when we are root, since PostgreSQL refuses root."""

    uid: int
    gid: int

    def popen_options(self) -> dict[str, object]:
        """Without the group options the child would keep root's groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if is_root() else {}


def _server_user(cluster: Path) -> _User:
    if not is_root():
        return _User(os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        # Made by an ordinary user, and now root starts it: it stays that user's.
        return _User(cluster.stat().st_uid, cluster.stat().st_gid)
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _User(entry.pw_uid, entry.pw_gid)
    raise StartFailure(_no_other_user())


def _no_other_user() -> str:
    return _("PostgreSQL does not run as root, and this machine has no user `nobody`. Run DigiOne as another user.")


@dataclass
class EmbeddedServer:
    """One cluster in one data folder."""

    data: Path
    _process: "subprocess.Popen[bytes] | None" = None
    _lease: IO[str] | None = None

    @property
    def cluster(self) -> Path:
        """The folder that `initdb` makes."""
        return self.data / "postgres"

    @property
    def log(self) -> Path:
        """The file of what the server itself says."""
        return self.data / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        """A short folder for the socket: its path may have 107 bytes at most, and a data folder may be deep."""
        mark = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        # Not TMPDIR: it may be long, and two processes with different ones would look in different places.
        return Path("/tmp") / f"digione-{mark}"  # noqa: S108 - its owner is checked before it is used.

    @property
    def admin_url(self) -> str:
        """The superuser's address; the password stands in the data folder, readable by its owner alone."""
        password = quote(secret(self.data, "postgres"))
        return f"postgresql://postgres:{password}@/postgres?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> None:
        """Start the server, or find it running. Raises StartFailure with a text that says what to do."""
        # Two processes may want it at once; the second waits and then finds it running.
        with (self.data / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Everybody who uses the server holds a lease; whoever gives back the last one stops it. The operating
            # system gives back the lease of a process that was killed.
            self._give_back_lease()
            self._ask_for_ours()
            self._lease = (self.data / "users.lock").open("w")
            fcntl.flock(self._lease, fcntl.LOCK_SH)
            before = self._process
            try:
                self._ensure_running()
            except BaseException:
                # Also when somebody asks for the end while it starts, or brings what a crash has left into order.
                if self._process is not None and self._process is not before and self._process.poll() is None:
                    self._end(self._process.pid)
                self._give_back_lease()
                raise

    def serving(self) -> bool:
        """Whether a server of this folder runs already, whoever started it."""
        return self._running()

    def lost(self) -> bool:
        """Whether no server of this folder runs any more. Asked often, so it does not wait for one that is starting."""
        self._ask_for_ours()
        pid = self._pid()
        return pid is None or not _alive(pid) or not _works_in(pid, self.cluster)

    def _ask_for_ours(self) -> None:
        """A child of ours that was killed stays until it is asked for, and looks alive to some systems."""
        if self._process is not None:
            self._process.poll()

    def _ensure_running(self) -> None:
        if self._running():
            return
        major = self._remembered_major()
        user = _server_user(self.cluster)
        binaries = reachable_binaries(find_binaries(major), user.uid, user.gid)
        self._prepare_socket_folder(user)
        if major is None:
            self._create(binaries, user)
        self._launch(binaries, user)

    def _give_back_lease(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.close()

    def stop(self) -> None:
        """Give the lease back, and stop the server when nobody else holds one. What was committed stays."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        with (self.data / "start.lock").open("w") as lock, lease:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._process is not None:
                    # The server outlives us; its parent will be the system's.
                    self._process.returncode = 0
                return
            self._ask_for_ours()
            pid = self._pid()
            if pid is not None and _works_in(pid, self.cluster):
                self._end(pid)
            self._leave_socket_folder()

    def _leave_socket_folder(self) -> None:
        """Remove the socket's folder. A server that stops takes its socket away, one that was killed does not."""
        for left in self.socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        # Whatever else lies there keeps the folder.
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()

    def _end(self, pid: int) -> None:
        for number, seconds in _ENDINGS:
            if number == signal.SIGKILL:
                text = _(
                    "PostgreSQL does not stop when it is asked, so it is killed. What was saved is there at its next start."
                )
                click.echo(text, err=True)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                # Who was stopped (SIGSTOP) hears nothing else before it is let go on.
                os.kill(pid, signal.SIGCONT)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not _alive(pid):
                    if self._process is not None:
                        # Ours is a zombie until it is asked for.
                        self._process.poll()
                        self._process = None
                    if number == signal.SIGKILL:
                        # It has ended none of its own.
                        self._end_orphans(signal.SIGKILL)
                    return
                time.sleep(0.02)

    def _remembered_major(self) -> int | None:
        version = self.cluster / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def _pid_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    def _pid(self) -> int | None:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _running(self) -> bool:
        """Whether the process that the pid file names is a server of this very folder, and ready."""
        pid = self._pid()
        if pid is None or not _alive(pid) or not _works_in(pid, self.cluster):
            return False
        deadline = time.monotonic() + _START_SECONDS
        while _alive(pid) and time.monotonic() < deadline:
            lines = self._pid_lines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def _prepare_socket_folder(self, user: _User) -> None:
        folder = self.socket_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {user.uid, os.geteuid()}:
            text = _("%(folder)s belongs to somebody else. Remove it, or choose another data folder.")
            raise StartFailure(text % {"folder": folder})
        if is_root():
            try:
                os.chown(folder, user.uid, user.gid)
            except OSError as error:
                # In a container of one user alone the others have names, and nothing can be theirs.
                raise StartFailure(_no_other_user()) from error

    def _create(self, binaries: Binaries, user: _User) -> None:
        """Run initdb into a folder beside, and rename it: a killed start leaves no half-made cluster behind."""
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if is_root():
            os.chown(fresh, user.uid, user.gid)
        if not enterable_by(self.data, user.uid, user.gid):
            text = _(
                "The database runs as another user than root, and may not enter %(folder)s. Choose a data folder outside "
                "root's home with --data or DIGIONE_DATA, for example /var/lib/digione."
            )
            raise StartFailure(text % {"folder": self.data})
        descriptor, password_file = tempfile.mkstemp(dir=self.socket_folder)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secret(self.data, "postgres"))
        if is_root():
            os.chown(password_file, user.uid, user.gid)
        try:
            answer = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
                [
                    binaries.folder / "initdb",
                    "-D",
                    fresh,
                    "-U",
                    "postgres",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "-A",
                    "scram-sha-256",
                    f"--pwfile={password_file}",
                    "--no-instructions",
                ],
                capture_output=True,
                text=True,
                cwd="/",
                env=_environment(),
                check=False,
                **user.popen_options(),
            )
        finally:
            Path(password_file).unlink()
        if answer.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            text = _("PostgreSQL could not make its folder %(folder)s:") % {"folder": self.cluster}
            raise StartFailure(f"{text}\n{answer.stderr.strip()}")
        fresh.rename(self.cluster)

    def _launch(self, binaries: Binaries, user: _User) -> None:
        options = {**_SETTINGS, "unix_socket_directories": str(self.socket_folder)}
        command = [str(binaries.folder / "postgres"), "-D", str(self.cluster)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self._clear_stale_locks()
            with self.log.open("ab") as log:
                process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=_environment(),
                    # Ctrl-C in the terminal must reach us first, not the database.
                    start_new_session=True,
                    **user.popen_options(),
                )
            self._process = process
            while process.poll() is None and time.monotonic() < deadline:
                lines = self._pid_lines()
                if len(lines) > 7 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
                    return
                time.sleep(0.02)
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
            process.wait()
            if time.monotonic() >= deadline:
                text = _("PostgreSQL did not start. Its own words stand in %(file)s.")
                raise StartFailure(text % {"file": self.log})
            # After a kill -9 an orphan backend may hold the shared memory for some seconds: end it, and try again.
            self._end_orphans()
            time.sleep(0.3)

    def _clear_stale_locks(self) -> None:
        """Remove lock files whose number belongs to a zombie or to somebody else; the server itself would believe them.

        What still uses the data is noticed by its shared memory, which needs no file.
        """
        pid = self._pid()
        if pid is not None and _alive(pid) and _works_in(pid, self.cluster):
            return
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        # The folder serves this cluster alone.
        for left in self.socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _end_orphans(self, number: signal.Signals = signal.SIGQUIT) -> None:
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            # The server itself has ended, so whoever still works here has lost it.
            if _works_in(pid, self.cluster):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)


def _environment() -> dict[str, str]:
    """A clean environment: an empty one would give SQL_ASCII, a Swedish one Swedish messages."""
    return {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        # A zombie answers to kill, and serves nobody.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is PostgreSQL's and has its working folder there, as each process of a server has."""
    if not Path("/proc/self").exists():
        return True
    try:
        # Somebody's shell may stand there too.
        program = Path(os.readlink(f"/proc/{pid}/exe")).name
        return program.startswith("postgres") and Path(os.readlink(f"/proc/{pid}/cwd")) == folder
    except OSError:
        return False


@contextlib.contextmanager
def running_database(data: str | os.PathLike[str] | None = None) -> Iterator[Database]:
    """Give a database that runs, with its roles made: found, started for the time of the block, or `DATABASE_URL`'s."""
    folder = data_folder(data)
    given = os.environ.get("DATABASE_URL")
    if given:
        yield provision(given, folder, shared=True)
        return
    server = EmbeddedServer(folder)
    server.start()
    try:
        yield provision(server.admin_url, folder)
    finally:
        server.stop()


def migrate(database: Database) -> None:
    """Bring the tables up to date, as the role that owns them. Raises StartFailure when that fails."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--skip-checks", "--verbosity", "0"],
        env={**os.environ, **database.environment(), "DIGIONE_APP_DATABASE_URL": database.migrate_url},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        text = _("The tables could not be brought up to date:")
        raise StartFailure(f"{text}\n{answer.stderr.strip()[-2000:]}")


@contextlib.contextmanager
def django_ready(data: str | os.PathLike[str] | None = None) -> Iterator[Database]:
    """Give a running, migrated database with Django set up on it as the application's role."""
    with running_database(data) as database:
        os.environ.update(database.environment())
        import django

        django.setup()
        from django.db import connection

        if not database.is_migrated():
            migrate(database)
        check_keys(database.app_url)
        try:
            yield database
        finally:
            connection.close()
