"""Calls that apps may make again (`Idempotency-Key`): digests of what was asked, and which row came of it.

Kept for a day. No answer is kept, since it would hold data of persons: a repeated call is answered with the row as it is.
"""

from django.db import migrations

from digione.core.tables import secure_by_provider

SQL = """
CREATE TABLE rest_repeated_call (
    provider_id uuid NOT NULL REFERENCES organisations_provider (id), app_id uuid NOT NULL,
    key bytea NOT NULL, request bytea NOT NULL, row_id uuid, status smallint, called_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider_id, app_id, key)
);
CREATE INDEX rest_repeated_call_age ON rest_repeated_call (called_at);
CREATE FUNCTION rest_forget_repeated_calls() RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $f$
    WITH gone AS (DELETE FROM rest_repeated_call WHERE called_at < now() - interval '1 day' RETURNING 1)
    SELECT count(*) FROM gone
$f$;
"""


class Migration(migrations.Migration):
    dependencies = [("rest", "0014_study_pages"), ("studies", "0082_kept_by")]
    operations = [
        migrations.RunSQL(SQL, "DROP FUNCTION rest_forget_repeated_calls(); DROP TABLE rest_repeated_call;"),
        secure_by_provider("rest_repeated_call"),
    ]
