"""Two who make the same thing at once make it once: no account, supplier or supplier's app has another's name."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0020_lists_row_keys"),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
    ]
    operations = [
        migrations.AddConstraint(
            "account", models.UniqueConstraint(Upper("username"), name="access_account_name_once")
        ),
        migrations.AddConstraint(
            "app", models.UniqueConstraint(models.F("supplier"), Upper("name"), name="access_app_once")
        ),
        migrations.AddConstraint("supplier", models.UniqueConstraint(fields=["name"], name="access_supplier_once")),
    ]
