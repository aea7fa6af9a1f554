"""What is asked of one school costs what the school is, not what its provider is."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import crowd, run
from tests.log import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("owners_log")]
MANY, FEW = 2000, 12


def _read_of(plan: dict[str, Any], table: str) -> float:
    """How many rows of a table a plan has read, also those that it threw away."""
    rows = 0.0
    if plan.get("Relation Name") == table and "Scan" in plan["Node Type"]:
        rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return rows + sum(_read_of(part, table) for part in plan.get("Plans", ()))


def test_the_enrolments_of_a_small_school_are_found_without_reading_those_of_its_provider() -> None:
    people = crowd(MANY)
    school, group = uuid4(), uuid4()
    values = {"school": school, "group": group, "provider": cast.KUUSNIEMI, "day": cast.START, "people": people[:FEW]}
    run(
        cast.platform.at(cast.KUUSNIEMI),
        "INSERT INTO organisations_organisation (id, parent_id, provider_id, kinds, sort_key, name, languages, source, valid_from)"
        " VALUES (%(school)s, %(provider)s, %(provider)s, '{school}', 'saaren koulu', '{\"fi\": \"Saaren koulu\"}', '{fi}', 'demo',"
        " %(day)s)",
        values,
    )
    for sql in (
        "INSERT INTO studies_group (id, provider_id, school_id, kind) VALUES (%(group)s, %(provider)s, %(school)s, 'care_group')",
        "INSERT INTO studies_enrolment (id, provider_id, person_id, group_id, school_id, role, valid_from)"
        " SELECT gen_random_uuid(), %(provider)s, id, %(group)s, %(school)s, 'student', %(day)s FROM unnest(%(people)s::uuid[]) id",
    ):
        run(cast.administrator, sql, values)
    # The crowd stands in one group; in as many as it is, each learner has one of their own.
    run(
        cast.administrator,
        "UPDATE studies_enrolment e SET group_id = o.id FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM studies_group"
        " WHERE school_id = %(crowded)s AND kind = 'care_group') o, (SELECT id, row_number() OVER (ORDER BY id) n"
        " FROM studies_enrolment WHERE group_id = %(one)s) m WHERE m.n = o.n AND e.id = m.id",
        {"crowded": cast.RANTAPUISTO, "one": cast.GROUP_4A},
    )
    # PostgreSQL plans by what it has counted, the people of the app included.
    app = App(cast.KUUSNIEMI_OID)
    as_owner("ANALYZE")
    cache.clear()
    with CaptureQueriesContext(connection) as said:
        answer = app.get(f"schools/{school}/enrollments", {"limit": 5})
    assert (answer.status_code, answer["X-Total-Count"], len(answer.json()["enrollments"])) == (200, str(FEW), 5)
    assert {row["school"]["sourcedId"] for row in answer.json()["enrollments"]} == {str(school)}
    texts = [query["sql"] for query in said.captured_queries]
    listing = "FROM studies_enrolment e JOIN access_listing"
    # The page's statement is kept: prepared by a name, maybe by an earlier test, and asked by it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [listing])
        kept = {name for (name,) in cursor.fetchall()}
    asked = [text for text in texts if text.startswith(("SELECT", "WITH")) and listing in text]
    asked += [text for text in texts if text.startswith("EXECUTE") and text.split()[1].partition("(")[0] in kept]
    assert len(asked) == 2, "the list is counted, and its page is found"
    for statement in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {statement}".replace("%", "%%"), [])
            ((shown,),) = cursor.fetchall()
        plan = (json.loads(shown) if isinstance(shown, str) else shown)[0]["Plan"]
        assert _read_of(plan, "studies_enrolment") <= 2 * FEW
