-- The app behind a token, one row for each provider that has taken it; a row without provider when none has.
-- No row: the token is unknown, has ended, or belongs to no app. Sets the app's reach for the transaction.
-- Of several takings the scopes add up, but people with non-disclosure are included only where every one includes
-- them: what one agreement opens about them must not be read with the scopes of another.
DROP FUNCTION IF EXISTS oneroster_app(text, timestamptz, date);
CREATE FUNCTION oneroster_app(checksum text, at timestamptz, day date)
RETURNS TABLE (app_id uuid, supplier_id uuid, provider_id uuid, scopes text[], disclosed boolean)
LANGUAGE plpgsql AS $f$
#variable_conflict use_column
DECLARE app uuid; supplier uuid; carried text[];
BEGIN
    SELECT a.id, a.supplier_id, string_to_array(t.scope, ' ') INTO app, supplier, carried
    FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    WHERE t.token_checksum = checksum AND t.expires > at;
    IF app IS NULL THEN RETURN; END IF;
    PERFORM set_config('digione.app', app::text, true), set_config('digione.supplier', supplier::text, true);
    RETURN QUERY
        SELECT app, supplier, t.provider_id, array_agg(DISTINCT granted.scope), bool_and(t.non_disclosure_included)
        FROM access_taking t
        CROSS JOIN LATERAL (SELECT unnest(t.scopes) AS scope INTERSECT SELECT unnest(carried)) granted
        WHERE t.app_id = app AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day)
        GROUP BY t.provider_id ORDER BY t.provider_id;
    IF NOT FOUND THEN RETURN QUERY SELECT app, supplier, NULL::uuid, '{}'::text[], false; END IF;
END $f$;

-- What users look like on a day, made from the rows. Left to itself, PostgreSQL would plan each call anew.
DROP FUNCTION IF EXISTS oneroster_made(uuid[], uuid, uuid, date, boolean);
CREATE FUNCTION oneroster_made(ids uuid[], provider uuid, supplier uuid, today date, disclosed boolean)
RETURNS SETOF rest_user_document LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE persons uuid[] := (<<persons>>);
BEGIN
    RETURN QUERY
    SELECT supplier, provider, asked.id, oneroster_made.disclosed, k.person_id, p.audit_alias, left(<<json>>::text, -1),
           coalesce(',"email":' || to_json(<<email>>), ''), today, r.turns
    FROM unnest(oneroster_made.ids) AS asked (id) <<bodies>>;
END $f$;

-- The documents of users: the kept ones that hold on the day, and the others made now, and kept where nobody is
-- changing the provider's people at this moment.
DROP FUNCTION IF EXISTS oneroster_documents(uuid[], uuid, uuid, date, boolean);
CREATE FUNCTION oneroster_documents(ids uuid[], provider uuid, supplier uuid, today date, disclosed boolean)
RETURNS SETOF rest_user_document LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE absent uuid[]; made rest_user_document[];
BEGIN
    SELECT array_agg(a.id ORDER BY a.id) INTO absent FROM unnest(oneroster_documents.ids) AS a (id)
    WHERE NOT EXISTS (
        SELECT 1 FROM rest_user_document d WHERE d.supplier_id = supplier AND d.provider_id = provider
        AND d.sourced_id = a.id AND d.disclosed = oneroster_documents.disclosed
        AND d.first_day <= today AND (d.next_day IS NULL OR d.next_day > today));
    IF absent IS NOT NULL THEN
        IF pg_try_advisory_xact_lock(hashtext('rest_user_document'), hashtext(provider::text)) THEN
            -- Made after the lock: a change that was committed before it is in.
            SELECT array_agg(m) INTO made FROM oneroster_made(absent, provider, supplier, today, oneroster_documents.disclosed) m;
            INSERT INTO rest_user_document SELECT * FROM unnest(made)
            ON CONFLICT (supplier_id, provider_id, sourced_id, disclosed) DO UPDATE SET
                person_id = excluded.person_id, alias = excluded.alias, body = excluded.body, email = excluded.email,
                first_day = excluded.first_day, next_day = excluded.next_day;
        ELSE
            SELECT array_agg(m) INTO made FROM oneroster_made(absent, provider, supplier, today, oneroster_documents.disclosed) m;
        END IF;
    END IF;
    RETURN QUERY
    SELECT d.* FROM unnest(oneroster_documents.ids) AS a (id)
    JOIN rest_user_document d ON d.supplier_id = supplier AND d.provider_id = provider AND d.sourced_id = a.id
        AND d.disclosed = oneroster_documents.disclosed AND d.first_day <= today AND (d.next_day IS NULL OR d.next_day > today)
    WHERE absent IS NULL OR d.sourced_id <> ALL (absent)
    UNION ALL SELECT * FROM unnest(made);
