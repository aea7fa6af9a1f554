"""What a new attainment must be: each rule alone, at the edge where it begins to hold, and where it is spared."""

from datetime import date
from typing import Any

import pytest

from digione.integrations.koski.mapping import read_study_right, walk
from digione.studies.record_rules import faults_of_assessed, faults_of_attainment, placed
from tests.unit.koski import own_subject, subject, year
from tests.unit.koski import right as whole

START, DAY, END = date(2025, 8, 7), date(2026, 3, 2), date(2026, 5, 30)
BEFORE, AFTER = date(2025, 8, 6), date(2026, 5, 31)
_EMPTY = dict.fromkeys(
    [
        "module_title", "size", "size_unit", "is_compulsory", "language_scheme", "language", "grade", "valid_from",
        "manner_scheme", "manner", "confirmed_on", "confirmed_in", "confirmed_by_oid",
    ]
)  # fmt: skip


def row(kind: str = "perusopetuksenoppiaine", **more: Any) -> dict[str, Any]:
    made = {"kind": kind, "module_scheme": "koskioppiaineetyleissivistava", "module": "MA", "carried": {}}
    return {**_EMPTY, **made, **more}


def state(name: str, since: date) -> dict[str, Any]:
    return {"state": name, "valid_from": since}


def faults(
    new: dict[str, Any],
    *states: dict[str, Any],
    above: tuple[dict[str, Any], ...] = (),
    siblings: tuple[dict[str, Any], ...] = (),
    **right: Any,
) -> list[tuple[str, str]]:
    whole = {"valid_from": None, "valid_to": None, **right}
    found = faults_of_attainment(new, whole, states, above, siblings)
    assert all(fault.message for fault in found)
    return [(fault.pointer, fault.code) for fault in found]


HERE, LEFT = state("lasna", START), state("eronnut", END)
YEAR = row("perusopetuksenvuosiluokka", module="3")
CONFIRMED_YEAR = {**YEAR, "confirmed_on": END}
SYLLABUS = row("perusopetuksenoppimaara", module="201101")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({}, []),
        ({"module_scheme": None, "module_title": {"fi": "Keppihevoset"}}, []),
        ({"module_scheme": None}, [("module_scheme", "missing")]),
        ({"module_scheme": "", "module_title": {}}, [("module_scheme", "missing")]),
        ({"module_title": {"fi": "Matematiikka"}}, [("module_title", "named_by_the_list")]),
        ({"size": 2.5, "size_unit": "3"}, []),
        ({"size": 2.5}, [("size_unit", "missing")]),
        ({"size_unit": "3"}, [("size", "missing")]),
        ({"language_scheme": "kielivalikoima", "language": "EN"}, []),
        ({"language": "EN"}, [("language_scheme", "missing")]),
        ({"language_scheme": "kielivalikoima"}, [("language", "missing")]),
        ({"manner_scheme": "ammatillisentutkinnonsuoritustapa", "manner": "naytto"}, []),
        ({"manner": "naytto"}, [("manner_scheme", "missing")]),
        ({"manner_scheme": "ammatillisentutkinnonsuoritustapa"}, [("manner", "missing")]),
        ({"size": 0, "size_unit": "3"}, [("size", "not_positive")]),
        ({"size": -1, "size_unit": "3"}, [("size", "not_positive")]),
        ({"confirmed_on": DAY, "confirmed_in": "091", "confirmed_by_oid": "1.2.3"}, []),
        ({"confirmed_in": "091"}, [("confirmed_on", "missing")]),
        ({"confirmed_by_oid": "1.2.3"}, [("confirmed_on", "missing")]),
        ({"valid_from": DAY, "confirmed_on": DAY}, []),
        ({"valid_from": DAY, "confirmed_on": START}, [("confirmed_on", "before_it_begins")]),
        ({"size": 0, "language": "EN"}, [("size_unit", "missing"), ("language_scheme", "missing"), ("size", "not_positive")]),
    ],
    ids=str,
)  # fmt: skip
def test_what_it_says_by_itself(new: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(row(**new), HERE) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        *((name, []) for name in ("lasna", "loma", "valiaikaisestikeskeytynyt")),
        *((name, []) for name in ("eronnut", "katsotaaneronneeksi", "keskeytynyt", "peruutettu", "paattynyt")),
        *((name, [("study_right_id", "after_the_end")]) for name in ("valmistunut", "hyvaksytystisuoritettu", "mitatoity")),
    ],
)  # fmt: skip
def test_the_last_state_decides_whether_anything_is_added(last: str, expected: list[tuple[str, str]]) -> None:
    assert faults(row(), HERE, state(last, END)) == expected
    # What was before the last state decides nothing.
    assert faults(row(), state(last, START), HERE) == []


