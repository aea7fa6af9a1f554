"""A second, coarser level of counts, so that a jump reads 48 counts of a provider instead of 512."""

from django.db import migrations

SQL = """
-- Both levels of an id: its bucket (nine bits, 0 to 511) and, from 512 on, the sixteen groups of 32 buckets.
CREATE FUNCTION access_bucket_levels(sourced uuid) RETURNS SETOF integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2 AS $f$
    SELECT access_bucket(sourced) UNION ALL SELECT 512 + (access_bucket(sourced) >> 5)
$f$;
CREATE OR REPLACE FUNCTION access_count_listed() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT r.supplier_id, r.provider_id, level, r.hidden, count(*)
        FROM new_rows r CROSS JOIN LATERAL access_bucket_levels(r.sourced_id) level GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT r.supplier_id, r.provider_id, level, r.hidden, -count(*)
        FROM old_rows r CROSS JOIN LATERAL access_bucket_levels(r.sourced_id) level GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT m.supplier_id, m.provider_id, level, m.hidden, sum(m.n)
        FROM (SELECT supplier_id, provider_id, sourced_id, hidden, 1 AS n FROM new_rows
              UNION ALL
              SELECT supplier_id, provider_id, sourced_id, hidden, -1 FROM old_rows) m
        CROSS JOIN LATERAL access_bucket_levels(m.sourced_id) level
        GROUP BY 1, 2, 3, 4 HAVING sum(m.n) <> 0;
    END IF;
    RETURN NULL;
END $f$;
INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
SELECT supplier_id, provider_id, 512 + (bucket >> 5), hidden, sum(n) FROM access_page_bucket GROUP BY 1, 2, 3, 4;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0011_narrow_writes")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
