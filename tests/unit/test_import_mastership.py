"""Several sources about one row that is no person: its master's word holds, the others' is held back and told."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.integrations.csv_templates import read_staff
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from tests import cast
from tests.unit.test_import_people import oneroster, rows
from tests.unit.test_import_people import template as learners
from tests.unit.test_import_readers import GOOD, TODAY

pytestmark = pytest.mark.django_db
NINE = "SELECT title ->> 'fi', grades, valid_to IS NULL FROM studies_group WHERE code = '9X' ORDER BY id"
USER = "u1,true,s1,student,aino,Aino,Lehto,"


def table(folder: Path, *rows: str, columns: str = ";group", source: str = "people") -> Report:
    return learners(folder, columns, *rows, source=source)


def pupil(folder: Path, *, group: str = "9X", grade: str = "") -> Report:
    """The learners' table: it brings the group 9X, and may tell its grade."""
    return table(folder, f"1;;Eeli;Harju;{group};{grade}", columns=";group;grade")


def classes(folder: Path, title: str, *, source: str = "other", **files: str) -> Report:
    """A OneRoster set that knows the same group under a name of its own."""
    return oneroster(
        folder,
        USER,
        source=source,
        orgs="sourcedId,name,type\ns1,Rantapuiston koulu,school\n",
        classes="sourcedId,title,classCode,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
        f"k1,{title},9X,homeroom,c1,s1,y1\n",
        **files,
    )


def told(report: Report) -> list[tuple[str, int, str]]:
    return [(one.file, one.line, one.field) for one in report.problems.found if one.code == "held-back"]


def test_the_masters_name_of_a_group_stays_and_the_other_is_held_back_once(tmp_path: Path) -> None:
    pupil(tmp_path)
    first = classes(tmp_path, "Yhdeksän X")
    assert (first.status, first.held_back, told(first)) == ("done", 1, [("classes.csv", 2, "title")])
    assert [line["why"] for line in first.reconciliation] == ["held_back"]
    # The school and the group stood here already: added from this source, and told apart from what is new.
    kinds = {
        kind: (numbers["added"], numbers["linked"]) for kind, numbers in first.kinds.items() if numbers.get("added")
    }
    assert (kinds["school"], kinds["group"], kinds["person"], first.linked) == ((1, 1), (1, 1), (1, 0), 2)
    same = classes(tmp_path, "Yhdeksän X")
    assert same.linked == 0
    assert (same.added, same.changed, same.held_back, same.unchanged) == (0, 0, 0, 7)
    changed = classes(tmp_path, "Ysi X")
    assert (changed.added, changed.changed, changed.held_back, changed.unchanged) == (0, 0, 1, 6)
    assert rows(NINE) == [("9X", [], True)]
    agreed = classes(tmp_path, "9X")
    assert (agreed.changed, agreed.held_back, agreed.unchanged) == (0, 0, 7)


def test_what_the_master_changes_later_goes_through(tmp_path: Path) -> None:
    classes(tmp_path, "Yhdeksän X", source="first")
    second = classes(tmp_path, "Ysi X", source="second")
    assert ("classes.csv", 2, "title") in told(second)
    assert classes(tmp_path, "Luokka 9X", source="first").changed == 1
    assert rows(NINE) == [("Luokka 9X", [], True)]
    assert classes(tmp_path, "Ysi X", source="second").held_back == 0
    assert rows(NINE) == [("Luokka 9X", [], True)]


def test_a_source_that_does_not_tell_does_not_differ(tmp_path: Path) -> None:
    pupil(tmp_path, grade="9")
    report = staff(tmp_path, "9X")
    assert (report.status, report.held_back, told(report)) == ("done", 0, [])
    # The one that does not master the group brings no grades; the master's are kept, and change.
    assert rows(NINE) == [("9X", ["9"], True)]
    pupil(tmp_path, grade="8")
    assert rows(NINE) == [("9X", ["8"], True)]


def staff(folder: Path, *groups: str) -> Report:
    """The staff's table, which knows groups by their codes alone."""
    path = folder / "staff.csv"
    head = "own id,first names,family name,school,role,groups\n"
    path.write_text(
        head + "".join(f"t{n},Pirjo,Laine,Rantapuiston koulu,teacher,{one}\n" for n, one in enumerate(groups))
    )
    report = Report()
    import_roster(
        cast.administrator, roster=read_staff(path, report.problems, today=TODAY), report=report, kind="staff",
        source="staff", file_hash=" ".join(groups),
    )  # fmt: skip
    return report


