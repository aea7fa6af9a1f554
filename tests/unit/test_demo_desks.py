"""The demonstration on its desks: everybody who is listed comes in, and each landing page tells what is really there.

What is expected is counted in what the generator made, not in what the database answers.
"""

import gzip
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digione.access.roles import DESK_ROLES, Role
from digione.cli.lifecycle import cast_of
from digione.core import clock
from digione.core.texts import in_language
from digione.core.use_case import set_reach
from digione.integrations.demo.cast import PASSWORD, SIGN_INS
from digione.integrations.demo.generate import generate
from digione.integrations.demo.load import load_demo
from digione.integrations.demo.newcomers import import_newcomers
from digione.integrations.demo.records import Batch, Organisation, Person
from tests import cast

pytestmark = pytest.mark.django_db
LEARNERS, SEED = 300, 11
#: How many learners of the table of newcomers come to a group; two more lack one.
NEWCOMERS = {"1A": 2, "5A": 1}
#: A day of the demonstration's school year, after its newcomers have come.
NOW = datetime(2026, 11, 24, 9, tzinfo=clock.FINLAND)


class Town:
    """The generated demonstration, by names."""

    def __init__(self) -> None:
        self.batches: list[Batch] = list(generate(LEARNERS, SEED))
        self.persons: dict[str, Person] = {row.id: row for batch in self.batches for row in batch.persons}
        self.accounts = {row.username: row.person_id for batch in self.batches for row in batch.accounts}
        self.schools: dict[str, Organisation] = {row.id: row for batch in self.batches for row in batch.organisations}
        self.groups = {row.id: row for batch in self.batches for row in batch.groups}
        self.enrolments = [row for batch in self.batches for row in batch.enrolments]
        self.assignments = [row for batch in self.batches for row in batch.assignments]

    def school_of(self, username: str) -> str:
        """Return the id of the school at which a member of staff works."""
        return next(row.organisation_id for row in self.assignments if row.person_id == self.accounts[username])

    def learners_at(self, school: str) -> int:
        return sum(row.school_id == school for batch in self.batches for row in batch.school_enrolments)

    def staff_at(self, place: str) -> int:
        return len({row.person_id for row in self.assignments if row.organisation_id == place})

    def groups_of(self, username: str) -> list[str]:
        """Return the groups that one belongs to or teaches."""
        return [row.group_id for row in self.enrolments if row.person_id == self.accounts[username]]

    def learners_in(self, group: str) -> int:
        return sum(row.group_id == group and row.role == "student" for row in self.enrolments)

    def name(self, organisation: str) -> str:
        return in_language(self.schools[organisation].name, ("en", "fi", "sv"))


@pytest.fixture(scope="module")
def town() -> Town:
    return Town()


