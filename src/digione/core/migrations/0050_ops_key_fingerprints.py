"""By what a key of encrypted fields is known again: a database refuses a process that has another key."""

from django.db import migrations, models
from django.db.models.functions import Now

SQL = """
ALTER TABLE core_keyfingerprint ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_keyfingerprint FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_everything ON core_keyfingerprint TO CURRENT_USER USING (true) WITH CHECK (true);
-- Every process compares, and the first one that has a key notes it. What is noted is never changed.
CREATE POLICY read ON core_keyfingerprint FOR SELECT TO PUBLIC USING (true);
CREATE POLICY note ON core_keyfingerprint FOR INSERT TO PUBLIC WITH CHECK (true);
REVOKE UPDATE, DELETE ON core_keyfingerprint FROM digione_app;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0030_keys")]
    operations = [
        migrations.CreateModel(
            name="KeyFingerprint",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("fingerprint", models.BinaryField()),
                ("noted_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
