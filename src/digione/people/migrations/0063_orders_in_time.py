"""What the log needs to tell what an app could have got of somebody: when an order held, and when a provider had them."""

from django.db import migrations

SQL = """
DROP VIEW audit_protection;
-- When somebody was under a non-disclosure order: one row for each version of the person that was, from the end of the
-- last version that was not.
CREATE VIEW audit_protection WITH (security_invoker = true) AS
    SELECT w.person_id, w.since, w.until FROM (
        SELECT v.id AS person_id, v.non_disclosure, v.until,
               coalesce(max(v.until) FILTER (WHERE NOT v.non_disclosure)
                   OVER (PARTITION BY v.id ORDER BY v.until, v.sys_from ROWS UNBOUNDED PRECEDING), '-infinity') AS since
        FROM (SELECT id, non_disclosure, sys_from, 'infinity'::timestamptz AS until FROM people_person
              UNION ALL SELECT id, non_disclosure, sys_from, sys_to FROM people_person_history) v) w
    WHERE w.non_disclosure;
-- What was held at which time of a provider's link to somebody: until which day it lasts.
CREATE VIEW audit_link WITH (security_invoker = true) AS
    SELECT person_id, provider_id, coalesce(valid_to, 'infinity') AS valid_to, sys_from AS since, 'infinity'::timestamptz AS until
    FROM people_providerperson
    UNION ALL
    SELECT person_id, provider_id, coalesce(valid_to, 'infinity'), sys_from, sys_to FROM people_providerperson_history;
"""
BACK = """
DROP VIEW audit_link; DROP VIEW audit_protection;
CREATE VIEW audit_protection WITH (security_invoker = true) AS
    SELECT p.id AS person_id, coalesce((SELECT max(h.sys_to) FROM people_person_history h WHERE h.id = p.id AND NOT h.non_disclosure),
                                       '-infinity') AS since
    FROM people_person p WHERE p.non_disclosure;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0062_links_counted"), ("audit", "0009_held_back")]
    operations = [migrations.RunSQL(SQL, BACK)]
