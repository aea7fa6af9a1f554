"""The change feed over real transactions: what each way of writing has made new or changed is told once it is settled."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from digione.core.use_case import set_reach
from digione.rest.hot_lane import HotLane
from digione.studies.services import place_learner
from tests import cast
from tests.api.oneroster import App
from tests.api.test_v1_adding import SUBJECT, place
from tests.api.test_v1_lines_in import write
from tests.api.v1 import ALL, WRITES, ask, send
from tests.api.wsgi import ask as ask_wsgi
from tests.api.wsgi import django_application
from tests.changes import followed
from tests.unit.koski import document
from tests.unit.test_import_people import template
from tests.unit.test_koski_import import load

pytestmark = pytest.mark.usefixtures("committing")


def _settled(app: App, path: str, after: str) -> list[dict[str, Any]]:
    """Return what a feed tells behind `after`, as soon as it tells anything: a vacuum may hold it back for a moment."""
    for _ in range(200):
        if found := followed(app, path, after):
            return found
        time.sleep(0.02)
    return []


def _here(app: App, path: str) -> str:
    return str(ask(app, f"{path}/changes").json()["after"])


def test_whom_an_import_brings_and_whom_it_changes_are_told(tmp_path: Path) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    before = {path: _here(app, path) for path in ("persons", "school_enrolments")}
    assert template(tmp_path, ";group;grade", "uusi-1;;Elli;Rauhamaa;;3").status == "done"
    [new] = _settled(app, "persons", before["persons"])
    assert (new["removed"], new["row"]["given_name"]) == (False, "Elli")
    [enrolment] = _settled(app, "school_enrolments", before["school_enrolments"])
    assert enrolment["row"]["grade"] == "3"
    after = _here(app, "persons")
    assert template(tmp_path, ";group;grade", "uusi-1;;Ella;Rauhamaa;;3").status == "done"
    [changed] = _settled(app, "persons", after)
    assert (changed["id"], changed["row"]["given_name"]) == (new["id"], "Ella")


def test_what_documents_bring_and_what_apps_add_and_change_is_told(tmp_path: Path) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))
    paths = ("study_rights", "study_right_states", "study_right_extras", "attainments", "assessments")
    before = {path: _here(app, path) for path in paths}
    assert load(tmp_path, document()).status == "done"
    told = {path: _settled(app, path, before[path]) for path in paths}
    assert {path: len(found) for path, found in told.items()} == {
        "study_rights": 1, "study_right_states": 1, "study_right_extras": 4, "attainments": 4, "assessments": 2,
    }  # fmt: skip
    assert not any(change["removed"] for found in told.values() for change in found)

    after = {path: _here(app, path) for path in paths}
    year = next(change["row"] for change in told["attainments"] if not change["row"]["parent_id"])
    added = send(app, "POST", "attainments", {**place(year), **SUBJECT})
    assert added.status_code == 201, added.content
    mark = {"attainment_id": added.json()["id"], "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "9"}
    [line] = write(app, "assessments", [{**mark, "assessed_on": "2026-05-29", "is_passed": True}]).json()["rows"]
    [change] = _settled(app, "attainments", after["attainments"])
    assert (change["id"], change["row"]["module"]) == (added.json()["id"], "KU")
    [change] = _settled(app, "assessments", after["assessments"])
    assert (change["id"], change["row"]["mark"]) == (line["id"], "9")

    after = {path: _here(app, path) for path in paths}
    changed = ask_wsgi(
        HotLane(django_application()), f"/api/v1/assessments/{line['id']}", method="PATCH", body=b'{"mark":"10"}',
        authorization=f"Bearer {app.token}", content_type="application/json", headers={"If-Match": line["etag"]},
    )  # fmt: skip
    assert changed.status == 200, changed.content
    [change] = _settled(app, "assessments", after["assessments"])
    assert (change["id"], change["row"]["mark"]) == (line["id"], "10")
    assert followed(app, "attainments", after["attainments"]) == []


def test_whom_the_office_places_is_told(tmp_path: Path) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    assert template(tmp_path, ";group;grade", "uusi-1;;Elli;Rauhamaa;;3").status == "done"
    before = _here(app, "enrolments")
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute("SELECT id FROM people_person WHERE given_name = 'Elli' AND family_name = 'Rauhamaa'")
        ((learner,),) = cursor.fetchall()
    place_learner(cast.secretary, learner=learner, group=cast.GROUP_3B)
    [change] = _settled(app, "enrolments", before)
    assert (change["removed"], change["row"]["role"]) == (False, "student")
