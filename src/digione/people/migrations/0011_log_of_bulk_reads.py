"""What the log needs to tell whom a bulk read concerned: where somebody was known when, and since when protected."""

from django.db import migrations

SQL = """
CREATE VIEW audit_presence WITH (security_invoker = true) AS
    SELECT person_id, provider_id, valid_from, valid_to FROM people_providerperson
    UNION ALL
    SELECT person_id, provider_id, valid_from, least(valid_to, (sys_to AT TIME ZONE 'Europe/Helsinki')::date)
    FROM people_providerperson_history;
CREATE VIEW audit_protection WITH (security_invoker = true) AS
    SELECT p.id AS person_id, coalesce((SELECT max(h.sys_to) FROM people_person_history h WHERE h.id = p.id AND NOT h.non_disclosure),
                                       '-infinity') AS since
    FROM people_person p WHERE p.non_disclosure;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0010_guardians_and_links")]
    operations = [migrations.RunSQL(SQL, "DROP VIEW audit_protection; DROP VIEW audit_presence;")]
