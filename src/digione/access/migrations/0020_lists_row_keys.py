"""The key by which a supplier's ids of rows are made, from the secret that already makes its ids of persons.

Only the supplier in whose name the transaction runs is answered for, and never with the secret itself.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION access_row_key() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT substring(sha256('rows:'::bytea || s.subject_secret) FROM 1 FOR 16) FROM access_supplier s
    WHERE s.id = nullif(current_setting('digione.supplier', true), '')::uuid
$f$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0013_log_of_bulk_reads")]
    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION access_row_key()")]
