"""Where a text stands in the database: every table and column, secrets opened."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from digione.core import secrets
from digione.core.use_case import Actor, set_reach

#: What tells of a run, not of what it brought in; a problem quotes what it refuses.
_OF_RUNS = ("core_importrun", "core_outbox", "audit_", "core_keyfingerprint", "rest_", "procrastinate_", "django_")
#: Columns that are made of others.
_MADE = ("sort_key", "search_key")


def tables() -> list[str]:
    """Return every table of rows that an import may write."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relname ~ '^(core|people|studies|organisations|access)_' AND c.relname !~ '_history$'"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall() if not name.startswith(_OF_RUNS)]


def snapshot(*actors: Actor) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows that `actors` reach, by table and id, as JSON tells them; identifiers are opened."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    names = tables()
    for actor in actors:
        set_reach(actor)
        with connection.cursor() as cursor:
            for table in names:
                cursor.execute(f"SELECT to_jsonb(t) FROM {table} t")
                for (told,) in cursor.fetchall():
                    row = json.loads(told) if isinstance(told, str) else told
                    if "value_enc" in row:
                        row["value_enc"] = secrets.decrypt(bytes.fromhex(row["value_enc"].removeprefix("\\x")))
                    key = row.get("id") or "/".join(str(value) for value in row.values() if value is not None)
                    found.setdefault(table, {})[str(key)] = row
    return found


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a value with its path, lists without numbers."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)


def where_each(stage: dict[str, dict[str, dict[str, Any]]]) -> dict[str, set[str]]:
    """Return, for each text that stands somewhere, the tables, columns and languages in which exactly it stands."""
    found: dict[str, set[str]] = {}
    for table, rows in stage.items():
        for row in rows.values():
            for path, text in leaves(row):
                if path not in _MADE:
                    found.setdefault(text, set()).add(f"{table}.{path}")
    return found
