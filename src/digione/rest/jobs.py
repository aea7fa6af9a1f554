"""Housekeeping of the room: the count of changes by which totals of lists are kept, and calls and changes of long ago."""

from django.db import connection, transaction
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * * */30", periodic_id="rest-fold-roster-changes")
@app.task(name="rest.fold_roster_changes", queueing_lock="rest.fold_roster_changes")
def fold_roster_changes(timestamp: int) -> None:
    """Sum up the changes that writers have counted since the last time; `timestamp` is when it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rest_fold_roster_changes()")


@app.periodic(cron="17 * * * *", periodic_id="rest-forget-repeated-calls")
@app.task(name="rest.forget_repeated_calls", queueing_lock="rest.forget_repeated_calls")
def forget_repeated_calls(timestamp: int) -> None:
    """Forget the calls that nobody will make again; `timestamp` is when it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rest_forget_repeated_calls()")


@app.periodic(cron="43 2 * * *", periodic_id="rest-forget-changes")
@app.task(name="rest.forget_changes", queueing_lock="rest.forget_changes")
def forget_changes(timestamp: int) -> None:
    """Forget which transactions changed what long ago; `timestamp` is when it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rest_forget_changes()")
