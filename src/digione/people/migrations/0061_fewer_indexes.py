"""One index where two served: each costs every row of an import, and the one by person finds a provider's rows too."""

import django.db.models.deletion
from django.db import migrations, models


def _without_index(model: str, name: str, **more: str) -> migrations.AlterField:
    field = models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.RESTRICT, to="people.person", **more
    )
    return migrations.AlterField(model_name=model, name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("people", "0060_ops_identifier_cases")]
    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["person", "provider_id"], name="people_contact_whose"),
        ),
        migrations.AddIndex(
            model_name="guardianship",
            index=models.Index(fields=["child", "provider_id"], name="people_guardianship_whose"),
        ),
        migrations.RemoveIndex(model_name="contact", name="people_contact_person_i"),
        migrations.RemoveIndex(model_name="guardianship", name="people_guardianship_child_p"),
        _without_index("contact", "person"),
        _without_index("guardianship", "child", related_name="+"),
        # `people_guardianship_pair` begins with the guardian.
        _without_index("guardianship", "guardian", related_name="+"),
    ]
