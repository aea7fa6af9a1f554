"""When a source's id was linked to a row: by it an export tells under which id a row was handed out at a past moment."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("core", "0070_carried_rows")]
    operations = [
        # A constant default is no work for the rows that are there, however many; theirs was not noted.
        migrations.RunSQL(
            """
            ALTER TABLE core_sourcekey ADD COLUMN linked_at timestamptz NOT NULL DEFAULT 'epoch';
            ALTER TABLE core_sourcekey ALTER COLUMN linked_at SET DEFAULT statement_timestamp();
            """,
            "ALTER TABLE core_sourcekey DROP COLUMN linked_at;",
            state_operations=[
                migrations.AddField(
                    model_name="sourcekey",
                    name="linked_at",
                    field=models.DateTimeField(db_default=Now(), editable=False),
                )
            ],
        )
    ]
