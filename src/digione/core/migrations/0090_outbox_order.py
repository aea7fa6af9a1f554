"""Followers of the outbox read in the order of transactions, and then of positions.

By positions alone one would be passed over: a transaction takes a position, another one that began earlier takes the next
and commits, and is served, since nothing older runs any more; the first one commits behind the follower's back.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0080_linked_at")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX core_outbox_order ON core_outbox (xid, position)", "DROP INDEX core_outbox_order"
        )
    ]
