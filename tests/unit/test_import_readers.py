"""What files say, and every way in which they can be wrong. No database."""

import zipfile
from datetime import date
from pathlib import Path

import pytest

from digione.integrations.csv_templates import read_people, read_staff
from digione.integrations.koodisto.reader import read_codes
from digione.integrations.loading import sources, tabular
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.values import (
    BadValueError,
    business_id_is_right,
    check_hetu,
    day_of_milliseconds,
    read_date,
)
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.integrations.organisaatio.reader import read_organisations

TODAY = date(2026, 9, 1)
GOOD: dict[str, str] = {
    "manifest.csv": "propertyName,value\noneroster.version,1.1\nsource.systemCode,test\n",
    "orgs.csv": "sourcedId,name,type\ns1,Koulu,school\n",
    "academicSessions.csv": "sourcedId,title,type,startDate,endDate,schoolYear\n"
    "y1,2026,schoolYear,2026-08-01,2027-07-31,2027\n",
    "courses.csv": "sourcedId,title,orgSourcedId\nc1,Matematiikka,s1\n",
    "classes.csv": "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds\nk1,3B,homeroom,c1,s1,y1\n",
    "users.csv": "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName\n"
    "u1,true,s1,student,aino,Aino,Lehto\n",
    "enrollments.csv": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,k1,s1,u1,student\n",
}


def oneroster(folder: Path, **changed: str | bytes) -> tuple[dict[str, list], Problems]:
    """Read the good set with some files changed; `users="…"` replaces users.csv."""
    files: dict[str, str | bytes] = {**GOOD, **{f"{name}.csv": text for name, text in changed.items()}}
    for name, text in files.items():
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    problems = Problems()
    return Reader(Set(folder, problems), TODAY).read_everything(), problems


def found(problems: Problems, code: str) -> list[tuple[str, int, str]]:
    return [(one.file, one.line, one.field) for one in problems.found if one.code == code]


def test_the_good_set_has_no_problem(tmp_path: Path) -> None:
    rows, problems = oneroster(tmp_path)
    assert problems.found == []
    assert {kind: len(items) for kind, items in rows.items()} == {
        "school": 1, "session": 1, "course": 1, "group": 1, "person": 1, "enrolment": 1,
    }  # fmt: skip


def test_byte_order_mark_crlf_and_quoted_line_breaks_are_read(tmp_path: Path) -> None:
    text = '\ufeff"sourcedId",name,type\r\ns1,"Koulu, ""vanha""\r\nrakennus",school\r\ns2,Toinen,school\r\n'
    rows, problems = oneroster(tmp_path, orgs=text)
    assert problems.errors == 0
    assert [school.name for school in rows["school"]] == ['Koulu, "vanha"\r\nrakennus', "Toinen"]
    assert [school.line for school in rows["school"]] == [2, 4], "a line is counted where its row begins"


def test_a_ragged_row_is_told_with_its_line_and_does_not_stop_the_others(tmp_path: Path) -> None:
    rows, problems = oneroster(tmp_path, orgs="sourcedId,name,type\ns1,Koulu,school\ns2,Toinen\ns3,Kolmas,kolo\n")
    assert found(problems, "ragged-row") == [("orgs.csv", 3, "")]
    assert "2 columns, the header has 3" in next(p.message for p in problems.found if p.code == "ragged-row")
    assert found(problems, "enum") == [("orgs.csv", 4, "type")]
    assert len(rows["school"]) == 1
    assert problems.refused_rows == 2


def test_windows_1252_names_the_first_bad_byte(tmp_path: Path) -> None:
    head = b"sourcedId,name,type\ns1,Koulu,school\ns2,"
    _, problems = oneroster(tmp_path, orgs=head + "Mäki,school\n".encode("cp1252"))
    [fault] = [one for one in problems.found if one.code == "encoding"]
    assert fault.line == 3
    assert f"Byte {len(head) + 2} of the file is 0xE4" in fault.message
    assert "“ä”" in fault.message


