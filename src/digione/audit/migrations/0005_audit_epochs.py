"""Seals that hold in any cluster: a dump that is restored elsewhere begins a new epoch, and the old seals stay true."""

from django.db import migrations

# Within one life of a cluster a row's transaction number says to which batch it belongs. In another cluster these
# numbers begin anew, so they tell rows apart only together with the epoch. The epochs are told apart by the rows' own
# numbers, which a dump carries on (the sequence is restored with them): what was restored has the lower ones.
SQL = """
CREATE TABLE audit_epoch (
    number bigint PRIMARY KEY, system_identifier bigint NOT NULL,
    -- The rows of the epoch have ids above this one, up to that of the next epoch.
    above_id bigint NOT NULL, began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE audit_epoch ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_epoch FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_everything ON audit_epoch TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY reach ON audit_epoch FOR SELECT TO PUBLIC USING (true);
INSERT INTO audit_epoch (number, system_identifier, above_id)
SELECT 1, coalesce((SELECT s.system_identifier FROM audit_seal s ORDER BY s.number DESC LIMIT 1),
                   (SELECT c.system_identifier FROM pg_control_system() c)), 0;
ALTER TABLE audit_seal ADD epoch bigint NOT NULL DEFAULT 1;

-- The rows of one batch as the seal sees them: how many, and their hashes in their order.
CREATE FUNCTION audit_batch(above bigint, upto bigint, from_xid xid8, below_xid xid8, OUT entries bigint, OUT root bytea)
LANGUAGE sql STABLE AS $f$
    SELECT count(*), sha256(coalesce(string_agg(audit_leaf(e), ''::bytea ORDER BY e.xid, e.id), ''::bytea))
    FROM audit_entry e
    WHERE e.xid >= audit_batch.from_xid AND e.xid < audit_batch.below_xid
      AND e.id > above AND (e.id <= upto OR upto IS NULL)
$f$;

-- The head of a chain. That of the first epoch is written as it was before there were epochs.
CREATE FUNCTION audit_head(previous bytea, seal audit_seal, above bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $f$
    SELECT sha256(previous || seal.root || convert_to(
        seal.from_xid::text || ':' || seal.below_xid::text || ':' || seal.entries
        || CASE WHEN seal.epoch = 1 THEN '' ELSE ':' || seal.epoch || ':' || above END, 'UTF8'))
$f$;

-- Adds one seal, and returns it.
CREATE FUNCTION audit_add_seal(last audit_seal, era audit_epoch, upto bigint, lower xid8, horizon xid8) RETURNS audit_seal
LANGUAGE plpgsql AS $f$
DECLARE seal audit_seal;
BEGIN
    SELECT b.entries, b.root INTO seal.entries, seal.root FROM audit_batch(era.above_id, upto, lower, horizon) b;
    seal.number := coalesce(last.number, 0) + 1;
    seal.epoch := era.number;
    seal.from_xid := lower;
    seal.below_xid := horizon;
    seal.system_identifier := era.system_identifier;
    seal.sealed_at := clock_timestamp();
    seal.head := audit_head(coalesce(last.head, ''::bytea), seal, era.above_id);
    INSERT INTO audit_seal SELECT seal.*;
    RETURN seal;
END $f$;

-- Seals what lies below the snapshot horizon. Chosen by transaction number, never by sequence or time, since those
-- commit out of order. Returns the new head, for a copy outside the database; no row when there was nothing to seal.
-- Where the cluster is another one than that of the last seal, or its transaction numbers lie below it, the old epoch is
-- closed first, with all that was never sealed in it, and a new one begins. What was restored is known by this: the
-- transaction that wrote the row here (xmin) is not the one that it names.
CREATE OR REPLACE FUNCTION audit_seal_next() RETURNS TABLE (number bigint, entries bigint, head bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
#variable_conflict use_column
DECLARE last audit_seal; era audit_epoch; seal audit_seal; horizon xid8; lower xid8; edge bigint;
        sysid bigint := (SELECT s.system_identifier FROM pg_control_system() s);
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('digione.audit_seal')) THEN RETURN; END IF;
    -- Asked after the lock: an older snapshot would lie below the last seal.
    horizon := pg_snapshot_xmin(pg_current_snapshot());
    SELECT * INTO last FROM audit_seal s ORDER BY s.number DESC LIMIT 1;
    SELECT * INTO era FROM audit_epoch e ORDER BY e.number DESC LIMIT 1;
    lower := CASE WHEN last.epoch = era.number THEN last.below_xid ELSE '0'::xid8 END;
    IF era.system_identifier <> sysid OR pg_snapshot_xmax(pg_current_snapshot()) < lower THEN
        SELECT max(e.id) INTO edge FROM audit_entry e
            WHERE e.xmin <> e.xid::xid OR (e.xid < lower AND e.id > era.above_id AND e.at <= last.sealed_at);
        seal := audit_add_seal(last, era, greatest(edge, era.above_id), lower, '18446744073709551615');
        INSERT INTO audit_epoch (number, system_identifier, above_id)
            VALUES (era.number + 1, sysid, greatest(edge, era.above_id));
        RETURN QUERY SELECT seal.number, seal.entries, seal.head;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.xid >= lower AND e.xid < horizon AND e.id > era.above_id) THEN RETURN; END IF;
    seal := audit_add_seal(last, era, NULL, lower, horizon);
    RETURN QUERY SELECT seal.number, seal.entries, seal.head;
END $f$;

-- Recomputes every seal; a row for each one that does not hold.
CREATE OR REPLACE FUNCTION audit_verify() RETURNS TABLE (number bigint, fault text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
#variable_conflict use_column
DECLARE seal audit_seal; above bigint; upto bigint; previous bytea := ''::bytea; expected bigint := 1; n bigint; found_root bytea;
BEGIN
    FOR seal IN SELECT * FROM audit_seal s ORDER BY s.number LOOP
        IF seal.number <> expected THEN RETURN QUERY SELECT expected, 'a seal is missing'; expected := seal.number; END IF;
        SELECT e.above_id INTO above FROM audit_epoch e WHERE e.number = seal.epoch;
        SELECT e.above_id INTO upto FROM audit_epoch e WHERE e.number = seal.epoch + 1;
        SELECT b.entries, b.root INTO n, found_root FROM audit_batch(above, upto, seal.from_xid, seal.below_xid) b;
        IF n <> seal.entries THEN RETURN QUERY SELECT seal.number, format('%s entries were sealed, %s are here', seal.entries, n);
        ELSIF found_root <> seal.root OR audit_head(previous, seal, above) IS DISTINCT FROM seal.head THEN
            RETURN QUERY SELECT seal.number, 'an entry or the chain was changed';
        END IF;
        previous := seal.head; expected := expected + 1;
    END LOOP;
END $f$;

-- The seconds since the oldest entry that no seal covers; 0 when all is sealed.
CREATE OR REPLACE FUNCTION audit_seal_lag() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)::double precision
    FROM (SELECT * FROM audit_epoch ORDER BY number DESC LIMIT 1) era
    LEFT JOIN LATERAL (SELECT s.below_xid FROM audit_seal s WHERE s.epoch = era.number ORDER BY s.number DESC LIMIT 1) last ON true
    JOIN audit_entry e ON e.id > era.above_id AND e.xid >= coalesce(last.below_xid, '0'::xid8)
$f$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_audit_readers")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
