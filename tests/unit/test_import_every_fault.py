"""Every fault of a row is told at once: who mends a file must not meet the next one only when the first is mended."""

from pathlib import Path

import pytest

from digione.integrations.loading.report import Problems
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from tests.unit import oneroster_files as standard
from tests.unit.test_import_readers import TODAY, oneroster

#: Of each file a row that is wrong in several ways, and where: file, header and rows, field → code.
WRONG = {
    "orgs": (
        "orgs",
        "sourcedId,name,type,parentSourcedId\ns1,Koulu,school,\ns1,,koulu,nobody\n",
        {"sourcedId": "duplicate", "name": "required", "type": "enum", "parentSourcedId": "dangling-reference"},
    ),
    "sessions, impossible day": (
        "academicSessions",
        "sourcedId,title,type,startDate,endDate,schoolYear,parentSourcedId\n"
        "y1,2026,schoolYear,2026-08-01,2027-07-31,2027,\ny1,,vuosi,2026-02-31,2027-07-31,27,nobody\n",
        {
            "sourcedId": "duplicate",
            "title": "required",
            "type": "enum",
            "startDate": "date-impossible",
            "schoolYear": "year",
            "parentSourcedId": "dangling-reference",
        },
    ),
    "sessions, turned round": (
        "academicSessions",
        "sourcedId,title,type,startDate,endDate,schoolYear,parentSourcedId\n"
        "y1,2026,schoolYear,2026-08-01,2027-07-31,2027,\ny2,2026,term,2026-08-01,2025-07-31,2027,nobody\n",
        {"endDate": "period", "parentSourcedId": "dangling-reference"},
    ),
    "courses": (
        "courses",
        "sourcedId,title,orgSourcedId,schoolYearSourcedId\nc1,Matematiikka,s1,\nc1,,nobody,nobody\n",
        {
            "sourcedId": "duplicate",
            "title": "required",
            "orgSourcedId": "dangling-reference",
            "schoolYearSourcedId": "dangling-reference",
        },
    ),
    "classes": (
        "classes",
        "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
        "k1,3B,homeroom,c1,s1,y1\nk2,,luokka,nobody,nobody,nobody\n",
        {
            "title": "required",
            "classType": "enum",
            "courseSourcedId": "dangling-reference",
            "schoolSourcedId": "dangling-reference",
            "termSourcedIds": "dangling-reference",
        },
    ),
    "users": (
        "users",
        "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,userIds,status\n"
        "u1,true,s1,student,aino,Aino,Lehto,,\nu2,ehkä,nobody,oppilas,eino,,Lehto,{hetu:310214A9357},poissa\n",
        {
            "enabledUser": "enum",
            "orgSourcedIds": "dangling-reference",
            "role": "enum",
            "givenName": "required",
            "userIds": "hetu-date",
            "status": "enum",
        },
    ),
    "enrollments": (
        "enrollments",
        "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate\n"
        "e1,k1,s1,u1,student,,\ne2,nobody,nobody,,oppilas,ehkä,31.2.2026\n",
        {
            "classSourcedId": "dangling-reference",
            "schoolSourcedId": "dangling-reference",
            "userSourcedId": "required",
            "role": "enum",
            "primary": "enum",
            "beginDate": "date-format",
        },
    ),
    "demographics": (
        "demographics",
        "sourcedId,birthDate,sex\nu1,2017-03-14,female\nnobody,2017-02-31,kissa\n",
        {"sourcedId": "dangling-reference", "birthDate": "date-impossible", "sex": "enum"},
    ),
    "demographics of long ago": (
        "demographics",
        "sourcedId,birthDate\nu1,2017-03-14\nu2,1500-03-14\n",
        {"sourcedId": "dangling-reference", "birthDate": "birth-too-early"},
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_fault_of_a_row_is_told_once(tmp_path: Path, case: str) -> None:
    file, text, wrong = WRONG[case]
    kinds, problems = oneroster(tmp_path, **{file: text})
    told = [(one.field, one.code) for one in problems.found if (one.file, one.line) == (f"{file}.csv", 3)]
    assert sorted(told) == sorted(wrong.items())
    # The row before is taken, and this one is not.
    assert all(row[0] != 3 for rows in kinds.values() for row in rows) or file == "demographics"


def test_a_row_of_roles_and_one_of_a_carried_file_tell_theirs_as_well(tmp_path: Path) -> None:
    texts = standard.texts("1.2")
    header, row = texts["roles"].splitlines()
    places = header.split(",")
    wrong = dict(zip(places, row.split(","), strict=True)) | {
        "sourcedId": "r9", "userSourcedId": "nobody", "role": "", "beginDate": "2026-02-31", "orgSourcedId": "nobody",
    }  # fmt: skip
    texts["roles"] += ",".join(wrong[name] for name in places) + "\n"
    head, row = texts["results"].splitlines()
    places = head.split(",")
    wrong = dict(zip(places, row.split(","), strict=True)) | {
        "sourcedId": "a9", "lineItemSourcedId": "nobody", "studentSourcedId": "", "scoreDate": "2026-02-31",
    }  # fmt: skip
    texts["results"] += ",".join(wrong[name] for name in places) + "\n"
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    problems = Problems()
    found = Reader(Set(tmp_path, problems), TODAY).read_everything()
    told = {
        name: sorted((one.field, one.code) for one in problems.found if (one.file, one.line) == (f"{name}.csv", 3))
        for name in ("roles", "results")
    }
    assert told["roles"] == [
        ("beginDate", "date-impossible"),
        ("orgSourcedId", "dangling-reference"),
        ("role", "required"),
        ("userSourcedId", "dangling-reference"),
    ]
    assert told["results"] == [
        ("lineItemSourcedId", "dangling-reference"),
        ("scoreDate", "date-impossible"),
        ("studentSourcedId", "required"),
    ]
    assert (len(found["membership"]), len(found["results"])) == (1, 1)


def test_of_two_rows_of_one_person_the_good_one_is_taken(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path, demographics="sourcedId,birthDate,sex\nu1,2017-02-31,female\nu1,2017-03-14,female\n"
    )
    [person] = rows["person"]
    assert str(person.birth_date) == "2017-03-14"
    assert [(one.line, one.code) for one in problems.found] == [(2, "date-impossible")]
