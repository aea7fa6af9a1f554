"""What the log needs to tell whom an app's bulk read concerned: by which id the app's supplier knows somebody."""

from django.db import migrations

SQL = """
CREATE VIEW audit_subject_of_app WITH (security_invoker = true) AS
    SELECT a.id AS app_id, s.person_id, s.sourced_id FROM access_app a JOIN access_subject s ON s.supplier_id = a.supplier_id;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0012_bucket_levels"), ("people", "0011_log_of_bulk_reads")]
    operations = [migrations.RunSQL(SQL, "DROP VIEW audit_subject_of_app;")]
