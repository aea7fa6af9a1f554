"""The hot lane's changes leave to the ordinary lane what stands in an annulled study right, and halves of pairs."""

from django.db import migrations

from digione.rest.v1.hot_writing import CHANGE_FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
CHANGE_CHECKSUM = "8ba64e3e00dd86bcb9d275beaebff746c31d2f06b7226b41296c4200173ec55b"


class Migration(migrations.Migration):
    dependencies = [("rest", "0050_hot_changes"), ("studies", "0092_annulled_held")]
    operations = [migrations.RunSQL(CHANGE_FUNCTIONS, migrations.RunSQL.noop)]
