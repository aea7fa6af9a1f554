"""Unaudited building blocks of every load: COPY into a temporary table, the run's row, undoing a refused run.

`COPY` cannot go into a table with row-level security, so rows are staged in temporary tables, which end with the
transaction, and are merged from there by a few statements for all rows at once.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg import errors

from digione.core import clock, key_file, secrets
from digione.core.ids import new_id
from digione.core.use_case import UseCase
from digione.integrations.loading.reconciliation import KEPT, counted, figures, settle
from digione.integrations.loading.report import ImportRefusedError, Report

#: A load that would end more of what it covers than this is refused unless told otherwise.
MAX_REMOVED = 0.05


def stage(uc: UseCase, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> int:
    """Make the temporary `table` of (name, type) `columns`, fill it by COPY, and return how many rows it got."""
    uc.execute(f"DROP TABLE IF EXISTS {table}")
    uc.execute(f"CREATE TEMP TABLE {table} ({', '.join(' '.join(column) for column in columns)}) ON COMMIT DROP")
    names = ", ".join(name for name, _ in columns)
    written = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        write = copy.write_row
        for row in rows:
            write(row)
            written += 1
    uc.execute(f"ANALYZE {table}")
    return written


def _is_collision(fault: BaseException | None) -> bool:
    """Whether two writers met, each of them right: they waited in a circle, or both brought the same new person."""
    if isinstance(fault, errors.UniqueViolation):
        return fault.diag.constraint_name == "people_identifier_national"
    return isinstance(fault, errors.DeadlockDetected | errors.SerializationFailure)


def refuse_other_keys(uc: UseCase) -> None:
    """Keep the keys as they are until the transaction ends. Raises `ImportRefusedError` while a rotation is under way."""
    # People are found by digests under the writing key; while a rotation is under way, half of them would be missed.
    uc.execute("SELECT pg_advisory_xact_lock_shared(hashtext(%s))", [key_file.ROTATION_LOCK])
    if uc.json("SELECT people_other_keys(%s)", [secrets.writing_key()]):
        raise ImportRefusedError("keys-differ")


def take_on(uc: UseCase, provider_id: UUID) -> None:
    """Take a provider of the register onto the platform by its first import; a rehearsal, which is undone, takes nobody."""
    if not uc.row("SELECT 1 FROM organisations_provider WHERE id = %s", [provider_id]):
        uc.execute(
            "INSERT INTO organisations_provider (id, joined_on, languages) VALUES (%s, %s, '{fi,sv,en}')",
            [provider_id, uc.today],
        )


class _Undo(Exception):  # noqa: N818 — it is no error: it carries a run out of its savepoint.
    pass


def run(
    uc: UseCase,
    report: Report,
    load: Callable[[UUID], None],
    *,
    ours: Callable[[], Mapping[str, Mapping[str, int]]],
    kind: str,
    source: str,
    file_hash: str,
    dry_run: bool,
    partial: bool,
) -> Report:
    """Run `load` in a savepoint, keep or undo what it did, and write the run's row either way.

    Undone when it is a rehearsal, when it was refused as a whole, and when a row was refused without `partial`. `ours`
    counts what stands afterwards (see `reconciliation.figures`), so that the figures hold whether it was undone or not.
    """
    run_id, started = new_id(), clock.now()
    try:
        with transaction.atomic():
            load(run_id)
            # What is deferred is checked here, where a fault can still be told.
            uc.execute("SET CONSTRAINTS ALL IMMEDIATE")
            uc.execute("SET CONSTRAINTS ALL DEFERRED")
            if dry_run:
                report.status = "dry_run"
            elif report.status == "done" and report.refused and not partial:
                report.status = "refused"
            if report.status != "done":
                raise _Undo
    except _Undo:
        pass
    except (IntegrityError, OperationalError) as fault:
        if not _is_collision(fault.__cause__):
            raise
        report.status = "refused"
        report.count("rows", refused=1)
        report.problems.error("", 0, "", "at-the-same-time")
    if report.status == "refused":
        report.undone()
    settle(report)
    figures(report, ours())
    uc.execute(
        "INSERT INTO core_importrun (id, provider_id, kind, source, started_at, finished_at, dry_run, status, counts,"
        " problems, reconciliation, file_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            run_id,
            uc.actor.provider_id,
            kind,
            source,
            started,
            clock.now(),
            dry_run,
            report.status,
            json.dumps({**report.counts(), **counted(report)}),
            json.dumps([problem.stored() for problem in report.problems.found[:KEPT]]),
            json.dumps(report.reconciliation[:KEPT], default=str),
            file_hash,
        ],
    )
    return report


def refuse_removals(report: Report, file: str, kind: str, *, ending: int, covered: int, accept: bool) -> bool:
    """Say whether a run may end `ending` of `covered` rows; if not, tell why and mark the run as refused."""
    if accept or not ending or ending <= covered * MAX_REMOVED:
        return True
    report.status = "refused"
    report.count(kind, refused=1)
    report.problems.error(
        file,
        0,
        "",
        "too-many-removals",
        ending=ending,
        covered=covered,
        kind=kind,
        limit=round(MAX_REMOVED * 100),
    )
    return False
