"""Lets everybody read the runs that brought a public register in; written they are by the platform alone, as before.

What a register's file had, lacked and got wrong is as public as the register. Other runs without a provider (the
demonstration's) stay the platform's.
"""

from django.db import migrations

from digione.core.tables import PROVIDER, REGISTER, reach

_CHECK = f"provider_id = {PROVIDER} OR (provider_id IS NULL AND {REGISTER})"


class Migration(migrations.Migration):
    dependencies = [("core", "0050_ops_key_fingerprints")]

    operations = [
        migrations.RunSQL(
            reach(
                "core_importrun",
                using=f"{_CHECK} OR (provider_id IS NULL AND kind IN ('codes', 'organisations'))",
                check=_CHECK,
            ),
            migrations.RunSQL.noop,
        )
    ]
