"""Takings are the provider's and the app's; a supplier's ids of persons are that supplier's alone."""

from django.db import migrations

from digione.core.tables import PROVIDER, REGISTER, secure

APP = "nullif(current_setting('digione.app', true), '')::uuid"
SUPPLIER = "nullif(current_setting('digione.supplier', true), '')::uuid"


class Migration(migrations.Migration):
    dependencies = [("access", "0002_apps"), ("core", "0002_security")]
    operations = [
        secure(
            "access_taking",
            using=f"provider_id = {PROVIDER} OR app_id = {APP} OR {REGISTER}",
            check=f"provider_id = {PROVIDER} OR {REGISTER}",
        ),
        # Written by the trigger below alone, which runs as the owner; the application reads its supplier's own.
        secure("access_subject", using=f"supplier_id = {SUPPLIER}", check="false"),
        migrations.RunSQL(
            """
            CREATE FUNCTION access_sourced_id(secret bytea, person uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
                -- A UUID version 8 (RFC 9562): 122 bits of SHA-256 over the supplier's secret and the person.
                SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 128), 8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
                FROM (SELECT substring(sha256(secret || uuid_send(person)) FROM 1 FOR 16) AS h) hashed
            $f$;
            -- A person who becomes known to a provider gets an id for each supplier whose app that provider has taken.
            CREATE FUNCTION access_subjects_of_new_links() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
            BEGIN
                INSERT INTO access_subject (supplier_id, person_id, sourced_id)
                SELECT DISTINCT s.id, n.person_id, access_sourced_id(s.subject_secret, n.person_id)
                FROM new_rows n JOIN access_taking t ON t.provider_id = n.provider_id
                JOIN access_app a ON a.id = t.app_id JOIN access_supplier s ON s.id = a.supplier_id
                ON CONFLICT (supplier_id, person_id) DO NOTHING;
                RETURN NULL;
            END $f$;
            -- And a supplier gets ids for everybody of a provider that takes its app.
            CREATE FUNCTION access_subjects_of_new_takings() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
            BEGIN
                INSERT INTO access_subject (supplier_id, person_id, sourced_id)
                SELECT DISTINCT s.id, pp.person_id, access_sourced_id(s.subject_secret, pp.person_id)
                FROM new_rows t JOIN access_app a ON a.id = t.app_id JOIN access_supplier s ON s.id = a.supplier_id
                JOIN people_providerperson pp ON pp.provider_id = t.provider_id
                ON CONFLICT (supplier_id, person_id) DO NOTHING;
                RETURN NULL;
            END $f$;
            """,
            migrations.RunSQL.noop,
        ),
    ]
