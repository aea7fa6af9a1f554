"""Whether a source masters a row stands in its key; two indexes that only slowed imports down go."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0002_security")]
    operations = [
        migrations.RemoveIndex(model_name="sourcekey", name="core_sourcekey_target"),
        migrations.AddField(
            model_name="sourcekey", name="masters", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.RunSQL(
            """
            UPDATE core_sourcekey k SET masters = true FROM core_sourcekey i
            WHERE i.kind = 'identity' AND k.kind = 'person' AND (k.provider_id, k.source, k.key) = (i.provider_id, i.source, i.key);
            DELETE FROM core_sourcekey WHERE kind = 'identity';
            -- Followers read on by position; that what they read is settled is never looked up by xid.
            DROP INDEX core_outbox_xid;
            """,
            migrations.RunSQL.noop,
        ),
    ]
