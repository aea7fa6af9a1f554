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
    SELECT supplier, provider, asked.id, oneroster_made.disclosed, k.person_id, p.audit_alias, replace(left(<<json>>::text, -1), '@@base@@', E'\x01'),
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
    SELECT d.sourced_id, replace(d.body || CASE WHEN oneroster_users.contact THEN d.email ELSE '' END || '}', E'\x01', oneroster_users.base), d.person_id
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

-- What the token with this checksum opens on a day, worked out from the token and the takings, and kept where nobody is
-- changing the app's rights at this moment. No row: the token is unknown, has ended, or belongs to no app.
-- A definer function, so that no caller can write into the table that says what callers may do.
DROP FUNCTION IF EXISTS rest_keep_reader(text, timestamptz, date);
CREATE FUNCTION rest_keep_reader(sum text, at timestamptz, day date) RETURNS SETOF rest_reader
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE app uuid; alone boolean; made rest_reader;
BEGIN
    SELECT a.id INTO app FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    WHERE t.token_checksum = sum AND t.expires > at;
    IF app IS NULL THEN RETURN; END IF;
    alone := pg_try_advisory_xact_lock(hashtext('rest_reader'), hashtext(app::text));
    -- Made after the lock: a right that was withdrawn before it is gone.
    SELECT sum, a.id, a.supplier_id, own.scopes, t.expires,
           CASE WHEN open.places = 1 THEN open.provider END, coalesce(open.disclosed, false), coalesce(open.contact, false), day, turn.next_day,
           CASE WHEN open_learners.places = 1 THEN open_learners.provider END, coalesce(open_learners.opened, 0), coalesce(open_learners.disclosed, false)
        INTO made
    FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    CROSS JOIN LATERAL (SELECT string_to_array(t.scope, ' ') AS scopes) own
    CROSS JOIN LATERAL (
        SELECT count(*) AS places, (array_agg(g.place))[1] AS provider, bool_and(g.disclosed) AS disclosed, bool_and(g.roster) AS contact
        FROM (
            SELECT k.provider_id AS place, bool_and(k.non_disclosure_included) AS disclosed,
                   bool_or('<<roster>>' = ANY (k.scopes) AND '<<roster>>' = ANY (own.scopes)) AS roster,
                   bool_or('<<core>>' = ANY (k.scopes) AND '<<core>>' = ANY (own.scopes)) AS core
            FROM access_taking k
            WHERE k.app_id = a.id AND k.scopes && own.scopes AND k.valid_from <= day AND (k.valid_to IS NULL OR k.valid_to >= day)
            GROUP BY k.provider_id) g
        WHERE g.roster OR g.core) open
    CROSS JOIN LATERAL (
        SELECT count(*) AS places, (array_agg(g.place))[1] AS provider, bool_and(g.disclosed) AS disclosed, max(g.opened) AS opened
        FROM (
            SELECT k.provider_id AS place, bool_and(k.non_disclosure_included) AS disclosed,
                   bool_or('<<learners>>' = ANY (k.scopes)) AS told,
                   bit_or(<<opened_by_taking>>) & (<<opened_by_token>>) AS opened
            FROM access_taking k
            WHERE k.app_id = a.id AND k.scopes && own.scopes AND k.valid_from <= day AND (k.valid_to IS NULL OR k.valid_to >= day)
            GROUP BY k.provider_id, own.scopes) g
        WHERE g.told AND '<<learners>>' = ANY (own.scopes)) open_learners
    CROSS JOIN LATERAL (
        SELECT min(turns.on_day) AS next_day FROM access_taking k CROSS JOIN LATERAL (VALUES (k.valid_from), (k.valid_to + 1)) turns (on_day)
        WHERE k.app_id = a.id AND turns.on_day > day) turn
    WHERE t.token_checksum = sum AND t.expires > at;
    IF NOT FOUND THEN RETURN; END IF;
    IF alone THEN
        INSERT INTO rest_reader SELECT (made).* ON CONFLICT (checksum) DO UPDATE SET
            app_id = excluded.app_id, supplier_id = excluded.supplier_id, scopes = excluded.scopes, expires = excluded.expires,
            provider_id = excluded.provider_id, disclosed = excluded.disclosed, contact = excluded.contact,
            first_day = excluded.first_day, next_day = excluded.next_day, learners_at = excluded.learners_at,
            learners_opened = excluded.learners_opened, learners_disclosed = excluded.learners_disclosed;
    END IF;
    RETURN NEXT made;
