"""The hot lane's list of a class tells the log that whom it showed was seen as belonging to a group."""

from django.db import migrations

from digione.rest.oneroster.hot import FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "99bd6ef2a76438928dd5a2e5f411e591fd668ca03f6053aec75ea985ab7e9e26"


class Migration(migrations.Migration):
    dependencies = [("rest", "0012_address_mark")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
