"""Indexes by which a page of a provider's rows is found, at the same cost however many rows other providers have.

Their predicate holds for every row, and only questions about pages say it (`id > …`): for a provider that is in no
statistics yet they would look as good as the index that finds a person (see `0007_index_changes`).
"""

from django.db import migrations

#: The other tables that are read by pages have such an index as the key of their tenant.
PAGED = (
    "organisations_organisation",
    "people_staffassignment",
    "studies_groupsession",
    "studies_schoolenrolment",
)
BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


class Migration(migrations.Migration):
    dependencies = [
        ("rest", "0009_runs_together"),
        ("organisations", "0051_house_succession"),
        ("people", "0060_ops_identifier_cases"),
        ("studies", "0070_masters_rows"),
    ]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {table}_page ON {table} (provider_id, id) WHERE id > '{BEFORE_ALL}'",
            f"DROP INDEX {table}_page",
        )
        for table in PAGED
    ]
