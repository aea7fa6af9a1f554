"""Which transaction has changed which table of a provider: what the change feed is read by.

One row for each transaction, table and provider, however many rows were changed: those are found by the moment that all
of a transaction's rows have in common (`sys_from`, or `sys_to` in the history). Written by triggers, so no way of writing
forgets it; read below the snapshot horizon, so no late commit is passed over.
"""

from django.db import migrations

from digione.core.tables import PROVIDER, secure

TABLE = """
CREATE TABLE rest_change (
    provider_id uuid NOT NULL, of_table text NOT NULL, xid xid8 NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, of_table, xid)
);
ALTER TABLE rest_change SET (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
CREATE INDEX rest_change_age ON rest_change (at);
"""

FUNCTIONS = """
CREATE FUNCTION rest_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO rest_change (provider_id, of_table, xid, at)
        SELECT DISTINCT provider_id, TG_TABLE_NAME, pg_current_xact_id(), now() FROM old_rows
        WHERE provider_id IS NOT NULL ORDER BY 1 ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO rest_change (provider_id, of_table, xid, at)
        SELECT DISTINCT provider_id, TG_TABLE_NAME, pg_current_xact_id(), now() FROM new_rows
        WHERE provider_id IS NOT NULL ORDER BY 1 ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $f$;

-- A person's own row belongs to every provider that has the person.
CREATE FUNCTION rest_note_change_of_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    INSERT INTO rest_change (provider_id, of_table, xid, at)
    SELECT DISTINCT l.provider_id, TG_TABLE_NAME, pg_current_xact_id(), now()
    FROM new_rows n JOIN people_providerperson l ON l.person_id = n.id ORDER BY 1 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $f$;

-- Where a follower stands that has not told for so long, it reads the lists anew.
CREATE FUNCTION rest_forget_changes() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    DELETE FROM rest_change WHERE at < now() - interval '100 days'
$f$;
"""

#: Tables that are read by pages; the feed goes through a transaction's rows in the order of their ids.
SERVED = (
    "organisations_academicsession",
    "organisations_organisation",
    "people_staffassignment",
    "studies_assessment",
    "studies_attainment",
    "studies_course",
    "studies_enrolment",
    "studies_group",
    "studies_groupsession",
    "studies_schoolenrolment",
    "studies_studyright",
    "studies_studyrightextra",
    "studies_studyrightstate",
)
#: With what decides about whom of its people a provider shows.
WATCHED = (*SERVED, "people_providerperson")
#: Until now these had an index by the moment of change alone (0003, 0007).
_BEFORE = ("people_staffassignment", "studies_enrolment", "studies_schoolenrolment")

_ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER note_change_{event.lower()} AFTER {event} ON {table} {rows}"
    " FOR EACH STATEMENT EXECUTE FUNCTION rest_note_change();\n"
    for table in WATCHED
    for event, rows in _ROWS.items()
) + "".join(
    # A link is written before its person.
    f"CREATE TRIGGER note_change_{event.lower()} AFTER {event} ON people_person {_ROWS[event]}"
    " FOR EACH STATEMENT EXECUTE FUNCTION rest_note_change_of_person();\n"
    for event in ("INSERT", "UPDATE")
)
_NO_TRIGGERS = "".join(
    f"DROP TRIGGER note_change_{event.lower()} ON {table};\n" for table in WATCHED for event in _ROWS
) + "".join(f"DROP TRIGGER note_change_{event} ON people_person;\n" for event in ("insert", "update"))


class Migration(migrations.Migration):
    dependencies = [
        ("rest", "0016_past_pages"),
        ("organisations", "0051_house_succession"),
        ("people", "0063_orders_in_time"),
        ("studies", "0090_learners_alone"),
    ]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE rest_change"),
        secure("rest_change", using=f"provider_id = {PROVIDER}", check="false"),
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION rest_note_change(); DROP FUNCTION rest_note_change_of_person(); DROP FUNCTION rest_forget_changes();",
        ),
        migrations.RunSQL(TRIGGERS, _NO_TRIGGERS),
        *(
            migrations.RunSQL(
                (f"DROP INDEX {table}_changed;" if table in _BEFORE else "")
                + f"CREATE INDEX {table}_changed ON {table} (provider_id, sys_from, id) WHERE sys_from > '-infinity';"
                f"CREATE INDEX {table}_history_began ON {table}_history (provider_id, sys_from, id);",
                f"DROP INDEX {table}_history_began; DROP INDEX {table}_changed;"
                + (
                    f"CREATE INDEX {table}_changed ON {table} (provider_id, sys_from) WHERE sys_from > '-infinity';"
                    if table in _BEFORE
                    else ""
                ),
            )
            for table in SERVED
        ),
        migrations.RunSQL(
            "CREATE INDEX people_person_history_began ON people_person_history (sys_from, id)",
            "DROP INDEX people_person_history_began",
        ),
    ]
