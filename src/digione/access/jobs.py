"""Housekeeping of the room: the counts by which long lists are paged."""

from django.db import connection, transaction
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * * */30", periodic_id="access-fold-page-buckets")
@app.task(name="access.fold_page_buckets", queueing_lock="access.fold_page_buckets")
def fold_page_buckets(timestamp: int) -> None:
    """Sum up what writers have added to the counts since the last time; `timestamp` is when it was planned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT access_fold_page_buckets()")
