"""The path of a learner, the office's page of study rights and certificates: who sees what of them, and what nobody sees."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from digione.access.roles import Role
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, set_reach
from digione.studies import path_selectors as paths
from tests import cast
from tests.log import entries
from tests.unit.koski import code, document, right, subject, year
from tests.unit.test_koski_import import load

pytestmark = pytest.mark.django_db
SECRETS = (
    "support_decision",
    "rajattu",
    "is_limited",
    "is_individualised",
    "tuenPäätöksenJaksot",
    "Sanallinen",
    "carried",
)
CONFIRMED = {
    "päivä": "2026-05-30",
    "paikkakunta": code("kunta", "994"),
    "myöntäjäOrganisaatio": {"oid": "1.2.246.562.199.10000000037"},
}


def supported(name: str, **more: Any) -> dict[str, Any]:
    """A subject whose syllabus is limited, with an assessment in words."""
    one = subject(name, rajattuOppimäärä=True, yksilöllistettyOppimäärä=True, **more)
    one["arviointi"][0]["kuvaus"] = {"fi": "Sanallinen"}
    return one


def study(folder: Path, person: UUID, hetu: str, *rights: dict[str, Any], provider: str = cast.KUUSNIEMI_OID) -> None:
    """Give a learner of the cast study rights by a document of the register, through the import itself."""
    given, family = cast.PEOPLE[person]
    whole = document(*rights, hetu=hetu, etunimet=given, kutsumanimi=given, sukunimi=family)
    report = load(folder, whole, provider=provider)
    assert (report.status, report.refused) == ("done", 0), report.problems.found


@pytest.fixture
def aino(tmp_path: Path) -> None:
    """Aino's study right at Kuusniemi: a confirmed year with marks, and support that nobody is to see."""
    study(tmp_path, cast.PUPIL, cast.PUPIL_HETU, right(year(supported("MA"), subject("AI", "9"), vahvistus=CONFIRMED)))


def _rows(sql: str, *parameters: Any, at: Actor = cast.administrator) -> list[tuple[Any, ...]]:
    set_reach(at)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def year_id() -> UUID:
    ((ident,),) = _rows("SELECT id FROM studies_attainment WHERE kind = 'perusopetuksenvuosiluokka'")
    return ident


LOOKS: dict[str, Callable[[Actor], Any]] = {
    "path": lambda actor: paths.learner_path(actor, person=cast.PUPIL),
    "certificate": lambda actor: paths.certificate(actor, person=cast.PUPIL, attainment=year_id()),
    "study_rights": lambda actor: paths.study_right_page(actor, learner=cast.PUPIL),
}
#: Who sees which of them. Everybody else is refused, and nothing of it stands in what they are told.
SEES = {
    "pupil": {"path", "certificate"},
    "guardian": {"path", "certificate"},
    "teacher": {"path"},
    "principal": set(LOOKS),
    "secretary": set(LOOKS),
    "administrator": set(),
    "outsider": set(),
    "limited_guardian": set(),
    "stranger_guardian": set(),
    "platform": set(),
}


@pytest.mark.usefixtures("aino")
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("who", SEES)
def test_who_sees_a_learners_studies(who: str, look: str) -> None:
    actor: Actor = getattr(cast, who)
    if look in SEES[who]:
        page = LOOKS[look](actor)
        assert page["person"]["id"] == cast.PUPIL
        for secret in SECRETS:
            assert secret not in str(page), secret
    else:
        with pytest.raises((DeniedError, NotFoundError)):
            LOOKS[look](actor)


@pytest.mark.usefixtures("aino")
def test_a_barred_guardian_is_refused_also_with_the_child_in_reach() -> None:
    barred = cast.actor(cast.LIMITED_GUARDIAN, Role.GUARDIAN, None, (cast.PUPIL,))
    for look in ("path", "certificate"):
        with pytest.raises(NotFoundError):
            LOOKS[look](barred)


