"""Decisions about duplicate cases: the record that ended leads to the one that stays."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import digione.core.ids
from digione.core.tables import tenant_table

SUCCESSION = "id provider_id person_id successor_id case_id decided_at touched state sys_from".split()
DUPLICATES = (Path(__file__).resolve().parent.parent / "sql" / "duplicates.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("people", "0020_sources")]
    operations = [
        migrations.CreateModel(
            name="PersonSuccession",
            fields=[
                ("id", models.UUIDField(default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("sys_from", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("provider_id", models.UUIDField()),
                ("case_id", models.UUIDField()),
                ("decided_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("touched", models.JSONField(db_default={}, default=dict)),
                ("state", models.TextField(db_default="", default="")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="people.person")),
                ("successor", models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="people.person")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("provider_id", "person"), name="people_personsuccession_once"),
                    models.CheckConstraint(
                        condition=models.Q(("person", models.F("successor")), _negated=True), name="people_personsuccession_two"
                    ),
                ],
            },
        ),
        # Whoever reaches the record that stays may follow an old id to it: the person, and a guardian, too.
        *tenant_table("people_personsuccession", SUCCESSION, person="successor_id"),
        migrations.RunSQL(
            "ALTER TABLE people_personsuccession ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id);",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            DUPLICATES, "DROP VIEW audit_former; DROP FUNCTION people_linked_elsewhere(uuid, date); DROP VIEW people_decides_duplicate_of;"
        ),
    ]
