"""All seals are recomputed in one statement: asking for each by itself cost a plan over every partition of the log."""

from django.db import migrations

SQL = """
-- A field of a row as its hash takes it: with its length before it.
CREATE FUNCTION audit_part(part text) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
    SELECT coalesce(length(part)::text || ':' || part, '-')
$f$;

-- The same bytes as before, as an expression that the planner puts in the place of the call.
CREATE OR REPLACE FUNCTION audit_leaf(e audit_entry) RETURNS bytea LANGUAGE sql STABLE AS $f$
    SELECT sha256(convert_to(
        audit_part(e.id::text) || ',' || audit_part(extract(epoch FROM e.at)::text) || ',' || audit_part(e.xid::text)
        || ',' || audit_part(e.provider_id::text) || ',' || audit_part(e.account_id::text) || ',' || audit_part(e.actor::text)
        || ',' || audit_part(e.app_id::text) || ',' || audit_part(e.role) || ',' || audit_part(e.use_case)
        || ',' || audit_part(e.event) || ',' || audit_part(e.purpose) || ',' || audit_part(e.rule)
        || ',' || audit_part(e.subject::text) || ',' || audit_part(array_to_string(e.subjects, ' '))
        || ',' || audit_part(e.sensitivity::text) || ',' || audit_part(to_char(e.earliest, 'YYYY-MM-DD'))
        || ',' || audit_part(e.outcome) || ',' || audit_part(e.reason) || ',' || audit_part(e.target::text)
        || ',' || audit_part(e.scope::text) || ',' || audit_part(e.request_id), 'UTF8'))
$f$;
CREATE OR REPLACE FUNCTION audit_head(previous bytea, seal audit_seal, above bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $f$
    SELECT sha256(previous || seal.root || convert_to(
        seal.from_xid::text || ':' || seal.below_xid::text || ':' || seal.entries::text
        || CASE WHEN seal.epoch = 1 THEN '' ELSE ':' || seal.epoch::text || ':' || above::text END, 'UTF8'))
$f$;

-- Recomputes every seal; a row for each one that does not hold, in their order.
-- The rows of the log and the beginnings of the seals are laid into one order, epoch by epoch: a row belongs to the seal
-- that began last, unless that one had ended. This holds where the seals of an epoch follow each other, as the sealer
-- makes them. Where somebody has forged them so that they overlap, each seal of that epoch is asked for by itself.
CREATE OR REPLACE FUNCTION audit_verify() RETURNS TABLE (number bigint, fault text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $f$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH chain AS (
        SELECT s AS seal, s.number, s.epoch, s.from_xid, s.below_xid, s.entries, s.root, s.head, era.above_id, next.above_id AS upto,
               lag(s.number, 1, 0::bigint) OVER beside AS before, lag(s.head, 1, ''::bytea) OVER beside AS previous,
               s.from_xid > s.below_xid OR s.from_xid < lag(s.below_xid) OVER (PARTITION BY s.epoch ORDER BY s.number) AS overlaps
        FROM audit_seal s
        LEFT JOIN audit_epoch era ON era.number = s.epoch
        LEFT JOIN audit_epoch next ON next.number = s.epoch + 1
        WINDOW beside AS (ORDER BY s.number)),
    forged AS (SELECT DISTINCT c.epoch FROM chain c WHERE c.overlaps),
    laid AS (
        SELECT era.number AS epoch, e.xid, e.id, audit_leaf(e) AS leaf, NULL::bigint AS begun
        FROM audit_epoch era
        LEFT JOIN audit_epoch next ON next.number = era.number + 1
        JOIN audit_entry e ON e.id > era.above_id AND (next.above_id IS NULL OR e.id <= next.above_id)
        WHERE era.number NOT IN (SELECT f.epoch FROM forged f)
        UNION ALL
        SELECT s.epoch, s.from_xid, NULL, NULL, s.number FROM audit_seal s),
    placed AS (
        SELECT l.xid, l.id, l.leaf,
               max(l.begun) OVER (PARTITION BY l.epoch ORDER BY l.xid, l.id NULLS FIRST ROWS UNBOUNDED PRECEDING) AS seal
        FROM laid l),
    batches AS (
        SELECT c.number, count(*) AS entries, sha256(string_agg(p.leaf, ''::bytea ORDER BY p.xid, p.id)) AS root
        FROM placed p JOIN chain c ON c.number = p.seal
        WHERE p.id IS NOT NULL AND p.xid < c.below_xid
        GROUP BY c.number
        UNION ALL
        SELECT c.number, b.entries, b.root
        FROM chain c CROSS JOIN LATERAL audit_batch(c.above_id, c.upto, c.from_xid, c.below_xid) b
        WHERE c.epoch IN (SELECT f.epoch FROM forged f))
    SELECT c.before + 1, 'a seal is missing' FROM chain c WHERE c.number <> c.before + 1
    UNION ALL
    SELECT c.number,
           CASE WHEN coalesce(b.entries, 0) <> c.entries THEN format('%s entries were sealed, %s are here', c.entries, coalesce(b.entries, 0))
                ELSE 'an entry or the chain was changed' END
    FROM chain c LEFT JOIN batches b ON b.number = c.number
    WHERE coalesce(b.entries, 0) <> c.entries OR coalesce(b.root, sha256(''::bytea)) <> c.root
       OR audit_head(c.previous, c.seal, c.above_id) IS DISTINCT FROM c.head
    ORDER BY 1;
END $f$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_audit_epochs")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
