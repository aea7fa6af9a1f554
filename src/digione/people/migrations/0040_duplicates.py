"""Decisions about duplicate cases: the record that ended leads to the one that stays."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import digione.core.ids
from digione.core.tables import tenant_table

SUCCESSION = "id provider_id person_id successor_id case_id decided_at touched state sys_from".split()
DUPLICATES = """
-- Lent to `access`: an administrator is bound to the two persons of each duplicate case of the provider, and to nobody else.
CREATE VIEW people_decides_duplicate_of WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, concerned.person_id, a.provider_id, a.valid_from, a.valid_to
    FROM people_staffassignment a
    JOIN people_duplicatecase d ON d.provider_id = a.provider_id
    CROSS JOIN LATERAL (VALUES (d.person_id), (d.other_person_id)) concerned (person_id)
    WHERE a.role = 'administrator';

-- Whether a record is another provider's as well, today or later. It answers only about a person of a duplicate case
-- of the provider that asks, and only yes or no: never who.
CREATE FUNCTION people_linked_elsewhere(who uuid, day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT EXISTS (SELECT 1 FROM people_duplicatecase d
                   WHERE d.provider_id = nullif(current_setting('digione.provider', true), '')::uuid
                     AND who IN (d.person_id, d.other_person_id))
       AND EXISTS (SELECT 1 FROM people_providerperson l
                   WHERE l.person_id = who AND (l.valid_to IS NULL OR l.valid_to >= day)
                     AND l.provider_id <> nullif(current_setting('digione.provider', true), '')::uuid)
$f$;

-- The log of a record that was merged into another is the other's as well.
CREATE VIEW audit_former WITH (security_invoker = true) AS
    SELECT successor_id AS person_id, person_id AS former_id FROM people_personsuccession;
"""


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
