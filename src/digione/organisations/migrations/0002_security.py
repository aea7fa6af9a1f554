"""The public register is read by all and written by the platform; tenant tables are the provider's own."""

from django.db import migrations

from digione.core.tables import PROVIDER, REGISTER, keep_history, secure_register, tenant_table

ORGANISATION = (
    "id oid parent_id provider_id kinds name sort_key business_id school_code school_type municipality_code languages "
    "valid_from valid_to source source_changed_at row_hash sys_from"
).split()
SESSION = "id provider_id school_id kind title starts_on ends_on parent_id school_year sys_from".split()


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_tables"), ("core", "0002_security")]
    operations = [
        # A provider may add an organisation that the register does not know; such a row carries no OID.
        secure_register("organisations_organisation", check=f"{REGISTER} OR (oid IS NULL AND provider_id = {PROVIDER})"),
        keep_history("organisations_organisation", ORGANISATION, using="true"),
        secure_register("organisations_succession"),
        secure_register("organisations_provider"),
        *tenant_table("organisations_academicsession", SESSION),
        migrations.RunSQL(
            """
            ALTER TABLE organisations_provider ADD FOREIGN KEY (id) REFERENCES organisations_organisation (id);
            ALTER TABLE organisations_academicsession
                ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
                ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id),
                ADD FOREIGN KEY (provider_id, parent_id) REFERENCES organisations_academicsession (provider_id, id)
                    DEFERRABLE INITIALLY DEFERRED;
            """,
            migrations.RunSQL.noop,
        ),
    ]
