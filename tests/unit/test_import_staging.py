"""Rows are read ahead in a thread of their own: nothing is lost on the way, and no fault of it stays there."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.integrations.loading.report import ImportRefusedError, Problems, Report
from digione.integrations.loading.roster import Enrolment, Roster, School
from digione.integrations.loading.services import import_roster
from digione.integrations.loading.staging import ReadAhead
from tests import cast
from tests.unit.test_import_loading import load, number, rows
from tests.unit.test_import_readers import GOOD

pytestmark = pytest.mark.django_db


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "roster-reader"]


def _roster(**kinds: Any) -> Roster:
    empty = dict.fromkeys(("school", "person"), lambda: iter(()))
    files = dict.fromkeys(("school", "person", "membership", "guardian", "enrolment"), "one.csv")
    return Roster(files=files, **{**empty, **kinds})


def test_what_is_read_ahead_comes_whole_and_in_order() -> None:
    schools = [School(line, f"s{line}", f"Koulu {line}" * 40, False, []) for line in range(1, 3_001)]
    problems = Problems()

    def read() -> Iterator[School]:
        problems.warning("one.csv", 1, "", "extension-column")
        yield from schools

    def enrolments() -> Iterator[Enrolment]:
        problems.error("one.csv", 2, "", "duplicate")
        yield Enrolment(1, "e1", "g1", "p1", "student", False, None, None)

    with ReadAhead(_roster(school=read, enrolment=enrolments), problems) as ahead:
        *pieces, end = ahead.pieces()
        text = "".join(map(str, pieces))
        kinds = [[*ahead.pieces()][-1] for _ in range(7)]
    assert len(pieces) > 1
    assert [line.rpartition(",")[2] for line in text.splitlines()] == [str(school.line) for school in schools]
    assert [end.rows, *(kind.rows for kind in kinds)] == [3_000, 0, 0, 0, 0, 0, 0, 1]
    # Each kind brings what was wrong with it, and no other's.
    assert [(end.problems.warnings, end.problems.errors), (kinds[-1].problems.warnings, kinds[-1].problems.errors)] == [
        (1, 0),
        (0, 1),
    ]
    assert not _threads()


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    def endless() -> Iterator[School]:
        line = 0
        while True:
            line += 1
            yield School(line, f"s{line}", "Koulu" * 2_000, False, [])

    with ReadAhead(_roster(school=endless), Problems()) as ahead:
        assert str(next(ahead.pieces())).startswith("s1,")
    assert not _threads()


@pytest.mark.parametrize("kind", ["school", "person", "enrolment"])
def test_a_source_that_breaks_off_while_it_is_read_leaves_nothing(kind: str) -> None:
    def broken() -> Iterator[Any]:
        raise ImportRefusedError("archive-damaged", file="users.csv")
        yield

    before = number("core_importrun"), number("people_person")
    with pytest.raises(ImportRefusedError) as refused:
        import_roster(
            cast.administrator, roster=_roster(**{kind: broken}), report=Report(), kind="oneroster", source="test",
            file_hash="x",
        )  # fmt: skip
    assert refused.value.code == "archive-damaged"
    assert (number("core_importrun"), number("people_person")) == before
    assert not _threads()
    assert connection.is_usable()


def test_faults_of_a_late_file_count_for_it_and_hold_back_what_is_gone_elsewhere(tmp_path: Path) -> None:
    users = GOOD["users.csv"]
    assert load(tmp_path).status == "done"
    fewer = "".join(users.splitlines(keepends=True)[:-1])
    late = GOOD["enrollments.csv"] + "e9,c1,s1,nobody,student,,,\n"
    report = load(tmp_path, files={"users": fewer, "enrollments": late}, partial=True)
    assert report.kinds["enrolment"]["refused"] >= 1
    assert report.kinds["rows"]["refused"] == 0
    assert report.kinds["person"]["ended"] == 0
    assert report.sides["person"]["kept"] == 1
    assert (
        rows(
            "SELECT count(*) FROM people_providerperson WHERE valid_to < (now() AT TIME ZONE 'Europe/Helsinki')::date"
        )[0][0]
        == 0
    )


def test_many_faults_keep_a_limited_number_of_examples() -> None:
    total, one, two = Problems(limit=3), Problems(limit=3), Problems(limit=3)
    for problems in (one, two):
        for line in range(5):
            problems.error("a.csv", line + 1, "", "duplicate")
        total.absorb(problems.take())
        assert (problems.errors, problems.found, problems.refused_rows) == (0, [], 0)
    assert (total.errors, len(total.found), total.left_out(), total.refused_rows) == (10, 3, 7, 10)
    assert total.refused_in == {"a.csv": 10}


def test_a_group_that_moves_takes_its_enrolments_along(tmp_path: Path) -> None:
    load(tmp_path)
    [(group,)] = rows("SELECT target_id FROM core_sourcekey WHERE kind = 'group' AND key = 'k1'")
    schools = (
        "SELECT DISTINCT e.school_id, g.school_id FROM studies_enrolment e JOIN studies_group g ON g.id = e.group_id"
        " WHERE g.id = %s"
    )
    [(before, _)] = rows(schools, group)
    orgs = GOOD["orgs.csv"] + "s2,Toinen koulu,school\n"
    moved = GOOD["classes.csv"].replace("s1", "s2")
    report = load(tmp_path, files={"orgs": orgs, "classes": moved})
    assert (report.status, report.kinds["group"]["changed"], report.kinds["enrolment"]["changed"]) == ("done", 1, 0)
    [(school, of_group)] = rows(schools, group)
    assert school == of_group != before


def test_enrolments_in_a_group_that_another_source_places_elsewhere_stand_where_it_is(tmp_path: Path) -> None:
    classes = "sourcedId,title,classCode,classType,courseSourcedId,schoolSourcedId,termSourcedIds\nk1,3B,3B,homeroom,c1,s1,y1\n"
    load(tmp_path, files={"classes": classes})
    load(tmp_path, source="other", files={"classes": classes})
    more = {
        "orgs": GOOD["orgs.csv"] + "s2,Toinen koulu,school\n",
        "classes": classes.replace("c1,s1", "c1,s2"),
        "users": GOOD["users.csv"] + "u2,true,s2,student,eetu,Eetu,Lehto\n",
        "enrollments": GOOD["enrollments.csv"].replace("s1", "s2") + "e2,k1,s2,u2,student\n",
    }
    report = load(tmp_path, source="other", files=more)
    assert (report.status, report.kinds["enrolment"]["added"], report.kinds["group"]["held_back"]) == ("done", 1, 1)
    found = rows(
        "SELECT DISTINCT e.school_id = g.school_id, count(*) OVER () FROM studies_enrolment e JOIN studies_group g"
        " ON g.id = e.group_id JOIN core_sourcekey k ON k.target_id = g.id AND k.source = 'other' AND k.key = 'k1'"
    )
    assert found == [(True, 3)]
