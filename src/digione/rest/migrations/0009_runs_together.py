"""The hot lane reads the kept documents of a page together, and leaves it to the web process to put the address in."""

from django.db import migrations

from digione.rest.oneroster.hot import FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "0a540763f71e0a8bd724b81f903d55979bc24560c090b25e2b1674b07c70db8c"


class Migration(migrations.Migration):
    dependencies = [("rest", "0008_outdated_lists")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
