"""What this room lends to `access`: the providers on the platform."""

from django.db import migrations

SQL = """
-- Lent to `access`: the education providers on the platform, as takings and apps name them.
CREATE VIEW access_provider WITH (security_invoker = true) AS
    SELECT p.id, o.oid, o.name, o.sort_key
    FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id;
"""


class Migration(migrations.Migration):
    dependencies = [("organisations", "0002_security"), ("access", "0003_security")]
    operations = [migrations.RunSQL(SQL, "DROP VIEW access_provider;")]
