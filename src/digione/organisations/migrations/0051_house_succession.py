"""Successions tell where their decision is found; the change of a provider is one as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0050_house_lent")]
    operations = [
        migrations.AddField("succession", "decision", models.TextField(null=True)),
        migrations.AlterField(
            "succession",
            "kind",
            models.TextField(choices=[("merge", "merge"), ("split", "split"), ("change", "change")]),
        ),
        migrations.AddConstraint(
            "succession",
            models.CheckConstraint(
                condition=models.Q(("kind__in", ["merge", "split", "change"])), name="organisations_succession_kind"
            ),
        ),
        migrations.RunSQL(
            "CREATE INDEX organisations_succession_to ON organisations_succession (successor_id, predecessor_id);",
            "DROP INDEX organisations_succession_to;",
        ),
    ]
