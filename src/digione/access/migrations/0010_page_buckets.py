"""Whom a supplier may list at a provider, in the order of the supplier's own ids, with counts by bucket.

The listing answers a page of users without touching the provider's tables, whatever their size. Counts are rows of
+n and −n that writers only ever add (so that none waits for another); `access_fold_page_buckets()` sums them up.
`hidden` follows the person's non-disclosure, so that counts show nobody whom the list does not show.
"""

from django.db import migrations

from digione.core.tables import secure

SUPPLIER = "nullif(current_setting('digione.supplier', true), '')::uuid"

TABLES = """
CREATE TABLE access_listing (
    supplier_id uuid NOT NULL, provider_id uuid NOT NULL, person_id uuid NOT NULL, sourced_id uuid NOT NULL,
    hidden boolean NOT NULL,
    PRIMARY KEY (supplier_id, provider_id, person_id)
);
CREATE INDEX access_listing_page ON access_listing (supplier_id, provider_id, sourced_id) INCLUDE (person_id, hidden);
CREATE TABLE access_page_bucket (
    supplier_id uuid NOT NULL, provider_id uuid NOT NULL, bucket integer NOT NULL, hidden boolean NOT NULL, n bigint NOT NULL
);
CREATE INDEX access_page_bucket_page ON access_page_bucket (supplier_id, provider_id, bucket) INCLUDE (hidden, n);
"""

