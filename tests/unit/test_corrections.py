"""Corrections of states and marks by the secretary: who may, what is written, what a source keeps, history and undoing."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, set_reach
from digione.integrations.koski.selectors import export_documents
from digione.studies import correction_services as corrections
from digione.studies import path_selectors as paths
from digione.studies.correction_services import Corrected
from tests import cast
from tests.unit.koski import right, subject, year
from tests.unit.test_study_paths import CONFIRMED, study

DAY = date(2026, 5, 29)


def rows(sql: str, *parameters: Any, at: Actor = cast.administrator) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(at)
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def aino(committing: None, tmp_path: Path) -> None:
    """Aino's study right as the desk keeps it: no source has it any more. Written for real, so that its history is kept."""
    study(tmp_path, cast.PUPIL, cast.PUPIL_HETU, right(year(subject("MA"), subject("AI", "9"), vahvistus=CONFIRMED)))
    rows("DELETE FROM core_sourcekey WHERE kind = 'study_right'")


def page(actor: Actor = cast.secretary) -> dict[str, Any]:
    return paths.study_right_page(actor, learner=cast.PUPIL)


def mark_of(module: str) -> dict[str, Any]:
    (one,) = page()["rights"]
    (part,) = [part for part in one["attainments"][0]["parts"] if part["module"] == module]
    found: dict[str, Any] = part["assessments"][0]
    return found


def state_of() -> dict[str, Any]:
    found: dict[str, Any] = page()["rights"][0]["states"][-1]
    return found


def set_mark(
    mark: str, day: date | None = DAY, actor: Actor = cast.secretary, learner: UUID = cast.PUPIL, **more: Any
) -> Corrected:
    found = mark_of("MA")
    values = {"assessment": found["id"], "mark": mark, "day": day, "reason": "mistyped", "seen": found["sys_from"]}
    return corrections.correct_mark(actor, learner=learner, **{**values, **more})


def set_state(to: str, since: date | None, **more: Any) -> Corrected:
    found = state_of()
    values = {"state": found["id"], "to": to, "since": since, "reason": "late_information", "seen": found["sys_from"]}
    return corrections.correct_state(cast.secretary, learner=cast.PUPIL, **{**values, **more})


def kept_by() -> list[str | None]:
    return [keeper for (keeper,) in rows("SELECT kept_by FROM studies_assessment WHERE id = %s", mark_of("MA")["id"])]


def document() -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    export_documents(cast.administrator, write=found.append)
    return found[0]


@pytest.mark.usefixtures("aino")
def test_a_mark_is_corrected_the_history_tells_it_and_it_is_undone() -> None:
    before = document()
    assert set_mark("7") == Corrected()
    assert (mark_of("MA")["mark"], mark_of("MA")["assessed_on"]) == ("7", DAY)
    (told,) = page()["corrections"]
    assert (told["kind"], told["was"], told["became"], told["reason"], told["stands"]) == (
        "mark",
        "8",
        "7",
        "mistyped",
        True,
    )
    # In the register's document that place alone differs.
    changed = document()
    changed["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"][0]["arviointi"] = before["opiskeluoikeudet"][0][
        "suoritukset"
    ][0]["osasuoritukset"][0]["arviointi"]
    assert changed == before
    assert kept_by() == ["digione"], "no import writes over it"
    undone = corrections.undo_correction(cast.secretary, learner=cast.PUPIL, row=told["id"], at=told["at"])
    assert undone == Corrected()
    assert document() == before
    assert kept_by() == [None]
    history = page()["corrections"]
    assert [(row["was"], row["became"], row["reason"], row["stands"]) for row in history] == [
        ("7", "8", None, False),
        ("8", "7", "mistyped", False),
    ]


@pytest.mark.usefixtures("aino")
def test_an_undoing_waits_for_nothing_else_to_have_changed_the_row() -> None:
    set_mark("7")
    (first,) = page()["corrections"]
    set_mark("6")
    refused = corrections.undo_correction(cast.secretary, learner=cast.PUPIL, row=first["id"], at=first["at"])
    assert refused.reasons == ("changed_since",)
    assert mark_of("MA")["mark"] == "6"
    latest = page()["corrections"][0]
    assert corrections.undo_correction(cast.secretary, learner=cast.PUPIL, row=latest["id"], at=latest["at"]).done
    assert mark_of("MA")["mark"] == "7"


