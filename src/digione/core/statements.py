"""Runs statements that every request repeats as prepared ones: PostgreSQL plans them once for each connection.

Django's own cursors write the values into the text, so that every statement is parsed, rewritten for row-level security
and planned anew; for a row of the log, or a page of a list, this cost more than the work itself. `PREPARE` is said in
SQL, since what the driver prepares by itself it lets go at every rollback, with all that others have prepared.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection

#: More than the program has; a connection that has prepared so many keeps what it has, and runs the others plainly.
_MOST = 500
_MARK = re.compile(r"%(?:\((\w+)\)s|(s)|%)")
#: What each connection has prepared.
_prepared: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


def rows(sql: str, parameters: Mapping[str, Any] | Sequence[Any], *, kept: bool = True) -> list[tuple[Any, ...]]:
    """Run a statement; return its rows, none where it gives none.

    `kept` is False for a statement that is better planned for its very values, a filter for instance. In a kept one
    PostgreSQL must be able to tell the type of each value from its place, or by a cast.
    """
    with connection.cursor() as cursor:
        if kept and settings.KEEP_PLANS:
            connection.ensure_connection()
            known = _prepared.setdefault(connection.connection, set())
            name, body, places, call = _numbered(sql)
            if name not in known and len(known) < _MOST:
                cursor.execute(f"PREPARE {name} AS {body}")
                known.add(name)
            if name in known:
                sql = call
                parameters = [parameters[place] for place in places]  # type: ignore[index]
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if cursor.description else []


@lru_cache(maxsize=1000)
def _numbered(sql: str) -> tuple[str, str, tuple[str | int, ...], str]:
    """Return a name for a statement, its text with numbered places, which value stands in each, and the call."""
    places: list[str | int] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        place: str | int = found[1] or len(places)
        if found[2] or place not in places:
            places.append(place)
        return f"${places.index(place) + 1}"

    body = _MARK.sub(number, sql)
    name = f"kept_{hashlib.sha256(sql.encode()).hexdigest()[:32]}"
    marks = f"({', '.join(['%s'] * len(places))})" if places else ""
    return name, body, tuple(places), f"EXECUTE {name}{marks}"
