"""The hot lane's function for users asked for at the same time."""

from django.db import migrations

from digione.rest.oneroster.hot import FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "7c61063cf0b9fd3bc99b1b83059267b12376deb4e8f2d68b78f118857ea05e5d"


class Migration(migrations.Migration):
    dependencies = [("rest", "0004_readers")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
