"""Seeing is not writing: the second axis opens rows for reading alone. And secrets that nobody needs to read."""

from django.db import migrations

from digione.core.tables import APPLICATION, PERSONS, PROVIDER, REGISTER, reach

_APP = "nullif(current_setting('digione.app', true), '')::uuid"
_SUPPLIER = "supplier_id = nullif(current_setting('digione.supplier', true), '')::uuid"
_MINE = f"provider_id = {PROVIDER}"
_LINKED = f"EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = {PROVIDER} AND l.person_id = {{0}})"
_PERSON = _LINKED.format("people_person.id")
_NATIONAL = f"(provider_id IS NULL AND {_LINKED.format('people_identifier.person_id')})"

#: Table, which rows are seen, which are written.
TABLES = [
    *(
        (table, f"{_MINE} OR person_id = ANY ({PERSONS})", _MINE)
        for table in (
            "people_providerperson",
            "people_contact",
            "people_staffassignment",
            "studies_schoolenrolment",
            "studies_enrolment",
        )
    ),
    ("people_person", f"people_person.id = ANY ({PERSONS}) OR {_PERSON}", _PERSON),
    ("people_identifier", f"{_MINE} OR person_id = ANY ({PERSONS}) OR {_NATIONAL}", f"{_MINE} OR {_NATIONAL}"),
    ("people_guardianship", f"{_MINE} OR guardian_id = ANY ({PERSONS}) OR child_id = ANY ({PERSONS})", _MINE),
    ("access_taking", f"{_MINE} OR app_id = {_APP} OR {REGISTER}", f"{_MINE} OR {REGISTER}"),
    *((table, _SUPPLIER, "false") for table in ("access_subject", "access_listing", "access_page_bucket")),
]

SECRETS = f"""
-- A supplier's secret derives the ids of its subjects. Only the functions that do this, the owner's, read it.
ALTER TABLE access_supplier ALTER COLUMN subject_secret
    SET DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
REVOKE SELECT, INSERT, UPDATE ON access_supplier FROM {APPLICATION};
GRANT SELECT (id, name), INSERT (id, name), UPDATE (name) ON access_supplier TO {APPLICATION};

-- A token is looked up by its checksum, so the checksum is all that is kept: who reads this table can ask for nothing.
CREATE FUNCTION access_keep_checksum() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN NEW.token := NEW.token_checksum; RETURN NEW; END $f$;
CREATE TRIGGER keep_checksum BEFORE INSERT OR UPDATE OF token ON oauth2_provider_accesstoken
    FOR EACH ROW EXECUTE FUNCTION access_keep_checksum();
UPDATE oauth2_provider_accesstoken SET token = token_checksum;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0010_page_buckets"),
        ("people", "0010_guardians_and_links"),
        ("studies", "0002_security"),
        ("oauth2_provider", "0012_add_token_checksum"),
    ]
    operations = [
        *(
            migrations.RunSQL(reach(table, using=using, check=check), migrations.RunSQL.noop)
            for table, using, check in TABLES
        ),
        migrations.RunSQL(SECRETS, migrations.RunSQL.noop),
        # The column stays; the application has no name for it any more.
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("supplier", "subject_secret")]),
    ]