END $f$;

-- Who asks, as kept or worked out now. Sets the reach of the app and its supplier.
DROP FUNCTION IF EXISTS oneroster_asks(text, date);
CREATE FUNCTION oneroster_asks(sum text, day date) RETURNS rest_reader
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE nothing text; who rest_reader;
BEGIN
    -- A kept row is seen by whoever has its token alone.
    nothing := set_config('digione.token', sum, true);
    SELECT * INTO who FROM rest_reader r
    WHERE r.checksum = sum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF NOT FOUND THEN SELECT * INTO who FROM rest_keep_reader(sum, now(), day); END IF;
    nothing := set_config('digione.app', coalesce(who.app_id::text, ''), true);
    nothing := set_config('digione.supplier', coalesce(who.supplier_id::text, ''), true);
    RETURN who;
END $f$;

-- What the hot lane's functions return has E'\x01' where the address of the service stands: the web process puts it in,
-- ten times as fast as `replace()` does.

-- The hot lane's one user, audited; NULL where the ordinary lane must answer: a refusal, or a person of several providers.
DROP FUNCTION IF EXISTS oneroster_user(text, uuid, text);
DROP FUNCTION IF EXISTS oneroster_user(text, uuid, text, text);
CREATE FUNCTION oneroster_user(checksum text, asked_id uuid, request text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    nothing text; who rest_reader; places bigint; alias uuid; body text; email text;
BEGIN
    -- What `oneroster_asks` does, written out: a call within a function costs as much as the reading.
    nothing := set_config('digione.token', checksum, true);
    SELECT r.* INTO who FROM rest_reader r
    WHERE r.checksum = oneroster_user.checksum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF who.app_id IS NULL THEN
        SELECT k.* INTO who FROM rest_keep_reader(checksum, now(), day) k;
        IF who.app_id IS NULL THEN RETURN NULL; END IF;
    END IF;
    nothing := set_config('digione.supplier', who.supplier_id::text, true);
    -- What is kept is of somebody whom the supplier may list: `rest_forget_by_listing` sees to it.
    IF who.provider_id IS NOT NULL THEN
        SELECT d.alias, d.body, d.email INTO alias, body, email FROM rest_user_document d
        WHERE d.supplier_id = who.supplier_id AND d.provider_id = who.provider_id AND d.sourced_id = asked_id
          AND d.disclosed = who.disclosed AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day);
    END IF;
    IF body IS NULL THEN
        nothing := set_config('digione.app', who.app_id::text, true);
        SELECT count(*) OVER (), k.provider_id, g.disclosed, g.contact INTO places, who.provider_id, who.disclosed, who.contact
        FROM access_listing k
        CROSS JOIN LATERAL (
            SELECT bool_and(t.non_disclosure_included) AS disclosed,
                   bool_or('<<roster>>' = ANY (t.scopes) AND '<<roster>>' = ANY (who.scopes)) AS contact,
                   bool_or('<<core>>' = ANY (t.scopes) AND '<<core>>' = ANY (who.scopes)) AS core
            FROM access_taking t
            WHERE t.app_id = who.app_id AND t.provider_id = k.provider_id AND t.scopes && who.scopes
              AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day)) g
        WHERE k.supplier_id = who.supplier_id AND k.sourced_id = asked_id AND (g.contact OR g.core)
          AND (g.disclosed OR NOT k.hidden);
        IF places IS DISTINCT FROM 1 THEN RETURN NULL; END IF;
        PERFORM oneroster_reach(who.provider_id, who.app_id);
        SELECT d.alias, d.body, d.email INTO alias, body, email
        FROM oneroster_documents(ARRAY[asked_id], who.provider_id, who.supplier_id, day, who.disclosed) d;
        IF body IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, outcome, scope, request_id, seen)
    VALUES (who.provider_id, who.app_id, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
            alias, <<sensitivity>>, 'done', '{"operation": "getUser", "count": 1}', request, <<seen>>);
    RETURN '{"user":' || body || CASE WHEN who.contact THEN email ELSE '' END || '}}';
