"""What no single provider's rows can tell: a bar on a guardian's information, and who may be linked by whom."""

from django.db import migrations

from digione.core.tables import OWNER_POLICY

SQL = f"""
-- Whether any provider knows of a live decision that this guardian gets no information about this child (Child Custody
-- Act 361/1983, 4 and 9 §). One such row anywhere closes the child to the guardian everywhere: a second municipality
-- that was never told of the decision must not open what the first one closed.
CREATE FUNCTION people_barred(guardian uuid, child uuid, day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT EXISTS (
        SELECT 1 FROM people_guardianship g
        WHERE g.guardian_id = guardian AND g.child_id = child AND 'no_information' = ANY (g.limits)
          AND g.valid_from <= day AND (g.valid_to IS NULL OR g.valid_to >= day))
$f$;

-- Who was found by a national identifier in this very transaction, for whom. Written by the function below alone.
CREATE UNLOGGED TABLE people_match (xid xid8 NOT NULL, provider_id uuid NOT NULL, person_id uuid NOT NULL);
ALTER TABLE people_match ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_match FORCE ROW LEVEL SECURITY;
CREATE POLICY {OWNER_POLICY} ON people_match TO CURRENT_USER USING (true) WITH CHECK (true);

-- As before, and the matches are remembered until the transaction ends, so that the link can be written.
CREATE OR REPLACE FUNCTION people_find_by_identifier(of_kind text, digests bytea[], names text[])
RETURNS TABLE (number bigint, person_id uuid, taken boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
#variable_conflict use_column
DECLARE provider uuid := nullif(current_setting('digione.provider', true), '')::uuid;
BEGIN
    DELETE FROM people_match m WHERE m.xid < pg_snapshot_xmin(pg_current_snapshot());
    RETURN QUERY
    WITH found AS (
        SELECT asked.number, p.id, string_to_array(p.search_key, ' ') && string_to_array(asked.name, ' ') AS agrees
        FROM unnest(digests, names) WITH ORDINALITY AS asked (digest, name, number)
        JOIN people_identifier i ON i.kind = of_kind AND i.digest = asked.digest AND i.provider_id IS NULL
        JOIN people_person p ON p.id = i.person_id
    ), kept AS (
        INSERT INTO people_match (xid, provider_id, person_id)
        SELECT pg_current_xact_id(), provider, f.id FROM found f WHERE f.agrees AND provider IS NOT NULL
    )
    SELECT f.number, CASE WHEN f.agrees THEN f.id END, NOT f.agrees FROM found f;
END $f$;

-- A provider gets a link to a person who exists already only by an identifier that it has itself; knowing our id of
-- somebody opens nobody. New persons are linked before they are written, so they are not there yet.
CREATE FUNCTION people_refuse_foreign_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF EXISTS (
        SELECT 1 FROM new_rows n JOIN people_person p ON p.id = n.person_id
        WHERE NOT EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = n.provider_id
                          AND l.person_id = n.person_id AND l.id NOT IN (SELECT x.id FROM new_rows x WHERE x.person_id = n.person_id))
          AND NOT EXISTS (SELECT 1 FROM people_match m WHERE m.xid = pg_current_xact_id()
                          AND m.provider_id = n.provider_id AND m.person_id = n.person_id)
    ) THEN
        RAISE EXCEPTION 'a link to a person who was not found by an identifier' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $f$;
CREATE TRIGGER foreign_links AFTER INSERT ON people_providerperson REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION people_refuse_foreign_links();

-- Whom a link binds is what the link is: another person or provider is another link.
CREATE FUNCTION people_refuse_moved_links() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    RAISE EXCEPTION 'a link keeps its provider and its person' USING ERRCODE = 'insufficient_privilege';
END $f$;
CREATE TRIGGER moved_links BEFORE UPDATE ON people_providerperson FOR EACH ROW
    WHEN (OLD.provider_id <> NEW.provider_id OR OLD.person_id <> NEW.person_id)
    EXECUTE FUNCTION people_refuse_moved_links();
CREATE INDEX IF NOT EXISTS people_guardianship_pair ON people_guardianship (guardian_id, child_id);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0002_security"), ("studies", "0002_security")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
