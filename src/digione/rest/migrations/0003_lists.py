"""How often a provider's roster has changed, and indexes by the moment of change: what lists are counted and kept by.

Whoever changes a roster adds a row of +1, so that no writer waits for another; `rest_fold_roster_changes()` sums them
up. Two readers who see the same sum see the same roster, so a total that was counted once need not be counted again.
"""

from django.db import migrations

from digione.core.tables import PROVIDER, secure

TABLE = """
CREATE TABLE rest_roster_change (provider_id uuid NOT NULL, n bigint NOT NULL);
CREATE INDEX rest_roster_change_provider ON rest_roster_change (provider_id) INCLUDE (n);
"""

FUNCTIONS = """
CREATE FUNCTION rest_count_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO rest_roster_change SELECT DISTINCT provider_id, 1 FROM new_rows WHERE provider_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO rest_roster_change SELECT DISTINCT provider_id, 1 FROM old_rows WHERE provider_id IS NOT NULL;
    ELSE
        INSERT INTO rest_roster_change
        SELECT provider_id, 1 FROM new_rows WHERE provider_id IS NOT NULL
        UNION SELECT provider_id, 1 FROM old_rows WHERE provider_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $f$;

-- A person's own row belongs to every provider that has the person.
CREATE FUNCTION rest_count_change_of_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    INSERT INTO rest_roster_change
    SELECT DISTINCT l.provider_id, 1 FROM old_rows o JOIN people_providerperson l ON l.person_id = o.id;
    RETURN NULL;
END $f$;

-- As with the counts by bucket: a second folder finds the rows gone, a writer's new rows are not touched, and a reader
-- sees the rows or their sum, never both.
CREATE FUNCTION rest_fold_roster_changes() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    WITH crowded AS (
        SELECT provider_id FROM rest_roster_change GROUP BY 1 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM rest_roster_change r USING crowded c WHERE r.provider_id = c.provider_id RETURNING r.*
    ), kept AS (
        INSERT INTO rest_roster_change SELECT provider_id, sum(n) FROM gone GROUP BY 1
    )
    SELECT count(*) FROM gone
$f$;
"""

_WATCHED = (
    "access_listing",
    "organisations_academicsession",
    "organisations_organisation",
    "people_contact",
    "people_guardianship",
    "people_providerperson",
    "people_staffassignment",
    "studies_course",
    "studies_enrolment",
    "studies_group",
    "studies_groupsession",
    "studies_schoolenrolment",
)
_ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER count_change_{event.lower()} AFTER {event} ON {table} {rows}"
    " FOR EACH STATEMENT EXECUTE FUNCTION rest_count_change();\n"
    for table in _WATCHED
    for event, rows in _ROWS.items()
) + "".join(
    f"CREATE TRIGGER count_change_{event.lower()} AFTER {event} ON people_person {_ROWS[event]}"
    " FOR EACH STATEMENT EXECUTE FUNCTION rest_count_change_of_person();\n"
    for event in ("UPDATE", "DELETE")
)

#: What `dateLastModified` of a user or an enrolment is made of, found by its moment.
INDEXES = "".join(
    f"CREATE INDEX {table}_changed ON {table} (provider_id, sys_from);\n"
    for table in (
        "people_contact",
        "people_guardianship",
        "people_providerperson",
        "people_staffassignment",
        "studies_enrolment",
        "studies_schoolenrolment",
    )
) + "CREATE INDEX people_person_changed ON people_person (sys_from);\n"


class Migration(migrations.Migration):
    dependencies = [
        ("rest", "0002_documents"),
        ("access", "0012_bucket_levels"),
        ("organisations", "0002_security"),
        ("people", "0040_duplicates"),
        ("studies", "0002_security"),
    ]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE rest_roster_change"),
        secure("rest_roster_change", using=f"provider_id = {PROVIDER}", check="false"),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(INDEXES, migrations.RunSQL.noop),
    ]
