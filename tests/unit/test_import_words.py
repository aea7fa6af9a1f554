"""A stored run is read in each reader's own language; and version 1.2, whose roles stand apart, loses nothing."""

from pathlib import Path

import pytest
from django.db import connection
from django.template import Context, Template
from django.utils import translation

from digione.core.use_case import set_reach
from digione.integrations.csv_templates import read_people
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.organisations.selectors import import_run, import_runs
from tests import cast
from tests.unit.test_import_loading import load
from tests.unit.test_import_readers import TODAY

pytestmark = pytest.mark.django_db


def test_the_desk_shows_one_stored_run_to_each_reader_in_their_language(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("oma tunnus;etunimet;sukunimi;koulu;syntymäaika\n1;Eeli;;Rantapuiston koulu;31.2.2014\n")
    report = Report()
    roster = read_people(path, report.problems, today=TODAY)
    with translation.override("sv"):
        # Whoever imports speaks Swedish; nothing of that is stored.
        import_roster(cast.administrator, roster=roster, report=report, kind="people", source="t", file_hash="x")
    run = import_runs(cast.principal)["runs"][0]["id"]
    page = import_run(cast.principal, run=run)
    [row] = page["differences"]
    assert (row["kind"], row["why"], row["file"], row["line"]) == ("person", "refused", "people.csv", 2)
    assert all(set(reason) == {"field", "code", "parameters"} for reason in row["reasons"])
    shown = Template("{% load desk %}{% for reason in row.reasons %}{{ reason|problem_text }}\n{% endfor %}")
    expected = {
        "fi": ["Tämä on täytettävä.", "Päivää 31.2.2014 ei ole olemassa."],
        "sv": ["Detta måste fyllas i.", "Dagen 31.2.2014 finns inte."],
        "en": ["This must be filled in.", "There is no such day as 31.2.2014."],
    }
    for language, sentences in expected.items():
        with translation.override(language):
            assert shown.render(Context({"row": row})).strip().split("\n") == sentences


def test_grades_and_guardians_of_version_1_2_are_found_where_its_roles_stand(tmp_path: Path) -> None:
    report = load(
        tmp_path,
        files={
            "manifest": "propertyName,value\noneroster.version,1.2\n",
            "users": "sourcedId,enabledUser,givenName,familyName,grades,agentSourcedIds\n"
            "u1,true,Aino,Lehto,3,g1\ng1,true,Katri,Lehto,,\ng2,true,Ulla,Salo,,u1\n",
            "roles": "sourcedId,userSourcedId,roleType,role,orgSourcedId\n"
            "r1,u1,primary,student,s1\nr2,g1,primary,parent,s1\nr3,g2,primary,relative,s1\n",
        },
    )
    assert report.refused == 0, report.problems.found
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.given_name, e.grade FROM studies_schoolenrolment e JOIN people_person p ON p.id = e.person_id"
            " WHERE p.family_name = 'Lehto'"
        )
        assert cursor.fetchall() == [("Aino", "3")]
        cursor.execute(
            "SELECT g.given_name, c.given_name, k.kind FROM people_guardianship k JOIN people_person g ON g.id = k.guardian_id"
            " JOIN people_person c ON c.id = k.child_id WHERE c.family_name = 'Lehto' ORDER BY 1"
        )
        assert cursor.fetchall() == [("Katri", "Aino", "custodian"), ("Ulla", "Aino", "other")]
