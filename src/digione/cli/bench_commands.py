"""`digione bench`: what the machine can do, and how near we come to it. Times are told, never asserted.

Each bench measures its own limit in the same run, since machines are noisy: `ratio` is the limit's time by ours (1 is
as fast as the limit). `cpu_ms` is application plus PostgreSQL per request, from the processes' own accounting, with
both on one core and the load on another.
"""

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click
import psycopg

from digione.cli.bench_figures import Figure
from digione.cli.bench_lists import lists, statements
from digione.cli.bench_roster import roster_in
from digione.cli.bench_stage import ONEROSTER, Stage, cpu_ms, is_transaction_mark, limit_by_ids, pin, stage, tree
from digione.cli.bench_studies import studies

_SECONDS = 5
_PAGE = 100
_BULK = 10_000
#: Rows that the hot lane makes at a time (`rest.hot_lane`, which cannot be imported before Django is set up).
RUN = 1000


def _rounded(figure: Figure) -> dict[str, object]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(figure).items()}


def one_user(on: Stage) -> list[Figure]:
    """One user by the hot lane at 8 connections, against pgbench running the same function.

    Users are read as in daily use, where most have been read before; `one_user_first` tells what a first read costs.
    """
    on.forget_all()
    before, began, few = cpu_ms(on.roots), time.perf_counter(), on.ids[:300]
    for ident in few:
        on.get(f"{ONEROSTER}/users/{ident}")
    first, first_cpu = (time.perf_counter() - began) * 1000 / len(few), (cpu_ms(on.roots) - before) / len(few)
    on.read_all()
    limit = limit_by_ids(on, "oneroster_user", on.ids, seconds=_SECONDS)
    paths = [f"{ONEROSTER}/users/{ident}" for ident in on.ids]
    value, cpu = on.drive(paths, connections=8, seconds=_SECONDS)
    return [
        Figure("one_user", value, "ms", limit, limit / value, cpu, statements(on, paths[0]), on.learners),
        Figure("one_user_first", first, "ms", cpu_ms=first_cpu, learners=on.learners),
    ]


def _page(on: Stage, name: str, offset: int) -> Figure:
    on.read_all()
    path = f"{ONEROSTER}/users?limit={_PAGE}&offset={offset}"
    call = f"oneroster_page('{on.checksum}', {_PAGE}, {offset}, {RUN})"
    limit = on.pgbench(f"SELECT total, held, last, body FROM {call};\n", connections=1, seconds=_SECONDS)
    value, cpu = on.drive([path], connections=1, seconds=_SECONDS)
    return Figure(name, value, "ms", limit, limit / value, cpu, statements(on, path), on.learners)


def users_page_1(on: Stage) -> list[Figure]:
    """The first page of a hundred users of a provider, against pgbench running the same function."""
    return [_page(on, "users_page_1", 0)]


