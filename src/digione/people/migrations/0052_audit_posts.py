"""What the log needs to tell who has looked: where somebody worked when; and to find whom an alias names."""

from django.db import migrations

SQL = """
CREATE VIEW audit_post WITH (security_invoker = true) AS
    SELECT person_id, provider_id, organisation_id, role, valid_from, valid_to FROM people_staffassignment
    UNION ALL
    SELECT person_id, provider_id, organisation_id, role, valid_from, least(valid_to, (sys_to AT TIME ZONE 'Europe/Helsinki')::date)
    FROM people_staffassignment_history;
CREATE UNIQUE INDEX people_person_audit_alias ON people_person (audit_alias);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0050_house_lent")]
    operations = [migrations.RunSQL(SQL, "DROP INDEX people_person_audit_alias; DROP VIEW audit_post;")]
