"""Since when a provider has known a person is looked up for each person of a page, in the history as well."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rest", "0021_repeated_lines"), ("people", "0063_orders_in_time")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX people_providerperson_history_whose ON people_providerperson_history (provider_id, person_id)",
            "DROP INDEX people_providerperson_history_whose",
        )
    ]