END $f$;

-- The JSON of users, for the ordinary operations.
DROP FUNCTION IF EXISTS oneroster_users(uuid[], uuid, uuid, date, text, boolean, boolean);
CREATE FUNCTION oneroster_users(ids uuid[], provider uuid, supplier uuid, today date, base text, disclosed boolean, contact boolean)
RETURNS TABLE (id uuid, body text, person uuid) LANGUAGE sql AS $f$
    SELECT d.sourced_id, replace(d.body || CASE WHEN oneroster_users.contact THEN d.email ELSE '' END || '}', '@@base@@', oneroster_users.base), d.person_id
    FROM unnest(oneroster_users.ids) WITH ORDINALITY AS asked (id, n)
    JOIN oneroster_documents(oneroster_users.ids, provider, supplier, today, oneroster_users.disclosed) d ON d.sourced_id = asked.id
    ORDER BY asked.n
$f$;

-- The reach of an app at a provider, for the rest of the transaction.
DROP FUNCTION IF EXISTS oneroster_reach(uuid, uuid);
CREATE FUNCTION oneroster_reach(provider uuid, app uuid) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM set_config('digione.provider', provider::text, true), set_config('digione.persons', '', true),
           set_config('digione.actor', app::text, true), set_config('digione.register', '', true);
END $f$;

-- The hot lane's one user, audited; NULL where the ordinary lane must answer: a refusal, or a person of several providers.
DROP FUNCTION IF EXISTS oneroster_user(text, uuid, text);
CREATE FUNCTION oneroster_user(checksum text, asked_id uuid, base text DEFAULT '')
RETURNS text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    app uuid; supplier uuid; carried text[]; nothing text;
    places bigint; provider uuid; includes boolean; contact boolean; alias uuid; body text; email text;
BEGIN
    -- The reach is set in the statement that finds the app, since every statement of a function costs.
    SELECT a.id, a.supplier_id, string_to_array(t.scope, ' '), set_config('digione.app', a.id::text, true)
        || set_config('digione.supplier', a.supplier_id::text, true) INTO app, supplier, carried, nothing
    FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    WHERE t.token_checksum = checksum AND t.expires > now();
    IF app IS NULL THEN RETURN NULL; END IF;
    SELECT count(*) OVER (), k.provider_id, g.disclosed, g.contact, d.alias, d.body, d.email
        INTO places, provider, includes, contact, alias, body, email
    FROM access_listing k
    CROSS JOIN LATERAL (
        SELECT bool_and(t.non_disclosure_included) AS disclosed,
               bool_or('<<roster>>' = ANY (t.scopes) AND '<<roster>>' = ANY (carried)) AS contact,
               bool_or('<<core>>' = ANY (t.scopes) AND '<<core>>' = ANY (carried)) AS core
        FROM access_taking t
        WHERE t.app_id = app AND t.provider_id = k.provider_id AND t.scopes && carried
          AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day)) g
    LEFT JOIN rest_user_document d ON d.supplier_id = k.supplier_id AND d.provider_id = k.provider_id
        AND d.sourced_id = k.sourced_id AND d.disclosed = g.disclosed
        AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day)
    WHERE k.supplier_id = supplier AND k.sourced_id = asked_id AND (g.contact OR g.core)
      AND (g.disclosed OR NOT k.hidden);
    IF places IS DISTINCT FROM 1 THEN RETURN NULL; END IF;
    IF body IS NULL THEN
        PERFORM oneroster_reach(provider, app);
        SELECT d.alias, d.body, d.email INTO alias, body, email
        FROM oneroster_documents(ARRAY[asked_id], provider, supplier, day, includes) d;
        IF body IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, outcome, scope)
    VALUES (provider, app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
            alias, 1, 'done', '{"operation": "getUser", "count": 1}');
    RETURN '{"user":' || replace(body || CASE WHEN contact THEN email ELSE '' END || '}}', '@@base@@', base);
END $f$;

