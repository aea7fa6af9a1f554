"""Where a row comes from: each field's source, time and author; who may ask; and that no value and no secret is told."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from digione.core.errors import NotFoundError
from digione.core.use_case import Actor, set_reach
from digione.studies.origin_selectors import row_origin
from tests import cast
from tests.log import entries, owners_log  # noqa: F401 - a fixture is found by its name.
from tests.past import happened
from tests.study_rights import load_study_rights, mark_of, right_of
from tests.unit.test_desk_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def studies(owners_log: None) -> None:  # noqa: F811
    """The cast's study rights."""
    load_study_rights()


def fields(page: dict[str, Any], resource: str, row: UUID) -> dict[str, Any]:
    [part] = [part for part in page["parts"] if part["resource"].name == resource]
    [found] = [each for each in part["rows"] if each["id"] == row]
    return {field["declared"].name: field for field in found["fields"]}


def test_a_field_has_the_moment_of_its_own_last_change() -> None:
    """The mark changed twice, back and forth; the day of it once. Each field tells the last time at which it differs."""
    which = f"person_id = '{cast.PUPIL}'"
    happened("studies_assessment", {"mark": "9"}, which, day="2026-10-05")
    happened("studies_assessment", {"assessed_on": date(2026, 5, 5)}, which, day="2026-11-01")
    found = fields(row_origin(cast.secretary, row=mark_of(cast.PUPIL)), "assessment", mark_of(cast.PUPIL))
    assert (found["mark"]["at"].month, found["mark"]["at"].day, found["mark"]["first"]) == (10, 5, False)
    assert (found["assessed_on"]["at"].month, found["assessed_on"]["first"]) == (11, False)
    assert (found["is_passed"]["at"].month, found["is_passed"]["first"]) == (9, True)
    assert found["mark"]["by"] == str(cast.ADMINISTRATOR), "who ended the version before has made this one"


def test_who_masters_a_row_is_told_and_a_keeper_goes_before_it() -> None:
    right, mark = right_of(cast.PUPIL), mark_of(cast.PUPIL)
    set_reach(cast.administrator)
    cast.insert(
        "core_sourcekey",
        [
            {"provider_id": cast.KUUSNIEMI, "source": source, "kind": "study_right", "key": source, "target_id": right,
             "row_hash": b"", "masters": masters}
            for source, masters in (("koski", True), ("another", False))
        ],
    )  # fmt: skip
    page = row_origin(cast.secretary, row=right)
    assert fields(page, "study_right", right)["level"]["source"] == "koski"
    assert [row["source"] for part in page["parts"] for row in part["rows"][0]["sources"]][:2] == ["koski", "another"]
    assert fields(row_origin(cast.secretary, row=mark), "assessment", mark)["mark"]["source"] == "koski"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_assessment SET kept_by = 'digione' WHERE id = %s", [mark])
    assert fields(row_origin(cast.secretary, row=mark), "assessment", mark)["mark"]["source"] == "digione"


@pytest.mark.parametrize(
    "row", [right_of(cast.PUPIL), mark_of(cast.PUPIL), cast.PUPIL], ids=["right", "mark", "person"]
)
def test_neither_a_value_nor_a_secret_is_told(row: UUID) -> None:
    for actor in (cast.secretary, cast.administrator):
        page = row_origin(actor, row=row)
        told = {field["declared"].name for part in page["parts"] for each in part["rows"] for field in each["fields"]}
        assert told
        assert not told & {"non_disclosure", "description", "is_limited", "is_individualised", "carried", "value_enc"}
        keys = {key for part in page["parts"] for each in part["rows"] for field in each["fields"] for key in field}
        assert keys == {"declared", "source", "id", "name", "at", "by", "reason", "first"}
        assert all(part["resource"].name not in ("study_right_extra", "identifier") for part in page["parts"])


def test_the_main_administrator_is_told_no_name(client: Client) -> None:
    assert row_origin(cast.administrator, row=cast.PUPIL)["person"] is None
    assert row_origin(cast.secretary, row=cast.PUPIL)["person"]["given_name"] == "Aino"
    happened("studies_assessment", {"mark": "9"}, f"person_id = '{cast.PUPIL}'")
    text = signed_in(client, cast.ADMINISTRATOR).get(f"/origin/{mark_of(cast.PUPIL)}").content.decode()
    assert "assessment" in text or "arviointi" in text
    assert "Lehtovaara" not in text


def test_of_a_protected_learner_the_administrator_learns_no_school_and_not_that_she_is_protected() -> None:
    office = row_origin(cast.secretary, row=cast.PROTECTED_PUPIL)
    assert {"person", "school_enrolment", "study_right"} <= {part["resource"].name for part in office["parts"]}
    pages = [row_origin(cast.administrator, row=who) for who in (cast.PROTECTED_PUPIL, cast.PUPIL)]
    assert [[part["resource"].name for part in page["parts"]] for page in pages] == [["person"], ["person"]]
    told = [{field["declared"].name for field in page["parts"][0]["rows"][0]["fields"]} for page in pages]
    assert told[0] == told[1]
    assert "home_municipality" not in told[0]
    with pytest.raises(NotFoundError):
        row_origin(cast.administrator, row=right_of(cast.PROTECTED_PUPIL))
    assert row_origin(cast.administrator, row=right_of(cast.PUPIL))["parts"]


@pytest.mark.parametrize("row", [right_of(cast.VALKAMO_PUPIL), mark_of(cast.VALKAMO_PUPIL), cast.VALKAMO_PUPIL])
@pytest.mark.parametrize("actor", [cast.secretary, cast.administrator], ids=["secretary", "administrator"])
def test_another_providers_row_does_not_exist(actor: Actor, row: UUID) -> None:
    before = entries()
    with pytest.raises(NotFoundError):
        row_origin(actor, row=row)
    [denial] = entries()[len(before) :]
    assert "denied" in {str(value) for value in denial.values()}


@pytest.mark.parametrize("who", [cast.TEACHER, cast.GUARDIAN, cast.PUPIL], ids=["teacher", "guardian", "pupil"])
def test_whoever_has_no_rule_for_it_is_told_nothing(client: Client, who: UUID) -> None:
    signed_in(client, who)
    for row in (cast.PUPIL, right_of(cast.PUPIL)):
        answer = client.get(f"/origin/{row}")
        assert answer.status_code in (403, 404)
        assert "sys_from" not in answer.content.decode()
        assert "study_right" not in answer.content.decode()


def test_each_look_is_in_the_log_and_changes_nothing() -> None:
    counted = "SELECT count(*), max(sys_from) FROM studies_assessment"
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(counted)
        stood = cursor.fetchone()
    before = len(entries())
    row_origin(cast.secretary, row=mark_of(cast.PUPIL))
    [row] = entries()[before:]
    assert "origin.read" in {str(value) for value in row.values()}
    with connection.cursor() as cursor:
        cursor.execute(counted)
        assert cursor.fetchone() == stood


def test_an_id_that_is_none_is_asked_for_again(client: Client) -> None:
    signed_in(client, cast.ADMINISTRATOR)
    assert client.get("/origin").status_code == 200
    answer = client.get("/origin?id=abc")
    assert (answer.status_code, 'aria-invalid="true"' in answer.content.decode()) == (400, True)
    assert client.get(f"/origin?id={cast.PUPIL}")["Location"] == f"/origin/{cast.PUPIL}"
