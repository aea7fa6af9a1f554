"""Housekeeping of the log. The sealer: every few seconds it chains what has settled, and puts the head where the
database cannot reach it. And partitions, made in time."""

import os
from pathlib import Path

from django.db import connection, transaction
from procrastinate.contrib.django import app

from digione.core import clock


def seal() -> int:
    """Seal the settled rows of the log; return how many. The head also goes to `audit-heads.log` in the data folder.

    Whoever keeps a copy of that file elsewhere can prove later that no row was changed, even by an administrator.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT number, entries, head FROM audit_seal_next()")
        found = cursor.fetchone()
    if found is None:
        return 0
    number, entries, head = found
    folder = os.environ.get("DIGIONE_DATA")
    if folder:
        line = f"{clock.now().isoformat()} {number} {entries} {bytes(head).hex()}\n"
        with (Path(folder) / "audit-heads.log").open("a") as stream:
            stream.write(line)
    return int(entries)


# The sixth field of the schedule is seconds; one sealer at a time, and a late one does not run twice.
@app.periodic(cron="* * * * * */5", periodic_id="audit-seal")
@app.task(name="audit.seal", queueing_lock="audit.seal", lock="audit.seal")
def seal_periodically(timestamp: int) -> None:
    """Run `seal`; `timestamp` is the moment for which it was planned."""
    seal()


@app.periodic(cron="17 3 * * *", periodic_id="audit-make-partitions")
@app.task(name="audit.make_partitions", queueing_lock="audit.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Make the log's partitions of the coming year; `timestamp` is the moment for which it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_partitions()")
