"""What a rotation of keys needs: identifiers of all providers, present and earlier, for the platform alone.

No row says anything else afterwards than before, so history gets the new ciphertext and keeps its days.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION core_only_platform() RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    IF current_setting('digione.register', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'keys are the platform''s work' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $f$;

CREATE FUNCTION core_keys_in_use() RETURNS TABLE (key_id integer, identifiers bigint, earlier bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM core_only_platform();
    RETURN QUERY SELECT u.k, sum(u.l)::bigint, sum(u.h)::bigint FROM (
        SELECT i.key_id::integer AS k, count(*) AS l, 0 AS h FROM people_identifier i GROUP BY 1
        UNION ALL SELECT o.key_id::integer, 0, count(*) FROM people_identifier_history o GROUP BY 1) u GROUP BY 1 ORDER BY 1;
END $f$;

-- Whether anything stands under another key than the one that the caller writes with: then a look-up would miss it.
CREATE FUNCTION core_other_keys(writing integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT EXISTS (SELECT 1 FROM people_identifier i WHERE i.key_id <> writing)
$f$;

CREATE FUNCTION core_sealed_otherwise(writing integer, after uuid, at_most integer)
RETURNS TABLE (id uuid, kind text, value_enc bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM core_only_platform();
    RETURN QUERY SELECT i.id, i.kind, i.value_enc FROM people_identifier i
        WHERE i.id > after AND i.key_id <> writing ORDER BY i.id LIMIT at_most;
END $f$;

CREATE FUNCTION core_earlier_sealed_otherwise(writing integer, after uuid, after_to timestamptz, at_most integer)
RETURNS TABLE (id uuid, sys_to timestamptz, value_enc bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM core_only_platform();
    RETURN QUERY SELECT o.id, o.sys_to, o.value_enc FROM people_identifier_history o
        WHERE (o.id, o.sys_to) > (after, after_to) AND o.key_id <> writing ORDER BY o.id, o.sys_to LIMIT at_most;
END $f$;

-- Sources that name a person by the digest of the identity code are told the new digest. It stands first in a key,
-- or last where a key joins a guardian and a child.
CREATE INDEX core_sourcekey_hetu_first ON core_sourcekey (substr(key, 6, 32)) WHERE starts_with(key, 'hetu:');
CREATE INDEX core_sourcekey_hetu_last ON core_sourcekey (right(key, 32)) WHERE left(right(key, 38), 6) = '/hetu:';

-- A row that somebody has changed meanwhile keeps what it got, and comes again.
CREATE FUNCTION core_seal_anew(
    ids uuid[], old bytea[], fresh bytea[], digests bytea[], writing integer, old_hetu text[], new_hetu text[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE done bigint;
BEGIN
    PERFORM core_only_platform();
    UPDATE people_identifier i SET value_enc = n.fresh, digest = n.digest, key_id = writing
        FROM unnest(ids, old, fresh, digests) AS n (id, old, fresh, digest) WHERE i.id = n.id AND i.value_enc = n.old;
    GET DIAGNOSTICS done = ROW_COUNT;
    -- The trigger has just kept the old ciphertext; what it keeps is the same fact, so it gets the same new form.
    UPDATE people_identifier_history o SET value_enc = i.value_enc, digest = i.digest, key_id = i.key_id
        FROM people_identifier i WHERE i.id = ANY (ids) AND o.id = i.id AND o.sys_to = now();
    UPDATE core_sourcekey k SET key = 'hetu:' || m.new || substr(k.key, 38)
        FROM unnest(old_hetu, new_hetu) AS m (old, new) WHERE starts_with(k.key, 'hetu:') AND substr(k.key, 6, 32) = m.old;
    UPDATE core_sourcekey k SET key = left(k.key, length(k.key) - 32) || m.new
        FROM unnest(old_hetu, new_hetu) AS m (old, new) WHERE left(right(k.key, 38), 6) = '/hetu:' AND right(k.key, 32) = m.old;
    RETURN done;
END $f$;

CREATE FUNCTION core_seal_earlier_anew(
    ids uuid[], until timestamptz[], old bytea[], fresh bytea[], digests bytea[], writing integer
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE done bigint;
BEGIN
    PERFORM core_only_platform();
    UPDATE people_identifier_history o SET value_enc = n.fresh, digest = n.digest, key_id = writing
        FROM unnest(ids, until, old, fresh, digests) AS n (id, until, old, fresh, digest)
        WHERE o.id = n.id AND o.sys_to = n.until AND o.value_enc = n.old;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $f$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0020_masters"), ("people", "0020_sources")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