def test_a_group_that_came_by_its_code_alone_passes_to_the_source_that_tells_its_grade(tmp_path: Path) -> None:
    assert staff(tmp_path, "9X").status == "done"
    first = pupil(tmp_path, grade="9")
    assert (first.status, first.held_back, told(first)) == ("done", 0, [])
    assert rows(NINE) == [("9X", ["9"], True)]
    again = pupil(tmp_path, grade="9")
    assert (again.added, again.changed, again.held_back) == (0, 0, 0)
    # Now the learners' table masters it, and the staff's neither empties it nor hinders its next word.
    more = staff(tmp_path, "9X", "9X")
    assert (more.status, more.held_back, told(more)) == ("done", 0, [])
    pupil(tmp_path, grade="8")
    assert rows(NINE) == [("9X", ["8"], True)]
    assert rows("SELECT source, masters FROM core_sourcekey WHERE kind = 'group' ORDER BY source") == [
        ("people", True),
        ("staff", False),
    ]


def test_a_group_of_which_its_master_tells_a_name_does_not_pass_by_a_grade(tmp_path: Path) -> None:
    classes(tmp_path, "Yhdeksän X")
    assert told(pupil(tmp_path, grade="9")) == [("people.csv", 2, "grade")]
    assert rows(NINE) == [("Yhdeksän X", [], True)]


def test_mastership_passes_on_when_the_master_drops_the_row(tmp_path: Path) -> None:
    pupil(tmp_path)
    classes(tmp_path, "Yhdeksän X")
    pupil(tmp_path, group="8A")
    assert rows(NINE) == [("9X", [], True)], "the other source has it still"
    heir = classes(tmp_path, "Yhdeksän X")
    assert (heir.changed, heir.held_back) == (1, 0)
    assert rows(NINE) == [("Yhdeksän X", [], True)]
    # Who comes back is held back now.
    back = pupil(tmp_path, grade="9")
    assert told(back) == [("people.csv", 2, "grade")]
    assert rows(NINE)[0][0] == "Yhdeksän X"
    masters = (
        "SELECT source FROM core_sourcekey k JOIN studies_group g ON g.id = k.target_id WHERE g.code = '9X' AND masters"
    )
    assert rows(masters) == [("other",)]


MEMBER = (
    "SELECT e.valid_to IS NULL FROM studies_enrolment e JOIN studies_group g ON g.id = e.group_id WHERE g.code = '9X'"
)
HETU = "140314A9357"


def _both(folder: Path, *, ours: str = "9X", theirs: bool = True) -> tuple[Callable[[], Report], Callable[[], Report]]:
    enrolment = "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n" + (
        "e1,k1,s1,u1,student\n" if theirs else ""
    )
    return (
        lambda: table(folder, f"1;{HETU};Aino;Lehto;{ours}"),
        lambda: oneroster(
            folder, f"{USER}{{hetu:{HETU}}}", enrollments=enrolment,
            orgs="sourcedId,name,type\ns1,Rantapuiston koulu,school\n",
            classes="sourcedId,title,classCode,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
            "k1,9X,9X,homeroom,c1,s1,y1\n",
        ),
    )  # fmt: skip


def test_who_brings_back_what_nobody_had_any_more_masters_it(tmp_path: Path) -> None:
    ours, theirs = _both(tmp_path)
    without, empty = _both(tmp_path, ours="", theirs=False)
    ours()
    empty()
    without()
    assert rows(MEMBER) == [(False,)]
    theirs()
    assert rows(MEMBER) == [(True,)]
    empty()
    assert rows(MEMBER) == [(False,)]
    ours()
    assert rows(MEMBER) == [(True,)], "the first one is a master again"


def test_a_source_that_gives_its_rows_new_ids_masters_them_still(tmp_path: Path) -> None:
    head = "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,endDate\n"

    def load(key: str, end: str) -> Report:
        return classes(tmp_path, "9X", enrollments=f"{head}{key},k1,s1,u1,student,{end}\n")

    load("e1", "2027-05-01")
    renamed = load("e2", "2027-05-31")
    assert (renamed.held_back, renamed.ended) == (0, 0)
    assert (
        rows("SELECT valid_to::text FROM studies_enrolment e JOIN core_sourcekey k ON k.target_id = e.id")
        == [("2027-05-31",)] * 2
    )
    assert load("e2", "2027-05-30").changed == 1
    assert rows("SELECT key FROM core_sourcekey WHERE kind = 'enrolment' AND masters") == [("e2",)]