def test_utf_16_is_refused_with_advice(tmp_path: Path) -> None:
    _, problems = oneroster(tmp_path, orgs="sourcedId,name,type\n".encode("utf-16"))
    assert found(problems, "encoding") == [("orgs.csv", 1, "")]


def test_a_null_character_refuses_its_row_only(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path, orgs="sourcedId,name,type\ns1,Koulu,school\ns2,To\x00inen,school\ns3,Kolmas,school\n"
    )
    assert found(problems, "null-character") == [("orgs.csv", 3, "")]
    assert [school.key for school in rows["school"]] == ["s1", "s3"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_huge_cell_is_told_and_never_swallows_the_file(tmp_path: Path, quote: str) -> None:
    huge = quote + "x" * (tabular.MAX_FIELD + 1)
    rows, problems = oneroster(
        tmp_path, orgs=f"sourcedId,name,type\ns1,Koulu,school\ns2,{huge},school\ns3,,school\ns4,Neljäs,school\n"
    )
    assert found(problems, "too-long") == [("orgs.csv", 3, "")]
    # No quotation mark is blamed that may not be there, and the rows below are told of and read.
    assert not found(problems, "quoting")
    assert found(problems, "required") == [("orgs.csv", 4, "name")]
    assert [school.key for school in rows["school"]] == ["s1", "s4"]


def test_a_huge_cell_over_several_lines_is_told_as_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    huge = '"' + "x\n" * tabular.MAX_FIELD
    rows, problems = oneroster(tmp_path, orgs=f"sourcedId,name,type\ns1,Koulu,school\ns2,{huge},school\n")
    assert found(problems, "quoting") == [("orgs.csv", 3, "")]
    assert [school.key for school in rows["school"]] == ["s1"]


def test_a_header_that_is_too_long_makes_no_row_the_header(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path, orgs=f"sourcedId,name,type,{'x' * (tabular.MAX_FIELD + 1)}\ns1,Koulu,school,\n"
    )
    assert found(problems, "too-long") == [("orgs.csv", 1, "")]
    assert rows["school"] == []


def test_a_wrong_identity_code_refuses_its_row_with_line_and_field(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path,
        users="sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,userIds\n"
        "u1,true,s1,student,a,Aino,Lehto,{hetu:140314A9358}\nu2,true,s1,student,b,Eeli,Lehto,{hetu:140314A9357}\n",
        enrollments="sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n",
    )
    assert found(problems, "hetu-check") == [("users.csv", 2, "userIds")]
    assert not any("140314" in one.message for one in problems.found)
    assert [person.key for person in rows["person"]] == ["u2"]


def test_a_username_that_stands_twice_is_kept_by_the_first(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path,
        users=GOOD["users.csv"] + "u2,true,s1,student,aino,Aino,Lahti\n",
    )
    assert found(problems, "duplicate") == [("users.csv", 3, "username")]
    assert [person.username_digest is None for person in rows["person"]] == [False, True]


@pytest.mark.parametrize(
    ("file", "text", "code", "place"),
    [
        ("orgs", "sourcedId,name,type\ns1,K,school\ns1,T,school\n", "duplicate", (3, "sourcedId")),
        ("orgs", "sourcedId,name\ns1,K\n", "missing-column", (1, "type")),
        ("orgs", "sourcedId,name,type\ns1,,school\n", "required", (2, "name")),
        ("orgs", 'sourcedId,name,type\ns1,"K,school\n', "quoting", (2, "")),
        ("orgs", "", "empty-file", (1, "")),
        (
            "academicSessions",
            "sourcedId,title,type,startDate,endDate\ny1,2026,schoolYear,2026-02-31,2027-07-31\n",
            "date-impossible",
            (2, "startDate"),
        ),
        (
            "academicSessions",
            "sourcedId,title,type,startDate,endDate\ny1,2026,schoolYear,31.2.2026,2027-07-31\n",
            "date-format",
            (2, "startDate"),
        ),
        (
            "enrollments",
            "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,k9,s1,u1,student\n",
            "dangling-reference",
            (2, "classSourcedId"),
        ),
        (
            "users",
            "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName\nu1,perhaps,s1,student,a,A,L\n",
            "enum",
            (2, "enabledUser"),
        ),
    ],
)
def test_each_fault_has_its_line_and_field(tmp_path: Path, file: str, text: str, code: str, place: tuple) -> None:
    _, problems = oneroster(tmp_path, **{file: text})
    assert (f"{file}.csv", *place) in found(problems, code)
    assert problems.errors


def test_an_extension_column_is_told_once_whatever_the_number_of_rows(tmp_path: Path) -> None:
    _, problems = oneroster(tmp_path, orgs="sourcedId,name,type,metadata.x\ns1,K,school,1\ns2,T,school,2\n")
    assert found(problems, "extension-column") == [("orgs.csv", 1, "metadata.x")]


def test_a_column_that_stands_twice_is_told_and_the_first_is_read(tmp_path: Path) -> None:
    rows, problems = oneroster(tmp_path, orgs="sourcedId,name,type,Name\ns1,Koulu,school,Toinen\n")
    assert [(one.file, one.line, one.field, one.code, str(one.severity)) for one in problems.found] == [
        ("orgs.csv", 1, "Name", "duplicate-column", "warning")
    ]
    assert rows["school"][0].name == "Koulu"


def test_a_header_alone_is_remarked_and_a_line_that_is_none_is_told_without_a_word_of_it(tmp_path: Path) -> None:
    head = GOOD["users.csv"].splitlines(keepends=True)[0]
    _, problems = oneroster(tmp_path, users=head, enrollments="")
    assert found(problems, "no-rows") == [("users.csv", 0, "")]
    assert found(problems, "empty-file") == [("enrollments.csv", 1, "")]
    without = "u7,true,s1,student,salainen,Salainen,140314A9357\n"
    rows, problems = oneroster(tmp_path, users=without + without, enrollments=GOOD["enrollments.csv"])
    assert found(problems, "no-header") == [("users.csv", 1, "")]
    assert rows["person"] == []
    told = repr([one.stored() for one in problems.found]).lower()
    assert "salainen" not in told
    assert "140314" not in told


def test_faults_of_the_header_line_never_make_a_row_the_header(tmp_path: Path) -> None:
    rows, problems = oneroster(tmp_path, orgs='"sourcedId"x,name,type\ns1,Koulu,school\n')
    assert found(problems, "quoting") == [("orgs.csv", 1, "")]
    assert rows["school"] == []
    assert not found(problems, "no-header")
    _, problems = oneroster(tmp_path, orgs="sourcedId,name,type\rs1,Koulu,school\r")
    assert found(problems, "line-end") == [("orgs.csv", 1, "")]


def test_the_name_of_a_system_is_no_longer_than_a_key_can_be(tmp_path: Path) -> None:
    oneroster(tmp_path)
    (tmp_path / "manifest.csv").write_text(f"propertyName,value\nsource.systemCode,{'x' * 5000}\n")
    assert Set(tmp_path, Problems()).system == "x" * 100


def test_a_delta_set_and_an_empty_folder_are_refused_with_reason(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match="no OneRoster file"):
        Set(tmp_path, Problems())
    with pytest.raises(ImportRefusedError, match=r"line 3: users, enrollments.*Ask the supplier for a bulk set"):
        oneroster(
            tmp_path,
            manifest="propertyName,value\noneroster.version,1.1\nfile.users,delta\nfile.orgs,bulk\nfile.enrollments,delta\n",
        )


def test_every_column_of_users_in_version_1_2_is_known(tmp_path: Path) -> None:
    """The table of users.csv in the CSV binding of OneRoster 1.2, in its order."""
    header = (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,"
        "sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,"
        "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns"
    )
    rows, problems = oneroster(
        tmp_path,
        manifest="propertyName,value\noneroster.version,1.2\n",
        users=f'{header}\nu1,,,true,aino,,Aino,Lehto,,,,,,,,,,"r1,r2",,,,,\n',
        roles="sourcedId,userSourcedId,roleType,role,orgSourcedId\nr1,u1,primary,student,s1\n",
        resources="sourcedId,vendorResourceId\nr1,kirja-1\nr2,kirja-2\n",
    )
    assert problems.found == []
    assert len(rows["person"]) == 1


def test_a_file_that_is_none_of_the_standard_is_told(tmp_path: Path) -> None:
    _, problems = oneroster(tmp_path, stranger="a\n")
    assert found(problems, "unknown-file") == [("stranger.csv", 0, "")]


def test_version_1_2_takes_roles_from_their_own_file(tmp_path: Path) -> None:
    rows, problems = oneroster(
        tmp_path,
        manifest="propertyName,value\noneroster.version,1.2\n",
        users="sourcedId,enabledUser,givenName,familyName,preferredGivenName\nu1,true,Aino Maria,Lehto,Aino\n",
        roles="sourcedId,userSourcedId,roleType,role,orgSourcedId,beginDate\n"
        "r1,u1,primary,student,s1,2026-08-11\nr2,u1,primary,wizard,s1,\n",
    )
    assert found(problems, "enum") == [("roles.csv", 3, "role")]
    assert [(row.role, row.valid_from) for row in rows["membership"]] == [("student", date(2026, 8, 11))]
    assert (rows["person"][0].given_name, rows["person"][0].first_names) == ("Aino", "Aino Maria")


def test_a_set_is_read_from_an_archive_with_a_folder_in_it(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in GOOD.items():
            archive.writestr(f"export/{name}", text)
    problems = Problems()
    rows = Reader(Set(path, problems), TODAY).read_everything()
    assert problems.errors == 0
    assert len(rows["person"]) == 1


def test_hostile_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(name: str, members: dict[str, bytes]) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for member, data in members.items():
                made.writestr(member, data)
        return path

    with pytest.raises(ImportRefusedError, match="times its size"):
        sources.Source(archive("bomb.zip", {"users.csv": b"0" * (20 * 1024**2)}))
    with pytest.raises(ImportRefusedError, match="outside itself"):
        sources.Source(archive("path.zip", {"../users.csv": b"a"}))
    with pytest.raises(ImportRefusedError, match="201 files"):
        sources.Source(archive("many.zip", {f"{number}.csv": b"a" for number in range(201)}))
    with pytest.raises(ImportRefusedError, match="twice"):
        sources.Source(archive("two.zip", {"a/users.csv": b"a", "b/users.csv": b"b"}))
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    with pytest.raises(ImportRefusedError, match="unpack to more"):
        sources.Source(archive("large.zip", {"users.csv": b"12345678901"}))
    monkeypatch.undo()
    # The directory of an archive may lie about how much there is in it.
    honest = archive("lies.zip", {"users.csv": b"a" * 5000}).read_bytes()
    (tmp_path / "lies.zip").write_bytes(honest.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
    with (
        sources.Source(tmp_path / "lies.zip").open("users.csv") as stream,
        pytest.raises(ImportRefusedError, match="is damaged"),
    ):
        stream.read()
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 nothing more")
    with pytest.raises(ImportRefusedError, match="not a whole zip"):
        sources.Source(tmp_path / "cut.zip")


def test_the_untidy_set_gets_precise_diagnostics(shared_data: Path) -> None:
    problems = Problems()
    rows = Reader(Set(shared_data / "standards/oneroster/csv-1.1-tao", problems), TODAY).read_everything()
    assert len(rows["person"]) == 2
    errors = [(one.file, one.line, one.field) for one in problems.found if one.severity == "error"]
    assert errors == [("classes.csv", line, "termSourcedIds") for line in (2, 3, 4)] + [
        ("enrollments.csv", line, "classSourcedId") for line in (2, 3, 4)
    ]
    assert ("orgs.csv", 2, "dateLastModified") in found(problems, "date-time")
    assert len(found(problems, "extension-column")) == 4 + 1 + 1 + 6
    assert found(problems, "not-kept") == [("users.csv", 1, "ext_imagineLearning_studentPassword")]


def test_the_whole_country_with_every_parent_and_two_malformed_business_ids(shared_data: Path) -> None:
    problems = Problems()
    rows = read_organisations(shared_data / "organisaatio/hierarkia-koko-maa.json", problems)
    assert len(rows) == 6405
    assert problems.errors == 0
    told = [one for one in problems.found if one.code == "business-id"]
    assert [one.parameters["element"].partition(":")[0] for one in told] == ["530", "881"]
    # The national file is one line.
    assert [one.line for one in told] == [1, 1]
    assert found(problems, "parent") == []
    by_oid = {row.oid: row for row in rows}
    assert sum(row.parent_oid is None for row in rows) == 813
    assert all(row.parent_oid is None or row.parent_oid in by_oid for row in rows)
    vantaa = by_oid["1.2.246.562.10.494695390410"]
    assert (vantaa.kinds, vantaa.provider_oid, vantaa.municipality_code) == (["provider"], vantaa.oid, "092")


@pytest.mark.parametrize("name", ["jalkelaiset.json", "organisaatioRakenne.json"])
def test_an_answer_without_national_organisations_says_which_file_to_use(shared_data: Path, name: str) -> None:
    problems = Problems()
    assert read_organisations(shared_data / "organisaatio" / name, problems) == []
    [fault] = [one for one in problems.found if one.code == "no-national-organisation"]
    assert "hierarkia-koko-maa.json" in fault.message


def test_an_organisation_with_faults_does_not_hide_its_children(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_text(
        '[{"oid":"1.2.3","nimi":{"fi":"A"},"children":[{"oid":"1.2.246.562.10.00000000002","nimi":{"sv":"B"},'
        '"alkuPvm":-311652000000,"organisaatiotyypit":["organisaatiotyyppi_02"]},{"oid":"1.2.246.562.10.00000000002",'
        '"nimi":{"fi":"C"}}]}]'
    )
    problems = Problems()
    [row] = read_organisations(path, problems)
    assert (row.kinds, row.valid_from) == (["school"], date(1960, 2, 16))
    assert found(problems, "oid") == [("o.json", 1, "oid")]
    assert found(problems, "duplicate") == [("o.json", 1, "oid")]


def test_json_that_is_cut_is_told_with_line(tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text('{"organisaatiot": [\n{"oid": ')
    problems = Problems()
    assert read_organisations(tmp_path / "o.json", problems) == []
    assert found(problems, "json") == [("o.json", 2, "")]


def test_both_forms_of_code_lists(shared_data: Path) -> None:
    problems = Problems()
    rows = read_codes([shared_data / "koodisto"], problems)
    assert len(rows) == 5416
    assert problems.errors == 0
    by_key = {(row.list_uri, row.value): row for row in rows}
    kuhmoinen = by_key["kunta", "291"]
    assert (kuhmoinen.version, kuhmoinen.valid_from, kuhmoinen.name) == (
        2,
        date(1990, 1, 1),
        {"fi": "Kuhmoinen", "sv": "Kuhmoinen"},
    )
    grade = by_key["perusopetuksenluokkaaste", "1"]
    assert (grade.valid_from, grade.name["sv"], grade.name["en"]) == (None, "Årskurs 1", "1st grade")


@pytest.mark.parametrize(
    ("hetu", "code"),
    [
        ("140314A9358", "hetu-check"),
        ("310214A9357", "hetu-date"),
        ("140314A935", "hetu-form"),
        ("140314G9357", "hetu-form"),
    ],
)
def test_a_wrong_identity_code_is_refused_and_masked(hetu: str, code: str) -> None:
    with pytest.raises(BadValueError) as fault:
        check_hetu(hetu, today=TODAY)
    assert fault.value.code == code
    assert hetu[:6] not in str(fault.value), "the first half is a day of birth"
    assert hetu[6:] not in str(fault.value)


def test_identity_codes_of_every_century_sign_are_read() -> None:
    assert check_hetu("140314A9357", today=TODAY) == ("140314A9357", date(2014, 3, 14), "1")
    assert check_hetu("110506b908y", today=TODAY)[1:] == (date(2006, 5, 11), "2")
    assert check_hetu("311299U9263", today=TODAY)[1] == date(1999, 12, 31)
    with pytest.raises(BadValueError, match="not one that is given"):
        check_hetu("140314A9357", today=TODAY, artificial=False)


def test_dates_and_business_ids() -> None:
    assert read_date("1.9.2026", finnish=True) == date(2026, 9, 1)
    with pytest.raises(BadValueError, match="no such day"):
        read_date("31.2.2026", finnish=True)
    assert day_of_milliseconds(-311652000000) == date(1960, 2, 16)
    assert business_id_is_right("3120457-5")
    assert not business_id_is_right("3120457-6")
    assert not business_id_is_right("002787951")


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("Henkilötunnus;Etunimet;Sukunimi;Koulu;Ryhmä", ";"),
        ("Personbeteckning,Förnamn,Efternamn,Skola,Grupp", ","),
        ("identity code\tFirst names\tFamily name\tSchool\tGroup", "\t"),
    ],
)
def test_the_people_template_in_three_languages(tmp_path: Path, header: str, separator: str) -> None:
    path = tmp_path / "people.csv"
    row = separator.join(["140314A9357", "Aino Maria", "Mäkinen", "Rantapuisto", "3B"])
    path.write_text(f"{header}\n{row}\n")
    problems = Problems()
    roster = read_people(path, problems, today=TODAY)
    assert problems.found == []
    [person] = roster.person()
    assert (person.given_name, person.birth_date, person.sex) == ("Aino", date(2014, 3, 14), "1")
    assert b"140314" not in person.hetu_enc
    assert [group.title for group in roster.group()] == ["3B"]


def test_the_people_template_tells_every_fault_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "oma tunnus;henkilötunnus;etunimet;sukunimi;koulu;syntymäaika;turvakielto;huoltaja 1 etunimet;huoltaja 1 sukunimi;"
        "huoltaja 1 rajoitukset\n"
        "1;140314A9358;Aino;;Koulu;31.2.2014;ehkä;Katri;Mäkinen;ei mitään\n"
        ";;Eeli;Harju;Koulu;;;;;\n"
        "3;;Iida;Salo;Koulu;2015-01-02;x;Katri;Salo;ei tietoja\n"
    )
    problems = Problems()
    roster = read_people(path, problems, today=TODAY)
    assert {(one.line, one.field) for one in problems.found} == {
        (2, "henkilötunnus"), (2, "sukunimi"), (2, "syntymäaika"), (2, "turvakielto"), (2, "huoltaja 1 rajoitukset"),
        (3, "oma tunnus"),
    }  # fmt: skip
    assert [(person.family_name, person.non_disclosure) for person in roster.person()] == [
        ("Salo", True),
        ("Salo", None),
    ]
    assert [guardian.limits for guardian in roster.guardian()] == [["no_information"]]
    assert not any("A9358" in one.message for one in problems.found)


def test_the_staff_template_gives_roles_and_groups(tmp_path: Path) -> None:
    path = tmp_path / "staff.csv"
    path.write_text(
        "own id,first names,family name,school,role,groups\n"
        't1,Pirjo,Laine,Koulu,opettaja,"3B,4A"\nt1,Pirjo,Laine,Toinen,Rektor,\nt2,Matti,Laine,Koulu,velho,\n'
    )
    problems = Problems()
    roster = read_staff(path, problems, today=TODAY)
    assert found(problems, "enum") == [("staff.csv", 4, "role")]
    assert [(row.school_key, row.role) for row in roster.membership()] == [
        ("Koulu", "teacher"),
        ("Toinen", "principal"),
    ]
    assert [row.role for row in roster.enrolment()] == ["teacher", "teacher"]
