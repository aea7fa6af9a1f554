"""The platform's list of identifiers that stand for one person here and for another there: ids alone, no names."""

from django.db import migrations

SQL = """
-- The case stands as long as a provider's own identifier of the one is today the national one of the other. Providers who
-- correct their data end it by that; nobody has to close it.
CREATE FUNCTION people_identifier_cases() RETURNS TABLE (
    id uuid, opened_at timestamptz, kind text,
    person_id uuid, provider_ids uuid[], other_person_id uuid, other_provider_ids uuid[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
#variable_conflict use_column
BEGIN
    PERFORM core_only_platform();
    RETURN QUERY SELECT d.id, d.sys_from, n.kind, n.person_id,
        ARRAY(SELECT l.provider_id FROM people_providerperson l WHERE l.person_id = n.person_id ORDER BY 1),
        o.person_id, array_agg(DISTINCT o.provider_id)
    FROM people_duplicatecase d
    JOIN people_identifier n ON n.person_id IN (d.person_id, d.other_person_id) AND n.provider_id IS NULL AND n.current
    JOIN people_identifier o ON o.kind = n.kind AND o.digest = n.digest AND o.provider_id IS NOT NULL AND o.current
        AND o.person_id IN (d.person_id, d.other_person_id) AND o.person_id <> n.person_id
    WHERE d.provider_id IS NULL AND d.status = 'open'
    GROUP BY d.id, d.sys_from, n.kind, n.person_id, o.person_id ORDER BY d.sys_from, d.id;
END $f$;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0052_audit_posts"), ("core", "0030_keys")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
