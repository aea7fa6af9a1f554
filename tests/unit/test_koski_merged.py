"""Study rights of a person in two records: they follow where the records are merged, and go back where that is undone."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from digione.core.use_case import set_reach
from digione.studies import services
from tests import cast
from tests.unit.koski import document
from tests.unit.test_duplicates import BEFORE, CASE, TWIN, twin
from tests.unit.test_koski_import import TABLES, exported, load_files

pytestmark = pytest.mark.django_db
__all__ = ["twin"]


def _whose() -> set[tuple[str, Any]]:
    """Return of whom each table has rows."""
    set_reach(cast.administrator)
    found = set()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT DISTINCT person_id FROM studies_{table}")
            found |= {(table, person) for (person,) in cursor.fetchall()}
    return found


def _all_of(person: UUID) -> set[tuple[str, Any]]:
    return {(table, person) for table in TABLES}


def test_study_rights_follow_a_merge_and_its_undoing(twin: UUID, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(document()))
    assert load_files(path).refused == 0
    before = exported()[0]["opiskeluoikeudet"]
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        # They were brought long ago, for the second record of the pupil.
        for table in TABLES:
            cursor.execute(f"CREATE TEMP TABLE was_{table} ON COMMIT DROP AS SELECT * FROM studies_{table}")
            cursor.execute(f"UPDATE was_{table} SET person_id = %s, sys_from = %s", [TWIN, BEFORE])
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM studies_{table}")
        for table in TABLES:
            cursor.execute(f"INSERT INTO studies_{table} SELECT * FROM was_{table}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert _whose() == _all_of(TWIN)
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    assert _whose() == _all_of(cast.PUPIL)
    assert exported()[0]["opiskeluoikeudet"] == before
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert _whose() == _all_of(TWIN)
    assert exported()[0]["opiskeluoikeudet"] == before
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