@pytest.fixture
def demo(db: None, settings: Any) -> Iterator[None]:
    settings.DEMO = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    cache.clear()
    # The newcomers come to the municipality of that name, and the cast of the tests has one as well.
    set_reach(cast.platform)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE organisations_organisation SET name = '{"fi": "Muualla"}' WHERE id = %s""", [cast.KUUSNIEMI]
        )
    with clock.fixed(NOW):
        load_demo(LEARNERS, SEED)
        import_newcomers()
        yield


def landing(username: str) -> tuple[Client, str]:
    """Come in by the door of the demonstration; returns the words of the landing page, without markup."""
    client = Client()
    client.cookies["django_language"] = "en"
    page = client.post("/demo", {"username": username}, follow=True)
    assert (page.status_code, page.redirect_chain[-1][0]) == (200, "/")
    return client, words(page.content.decode())


def words(page: str) -> str:
    body = page.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_everybody_who_is_listed_comes_in_by_door_and_by_password(demo: None, town: Town) -> None:
    client = Client()
    listed = client.get("/demo.json").json()
    assert [row["username"] for row in listed["sign_ins"]] == list(SIGN_INS)
    names = {row["name"] for row in listed["providers"]}
    assert len(names) == 4
    held: dict[str, set[str]] = {name: set() for name in names}
    for row in listed["sign_ins"]:
        assert row["provider"] in names, row
        assert row["provider"] == row["providers"][0]
        assert names >= {*row["providers"]}
        for name in row["providers"]:
            held[name] |= {*row["roles"]}
    wanted = {*map(str, DESK_ROLES)} - {str(Role.SPECIAL_NEEDS_TEACHER)}
    assert {name: wanted - roles for name, roles in held.items() if wanted - roles} == {}
    assert any(len(row["providers"]) > 1 for row in listed["sign_ins"])
    greeting = cast_of(listed)
    for provider in listed["providers"]:
        first = next(number for number, line in enumerate(greeting) if provider["oid"] in line)
        told = " ".join(itertools.takewhile(lambda line: line.startswith("  "), greeting[first + 1 :]))
        here = [row for row in listed["sign_ins"] if provider["name"] in row["providers"]]
        assert len(here) >= 6
        assert {row["role"] for row in here} == {pair.split()[0] for pair in told.split(", ")}
        assert {tuple(pair.split()) for pair in told.split(", ")} <= {(row["role"], row["username"]) for row in here}
    assert PASSWORD in greeting[-1]
    assert len(greeting) < 20
    door = client.get("/demo").content.decode()
    for row in listed["sign_ins"]:
        assert f'value="{row["username"]}"' in door
        assert row["password"] == PASSWORD
        _, told = landing(row["username"])
        assert told
        cache.clear()
        signed = Client().post("/accounts/login/", {"login": row["username"], "password": row["password"]}, follow=True)
        assert (signed.status_code, signed.redirect_chain) == (200, [("/", 302)]), row


def test_the_landing_pages_tell_what_is_really_there(demo: None, town: Town) -> None:
    _learner(town)
    _teachers(town)
    _principal(town)
    _secretary(town)
    _administrator(town)
    _guardian(town)


def _learner(town: Town) -> None:
    _, page = landing("eetu.tervajoki")
    groups = [town.groups[group] for group in town.groups_of("eetu.tervajoki")]
    assert len(groups) > 3
    assert "You are in group 4 A, Eetu." in page
    for group in groups:
        assert group.title["en"] in page
        for row in town.enrolments:
            if row.group_id == group.id and row.role == "teacher":
                teacher = town.persons[row.person_id]
                assert f"{teacher.given_name} {teacher.family_name}" in page
    assert "Veikko Ohravuori" in page
    assert town.name(groups[0].school_id) in page
    assert "Saarijoki" in page
    # Nobody else's name is anywhere on it.
    mates = [
        town.persons[row.person_id] for row in town.enrolments if row.group_id == groups[0].id and row.role == "student"
    ]
    assert [mate for mate in mates if mate.family_name != "Tervajoki" and mate.family_name in page] == []


def _teachers(town: Town) -> None:
    for username in ("pirjo.vainionpaa", "anni.salokangas", "helena.suvilahti"):
        _, page = landing(username)
        mine = town.groups_of(username)
        assert mine
        for group in mine:
            number = town.learners_in(group)
            if town.school_of(username) == town.school_of("marjukka.hietaranta"):
                number += NEWCOMERS.get(town.groups[group].code, 0)
            told = f"{town.groups[group].title['en']} {number} learner{'' if number == 1 else 's'}"
            assert told in page, username
        assert page.count("Home group") == sum(town.groups[group].kind == "home_group" for group in mine)
        assert town.name(town.school_of(username)) in page


def _principal(town: Town) -> None:
    for username in ("marjukka.hietaranta", "jorma.kalliovaara"):
        _, page = landing(username)
        school = town.school_of(username)
        groups = [group for group in town.groups.values() if group.school_id == school]
        # The newcomers come to the first school of Kuusniemi: five rows of their table are good.
        newcomers = 2 + sum(NEWCOMERS.values()) if username == "marjukka.hietaranta" else 0
        assert f"learners {town.learners_at(school) + newcomers} " in page
        homes = sum(group.kind == "home_group" for group in groups)
        assert f"home groups {homes} teaching groups {len(groups) - homes} " in page
        assert f"staff {town.staff_at(school)} " in page
        assert town.name(school) in page
        assert ("has no home group" in page) is bool(newcomers)


def _secretary(town: Town) -> None:
    _, page = landing("tuula.mantykoski")
    school = town.school_of("tuula.mantykoski")
    assert "The latest import refused two rows." in page
    assert "Learners without a home group" in page
    assert "Saimi Kuusivaara" in page
    assert "Lumi Kettukangas" in page
    assert "One person or two?" in page
    assert "Nuutti Peltosaari" in page
    assert f"learners {town.learners_at(school) + 2 + sum(NEWCOMERS.values())} staff {town.staff_at(school)}" in page
    _, elsewhere = landing("maarit.kaarnaluoto")
    school = town.school_of("maarit.kaarnaluoto")
    assert "The queue is empty. No imports yet." in elsewhere
    assert f"learners {town.learners_at(school)} staff {town.staff_at(school)}" in elsewhere
    assert "Peltosaari" not in elsewhere


def _administrator(town: Town) -> None:
    client, page = landing("jari.puistola")
    kuusniemi = next(batch.provider.id for batch in town.batches if batch.provider.name["fi"] == "Kuusniemi")
    schools = [school for school in town.schools.values() if school.parent_id == kuusniemi]
    assert len(schools) > 1
    groups = Counter(group.school_id for group in town.groups.values())
    for school in schools:
        more = 2 + sum(NEWCOMERS.values()) if school.name.get("fi") == "Rantapuiston koulu" else 0
        learners = town.learners_at(school.id) + more
        told = f"{town.name(school.id)} {learners} {groups[school.id]} {town.staff_at(school.id)}"
        assert told in page
    assert "Lukupolku Lukupolku Oy" in page
    assert "Learners and guardians" in page, "the import of the newcomers"
    assert "One person may be in the register twice." in page
    assert "uudet-oppilaat.csv" in words(
        client.get(re.findall(r'href="(/imports/[^"]+)"', client.get("/").content.decode())[0]).content.decode()
    )
    _, private = landing("kaisa.saarniselka")
    assert "Pohjantuuli School" in private
    assert "Rantapuisto" not in private
    assert "No apps" in private
    assert "No imports yet." in private


def _guardian(town: Town) -> None:
    _, page = landing("katri.lehtovaara")
    assert "Aino Lehtovaara" in page
    assert "Otso Lehtovaara" in page
    assert "Kuusniemi" in page
    assert "Valkamo" in page
    _, limited = landing("mikael.rauhaniemi")
    assert "There are no children on your desk today." in limited
    assert "Viljo" not in limited


def test_a_teachers_landing_page_is_cheap_and_small(demo: None, town: Town) -> None:
    """At most twelve statements, session and roles included; under 100 KB with its files when nothing is kept."""
    for username in ("ilmari.saarnio", "pirjo.vainionpaa", "anni.salokangas"):
        client, _ = landing(username)
        assert len(town.groups_of(username)) > 1
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/", headers={"accept-encoding": "gzip"})
        assert page.status_code == 200
        # A transaction of the program is a savepoint here, where the test holds the transaction.
        said = [
            query["sql"] for query in asked.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))
        ]
        assert any("session" in statement for statement in said)
        assert any("people_staffassignment" in statement for statement in said)
        assert len(said) <= 12, said
        sizes = {"/": len(page.content)}
        for address in sorted({*re.findall(r'(?:href|src)="(/static/[^"#]+)', gzip.decompress(page.content).decode())}):
            answer = client.get(address, headers={"accept-encoding": "gzip"})
            assert answer.status_code == 200, address
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            sizes[address] = len(body)
            if address.endswith(".css") and answer.headers.get("Content-Encoding") == "gzip":
                asked_for = re.findall(r'url\("?([^")]+)"?\)', gzip.decompress(body).decode())
                assert all(f"/static/digione/{name}" in gzip.decompress(page.content).decode() for name in asked_for)
        assert {name.rpartition(".")[2] for name in sizes} >= {"css", "js", "svg", "woff2"}
        assert sum(sizes.values()) < 100_000, sizes
