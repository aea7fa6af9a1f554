"""The demonstration's years of history: versions that follow on each other, and at each moment what was known then."""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from digione.config.provisioning import MIGRATOR, secret
from digione.integrations.demo.history import write_versions
from digione.integrations.demo.load import load_demo
from digione.integrations.demo.population import GRADES, SCHOOL_YEAR
from tests.api.oneroster import App
from tests.api.v1 import ALL, ask, rows

YEARS = 5
#: Tables whose rows have changed, with how many versions a demonstration of this size and seed has of them at least.
CHANGED = {
    "studies_schoolenrolment": 8000, "studies_studyright": 1000, "studies_attainment": 8000, "studies_assessment": 100,
    "people_person": 100, "people_contact": 200, "people_providerperson": 1,
}  # fmt: skip


def _owner() -> str:
    settings = connection.settings_dict
    return make_conninfo(
        host=settings["HOST"], port=settings["PORT"] or None, dbname=settings["NAME"], user=MIGRATOR,
        password=secret(Path(os.environ["DIGIONE_DATA"]), "migrate"),
    )  # fmt: skip


def _asked(sql: str, *values: Any) -> list[Any]:
    with psycopg.connect(_owner()) as owner:
        return owner.execute(sql.encode(), values).fetchall()


def _begun(year: int) -> str:
    """A moment in the autumn of a year, after its roster has come."""
    return f"{year}-11-01T12:00:00Z"


@pytest.fixture
def written(committing: None, request: pytest.FixtureRequest) -> int:
    """How many versions there are of a small demonstration."""
    load_demo(getattr(request, "param", 300), seed=11, years=YEARS, app=False)
    return write_versions(_owner())


# So many that learners move on to another school within basic education.
@pytest.mark.parametrize("written", [4000], indirect=True)
def test_versions_follow_on_each_other_and_are_written_once(written: int) -> None:
    count = 0
    for table, least in CHANGED.items():
        ((versions, broken, turned),) = _asked(f"""
            SELECT count(*) FILTER (WHERE ends IS NOT NULL), count(*) FILTER (WHERE ends IS DISTINCT FROM next),
                   count(*) FILTER (WHERE ends <= sys_from)
            FROM (SELECT sys_from, ends, lead(sys_from) OVER (PARTITION BY id ORDER BY sys_from) AS next FROM (
                SELECT id, sys_from, NULL AS ends FROM {table} UNION ALL SELECT id, sys_from, sys_to FROM {table}_history
                ) v) w""")  # fmt: skip
        assert (broken, turned) == (0, 0), table
        assert versions >= least, table
        ((same,),) = _asked(
            f"SELECT count(*) FROM {table}_history h JOIN {table} v ON v.id = h.id"
            f" WHERE to_jsonb(h) - '{{sys_from,sys_to,sys_op,sys_actor,sys_reason}}'::text[] = to_jsonb(v) - 'sys_from'"
            f" AND NOT EXISTS (SELECT 1 FROM {table}_history o WHERE o.id = h.id AND o.sys_from = h.sys_to)"
        )
        assert same == 0, f"{table}: the last version differs from what followed"
        count += versions
    assert written == count
    ((moved,),) = _asked(
        "SELECT count(*) FROM studies_studyright_history h JOIN studies_studyright v ON v.id = h.id"
        " WHERE v.school_id <> h.school_id AND v.level = 'perusopetus'"
    )
    assert moved > 20
    assert write_versions(_owner()) == 0
    # The store began five years ago, and knows nothing of tomorrow.
    ((began, newest),) = _asked(
        "SELECT min(sys_from)::date::text, max(sys_from) < now() FROM people_providerperson"
        " WHERE provider_id IN (SELECT id FROM organisations_provider WHERE demo)"
    )
    assert (began, newest) == (f"{SCHOOL_YEAR - YEARS}-08-10", True)


@pytest.mark.usefixtures("written")
def test_each_year_was_known_as_it_stood_then() -> None:
    ((oid,),) = _asked("SELECT o.oid FROM organisations_organisation o WHERE o.name ->> 'fi' = 'Kuusniemi' AND o.id ="
                       " o.provider_id AND o.id IN (SELECT id FROM organisations_provider WHERE demo)")  # fmt: skip
    app = App(oid, scopes=ALL)
    grades = {row["person_id"]: GRADES.index(row["grade"]) for row in rows(app, "school_enrolments")}
    assert len(grades) > 70
    for year in range(SCHOOL_YEAR - YEARS, SCHOOL_YEAR):
        at = _begun(year)
        then = [row for row in rows(app, "school_enrolments", known_at=at) if row["valid_to"] is None]
        for row in then:
            # Who is in grade 5 now was in grade 3 two years ago.
            assert GRADES.index(row["grade"]) == grades[row["person_id"]] - (SCHOOL_YEAR - year), year
        assert len(then) == len({row["person_id"] for row in then}) > 25
        open_rights = {row["id"]: row for row in rows(app, "study_rights", known_at=at) if row["valid_to"] is None}
        assert {row["person_id"] for row in then} <= {row["person_id"] for row in open_rights.values()}, year
        studied = [
            row for row in rows(app, "attainments", known_at=at)
            if row["kind"] == "perusopetuksenvuosiluokka" and row["confirmed_on"] is None
        ]  # fmt: skip
        for row in studied:
            person = open_rights[row["study_right_id"]]["person_id"]
            assert GRADES.index(row["module"]) == grades[person] - (SCHOOL_YEAR - year), year
            assert row["group_name"].startswith(row["module"])
        assert len(studied) > 20, year
        # What is confirmed now was not when the year had only begun, and is from its last school day on.
        one = studied[0]["id"]
        assert ask(app, f"attainments/{one}").json()["confirmed_on"].startswith(str(year + 1))
        assert ask(app, f"attainments/{one}", known_at=f"{year + 1}-07-01T12:00:00Z").json()["confirmed_on"] is not None
    assert rows(app, "school_enrolments", known_at=_begun(SCHOOL_YEAR - YEARS - 1)) == []
    ((signed,),) = _asked(
        "SELECT count(*) FROM studies_attainment_history WHERE confirmed_on IS NULL AND carried ? 'vahvistus'"
    )
    assert signed == 0, "what was not confirmed yet was confirmed by nobody"
