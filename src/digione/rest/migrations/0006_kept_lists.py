"""Kept lists of the users of a school or a class, and the hot lane's function that reads them."""

from django.db import migrations

from digione.core.tables import PROVIDER, secure
from digione.rest.oneroster.hot import FUNCTIONS, LISTS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "6ee27c474e820f67a3fb88ac4409a6238a7b4ecfef6feb604bcfe69a5494048c"
# Kept and read within the reach of the app and the provider.
_KEPT = f"supplier_id = nullif(current_setting('digione.supplier', true), '')::uuid AND provider_id = {PROVIDER}"


class Migration(migrations.Migration):
    dependencies = [("rest", "0005_gathered")]
    operations = [
        migrations.RunSQL(LISTS, "DROP TABLE rest_kept_list"),
        secure("rest_kept_list", using=_KEPT),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
