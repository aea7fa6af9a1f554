"""Values that extend the lists of OneRoster are taken by their nearest, and carried as they came."""

from pathlib import Path
from typing import Any

import pytest

from tests import cast
from tests.unit.test_import_carried import good, kept, load
from tests.unit.test_import_loading import rows
from tests.unit.test_import_readers import GOOD

pytestmark = pytest.mark.django_db
#: A set of 1.2 in which each list that may be extended is, and a person has more than the model has room for.
EXTENDED = {
    "manifest": "propertyName,value\noneroster.version,1.2\nsource.systemCode,test\n",
    "orgs": "sourcedId,name,type\ns1,Koulu,school\nd1,Palvelu,ext:perheryhma\n",
    "academicSessions": "sourcedId,title,type,startDate,endDate,schoolYear\n"
    "y1,2026,schoolYear,2026-08-01,2027-07-31,2027\nj1,1. jakso,ext:jakso,2026-08-01,2026-10-01,2027\n",
    "courses": "sourcedId,title,orgSourcedId\nc1,Matematiikka,s1\n",
    "classes": "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
    'k1,3B,ext:pienryhma,c1,s1,"y1,j1"\nk2,Iltapäivä,ext:careGroup,c1,s1,y1\n',
    "users": "sourcedId,enabledUser,username,givenName,familyName,userIds,sms,phone,grades\n"
    'u1,true,aino,Aino,Lehto,"{learnerNumber:1.2.246.562.24.10000000017},{AD:aino.l},{Peda:77}",050 1,09 2,"3,4"\n'
    "u2,true,ope,Pirjo,Opettaja,,,09 3,\n",
    "roles": "sourcedId,userSourcedId,roleType,role,orgSourcedId\nr1,u1,primary,student,s1\n"
    "r2,u2,primary,ext:luokanvalvoja,s1\nr3,u2,secondary,ext:schoolSecretary,s1\n",
    "enrollments": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,k1,s1,u1,student\n"
    "e2,k1,s1,u2,ext:vierailija\ne3,k2,s1,u2,ext:aide\n",
    "demographics": "sourcedId,birthDate,sex\nu1,2017-03-14,ext:muu\n",
}
KEPT_OF_EXTENDED = {
    "orgs": {"d1": {"type": "ext:perheryhma"}},
    "academicSessions": {"j1": {"type": "ext:jakso"}},
    "classes": {"k1": {"classType": "ext:pienryhma"}},
    "users": {"u1": {"userIds": "{AD:aino.l},{Peda:77}", "phone": "09 2", "grades": "3,4"}},
    "roles": {"r2": {"role": "ext:luokanvalvoja"}},
    "enrollments": {"e2": {"role": "ext:vierailija"}},
    "demographics": {"u1": {"sex": "ext:muu"}},
}


def test_extended_values_are_taken_by_their_nearest_and_kept_as_they_came(tmp_path: Path) -> None:
    first = load(tmp_path, EXTENDED)
    assert (first.status, first.refused) == ("done", 0), first.problems.found
    assert {file: kept(file) for file in KEPT_OF_EXTENDED} == KEPT_OF_EXTENDED
    assert {(one.file, one.line, one.field) for one in first.problems.found if one.code == "extended"} == {
        ("orgs.csv", 3, "type"),
        ("academicSessions.csv", 3, "type"),
        ("classes.csv", 2, "classType"),
        ("demographics.csv", 2, "sex"),
        ("roles.csv", 3, "role"),
        ("enrollments.csv", 3, "role"),
    }
    new = " IN (SELECT target_id FROM core_sourcekey WHERE provider_id = %s AND source = 'test' AND kind = '{0}' AND key = %s)"

    def taken(kind: str, table: str, column: str, key: str) -> Any:
        [(value,)] = rows(f"SELECT {column} FROM {table} WHERE id{new.format(kind)}", cast.KUUSNIEMI, key)
        return value

    assert taken("session", "organisations_academicsession", "kind", "j1") == "term"
    groups = [taken("group", "studies_group", "kind", key) for key in ("k1", "k2")]
    assert groups == ["class_section", "care_group"]
    roles = [taken("membership", "people_staffassignment", "role", key) for key in ("r2", "r3")]
    assert roles == ["other", "school_secretary"]
    # What nobody knows gives no right: teachers and aides alone see whom they teach.
    assert [taken("enrolment", "studies_enrolment", "role", key) for key in ("e2", "e3")] == ["proctor", "aide"]
    assert taken("person", "people_person", "sex", "u1") is None
    again = load(tmp_path, EXTENDED)
    assert (again.added, again.changed, again.refused) == (0, 0, 0)
    # One that changes changes its row, and one that goes is kept no longer.
    other = {**EXTENDED, "users": EXTENDED["users"].replace("{Peda:77}", "{Peda:78}").replace("09 2", "050 1")}
    assert (load(tmp_path, other).changed, kept("users")["u1"]) == (
        1,
        {"userIds": "{AD:aino.l},{Peda:78}", "grades": "3,4"},
    )


@pytest.mark.parametrize("file", ["orgs", "academicSessions", "classes", "roles", "enrollments", "demographics"])
def test_what_the_standard_does_not_let_extend_is_refused(tmp_path: Path, file: str) -> None:
    """By the pattern of the official file: letters, digits, full stop, hyphen, underscore."""
    wrong = {**EXTENDED, file: EXTENDED[file].replace("ext:", "ext:ä ", 1)}
    assert [one.file for one in load(tmp_path, wrong, dry_run=True).problems.found if one.code == "enum"] == [
        f"{file}.csv"
    ]


def test_version_1_1_knows_no_extended_values_and_keeps_further_ids_too(tmp_path: Path) -> None:
    found = load(tmp_path, good(orgs=EXTENDED["orgs"])).problems.found
    assert [(one.code, one.file, one.line) for one in found if one.severity == "error"] == [("enum", "orgs.csv", 3)]
    hetu = "{hetu:140317A9350},{AD:aino}"
    users = GOOD["users.csv"].replace("familyName\n", "familyName,userIds\n").replace("Lehto\n", f'Lehto,"{hetu}"\n')
    assert load(tmp_path, good(users=users)).status == "done"
    assert kept("users") == {"u1": {"userIds": "{AD:aino}"}}, "identity codes are kept encrypted alone"
