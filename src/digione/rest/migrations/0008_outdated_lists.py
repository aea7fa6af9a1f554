"""Lets the folding of changes also remove the kept lists that a change has outdated: nobody would read them again.

The sum of a provider's changes only grows, so a list that was kept at a smaller sum stays outdated, whoever writes
meanwhile.
"""

from django.db import migrations

FOLD = """
    WITH crowded AS (
        SELECT provider_id FROM rest_roster_change GROUP BY 1 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM rest_roster_change r USING crowded c WHERE r.provider_id = c.provider_id RETURNING r.*
    ), kept AS (
        INSERT INTO rest_roster_change SELECT provider_id, sum(n) FROM gone GROUP BY 1
    )
    SELECT count(*) FROM gone
"""
OUTDATED = """
    DELETE FROM rest_kept_list l USING (SELECT provider_id, sum(n) AS n FROM rest_roster_change GROUP BY 1) now
    WHERE l.provider_id = now.provider_id AND l.changes < now.n;
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION rest_fold_roster_changes() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$ {} $f$
"""


class Migration(migrations.Migration):
    dependencies = [("rest", "0007_index_changes")]
    operations = [migrations.RunSQL(_FUNCTION.format(OUTDATED + FOLD), _FUNCTION.format(FOLD))]