END $f$;

-- The hot lane's users who were asked for at the same time by one token, as `oneroster_user` answers each: those that are
-- kept, by their place in `ids`. The log has a row for each. Whoever is not among them, and every one
-- where the token opens several providers, is asked for alone.
DROP FUNCTION IF EXISTS oneroster_kept(text, uuid[], text, text[]);
DROP FUNCTION IF EXISTS oneroster_kept(text, uuid[], text[]);
CREATE FUNCTION oneroster_kept(checksum text, ids uuid[], requests text[] DEFAULT NULL)
RETURNS TABLE (n bigint, body text) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    nothing text; who rest_reader;
BEGIN
    nothing := set_config('digione.token', checksum, true);
    SELECT r.* INTO who FROM rest_reader r
    WHERE r.checksum = oneroster_kept.checksum AND r.expires > now() AND r.first_day <= day AND (r.next_day IS NULL OR r.next_day > day);
    IF who.provider_id IS NULL THEN RETURN; END IF;
    nothing := set_config('digione.supplier', who.supplier_id::text, true);
    RETURN QUERY
    WITH kept AS MATERIALIZED (
        SELECT asked.n, asked.request, d.alias, d.body, d.email
        FROM unnest(ids, requests) WITH ORDINALITY asked (id, request, n)
        CROSS JOIN LATERAL (
            SELECT * FROM rest_user_document d
            WHERE d.supplier_id = who.supplier_id AND d.provider_id = who.provider_id AND d.sourced_id = asked.id
              AND d.disclosed = who.disclosed AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day) LIMIT 1) d
    ), noted AS (
        INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, outcome, scope, request_id, seen)
        SELECT who.provider_id, who.app_id, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
               k.alias, <<sensitivity>>, 'done', '{"operation": "getUser", "count": 1}', k.request, <<seen>>
        FROM kept k)
    SELECT k.n, '{"user":' || k.body || CASE WHEN who.contact THEN k.email ELSE '' END || '}}'
    FROM kept k;
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
DROP FUNCTION IF EXISTS oneroster_run(uuid, uuid, date, boolean, boolean, uuid, boolean, bigint, integer);
CREATE FUNCTION oneroster_run(supplier uuid, provider uuid, day date, disclosed boolean, contact boolean,
    start uuid, after boolean, skip bigint, size integer,
    OUT held bigint, OUT body text, OUT aliases uuid[], OUT first uuid, OUT last uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $f$
DECLARE ids uuid[]; kept uuid[];
BEGIN
    ids := ARRAY(
        SELECT k.sourced_id FROM access_listing k
        WHERE k.supplier_id = supplier AND k.provider_id = provider AND (disclosed OR NOT k.hidden)
          AND k.sourced_id >= start AND NOT (after AND k.sourced_id = start)
        ORDER BY k.sourced_id LIMIT size OFFSET skip);
    held := cardinality(ids);
    first := ids[1];
    last := ids[held];
    body := '';
    IF held = 0 THEN RETURN; END IF;
    -- A run stands together in the index of the kept documents too. They come sorted, so that they are joined to one text
    -- as they come. An index that is read from one id to another costs a fifth of looking each up; the planner, who does
    -- not know how long the run is, would read the whole table.
    SELECT array_agg(r.sourced_id), array_agg(r.alias),
           string_agg(r.body || CASE WHEN contact THEN r.email ELSE '' END || '}', ',')
        INTO kept, aliases, body
    FROM (
        SELECT d.sourced_id, d.alias, d.body, d.email FROM rest_user_document d
        WHERE d.supplier_id = supplier AND d.provider_id = provider AND d.sourced_id BETWEEN first AND last
          AND d.disclosed = oneroster_run.disclosed AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day)
        ORDER BY d.sourced_id) r;
    IF kept IS DISTINCT FROM ids THEN
        SELECT array_agg(d.alias ORDER BY d.sourced_id),
               string_agg(d.body || CASE WHEN contact THEN d.email ELSE '' END || '}', ',' ORDER BY d.sourced_id)
            INTO aliases, body
        FROM oneroster_documents(ids, provider, supplier, day, disclosed) d;
        body := coalesce(body, '');
    END IF;
