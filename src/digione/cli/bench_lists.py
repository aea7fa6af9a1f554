"""The bench of lists: a school's pupils, what has changed, enrolments, each against pgbench running the same statements.

Both what a request asks of PostgreSQL and how often it asks are taken from a request that runs in this process, on the
same installation: the statements as Django's capture shows them, their count from the driver's own record of the wire,
which also sees what the hot lane sends past Django.
"""

import contextlib
import io
import re
import sys
import tempfile
from typing import Any

import psycopg

from digione.cli.bench_figures import Figure
from digione.cli.bench_stage import ONEROSTER, Stage, is_transaction_mark

_SECONDS = 5
_PAGE = 100
#: Moments of change: nothing is later than the one, everything than the other.
_NEVER, _ALWAYS = "2199-01-01T00:00:00Z", "2000-01-01T00:00:00Z"


def statements(on: Stage, path: str) -> int:
    """Return how many statements a request sends to PostgreSQL, but for the marks of transactions."""
    from django.db import connection

    from digione.rest import wire

    for _ in range(2):
        # What is prepared and counted once for many requests is no part of this one.
        _ask(on, path)
    connection.ensure_connection()
    with contextlib.ExitStack() as stack:
        records = []
        for database in (connection.connection, *wire.idle()):
            records.append(stack.enter_context(tempfile.TemporaryFile("w+")))
            database.pgconn.trace(records[-1].fileno())
            stack.callback(database.pgconn.untrace)
        _ask(on, path)
        for record in records:
            record.seek(0)
        return sum(_is_statement(line) for record in records for line in record)


def _is_statement(line: str) -> bool:
    """Whether a line of the driver's record is a statement that was sent."""
    # Time, direction, length, kind, contents; the time is absent where it is not asked for.
    parts = line.rstrip("\n").split("\t")
    if "F" not in parts[:2]:
        return False
    kind, text = [*parts[parts.index("F") + 2 :], "", ""][:2]
    return kind == "Execute" or (kind == "Query" and not is_transaction_mark(text.strip(' "')))


def _ask(on: Stage, path: str) -> None:
    from digione.config.wsgi import application

    where, _, query = path.partition("?")
    told: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "PATH_INFO": where, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "HTTP_AUTHORIZATION": f"Bearer {on.token}",
    }  # fmt: skip
    answer = application(environ, lambda status, *_: told.append(status))
    b"".join(answer)
    getattr(answer, "close", lambda: None)()
    if told != ["200 OK"]:
        raise RuntimeError(f"{path} was answered {told}.")


def _script(on: Stage, path: str) -> str:
    """Return what a request asks of PostgreSQL, as a script for pgbench."""
    from django.db import connection
    from django.test import override_settings
    from django.test.utils import CaptureQueriesContext

    # Without kept plans the values stand in the statements; pgbench prepares them itself.
    with override_settings(KEEP_PLANS=False):
        _ask(on, path)
        with CaptureQueriesContext(connection) as captured:
            _ask(on, path)
    # To pgbench a colon before a word is a variable. All such stand in literals, which a new line may part.
    lines = (" ".join(query["sql"].split()).rstrip(";") for query in captured.captured_queries)
    return "".join(re.sub(r"(?<!:):(?=\w)", ":'\n'", line) + ";\n" for line in lines)


def lists(on: Stage) -> list[Figure]:
    """Pages of a school, of what has changed, and of enrolments: the first, and the last, jumped to."""
    on.read_all()
    with psycopg.connect(on.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(
            "SELECT school_id FROM studies_schoolenrolment WHERE provider_id = %s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            [on.provider_id],
        ).fetchone()
    school = row[0] if row else None
    wanted = {
        "school_students": f"schools/{school}/students?limit={_PAGE}",
        "students": f"students?limit={_PAGE}",
        "enrollments": f"enrollments?limit={_PAGE}",
        "users_active": f"users?limit={_PAGE}&filter=status%3D%27active%27",
        "users_unchanged": f"users?limit={_PAGE}&filter=dateLastModified%3E%27{_NEVER}%27",
        "users_changed": f"users?limit={_PAGE}&filter=dateLastModified%3E%27{_ALWAYS}%27",
    }
    # The hot lane's statements pass Django's capture by.
    calls = {
        "school_students": f"SELECT total, body FROM oneroster_within('{on.checksum}', 'getStudentsForSchool', '{school}',"
        f" {_PAGE}, {{offset}});\n"
    }
    figures = []
    for name, path in wanted.items():
        _, headers = on.get(f"{ONEROSTER}/{path}")
        total = int({key.lower(): value for key, value in headers.items()}["x-total-count"])
        last = max(0, (total - 1) // _PAGE * _PAGE)
        for title, offset in (("page_1", 0), *([("last_page", last)] if last else ())):
            asked = f"{ONEROSTER}/{path}" + (f"&offset={offset}" if offset else "")
            script = calls[name].format(offset=offset) if name in calls else _script(on, asked)
            figures.append(_figure(on, f"{name}_{title}", asked, script))
    return figures


def _figure(on: Stage, name: str, path: str, script: str) -> Figure:
    limit = on.pgbench(script, connections=1, seconds=_SECONDS)
    value, cpu = on.drive([path], connections=1, seconds=_SECONDS)
    return Figure(name, value, "ms", limit, limit / value, cpu, statements(on, path), on.learners)
