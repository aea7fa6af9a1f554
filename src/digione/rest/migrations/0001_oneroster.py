"""The functions of OneRoster: who asks, users by id, and one user in one call."""

from django.db import migrations

from digione.rest.oneroster.hot import FUNCTIONS


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("access", "0010_page_buckets"),
        ("audit", "0001_log"),
        ("studies", "0002_security"),
        ("oauth2_provider", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION oneroster_user(text, uuid, text); "
            "DROP FUNCTION oneroster_users(uuid[], uuid, uuid, date, text, boolean, boolean); "
            "DROP FUNCTION oneroster_app(text, timestamptz, date);",
        )
    ]
