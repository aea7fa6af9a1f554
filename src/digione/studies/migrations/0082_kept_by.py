"""What hangs on a study right can be kept by another system than the study right's source: an app, or the desk."""

from importlib import import_module

from django.db import migrations, models

from digione.core.tables import keep_history_of_more

_secured = import_module("digione.studies.migrations.0081_study_rights_secured")
#: Model → its columns before this migration.
_COLUMNS = {
    "studyrightstate": _secured.STATE,
    "studyrightextra": _secured.EXTRA,
    "attainment": _secured.ATTAINMENT,
    "assessment": _secured.ASSESSMENT,
}


class Migration(migrations.Migration):
    dependencies = [("studies", "0081_study_rights_secured")]
    operations = [
        operation
        for model, columns in _COLUMNS.items()
        for operation in (
            migrations.AddField(model_name=model, name="kept_by", field=models.TextField(null=True)),
            keep_history_of_more(f"studies_{model}", "kept_by text", [*columns, "kept_by"]),
        )
    ]
