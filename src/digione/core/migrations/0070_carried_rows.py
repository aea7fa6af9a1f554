"""What sources say and the open data model has no place for yet is carried: kept by provider, source, file and its own id.

The rows may be about anybody (results, profiles), and no role reads them: they are seen and written by their provider
alone, which only the import acts as. They name people by the source's ids, so that a person's own reach opens none.
"""

import django.db.models.functions
from django.db import migrations, models

import digione.core.ids
from digione.core.tables import tenant_table

COLUMNS = "id provider_id source version file key cells row_hash valid_from valid_to sys_from".split()


class Migration(migrations.Migration):
    dependencies = [("core", "0060_reconc_register_runs")]
    operations = [
        migrations.CreateModel(
            name="CarriedRow",
            fields=[
                (
                    "id",
                    models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "sys_from",
                    models.DateTimeField(db_default=django.db.models.functions.Now(), editable=False),
                ),
                ("provider_id", models.UUIDField()),
                ("source", models.TextField()),
                ("version", models.TextField()),
                ("file", models.TextField()),
                ("key", models.TextField()),
                ("cells", models.JSONField()),
                ("row_hash", models.BinaryField()),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["provider_id", "source", "file", "key"], name="core_carriedrow_once"
                    )
                ],
            },
        ),
        *tenant_table("core_carriedrow", COLUMNS),
    ]
