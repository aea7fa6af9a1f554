"""A mark that an app corrects, and the national register's document: that place changes, and later imports leave it."""

from pathlib import Path
from typing import Any

import pytest

from digione.access.scopes import KNOWN_SCOPES
from digione.core.use_case import Actor
from digione.integrations.koski.there_and_back import differences
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import rows, send
from tests.unit.koski import code, document, right, subject, year
from tests.unit.test_koski_import import exported, load

pytestmark = pytest.mark.django_db
_MARK = "/0/opiskeluoikeudet/0/suoritukset/0/osasuoritukset/{}/arviointi"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An app of a municipality into which one document has come."""
    load(tmp_path, document())
    return App(cast.KUUSNIEMI_OID, scopes=tuple(KNOWN_SCOPES))


def mark_of(app: App, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a subject and its mark."""
    (found,) = (row for row in rows(app, "attainments") if row["module"] == name)
    (mark,) = rows(app, "assessments", attainment_id=found["id"])
    return found, mark


def changed_document(mark: str) -> dict[str, Any]:
    return document(right(year(subject("MA", mark), subject("AI", "10"))))


def test_a_corrected_mark_changes_that_place_alone(app: App) -> None:
    before = exported()
    _, mark = mark_of(app, "AI")
    answer = send(app, "PATCH", f"assessments/{mark['id']}", {"mark": "7"}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.content
    assert [*differences(before, exported())] == [
        {"pointer": f"{_MARK.format(1)}/0/arvosana/koodiarvo", "document": "9", "ours": "7"}
    ]


def test_an_added_mark_and_state_stand_in_the_document(app: App) -> None:
    found, mark = mark_of(app, "MA")
    before = exported()
    body = {"attainment_id": found["id"], "mark_scheme": mark["mark_scheme"], "mark": "9", "assessed_on": "2026-06-01"}
    assert send(app, "POST", "assessments", body).status_code == 201
    (study_right,) = rows(app, "study_rights")
    state = {"study_right_id": study_right["id"], "valid_from": "2026-06-05", "state": "valmistunut"}
    assert send(app, "POST", "study_right_states", state).status_code == 201
    # A list that has grown is told as one difference: what it was, and what it is.
    told = {each["pointer"]: each for each in differences(before, exported())}
    mine = exported()[0]["opiskeluoikeudet"][0]
    added = mine["suoritukset"][0]["osasuoritukset"][0]["arviointi"][1]
    assert added == {
        "arvosana": {"koodistoUri": "arviointiasteikkoyleissivistava", "koodiarvo": "9"},
        "päivä": "2026-06-01",
    }
    assert mine["tila"]["opiskeluoikeusjaksot"][1] == {
        "alku": "2026-06-05",
        "tila": {"koodistoUri": "koskiopiskeluoikeudentila", "koodiarvo": "valmistunut"},
    }
    assert len(told) == 2
    assert all(pointer.startswith((_MARK.format(0), "/0/opiskeluoikeudet/0/tila")) for pointer in told)


def test_what_an_app_keeps_an_import_holds_back(app: App, tmp_path: Path) -> None:
    _, mark = mark_of(app, "MA")
    send(app, "PATCH", f"assessments/{mark['id']}", {"mark": "7"}, headers={"If-Match": "*"})
    again = load(tmp_path, document())
    assert (again.kinds["study_right"]["unchanged"], again.held_back) == (1, 0), "The document itself is the same."
    report = load(tmp_path, changed_document("4"))
    assert (report.status, report.kinds["study_right"]["held_back"]) == ("done", 1)
    assert [(found.field, found.line) for found in report.problems.found if found.text == "held-back.row"] == [
        ("/arviointi", 1)
    ]
    assert mark_of(app, "MA")[1]["mark"] == "7"
    assert mark_of(app, "AI")[1]["mark"] == "10", "What nobody else keeps is as the document says."


def test_what_an_app_added_stays_when_its_document_changes(app: App, tmp_path: Path) -> None:
    found, mark = mark_of(app, "MA")
    body = {"attainment_id": found["id"], "mark_scheme": mark["mark_scheme"], "mark": "9"}
    added = send(app, "POST", "assessments", body).json()
    load(tmp_path, changed_document("8"))
    assert added["id"] in {row["id"] for row in rows(app, "assessments", attainment_id=found["id"])}
    # The subject goes from the document: for the mark that is not the document's it stays as it was, and that is told.
    report = load(tmp_path, document(right(year(subject("AI", "10")))))
    assert [found.field for found in report.problems.found if found.text == "held-back.row"] == ["/suoritukset"]
    assert {row["module"] for row in rows(app, "attainments")} == {"3", "MA", "AI"}
    assert [row["mark"] for row in rows(app, "assessments", attainment_id=found["id"])] == ["8", "9"]


def test_a_state_that_an_app_keeps_stays(app: App, tmp_path: Path) -> None:
    (state,) = rows(app, "study_right_states")
    changed = {"state": "valiaikaisestikeskeytynyt"}
    send(app, "PATCH", f"study_right_states/{state['id']}", changed, headers={"If-Match": "*"})
    period = {"alku": "2023-08-09", "tila": code("koskiopiskeluoikeudentila", "lasna")}
    report = load(tmp_path, document(right(tila={"opiskeluoikeusjaksot": [period]})))
    assert report.held_back == 1
    assert [row["state"] for row in rows(app, "study_right_states")] == ["valiaikaisestikeskeytynyt"]
    assert exported(Actor("administrator", provider_id=cast.VALKAMO)) == []
