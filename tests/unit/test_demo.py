"""The demonstration's people: the same every time, complete, valid in form, and nobody's."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from digione.integrations.demo import cast
from digione.integrations.demo.generate import generate, spread
from digione.integrations.demo.identity import Identities, business_id, check_character, luhn_digit
from digione.integrations.demo.oneroster_csv import HEADERS, write
from digione.integrations.demo.places import places
from digione.integrations.demo.records import Batch


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return list(generate(1200, seed=1))


def test_the_same_seed_gives_the_same_rows_and_another_seed_gives_others() -> None:
    first, again, other = (list(generate(150, seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert not {person.id for batch in first for person in batch.persons} & {
        person.id for batch in other for person in batch.persons
    }


@pytest.mark.parametrize("learners", [100, 500, 1200])
def test_there_are_exactly_as_many_learners_as_asked(learners: int) -> None:
    found = [row.person_id for batch in generate(learners, seed=1) for row in batch.school_enrolments]
    assert len(found) == len(set(found)) == learners


@pytest.mark.parametrize("learners", [100, 1799, 1800, 2500, 3800, 4000, 10_000, 1_000_000])
def test_learners_are_spread_over_the_places_exactly(learners: int) -> None:
    found = places(learners)
    assert sum(place.learners for place in found) == learners
    assert max(place.learners for place in found) <= 60_000
    assert min(place.learners for place in found) > 0
    large, middle, small, private = (place.learners for place in found[:4])
    assert small == (900 if learners >= 1800 else learners // 2)
    assert large > middle > private
    assert (large > small) is (learners >= 2500)
    assert (middle > small) is (learners >= 3800)


def test_shares_add_up() -> None:
    assert spread(10, [1.0, 1.0, 1.0]) == [4, 3, 3]
    assert sum(spread(999, [0.3, 0.7, 0.11])) == 999


def test_identity_codes_are_artificial_valid_and_unique(batches: list[Batch]) -> None:
    persons = [person for batch in batches for person in batch.persons]
    codes = [person.hetu for person in persons if person.hetu]
    assert len(codes) == len(set(codes))
    assert 0 < len(persons) - len(codes) < len(persons) // 10
    for person in persons:
        if person.hetu is None:
            continue
        match = re.fullmatch(r"(\d{6})([-YXWVUABCDEF])(9\d\d)(.)", person.hetu)
        assert match
        assert match[1] == f"{person.birth_date:%d%m%y}"
        assert match[4] == check_character(match[1], int(match[3]))
        assert int(match[3]) % 2 == (person.sex == "1")


def test_identity_codes_run_out_for_a_date_without_repeating() -> None:
    identities = Identities(1)
    codes = [identities.hetu(date(2015, 5, 5), "1") for _ in range(301)]
    assert codes[-1] is None
    assert len(set(codes[:-1])) == 300


def test_oids_are_of_test_nodes_with_right_check_digits(batches: list[Batch]) -> None:
    organisations = [row.oid for batch in batches for row in batch.organisations]
    numbers = [row.learner_number for batch in batches for row in batch.persons if row.learner_number]
    for oid in organisations:
        assert re.fullmatch(r"1\.2\.246\.562\.199\.\d{11}", oid)
    for oid in numbers:
        assert re.fullmatch(r"1\.2\.246\.562\.98\.\d{11}", oid)
    for oid in organisations + numbers:
        digits = oid.rsplit(".", 1)[1]
        assert luhn_digit(digits[:-1]) == int(digits[-1])
    assert len(set(organisations + numbers)) == len(organisations + numbers)
    assert re.fullmatch(r"\d{7}-\d", business_id(9_100_000))


def test_every_reference_leads_to_a_row(batches: list[Batch]) -> None:
    persons: set[str] = set()
    for batch in batches:
        persons |= {person.id for person in batch.persons}
        groups = {group.id for group in batch.groups}
        schools = {school.id for school in batch.organisations}
        assert {row.group_id for row in batch.enrolments} <= groups
        assert {group.school_id for group in batch.groups} <= schools
        assert {row.person_id for row in batch.enrolments} <= persons
        assert {x for row in batch.guardianships for x in (row.guardian_id, row.child_id)} <= persons
        assert {row.person_id for row in batch.links} <= persons
        links = [(link.person_id, link.basis) for link in batch.links]
        assert len(links) == len(set(links))
        enrolled = [(row.group_id, row.person_id, row.role) for row in batch.enrolments]
        assert len(enrolled) == len(set(enrolled))
        assert {row.person_id for row in batch.enrolments} <= {person for person, _ in links}
    ids = [row.id for batch in batches for row in (*batch.persons, *batch.enrolments, *batch.groups, *batch.links)]
    assert len(ids) == len(set(ids))


def test_the_cast_stands_where_the_stories_need_it(batches: list[Batch]) -> None:
    persons = {f"{row.given_name} {row.family_name}": row for batch in batches for row in batch.persons}
    groups = {row.id: row for batch in batches for row in batch.groups}
    schools = {row.id: row.name for batch in batches for row in batch.organisations}
    member = {
        (groups[row.group_id].title["fi"], schools[row.school_id].get("fi") or schools[row.school_id]["sv"])
        for batch in batches
        for row in batch.enrolments
        if row.person_id in {persons["Aino Lehtovaara"].id, persons["Otso Lehtovaara"].id}
    }
    assert ("3 B", "Rantapuiston koulu") in member
    assert ("8 C", "Valkamon yhtenäiskoulu") in member
    wards = [
        row for batch in batches for row in batch.guardianships if row.guardian_id == persons["Katri Lehtovaara"].id
    ]
    assert len(wards) == 2
    assert any("no_information" in row.limits for batch in batches for row in batch.guardianships)
    assert persons["Kerttu Halmesalo"].non_disclosure
    assert {row.username for batch in batches for row in batch.accounts} == set(cast.SIGN_INS)
    bases = Counter(
        link.basis for batch in batches for link in batch.links if link.person_id == persons["Sanna Kivelä"].id
    )
    assert bases == {"staff": 1, "guardian": 1}


def test_many_languages_are_spoken() -> None:
    spoken = Counter(person.mother_tongue for batch in generate(6000, seed=1) for person in batch.persons)
    assert {"FI", "SV", "RI", "SE", "SO", "AR", "RU", "UK", "VI", "EN"} <= set(spoken)
    assert spoken["FI"] > sum(spoken.values()) // 2


def test_a_oneroster_set_is_whole(tmp_path: Path) -> None:
    rows = write(tmp_path, 120, seed=3)
    read = {}
    for name in HEADERS:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            read[name] = list(csv.DictReader(stream))
    assert sum(map(len, read.values())) == rows
    ids = {name: {row["sourcedId"] for row in lines} for name, lines in read.items()}
    assert all(len(ids[name]) == len(read[name]) for name in read)
    for row in read["enrollments"]:
        assert row["classSourcedId"] in ids["classes"]
        assert row["userSourcedId"] in ids["users"]
        assert row["schoolSourcedId"] in ids["orgs"]
    for row in read["classes"]:
        assert row["courseSourcedId"] in ids["courses"]
        assert set(row["termSourcedIds"].split(",")) <= ids["academicSessions"]
    for row in read["users"]:
        assert set(filter(None, row["agentSourcedIds"].split(","))) <= ids["users"]
    assert {row["userSourcedId"] for row in read["roles"]} == ids["users"]
    assert sum(row["role"] == "student" for row in read["roles"]) == 120
