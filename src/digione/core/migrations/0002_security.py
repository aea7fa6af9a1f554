"""Row-level security, the stamp of history, and the outbox below the snapshot horizon."""

from django.db import migrations

from digione.core.tables import PROVIDER, REGISTER, secure, secure_register


class Migration(migrations.Migration):
    dependencies = [("core", "0001_tables")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION core_stamp() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN NEW.sys_from := now(); RETURN NEW; END $f$;
            ALTER TABLE core_outbox ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
            CREATE INDEX core_outbox_xid ON core_outbox (xid, position);
            -- Only what lies below the horizon is served: a transaction that is still open may yet commit a lower position.
            CREATE VIEW core_outbox_settled WITH (security_invoker = true) AS
                SELECT * FROM core_outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot());
            """,
            "DROP VIEW core_outbox_settled; ALTER TABLE core_outbox DROP COLUMN xid; DROP FUNCTION core_stamp();",
        ),
        secure("core_sourcekey", using=f"provider_id = {PROVIDER}"),
        secure("core_importrun", using=f"provider_id = {PROVIDER} OR (provider_id IS NULL AND {REGISTER})"),
        secure("core_outbox", using=f"provider_id = {PROVIDER} OR {REGISTER}"),
        secure_register("core_code"),
    ]
