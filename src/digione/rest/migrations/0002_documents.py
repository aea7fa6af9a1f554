"""Kept documents of users, and what makes them forgotten. The functions that read them are made by the newest migration."""

from django.db import migrations

from digione.core.tables import PROVIDER, secure
from digione.rest.oneroster.hot import DOCUMENTS

_SUPPLIER = "supplier_id = nullif(current_setting('digione.supplier', true), '')::uuid"
#: Trigger function, table, events.
_WATCHED = [
    ("rest_forget_by_row", "people_staffassignment", ("INSERT", "UPDATE", "DELETE")),
    ("rest_forget_by_row", "people_contact", ("INSERT", "UPDATE", "DELETE")),
    ("rest_forget_by_row", "studies_schoolenrolment", ("INSERT", "UPDATE", "DELETE")),
    ("rest_forget_by_row", "people_providerperson", ("UPDATE",)),
    ("rest_forget_by_link", "people_providerperson", ("INSERT", "DELETE")),
    ("rest_forget_by_guardianship", "people_guardianship", ("INSERT", "UPDATE", "DELETE")),
    ("rest_forget_by_person", "people_person", ("UPDATE", "DELETE")),
]
_ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER forget_documents_{event.lower()} AFTER {event} ON {table} {_ROWS[event]}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    for function, table, events in _WATCHED
    for event in events
)
# A document may be kept by whoever reads it, within the reach of the app and the provider.
_KEPT = f"{_SUPPLIER} AND provider_id = {PROVIDER}"


class Migration(migrations.Migration):
    dependencies = [("rest", "0001_oneroster"), ("access", "0012_bucket_levels"), ("people", "0010_guardians_and_links")]
    operations = [
        migrations.RunSQL(DOCUMENTS, migrations.RunSQL.noop),
        secure("rest_user_document", using=_SUPPLIER, check=_KEPT),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
