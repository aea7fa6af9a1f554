"""The functions of the hot lane, which write into the log what of somebody an app was told."""

from django.db import migrations

from digione.rest.oneroster.hot import FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "93c411f513d12b90e8af91795e48b4d1688b6a6f8087565ef059cd080373799e"


class Migration(migrations.Migration):
    dependencies = [("rest", "0010_pages"), ("audit", "0007_audit_seen")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
