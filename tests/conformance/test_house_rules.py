"""The building rules: row-level security on every table, narrow functions, rules in three languages.

Use cases, routes and SQL have files of their own beside this one.
"""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

import digione
from digione.access.permissions import Permission
from digione.access.roles import SENTENCES, Role
from digione.access.rules import RULES
from digione.rest.oneroster.hot import FUNCTIONS_CHECKSUM
from digione.rest.v1.hot import LEARNER_CHECKSUM
from digione.rest.v1.hot_writing import CHANGE_CHECKSUM

SOURCE = Path(digione.__file__).parent

# Tables of libraries, and our own that hold no tenant's data. Each has its reason.
WITHOUT_RLS = {
    "access_account": "sign-in looks an account up before any reach is known; holds no learner data but a person's id",
    "access_app": "which apps exist is public on the platform",
    "access_supplier": "which suppliers exist is public; the secret is not readable through any route",
}
LIBRARY_PREFIXES = ("auth_", "django_", "account_", "oauth2_provider_", "procrastinate_")

# Functions that run with the owner's rights. Each is narrow, and named here on purpose.
DEFINER_FUNCTIONS = {
    # Keep the lists of whom a supplier may page through, which the application itself may not write.
    "access_fold_page_buckets",
    "access_hide_changed_persons",
    "access_hide_persons",
    "access_list_new_links",
    "access_list_new_takings",
    "access_unlist_old_links",
    "access_subjects_of_new_links",
    "access_subjects_of_new_takings",
    "audit_make_partitions",
    "audit_of_person",
    "audit_seal_lag",
    "audit_seal_next",
    "audit_verify",
    # Look over all providers, and answer one thing.
    "people_barred",
    # Rotate the keys of every provider's identifiers; each asks first whether the platform calls, but for the one
    # that answers only yes or no.
    "people_earlier_sealed_otherwise",
    "people_keys_in_use",
    "people_other_keys",
    "people_seal_anew",
    "people_seal_earlier_anew",
    "people_sealed_otherwise",
    "people_bars_of",
    "people_find_by_identifier",
    # Whether a record of a duplicate case is another provider's too: yes or no, never whose.
    "people_linked_elsewhere",
    "people_refuse_foreign_links",
    # Makes a key of the supplier's secret, for that supplier alone.
    "access_row_key",
    # Count a provider's changes, which the application itself may not write.
    "rest_count_change",
    "rest_count_change_of_person",
    "rest_fold_roster_changes",
    "rest_forget_repeated_calls",
    # Note which transaction has changed which table of a provider, which the application itself may not write.
    "rest_note_change",
    "rest_note_change_of_person",
    "rest_forget_changes",
    # Forget documents that a change has made untrue, whoever made the change.
    "rest_documents_at",
    "rest_forget_by_guardianship",
    "rest_forget_by_link",
    "rest_forget_by_person",
    "rest_forget_by_row",
    "rest_forget_documents",
    "rest_forget_learners",
    "rest_forget_by_listing",
    # Forget what a token opens when a right changes, and work it out anew.
    "rest_forget_by_app",
    "rest_forget_by_taking",
    "rest_forget_by_token",
    "rest_forget_readers",
    "rest_keep_reader",
    "people_open_identifier_cases",
    # Lists those cases for the platform: ids alone; asks first whether the platform calls.
    "people_identifier_cases",
    "people_protected_by_others",
}


