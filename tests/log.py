"""The log of use, read as its owner: the application itself may not read it."""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from digione.config.provisioning import MIGRATOR, secret

_READER = """
CREATE SCHEMA IF NOT EXISTS stage;
CREATE OR REPLACE FUNCTION stage.log_of_use() RETURNS SETOF audit_entry
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$ SELECT * FROM audit_entry $f$;
CREATE OR REPLACE FUNCTION stage.do_as_owner(statement text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$ BEGIN EXECUTE statement; END $f$;
GRANT USAGE ON SCHEMA stage TO PUBLIC;
"""


@pytest.fixture(scope="session")
def owners_log(django_db_setup: None) -> None:
    """Let the tests of this session read the log, and change it, as its owner would."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"] or None,
        dbname=settings["NAME"],
        user=MIGRATOR,
        password=secret(Path(os.environ["DIGIONE_DATA"]), "migrate"),
    ) as owner:
        owner.execute(_READER)


def entries(where: str = "true", *values: Any) -> list[dict[str, Any]]:
    """Return the rows of the log for which `where` holds, oldest first. Needs the fixture `owners_log`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM stage.log_of_use() e WHERE {where} ORDER BY e.id", values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_owner(statement: str, **values: Any) -> None:
    """Run a statement as the owner, as an administrator with bad intentions would."""
    with connection.cursor() as cursor:
        text = sql.SQL(statement).format(**{name: sql.Literal(value) for name, value in values.items()})
        cursor.execute("SELECT stage.do_as_owner(%s)", [text.as_string(connection.connection)])