FUNCTIONS = """
-- The bucket of an id: its leading nine bits. The ids of subjects are hashes, so buckets fill evenly.
CREATE FUNCTION access_bucket(sourced uuid) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
    SELECT (get_byte(b, 0) << 1) | (get_byte(b, 1) >> 7) FROM (SELECT uuid_send(sourced) AS b) sent
$f$;

CREATE FUNCTION access_count_listed() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT supplier_id, provider_id, access_bucket(sourced_id), hidden, count(*) FROM new_rows GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT supplier_id, provider_id, access_bucket(sourced_id), hidden, -count(*) FROM old_rows GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT supplier_id, provider_id, bucket, hidden, sum(n)
        FROM (SELECT supplier_id, provider_id, access_bucket(sourced_id) AS bucket, hidden, 1 AS n FROM new_rows
              UNION ALL
              SELECT supplier_id, provider_id, access_bucket(sourced_id), hidden, -1 FROM old_rows) moved
        GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END $f$;
CREATE TRIGGER count_inserted AFTER INSERT ON access_listing REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_count_listed();
CREATE TRIGGER count_deleted AFTER DELETE ON access_listing REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_count_listed();
CREATE TRIGGER count_updated AFTER UPDATE ON access_listing REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_count_listed();

-- A new link lists the person for every supplier whose app the provider has taken. The triggers that make the ids
-- stand before these by name, so the id is there. The order of insertion keeps two writers from waiting in a circle.
CREATE FUNCTION access_list_new_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    INSERT INTO access_listing (supplier_id, provider_id, person_id, sourced_id, hidden)
    SELECT DISTINCT s.supplier_id, n.provider_id, n.person_id, s.sourced_id, coalesce(p.non_disclosure, false)
    FROM new_rows n
    JOIN (SELECT DISTINCT t.provider_id, a.supplier_id FROM access_taking t JOIN access_app a ON a.id = t.app_id) taken
        ON taken.provider_id = n.provider_id
    JOIN access_subject s ON s.supplier_id = taken.supplier_id AND s.person_id = n.person_id
    LEFT JOIN people_person p ON p.id = n.person_id
    ORDER BY 1, 2, 3
    ON CONFLICT (supplier_id, provider_id, person_id) DO NOTHING;
    RETURN NULL;
END $f$;
CREATE FUNCTION access_list_new_takings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    INSERT INTO access_listing (supplier_id, provider_id, person_id, sourced_id, hidden)
    SELECT DISTINCT s.supplier_id, l.provider_id, l.person_id, s.sourced_id, coalesce(p.non_disclosure, false)
    FROM new_rows t JOIN access_app a ON a.id = t.app_id
    JOIN people_providerperson l ON l.provider_id = t.provider_id
    JOIN access_subject s ON s.supplier_id = a.supplier_id AND s.person_id = l.person_id
    LEFT JOIN people_person p ON p.id = l.person_id
    ORDER BY 1, 2, 3
    ON CONFLICT (supplier_id, provider_id, person_id) DO NOTHING;
    RETURN NULL;
END $f$;
-- Who has no link left is listed no more.
CREATE FUNCTION access_unlist_old_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    DELETE FROM access_listing k USING old_rows o, (SELECT DISTINCT id FROM access_supplier) s
    WHERE k.supplier_id = s.id AND k.provider_id = o.provider_id AND k.person_id = o.person_id
      AND NOT EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = o.provider_id AND l.person_id = o.person_id);
    RETURN NULL;
END $f$;
-- A link is written before its person, so a new person's non-disclosure is set here, in the same transaction.
CREATE FUNCTION access_hide_persons() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    UPDATE access_listing k SET hidden = true
    FROM new_rows n
    JOIN people_providerperson l ON l.person_id = n.id
    CROSS JOIN access_supplier s
    WHERE n.non_disclosure
      AND k.supplier_id = s.id AND k.provider_id = l.provider_id AND k.person_id = n.id AND NOT k.hidden;
    RETURN NULL;
END $f$;
CREATE FUNCTION access_hide_changed_persons() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.non_disclosure <> o.non_disclosure) THEN
        RETURN NULL;
    END IF;
    UPDATE access_listing k SET hidden = n.non_disclosure
    FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.non_disclosure <> n.non_disclosure
    JOIN people_providerperson l ON l.person_id = n.id
    CROSS JOIN access_supplier s
    WHERE k.supplier_id = s.id AND k.provider_id = l.provider_id AND k.person_id = n.id AND k.hidden <> n.non_disclosure;
    RETURN NULL;
END $f$;
CREATE TRIGGER subjects_listed AFTER INSERT ON people_providerperson REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_list_new_links();
CREATE TRIGGER subjects_unlisted AFTER DELETE ON people_providerperson REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_unlist_old_links();
CREATE TRIGGER subjects_listed AFTER INSERT ON access_taking REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_list_new_takings();
CREATE TRIGGER subjects_hidden AFTER INSERT ON people_person REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_hide_persons();
CREATE TRIGGER subjects_rehidden AFTER UPDATE ON people_person REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION access_hide_changed_persons();

-- Sums the rows of each bucket into one. A second folder at the same time waits, then finds these rows gone; a writer
-- adds rows that this statement does not see and does not touch; a reader sees the old rows or their sum, never both.
CREATE FUNCTION access_fold_page_buckets() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    WITH crowded AS (
        SELECT supplier_id, provider_id, bucket, hidden FROM access_page_bucket GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM access_page_bucket b USING crowded c
        WHERE (b.supplier_id, b.provider_id, b.bucket, b.hidden) = (c.supplier_id, c.provider_id, c.bucket, c.hidden)
        RETURNING b.*
    ), kept AS (
        INSERT INTO access_page_bucket (supplier_id, provider_id, bucket, hidden, n)
        SELECT supplier_id, provider_id, bucket, hidden, sum(n) FROM gone GROUP BY 1, 2, 3, 4
    )
    SELECT count(*) FROM gone
$f$;

-- What stands already when this is installed.
INSERT INTO access_listing (supplier_id, provider_id, person_id, sourced_id, hidden)
SELECT DISTINCT s.supplier_id, l.provider_id, l.person_id, s.sourced_id, p.non_disclosure
FROM access_taking t JOIN access_app a ON a.id = t.app_id
JOIN people_providerperson l ON l.provider_id = t.provider_id
JOIN access_subject s ON s.supplier_id = a.supplier_id AND s.person_id = l.person_id
JOIN people_person p ON p.id = l.person_id;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_security"), ("people", "0002_security")]
    operations = [
        migrations.RunSQL(TABLES, "DROP TABLE access_page_bucket; DROP TABLE access_listing;"),
        secure("access_listing", using=f"supplier_id = {SUPPLIER}", check="false"),
        secure("access_page_bucket", using=f"supplier_id = {SUPPLIER}", check="false"),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
