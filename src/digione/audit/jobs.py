"""Housekeeping of the log. The sealer: every few seconds it chains what has settled, and puts the head where the
database cannot reach it. And partitions, made in time."""

import logging
import os
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from digione.audit import heads
from digione.core import clock

log = logging.getLogger(__name__)
#: A row of the log that waits longer than this for its seal is an alarm.
ALARM_SECONDS = 60


def seal() -> int:
    """Seal the settled rows of the log, put the heads outside the database, and return how many rows were sealed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT entries FROM audit_seal_next()")
        found = cursor.fetchone()
    _put_outside()
    return int(found[0]) if found else 0


def _put_outside() -> None:
    """Write the heads that the file does not have, also those of a sealer that was killed before it wrote, and send."""
    folder = os.environ.get("DIGIONE_DATA")
    if not folder:
        return
    path = heads.file_in(folder)
    with heads.alone(path) as mine:
        # Who has the file takes these heads along, or the next sealer does.
        if mine:
            _write_and_send(path)


def _write_and_send(path: Path) -> None:
    last = heads.last_told(path)
    if last is None or _seals_after(last[0] - 1)[:1] == [last]:
        fresh = _seals_after(last[0] if last else 0)
    else:
        # The file tells of another life of the log, of after a backup that was restored: nothing of this one is left out.
        fresh = sorted(set(_seals_after(0)) - set(heads.told(path)))
    if fresh:
        heads.write(path, clock.now(), fresh)
    if settings.AUDIT_HEADS_COMMAND:
        heads.send(path, settings.AUDIT_HEADS_COMMAND)


def _seals_after(number: int) -> list[tuple[int, int, str]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, entries, encode(head, 'hex') FROM audit_seal WHERE number > %s ORDER BY number", [number]
        )
        return [(int(found), int(entries), str(head)) for found, entries, head in cursor.fetchall()]


def lag() -> float:
    """Return how many seconds the oldest row without a seal has waited; 0 when all is sealed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_seal_lag()")
        row = cursor.fetchone()
    return float(row[0]) if row else 0.0


# The sixth field of the schedule is seconds, and a late one does not run twice. One sealer at a time is what the advisory
# lock of `audit_seal_next` and that of the file see to, which end with whoever is killed; a lock of the job would outlive
# a killed worker until it is given up, and nothing would be sealed that long.
@app.periodic(cron="* * * * * */5", periodic_id="audit-seal")
@app.task(name="audit.seal", queueing_lock="audit.seal")
def seal_periodically(timestamp: int) -> None:
    """Run `seal`, and raise the alarm where rows wait nevertheless; `timestamp` is the moment for which it was planned."""
    seal()
    waiting = lag()
    if waiting > ALARM_SECONDS:
        log.error("The log of use is not sealed: its oldest row has waited for %.0f s. A long transaction?", waiting)


@app.periodic(cron="17 3 * * *", periodic_id="audit-make-partitions")
@app.task(name="audit.make_partitions", queueing_lock="audit.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Make the log's partitions of the coming year; `timestamp` is the moment for which it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_partitions()")