CHANGED: dict[str, tuple[str, str, str]] = {
    "school": ("orgs", "sourcedId,name,type\ns1,Toinen koulu,school\n", "name"),
    "session": (
        "academicSessions",
        "sourcedId,title,type,startDate,endDate\ny1,Vuosi,schoolYear,2026-08-01,2027-06-30\n",
        "title, endDate",
    ),
    "course": ("courses", "sourcedId,title,courseCode,orgSourcedId,grades\nc1,Laskento,L1,s1,3\n", "title, courseCode, grades"),
    "group": (
        "classes",
        "sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds,subjects\nk1,3C,scheduled,c1,s1,y1,MA\n",
        "title, classType, subjects",
    ),
    "membership": (
        "users",
        "sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,grades\n"
        "u1,true,s1,student,aino,Aino,Lehto,3\n",
        "grades",
    ),
    "enrolment": (
        "enrollments",
        "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,beginDate,endDate\n"
        "e1,k1,s1,u1,student,2026-08-10,2027-05-31\n",
        "beginDate, endDate",
    ),
}  # fmt: skip
TABLES = (
    "organisations_organisation", "organisations_academicsession", "studies_course", "studies_group",
    "studies_groupsession", "studies_schoolenrolment", "people_staffassignment", "studies_enrolment",
)  # fmt: skip


def _load(folder: Path, files: dict[str, str]) -> Report:
    for name, text in {**GOOD, **files}.items():
        (folder / name).write_text(text)
    report = Report()
    roster = Reader(Set(folder, report.problems), TODAY).roster()
    return import_roster(cast.administrator, roster=roster, report=report, kind="oneroster", source="t", file_hash="x")


def _standing() -> list[Any]:
    return [
        rows(f"SELECT to_jsonb(t) FROM {name} t WHERE provider_id = %s ORDER BY id", cast.KUUSNIEMI) for name in TABLES
    ]


@pytest.mark.parametrize("kind", CHANGED)
def test_of_every_kind_a_row_that_another_masters_is_told_by_field_and_not_written(tmp_path: Path, kind: str) -> None:
    _load(tmp_path, {})
    before = _standing()
    name, text, fields = CHANGED[kind]
    rows("UPDATE core_sourcekey SET masters = false WHERE kind = %s RETURNING 1", kind)
    report = _load(tmp_path, {f"{name}.csv": text})
    assert told(report) == [(f"{name}.csv", 2, fields)]
    assert report.kinds[kind]["held_back"] == 1
    assert report.kinds[kind]["changed"] == 0
    assert _standing() == before
    again = _load(tmp_path, {f"{name}.csv": text})
    assert (again.changed, again.held_back, told(again)) == (0, 0, [])
    # The same words from the master are taken.
    rows("UPDATE core_sourcekey SET masters = true, row_hash = '' WHERE kind = %s RETURNING 1", kind)
    assert _load(tmp_path, {f"{name}.csv": text}).kinds[kind]["changed"] == 1
    assert _standing() != before


def test_a_post_that_another_source_masters_keeps_its_end(tmp_path: Path) -> None:
    head = "own id;first names;family name;school;role;starts;ends\n"
    ends = (
        "SELECT a.valid_to::text FROM people_staffassignment a JOIN people_person p ON p.id = a.person_id"
        " WHERE p.family_name = 'Laine' AND a.valid_from = '2026-08-15'"
    )

    def staff(source: str, key: str, end: str) -> Report:
        path = tmp_path / "staff.csv"
        path.write_text(f"{head}{key};Pirjo;Laine;Rantapuiston koulu;teacher;15.8.2026;{end}\n")
        report = Report()
        return import_roster(
            cast.administrator, roster=read_staff(path, report.problems, today=TODAY), report=report, kind="staff",
            source=source, file_hash="x", accept_removals=True,
        )  # fmt: skip

    staff("a", "t1", "31.7.2027")
    rows("UPDATE core_sourcekey SET masters = false WHERE kind = 'membership' RETURNING 1")
    held = staff("a", "t1", "31.5.2027")
    assert told(held) == [("staff.csv", 2, "ends")]
    assert rows(ends) == [("2027-07-31",)]


