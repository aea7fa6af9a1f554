"""A database from before names were given once: its next start gives what came later a free name, and is not blocked."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from digione.access.services import create_app
from digione.config.embedded import migrate, running_database
from digione.config.provisioning import Database
from digione.rest.oneroster.operations import CORE
from tests import cast


@pytest.fixture
def before(committing: None) -> Iterator[Database]:
    """A copy of the database that lacks the migration."""
    with running_database() as found:
        ours = f"/{connection.settings_dict['NAME']}?"
        urls = {
            name: getattr(found, name).replace("/digione?", ours) for name in ("app_url", "migrate_url", "admin_url")
        }
        database = replace(found, **urls)
        with psycopg.connect(database.admin_url) as administrator:
            administrator.execute("DROP INDEX access_account_name_once, access_app_once")
            administrator.execute("ALTER TABLE access_supplier DROP CONSTRAINT access_supplier_once")
            administrator.execute("DELETE FROM django_migrations WHERE (app, name) = ('access', '0070_one_of_a_name')")
        yield database


def _names(administrator: psycopg.Connection, statement: str) -> list[str]:
    return [name for (name,) in administrator.execute(statement)]


def test_who_came_later_gets_the_first_free_name(before: Database) -> None:
    accounts = ["ope.tunnus", "Ope.Tunnus", "ope.tunnus-2", "OPE.TUNNUS", "muu"]
    apps = [("Lukuvirta", "a"), ("LUKUVIRTA", "a"), ("Lukuvirta (2)", "a"), ("Lukuvirta", "b"), ("Laskuri", "b")]
    made = [
        create_app(
            cast.platform, name=str(n), supplier=supplier, provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE]
        ).app_id
        for n, (_name, supplier) in enumerate(apps)
    ]
    with psycopg.connect(before.admin_url) as administrator:
        for n, name in enumerate(accounts):
            ident = UUID(f"01900000-0000-7000-8000-{n:012x}")
            administrator.execute(
                "INSERT INTO access_account (id, username, password) VALUES (%s, %s, '!')", [ident, name]
            )
        for ident, (name, _supplier) in zip(made, apps, strict=True):
            administrator.execute("UPDATE access_app SET name = %s WHERE id = %s", [name, ident])
        administrator.execute("UPDATE access_supplier SET name = 'Tuikku Oy' WHERE name IN ('a', 'b')")
    assert not before.is_migrated()
    migrate(before)
    assert before.is_migrated()
    with psycopg.connect(before.admin_url) as administrator:
        told = _names(administrator, "SELECT username FROM access_account WHERE password = '!' ORDER BY id")
        assert told == ["ope.tunnus", "Ope.Tunnus-3", "ope.tunnus-2", "OPE.TUNNUS-4", "muu"]
        told = _names(administrator, "SELECT name FROM access_app ORDER BY id")
        assert told == ["Lukuvirta", "LUKUVIRTA (3)", "Lukuvirta (2)", "Lukuvirta", "Laskuri"]
        told = _names(administrator, "SELECT name FROM access_supplier WHERE name ILIKE 'tuikku%' ORDER BY id")
        assert told == ["Tuikku Oy", "Tuikku Oy (2)"]
        for statement in (
            "UPDATE access_account SET username = 'MUU' WHERE username = 'ope.tunnus-2'",
            "UPDATE access_app SET name = 'laskuri' WHERE supplier_id = (SELECT supplier_id FROM access_app WHERE name = 'Laskuri')",
            "UPDATE access_supplier SET name = 'Tuikku Oy' WHERE name = 'Tuikku Oy (2)'",
        ):
            with pytest.raises(psycopg.errors.UniqueViolation), administrator.transaction():
                administrator.execute(statement)