@pytest.mark.usefixtures("aino")
def test_what_a_guardian_of_the_class_studies_is_nobodys_matter_at_school(tmp_path: Path) -> None:
    """The teacher and the office are bound to guardians and colleagues as well, and see no studies of theirs."""
    study(tmp_path, cast.GUARDIAN, cast.GUARDIAN_HETU)
    for actor in (cast.teacher, cast.principal, cast.secretary):
        with pytest.raises(NotFoundError):
            paths.learner_path(actor, person=cast.GUARDIAN)
    assert paths.learner_path(cast.guardian, person=cast.GUARDIAN)["rights"]


@pytest.mark.usefixtures("aino")
def test_the_path_has_levels_marks_and_what_is_confirmed() -> None:
    (one,) = paths.learner_path(cast.pupil)["rights"]
    assert (one["level"], one["begins"], one["provider_name"]["fi"]) == ("perusopetus", date(2023, 8, 9), "Kuusniemi")
    (grade,) = one["attainments"]
    assert (grade["module"], grade["confirmed_on"], grade["confirmed_by"]["fi"]) == (
        "3",
        date(2026, 5, 30),
        "Rantapuiston koulu",
    )
    assert [(part["module"], part["assessments"][0]["mark"]) for part in grade["parts"]] == [("MA", "8"), ("AI", "9")]


@pytest.mark.usefixtures("aino")
def test_staff_see_what_was_studied_at_their_own_provider_and_the_learner_sees_all(tmp_path: Path) -> None:
    earlier = right(alkamispäivä="2020-08-10", oppilaitos={"oid": "1.2.246.562.199.10000000045"})
    earlier["tila"] = {
        "opiskeluoikeusjaksot": [{"alku": "2020-08-10", "tila": code("koskiopiskeluoikeudentila", "lasna")}]
    }
    study(tmp_path, cast.PUPIL, cast.PUPIL_HETU, earlier, provider=cast.VALKAMO_OID)
    for actor in (cast.pupil, cast.guardian):
        page = paths.learner_path(actor, person=cast.PUPIL)
        assert [one["provider_name"]["fi"] for one in page["rights"]] == ["Valkamo", "Kuusniemi"]
        assert [(move["day"], move["to"]["fi"]) for move in page["moves"]] == [(date(2023, 8, 9), "Kuusniemi")]
    for actor in (cast.teacher, cast.secretary):
        page = paths.learner_path(actor, person=cast.PUPIL)
        assert [one["provider_name"]["fi"] for one in page["rights"]] == ["Kuusniemi"]
        assert page["moves"] == []
    assert len(paths.study_right_page(cast.secretary, learner=cast.PUPIL)["rights"]) == 1


def test_a_guardian_is_not_told_where_a_protected_child_studies(tmp_path: Path) -> None:
    hetu = "140317A9427"
    set_reach(cast.administrator)
    _give_hetu(cast.PROTECTED_PUPIL, hetu)
    study(tmp_path, cast.PROTECTED_PUPIL, hetu, right(year(subject("MA"), vahvistus=CONFIRMED)))
    set_reach(cast.administrator)
    cast.insert(
        "people_guardianship",
        [
            {
                "id": UUID(int=0xAA), "provider_id": cast.KUUSNIEMI, "guardian_id": cast.STRANGER_GUARDIAN,
                "child_id": cast.PROTECTED_PUPIL, "kind": "custodian", "limits": [], "valid_from": cast.START, "source": "demo",
            }
        ],
    )  # fmt: skip
    actor = cast.actor(cast.STRANGER_GUARDIAN, Role.GUARDIAN, None, (cast.PROTECTED_PUPIL,))
    page = paths.learner_path(actor, person=cast.PROTECTED_PUPIL)
    assert page["rights"][0]["attainments"][0]["parts"][0]["assessments"][0]["mark"] == "8"
    for secret in ("Rantapuisto", "Kuusniemi", "994", "3B", str(cast.KUUSNIEMI), str(cast.RANTAPUISTO)):
        assert secret not in str(page), secret
    assert page["withheld"]
    with pytest.raises(NotFoundError):
        paths.certificate(actor, person=cast.PROTECTED_PUPIL, attainment=year_id())
    assert paths.learner_path(cast.teacher, person=cast.PROTECTED_PUPIL)["rights"][0]["school_name"]


