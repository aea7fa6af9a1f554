"""What an app fetched of several people is told to each by what it could have got of that one on that day."""

from django.db import migrations

READER = """
DROP FUNCTION audit_of_person(uuid, timestamptz, timestamptz, bigint, smallint, text, uuid[], text[], integer);

-- Who has seen or changed a person's data, newest first. Answers only inside that person's own reach (oneself, a ward).
-- A bulk read counts when the person was known to the provider on that day and stood between its first and last id
-- (`by` person), or when it lists other rows than persons, where any of the provider's people may have been seen. People
-- with non-disclosure were left out unless the scope says otherwise. An app's bulk read of OneRoster also has those who
-- have left, as ids to be deleted. What was refused was not seen, and is not told.
-- `family` and `home_rules` tell which looks are at home: of one of these persons, by no other than these rules.
-- `kind` keeps looks at `home`, of `people` at work or of `apps`; NULL keeps all. The page goes on before (`until`, `below`).
-- `held_back` (audit/seen.py) says what no app gets: {"protected": topics, "gone": topics, "level": {topic: level}}.
CREATE FUNCTION audit_of_person(who uuid, since timestamptz, until timestamptz, below bigint, at_least smallint, kind text,
                                family uuid[], home_rules text[], held_back jsonb, at_most integer)
RETURNS TABLE (id bigint, at timestamptz, provider_id uuid, actor_id uuid, actor_name text, app_id uuid, role text,
               event text, purpose text, rule text, sensitivity smallint, earliest date, alone boolean, at_home boolean,
               places uuid[], seen text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
    mine uuid[]; kin uuid[]; under_order boolean; ever_ordered boolean; ever_left boolean; ending timestamptz;
    -- A change is stamped with the beginning of its transaction, and seen when that ends. Until it surely has, an app
    -- could still have got what was held before.
    open_for CONSTANT interval := '1 hour';
BEGIN
    IF who IS NULL OR NOT who = ANY (coalesce(nullif(current_setting('digione.persons', true), '')::uuid[], '{}')) THEN RETURN; END IF;
    -- Also what was seen under a record that was merged into this one. Two look-ups by key, where an OR would read every person.
    mine := ARRAY(SELECT s.alias FROM audit_subject s WHERE s.person_id = who
                  UNION ALL SELECT s.alias FROM audit_former f JOIN audit_subject s ON s.person_id = f.former_id WHERE f.person_id = who);
    kin := ARRAY(SELECT s.alias FROM audit_subject s WHERE s.person_id = ANY (family));
    ever_ordered := EXISTS (SELECT 1 FROM audit_protection p JOIN audit_subject s ON s.person_id = p.person_id WHERE s.alias = ANY (mine));
    ever_left := EXISTS (SELECT 1 FROM audit_link l JOIN audit_subject s ON s.person_id = l.person_id
                         WHERE s.alias = ANY (mine) AND l.valid_to < (now() AT TIME ZONE 'Europe/Helsinki')::date);
    under_order := EXISTS (SELECT 1 FROM audit_protection p WHERE p.person_id = who AND p.until = 'infinity');
    -- Without an end the partitions of the months to come would be looked into as well.
    ending := least(until, clock_timestamp() + interval '1 minute');
    RETURN QUERY
    -- What a bulk read is held against is looked up once, not for each of them. `records` are this person's, by alias.
    WITH records AS MATERIALIZED (
        SELECT s.alias, s.person_id FROM audit_subject s
        WHERE s.person_id = ANY (ARRAY(SELECT who UNION ALL SELECT f.former_id FROM audit_former f WHERE f.person_id = who))),
    orders AS MATERIALIZED (
        SELECT p.person_id, p.since + open_for AS since, p.until FROM audit_protection p
        WHERE p.person_id = ANY (ARRAY(SELECT r.person_id FROM records r))),
    links AS MATERIALIZED (
        SELECT l.person_id, l.provider_id, l.valid_to, l.since, l.until + open_for AS until FROM audit_link l
        WHERE l.person_id = ANY (ARRAY(SELECT r.person_id FROM records r))),
    present AS MATERIALIZED (
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
            OFFSET 0) x
        CROSS JOIN LATERAL (SELECT (x.at AT TIME ZONE 'Europe/Helsinki')::date AS day) asked
        WHERE (EXISTS (SELECT 1 FROM present p WHERE p.provider_id = x.provider_id AND asked.day BETWEEN p.valid_from AND p.valid_to)
               OR x.app_id IS NOT NULL AND x.scope ->> 'operation' NOT LIKE 'v1.%'
                  AND EXISTS (SELECT 1 FROM links l WHERE l.person_id = who AND l.provider_id = x.provider_id
                              AND l.valid_to < asked.day AND x.at >= l.since AND x.at < l.until))
          AND ((x.scope ->> 'disclosed')::boolean
               OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.person_id = who AND x.at >= o.since AND x.at < o.until))
          AND (x.scope ->> 'by' <> 'person' OR EXISTS (
              SELECT 1 FROM called a WHERE a.app_id = x.app_id
              AND a.sourced_id BETWEEN (x.scope ->> 'first')::uuid AND (x.scope ->> 'last')::uuid))),
    -- Whether an app got less of this person at that moment: of each of the records that the row is of. Most people were
    -- never under an order and never left, and theirs is asked of no row.
    got AS (
        SELECT n.*,
               n.app_id IS NOT NULL AND ever_ordered AND NOT EXISTS (
                   SELECT 1 FROM records r
                   WHERE (r.alias = n.subject OR r.alias = ANY (n.subjects) OR n.subject IS NULL AND n.subjects IS NULL AND r.person_id = who)
                     AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.person_id = r.person_id AND n.at >= o.since AND n.at < o.until))
                   AS was_protected,
               n.app_id IS NOT NULL AND n.provider_id IS NOT NULL AND ever_left AND NOT EXISTS (
                   SELECT 1 FROM records r JOIN links l ON l.person_id = r.person_id AND l.provider_id = n.provider_id
                   WHERE (r.alias = n.subject OR r.alias = ANY (n.subjects) OR n.subject IS NULL AND n.subjects IS NULL AND r.person_id = who)
                     AND n.at >= l.since AND n.at < l.until AND l.valid_to >= (n.at AT TIME ZONE 'Europe/Helsinki')::date)
                   AS had_left
        FROM named n),
    -- Of several people together the log has what was seen of any of them. To somebody who is under no order it must not
    -- tell that another one is: neither in words nor by the level. That somebody is known there is told by any row.
    named_for AS (
        SELECT n.*, CASE WHEN cut.topics IS NULL THEN n.sensitivity ELSE least(n.sensitivity, (
                       SELECT max((held_back -> 'level' ->> topic)::smallint) FROM unnest(cut.topics) topic)) END AS capped,
               CASE WHEN cut.topics IS NULL THEN n.seen ELSE array_to_string(cut.topics, ',') END AS left_over
        FROM got n CROSS JOIN LATERAL (
            SELECT CASE WHEN (n.was_protected OR n.had_left) AND n.seen IS NOT NULL THEN (
                SELECT coalesce(array_agg(topic ORDER BY place) FILTER (
                                    WHERE NOT (n.was_protected AND held_back -> 'protected' ? topic)
                                      AND NOT (n.had_left AND held_back -> 'gone' ? topic)), ARRAY['provider'])
                FROM unnest(string_to_array(n.seen, ',')) WITH ORDINALITY t (topic, place)) END AS topics) cut),
    told AS (
        SELECT n.*, (n.app_id IS NULL AND n.actor = ANY (kin) AND string_to_array(n.rule, ',') <@ home_rules) IS TRUE AS home,
               CASE WHEN hides THEN least(n.capped, 2::smallint) ELSE n.capped END AS level,
               CASE WHEN hides THEN nullif(array_to_string(array_remove(string_to_array(n.left_over, ','), 'protection'), ','), '')
                    ELSE n.left_over END AS shown
        FROM named_for n CROSS JOIN LATERAL (SELECT n.subject IS NULL AND NOT under_order AS hides) h),
    page AS (
        SELECT * FROM told t
        WHERE (t.at < until OR t.id < below) AND t.level >= at_least AND t.outcome = 'done'
          AND (kind IS NULL OR kind = CASE WHEN t.app_id IS NOT NULL THEN 'apps' WHEN t.home THEN 'home' ELSE 'people' END)
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
    dependencies = [("audit", "0008_others_orders")]
    operations = [migrations.RunSQL(READER, migrations.RunSQL.noop)]