def users_page_1000(on: Stage) -> list[Figure]:
    """Page 1,000, jumped to (the last page where there are fewer), against the same function."""
    last = max(0, (on.total() - 1) // _PAGE)
    return [_page(on, "users_page_1000", min(999, last) * _PAGE)]


def roster_out(on: Stage) -> list[Figure]:
    """The whole roster of users by pages of 10,000, rows a second, and how the worker's memory grew meanwhile.

    The limit is the same functions called by a bare client. `roster_out_first`: nobody has read these users before.
    """
    total = on.total()
    on.forget_all()
    first_seconds, _, rows = _roster_read(on, total, rounds=1)
    on.read_all()
    worker = max((_memory(pid), pid) for pid in tree(on.web))[1]
    resident = _memory(worker)
    # At least three rounds, so that a small roster is not one lucky request.
    seconds, used, read = _roster_read(on, total, rounds=3)
    speed = read / seconds
    page = len(on.get(f"{ONEROSTER}/users?limit={_BULK}")[0]) / 1_048_576
    growth = (_memory(worker) - resident) / 1024
    began = time.perf_counter()
    with psycopg.connect(on.app_url, autocommit=True) as connection:
        for offset in range(0, total, _BULK):
            call = ("SELECT last, held, body FROM oneroster_page(%s, %s, %s, %s)",
                    [on.checksum, _BULK, offset, RUN])  # fmt: skip
            left = _BULK
            while (row := connection.execute(*call, binary=True).fetchone()) and row[1] == min(RUN, left):
                left -= row[1]
                if not left:
                    break
                call = ("SELECT last, held, body FROM oneroster_more(%s, %s, %s)",
                        [on.checksum, row[0], min(RUN, left)])  # fmt: skip
    limit = total / (time.perf_counter() - began)
    return [
        Figure("roster_out", speed, "rows/s", limit, speed / limit, used / read, None, on.learners),
        Figure("roster_out_first", rows / first_seconds, "rows/s", learners=on.learners),
        # Flat is what holds no page whole: the limit is one page.
        Figure("roster_out_memory_growth", growth, "MB", page, page / max(growth, 0.1), learners=on.learners),
    ]


def _roster_read(on: Stage, total: int, *, rounds: int) -> tuple[float, float, int]:
    """Read the roster by pages of 10,000 (600,000 rows at most); return seconds, CPU milliseconds and rows."""
    os.sched_setaffinity(0, {on.loading})
    before, began, rows = cpu_ms(on.roots), time.perf_counter(), 0
    for offset in [offset for _ in range(rounds) for offset in range(0, total, _BULK)][:60]:
        on.get(f"{ONEROSTER}/users?limit={_BULK}&offset={offset}")
        rows += min(_BULK, total - offset)
    return time.perf_counter() - began, cpu_ms(on.roots) - before, rows


def _memory(pid: int) -> int:
    """Return the highest resident memory of a process so far, in kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def teacher_landing(on: Stage) -> list[Figure]:
    """The landing page of a teacher: statements, server time and bytes. The limits are the targets."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    account = get_user_model().objects.get(username="ilmari.saarnio")
    client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    for _ in range(3):
        answer = client.get("/", follow=True)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/")
    if answer.status_code != 200:
        raise RuntimeError(f"The landing page answered {answer.status_code}.")
    count = sum(not is_transaction_mark(query["sql"]) for query in queries.captured_queries)
    times = []
    before = time.process_time() * 1000 + cpu_ms([on.postmaster])
    for _ in range(20):
        began = time.perf_counter()
        client.get("/")
        times.append((time.perf_counter() - began) * 1000)
    used = (time.process_time() * 1000 + cpu_ms([on.postmaster]) - before) / 20
    value = sorted(times)[len(times) // 2]
    size = len(gzip.compress(answer.content, 6)) / 1024
    return [
        Figure("teacher_landing", value, "ms", 50, 50 / value, used, count, on.learners),
        Figure("teacher_landing_size", size, "KB", 100, 100 / size, None, None, on.learners),
    ]


def _demo_start(data: Path, learners: int) -> Figure:
    """Start the installed and loaded demonstration anew; seconds until it is ready. The limit is the target."""
    from digione.cli.bench_stage import _free_port

    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "digione", "demo", "--port", str(port), "--data", str(data)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.perf_counter() - began < 120 and process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                seconds = time.perf_counter() - began
                return Figure("demo_start", seconds, "s", 10, 10 / seconds, None, None, learners)
            time.sleep(0.05)
        raise RuntimeError("The demonstration did not become ready.")
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)


_BENCHES: dict[str, Callable[[Stage], list[Figure]]] = {
    bench.__name__: bench
    for bench in (one_user, users_page_1, users_page_1000, lists, roster_out, teacher_landing, studies, roster_in)
}
NAMES = (*_BENCHES, "demo_start")


#: Page 1,000 may cost so many times what page 1 costs, and a user of a nation so many times one of a municipality.
_JUMP, _GROWTH = 1.5, 1.2
#: Figures that may not grow: of these the time, and of those the speed tells it.
_TIMES = ("one_user", "users_page_1", "one_learner", "one_learner_first", "mark_change")
_SPEEDS = ("enrolments_lines", "attainments_lines", "koski_in")


def compared(figures: list[Figure], before: Mapping[str, float]) -> list[Figure]:
    """Return what figures say of each other, and of those measured `before` with fewer learners. The limits are the targets."""
    values = {figure.name: figure.value for figure in figures}
    pairs = [("users_page_1000_to_page_1", "users_page_1000", values.get("users_page_1"), _JUMP)]
    pairs += [(f"{name}_to_before", name, before.get(name), _GROWTH) for name in _TIMES]
    times = [(name, values[one] / other, limit) for name, one, other, limit in pairs if one in values and other]
    times += [
        (f"{name}_to_before", before[name] / values[name], _GROWTH)
        for name in _SPEEDS
        if name in values and name in before
    ]
    return [
        Figure(name, value, "times", limit, limit / value, learners=figures[0].learners) for name, value, limit in times
    ]


def measure(only: Collection[str], learners: int, data: Path) -> tuple[list[Figure], list[str]]:
    """Run the benches (or those in `only`) on an installation in `data`; return the figures and what could not be measured."""
    figures: list[Figure] = []
    faults: list[str] = []
    with stage(data, learners) as on:
        for name, run in _BENCHES.items():
            if only and name not in only:
                continue
            pin(on.roots, on.served)
            try:
                figures += run(on)
            except Exception as fault:
                faults.append(f"{name}: {type(fault).__name__}: {fault}")
    if not only or "demo_start" in only:
        try:
            figures.append(_demo_start(data, learners))
        except RuntimeError as fault:
            faults.append(f"demo_start: {fault}")
    return figures, faults


@click.command("bench")
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Run this one only. May be given again.")
@click.option(
    "--learners",
    default=10_000,
    show_default=True,
    type=click.IntRange(200, 5_000_000),
    help="How many, each with five years of history. 1,300,000 are a nation: they need an hour and 30 GB.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Measure in this data folder, and keep it. What it has is not loaded again, whatever --learners says; each run"
    " leaves its own apps, marks, documents and rosters there.",
)
@click.option(
    "--against",
    type=click.File(),
    help="What --json printed with fewer learners on this machine: tells how many times as much is needed now.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects.")
def bench(only: tuple[str, ...], learners: int, data: Path | None, against: IO[str] | None, as_json: bool) -> None:
    """Measure speed and memory on invented data, in a database of its own that is removed afterwards.

    Rosters come in with 100,000 learners at most; everything else is measured at the size asked for.
    """
    try:
        before = {figure["name"]: float(figure["value"]) for figure in json.load(against)} if against else {}
    except (ValueError, KeyError, TypeError) as wrong:
        raise click.BadParameter("this is not what --json printed.", param_hint="--against") from wrong
    if data:
        figures, faults = measure(only, learners, data.absolute())
    else:
        parent = Path(tempfile.mkdtemp(prefix="digione-bench-"))
        parent.chmod(0o711)
        try:
            figures, faults = measure(only, learners, parent / "data")
        finally:
            shutil.rmtree(parent, ignore_errors=True)
    figures += compared(figures, before)
    if as_json:
        click.echo(json.dumps([_rounded(figure) for figure in figures]))
    else:
        for figure in figures:
            click.echo(
                f"{figure.name:26} {figure.value:12.3f} {figure.unit:7}"
                + (f" limit {figure.limit:.3f}, ratio {figure.ratio:.2f}" if figure.limit and figure.ratio else "")
                + (f", CPU {figure.cpu_ms:.3f} ms" if figure.cpu_ms is not None else "")
                + (f", {figure.statements:g} statements" if figure.statements is not None else "")
            )
    for fault in faults:
        click.echo(fault, err=True)
    sys.exit(1 if faults else 0)