def _give_hetu(person: UUID, hetu: str) -> None:
    from digione.core import secrets

    row = {"id": UUID(int=0xAB), "person_id": person, "kind": "hetu", "value_enc": secrets.encrypt(hetu)}
    cast.insert("people_identifier", [{**row, "digest": secrets.digest(hetu), "key_id": 1}])


@pytest.mark.usefixtures("aino")
def test_what_is_not_confirmed_has_no_certificate_and_nobody_elses_opens_by_an_id() -> None:
    ident = year_id()
    with pytest.raises(NotFoundError):
        paths.certificate(cast.secretary, person=cast.UNTAUGHT_PUPIL, attainment=ident)
    ((part,),) = _rows("SELECT id FROM studies_attainment WHERE module = 'MA'")
    with pytest.raises(NotFoundError):
        paths.certificate(cast.secretary, person=cast.PUPIL, attainment=part)
    _rows("UPDATE studies_attainment SET confirmed_on = NULL")
    with pytest.raises(NotFoundError):
        paths.certificate(cast.secretary, person=cast.PUPIL, attainment=ident)


@pytest.mark.usefixtures("aino", "owners_log")
def test_the_log_tells_of_studies_and_results_and_never_of_support() -> None:
    paths.learner_path(cast.teacher, person=cast.PUPIL)
    paths.study_right_page(cast.secretary, learner=cast.PUPIL)
    for event in ("study_path.read", "study_right.inspected"):
        (row,) = entries("e.event = %s", event)
        assert {"studies", "results", "name"} <= set(row["seen"].split(",")), event
        assert "support" not in row["seen"]


def test_a_learner_without_study_rights_has_an_empty_path() -> None:
    page = paths.learner_path(cast.pupil)
    assert (page["rights"], page["moves"]) == ([], [])


@pytest.mark.usefixtures("aino")
def test_a_study_right_that_was_made_void_is_no_part_of_a_path() -> None:
    _rows("UPDATE studies_studyrightstate SET state = 'mitatoity'")
    assert paths.learner_path(cast.pupil)["rights"] == []


def test_the_office_is_told_whose_study_rights_are_amiss_at_its_own_school_alone(tmp_path: Path) -> None:
    states = [{"alku": "2023-08-09", "tila": code("koskiopiskeluoikeudentila", name)} for name in ("lasna", "loma")]
    study(tmp_path, cast.PUPIL, cast.PUPIL_HETU, right(tila={"opiskeluoikeusjaksot": states}))
    study(tmp_path, cast.GUARDIAN, cast.GUARDIAN_HETU, right(tila={"opiskeluoikeusjaksot": states}))
    for actor in (cast.secretary, cast.principal):
        page = paths.study_rights_to_check(actor)
        # A guardian who studies there is no learner of the school by this, and is not listed.
        assert [(row["person_id"], [f.code for f in row["findings"]]) for row in page["rights"]] == [
            (cast.PUPIL, ["states_overlap"])
        ]
        assert (page["total"], page["checked"]) == (1, 1)
    for actor in (cast.teacher, cast.outsider, cast.administrator, cast.guardian, cast.pupil, cast.platform):
        with pytest.raises(DeniedError):
            paths.study_rights_to_check(actor)
    elsewhere = Actor(str(Role.SCHOOL_SECRETARY), person_id=cast.OUTSIDER, provider_id=cast.VALKAMO)
    assert paths.study_rights_to_check(elsewhere)["rights"] == []


@pytest.mark.usefixtures("aino", "owners_log")
def test_whoever_is_in_order_was_not_looked_at() -> None:
    assert paths.study_rights_to_check(cast.secretary)["rights"] == []
    (row,) = entries("e.event = 'study_right.inspected'")
    assert (row["subjects"], row["seen"]) == (None, None)
    assert json.loads(row["scope"]) == {"checked": 1}
