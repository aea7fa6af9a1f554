"""`digione up`, `demo` and `check`: start everything, stop everything, and see whether all is well."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Any

import click
import psycopg

import digione
from digione.cli.demo_commands import LEARNERS, SEED
from digione.cli.language import _, ngettext, spoken
from digione.cli.parts import Part, Watch
from digione.config.data_folder import StartFailure, data_folder, remember_address, secret
from digione.config.embedded import EmbeddedServer, migrate
from digione.config.known_keys import check_keys
from digione.config.provisioning import Database, provision

#: How many requests a web process answers at a time, each on a connection of its own to the database, and how many
#: wait. Reads of the hot lane that wait for each other are asked together (`rest.gathering`): more threads, fewer calls.
SERVER_THREADS = ("--blocking-threads", "8", "--backpressure", "64")
#: A web process opens up to 16 connections (eight threads, and as many for the hot lane); the embedded server admits 300.
MOST_WORKERS = 16
_READY_SECONDS = 120
_SEAL_ALARM_SECONDS = 60
_MOST_WAITING_HEADS = 12
_LOOK_SECONDS = 0.5
_DATA = click.option(
    "--data", default=None, type=click.Path(), help="The data folder. Default: DIGIONE_DATA, or the user's own."
)
_PORT = click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Where the desks answer. A taken port is said, and the next free one used.",
)
_WORKERS = click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_WORKERS),
    help="Web processes; one for each core is enough.",
)


class _StopAskedError(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise _StopAskedError


@click.command()
@_PORT
@_DATA
@_WORKERS
def up(port: int, data: str | None, workers: int) -> None:
    """Start DigiOne on this machine: database, desks, interfaces and jobs. Ctrl-C stops it, the data stays."""
    _serve(port, data, workers)


@click.command()
@_PORT
@_DATA
@_WORKERS
@LEARNERS
@SEED
def demo(port: int, data: str | None, workers: int, learners: int, seed: int) -> None:
    """Start DigiOne with invented municipalities, schools and people, and say how to sign in.

    A demo that the data folder has already is kept as it is, whatever --learners and --seed say.
    """
    _serve(port, data, workers, invented=(learners, seed))


def _serve(port: int, data: str | None, workers: int, *, invented: tuple[int, int] | None = None) -> None:
    """Serve until somebody asks for the end. `invented`: how many learners a new demo gets, and its seed."""
    began = time.monotonic()
    folder = data_folder(data)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    server = EmbeddedServer(folder)
    parts: list[Part] = []
    try:
        given = os.environ.get("DATABASE_URL")
        if not given:
            server.start()
        database = provision(given or server.admin_url, folder, shared=bool(given))
        if not database.is_migrated():
            click.echo(_("Preparing the database …"))
            migrate(database)
        os.environ.update(database.environment())
        check_keys(database.app_url)
        environment = _environment(database, demo=invented is not None)
        if not environment.get("DIGIONE_STATIC_ROOT"):
            environment["DIGIONE_STATIC_ROOT"] = str(_collected(environment))
        if invented is not None:
            _load_demo_once(environment, *invented, Watch(None if given else server, []))
        free = _free_port(port)
        if free != port:
            click.echo(_("Port %(port)s is taken by another program; using %(free)s.") % {"port": port, "free": free})
        for part in (_web(environment, free, workers), _jobs(environment)):
            parts.append(part)
            part.start()
        watch = Watch(None if given else server, parts)
        _wait_until_ready(free, watch)
        remember_address(folder, f"http://127.0.0.1:{free}")
        _tell(free, time.monotonic() - began, demo=invented is not None)
        while True:
            watch.look()
            time.sleep(_LOOK_SECONDS)
    except _StopAskedError:
        click.echo(_("Stopping …"))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for part in parts:
            part.ask_to_end()
        for part in parts:
            part.end()
        server.stop()


def _environment(database: Database, *, demo: bool) -> dict[str, str]:
    return {
        **os.environ,
        **database.environment(),
        "DIGIONE_DEMO": "1" if demo else os.environ.get("DIGIONE_DEMO", "0"),
        "DIGIONE_SERVING": "1",
        "DIGIONE_SECRET_KEY": os.environ.get("DIGIONE_SECRET_KEY") or secret(database.data, "django"),
    }


def _collected(environment: dict[str, str]) -> Path:
    """Collect styles, scripts and typeface under names that bear their hash, unless they are collected already."""
    folder = Path(environment["DIGIONE_DATA"]) / "static"
    mark, package = folder / "collected-from.txt", Path(digione.__file__).parent / "web" / "static"
    files = sorted(path for path in package.rglob("*") if path.is_file())
    wanted = hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        command = [sys.executable, "-W", "ignore", "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"]
        answer = subprocess.run(  # noqa: S603
            command,
            env={**environment, "DIGIONE_STATIC_ROOT": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise StartFailure(_("The static files could not be collected:") + f"\n{answer.stderr.strip()[-2000:]}")
        mark.write_text(wanted)
    return folder


def _load_demo_once(environment: dict[str, str], learners: int, seed: int, watch: Watch) -> None:
    """Make the demonstration where it is not whole. A database that is lost meanwhile is started again, and it goes on."""
    with psycopg.connect(environment["DIGIONE_APP_DATABASE_URL"]) as connection:
        connection.execute("SELECT set_config('digione.register', 'on', true)")
        # Invented people are never put beside real ones, and what was killed half-way is made whole.
        settled = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM organisations_provider) AND (NOT EXISTS (SELECT 1 FROM organisations_provider"
            " WHERE demo) OR EXISTS (SELECT 1 FROM core_importrun WHERE kind = 'demo' AND status = 'done'"
            " AND provider_id IS NULL))"
        ).fetchone()
    if settled and settled[0]:
        return
    click.echo(_("Making %(n)s learners in invented municipalities …") % {"n": learners})
    command = [
        sys.executable,
        "-m",
        "digione",
        "load-demo",
        "--learners",
        str(learners),
        "--seed",
        str(seed),
        "--data",
        environment["DIGIONE_DATA"],
        "--language",
        spoken(),
    ]
    while subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603
        # Each step of it is all or nothing and is not taken twice, so whatever was made stays.
        if not watch.revive():
            raise StartFailure(
                _("The demo data could not be loaded; the reason stands above. The next start goes on with it.")
            )
        click.echo(_("Going on with the demonstration; what was made of it is there."), err=True)


def _web(environment: dict[str, str], port: int, workers: int) -> Part:
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), *SERVER_THREADS, "--no-ws", "--log-level", "warning",
        "--log-config", str(Path(__file__).with_name("server_log.json")),
        "--workers-kill-timeout", "5", "digione.config.wsgi:application",
    ]  # fmt: skip
    return Part(_("The web server"), command, environment)


def _jobs(environment: dict[str, str]) -> Part:
    command = [sys.executable, "-W", "ignore", "-m", "digione.cli.worker"]
    return Part(_("The worker for jobs"), command, {**environment, "DIGIONE_LOG_LEVEL": "ERROR"})


def _free_port(first: int) -> int:
    for port in range(first, min(first + 100, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise StartFailure(_("No port from %(port)s on is free. Name another with --port.") % {"port": first})


def _get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def _wait_until_ready(port: int, watch: Watch) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if watch.look_at_start():
            # How long PostgreSQL took to come back is no fault of the others.
            deadline = time.monotonic() + _READY_SECONDS
        with contextlib.suppress(urllib.error.URLError, OSError):
            _get(f"http://127.0.0.1:{port}/readyz")
            return
        time.sleep(0.1)
    raise StartFailure(_("DigiOne did not answer in time."))


def _tell(port: int, seconds: float, *, demo: bool) -> None:
    address = f"http://127.0.0.1:{port}"
    place = f"{address}{'/demo' if demo else ''}"
    click.echo(
        "\n" + _("DigiOne is ready (%(seconds)s s): %(address)s") % {"seconds": f"{seconds:.1f}", "address": place}
    )
    if demo:
        try:
            listing = _get(f"{address}/demo.json")
        except OSError as fault:
            raise StartFailure(_("The demo does not answer as it should: %(reason)s") % {"reason": fault}) from fault
        for line in cast_of(listing):
            click.echo(f"  {line}")
        click.echo("  " + _("All of them: %(address)s") % {"address": place})
    click.echo(_("Ctrl-C stops it; the data stays.") + "\n")


def cast_of(listing: dict[str, Any]) -> list[str]:
    """Return in lines what `/demo.json` lists: every provider, and whom one can be there, one of each role."""
    lines = []
    for provider in listing["providers"]:
        number = provider["learners"]
        learners = ngettext("%(n)s learner", "%(n)s learners", number) % {"n": number}
        lines.append(f"{provider['name']} ({provider['oid']}), {learners}")
        roles: dict[str, str] = {}
        for entry in listing["sign_ins"]:
            if provider["name"] in entry["providers"]:
                roles.setdefault(entry["role"], entry["username"])
        told = ", ".join(f"{role} {username}" for role, username in roles.items())
        lines += textwrap.wrap(
            told, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    passwords = sorted({entry["password"] for entry in listing["sign_ins"]})
    return [*lines, _("The password of each of them: %(password)s") % {"password": ", ".join(passwords)}]


@click.command()
@_DATA
def check(data: str | None) -> None:
    """See whether all is well: versions, database, disk, and the seal of the log. Exit 1 when something is not."""
    from digione.audit import heads
    from digione.config.embedded import running_database

    faults = 0
    # Nothing is sealed while DigiOne stands still, so only where it runs a row that waits is a fault.
    runs = bool(os.environ.get("DATABASE_URL")) or EmbeddedServer(data_folder(data)).serving()
    with running_database(data) as database:
        click.echo(f"data folder        {database.data}")
        click.echo(f"disk               one durable write takes {_fsync_milliseconds(database.data):.2f} ms")
        with psycopg.connect(database.app_url) as connection:
            version = connection.execute("SHOW server_version").fetchone()
            click.echo(f"PostgreSQL         {version[0] if version else '?'}")
            os.environ.update(database.environment())
            check_keys(database.app_url)
            click.echo("keys               those that this database was filled under")
            if not database.is_migrated():
                click.echo("tables             not up to date: start DigiOne once, it brings them up to date")
                sys.exit(1)
            click.echo("tables             up to date")
            (lag,) = connection.execute("SELECT audit_seal_lag()").fetchone() or (0.0,)
            click.echo(f"log of use         the oldest row without a seal is {lag:.0f} s old")
            if lag > _SEAL_ALARM_SECONDS and runs:
                click.echo("  the worker stands still, or a long transaction holds the seal back")
                faults += 1
            broken = connection.execute("SELECT number, fault FROM audit_verify()").fetchall()
            for number, fault in broken:
                click.echo(f"  seal {number}: {fault}")
                faults += 1
            click.echo(f"seals              {'all hold' if not broken else f'{len(broken)} do not hold'}")
            seals = connection.execute("SELECT number, entries, encode(head, 'hex') FROM audit_seal").fetchall()
            path = heads.file_in(database.data)
            differ = heads.contradictions(path, {number: (entries, head) for number, entries, head in seals})
            click.echo(f"heads outside      {len(heads.told(path)) - len(differ)} in {path.name} agree")
            if differ:
                click.echo(
                    f"  {len(differ)} do not, from seal {differ[0]} on: the log was changed, or an older backup was"
                    " restored (then put the file away with a note, see docs/operations.md)"
                )
                faults += 1
            if os.environ.get("DIGIONE_AUDIT_HEADS_COMMAND"):
                waiting = heads.unsent(path)[1].count(b"\n")
                click.echo(f"heads sent away    {waiting} wait" if waiting else "heads sent away    all")
                # A few are always on their way while the worker seals.
                faults += waiting > _MOST_WAITING_HEADS
    sys.exit(1 if faults else 0)


def _fsync_milliseconds(folder: Path) -> float:
    """The middle of 21 durable writes: it decides how many threads keep a core busy."""
    path, times = folder / "fsync.probe", []
    with path.open("wb") as stream:
        for _turn in range(21):
            began = time.perf_counter()
            stream.write(b"x" * 8192)
            stream.flush()
            os.fdatasync(stream.fileno())
            times.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return sorted(times)[10]
