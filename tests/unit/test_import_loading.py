"""Rosters into the database: what is added, changed, ended, held back and refused, and that nothing is left half-done."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.core import secrets
from digione.core.use_case import set_reach
from digione.integrations.csv_templates import read_people, read_staff
from digione.integrations.koodisto.reader import read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading.report import ImportRefusedError, Report
from digione.integrations.loading.services import import_roster, provider_by_oid
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.integrations.oneroster_csv.tables import OWN_SYSTEM
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations
from tests import cast
from tests.unit.test_import_readers import GOOD, TODAY

pytestmark = pytest.mark.django_db
USERS = "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,email,userIds\n"


def load(folder: Path, *, source: str = "test", **options: Any) -> Report:
    """Write the good set, with `files` changed, and load it for Kuusniemi."""
    files = options.pop("files", {})
    for name, text in {**GOOD, **{f"{name}.csv": text for name, text in files.items()}}.items():
        (folder / name).write_text(text)
    report = Report()
    roster = Reader(Set(folder, report.problems), TODAY).roster()
    return import_roster(
        cast.administrator, roster=roster, report=report, kind="oneroster", source=source, file_hash="x", **options
    )


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def number(table: str) -> int:
    return rows(f"SELECT count(*) FROM {table}")[0][0]


def many_users(count: int, **more: str) -> dict[str, str]:
    lines = "".join(f"u{n},true,s1,student,user{n},Aino,Lehto{n},,\n" for n in range(1, count + 1))
    return {"users": USERS + lines, **more}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = load(tmp_path)
    assert (first.status, first.added, first.refused) == ("done", 7, 0)
    events = number("core_outbox")
    history = number("people_person_history")
    second = load(tmp_path)
    assert (second.added, second.changed, second.unchanged, second.refused) == (0, 0, 7, 0)
    assert (number("core_outbox"), number("people_person_history")) == (events, history)
    [(title, school)] = rows(
        "SELECT title->>'fi', school_id FROM studies_group g JOIN core_sourcekey k ON k.target_id = g.id"
    )
    assert title == "3B"
    assert rows("SELECT count(*) FROM studies_enrolment WHERE school_id = %s", school) == [(1,)]


def test_a_changed_row_is_changed_and_announced(tmp_path: Path) -> None:
    load(tmp_path)
    changed = load(tmp_path, files={"users": USERS + "u1,true,s1,student,aino,Aino,Harju,a@example.fi,\n"})
    assert (changed.added, changed.changed) == (0, 1)
    assert rows("SELECT count(*) FROM people_person WHERE family_name = 'Harju'") == [(1,)]
    assert rows("SELECT count(*) FROM people_contact WHERE value = 'a@example.fi'") == [(1,)]
    assert rows(
        "SELECT data ->> 'changed' FROM core_outbox WHERE type = 'people.person_imported' ORDER BY position DESC LIMIT 1"
    ) == [("1",)]


BASE = "u1,true,s1,student,aino,Aino,Lehto,a@example.fi,{hetu:140314A9357}\n"
CLASSES = "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds,location\n"


#: A change of what is carried alone: the row counts as changed, and nobody is told, since nobody reads it.
CARRIED = "carried"


@pytest.mark.parametrize(
    ("file", "text", "event"),
    [
        ("users", USERS + BASE.replace("a@", "b@"), "people.person_imported"),
        ("users", USERS + BASE.replace("a@example.fi", ""), "people.person_imported"),
        ("users", USERS + BASE.replace(",aino,", ",aino2,"), "people.person_imported"),
        ("users", USERS + BASE.replace("140314A9357", "140314A9379"), "people.person_imported"),
        ("users", USERS + BASE.replace(",Aino,", ",Aina,"), "people.person_imported"),
        ("demographics", "sourcedId,birthDate,sex\nu1,2014-03-14,female\n", ""),
        ("users", USERS.replace("userIds", "userIds,agentSourcedIds") + BASE.replace("\n", ",nobody\n"), ""),
        ("users", USERS.replace("userIds", "userIds,grades") + BASE.replace("\n", ",3\n"), "people.membership_imported"),
        ("classes", f"{CLASSES}k1,3C,homeroom,c1,s1,y1,\n", "studies.group_imported"),
        ("classes", f"{CLASSES}k1,3B,homeroom,c1,s1,,\n", "studies.group_imported"),
        ("classes", f"{CLASSES}k1,3B,homeroom,,s1,y1,\n", "studies.group_imported"),
        ("classes", f"{CLASSES}k1,3B,homeroom,c1,s1,y1,somewhere\n", CARRIED),
        ("courses", "sourcedId,title\nc1,Matematiikka\n", "studies.course_imported"),
        ("enrollments", GOOD["enrollments.csv"].replace("role\n", "role,endDate\n").replace("student\n", "student,2027-05-31\n"), "studies.enrolment_imported"),
        ("enrollments", GOOD["enrollments.csv"].replace("role\n", "role,primary\n").replace("student\n", "student,true\n"), ""),
    ],
)  # fmt: skip
def test_a_row_is_changed_where_anything_that_is_kept_differs_and_only_there(
    tmp_path: Path, file: str, text: str, event: str
) -> None:
    load(tmp_path, files={"users": USERS + BASE})
    before = number("core_outbox")
    report = load(tmp_path, files={"users": USERS + BASE, file: text})
    assert (report.status, report.changed) == ("done", 1 if event else 0)
    event = "" if event == CARRIED else event
    assert number("core_outbox") - before == (1 if event else 0)
    assert rows("SELECT type FROM core_outbox WHERE data ->> 'changed' <> '0'") == ([(event,)] if event else [])
    again = load(tmp_path, files={"users": USERS + BASE, file: text})
    assert (again.added, again.changed) == (0, 0)


@pytest.mark.parametrize("options", [{"dry_run": True}, {"files": {"users": USERS + "u2,true,s9,student,x,A,B,,\n"}}])
def test_a_rehearsal_and_a_refused_run_leave_only_their_trace(tmp_path: Path, options: dict[str, Any]) -> None:
    before = [number(table) for table in ("people_person", "core_sourcekey", "core_outbox", "studies_group")]
    report = load(tmp_path, **options)
    assert report.status in {"dry_run", "refused"}
    # A rehearsal tells what would be done; of what was refused, nothing was.
    assert (report.added > 0) == (report.status == "dry_run")
    assert report.added + report.would.get("added", 0) == sum(kind.get("added", 0) for kind in report.kinds.values())
    [(added, would)] = rows("SELECT (counts ->> 'added')::int, counts ->> 'would' FROM core_importrun")
    assert (added, json.loads(would)) == (report.added, report.would)
    assert [number(table) for table in ("people_person", "core_sourcekey", "core_outbox", "studies_group")] == before
    assert rows("SELECT status FROM core_importrun ORDER BY started_at DESC LIMIT 1") == [(report.status,)]


def test_partial_takes_the_good_rows(tmp_path: Path) -> None:
    users = USERS + "u1,true,s1,student,aino,Aino,Lehto,,\nu2,true,s9,student,x,Eeli,Harju,,\n"
    report = load(tmp_path, partial=True, files={"users": users})
    assert (report.status, report.refused) == ("done", 1)
    assert rows("SELECT count(*) FROM core_sourcekey WHERE kind = 'person'") == [(1,)]


def test_more_than_five_per_cent_does_not_end_unless_told(tmp_path: Path) -> None:
    none = {"enrollments": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n"}
    load(tmp_path, files=many_users(10, **none))
    refused = load(tmp_path, files=many_users(9, **none))
    assert refused.status == "refused"
    assert "too-many-removals" in {one.code for one in refused.problems.found}
    live = "SELECT count(*) FROM people_providerperson l JOIN core_sourcekey k ON k.target_id = l.person_id AND k.kind = 'person' WHERE l.valid_to IS NULL"
    assert rows(live) == [(10,)]
    accepted = load(tmp_path, files=many_users(9, **none), accept_removals=True)
    assert (accepted.status, accepted.ended) == ("done", 2)
    assert rows(live) == [(9,)]
    back = load(tmp_path, files=many_users(10, **none))
    assert (back.changed, back.added) == (2, 0)
    assert rows(live) == [(10,)]


@pytest.mark.parametrize("text", [USERS, ""], ids=["header", "nothing"])
@pytest.mark.parametrize("partial", [True, False])
def test_users_without_rows_end_nobody(tmp_path: Path, text: str, partial: bool) -> None:
    none = {"enrollments": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n"}
    load(tmp_path, files=many_users(10, **none))
    live = "SELECT count(*) FROM people_providerperson l JOIN core_sourcekey k ON k.target_id = l.person_id AND k.kind = 'person' WHERE l.valid_to IS NULL"
    report = load(tmp_path, files={"users": text, **none}, partial=partial)
    codes = {one.code for one in report.problems.found if one.severity == "error"}
    assert codes == ({"too-many-removals"} if text else {"empty-file"})
    assert (report.status, report.ended) == ("done" if partial and not text else "refused", 0)
    assert rows(live) == [(10,)]


def test_a_set_without_rows_is_remarked_where_nobody_is(tmp_path: Path) -> None:
    heads = {name.removesuffix(".csv"): text.splitlines(keepends=True)[0] for name, text in GOOD.items()}
    report = load(tmp_path, files={**heads, "manifest": GOOD["manifest.csv"]})
    assert (report.status, report.added, report.refused) == ("done", 0, 0)
    assert {(one.file, one.code, str(one.severity)) for one in report.problems.found} == {
        (f"{name}.csv", "no-rows", "warning") for name in heads if name != "manifest"
    }


@pytest.mark.parametrize(
    ("file", "text", "field"),
    [
        ("users", f"u2,true,s1,student,b,{'E' * 1001},Lehto\n", "givenName"),
        ("users", f"{'u' * 1001},true,s1,student,b,Eeli,Lehto\n", "sourcedId"),
        ("classes", f"k2,{'3' * 1001},homeroom,c1,s1,y1\n", "title"),
        ("enrollments", f"{'e' * 1001},k1,s1,u1,student\n", "sourcedId"),
    ],
)
def test_a_text_that_no_index_holds_refuses_its_row_alone(tmp_path: Path, file: str, text: str, field: str) -> None:
    report = load(tmp_path, files={file: GOOD[f"{file}.csv"] + text}, partial=True)
    faults = [one for one in report.problems.found if one.severity == "error"]
    assert [(one.file, one.line, one.field, one.code) for one in faults] == [(f"{file}.csv", 3, field, "too-long")]
    assert (report.status, report.added) == ("done", 7)


def test_the_same_child_from_two_sources_without_a_hetu_is_two_persons_and_a_case(tmp_path: Path) -> None:
    demographics = {"demographics": "sourcedId,birthDate\nu1,2015-03-01\n"}
    load(tmp_path, files=demographics)
    second = load(tmp_path, source="other", files=demographics)
    assert "possible-duplicate" in {one.code for one in second.problems.found}
    assert rows("SELECT count(*) FROM people_person WHERE family_name = 'Lehto'") == [(2,)]
    assert rows("SELECT status, reason FROM people_duplicatecase") == [("open", "same_name_and_birth_date")]


def test_the_same_hetu_is_one_person_whose_other_data_is_held_back(tmp_path: Path) -> None:
    load(tmp_path, files={"users": USERS + "u1,true,s1,student,aino,Aino,Lehto,,{hetu:140314A9357}\n"})
    second = load(
        tmp_path, source="other", files={"users": USERS + "x1,true,s1,student,aino2,Aino Maria,Lehto,,{hetu:140314A9357}\n",
        "enrollments": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n"},
    )  # fmt: skip
    assert (second.held_back, second.refused) == (1, 0)
    assert [(one.file, one.line, one.field) for one in second.problems.found if one.code == "held-back"] == [
        ("users.csv", 2, "givenName")
    ]
    assert rows("SELECT first_names FROM people_person WHERE family_name = 'Lehto'") == [("Aino",)]
    [(value, digest)] = rows(
        "SELECT value_enc, digest FROM people_identifier WHERE kind = 'hetu' AND digest = %s",
        secrets.digest("140314A9357"),
    )
    assert secrets.decrypt(bytes(value)) == "140314A9357"
    assert bytes(digest) == secrets.digest("140314A9357")


def test_a_hetu_under_another_name_is_refused_without_saying_whose_it_is(tmp_path: Path) -> None:
    users = USERS + f"u1,true,s1,student,aino,Viljami,Tuntematon,,{{hetu:{cast.PUPIL_HETU}}}\n"
    report = load(tmp_path, files={"users": users})
    assert report.status == "refused"
    [fault] = [one for one in report.problems.found if one.code == "identifier-other-person"]
    assert (fault.line, fault.field) == (2, "userIds")
    assert "Lehtovaara" not in fault.message


def test_an_identifier_that_stands_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    users = USERS + "".join(f"u{n},true,s1,student,a{n},Aino,Lehto,,{{hetu:140314A9357}}\n" for n in (1, 2))
    report = load(tmp_path, files={"users": users})
    assert report.status == "refused"
    assert [(one.line, one.field) for one in report.problems.found if one.code == "duplicate-identifier"] == [
        (3, "userIds")
    ]


def test_a_new_row_with_the_identity_code_of_an_unchanged_one_is_refused(tmp_path: Path) -> None:
    first = "u1,true,s1,student,a1,Aino,Lehto,,{hetu:140314A9357}\n"
    load(tmp_path, files={"users": USERS + first})
    before = number("people_person")
    report = load(tmp_path, files={"users": USERS + first + "u2,true,s1,student,a2,Aino,Lehto,,{hetu:140314A9357}\n"})
    first_fault = report.problems.found[0]
    assert (first_fault.line, first_fault.code) == (3, "duplicate-identifier")
    assert (report.status, number("people_person")) == ("refused", before)


def test_a_username_that_goes_to_another_person_is_not_taken_from_the_first(tmp_path: Path) -> None:
    load(tmp_path, files=many_users(2))
    swapped = USERS + "u1,true,s1,student,user2,Aino,Lehto1,,\nu2,true,s1,student,user2b,Aino,Lehto2,,\n"
    assert load(tmp_path, files={"users": swapped}).status == "done"
    held = rows(
        "SELECT k.key FROM people_identifier i JOIN core_sourcekey k ON k.target_id = i.person_id AND k.kind = 'person'"
        " WHERE i.kind = 'username' AND i.digest = %s",
        secrets.digest("user2"),
    )
    assert held == [("u2",)]


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE people_person; --", "<script>alert(1)</script>", 'a\\N "x"\t{a}', "\\."]
)
def test_whatever_stands_in_a_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    load(tmp_path, files={"users": USERS + f'u1,true,s1,student,a,"{quoted}",Lehto,,\n'})
    assert rows("SELECT given_name FROM people_person WHERE family_name = 'Lehto'") == [(name,)]


def test_guardians_in_the_childs_row_and_the_loads_bases(tmp_path: Path) -> None:
    users = (
        "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,agentSourcedIds\n"
        "u1,true,s1,student,a,Aino,Lehto,g1\ng1,true,s1,guardian,g,Katri,Lehto,u1\n"
    )
    load(tmp_path, files={"users": users})
    assert rows("SELECT g.kind FROM people_guardianship g JOIN core_sourcekey k ON k.target_id = g.id") == [
        ("custodian",)
    ]
    bases = rows(
        "SELECT l.basis FROM people_providerperson l JOIN core_sourcekey k ON k.target_id = l.person_id"
        " WHERE k.kind = 'person' ORDER BY k.key"
    )
    assert bases == [("guardian",), ("learner",)]


def test_learners_and_staff_of_two_files_meet_in_one_group_which_outlives_one_of_them(tmp_path: Path) -> None:
    def take(name: str, text: str) -> Report:
        (tmp_path / name).write_text(text)
        report = Report()
        read = read_people if name == "people" else read_staff
        roster = read(tmp_path / name, report.problems, today=TODAY)
        return import_roster(
            cast.administrator,
            roster=roster,
            report=report,
            kind=name,
            source=name,
            file_hash="x",
            accept_removals=True,
        )

    head = "own id,first names,family name,school,"
    take("people", f"{head}group\np1,Aino,Lehto,Rantapuiston koulu,9X\n")
    take("staff", f"{head}role,groups\nt1,Pirjo,Laine,Rantapuiston koulu,teacher,9X\n")
    groups = "SELECT count(*), bool_and(valid_to IS NULL) FROM studies_group WHERE code = '9X'"
    assert rows(groups) == [(1, True)]
    members = "SELECT role FROM studies_enrolment e JOIN studies_group g ON g.id = e.group_id WHERE g.code = '9X' AND e.valid_to IS NULL ORDER BY 1"
    assert rows(members) == [("student",), ("teacher",)]
    take("staff", f"{head}role,groups\nt1,Pirjo,Laine,Rantapuiston koulu,teacher,\n")
    assert rows(groups) == [(1, True)]
    assert rows(members) == [("student",)]


@pytest.mark.parametrize(("kind", "columns"), [("people", ["", ""]), ("staff", [",role", ",teacher"])])
def test_a_template_makes_no_school(tmp_path: Path, kind: str, columns: list[str]) -> None:
    path = tmp_path / f"{kind}.csv"
    head, rest = columns
    path.write_text(
        f"own id,first names,family name,school{head}\n"
        f"1,Aino,Lehto,Rantapuiston kolu{rest}\n2,Eeli,Lehto,{cast.KUUSNIEMI_OID}{rest}\n3,Oona,Lehto,Rantapuiston koulu{rest}\n"
        f"4,Leo,Lehto,1.2.246.562.199.10000000037{rest}\n5,Ida,Lehto,Rantapuiston kolu{rest}\n"
    )

    def take(partial: bool) -> Report:
        report = Report()
        read = read_people if kind == "people" else read_staff
        roster = read(path, report.problems, today=TODAY)
        return import_roster(
            cast.administrator, roster=roster, report=report, kind=kind, source=kind, file_hash="x", partial=partial
        )

    before = number("organisations_organisation"), number("people_person")
    refused = take(partial=False)
    assert (refused.status, refused.refused) == ("refused", 2)
    assert [(one.line, one.field, one.code) for one in refused.problems.found] == [
        (2, "school", "unknown-school"),
        (6, "school", "unknown-school"),
    ]
    assert "five-digit school code" in refused.problems.found[0].message
    assert (number("organisations_organisation"), number("people_person")) == before
    take(partial=True)
    assert rows("SELECT given_name FROM people_person WHERE family_name = 'Lehto' ORDER BY 1") == [
        ("Eeli",),
        ("Leo",),
        ("Oona",),
    ]
    assert number("organisations_organisation") == before[0]


def test_only_who_may_imports(tmp_path: Path) -> None:
    from digione.core.errors import DeniedError

    report = Report()
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text)
    roster = Reader(Set(tmp_path, report.problems), TODAY).roster()
    before = number("people_person")
    with pytest.raises(DeniedError):
        import_roster(cast.teacher, roster=roster, report=report, kind="oneroster", source="t", file_hash="x")
    assert number("people_person") == before
    with pytest.raises(ImportRefusedError, match="no organisation"):
        provider_by_oid(cast.platform, oid="1.2.246.562.10.00000000000")


def test_the_register_is_loaded_once_and_then_unchanged(shared_data: Path) -> None:
    report = Report()
    path = shared_data / "organisaatio/hierarkia-koko-maa.json"
    organisations = read_organisations(path, report.problems)
    import_organisations(cast.platform, rows=organisations, report=report, file=path.name, file_hash="x")
    assert (report.added, report.refused) == (6405, 0)
    again = Report()
    import_organisations(cast.platform, rows=organisations, report=again, file=path.name, file_hash="x")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 6405)
    wrong = rows(
        "SELECT count(*) FROM organisations_organisation o JOIN unnest(%s::text[], %s::text[]) AS f (oid, parent)"
        " ON f.oid = o.oid LEFT JOIN organisations_organisation p ON p.id = o.parent_id WHERE p.oid IS DISTINCT FROM f.parent",
        [row.oid for row in organisations],
        [row.parent_oid for row in organisations],
    )
    assert wrong == [(0,)]
    half = Report()
    import_organisations(cast.platform, rows=organisations[:3000], report=half, file=path.name, file_hash="x")
    assert half.status == "refused"


def test_codes_are_loaded_once_and_then_unchanged(shared_data: Path) -> None:
    report = Report()
    found = read_codes([shared_data / "koodisto"], report.problems)
    import_codes(cast.platform, rows=found, report=report, file_hash="x")
    assert report.added == 5416
    found[0].name = {"fi": "Toinen"}
    again = Report()
    import_codes(cast.platform, rows=found, report=again, file_hash="x")
    assert (again.added, again.changed, again.unchanged) == (0, 1, 5415)


@pytest.mark.parametrize("system", ["test", OWN_SYSTEM])
def test_another_providers_ids_in_a_set_reach_nothing_of_it(tmp_path: Path, system: str) -> None:
    """Its school by our id and by its OID, its pupil, its group: for this provider they are names like any others."""
    school, pupil = str(cast.YHTENAISKOULU), str(cast.VALKAMO_PUPIL)

    def theirs() -> list[list[tuple[Any, ...]]]:
        set_reach(cast.outsider)
        found = []
        for table in ("people_providerperson", "studies_schoolenrolment", "studies_enrolment", "studies_group"):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT to_jsonb(t)::text FROM {table} t WHERE provider_id = %s ORDER BY id", [cast.VALKAMO]
                )
                found.append(cursor.fetchall())
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_jsonb(o)::text FROM organisations_organisation o WHERE id = %s", [school])
            found.append(cursor.fetchall())
            cursor.execute("SELECT to_jsonb(p)::text FROM people_person p WHERE id = %s", [pupil])
            found.append(cursor.fetchall())
        assert all(found)
        return found

    before = theirs()
    report = load(
        tmp_path,
        source="oneroster",
        files={
            "manifest": f"propertyName,value\noneroster.version,1.1\nsource.systemCode,{system}\n",
            "orgs": f"sourcedId,name,type,identifier\n{school},Koulu,school,1.2.246.562.199.10000000045\n",
            "courses": f"sourcedId,title,orgSourcedId\nc1,Matematiikka,{school}\n",
            "classes": "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
            f"k1,3B,homeroom,c1,{school},y1\n",
            "users": f"sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName\n"
            f"{pupil},true,{school},student,otso,Otso,Lehtovaara\n",
            "enrollments": f"sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,k1,{school},{pupil},student\n",
        },
    )
    assert "school-not-in-register" in {one.code for one in report.problems.found}
    assert (report.status, report.refused) == ("done", 0)
    [(own,)] = rows("SELECT id FROM people_person WHERE family_name = 'Lehtovaara' AND given_name = 'Otso'")
    assert str(own) != pupil
    assert rows("SELECT provider_id FROM organisations_organisation WHERE name->>'fi' = 'Koulu'") == [(cast.KUUSNIEMI,)]
    assert theirs() == before
