"""An import in a session of its own: what the session has done before does not stand in the way."""

from pathlib import Path

import pytest
from django.db import connection, transaction

from tests.unit.test_import_loading import load


@pytest.mark.usefixtures("committing")
def test_a_session_whose_temporary_tables_were_undone_imports_too(tmp_path: Path) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE had AS SELECT 1 AS n")
        cursor.execute("SELECT n FROM had")
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        # Nothing tells that there were any, but their buffers have a size that can no longer be changed.
        cursor.execute("SELECT pg_my_temp_schema()::int")
        assert cursor.fetchone() == (0,)
    assert load(tmp_path).status == "done"
