"""The change feed in tests. A test is one transaction, which is never settled: what changed, changed in earlier ones."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection

from digione.core.use_case import Actor
from digione.rest.oneroster import sealed
from digione.rest.v1.cursor import Cursor
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import ask
from tests.log import as_owner

#: So many transactions ago the apps of these tests have looked last.
AGO = 100


def seal_of(app: App) -> sealed.Seal:
    """Return what makes the ids of the app's supplier."""
    return sealed.of(Actor("app", supplier_id=app.made.supplier_id))


def stands(app: App, path: str, **changes: Any) -> str:
    """Return where an app stands that has looked at a feed some time ago, with `changes` of the cursor."""
    answer = ask(app, f"{path}/changes")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["items"], told["more"]) == ([], False)
    seal = seal_of(app)
    now = Cursor.of(told["after"], seal)
    assert now is not None
    return replace(now, **{"xid": now.xid - AGO, **changes}).text(seal)


def noted(n: int, table: str, provider: UUID = cast.KUUSNIEMI) -> None:
    """Let the n-th transaction since then have changed `table`, at its moment. Needs the fixture `owners_log`."""
    as_owner(
        "INSERT INTO rest_change (provider_id, of_table, xid, at) SELECT"
        f" '{provider}', '{table}', (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - {AGO} + {n})::text::xid8, '{moment(n)}'"
    )


def followed(app: App, path: str, after: str, **query: Any) -> list[dict[str, Any]]:
    """Return all changes behind `after`, page by page."""
    found: list[dict[str, Any]] = []
    for _ in range(200):
        answer = ask(app, f"{path}/changes", after=after, **query)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        found += told["items"]
        assert told["after"] in told["next"]
        if not told["more"]:
            return found
        assert told["after"] != after
        after = told["after"]
    raise AssertionError("The feed does not end.")


def moment(n: int) -> str:
    """Return when the n-th of a few transactions before the test's began: after the cast came, and before now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() + (%s - 9) * interval '5 ms'", [n])
        (at,) = cursor.fetchone()
    return str(at.isoformat())
