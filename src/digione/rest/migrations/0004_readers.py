"""What tokens open, kept and forgotten in time; and the functions of the hot lane, which read it."""

from django.db import migrations

from digione.core.tables import secure
from digione.rest.oneroster.hot import FUNCTIONS, READERS

#: Of the functions that this migration makes; a test finds out when they have changed and no migration has followed.
FUNCTIONS_CHECKSUM = "04e47038ba8f2374b21de8623223b139927009c9640f49647c8f4f6a2d780cc9"
#: Trigger function, table, events. A changed column that opens nothing (when a token was last used, say) counts as well.
_WATCHED = [
    ("rest_forget_by_taking", "access_taking", ("INSERT", "UPDATE", "DELETE")),
    ("rest_forget_by_token", "oauth2_provider_accesstoken", ("UPDATE", "DELETE")),
    ("rest_forget_by_app", "access_app", ("UPDATE", "DELETE")),
    ("rest_forget_by_listing", "access_listing", ("UPDATE", "DELETE")),
]
_ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER forget_kept_{event.lower()} AFTER {event} ON {table} {_ROWS[event]}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    for function, table, events in _WATCHED
    for event in events
)


class Migration(migrations.Migration):
    dependencies = [("rest", "0003_lists"), ("access", "0013_log_of_bulk_reads"), ("oauth2_provider", "0012_add_token_checksum")]
    operations = [
        migrations.RunSQL(READERS, migrations.RunSQL.noop),
        # Seen by whoever has the token; written by the function that works it out alone.
        secure("rest_reader", using="checksum = nullif(current_setting('digione.token', true), '')", check="false"),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
