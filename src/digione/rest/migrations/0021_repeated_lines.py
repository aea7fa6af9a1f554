"""A call of many lines that is made again is answered with all rows that came of it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rest", "0020_change_feed")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE rest_repeated_call ADD COLUMN row_ids uuid[]",
            "ALTER TABLE rest_repeated_call DROP COLUMN row_ids",
        )
    ]
