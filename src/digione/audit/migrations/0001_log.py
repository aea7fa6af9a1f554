"""The log of use, partitioned by month, its seal, and the definer functions by which it is read."""

from django.db import migrations

# A row's hash takes every field with its length before it, so that no two different rows write the same bytes
# (concat_ws would drop NULLs, row::text would follow the session's settings).
SQL = """
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    provider_id uuid, account_id uuid, actor uuid, app_id uuid,
    role text NOT NULL, use_case text NOT NULL, event text NOT NULL, purpose text, rule text,
    subject uuid, subjects uuid[], sensitivity smallint NOT NULL DEFAULT 1, earliest date,
    outcome text NOT NULL, reason text, target uuid, scope jsonb, request_id text
) PARTITION BY RANGE (at);
CREATE TABLE audit_entry_default PARTITION OF audit_entry DEFAULT;
CREATE INDEX audit_entry_subject ON audit_entry (subject, at DESC) WHERE subject IS NOT NULL;
CREATE INDEX audit_entry_subjects ON audit_entry USING gin (subjects) WHERE subjects IS NOT NULL;
CREATE INDEX audit_entry_xid ON audit_entry (xid, id);
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_everything ON audit_entry TO CURRENT_USER USING (true) WITH CHECK (true);
-- The application only adds. Nobody but the owner, through the functions below, reads; nobody changes.
CREATE POLICY reach ON audit_entry FOR INSERT TO PUBLIC WITH CHECK (true);

CREATE FUNCTION audit_make_partition(month date) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE first date := date_trunc('month', month); name text := 'audit_entry_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF audit_entry FOR VALUES FROM (%L) TO (%L)', name, first, first + interval '1 month');
        -- A partition does not inherit row-level security, and default privileges would open it directly.
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner_everything ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END IF;
END $f$;
ALTER TABLE audit_entry_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry_default FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_everything ON audit_entry_default TO CURRENT_USER USING (true) WITH CHECK (true);
SELECT audit_make_partition((date_trunc('month', now()) + n * interval '1 month')::date) FROM generate_series(0, 23) n;

CREATE TABLE audit_seal (
    number bigint PRIMARY KEY, from_xid xid8 NOT NULL, below_xid xid8 NOT NULL, entries bigint NOT NULL,
    root bytea NOT NULL, head bytea NOT NULL, sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Transaction numbers start anew after dump and restore; the system identifier tells the two lives apart.
    system_identifier bigint NOT NULL
);
ALTER TABLE audit_seal ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_seal FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_everything ON audit_seal TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY reach ON audit_seal FOR SELECT TO PUBLIC USING (true);

CREATE FUNCTION audit_leaf(e audit_entry) RETURNS bytea LANGUAGE sql STABLE AS $f$
    SELECT sha256(convert_to(string_agg(CASE WHEN part IS NULL THEN '-' ELSE length(part) || ':' || part END, ',' ORDER BY number), 'UTF8'))
    FROM unnest(ARRAY[e.id::text, extract(epoch FROM e.at)::text, e.xid::text, e.provider_id::text, e.account_id::text,
        e.actor::text, e.app_id::text, e.role, e.use_case, e.event, e.purpose, e.rule, e.subject::text,
        array_to_string(e.subjects, ' '), e.sensitivity::text, to_char(e.earliest, 'YYYY-MM-DD'), e.outcome, e.reason,
        e.target::text, e.scope::text, e.request_id]) WITH ORDINALITY AS parts (part, number)
$f$;

-- Seals what lies below the snapshot horizon. Chosen by transaction number, never by sequence or time, since those
-- commit out of order. Returns the new head, for a copy outside the database; no row when there was nothing to seal.
CREATE FUNCTION audit_seal_next() RETURNS TABLE (number bigint, entries bigint, head bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE last audit_seal; horizon xid8 := pg_snapshot_xmin(pg_current_snapshot()); lower xid8; n bigint; leaves bytea; new_root bytea; new_head bytea;
        sysid bigint := (SELECT s.system_identifier FROM pg_control_system() s);
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('digione.audit_seal')) THEN RETURN; END IF;
    SELECT * INTO last FROM audit_seal s ORDER BY s.number DESC LIMIT 1;
    lower := CASE WHEN last.system_identifier = sysid THEN last.below_xid ELSE '0'::xid8 END;
    lower := coalesce(lower, '0'::xid8);
    SELECT count(*), string_agg(audit_leaf(e), ''::bytea ORDER BY e.xid, e.id) INTO n, leaves
        FROM audit_entry e WHERE e.xid >= lower AND e.xid < horizon;
    IF n = 0 THEN RETURN; END IF;
    new_root := sha256(leaves);
    new_head := sha256(coalesce(last.head, ''::bytea) || new_root || convert_to(lower::text || ':' || horizon::text || ':' || n, 'UTF8'));
    INSERT INTO audit_seal (number, from_xid, below_xid, entries, root, head, system_identifier)
        VALUES (coalesce(last.number, 0) + 1, lower, horizon, n, new_root, new_head, sysid);
    RETURN QUERY SELECT coalesce(last.number, 0) + 1, n, new_head;
END $f$;

-- Recomputes every seal; a row for each one that does not hold.
CREATE FUNCTION audit_verify() RETURNS TABLE (number bigint, fault text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE seal audit_seal; previous bytea := ''::bytea; expected bigint := 1; n bigint; leaves bytea; calculated bytea;
BEGIN
    FOR seal IN SELECT * FROM audit_seal s ORDER BY s.number LOOP
        IF seal.number <> expected THEN RETURN QUERY SELECT expected, 'a seal is missing'; expected := seal.number; END IF;
        SELECT count(*), string_agg(audit_leaf(e), ''::bytea ORDER BY e.xid, e.id) INTO n, leaves
            FROM audit_entry e WHERE e.xid >= seal.from_xid AND e.xid < seal.below_xid;
        calculated := sha256(previous || sha256(coalesce(leaves, ''::bytea)) || convert_to(seal.from_xid::text || ':' || seal.below_xid::text || ':' || n, 'UTF8'));
        IF n <> seal.entries THEN RETURN QUERY SELECT seal.number, format('%s entries were sealed, %s are here', seal.entries, n);
        ELSIF calculated <> seal.head THEN RETURN QUERY SELECT seal.number, 'an entry or the chain was changed'; END IF;
        previous := seal.head; expected := expected + 1;
    END LOOP;
END $f$;

-- The seconds since the oldest entry that no seal covers; 0 when all is sealed.
CREATE FUNCTION audit_seal_lag() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)::double precision FROM audit_entry e
    WHERE e.xid >= coalesce((SELECT below_xid FROM audit_seal ORDER BY number DESC LIMIT 1), '0'::xid8)
$f$;

-- Who has seen or changed a person's data, newest first. Answers only inside that person's own reach (oneself, a ward).
CREATE FUNCTION audit_of_person(who uuid, since timestamptz, at_most integer)
RETURNS TABLE (at timestamptz, provider_id uuid, actor_id uuid, actor_name text, app_id uuid, role text, event text,
               purpose text, rule text, outcome text, earliest date, in_bulk boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE mine uuid;
BEGIN
    IF who IS NULL OR NOT who = ANY (coalesce(nullif(current_setting('digione.persons', true), '')::uuid[], '{}')) THEN RETURN; END IF;
    SELECT alias INTO mine FROM audit_subject WHERE person_id = who;
    RETURN QUERY
    SELECT e.at, e.provider_id, s.person_id, s.shown_name, e.app_id, e.role, e.event, e.purpose, e.rule, e.outcome, e.earliest, e.subject IS NULL
    FROM (SELECT * FROM audit_entry x WHERE x.subject = mine AND x.at >= since
          UNION ALL
          SELECT * FROM audit_entry x WHERE x.subjects @> ARRAY[mine] AND x.at >= since) e
    LEFT JOIN audit_subject s ON s.alias = e.actor
    ORDER BY e.at DESC LIMIT at_most;
END $f$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("core", "0002_security")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
