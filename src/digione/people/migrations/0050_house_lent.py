"""Whom a provider knows, as a relation; and the functions of a key rotation under the name of the room whose rows they turn."""

from django.db import migrations

SQL = """
-- Whom a provider knows, or knew: by it an app is bound to the people of a provider that has taken it.
CREATE VIEW people_belongs_to WITH (security_invoker = true) AS
    SELECT provider_id, person_id, basis, valid_from, valid_to FROM people_providerperson;
"""

#: Their bodies stay as `core` made them; only the name says now where they belong.
FUNCTIONS = {
    "keys_in_use": "",
    "other_keys": "integer",
    "sealed_otherwise": "integer, uuid, integer",
    "earlier_sealed_otherwise": "integer, uuid, timestamptz, integer",
    "seal_anew": "uuid[], bytea[], bytea[], bytea[], integer, text[], text[]",
    "seal_earlier_anew": "uuid[], timestamptz[], bytea[], bytea[], bytea[], integer",
}


class Migration(migrations.Migration):
    dependencies = [("people", "0040_duplicates"), ("core", "0030_keys")]
    operations = [
        migrations.RunSQL(SQL, "DROP VIEW people_belongs_to;"),
        *(
            migrations.RunSQL(
                f"ALTER FUNCTION core_{name}({takes}) RENAME TO people_{name};",
                f"ALTER FUNCTION people_{name}({takes}) RENAME TO core_{name};",
            )
            for name, takes in FUNCTIONS.items()
        ),
    ]
