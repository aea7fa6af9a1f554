"""The pages of paths, study rights, corrections and certificates: what they say in three languages, and what they take."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from digione.core.use_case import set_reach
from digione.web.templatetags.studies import attainment_name, level_name
from tests import cast
from tests.unit.koski import right, subject, year
from tests.unit.test_corrections import aino, rows, state_of  # noqa: F401 - a fixture is found by its name.
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_study_paths import CONFIRMED, SECRETS, study, supported

LANGUAGES = ("fi", "sv", "en")
PATH, RIGHTS = f"/path/{cast.PUPIL}", f"/study-rights/{cast.PUPIL}"


@pytest.fixture
def studies(db: None, tmp_path: Path) -> UUID:
    """Aino's studies with support that no page is to tell; returns the year that is confirmed."""
    undated = supported("MA")
    del undated["arviointi"][0]["päivä"]
    study(tmp_path, cast.PUPIL, cast.PUPIL_HETU, right(year(undated, subject("AI", "9"), vahvistus=CONFIRMED)))
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM studies_attainment WHERE kind = 'perusopetuksenvuosiluokka'")
        found: UUID = cursor.fetchone()[0]
    return found


def text_of(client: Client, address: str, language: str = "en", status: int = 200) -> str:
    client.cookies["django_language"] = language
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_path_says_the_same_in_its_picture_and_in_words(client: Client, studies: UUID, language: str) -> None:
    text = text_of(signed_in(client, cast.PUPIL), "/path", language)
    place = LANGUAGES.index(language)
    level = ("Perusopetus", "Grundläggande utbildning", "Basic education")[place]
    assert text.count(f">{level}") >= 2, "in the picture and in the list"
    assert ("Matematiikka", "Matematik", "Mathematics")[place] in text
    assert ("3. luokka", "Årskurs 3", "Grade 3")[place] in text
    assert f"/path/{cast.PUPIL}/certificates/{studies}" in text
    for secret in SECRETS:
        assert secret not in text, secret


@pytest.mark.parametrize("language", LANGUAGES)
def test_preparatory_education_is_named_also_without_the_national_lists(language: str) -> None:
    row = {"kind": "tuvakoulutuksensuoritus", "module_scheme": "koulutus", "module": "999908", "language": None}
    with translation.override(language):
        assert attainment_name(row, {}) == level_name({"level": "tuva"}) != "tuva"
        assert attainment_name({**row, "kind": "ammatillinentutkinto"}, {}) == "999908"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_path_says_how_it_fills(client: Client, db: None, language: str) -> None:
    text = text_of(signed_in(client, cast.PUPIL), "/path", language)
    helps = ("kysy koulusihteeriltä", "fråga skolsekreteraren", "ask the school secretary")
    assert helps[LANGUAGES.index(language)] in text
    assert "<figure" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_office_is_told_what_is_amiss(client: Client, studies: UUID, language: str) -> None:
    text = text_of(signed_in(client, cast.SECRETARY), RIGHTS, language)
    told = (
        "3. luokka: yhdeltä arvosanalta puuttuu päivä.",
        "Årskurs 3: ett vitsord saknar dag.",
        "Grade 3: one mark has no day.",
    )
    assert told[LANGUAGES.index(language)] in text
    assert "koski" in text, "the source that keeps it is named"
    assert "/marks/" not in text, "and nothing is offered that would be refused"
    for secret in SECRETS:
        assert secret not in text, secret


def test_a_certificate_says_what_it_is_and_what_it_is_not(client: Client, studies: UUID) -> None:
    text = text_of(signed_in(client, cast.SECRETARY), f"/path/{cast.PUPIL}/certificates/{studies}")
    for part in ("Aino Lehtovaara", "14 Mar 2017", "Grade 3", "30 May 2026", "Rantapuiston koulu", "Mathematics"):
        assert part in text, part
    assert "It is not the school's signed certificate" in text
    for secret in SECRETS:
        assert secret not in text, secret
    teacher = signed_in(Client(), cast.TEACHER, "opettaja")
    assert teacher.get(f"/path/{cast.PUPIL}/certificates/{studies}").status_code == 404


def test_where_the_links_lead_from(client: Client, studies: UUID) -> None:
    assert 'href="/path"' in text_of(signed_in(client, cast.PUPIL), "/")
    assert f'href="{PATH}"' in text_of(signed_in(Client(), cast.GUARDIAN, "huoltaja"), "/")
    office = text_of(signed_in(Client(), cast.SECRETARY, "sihteeri"), f"/people/{cast.PUPIL}")
    assert f'href="{PATH}"' in office
    assert f'href="{RIGHTS}"' in office
    teacher = text_of(signed_in(Client(), cast.TEACHER, "opettaja"), f"/people/{cast.PUPIL}")
    assert f'href="{PATH}"' in teacher
    assert RIGHTS not in teacher