GUARDIAN = ";guardian 1 identity code;guardian 1 first names;guardian 1 family name;guardian 1 limits"
PARENT = "140380-9358"


def test_a_limit_that_another_source_knows_is_added_at_once_and_never_lifted(tmp_path: Path) -> None:
    held = (
        "SELECT g.limits FROM people_guardianship g JOIN people_person c ON c.id = g.child_id"
        " WHERE c.family_name = 'Lehto' AND c.given_name = 'Aino'"
    )

    def load(source: str, limits: str) -> Report:
        return learners(tmp_path, GUARDIAN, f"1;{HETU};Aino;Lehto;{PARENT};Katri;Lehto;{limits}", source=source)

    assert load("a", "").refused == 0
    assert load("b", "no information").held_back == 0
    assert rows(held) == [(["no_information"],)]
    lifted = load("b", "")
    assert told(lifted) == [("people.csv", 2, "guardian 1 limits")]
    assert rows(held) == [(["no_information"],)]
    more = load("b", "no decisions")
    assert (more.kinds["guardian"]["changed"], told(more)) == (1, [("people.csv", 2, "guardian 1 limits")])
    assert rows(held) == [(["no_decisions", "no_information"],)]


def test_until_when_somebody_belongs_to_the_provider_is_the_masters_to_say(tmp_path: Path) -> None:
    link = (
        "SELECT l.valid_to::text FROM people_providerperson l JOIN people_person p ON p.id = l.person_id"
        " WHERE p.family_name = 'Lehto' AND p.given_name = 'Aino'"
    )

    def load(source: str, end: str) -> None:
        report = learners(tmp_path, ";starts;ends", f"1;{HETU};Aino;Lehto;10.8.2026;{end}", source=source)
        assert report.status == "done"

    load("a", "31.7.2027")
    for _turn in range(2):
        load("b", "31.5.2027")
        assert rows(link) == [("2027-07-31",)]
    load("a", "30.6.2027")
    assert rows(link) == [("2027-06-30",)]


NAMES = "SELECT first_names FROM people_person WHERE family_name = 'Lehto' ORDER BY 1"


@pytest.mark.parametrize("meets", [True, False], ids=["heir", "finder"])
def test_mastership_of_a_person_passes_on_as_well(tmp_path: Path, meets: bool) -> None:
    def load(source: str, *people: str) -> Report:
        return table(tmp_path, *people, columns="", source=source)

    load("a", f"1;{HETU};Aino;Lehto")
    if meets:
        assert load("b", f"2;{HETU};Aino Maria;Lehto").held_back == 1
    load("a", "9;;Eeli;Harju")
    assert rows(NAMES) == [("Aino",)]
    assert load("b", f"2;{HETU};Aino Maria;Lehto").held_back == 0
    assert rows(NAMES) == [("Aino Maria",)]
    assert load("a", "9;;Eeli;Harju", f"1;{HETU};Aino;Lehto").held_back == 1
    assert rows(NAMES) == [("Aino Maria",)]


def test_rows_of_before_keys_said_who_masters_get_a_master(tmp_path: Path) -> None:
    _load(tmp_path, {})
    table(
        tmp_path, f"1;{HETU};Eeli;Harju;9X;Katri;Harju", columns=";group;guardian 1 first names;guardian 1 family name"
    )
    before = rows("SELECT source, kind, key, masters FROM core_sourcekey ORDER BY 1, 2, 3")
    rows("UPDATE core_sourcekey SET masters = false WHERE kind <> 'person' RETURNING 1")
    with connection.cursor() as cursor:
        cursor.execute(import_module("digione.studies.migrations.0070_masters_rows").SQL)
    assert rows("SELECT source, kind, key, masters FROM core_sourcekey ORDER BY 1, 2, 3") == before
    assert {kind for _, kind, _, masters in before if masters} == {*CHANGED, "guardian", "person"}
    assert ("people", "school", "Rantapuiston koulu", False) in before


