"""What is told of a look at several people hides from each that another one is under a non-disclosure order."""

from django.db import migrations

READER = """
-- Who has seen or changed a person's data, newest first. Answers only inside that person's own reach (oneself, a ward).
-- A bulk read counts when the person was known to the provider on that day and stood between its first and last id
-- (`by` person), or when it lists other rows than persons, where any of the provider's people may have been seen. People
-- with non-disclosure were left out unless the scope says otherwise. What was refused was not seen, and is not told.
-- `family` and `home_rules` tell which looks are at home: of one of these persons, by no other than these rules.
-- `kind` keeps looks at `home`, of `people` at work or of `apps`; NULL keeps all. The page goes on before (`until`, `below`).
CREATE OR REPLACE FUNCTION audit_of_person(who uuid, since timestamptz, until timestamptz, below bigint, at_least smallint, kind text,
                                family uuid[], home_rules text[], at_most integer)
RETURNS TABLE (id bigint, at timestamptz, provider_id uuid, actor_id uuid, actor_name text, app_id uuid, role text,
               event text, purpose text, rule text, sensitivity smallint, earliest date, alone boolean, at_home boolean,
               places uuid[], seen text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE mine uuid[]; kin uuid[]; protected_since timestamptz; ending timestamptz;
BEGIN
    IF who IS NULL OR NOT who = ANY (coalesce(nullif(current_setting('digione.persons', true), '')::uuid[], '{}')) THEN RETURN; END IF;
    -- Also what was seen under a record that was merged into this one. Two look-ups by key, where an OR would read every person.
    mine := ARRAY(SELECT s.alias FROM audit_subject s WHERE s.person_id = who
                  UNION ALL SELECT s.alias FROM audit_former f JOIN audit_subject s ON s.person_id = f.former_id WHERE f.person_id = who);
    kin := ARRAY(SELECT s.alias FROM audit_subject s WHERE s.person_id = ANY (family));
    SELECT p.since INTO protected_since FROM audit_protection p WHERE p.person_id = who;
    -- Without an end the partitions of the months to come would be looked into as well.
    ending := least(until, clock_timestamp() + interval '1 minute');
    RETURN QUERY
    -- What a bulk read is held against is looked up once, not for each of them.
    WITH present AS MATERIALIZED (
        SELECT p.provider_id, p.valid_from, coalesce(p.valid_to, 'infinity') AS valid_to FROM audit_presence p WHERE p.person_id = who),
    called AS MATERIALIZED (SELECT a.app_id, a.sourced_id FROM audit_subject_of_app a WHERE a.person_id = who),
    named AS (
        SELECT x.* FROM audit_entry x WHERE x.subject = ANY (mine) AND x.at >= since AND x.at <= ending
        UNION ALL
        SELECT x.* FROM audit_entry x WHERE x.subjects && mine AND x.at >= since AND x.at <= ending
        UNION ALL
        SELECT x.* FROM (SELECT DISTINCT p.provider_id FROM present p) there
        CROSS JOIN LATERAL (
            SELECT b.* FROM audit_entry b
            WHERE b.provider_id = there.provider_id AND b.subject IS NULL AND b.subjects IS NULL AND b.scope ? 'by'
              AND b.outcome = 'done' AND b.at >= since AND b.at <= ending
              AND (protected_since IS NULL OR b.at < protected_since OR (b.scope ->> 'disclosed')::boolean)
            OFFSET 0) x
        WHERE EXISTS (SELECT 1 FROM present p WHERE p.provider_id = x.provider_id
                      AND (x.at AT TIME ZONE 'Europe/Helsinki')::date BETWEEN p.valid_from AND p.valid_to)
          AND (x.scope ->> 'by' <> 'person' OR EXISTS (
              SELECT 1 FROM called a WHERE a.app_id = x.app_id
              AND a.sourced_id BETWEEN (x.scope ->> 'first')::uuid AND (x.scope ->> 'last')::uuid))),
    -- Of several people together the log has what was seen of any of them. To somebody who is under no order it must not
    -- tell that another one is: neither in words nor by the level.
    named_for AS (
        SELECT n.*, CASE WHEN hides THEN least(n.sensitivity, 2::smallint) ELSE n.sensitivity END AS level,
               CASE WHEN hides THEN nullif(array_to_string(array_remove(string_to_array(n.seen, ','), 'protection'), ','), '')
                    ELSE n.seen END AS shown
        FROM named n CROSS JOIN LATERAL (SELECT n.subject IS NULL AND protected_since IS NULL AS hides) h),
    told AS (
        SELECT n.*, (n.app_id IS NULL AND n.actor = ANY (kin) AND string_to_array(n.rule, ',') <@ home_rules) IS TRUE AS home
        FROM named_for n
        WHERE (n.at < until OR n.id < below) AND n.level >= at_least AND n.outcome = 'done'),
    page AS (
        SELECT * FROM told t
        WHERE kind IS NULL OR kind = CASE WHEN t.app_id IS NOT NULL THEN 'apps' WHEN t.home THEN 'home' ELSE 'people' END
        ORDER BY t.at DESC, t.id DESC LIMIT at_most)
    SELECT e.id, e.at, e.provider_id, s.person_id, s.shown_name, e.app_id, e.role, e.event, e.purpose, e.rule, e.level,
           e.earliest, e.subject IS NOT NULL, e.home, held.places, e.shown
    FROM page e
    LEFT JOIN audit_subject s ON s.alias = e.actor
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT p.organisation_id) AS places FROM audit_post p
        WHERE p.person_id = s.person_id AND p.provider_id = e.provider_id AND p.role = e.role
          AND (e.at AT TIME ZONE 'Europe/Helsinki')::date BETWEEN p.valid_from AND coalesce(p.valid_to, 'infinity')) held ON true
    ORDER BY e.at DESC, e.id DESC;
END $f$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_audit_seen")]
    operations = [migrations.RunSQL(READER, migrations.RunSQL.noop)]
