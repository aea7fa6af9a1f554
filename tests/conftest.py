"""The stage of the suite: one embedded PostgreSQL for each process, migrated as the owner, used as the application.

Each test runs in a transaction that is rolled back. The cast is written once, before the first test. `make test` shares
the files of tests out to several processes; each of them has its own data folder, cluster, demonstration and browser,
so that what one commits disturbs no other. Without `-n` the suite runs in one process, as does any part of it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from tests import clusters

_RUN = clusters.run_folder()
_DATA = _RUN / os.environ.get("PYTEST_XDIST_WORKER", "alone")
_DATA.mkdir(mode=0o711)
os.environ["DIGIONE_DATA"] = str(_DATA)
# The suite starts Python some two hundred times. What one has compiled the next one reads, also where the machine's
# Python is told to leave nothing beside the sources.
os.environ["PYTHONPYCACHEPREFIX"] = str(_RUN / "bytecode")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.pop("DATABASE_URL", None)
# What the command prints is asserted in English, wherever the suite runs.
os.environ["LC_ALL"] = "C.UTF-8"

pytest_plugins = ["tests.log"]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Let every test be spoken to in English, unless it asks for another language; a web request chooses its own."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that nobody here wrote; tests that need it say why they skip where it is absent."""
    folder = Path(os.environ.get("DIGIONE_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
    if not folder.is_dir():
        why = (
            "The real data is not here: set DIGIONE_SHARED to the folder that has `data`, or lay it beside the source."
        )
        # Where every change is judged nothing may pass unseen: what cannot be tested there has failed.
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(f"{folder} is missing. {why}")
        pytest.skip(why)
    return folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Start PostgreSQL on a migrated cluster, load the cast; stop when the session ends."""
    from django.db import connections

    from digione.config.embedded import EmbeddedServer, running_database
    from digione.config.settings import database_from_url
    from tests import cast

    clusters.lay_migrated(_DATA)
    with running_database(_DATA) as database:
        connections["default"].close()
        connections["default"].settings_dict.update(database_from_url(database.app_url))
        with django_db_blocker.unblock():
            cast.load()
        # Nobody has followed since before the cast came: tests of the change feed begin with what they change.
        name = connections["default"].settings_dict["NAME"]
        with psycopg.connect(EmbeddedServer(_DATA).admin_url, dbname=name) as administrator:
            administrator.execute("DELETE FROM rest_change")
        yield
        connections["default"].close()


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A copy of the database, cast included, for a test that commits for real: what it leaves disturbs no other."""
    from django.db import connections

    from digione.config.embedded import EmbeddedServer
    from digione.rest.wire import close_idle

    ours = connections["default"].settings_dict
    name, copy = ours["NAME"], "committing"
    with psycopg.connect(EmbeddedServer(_DATA).admin_url, autocommit=True) as administrator:
        # A database that somebody is connected to cannot be copied.
        connections["default"].close()
        administrator.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
        ours["NAME"] = copy
        try:
            with django_db_blocker.unblock():
                yield
                connections["default"].close()
        finally:
            close_idle()
            ours["NAME"] = name
            administrator.execute(f"DROP DATABASE {copy} WITH (FORCE)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest come first, so that no process is left with one of them at the end."""
    long = ("browser", "cli")
    items.sort(key=lambda item: next((place for place, name in enumerate(long) if name in item.path.parts), len(long)))


def pytest_unconfigure() -> None:
    """Remove what the run has written; whoever started it does so when all its workers are done."""
    if not clusters.is_worker():
        shutil.rmtree(_RUN, ignore_errors=True)