def test_a_load_of_one_source_asks_nothing_about_others(tmp_path: Path) -> None:
    asked: list[str] = []

    def listen(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        _load(tmp_path, {})
        first = len(asked)
        _load(tmp_path, {})
        _load(tmp_path, {"courses.csv": "sourcedId,title,orgSourcedId\nc1,Laskento,s1\n"})
    assert first > 50
    assert [
        sql for sql in asked if "left_over" in sql or "WITH seen" in sql or "'staff' AS basis FROM core" in sql
    ] == []


YEAR = "sourcedId,title,type,startDate,endDate,schoolYear\n{key},{title},{kind},2026-08-01,{end},2027\n"
COURSE = "sourcedId,title,courseCode,orgSourcedId,schoolYearSourcedId\n{key},Matematiikka,{code},{school},{year}\n"
APART = [("academicSessions.csv", 2, "kept-apart.session"), ("courses.csv", 2, "kept-apart.course")]


def taught(folder: Path, source: str, **other: str) -> Report:
    """A set with one session and one course; `other`: what of them differs, and under which ids they stand."""
    told = {
        "key": "y1", "title": "Lukuvuosi", "kind": "schoolYear", "end": "2027-07-31",
        "course": "c1", "code": "MA1", "school": "s1",
    } | other  # fmt: skip
    place = {name: told[name] for name in ("code", "school")}
    return oneroster(
        folder,
        USER,
        source=source,
        orgs="sourcedId,name,type\ns1,Rantapuiston koulu,school\nd1,Kuusniemi,district\n",
        academicSessions=YEAR.format(**{name: told[name] for name in ("key", "title", "kind", "end")}),
        courses=COURSE.format(key=told["course"], year=told["key"], **place),
        classes="sourcedId,title,classType,courseSourcedId,schoolSourcedId,termSourcedIds\n"
        f"k1,3B,homeroom,{told['course']},s1,{told['key']}\n",
    )


def apart(report: Report) -> list[tuple[str, int, str]]:
    return [(one.file, one.line, one.text) for one in report.problems.found if one.code == "kept-apart"]


def test_courses_and_sessions_of_two_sources_stay_apart_and_how_to_link_them_is_told(tmp_path: Path) -> None:
    assert apart(taught(tmp_path, "one")) == []
    second = taught(tmp_path, "other", key="v1", title="2026–2027", course="m1")
    assert (second.status, apart(second)) == ("done", APART)
    keys = "SELECT target_id::text FROM core_sourcekey WHERE source = 'one' AND kind = %s"
    [(session,)], [(course,)] = rows(keys, "session"), rows(keys, "course")
    said = [one.message for one in second.problems.found if one.code == "kept-apart"]
    assert [ident in text for ident, text in zip((session, course), said, strict=True)] == [True, True]
    courses = "SELECT count(*) FROM studies_course WHERE code = 'MA1' AND status = 'active'"
    assert rows(courses) == [(2,)], "nothing is linked by a guess"
    assert apart(taught(tmp_path, "other", key="v1", title="2026–2027", course="m1")) == [], "it is told once"
    # Called by our ids they are the other source's, who masters them; what this one had of its own ends.
    linked = taught(tmp_path, "other", key=session, title="2026–2027", course=course)
    assert (linked.status, linked.kinds["session"]["linked"], linked.kinds["course"]["linked"]) == ("done", 1, 1)
    assert (apart(linked), rows(courses)) == ([], [(1,)])
    assert rows("SELECT title ->> 'fi' FROM organisations_academicsession WHERE id = %s::uuid", session) == [
        ("Lukuvuosi",)
    ]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"code": "MA2"}, APART[:1]),
        ({"school": "d1"}, APART[:1]),
        ({"code": ""}, APART[:1]),
        ({"kind": "term"}, APART[1:]),
        ({"end": "2027-06-05"}, []),
    ],
)
def test_what_differs_in_what_tells_them_is_not_called_the_same(
    tmp_path: Path, other: dict[str, str], same: list[tuple[str, int, str]]
) -> None:
    """A course of another year is another course, so with other days neither is told."""
    taught(tmp_path, "one")
    assert apart(taught(tmp_path, "other", key="v1", course="m1", **other)) == same


def test_another_provider_s_course_cannot_be_linked_by_its_id(tmp_path: Path) -> None:
    """The id of somebody else's row is a key like any other."""
    taught(tmp_path, "one")
    report = taught(tmp_path, "other", key=str(cast.YEAR_VALKAMO), course="m1")
    assert report.kinds["session"]["linked"] == 0
    assert rows("SELECT count(*) FROM core_sourcekey WHERE target_id = %s", cast.YEAR_VALKAMO) == [(0,)]