def _rows(sql: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()


@pytest.mark.django_db
def test_every_table_of_ours_forces_row_level_security() -> None:
    tables = _rows(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    ours = {name: forced for name, forced in tables if not name.startswith(LIBRARY_PREFIXES)}
    assert len(ours) > 30
    assert {name for name, forced in ours.items() if not forced} == set(WITHOUT_RLS)


@pytest.mark.django_db
def test_the_application_role_owns_nothing_and_bypasses_nothing() -> None:
    assert _rows("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user") == [
        (False,)
    ]
    assert _rows("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole") == [(0,)]
    assert _rows("SELECT pg_has_role(current_user, 'digione_owner', 'member')") == [(False,)]


@pytest.mark.parametrize(
    ("name", "checksum"),
    [("FUNCTIONS", FUNCTIONS_CHECKSUM), ("LEARNER", LEARNER_CHECKSUM), ("CHANGE", CHANGE_CHECKSUM)],
)
def test_the_functions_of_the_hot_lane_in_the_database_are_those_of_the_code(name: str, checksum: str) -> None:
    """Whoever changes them adds a migration that makes them anew, and writes their checksum into it."""
    migrations = (SOURCE / "rest" / "migrations").glob("0*.py")
    written = [path for path in migrations if f"\n{name}_CHECKSUM = " in path.read_text()]
    newest = max(written, key=lambda path: path.name)
    assert f'{name}_CHECKSUM = "{checksum}"' in newest.read_text(), f"The functions have the checksum {checksum}."


@pytest.mark.django_db
def test_whoever_reads_by_the_second_axis_writes_nothing_by_it() -> None:
    """Oneself, a guardian and an app see rows of several providers; no policy for writing may look at these axes."""
    writing = _rows(
        "SELECT polrelid::regclass::text, coalesce(pg_get_expr(polqual, polrelid), '')"
        " || coalesce(pg_get_expr(polwithcheck, polrelid), '') FROM pg_policy WHERE polcmd <> 'r' AND polname <> 'owner_everything'"
    )
    assert len(writing) > 60
    axes = ("digione.persons", "digione.app", "digione.supplier")
    # A kept document or list is made by whoever reads it, within the reach of both the app and the provider.
    by_readers = {"rest_user_document", "rest_kept_list", "rest_learner_document"}
    assert {table for table, rule in writing if any(axis in rule for axis in axes)} == by_readers


@pytest.mark.django_db
def test_the_application_reads_no_secret_of_a_supplier_and_no_token() -> None:
    assert _rows("SELECT has_column_privilege('access_supplier', 'subject_secret', 'SELECT')") == [(False,)]
    assert _rows("SELECT count(*) FROM pg_trigger WHERE tgname = 'keep_checksum' AND tgenabled = 'O'") == [(1,)]


@pytest.mark.django_db
def test_every_view_asks_as_its_reader_and_only_known_functions_do_not() -> None:
    views = _rows(
        "SELECT relname, coalesce(reloptions::text, '') LIKE '%security_invoker=true%' FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    assert views
    assert [name for name, invoker in views if not invoker] == []
    definers = _rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")
    assert {name for (name,) in definers} == DEFINER_FUNCTIONS


@pytest.mark.django_db
def test_every_tenant_key_starts_with_the_provider_or_is_an_unguessable_id() -> None:
    keys = _rows(
        """SELECT c.relname, i.indexrelid::regclass::text, (SELECT string_agg(a.attname, ',' ORDER BY k.n)
               FROM unnest(i.indkey::int[]) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum)
           FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
           WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
             AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'provider_id')
             AND c.relname NOT LIKE 'audit_%%' AND c.relname NOT LIKE 'organisations_organisation%%'"""
    )
    starts = ("provider_id", "supplier_id,provider_id")
    wrong = [key for key in keys if not key[2].startswith(starts) and key[2] not in {"id", "position", "checksum"}]
    # One hetu means one person nationwide; people_find_by_identifier is the only way to ask, and names must agree.
    assert [key[1] for key in wrong] == ["people_identifier_national"]


def test_every_rule_speaks_three_languages_and_every_role_is_described() -> None:
    for rule in RULES:
        assert set(rule.sentence) == {"fi", "sv", "en"}, rule.code
    assert set(SENTENCES) == set(Role)
    assert [str(permission) for permission in Permission] == sorted(map(str, Permission))


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db
def test_every_table_of_people_and_studies_keeps_its_history() -> None:
    """With all its columns, and by a trigger for each way of changing; a new table without one fails here."""
    tables = [
        table
        for (table,) in _rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname ~ '^(people|studies)_' AND relname !~ '_history$' ORDER BY 1"
        )
    ]
    assert len(tables) >= 14
    # Forgotten with the transaction that wrote it.
    tables.remove("people_match")
    for table in tables:
        lacking = _rows(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
            " EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s)",
            table,
            f"{table}_history",
        )
        assert lacking == [], table
        triggers = {name for (name,) in _rows("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass", table)}
        assert {"keep_updated", "keep_deleted", "stamp"} <= triggers, table
