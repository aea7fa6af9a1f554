"""The demonstration's study rights: the same every time, as the national register would have them, and of true periods."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.access.roles import Role
from digione.core.use_case import Actor
from digione.integrations.demo.generate import generate
from digione.integrations.demo.load import load_demo
from digione.integrations.demo.population import GRADES, SCHOOL_YEAR
from digione.integrations.demo.records import Batch
from digione.integrations.demo.study_rights import Rights, StudyRights
from digione.integrations.koski.check import verdict_of
from digione.integrations.koski.selectors import export_documents
from digione.integrations.koski.there_and_back import there_and_back

LEVELS = {"0": "esiopetus", **dict.fromkeys(GRADES[1:10], "perusopetus"), **dict.fromkeys(GRADES[10:], "lukiokoulutus")}


def _made(learners: int, seed: int, started: date | None = None) -> list[tuple[Batch, Rights]]:
    make = StudyRights(seed, started)
    return [(batch, make.of(batch)) for batch in generate(learners, seed)]


@pytest.fixture(scope="module")
def made() -> list[tuple[Batch, Rights]]:
    return _made(1200, 1)


def test_the_same_seed_gives_the_same_rows_and_ids_are_given_once(made: list[tuple[Batch, Rights]]) -> None:
    assert [rights for _, rights in made] == [rights for _, rights in _made(1200, 1)]
    assert [rights for _, rights in _made(150, 2)] != [rights for _, rights in _made(150, 3)]
    ids = [
        row.id for _, r in made for rows in (r.rights, r.states, r.extras, r.attainments, r.assessments) for row in rows
    ]
    assert len(ids) == len(set(ids))
    assert not {*ids} & {person.id for batch, _ in made for person in batch.persons}


def test_each_learner_has_the_study_right_of_the_grade_and_it_goes_on(made: list[tuple[Batch, Rights]]) -> None:
    for batch, rights in made:
        going = {
            right.person_id: right
            for right in rights.rights
            if right.valid_to is None and right.level != "ammatillinenkoulutus"
        }
        assert going.keys() == {row.person_id for row in batch.school_enrolments}
        for row in batch.school_enrolments:
            right = going[row.person_id]
            assert (right.level, right.school_id) == (LEVELS[row.grade], row.school_id)
            studied = [a for a in rights.attainments if a.study_right_id == right.id and not a.parent_id]
            assert studied
            if right.level == "perusopetus":
                assert [a.module for a in studied if a.confirmed_on is None] == [row.grade]


def test_states_and_attainments_lie_within_their_study_right(made: list[tuple[Batch, Rights]]) -> None:
    for _, rights in made:
        whole = {right.id: right for right in rights.rights}
        for state in rights.states:
            assert whole[state.study_right_id].valid_from <= state.valid_from
        for row in rights.attainments:
            right = whole[row.study_right_id]
            for day in (row.valid_from, row.confirmed_on):
                assert day is None or right.valid_from <= day <= (right.valid_to or day)
        last = {state.study_right_id: state for state in sorted(rights.states, key=lambda row: row.place)}
        for right in rights.rights:
            assert (last[right.id].state in ("valmistunut", "eronnut")) is (right.valid_to is not None)
            assert right.valid_to is None or last[right.id].valid_from == right.valid_to


def test_one_in_ten_has_a_past_with_marks_and_the_cast_has_all_of_it(made: list[tuple[Batch, Rights]]) -> None:
    learners = sum(len(batch.school_enrolments) for batch, _ in made)
    marked = {row.person_id for _, rights in made for row in rights.assessments}
    assert learners // 14 < len(marked) < learners // 8
    names = {p.id: (p.given_name, p.family_name) for batch, _ in made for p in batch.persons}
    otso = [(right, rights) for _, rights in made for right in rights.rights if names.get(right.person_id, ("",))[0] == "Otso"
            and names[right.person_id][1] == "Lehtovaara"]  # fmt: skip
    assert [(right.level, right.valid_from.year, right.valid_to and right.valid_to.year) for right, _ in otso] == [
        ("esiopetus", SCHOOL_YEAR - 8, SCHOOL_YEAR - 7),
        ("perusopetus", SCHOOL_YEAR - 7, SCHOOL_YEAR - 1),
        ("perusopetus", SCHOOL_YEAR - 1, None),
    ]
    assert len({right.organiser_oid for right, _ in otso}) == 2
    years = [
        a.module
        for right, rights in otso
        for a in rights.attainments
        if a.study_right_id == right.id and a.kind == "perusopetuksenvuosiluokka"
    ]
    assert years == [str(grade) for grade in range(1, 9)]


def test_some_study_for_a_vocational_qualification_beside_and_some_came_from_preparation(
    made: list[tuple[Batch, Rights]],
) -> None:
    institutes = {
        school.id: school for batch, _ in made for school in batch.organisations if school.school_type == "21"
    }
    assert [school.name["fi"] for school in institutes.values()] == ["Kuusniemen ammattiopisto"]
    posts = [(row.organisation_id, row.role) for batch, _ in made for row in batch.assignments]
    assert all((school, role) in posts for school in institutes for role in ("principal", "school_secretary"))
    grades: Counter[str] = Counter()
    prepared = 0
    for batch, rights in made:
        grade = {row.person_id: row.grade for row in batch.school_enrolments}
        general = {right.person_id: right for right in rights.rights if right.level == "lukiokoulutus"}
        for right in rights.rights:
            states = [(row.state, row.funding) for row in rights.states if row.study_right_id == right.id]
            parts = [row for row in rights.attainments if row.study_right_id == right.id and row.parent_id]
            marked = {row.attainment_id for row in rights.assessments}
            if right.level == "ammatillinenkoulutus":
                assert (right.school_id in institutes, states) == (True, [("lasna", "1")])
                assert right.valid_from == general[right.person_id].valid_from
                units = [row for row in parts if row.kind == "ammatillisentutkinnonosa"]
                assert [row.module for row in units] == ["106945", "106943", "106727", "106728", "106729"]
                years = SCHOOL_YEAR - right.valid_from.year
                assert [row.id in marked for row in units] == [years > 0, years > 1, False, False, False]
                grades[grade[right.person_id]] += 1
            elif right.level == "tuva":
                after = general[right.person_id]
                assert right.valid_to is not None
                assert right.valid_to < after.valid_from < date(right.valid_from.year + 1, 2, 1)
                assert (right.school_id, states) == (after.school_id, [("lasna", "1"), ("valmistunut", "1")])
                assert len(parts) == len([row for row in parts if row.id in marked]) == 4
                prepared += 1
    assert (set(grades) <= {"L1", "L2", "L3"}, sum(grades.values()) > 5, prepared > 1) == (True, True, True)


def test_with_history_every_learner_has_each_year_since_the_store_began() -> None:
    made = _made(1200, 1, date(SCHOOL_YEAR - 5, 8, 1))
    assert [rights for _, rights in made] == [rights for _, rights in _made(1200, 1, date(SCHOOL_YEAR - 5, 8, 1))]
    whose: dict[str, set[str]] = {}
    for row in (row for _, rights in made for row in rights.attainments if row.parent_id is None):
        whose.setdefault(row.person_id, set()).add("9" if row.kind == "perusopetuksenoppimaara" else row.module)
    for batch, _ in made:
        for enrolment in batch.school_enrolments:
            now = GRADES.index(enrolment.grade)
            # Years of general upper secondary education are no rows of their own, and a certificate tells of grade 9.
            basic = {GRADES[grade] for grade in range(max(now - 5, 1), min(now, 9) + 1)}
            assert basic <= whose[enrolment.person_id], (now, whose[enrolment.person_id])
            assert now > 5 or "001101" in whose[enrolment.person_id], now


def _exported(learners: int, years: int) -> list[list[dict[str, Any]]]:
    load_demo(learners, seed=11, years=years, app=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM organisations_provider WHERE demo")
        providers = [row[0] for row in cursor.fetchall()]
    told: list[list[dict[str, Any]]] = []
    for provider in providers:
        told.append([])
        export_documents(Actor(str(Role.PLATFORM)).at(provider), write=told[-1].append)
    return told


def _written(file: Path, documents: list[dict[str, Any]]) -> Path:
    file.write_text("\n".join(map(json.dumps, documents)) + "\n", encoding="utf-8")
    return file


@pytest.mark.django_db
@pytest.mark.parametrize("years", [0, 5])
def test_the_register_would_take_every_document_but_of_those_where_something_is_meant_to_be_amiss(
    tmp_path: Path, years: int
) -> None:
    faults: dict[str, list[tuple[str, str]]] = {}
    by_name: dict[str, dict[str, Any]] = {}
    for place, documents in enumerate(_exported(300, years)):
        verdict = verdict_of(_written(tmp_path / f"{place}.jsonl", documents), date(SCHOOL_YEAR, 9, 1))
        names = [f"{each['henkilö']['kutsumanimi']} {each['henkilö']['sukunimi']}" for each in documents]
        by_name |= dict(zip(names, documents, strict=True))
        assert verdict.problems.warnings == 0, verdict.problems.found[:5]
        for problem in verdict.problems.found:
            faults.setdefault(names[problem.line - 1], []).append((problem.text, problem.field))
    # A state that stands twice is refused. Of a mark without a day the register has no rule: it is for the secretary.
    twice = "/opiskeluoikeudet/1/tila/opiskeluoikeusjaksot/1/alku"
    assert faults == {"Viljo Rauhaniemi": [("register-states-order", twice)]}
    undated = [
        (whole["koulutusmoduuli"]["tunniste"]["koodiarvo"], part["koulutusmoduuli"]["tunniste"]["koodiarvo"])
        for right in by_name["Eino Kivelä"]["opiskeluoikeudet"]
        for whole in right["suoritukset"]
        for part in whole.get("osasuoritukset", [])
        if any("päivä" not in each for each in part["arviointi"])
    ]
    assert undated == [("4", "MA")]


@pytest.mark.django_db
@pytest.mark.parametrize("years", [0, 5])
def test_every_document_of_it_comes_back_the_same_by_our_own_import(tmp_path: Path, years: int) -> None:
    told = _exported(300, years)
    # One learner has studied in two municipalities.
    assert sum(map(len, told)) == 300 + 1
    rights = [right for documents in told for each in documents for right in each["opiskeluoikeudet"]]
    levels = Counter(right["tyyppi"]["koodiarvo"] for right in rights)
    assert levels["perusopetus"] > levels["esiopetus"] > 20
    assert levels["lukiokoulutus"] > 10
    assert levels["ammatillinenkoulutus"] > 1
    assert levels["tuva"] > 0
    for place, documents in enumerate(told):
        outcome = there_and_back(Actor(str(Role.PLATFORM)), _written(tmp_path / f"{place}.jsonl", documents))
        assert outcome.report.problems.errors == 0, outcome.report.problems.found[:5]
        assert outcome.differences == []
