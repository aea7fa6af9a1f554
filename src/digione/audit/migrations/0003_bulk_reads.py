"""A bulk read names no persons; who has viewed is told by its scope, resolved through what is kept of the past.

And partitions are made in time, for as long as the platform runs.
"""

from django.db import migrations

SQL = """
CREATE INDEX audit_entry_bulk ON audit_entry (provider_id, at) WHERE subject IS NULL AND subjects IS NULL AND scope ? 'by';

-- Who has seen or changed a person's data, newest first. Answers only inside that person's own reach (oneself, a ward).
-- A bulk read counts when the person was known to the provider on that day and stood between its first and last id
-- (`by` person), or when it lists other rows than persons, where any of the provider's people may have been seen. People
-- with non-disclosure were left out unless the scope says otherwise.
CREATE OR REPLACE FUNCTION audit_of_person(who uuid, since timestamptz, at_most integer)
RETURNS TABLE (at timestamptz, provider_id uuid, actor_id uuid, actor_name text, app_id uuid, role text, event text,
               purpose text, rule text, outcome text, earliest date, in_bulk boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE mine uuid[]; protected_since timestamptz;
BEGIN
    IF who IS NULL OR NOT who = ANY (coalesce(nullif(current_setting('digione.persons', true), '')::uuid[], '{}')) THEN RETURN; END IF;
    -- Also what was seen under a record that was merged into this one.
    mine := ARRAY(SELECT s.alias FROM audit_subject s WHERE s.person_id = who
                  OR s.person_id IN (SELECT f.former_id FROM audit_former f WHERE f.person_id = who));
    SELECT p.since INTO protected_since FROM audit_protection p WHERE p.person_id = who;
    RETURN QUERY
    SELECT e.at, e.provider_id, s.person_id, s.shown_name, e.app_id, e.role, e.event, e.purpose, e.rule, e.outcome, e.earliest, e.subject IS NULL
    FROM (SELECT * FROM audit_entry x WHERE x.subject = ANY (mine) AND x.at >= since
          UNION ALL
          SELECT * FROM audit_entry x WHERE x.subjects && mine AND x.at >= since
          UNION ALL
          SELECT x.* FROM audit_entry x
          WHERE x.subject IS NULL AND x.subjects IS NULL AND x.scope ? 'by' AND x.outcome = 'done' AND x.at >= since
            AND EXISTS (SELECT 1 FROM audit_presence p WHERE p.person_id = who AND p.provider_id = x.provider_id
                        AND (x.at AT TIME ZONE 'Europe/Helsinki')::date BETWEEN p.valid_from AND coalesce(p.valid_to, 'infinity'))
            AND (protected_since IS NULL OR x.at < protected_since OR (x.scope ->> 'disclosed')::boolean)
            AND (x.scope ->> 'by' <> 'person' OR EXISTS (
                SELECT 1 FROM audit_subject_of_app a WHERE a.app_id = x.app_id AND a.person_id = who
                AND a.sourced_id BETWEEN (x.scope ->> 'first')::uuid AND (x.scope ->> 'last')::uuid))) e
    LEFT JOIN audit_subject s ON s.alias = e.actor
    ORDER BY e.at DESC LIMIT at_most;
END $f$;

-- Makes the partitions of this month and the next twelve, as the owner. What comes before one is made waits in the default.
CREATE FUNCTION audit_make_partitions() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT audit_make_partition((date_trunc('month', now()) + n * interval '1 month')::date) FROM generate_series(0, 12) n
$f$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_columns")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