@pytest.mark.usefixtures("aino")
def test_a_secretary_corrects_a_state_and_takes_it_back(client: Client) -> None:
    office = signed_in(client, cast.SECRETARY)
    state = state_of()
    address = f"{RIGHTS}/states/{state['id']}"
    assert address in text_of(office, RIGHTS)
    form = text_of(office, address)
    seen = state["sys_from"].isoformat()
    assert seen in form.replace("&#x2B;", "+")
    answer = {"to": "loma", "since": "2026-09-01", "reason": "request", "seen": seen}
    assert office.post(address, {**answer, "since": "eilen"}).status_code == 409
    refused = office.post(address, {**answer, "reason": ""})
    assert (refused.status_code, "Choose why it is written." in refused.content.decode()) == (409, True)
    assert rows("SELECT state FROM studies_studyrightstate") == [("lasna",)]
    done = office.post(address, answer)
    assert (done.status_code, done.headers["Location"]) == (302, f"{RIGHTS}?done=corrected")
    # What somebody has seen before is not what they would change now.
    again = office.post(address, {**answer, "to": "lasna"})
    assert (again.status_code, "Somebody has changed it" in again.content.decode()) == (409, True)
    text = text_of(office, RIGHTS)
    assert "It was Present, 9 Aug 2023, and became Leave, 1 Sept 2026." in text
    assert "The learner or a guardian asked for it" in text
    assert "Tuula Mäntykoski" in text
    at = state_of()["sys_from"].isoformat()
    undone = office.post(f"{RIGHTS}/undo/{state['id']}", {"at": at})
    assert undone.status_code == 302
    assert rows("SELECT state FROM studies_studyrightstate") == [("lasna",)]
    twice = office.post(f"{RIGHTS}/undo/{state['id']}", {"at": at})
    assert (twice.status_code, "It was not taken back." in twice.content.decode()) == (409, True)


@pytest.mark.usefixtures("aino")
def test_a_mark_is_corrected_by_its_form(client: Client) -> None:
    office = signed_in(client, cast.SECRETARY)
    ((mark, seen),) = rows(
        "SELECT s.id, s.sys_from FROM studies_assessment s JOIN studies_attainment a ON a.id = s.attainment_id WHERE a.module = 'MA'"
    )
    address = f"{RIGHTS}/marks/{mark}"
    form = text_of(office, address)
    assert 'value="8" selected' in form
    answer = {"mark": "10", "day": "", "reason": "new_decision", "seen": seen.isoformat()}
    assert office.post(address, {**answer, "day": "eilen"}).status_code == 409
    assert office.post(address, answer).status_code == 302
    assert rows("SELECT mark, assessed_on, is_passed FROM studies_assessment WHERE id = %s", mark) == [
        ("10", None, True)
    ]


@pytest.mark.usefixtures("aino")
def test_the_principal_reads_and_is_offered_no_correction(client: Client) -> None:
    principal = signed_in(client, cast.PRINCIPAL)
    state = state_of()
    text = text_of(principal, RIGHTS)
    assert "Grade 3" in text
    assert "/states/" not in text
    address = f"{RIGHTS}/states/{state['id']}"
    assert principal.get(address).status_code == 404
    answer = {"to": "loma", "since": "2026-09-01", "reason": "request", "seen": state["sys_from"].isoformat()}
    assert principal.post(address, answer).status_code == 404
    assert principal.post(f"{RIGHTS}/undo/{state['id']}", {"at": state["sys_from"].isoformat()}).status_code == 404
    assert rows("SELECT state FROM studies_studyrightstate") == [("lasna",)]


@pytest.mark.usefixtures("aino")
@pytest.mark.parametrize(
    "moment", ["", "eilen", "2026-09-01T10:00:00", "²", "9" * 400, str(datetime.max.replace(tzinfo=UTC))]
)
def test_a_moment_that_no_page_of_ours_carries_changes_nothing(client: Client, moment: str) -> None:
    office = signed_in(client, cast.SECRETARY)
    state = state_of()
    answer: dict[str, Any] = {"to": "loma", "since": "2026-09-01", "reason": "request", "seen": moment}
    assert office.post(f"{RIGHTS}/states/{state['id']}", answer).status_code in (404, 409)
    assert office.post(f"{RIGHTS}/undo/{state['id']}", {"at": moment}).status_code in (404, 409)
    assert rows("SELECT state FROM studies_studyrightstate") == [("lasna",)]