def test_a_right_without_states_takes_what_its_own_days_allow() -> None:
    new = row(valid_from=START, confirmed_on=END)
    assert faults(new, valid_from=START, valid_to=END) == []
    assert faults(new, valid_from=DAY, valid_to=END) == [("valid_from", "before_the_right")]
    assert faults(new, valid_from=START, valid_to=DAY) == [("confirmed_on", "after_the_right")]
    assert faults(new) == []


def test_it_begins_with_the_right_or_later() -> None:
    early = [("valid_from", "before_the_right")]
    assert faults(row(valid_from=START), HERE) == []
    assert faults(row(valid_from=BEFORE), HERE) == early
    # The first state tells when the right begins, also where the right itself says otherwise.
    assert faults(row(valid_from=BEFORE), HERE, valid_from=BEFORE) == early
    # The register asks it of what stands at the top.
    assert faults(row(valid_from=BEFORE), HERE, above=(YEAR,)) == []


def test_nothing_of_it_is_later_than_the_end() -> None:
    assert faults(row(valid_from=END, confirmed_on=END), HERE, LEFT) == []
    assert faults(row(valid_from=AFTER), HERE, LEFT) == [("valid_from", "after_the_right")]
    assert faults(row(confirmed_on=AFTER), HERE, LEFT) == [("confirmed_on", "after_the_right")]
    # A state that ends nothing leaves the end to the right's own day.
    assert faults(row(confirmed_on=AFTER), HERE, state("loma", END)) == []
    assert faults(row(confirmed_on=AFTER), HERE, valid_to=END) == [("confirmed_on", "after_the_right")]


@pytest.mark.parametrize("spared", [row("valma"), row("ammatillinentutkinto", manner_scheme="x", manner="naytto")])
def test_some_are_confirmed_after_the_end(spared: dict[str, Any]) -> None:
    assert faults({**spared, "confirmed_on": AFTER}, HERE, LEFT) == []
    assert faults(row(confirmed_on=AFTER), HERE, LEFT, above=(row("osa"), spared)) == []
    # What is spared is told at the top alone, and of the confirmation alone.
    assert faults(row(confirmed_on=AFTER), HERE, LEFT, above=(spared, row("osa"))) == [
        ("confirmed_on", "after_the_right")
    ]
    assert faults({**spared, "valid_from": AFTER}, HERE, LEFT) == [("valid_from", "after_the_right")]


def test_nothing_is_added_to_what_is_confirmed_but_to_a_year() -> None:
    confirmed = {**SYLLABUS, "confirmed_on": END}
    refused = [("parent_id", "confirmed")]
    assert faults(row(), HERE, above=(SYLLABUS,)) == []
    assert faults(row(), HERE, above=(confirmed,)) == refused
    assert faults(row(), HERE, above=(row(), confirmed)) == refused
    assert faults(row(), HERE, above=({**row(), "confirmed_on": DAY}, SYLLABUS)) == refused
    assert faults(row(), HERE, above=(CONFIRMED_YEAR,)) == []
    # Of a later confirmation nothing more is told where nothing is added at all.
    assert faults(row(confirmed_on=AFTER), HERE, above=(confirmed,)) == refused


