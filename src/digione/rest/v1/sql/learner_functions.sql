-- One learner's document, made from the rows, for whoever has the reach of the app at the provider. `person` is empty where
-- the app may not list the person, and where the person has no study right there.
DROP FUNCTION IF EXISTS v1_learner_made(uuid, uuid, uuid, date, boolean, integer);
CREATE FUNCTION v1_learner_made(learner uuid, provider uuid, supplier uuid, today date, disclosed boolean, opened integer,
    OUT person uuid, OUT alias uuid, OUT body text, OUT sealed bytea, OUT earliest date, OUT tag text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $f$
#variable_conflict use_column
DECLARE k record; rights uuid[]; studied uuid[]; part text; parts text[] := '{}';
BEGIN
    SELECT k.sourced_id, k.person_id, k.hidden AS hidden, p.audit_alias INTO k
    FROM access_listing k JOIN people_person p ON p.id = k.person_id
    WHERE k.supplier_id = <<supplier>> AND k.provider_id = <<provider>> AND k.sourced_id = learner
      AND (<<disclosed>> OR NOT k.hidden) AND <<still_here>>;
    IF NOT FOUND THEN RETURN; END IF;
    rights := ARRAY(SELECT r.id FROM studies_studyright r WHERE r.provider_id = <<provider>> AND r.person_id = k.person_id);
    IF cardinality(rights) = 0 THEN RETURN; END IF;
    IF opened & <<studied>> = <<studied>> THEN
        studied := ARRAY(SELECT a.id FROM studies_attainment a WHERE a.provider_id = <<provider>> AND a.study_right_id = ANY (rights));
    END IF;
    sealed := '';
<<parts>>
    person := k.person_id;
    alias := k.audit_alias;
    body := array_to_string(parts, E'\x02');
    -- The ids of two suppliers differ, and so do the tags, of which one must not tell that the learner is the other's.
    tag := left(encode(sha256(convert_to(body || supplier || learner, 'UTF8') || sealed), 'hex'), 32);
END $f$;

-- One learner's document: the kept one, or one made now, and kept where nobody is changing the provider's studies or people
-- at this moment.
DROP FUNCTION IF EXISTS v1_learner_document(uuid, uuid, uuid, date, boolean, integer);
CREATE FUNCTION v1_learner_document(learner uuid, provider uuid, supplier uuid, today date, disclosed boolean, opened integer)
RETURNS SETOF rest_learner_document LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE made rest_learner_document; alone boolean;
BEGIN
    SELECT d.* INTO made FROM rest_learner_document d
    WHERE d.supplier_id = supplier AND d.provider_id = provider AND d.sourced_id = learner
      AND d.disclosed = v1_learner_document.disclosed AND d.opened = v1_learner_document.opened AND d.on_day = today;
    IF made.body IS NULL THEN
        alone := pg_try_advisory_xact_lock(hashtext('rest_learner_document'), hashtext(provider::text));
        -- Made after the lock: a change that was committed before it is in.
        SELECT supplier, provider, learner, v1_learner_document.disclosed, v1_learner_document.opened, m.person, m.alias, m.body, m.sealed, m.tag,
               <<secret>>, <<sensitivity>>, <<seen>>, m.earliest, today
            INTO made FROM v1_learner_made(learner, provider, supplier, today, v1_learner_document.disclosed, v1_learner_document.opened) m;
        IF made.person_id IS NULL THEN RETURN; END IF;
        IF alone THEN
            INSERT INTO rest_learner_document SELECT (made).* ON CONFLICT (supplier_id, provider_id, sourced_id, disclosed, opened) DO UPDATE SET
                person_id = excluded.person_id, alias = excluded.alias, body = excluded.body, sealed = excluded.sealed, tag = excluded.tag,
                secret = excluded.secret, sensitivity = excluded.sensitivity, seen = excluded.seen, earliest = excluded.earliest, on_day = excluded.on_day;
        END IF;
    END IF;
    RETURN NEXT made;
END $f$;

-- The hot lane's one learner, audited; NULL where the ordinary lane must answer: a refusal, or an app of several providers.
DROP FUNCTION IF EXISTS v1_learner(text, uuid, text);
CREATE FUNCTION v1_learner(checksum text, learner uuid, request text DEFAULT NULL,
    OUT body text, OUT sealed bytea, OUT supplier uuid, OUT tag text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    nothing text; who rest_reader; told rest_learner_document;
BEGIN
    nothing := set_config('digione.token', checksum, true);
    SELECT r.* INTO who FROM rest_reader r
    WHERE r.checksum = v1_learner.checksum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF who.app_id IS NULL THEN SELECT k.* INTO who FROM rest_keep_reader(v1_learner.checksum, now(), day) k; END IF;
    IF who.learners_at IS NULL THEN RETURN; END IF;
    nothing := set_config('digione.supplier', who.supplier_id::text, true);
    -- What is kept is of somebody whom the supplier may list: `rest_forget_by_listing` sees to it.
    SELECT d.* INTO told FROM rest_learner_document d
    WHERE d.supplier_id = who.supplier_id AND d.provider_id = who.learners_at AND d.sourced_id = learner
      AND d.disclosed = who.learners_disclosed AND d.opened = who.learners_opened AND d.on_day = day;
    IF told.body IS NULL THEN
        nothing := set_config('digione.app', who.app_id::text, true);
        PERFORM oneroster_reach(who.learners_at, who.app_id);
        SELECT d.* INTO told FROM v1_learner_document(learner, who.learners_at, who.supplier_id, day, who.learners_disclosed, who.learners_opened) d;
        IF told.body IS NULL THEN RETURN; END IF;
    END IF;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, earliest, outcome, scope, request_id, seen)
    VALUES (who.learners_at, who.app_id, 'app',
            CASE WHEN told.secret THEN 'rest.v1.learner_selectors.read_learner_secrets' ELSE 'rest.v1.learner_selectors.read_learner' END,
            CASE WHEN told.secret THEN 'study_secrets.read' ELSE 'study_rights.read' END, 'service', 'app-taken',
            told.alias, told.sensitivity, told.earliest, 'done', '{"operation": "v1.learners", "count": 1}', request, told.seen);
    body := told.body;
    sealed := told.sealed;
    supplier := who.supplier_id;
    tag := told.tag;
END $f$;

-- The hot lane's learners who were asked for at the same time by one token, as `v1_learner` answers each: those that are
-- kept, by their place in `learners`. The log has a row for each. Whoever is not among them is asked for alone.
DROP FUNCTION IF EXISTS v1_learners_kept(text, uuid[], text[]);
CREATE FUNCTION v1_learners_kept(checksum text, learners uuid[], requests text[] DEFAULT NULL)
RETURNS TABLE (n bigint, body text, sealed bytea, supplier uuid, tag text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    nothing text; who rest_reader;
BEGIN
    nothing := set_config('digione.token', checksum, true);
    SELECT r.* INTO who FROM rest_reader r
    WHERE r.checksum = v1_learners_kept.checksum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF who.learners_at IS NULL THEN RETURN; END IF;
    nothing := set_config('digione.supplier', who.supplier_id::text, true);
    RETURN QUERY
    WITH kept AS MATERIALIZED (
        SELECT asked.n, asked.request, d.*
        FROM unnest(learners, requests) WITH ORDINALITY asked (id, request, n)
        CROSS JOIN LATERAL (
            SELECT * FROM rest_learner_document d
            WHERE d.supplier_id = who.supplier_id AND d.provider_id = who.learners_at AND d.sourced_id = asked.id
              AND d.disclosed = who.learners_disclosed AND d.opened = who.learners_opened AND d.on_day = day LIMIT 1) d
    ), noted AS (
        INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, earliest, outcome, scope, request_id, seen)
        SELECT who.learners_at, who.app_id, 'app',
               CASE WHEN k.secret THEN 'rest.v1.learner_selectors.read_learner_secrets' ELSE 'rest.v1.learner_selectors.read_learner' END,
               CASE WHEN k.secret THEN 'study_secrets.read' ELSE 'study_rights.read' END, 'service', 'app-taken',
               k.alias, k.sensitivity, k.earliest, 'done', '{"operation": "v1.learners", "count": 1}', k.request, k.seen
        FROM kept k)
    SELECT k.n, k.body, k.sealed, k.supplier_id, k.tag FROM kept k;
END $f$;
