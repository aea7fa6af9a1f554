"""Kept documents of learners, what makes them forgotten, and the hot lane's functions that make and read them."""

from django.db import migrations

from digione.core.tables import PROVIDER, secure
from digione.rest.oneroster.hot import FUNCTIONS
from digione.rest.v1.hot import LEARNER_DOCUMENTS, LEARNER_FUNCTIONS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "90cd60347875b9f6b141537bf48d0d4430ac6b1e565bf867f840a57907566b32"
LEARNER_CHECKSUM = "eb74cfde336f7eef47000258929c621ea59660f96d1240d71d90e773574add66"
_SUPPLIER = "supplier_id = nullif(current_setting('digione.supplier', true), '')::uuid"
_WATCHED = (
    "studies_studyright",
    "studies_studyrightstate",
    "studies_studyrightextra",
    "studies_attainment",
    "studies_assessment",
)
_ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER forget_learners_{event.lower()} AFTER {event} ON {table} {rows}"
    " FOR EACH STATEMENT EXECUTE FUNCTION rest_forget_learners();\n"
    for table in _WATCHED
    for event, rows in _ROWS.items()
)


class Migration(migrations.Migration):
    dependencies = [("rest", "0022_links_of_then"), ("studies", "0090_learners_alone"), ("audit", "0009_held_back")]
    operations = [
        migrations.RunSQL(LEARNER_DOCUMENTS, migrations.RunSQL.noop),
        # A document may be kept by whoever reads it, within the reach of the app and the provider.
        secure("rest_learner_document", using=_SUPPLIER, check=f"{_SUPPLIER} AND provider_id = {PROVIDER}"),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS + LEARNER_FUNCTIONS, migrations.RunSQL.noop),
    ]
