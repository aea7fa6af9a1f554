"""What the desks show to whom: the same stage, asked by everybody of the cast."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digione.core.errors import DeniedError, NotFoundError
from digione.people import selectors as people
from digione.people.desks import desk_of
from digione.studies import selectors as studies
from tests import cast

pytestmark = pytest.mark.django_db
DAY = cast.START.replace(year=2026, month=11, day=24)


def test_a_guardian_sees_children_in_two_municipalities_with_school_group_and_teacher() -> None:
    children = {child["id"]: child for child in studies.guardian_landing(cast.guardian)["children"]}
    assert set(children) == {cast.PUPIL, cast.VALKAMO_PUPIL}
    (kuusniemi,) = children[cast.PUPIL]["schooling"]
    (valkamo,) = children[cast.VALKAMO_PUPIL]["schooling"]
    assert (kuusniemi["home_group"]["code"], valkamo["home_group"]["code"]) == ("3 B", "8 C")
    assert [teacher["family_name"] for teacher in valkamo["teachers"]] == ["Ollikkala"]


def test_a_guardian_without_a_right_to_information_sees_no_child() -> None:
    assert studies.guardian_landing(cast.limited_guardian)["children"] == []
    assert desk_of(cast.LIMITED_GUARDIAN, day=DAY).wards == ()
    with pytest.raises(NotFoundError):
        studies.person_page(cast.limited_guardian, person=cast.PUPIL)
    with pytest.raises(NotFoundError):
        people.views_of(cast.limited_guardian, person=cast.PUPIL)


def test_a_teachers_landing_takes_few_statements_and_names_no_learner() -> None:
    with CaptureQueriesContext(connection) as asked:
        page = studies.teacher_landing(cast.teacher)
    said = [query for query in asked.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(said) <= 8
    assert [(group["code"], group["learners"]) for group in page["groups"]] == [("3 B", 2)]
    assert "Lehtovaara" not in str(page)


def test_a_desk_belongs_to_its_role() -> None:
    with pytest.raises(DeniedError):
        studies.principal_landing(cast.teacher)
    with pytest.raises(DeniedError):
        studies.administrator_landing(cast.guardian)


def test_a_group_opens_to_its_teacher_and_its_office_alone() -> None:
    page = studies.group_page(cast.teacher, group=cast.GROUP_3B)
    assert {learner["id"] for learner in page["learners"]} == {cast.PUPIL, cast.PROTECTED_PUPIL}
    assert len(studies.group_page(cast.secretary, group=cast.GROUP_4A)["learners"]) == 1
    for stranger, group in (
        (cast.outsider, cast.GROUP_3B),
        (cast.teacher, cast.GROUP_4A),
        (cast.secretary, cast.GROUP_8C),
    ):
        with pytest.raises(NotFoundError):
            studies.group_page(stranger, group=group)


def test_a_person_is_shown_as_far_as_the_rule_goes() -> None:
    own, office, taught = (
        studies.person_page(who, person=cast.PUPIL) for who in (cast.pupil, cast.secretary, cast.teacher)
    )
    assert own["person"]["birth_date"] == office["person"]["birth_date"] is not None
    assert taught["person"]["birth_date"] is None
    assert taught["person"]["first_names"] is None
    assert [row["rule"] for row in (own, office, taught)] == ["own-data", "school-office", "teacher-of"]
    for stranger in (cast.outsider, cast.stranger_guardian, cast.administrator):
        with pytest.raises(NotFoundError):
            studies.person_page(stranger, person=cast.PUPIL)


def test_search_finds_without_accents_and_only_within_the_role() -> None:
    found = studies.search_people(cast.teacher, text="makinen")["people"]
    assert [row["id"] for row in found] == [cast.PROTECTED_PUPIL]
    assert studies.search_people(cast.teacher, text="Mäkinen ii")["people"] == found
    assert studies.search_people(cast.outsider, text="makinen")["people"] == []
    assert studies.search_people(cast.teacher, text="harjukorpi")["people"] == []
    assert studies.search_people(cast.teacher, text="m")["too_short"]
    assert studies.search_people(cast.teacher, text="%_' OR 1=1 --")["people"] == []
    with pytest.raises(DeniedError):
        studies.search_people(cast.guardian, text="makinen")


def test_a_guardian_reads_who_has_looked_by_which_rule() -> None:
    studies.person_page(cast.teacher, person=cast.PUPIL)
    page = people.views_of(cast.guardian, person=cast.PUPIL)
    teacher = next(viewer for viewer in page["viewers"] if viewer["name"] == "Pirjo Vainionpää")
    assert teacher["role"] == "teacher"
    assert "Opettaja näkee" in teacher["rules"][0]["fi"]
    assert teacher["events"] == ["person.read"]
    assert [choice["id"] for choice in page["choices"]][-1] == cast.GUARDIAN
    with pytest.raises(NotFoundError):
        people.views_of(cast.teacher, person=cast.PUPIL)


def test_what_looks_odd_reaches_the_principal() -> None:
    page = studies.principal_landing(cast.principal)
    assert page["counts"] == {"learners": 3, "staff": 3}
    assert [group["code"] for group in page["without_teacher"]] == ["4 A"]
    assert page["without_group_total"] == 0


def test_roles_come_from_live_rows() -> None:
    assert [choice.role for choice in desk_of(cast.TEACHER, day=DAY).roles] == ["teacher"]
    assert [choice.role for choice in desk_of(cast.GUARDIAN, day=DAY).roles] == ["guardian"]
    assert desk_of(cast.TEACHER, day=cast.START.replace(year=2020)).roles == ()
    assert set(desk_of(cast.GUARDIAN, day=DAY).wards) == {cast.PUPIL, cast.VALKAMO_PUPIL}
