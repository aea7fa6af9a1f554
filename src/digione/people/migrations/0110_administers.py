"""The relation by which the main administrator may ask where a row comes from."""

from django.db import migrations

SQL = """
-- The provider's main administrator is bound to whom the provider knows today, for what tells no value: where data comes from.
CREATE VIEW people_administers WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, l.person_id, a.provider_id,
           greatest(a.valid_from, l.valid_from) AS valid_from, least(a.valid_to, l.valid_to) AS valid_to
    FROM people_staffassignment a
    JOIN people_providerperson l ON l.provider_id = a.provider_id
    WHERE a.role = 'administrator';
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0063_orders_in_time")]
    operations = [migrations.RunSQL(SQL, "DROP VIEW people_administers;")]
