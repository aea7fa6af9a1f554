"""Housekeeping of the room: the count of changes by which totals of lists are kept."""

from django.db import connection, transaction
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * * */30", periodic_id="rest-fold-roster-changes")
@app.task(name="rest.fold_roster_changes", queueing_lock="rest.fold_roster_changes")
def fold_roster_changes(timestamp: int) -> None:
    """Sum up the changes that writers have counted since the last time; `timestamp` is when it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rest_fold_roster_changes()")
