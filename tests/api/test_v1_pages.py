"""Lists longer than a page: each row once while others write, at a cost that does not follow the length."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digione.core import clock
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS, PERSONS
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import ALL, ask, crowd, rows, run
from tests.log import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
#: Statements of a use case: begin and end of its transaction, reach, row of the log; and of a request, its token.
USE_CASE, TOKEN = 4, 1


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
@pytest.mark.parametrize("oids", [(cast.KUUSNIEMI_OID,), (cast.KUUSNIEMI_OID, cast.VALKAMO_OID)], ids=["one", "two"])
def test_statements_do_not_follow_the_length(endpoint: Endpoint, oids: tuple[str, ...]) -> None:
    crowd(30)
    app = App(*oids, scopes=ALL)
    ask(app, endpoint.path, limit=1)
    # Of several providers is asked first where the rows stand: the way to each of them, its ids, and the way back.
    looking = USE_CASE + 1 + 3 * len(oids) if len(oids) > 1 else 1
    expected = TOKEN + looking + len(oids) * (USE_CASE + 1)
    for limit in (1, 2, 25):
        with CaptureQueriesContext(connection) as statements:
            page = ask(app, endpoint.path, limit=limit).json()
        if endpoint.path != "schools":
            assert len(page["items"]) == limit
        assert len(statements) == expected, [query["sql"] for query in statements]


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.path != "schools"], ids=lambda one: one.path)
def test_a_list_of_many_pages_has_each_row_once_while_rows_come(endpoint: Endpoint) -> None:
    crowd(120)
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    there = [row["id"] for row in rows(app, endpoint.path, limit=1000)]
    assert len(there) > 120
    found: list[str] = []
    query: dict[str, Any] = {"limit": 50}
    pages = 0
    while True:
        page = ask(app, endpoint.path, **query).json()
        assert len(page["items"]) == 50 or page["after"] is None
        found += [row["id"] for row in page["items"]]
        pages += 1
        if page["after"] is None:
            break
        assert page["after"] == found[-1]
        query["after"] = page["after"]
        if pages == 1:
            crowd(7)
    assert pages == -(-len(found) // 50) > 2
    assert len(set(found)) == len(found)
    assert [ident for ident in found if ident in set(there)] == there, "In the same order, and none left out."
    after = [row["id"] for row in rows(app, endpoint.path, limit=1000)]
    assert len(after) == len(there) + 7
    # What came in behind the first page is in a later one.
    assert found[50:] == after[after.index(found[49]) + 1 :]


def test_a_list_of_many_pages_while_people_go() -> None:
    people = crowd(120)
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    names = {app.sourced(person): person for person in people}
    first = ask(app, PERSONS.path, limit=50).json()
    shown = [row["id"] for row in first["items"]]
    # The very person at the edge of the page goes, and one who would have come.
    later = next(ident for ident in sorted(names) if ident > shown[-1])
    edge = next(ident for ident in reversed(shown) if ident in names)
    gone: list[UUID] = [names[edge], names[later]]
    run(
        cast.administrator,
        "UPDATE people_providerperson SET valid_to = valid_from WHERE provider_id = %s AND person_id = ANY (%s)",
        [cast.KUUSNIEMI, gone],
    )
    rest = [row["id"] for row in rows(app, PERSONS.path, limit=50, after=first["after"])]
    assert later not in rest
    assert sorted({*shown, *rest, later} & set(names)) == sorted(names)
    assert len(shown) + len(rest) == len({*shown, *rest})


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
def test_a_token_that_runs_out_between_two_pages_opens_no_more(endpoint: Endpoint) -> None:
    app = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
    token = app.new_token(ALL, lasts=timedelta(minutes=5))
    begun = clock.now()
    page = ask(app, endpoint.path, token=token, limit=1).json()
    one = page["items"][0]["id"]
    for minutes, status in ((4, 200), (6, 401)):
        with clock.fixed(begun + timedelta(minutes=minutes)):
            for where, query in ((endpoint.path, {"after": page["after"]}), (f"{endpoint.path}/{one}", {})):
                answer = ask(app, where, token=token, **query)
                assert answer.status_code == status
    assert answer.json()["type"] == "urn:digione:problem:unauthorised"
    assert one not in answer.content.decode()


@pytest.mark.usefixtures("owners_log")
def test_a_page_is_walked_in_the_order_of_an_index() -> None:
    """What reads a whole provider and sorts it costs more with every learner, for each page again."""
    crowd(3000)
    crowd(150, cast.VALKAMO)
    # PostgreSQL plans by what it has counted.
    as_owner("ANALYZE")
    app = App(cast.VALKAMO_OID, scopes=ALL)
    plans = {}
    for endpoint in ENDPOINTS:
        # The transaction goes on after the answer, and in it the reach and how the page was planned.
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_sort")
            with CaptureQueriesContext(connection) as statements:
                ask(app, endpoint.path, limit=20)
            (made,) = (query["sql"] for query in statements if "row_to_json" in query["sql"])
            cursor.execute(f"EXPLAIN (FORMAT json) {made}".replace("%", "%%"), [])
            ((shown,),) = cursor.fetchall()
            plans[endpoint.path] = (json.loads(shown) if isinstance(shown, str) else shown)[0]["Plan"]
    for path, plan in plans.items():
        everywhere, walked = list(nodes(plan)), list(nodes(plan, within=False))
        # The first index read is the page's own: it begins where the page's provider or supplier does.
        first = next(node for node in walked if "Index Cond" in node)
        assert re.search(r"\b(provider|supplier)_id = ", first["Index Cond"]), path
        assert not [node for node in everywhere if re.search(r"Sort|Hash|Materialize", node["Node Type"])], path
        # What belongs to one row may be looked up either way, which costs the same; a page may not.
        assert not [node for node in walked if re.search(r"Bitmap|Seq Scan", node["Node Type"])], path


def nodes(plan: dict[str, Any], *, within: bool = True) -> Iterator[dict[str, Any]]:
    """The nodes of a plan in the order it reads, with those that are asked for each row or once (``within``)."""
    yield plan
    for part in plan.get("Plans", ()):
        if within or part["Parent Relationship"] not in {"SubPlan", "InitPlan"}:
            yield from nodes(part, within=within)
