"""The rules without the net below them: everybody is put within the reach of row-level security, and the rule alone
must find exactly the people whom it opens, also where one person works in two municipalities."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, UseCase, set_reach, use_case
from digione.studies import selectors as studies
from tests import cast

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = TODAY.date()
CO_TEACHER, AIDE = cast.ADMINISTRATOR, cast.SECRETARY


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def opened(uc: UseCase) -> set[UUID]:
    """Return everybody whom the rules open."""
    sql, parameters = uc.visible("p.id")
    return {row["id"] for row in uc.rows(f"SELECT p.id FROM people_person p WHERE {sql}", parameters)}


def within_reach(actor: Actor) -> Actor:
    """Return the actor with everybody in the second axis of reach, so that no policy hides a row of a person."""
    others = tuple(person for person in cast.PEOPLE if person != actor.person_id)
    return replace(actor, persons=(actor.person_id or UUID(int=0), *others))


def names(persons: set[UUID]) -> set[str]:
    return {" ".join(cast.PEOPLE[person]) for person in persons}


def insert(table: str, provider: UUID, **values: Any) -> None:
    set_reach(Actor("administrator", provider_id=provider))
    row = {"id": uuid4(), "provider_id": provider, **values}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )


def enrol(person: UUID, role: str, group: UUID = cast.GROUP_3B, since: date = cast.START) -> None:
    provider, school = (
        (cast.VALKAMO, cast.YHTENAISKOULU) if group == cast.GROUP_8C else (cast.KUUSNIEMI, cast.RANTAPUISTO)
    )
    insert(
        "studies_enrolment", provider, group_id=group, school_id=school, person_id=person, role=role, valid_from=since
    )


CLASS_3B = {cast.PUPIL, cast.PROTECTED_PUPIL}
SCHOOL = {*CLASS_3B, cast.UNTAUGHT_PUPIL, cast.GUARDIAN, cast.LIMITED_GUARDIAN, cast.STRANGER_GUARDIAN} | {
    *(cast.TEACHER, cast.PRINCIPAL, cast.SECRETARY)
}
TABLE = [
    (cast.teacher, {*CLASS_3B, cast.GUARDIAN, cast.LIMITED_GUARDIAN, cast.TEACHER}),
    (cast.principal, SCHOOL),
    (cast.secretary, SCHOOL),
    (cast.administrator, {cast.ADMINISTRATOR}),
    (cast.outsider, {cast.OUTSIDER, cast.VALKAMO_PUPIL, cast.GUARDIAN}),
    (cast.guardian, {cast.GUARDIAN, cast.PUPIL, cast.VALKAMO_PUPIL}),
    (cast.limited_guardian, {cast.LIMITED_GUARDIAN}),
    (cast.stranger_guardian, {cast.STRANGER_GUARDIAN, cast.UNTAUGHT_PUPIL}),
    (cast.pupil, {cast.PUPIL}),
]


@pytest.mark.parametrize(("actor", "persons"), TABLE, ids=lambda value: getattr(value, "role", ""))
def test_exactly_these_are_opened(actor: Actor, persons: set[UUID]) -> None:
    with clock.fixed(TODAY):
        assert names(opened(within_reach(actor))) == names(persons)


def test_who_teaches_in_two_municipalities_acts_in_one() -> None:
    enrol(cast.TEACHER, "teacher", cast.GROUP_8C)
    at_valkamo = within_reach(replace(cast.teacher, provider_id=cast.VALKAMO))
    with clock.fixed(TODAY):
        assert cast.VALKAMO_PUPIL not in opened(within_reach(cast.teacher))
        assert names(opened(at_valkamo)) == names({cast.TEACHER, cast.VALKAMO_PUPIL, cast.GUARDIAN})


def test_who_leads_schools_in_two_municipalities_acts_in_one() -> None:
    insert(
        "people_staffassignment",
        cast.VALKAMO,
        person_id=cast.PRINCIPAL,
        organisation_id=cast.YHTENAISKOULU,
        role="principal",
        valid_from=cast.START,
    )
    with clock.fixed(TODAY):
        assert names(opened(within_reach(cast.principal))) == names(SCHOOL)
        assert cast.PUPIL not in opened(within_reach(replace(cast.principal, provider_id=cast.VALKAMO)))


def test_one_teachers_group_is_not_anothers() -> None:
    enrol(CO_TEACHER, "teacher", cast.GROUP_4A)
    colleague = cast.actor(CO_TEACHER, cast.Role.TEACHER)
    with clock.fixed(TODAY):
        assert cast.UNTAUGHT_PUPIL not in opened(within_reach(cast.teacher))
        assert names(opened(within_reach(colleague))) == names(
            {CO_TEACHER, cast.UNTAUGHT_PUPIL, cast.STRANGER_GUARDIAN}
        )


def test_one_schools_office_is_not_anothers() -> None:
    """The school of the other municipality stands in for a second school of this one."""
    insert(
        "people_staffassignment",
        cast.KUUSNIEMI,
        person_id=CO_TEACHER,
        organisation_id=cast.YHTENAISKOULU,
        role="principal",
        valid_from=cast.START,
    )
    insert(
        "studies_schoolenrolment",
        cast.KUUSNIEMI,
        person_id=cast.GUARDIAN,
        school_id=cast.YHTENAISKOULU,
        valid_from=cast.START,
    )
    with clock.fixed(TODAY):
        assert names(opened(within_reach(cast.principal))) == names(SCHOOL)
        assert names(opened(within_reach(cast.actor(CO_TEACHER, cast.Role.PRINCIPAL)))) == names(
            {CO_TEACHER, cast.GUARDIAN}
        )


def test_who_is_secretary_at_one_school_does_not_act_there_as_the_principal_of_another() -> None:
    for school, role in ((cast.RANTAPUISTO, "school_secretary"), (cast.YHTENAISKOULU, "principal")):
        insert(
            "people_staffassignment",
            cast.KUUSNIEMI,
            person_id=CO_TEACHER,
            organisation_id=school,
            role=role,
            valid_from=cast.START,
        )
    with clock.fixed(TODAY):
        as_principal = cast.actor(CO_TEACHER, cast.Role.PRINCIPAL)
        assert names(opened(within_reach(as_principal))) == names({CO_TEACHER})
        assert studies.school_groups(as_principal)["groups"] == []
        with pytest.raises(NotFoundError):
            studies.group_page(as_principal, group=cast.GROUP_3B)
        as_secretary = cast.actor(CO_TEACHER, cast.Role.SCHOOL_SECRETARY)
        assert cast.PUPIL in opened(within_reach(as_secretary))
        assert {group["code"] for group in studies.school_groups(as_secretary)["groups"]} == {"3 B", "4 A"}


def test_groups_are_opened_by_their_own_relation_and_end_with_it() -> None:
    with clock.fixed(TODAY):
        assert [group["code"] for group in studies.school_groups(cast.teacher)["groups"]] == ["3 B"]
        with pytest.raises(DeniedError):
            studies.school_groups(cast.administrator)
        with pytest.raises(NotFoundError):
            studies.group_page(cast.administrator, group=cast.GROUP_3B)
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_enrolment SET valid_to = %s WHERE person_id = %s", [DAY, cast.TEACHER])
    with clock.fixed(TODAY + timedelta(days=1)):
        assert studies.school_groups(cast.teacher)["groups"] == []
        with pytest.raises(NotFoundError):
            studies.group_page(cast.teacher, group=cast.GROUP_3B)


def test_a_teacher_is_bound_to_learners_not_to_colleagues() -> None:
    enrol(CO_TEACHER, "teacher")
    enrol(AIDE, "aide")
    with clock.fixed(TODAY):
        assert not opened(within_reach(cast.teacher)) & {CO_TEACHER, AIDE}


def test_an_aide_is_bound_to_learners_not_to_their_guardians() -> None:
    enrol(AIDE, "aide")
    aide = cast.actor(AIDE, cast.Role.TEACHER)
    with clock.fixed(TODAY):
        assert names(opened(within_reach(aide))) == names({AIDE, *CLASS_3B})


@pytest.mark.parametrize(
    ("table", "column", "whose", "actor", "lost"),
    [
        ("studies_enrolment", "person_id", cast.TEACHER, cast.teacher, {*CLASS_3B, cast.GUARDIAN}),
        ("studies_enrolment", "person_id", cast.PUPIL, cast.teacher, {cast.PUPIL, cast.GUARDIAN}),
        ("people_guardianship", "guardian_id", cast.GUARDIAN, cast.teacher, {cast.GUARDIAN}),
        ("people_guardianship", "guardian_id", cast.GUARDIAN, cast.guardian, {cast.PUPIL}),
        ("people_staffassignment", "person_id", cast.PRINCIPAL, cast.principal, SCHOOL - {cast.PRINCIPAL}),
        ("studies_schoolenrolment", "person_id", cast.PUPIL, cast.principal, {cast.PUPIL, cast.GUARDIAN}),
        ("people_staffassignment", "person_id", cast.TEACHER, cast.principal, {cast.TEACHER}),
        ("people_guardianship", "guardian_id", cast.GUARDIAN, cast.secretary, {cast.GUARDIAN}),
    ],
)
def test_a_right_lasts_as_long_as_each_row_that_gives_it(
    table: str, column: str, whose: UUID, actor: Actor, lost: set[UUID]
) -> None:
    """Each row of the chain, at both its ends: a day before it begins, and a day after its last, there is no right."""
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET valid_from = %s, valid_to = %s WHERE {column} = %s",
            [DAY, DAY + timedelta(days=3), whose],
        )
        assert cursor.rowcount
    for days, there in ((-1, False), (0, True), (3, True), (4, False)):
        with clock.fixed(TODAY + timedelta(days=days)):
            found = opened(within_reach(actor)) & lost
            assert names(found) == names(lost if there else set()), days
