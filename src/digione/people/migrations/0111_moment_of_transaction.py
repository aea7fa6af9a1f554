"""When a row has changed is its transaction's moment for what is new as well: by it the change feed finds rows."""

from django.contrib.postgres.functions import TransactionNow
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0110_administers")]
    operations = [
        *(
            migrations.AlterField(
                model, "sys_from", models.DateTimeField(db_default=TransactionNow(), editable=False)
            )
            for model in (
                "contact",
                "duplicatecase",
                "guardianship",
                "identifier",
                "nondisclosure",
                "person",
                "personsuccession",
                "providerperson",
                "staffassignment",
            )
        ),
    ]