END $f$;

-- Who reads users of one provider, and only of one; no provider otherwise. Sets the reach.
DROP FUNCTION IF EXISTS oneroster_reader(text, date);
CREATE FUNCTION oneroster_reader(checksum text, day date, OUT app uuid, OUT supplier uuid, OUT provider uuid, OUT disclosed boolean, OUT contact boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE who rest_reader;
BEGIN
    who := oneroster_asks(checksum, day);
    IF who.provider_id IS NULL THEN RETURN; END IF;
    app := who.app_id;
    supplier := who.supplier_id;
    provider := who.provider_id;
    disclosed := who.disclosed;
    contact := who.contact;
    PERFORM oneroster_reach(provider, app);
END $f$;

-- The hot lane's page of users, or its first run of at most `run` rows; the rest follows by `oneroster_more`. NULL in
-- `total` where the ordinary lane must answer. A page of up to <<named>> names its persons in the log, a larger one its scope.
DROP FUNCTION IF EXISTS oneroster_page(text, integer, bigint, integer, text);
DROP FUNCTION IF EXISTS oneroster_page(text, integer, bigint, integer, text, text);
CREATE FUNCTION oneroster_page(checksum text, size integer, past bigint, run integer, request text DEFAULT NULL, OUT total bigint, OUT body text, OUT last uuid, OUT held bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    who record; jump record; part record;
BEGIN
    SELECT * INTO who FROM oneroster_reader(checksum, day);
    IF who.provider IS NULL THEN RETURN; END IF;
    SELECT * INTO jump FROM oneroster_jump(who.supplier, who.provider, who.disclosed, past);
    SELECT * INTO part FROM oneroster_run(who.supplier, who.provider, day, who.disclosed, who.contact,
        jump.lowest, false, past - jump.before, CASE WHEN past >= jump.total THEN 0 ELSE least(size, run) END);
    total := jump.total;
    held := part.held;
    last := part.last;
    body := part.body;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, subjects, sensitivity, outcome, scope, request_id, seen)
    VALUES (who.provider, who.app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
            CASE WHEN part.held = 1 THEN part.aliases[1] END, CASE WHEN part.held BETWEEN 2 AND <<named>> THEN part.aliases END,
            <<sensitivity>>, 'done', CASE WHEN part.held <= <<named>> THEN jsonb_build_object('operation', 'getAllUsers', 'count', part.held)
                ELSE jsonb_build_object('operation', 'getAllUsers', 'count', part.held, 'by', 'person', 'disclosed', who.disclosed, 'first', part.first, 'last', part.last) END, request, <<seen>>);
END $f$;

-- The next run of a page that was begun: the token and the taking are looked at again, so that what has ended ends.
DROP FUNCTION IF EXISTS oneroster_more(text, uuid, integer, text);
DROP FUNCTION IF EXISTS oneroster_more(text, uuid, integer, text, text);
CREATE FUNCTION oneroster_more(checksum text, start uuid, size integer, request text DEFAULT NULL, OUT body text, OUT last uuid, OUT held bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    who record; part record;
BEGIN
    SELECT * INTO who FROM oneroster_reader(checksum, day);
    IF who.provider IS NULL THEN RETURN; END IF;
    SELECT * INTO part FROM oneroster_run(who.supplier, who.provider, day, who.disclosed, who.contact, start, true, 0, size);
    held := part.held;
    last := part.last;
    body := part.body;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, sensitivity, outcome, scope, request_id, seen)
    VALUES (who.provider, who.app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken', <<sensitivity>>, 'done',
            jsonb_build_object('operation', 'getAllUsers', 'count', part.held, 'by', 'person', 'disclosed', who.disclosed, 'first', part.first, 'last', part.last), request, <<seen>>);
END $f$;

-- The hot lane's page of the users of a school or a class (<<within>>), of at most a run. NULL in `total`
-- where the ordinary lane must answer: also where there is no such school or class, and where the list is very long.
DROP FUNCTION IF EXISTS oneroster_within(text, text, uuid, integer, bigint, text, text);
DROP FUNCTION IF EXISTS oneroster_within(text, text, uuid, integer, bigint, text);
CREATE FUNCTION oneroster_within(checksum text, operation text, parent uuid, size integer, past bigint, request text DEFAULT NULL,
    OUT total bigint, OUT body text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $f$
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    who record; changed bigint; there boolean; ids uuid[]; kept uuid[]; held bigint; aliases uuid[];
BEGIN
    SELECT * INTO who FROM oneroster_reader(checksum, day);
    -- What belongs to a school or a class is opened by the whole roster alone, as the addresses of e-mail are.
    IF who.provider IS NULL OR NOT who.contact THEN RETURN; END IF;
    -- The sum comes first: a list that is newer than its sum is only found anew too soon.
    SELECT coalesce(sum(r.n), 0) INTO changed FROM rest_roster_change r WHERE r.provider_id = who.provider;
    SELECT l.ids INTO ids FROM rest_kept_list l
    WHERE l.supplier_id = who.supplier AND l.provider_id = who.provider AND l.operation = oneroster_within.operation
      AND l.parent_id = parent AND l.disclosed = who.disclosed AND l.changes = changed;
    IF ids IS NULL THEN
        CASE operation
<<lists>>
        ELSE RETURN;
        END CASE;
        IF there IS NULL OR cardinality(ids) > <<longest>> THEN RETURN; END IF;
        ids := coalesce(ids, '{}');
        INSERT INTO rest_kept_list VALUES (who.supplier, who.provider, operation, parent, who.disclosed, changed, ids)
        ON CONFLICT ON CONSTRAINT rest_kept_list_pkey DO UPDATE SET changes = excluded.changes, ids = excluded.ids;
    END IF;
    total := cardinality(ids);
    ids := ids[past + 1 : past + size];
    held := cardinality(ids);
    SELECT array_agg(r.sourced_id), array_agg(r.alias),
           string_agg(r.body || CASE WHEN who.contact THEN r.email ELSE '' END || '}', ',')
        INTO kept, aliases, body
    FROM (
        SELECT d.sourced_id, d.alias, d.body, d.email FROM rest_user_document d
        WHERE d.supplier_id = who.supplier AND d.provider_id = who.provider AND d.sourced_id = ANY (ids)
          AND d.disclosed = who.disclosed AND d.first_day <= day AND (d.next_day IS NULL OR d.next_day > day)
        ORDER BY d.sourced_id) r;
    IF held > 0 AND kept IS DISTINCT FROM ids THEN
        SELECT array_agg(d.alias ORDER BY d.sourced_id),
               string_agg(d.body || CASE WHEN who.contact THEN d.email ELSE '' END || '}', ',' ORDER BY d.sourced_id)
            INTO aliases, body
        FROM oneroster_documents(ids, who.provider, who.supplier, day, who.disclosed) d;
    END IF;
    body := coalesce(body, '');
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, subjects, sensitivity, outcome, scope, request_id, seen)
    VALUES (who.provider, who.app, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service', 'app-taken',
            CASE WHEN held = 1 THEN aliases[1] END, CASE WHEN held BETWEEN 2 AND <<named>> THEN aliases END, <<sensitivity>>, 'done',
            CASE WHEN held <= <<named>> THEN jsonb_build_object('operation', operation, 'count', held)
                ELSE jsonb_build_object('operation', operation, 'count', held, 'by', 'person', 'disclosed', who.disclosed, 'first', ids[1], 'last', ids[held]) END, request, <<seen_within>>);
END $f$;
