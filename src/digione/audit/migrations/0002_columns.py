"""An entry's number, time and transaction are the database's to write: the application may not name them."""

from django.db import migrations

from digione.core.tables import APPLICATION

WRITTEN = (
    "provider_id, account_id, actor, app_id, role, use_case, event, purpose, rule, subject, subjects, sensitivity,"
    " earliest, outcome, reason, target, scope, request_id"
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_log")]
    operations = [
        migrations.RunSQL(
            f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_entry FROM {APPLICATION};"
            f" GRANT INSERT ({WRITTEN}) ON audit_entry TO {APPLICATION};",
            migrations.RunSQL.noop,
        )
    ]
