-- The hot lane's change of one row, with history, event and log, for the endpoint <<path>>. NULL where the ordinary lane must
-- answer: a refusal, a version that is not the row's, or anything of which it is not certain here that it may be written.
-- Nothing has been written then. What the body says by itself (`told`) has been checked before.
DROP FUNCTION IF EXISTS v1_change_<<path>>(text, uuid, uuid, text[], jsonb, uuid, text);
CREATE FUNCTION v1_change_<<path>>(checksum text, supplier uuid, changed uuid, versions text[], told jsonb, event uuid, request text,
    OUT body text, OUT named text, OUT since timestamptz)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET jit = off AS $f$
#variable_conflict use_column
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    nothing text; who rest_reader; opened record; listed record; stands <<table>>; made <<table>>;
BEGIN
    nothing := set_config('digione.token', checksum, true);
    SELECT r.* INTO who FROM rest_reader r
    WHERE r.checksum = v1_change_<<path>>.checksum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF who.app_id IS NULL THEN SELECT k.* INTO who FROM rest_keep_reader(v1_change_<<path>>.checksum, now(), day) k; END IF;
    IF who.supplier_id IS DISTINCT FROM supplier THEN RETURN; END IF;
    nothing := set_config('digione.app', who.app_id::text, true);
    nothing := set_config('digione.supplier', who.supplier_id::text, true);
    SELECT count(*) AS places, (array_agg(g.place))[1] AS provider, bool_and(g.disclosed) AS disclosed,
           bool_and(g.read) AS read, bool_and(g.narrow) AS narrow INTO opened
    FROM (
        SELECT t.provider_id AS place, bool_and(t.non_disclosure_included) AS disclosed, bool_or('<<write>>' = ANY (t.scopes)) AS write,
               bool_or('<<read>>' = ANY (t.scopes)) AND '<<read>>' = ANY (who.scopes) AS read,
               bool_or('<<narrow>>' = ANY (t.scopes)) AND '<<narrow>>' = ANY (who.scopes) AS narrow
        FROM access_taking t
        WHERE t.app_id = who.app_id AND t.scopes && who.scopes AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day)
        GROUP BY t.provider_id) g
    WHERE g.write AND '<<write>>' = ANY (who.scopes);
    IF opened.places <> 1 OR NOT opened.read OR (NOT opened.narrow AND told ?| '<<closed>>') THEN RETURN; END IF;
    PERFORM oneroster_reach(opened.provider, who.app_id);
    SELECT <<alias>> AS whole, k.sourced_id, k.hidden INTO listed <<source>> AND <<key>> = changed FOR UPDATE OF <<alias>>;
    stands := listed.whole;
    IF stands.id IS NULL OR NOT (versions IS NULL OR <<version>> = ANY (versions)) THEN RETURN; END IF;
    made := jsonb_populate_record(stands, told);
    IF NOT (<<certain>>) THEN RETURN; END IF;
    IF (<<made>>) IS DISTINCT FROM (<<stands>>) THEN
        nothing := set_config('digione.reason', 'recorded by an app', true);
        UPDATE <<table>> SET <<set>>, kept_by = 'app:' || who.app_id WHERE provider_id = opened.provider AND id = changed
            RETURNING * INTO stands;
        INSERT INTO core_outbox (id, provider_id, type, subject, data)
        VALUES (event, opened.provider, 'studies.record_changed', changed, '{"resource": "<<resource>>"}');
    END IF;
    -- Of the row that has just been written: to find it and its person once more would cost as much as to write it.
    IF opened.narrow THEN
        SELECT <<all>>::text INTO body FROM (SELECT stands.*) <<alias>>, (SELECT listed.sourced_id, listed.hidden) k;
    ELSE
        SELECT <<some>>::text INTO body FROM (SELECT stands.*) <<alias>>, (SELECT listed.sourced_id, listed.hidden) k;
    END IF;
    named := array_to_string(ARRAY[<<references>>]::uuid[], ',', '');
    since := stands.sys_from;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, outcome, scope, request_id, seen)
    VALUES (opened.provider, who.app_id, 'app', 'rest.v1.services.change_row', 'study_rights.recorded', 'service', 'app-taken',
            (SELECT s.alias FROM audit_subject s WHERE s.person_id = stands.person_id),
            CASE WHEN opened.narrow THEN <<sensitivity_of_all>> ELSE <<sensitivity_of_some>> END, 'done', '{"operation": "v1.<<path>>"}', request,
            CASE WHEN opened.narrow THEN '<<seen_of_all>>' ELSE '<<seen_of_some>>' END);
END $f$;