-- Where a page begins: the lowest id of the bucket that holds the row after `past` others, how many rows stand before
-- that bucket, and how many there are in all. Groups of buckets first, then the buckets of one group.
DROP FUNCTION IF EXISTS oneroster_jump(uuid, uuid, boolean, bigint);
CREATE FUNCTION oneroster_jump(supplier uuid, provider uuid, disclosed boolean, past bigint, OUT total bigint, OUT lowest uuid, OUT before bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $f$
DECLARE level integer; ahead bigint;
BEGIN
    SELECT coalesce(sum(b.n), 0) INTO total FROM access_page_bucket b
    WHERE b.supplier_id = supplier AND b.provider_id = provider AND b.bucket >= 512 AND (disclosed OR NOT b.hidden);
    lowest := '00000000-0000-0000-0000-000000000000';
    before := 0;
    IF past = 0 OR past >= total THEN RETURN; END IF;
    SELECT max(c.bucket), max(c.ahead) INTO level, before FROM (
        SELECT b.bucket, sum(sum(b.n)) OVER (ORDER BY b.bucket) - sum(b.n) AS ahead FROM access_page_bucket b
        WHERE b.supplier_id = supplier AND b.provider_id = provider AND b.bucket >= 512 AND (disclosed OR NOT b.hidden)
        GROUP BY b.bucket HAVING sum(b.n) > 0) c
    WHERE c.ahead <= past;
    SELECT max(c.bucket), max(c.ahead) INTO level, ahead FROM (
        SELECT b.bucket, sum(sum(b.n)) OVER (ORDER BY b.bucket) - sum(b.n) AS ahead FROM access_page_bucket b
        WHERE b.supplier_id = supplier AND b.provider_id = provider AND (disclosed OR NOT b.hidden)
          AND b.bucket BETWEEN (level - 512) * 32 AND (level - 512) * 32 + 31
        GROUP BY b.bucket HAVING sum(b.n) > 0) c
    WHERE c.ahead <= past - before;
    before := before + ahead;
    lowest := (lpad(to_hex(level << 7), 4, '0') || repeat('0', 28))::uuid;
END $f$;

-- A run of a provider's users in the order of their ids, from `start` on (or after it), `skip` of them left out.
DROP FUNCTION IF EXISTS oneroster_run(uuid, uuid, date, boolean, boolean, text, uuid, boolean, bigint, integer);
CREATE FUNCTION oneroster_run(supplier uuid, provider uuid, day date, disclosed boolean, contact boolean, base text,
    start uuid, after boolean, skip bigint, size integer,
    OUT held bigint, OUT body text, OUT aliases uuid[], OUT first uuid, OUT last uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE ids uuid[]; found_bodies bigint;
BEGIN
    -- The rows come sorted, so that they are joined to one text as they come; the address is put in once for all.
    SELECT count(*), count(r.body), array_agg(r.sourced_id), array_agg(r.alias),
           replace(string_agg(r.body || CASE WHEN contact THEN r.email ELSE '' END || '}', ','), '@@base@@', base)
        INTO held, found_bodies, ids, aliases, body
    FROM (
        SELECT page.sourced_id, d.alias, d.body, d.email
        FROM (
            SELECT k.sourced_id FROM access_listing k
            WHERE k.supplier_id = supplier AND k.provider_id = provider AND (disclosed OR NOT k.hidden)
              AND k.sourced_id >= start AND NOT (after AND k.sourced_id = start)
            ORDER BY k.sourced_id LIMIT size OFFSET skip) page
        -- Looked up one by one: the planner does not know how long the run is, and would read the whole table.
        LEFT JOIN LATERAL (
            SELECT * FROM rest_user_document d WHERE d.supplier_id = supplier AND d.provider_id = provider
            AND d.sourced_id = page.sourced_id AND d.disclosed = oneroster_run.disclosed
            AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day) LIMIT 1) d ON true
        ORDER BY page.sourced_id) r;
    first := ids[1];
    last := ids[held];
    IF found_bodies < held THEN
        SELECT array_agg(d.alias), replace(string_agg(
                   d.body || CASE WHEN contact THEN d.email ELSE '' END || '}', ',' ORDER BY d.sourced_id), '@@base@@', base)
            INTO aliases, body
        FROM oneroster_documents(ids, provider, supplier, day, disclosed) d;
    END IF;
    body := coalesce(body, '');
END $f$;

-- Who reads users of one provider, and only of one; no provider otherwise. Sets the reach. The same as `oneroster_app`
-- and what the ordinary lane does with its answer, in two statements.
DROP FUNCTION IF EXISTS oneroster_reader(text, date);
CREATE FUNCTION oneroster_reader(checksum text, day date, OUT app uuid, OUT supplier uuid, OUT provider uuid, OUT disclosed boolean, OUT contact boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE carried text[]; nothing text; places bigint;
BEGIN
    SELECT a.id, a.supplier_id, string_to_array(t.scope, ' '), set_config('digione.app', a.id::text, true)
        || set_config('digione.supplier', a.supplier_id::text, true) INTO app, supplier, carried, nothing
    FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    WHERE t.token_checksum = checksum AND t.expires > now();
    IF app IS NULL THEN RETURN; END IF;
    SELECT count(*) OVER (), g.place, g.included, g.roster INTO places, provider, disclosed, contact
    FROM (
        SELECT t.provider_id AS place, bool_and(t.non_disclosure_included) AS included,
               bool_or('<<roster>>' = ANY (t.scopes) AND '<<roster>>' = ANY (carried)) AS roster,
               bool_or('<<core>>' = ANY (t.scopes) AND '<<core>>' = ANY (carried)) AS core
        FROM access_taking t
        WHERE t.app_id = app AND t.scopes && carried
          AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day) GROUP BY t.provider_id) g
    WHERE g.roster OR g.core;
    IF places IS DISTINCT FROM 1 THEN provider := NULL; RETURN; END IF;
    PERFORM oneroster_reach(provider, app);
END $f$;

-- The hot lane's page of users, or its first run of at most `run` rows; the rest follows by `oneroster_more`. NULL in
-- `total` where the ordinary lane must answer. A page of up to <<named>> names its persons in the log, a larger one its scope.
DROP FUNCTION IF EXISTS oneroster_page(text, integer, bigint, integer, text);
CREATE FUNCTION oneroster_page(checksum text, size integer, past bigint, run integer, base text, OUT total bigint, OUT body text, OUT last uuid, OUT held bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    who record; jump record; part record;
BEGIN
    SELECT * INTO who FROM oneroster_reader(checksum, day);
    IF who.provider IS NULL THEN RETURN; END IF;
    SELECT * INTO jump FROM oneroster_jump(who.supplier, who.provider, who.disclosed, past);
    SELECT * INTO part FROM oneroster_run(who.supplier, who.provider, day, who.disclosed, who.contact, base,
        jump.lowest, false, past - jump.before, CASE WHEN past >= jump.total THEN 0 ELSE least(size, run) END);
    total := jump.total;
    held := part.held;
    last := part.last;
    body := part.body;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, subjects, sensitivity, outcome, scope)
    VALUES (who.provider, who.app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
            CASE WHEN part.held = 1 THEN part.aliases[1] END, CASE WHEN part.held BETWEEN 2 AND <<named>> THEN part.aliases END,
            1, 'done', CASE WHEN part.held <= <<named>> THEN jsonb_build_object('operation', 'getAllUsers', 'count', part.held)
                ELSE jsonb_build_object('operation', 'getAllUsers', 'count', part.held, 'by', 'person', 'disclosed', who.disclosed, 'first', part.first, 'last', part.last) END);
END $f$;

-- The next run of a page that was begun: the token and the taking are looked at again, so that what has ended ends.
DROP FUNCTION IF EXISTS oneroster_more(text, uuid, integer, text);
CREATE FUNCTION oneroster_more(checksum text, start uuid, size integer, base text, OUT body text, OUT last uuid, OUT held bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    who record; part record;
BEGIN
    SELECT * INTO who FROM oneroster_reader(checksum, day);
    IF who.provider IS NULL THEN RETURN; END IF;
    SELECT * INTO part FROM oneroster_run(who.supplier, who.provider, day, who.disclosed, who.contact, base, start, true, 0, size);
    held := part.held;
    last := part.last;
    body := part.body;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, sensitivity, outcome, scope)
    VALUES (who.provider, who.app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken', 1, 'done',
            jsonb_build_object('operation', 'getAllUsers', 'count', part.held, 'by', 'person', 'disclosed', who.disclosed, 'first', part.first, 'last', part.last));
END $f$;
