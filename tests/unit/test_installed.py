"""What is installed, known without Django; and whether a database has all of its tables, libraries' included."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from digione.config.embedded import running_database
from digione.config.installed import INSTALLED_APPS, migrations


@pytest.mark.django_db
def test_the_migrations_that_are_read_from_folders_are_those_that_django_finds() -> None:
    on_disk = set(MigrationLoader(connection).disk_migrations)
    assert set(migrations()) == on_disk
    assert {"access", "account", "oauth2_provider", "procrastinate", "sessions"} <= {app for app, _name in on_disk}
    assert settings.INSTALLED_APPS is INSTALLED_APPS


@pytest.mark.django_db
@pytest.mark.parametrize("app", ["oauth2_provider", "procrastinate", "core"])
def test_a_missing_migration_is_noticed_whoever_brings_it(app: str) -> None:
    with running_database() as database, psycopg.connect(database.admin_url) as administrator:
        assert database.is_migrated()
        row = administrator.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations WHERE app = %s)"
            " RETURNING app, name, applied",
            [app],
        ).fetchone()
        assert row is not None
        administrator.commit()
        try:
            assert not database.is_migrated()
        finally:
            administrator.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", row)
            administrator.commit()
        assert database.is_migrated()
