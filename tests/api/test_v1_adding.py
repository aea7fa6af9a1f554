"""Apps add attainments: at their place, kept from then on, whole in the national register's document, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from digione.core.clock import today
from digione.integrations.koski.check import verdict_of
from tests import cast
from tests.api.oneroster import App
from tests.api.test_v1_lines_in import write
from tests.api.test_v1_writing import everything
from tests.api.v1 import ALL, WRITES, ask, codes, rows, send
from tests.unit.koski import HETU, document
from tests.unit.test_koski_import import exported, load

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]
SUBJECT = {
    "kind": "perusopetuksenoppiaine",
    "module_scheme": "koskioppiaineetyleissivistava",
    "module": "KU",
    "is_compulsory": True,
    "size": 2.5,
    "size_unit": "3",
}


@pytest.fixture
def app() -> App:
    return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))


def place(app: App, attainment: dict[str, Any]) -> dict[str, Any]:
    return {"study_right_id": attainment["study_right_id"], "parent_id": attainment["id"]}


def of_the_document() -> list[dict[str, Any]]:
    return [each for each in exported() if each["henkilö"].get("hetu") == HETU]


def accepted(folder: Path, found: list[Any]) -> list[tuple[str, str]]:
    path = folder / "exported.json"
    path.write_text(json.dumps(found))
    return [(each.code, each.field) for each in verdict_of(path, today()).problems.found if each.severity == "error"]


def test_a_subject_with_its_mark_stands_in_the_document_at_its_place_and_stays(app: App, tmp_path: Path) -> None:
    known = {row["id"] for row in rows(app, "attainments")}
    load(tmp_path, document())
    before = of_the_document()
    faults = accepted(tmp_path, before)
    (year,) = [row for row in rows(app, "attainments") if row["id"] not in known and not row["parent_id"]]
    learner = ask(app, f"learners/{year['person_id']}")
    answer = send(app, "POST", "attainments", {**place(app, year), **SUBJECT})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made == made | place(app, year) | SUBJECT | {"place": 3, "kept_by": f"app:{app.made.app_id}"}
    assert answer["Location"] == f"/api/v1/attainments/{made['id']}"
    assert ask(app, f"attainments/{made['id']}")["ETag"] == answer["ETag"]
    mark = {"attainment_id": made["id"], "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "9"}
    assert send(app, "POST", "assessments", mark).status_code == 201
    after = ask(app, f"learners/{year['person_id']}")
    assert after["ETag"] != learner["ETag"]
    assert made in after.json()["attainments"]
    changed = of_the_document()
    assert accepted(tmp_path, changed) == faults
    added = changed[0]["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"].pop()
    assert changed == before
    assert added["koulutusmoduuli"]["tunniste"]["koodiarvo"] == "KU"
    assert added["koulutusmoduuli"]["laajuus"]["arvo"] == 2.5
    assert added["arviointi"][0]["arvosana"]["koodiarvo"] == "9"
    told = document()
    told["opiskeluoikeudet"][0]["suoritukset"][0]["luokka"] = "3C"
    report = load(tmp_path, told)
    assert report.kinds["study_right"]["held_back"] == 1
    assert of_the_document()[0]["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"][-1] == added
    assert ask(app, f"attainments/{made['id']}").json() == made


def test_many_come_behind_each_other_and_none_where_one_is_wrong(app: App) -> None:
    year = next(row for row in rows(app, "attainments") if not row["parent_id"])
    one = {**place(app, year), **SUBJECT}
    before = everything()
    wrong = [one, one, {**one, "parent_id": one["study_right_id"]}, {**one, "module": "LI", "size_unit": None}]
    assert codes(write(app, "attainments", wrong)) == [
        ("lines.2.module", "stands_already"),
        ("lines.3.parent_id", "not_there"),
        ("lines.4.size_unit", "missing"),
    ]
    assert everything() == before
    assert write(app, "attainments", [one, {**one, "module": "LI"}]).status_code == 200
    places = {row["module"]: row["place"] for row in rows(app, "attainments", parent_id=year["id"])}
    assert (places["KU"], places["LI"]) == (1, 2)