def test_a_part_is_confirmed_no_later_than_its_year() -> None:
    late = [("confirmed_on", "after_the_whole")]
    assert faults(row(confirmed_on=END), HERE, above=(CONFIRMED_YEAR,)) == []
    assert faults(row(confirmed_on=AFTER), HERE, above=(CONFIRMED_YEAR,)) == late
    assert faults(row(confirmed_on=AFTER), HERE, above=(YEAR,)) == []
    # The nearest whole that is confirmed counts.
    assert faults(row(confirmed_on=END), HERE, above=({**row(), "confirmed_on": DAY}, CONFIRMED_YEAR)) == late
    assert faults(row(confirmed_on=END), HERE, above=(row(), CONFIRMED_YEAR)) == []


def test_a_size_is_told_in_the_unit_of_the_whole() -> None:
    whole = {**SYLLABUS, "size": 10, "size_unit": "2"}
    assert faults(row(size=1, size_unit="2"), HERE, above=(whole,)) == []
    assert faults(row(size=1, size_unit="3"), HERE, above=(whole,)) == [("size_unit", "other_unit")]
    assert faults(row(), HERE, above=(whole,)) == []
    # The nearest whole counts, and none that has no size.
    assert faults(row(size=1, size_unit="3"), HERE, above=(row(), whole)) == []
    assert faults(row(size=1, size_unit="3"), HERE, above=({**whole, "size": None},)) == []


@pytest.mark.parametrize("kind", ["perusopetuksenoppiaine", "lukionoppiaine"])
def test_a_compulsory_subject_stands_once(kind: str) -> None:
    subject = row(kind, is_compulsory=True, language_scheme="x", language="EN", grade="7")
    assert faults(subject, HERE, siblings=(subject,)) == [("module", "stands_already")]
    for name, other in (
        ("module", "KU"), ("module_scheme", "oma"), ("language", "SV"), ("grade", "8"), ("is_compulsory", False),
        # Of another syllabus, which the data model has no place for.
        ("carried", {"koulutusmoduuli": {"oppimäärä": "x"}}),
    ):  # fmt: skip
        assert faults(subject, HERE, siblings=({**subject, name: other},)) == [], name
    optional = {**subject, "is_compulsory": False}
    assert faults(optional, HERE, siblings=(optional,)) == []


def test_other_kinds_may_stand_twice() -> None:
    course = row("lukionkurssi", is_compulsory=True)
    assert faults(course, HERE, siblings=(course,)) == []


def test_nothing_is_assessed_in_what_is_annulled() -> None:
    assert [(fault.pointer, fault.code) for fault in faults_of_assessed([HERE, state("mitatoity", END)])] == [
        ("attainment_id", "annulled")
    ]
    for states in ([], [HERE], [HERE, LEFT], [HERE, state("valmistunut", END)]):
        assert faults_of_assessed(states) == []


class TestPlaces:
    def test_the_first_has_the_first_place(self) -> None:
        where = {"place": 0, "node": "/perusopetuksenoppiaine:koskioppiaineetyleissivistava:MA:1"}
        assert placed(row(), "", ()) == where
        assert placed(row(), "/x", ()) == {**where, "node": f"/x{where['node']}"}
        assert placed(row(module_scheme=None, module="KEP"), "", ())["node"] == "/perusopetuksenoppiaine::KEP:1"

    def test_it_comes_last_and_under_a_name_that_is_free(self) -> None:
        start = "/perusopetuksenoppiaine:koskioppiaineetyleissivistava:MA"
        siblings = [{"place": 4, "node": f"{start}:1"}, {"place": 2, "node": f"{start}:3"}]
        assert placed(row(), "", siblings) == {"place": 5, "node": f"{start}:2"}


def test_an_import_finds_what_is_added_by_the_node_that_it_would_give() -> None:
    document = whole(year(subject("MA"), subject("MA"), own_subject()))
    found = list(walk(read_study_right(document, lambda *_told, **_more: None).attainments))
    stood: list[dict[str, Any]] = []
    for above, node, _place, each in found:
        siblings = [row for row in stood if row["node"].rpartition("/")[0] == above]
        made = placed(each.row, above, siblings)
        assert made["node"] == node
        stood.append(made)
    assert len({row["node"] for row in stood}) == len(stood) == 4
