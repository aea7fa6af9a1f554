"""Indexes by which a page of what hangs on study rights is found (see `0010_pages`)."""

from django.db import migrations

PAGED = ("studies_studyrightstate", "studies_studyrightextra", "studies_assessment")
BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


class Migration(migrations.Migration):
    dependencies = [("rest", "0013_class_seen"), ("studies", "0081_study_rights_secured")]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {table}_page ON {table} (provider_id, id) WHERE id > '{BEFORE_ALL}'",
            f"DROP INDEX {table}_page",
        )
        for table in PAGED
    ]