@pytest.mark.usefixtures("aino")
def test_a_state_that_ends_takes_the_rights_last_day_with_it_and_gives_it_back() -> None:
    day = date(2026, 8, 1)
    assert set_state("eronnut", day).done
    (one,) = page()["rights"]
    assert (one["states"][-1]["state"], one["valid_from"], one["valid_to"]) == ("eronnut", day, day)
    told = page()["corrections"][0]
    assert corrections.undo_correction(cast.secretary, learner=cast.PUPIL, row=told["id"], at=told["at"]).done
    (one,) = page()["rights"]
    assert (one["states"][-1]["state"], one["valid_from"], one["valid_to"]) == ("lasna", date(2023, 8, 9), None)


@pytest.mark.usefixtures("aino")
def test_what_cannot_be_is_refused_with_every_reason_and_nothing_is_written() -> None:
    before = document()
    tomorrow = clock.today() + timedelta(days=1)
    found = mark_of("MA")
    assert set_mark("8", found["assessed_on"]).reasons == ("nothing_new",)
    assert set_mark("11", tomorrow, reason="because").reasons == ("no_reason", "no_such_mark", "day_ahead")
    assert set_mark("7", seen=clock.now()).reasons == ("changed_since",)
    assert set_state("ikuinen", None).reasons == ("no_such_state", "no_day")
    assert document() == before
    assert page()["corrections"] == []


@pytest.mark.usefixtures("aino")
@pytest.mark.parametrize(
    "who", ["principal", "teacher", "outsider", "administrator", "guardian", "pupil", "stranger_guardian", "platform"]
)
def test_nobody_but_the_secretary_corrects(who: str) -> None:
    before = document()
    with pytest.raises((DeniedError, NotFoundError)):
        set_mark("10", actor=getattr(cast, who))
    set_mark("7")
    told = page()["corrections"][0]
    with pytest.raises((DeniedError, NotFoundError)):
        corrections.undo_correction(getattr(cast, who), learner=cast.PUPIL, row=told["id"], at=told["at"])
    assert mark_of("MA")["mark"] == "7"
    assert document() != before


@pytest.mark.usefixtures("aino")
def test_a_row_is_the_learners_own_or_it_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        set_mark("10", learner=cast.UNTAUGHT_PUPIL)
    with pytest.raises(NotFoundError):
        set_mark("10", assessment=uuid4())
    with pytest.raises(NotFoundError):
        set_state("loma", DAY, state=mark_of("MA")["id"])
    assert mark_of("MA")["mark"] == "8"


@pytest.mark.usefixtures("aino")
def test_what_a_source_keeps_and_another_schools_right_are_not_written_over(tmp_path: Path) -> None:
    study(
        tmp_path,
        cast.PUPIL,
        cast.PUPIL_HETU,
        right(year(subject("MA", "6")), oppilaitos={"oid": "1.2.246.562.10.00000000001"}),
    )
    kept = next(one for one in page()["rights"] if one["source"])
    assert (kept["source"], kept["ours"]) == ("koski", False)
    found = kept["attainments"][0]["parts"][0]["assessments"][0]
    refused = corrections.correct_mark(
        cast.secretary,
        learner=cast.PUPIL,
        assessment=found["id"],
        mark="10",
        day=DAY,
        reason="request",
        seen=found["sys_from"],
    )
    assert (refused.reasons, refused.source) == (("kept_by_source", "other_school"), "koski")
    ((mark,),) = rows("SELECT mark FROM studies_assessment WHERE id = %s", found["id"])
    assert mark == "6"


@pytest.mark.usefixtures("aino")
def test_what_an_app_keeps_is_the_apps_to_change() -> None:
    rows("UPDATE studies_assessment SET kept_by = 'app:01900000-0000-7000-8000-000000000001'")
    rows("UPDATE studies_studyrightstate SET kept_by = 'app:01900000-0000-7000-8000-000000000001'")
    assert set_mark("7").reasons == ("kept_by_app",)
    assert set_state("loma", DAY).reasons == ("kept_by_app",)
    assert (mark_of("MA")["mark"], state_of()["state"]) == ("8", "lasna")


@pytest.mark.usefixtures("aino")
def test_of_two_who_correct_at_once_the_second_is_told() -> None:
    found = mark_of("MA")
    assert set_mark("7").done
    assert set_mark("6", seen=found["sys_from"]).reasons == ("changed_since",)
    assert mark_of("MA")["mark"] == "7"
