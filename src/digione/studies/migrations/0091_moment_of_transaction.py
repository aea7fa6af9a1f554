"""When a row has changed is its transaction's moment for what is new as well: by it the change feed finds rows."""

from django.contrib.postgres.functions import TransactionNow
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0090_learners_alone")]
    operations = [
        *(
            migrations.AlterField(
                model, "sys_from", models.DateTimeField(db_default=TransactionNow(), editable=False)
            )
            for model in (
                "assessment",
                "attainment",
                "course",
                "enrolment",
                "group",
                "groupsession",
                "schoolenrolment",
                "studyright",
                "studyrightextra",
                "studyrightstate",
            )
        ),
    ]
