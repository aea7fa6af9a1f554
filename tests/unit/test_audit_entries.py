"""What a row of the log tells: how sensitive the use was, how far back it reached, and which rules opened it."""

import ast
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

import digione
from digione.access.permissions import Event, Permission
from digione.audit import sensitivity
from digione.core import clock
from digione.core.errors import NotFoundError, UnguardedUseCaseError
from digione.core.use_case import UseCase, set_reach, use_case
from digione.people import selectors as people
from digione.studies import selectors as studies
from tests import cast
from tests.log import entries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("owners_log")]
TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def last(done: Callable[[], Any]) -> dict[str, Any]:
    """Return the row that `done` wrote."""
    before = len(entries())
    with clock.fixed(TODAY):
        done()
    (*_, row) = entries()
    assert len(entries()) == before + 1
    return row


def ended_enrolment(person: UUID, first: date, final: date) -> None:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO studies_schoolenrolment (id, provider_id, person_id, school_id, grade, valid_from, valid_to)"
            " VALUES (%s, %s, %s, %s, '1', %s, %s)",
            [uuid4(), cast.KUUSNIEMI, person, cast.RANTAPUISTO, first, final],
        )


def test_the_levels_are_those_of_the_open_data_model() -> None:
    declared = sensitivity.declared()
    assert declared["people_person.given_name"] == 1
    assert declared["people_contact.value"] == declared["people_person.mother_tongue"] == 2
    assert declared["people_person.non_disclosure"] == declared["access_account.password"] == 3
    assert sensitivity.highest([]) == sensitivity.highest(["people_person.given_name", "x.computed"]) == 1
    assert sensitivity.highest(["people_person.given_name", "people_contact.value"]) == 2


@pytest.mark.parametrize(
    ("level", "use"),
    [
        (1, lambda: studies.administrator_landing(cast.administrator)),
        (1, lambda: studies.search_people(cast.secretary, text="vainionpää")),
        (2, lambda: studies.search_people(cast.teacher, text="aino")),
        (2, lambda: studies.person_page(cast.teacher, person=cast.PUPIL)),
        (2, lambda: studies.guardian_landing(cast.guardian)),
        # One child of the group is protected, and the page shows the mark.
        (3, lambda: studies.group_page(cast.teacher, group=cast.GROUP_3B)),
        (2, lambda: studies.group_page(cast.secretary, group=cast.GROUP_4A)),
        (3, lambda: studies.person_page(cast.secretary, person=cast.PROTECTED_PUPIL)),
    ],
)
def test_a_use_is_as_sensitive_as_the_most_sensitive_field_that_it_showed(level: int, use: Callable[[], Any]) -> None:
    assert last(use)["sensitivity"] == level


def test_a_refusal_has_read_nothing() -> None:
    def refused() -> None:
        with pytest.raises(NotFoundError):
            studies.person_page(cast.outsider, person=cast.PUPIL)

    row = last(refused)
    assert (row["outcome"], row["sensitivity"], row["earliest"]) == ("denied", 0, None)


def test_a_use_case_of_the_house_says_which_fields_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    @use_case(Permission.PERSON_READ, Event.PERSON_READ)
    def forgetful(uc: UseCase) -> None:
        """See a person and forget to say what of them."""
        uc.check(cast.PUPIL)

    monkeypatch.setitem(digione.core.use_case.REGISTRY, forgetful.__use_case__.name, forgetful.__use_case__)
    with clock.fixed(TODAY), pytest.raises(UnguardedUseCaseError, match="did not note which"):
        forgetful(cast.teacher)


def test_every_field_that_a_use_case_names_is_declared() -> None:
    named = set()
    for path in Path(digione.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "touched":
                words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                named |= {f"{words[0]}.{column}" for column in words[1:]} if words else set()
    assert len(named) > 20
    assert named - set(sensitivity.declared()) == set()


def test_the_log_tells_the_earliest_day_that_is_over() -> None:
    assert last(lambda: studies.person_page(cast.pupil, person=cast.PUPIL))["earliest"] is None
    ended_enrolment(cast.PUPIL, date(2023, 8, 9), date(2024, 6, 1))
    ended_enrolment(cast.PUPIL, date(2022, 8, 9), date(2023, 6, 3))
    for use in (
        lambda: studies.person_page(cast.pupil, person=cast.PUPIL),
        lambda: studies.person_page(cast.guardian, person=cast.PUPIL),
        lambda: studies.person_page(cast.secretary, person=cast.PUPIL),
        lambda: studies.guardian_landing(cast.guardian),
        lambda: studies.learner_landing(cast.pupil),
    ):
        assert last(use)["earliest"] == date(2022, 8, 9)
    # A teacher is shown today's school alone, and the past is not even read.
    assert last(lambda: studies.person_page(cast.teacher, person=cast.PUPIL))["earliest"] is None


def test_reading_the_log_reaches_back_to_its_oldest_look_but_today_is_not_the_past() -> None:
    studies.guardian_landing(cast.guardian)
    written, day = clock.now(), clock.today()
    for moment, reached in ((written, None), (written + timedelta(days=1), day)):
        with clock.fixed(moment):
            people.views_of(cast.guardian, person=cast.PUPIL)
        assert entries()[-1]["earliest"] == reached


def test_one_rule_stands_as_it_is_and_several_each_once_in_their_order() -> None:
    assert last(lambda: studies.person_page(cast.teacher, person=cast.PUPIL))["rule"] == "teacher-of"
    row = last(lambda: studies.guardian_landing(cast.guardian))
    assert (row["rule"], row["purpose"]) == ("guardian,guardian-desk", "own_data")
    row = last(lambda: studies.secretary_landing(cast.secretary))
    assert (row["rule"], row["purpose"]) == ("secretary-desk", "administration")


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def people_of(uc: UseCase, *, shown: tuple[UUID, ...]) -> None:
    """List those of `shown` whom the rules open."""
    sql, parameters = uc.visible("p.id")
    found = uc.rows(f"SELECT p.id FROM people_person p WHERE p.id = ANY (%s) AND {sql}", [list(shown), *parameters])
    uc.saw(row["id"] for row in found)


@pytest.mark.parametrize(
    ("shown", "rules", "purposes"),
    [
        ((cast.PUPIL,), "teacher-of", "teaching"),
        ((cast.TEACHER,), "own-data", "own_data"),
        ((cast.PUPIL, cast.TEACHER), "own-data,teacher-of", "own_data,teaching"),
        # Nobody was shown, so all are told by which was asked.
        ((cast.VALKAMO_PUPIL,), "own-data,teacher-of", "own_data,teaching"),
    ],
)
def test_of_the_rules_of_a_list_those_count_that_opened_somebody(
    shown: tuple[UUID, ...], rules: str, purposes: str
) -> None:
    row = last(lambda: people_of(cast.teacher, shown=shown))
    assert (row["rule"], row["purpose"]) == (rules, purposes)


def test_the_reader_is_told_each_rule_in_words_and_a_look_at_home_stays_one() -> None:
    with clock.fixed(TODAY):
        studies.guardian_landing(cast.guardian)
        people_of(cast.teacher, shown=(cast.PUPIL,))
    page = people.views_of(cast.guardian, person=cast.PUPIL)
    (teacher,) = page["viewers"]
    # That the desk is the teacher's tells nothing about the child; the rule that opened the child does.
    assert [rule["en"] for rule in teacher["rules"]] == [
        "A teacher sees the learners of their groups for as long as they teach them."
    ]
    assert any(viewer["is_self"] for viewer in page["family"])
