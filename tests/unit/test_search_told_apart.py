"""People of one name are told apart in a search: by group and school, birth date, children, posts, as far as one may see."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digione.core.use_case import Actor, set_reach
from digione.people import selectors as people
from digione.studies import selectors as studies
from tests import cast
from tests.cast import insert
from tests.unit.test_desk_pages import signed_in

pytestmark = pytest.mark.django_db
NAMESAKE, OTHER_KATRI, FIRST_CHILD = (UUID(f"01900000-0000-7000-8000-0000000007{n:02}") for n in (1, 2, 3))
WORDS = {
    "fi": (
        "Oppija, 4 A, Rantapuiston koulu, s. 14.3.2017",
        "Huoltaja: Eero Lehtovaara (4 A)",
        "Rehtori, Rantapuiston koulu",
    ),
    "sv": (
        "Elev, 4 A, Rantapuiston koulu, född 14.3.2017",
        "Vårdnadshavare: Eero Lehtovaara (4 A)",
        "Rektor, Rantapuiston koulu",
    ),
    "en": (
        "Learner, 4 A, Rantapuiston koulu, born 14 Mar 2017",
        "Guardian: Eero Lehtovaara (4 A)",
        "Principal, Rantapuiston koulu",
    ),
}


@pytest.fixture(autouse=True)
def namesakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Aino and a second Katri Lehtovaara at the same school: she is the guardian of Eero, in 4 A."""
    names = {
        NAMESAKE: ("Aino", "Lehtovaara"),
        OTHER_KATRI: ("Katri", "Lehtovaara"),
        FIRST_CHILD: ("Eero", "Lehtovaara"),
    }
    for person, name in names.items():
        monkeypatch.setitem(cast.PEOPLE, person, name)
    set_reach(cast.administrator)
    number = iter(range(710, 740))

    def row(**values: Any) -> dict[str, Any]:
        ident = UUID(f"01900000-0000-7000-8000-000000000{next(number)}")
        return {"id": ident, "provider_id": cast.KUUSNIEMI, "valid_from": cast.START, **values}

    learners = (NAMESAKE, FIRST_CHILD)
    insert("people_providerperson", [row(person_id=person, basis="learner") for person in learners])
    insert("people_providerperson", [row(person_id=OTHER_KATRI, basis="guardian")])
    insert("people_person", [{**cast._person(person), "birth_date": "2017-03-14"} for person in names])
    insert("studies_schoolenrolment", [row(person_id=one, school_id=cast.RANTAPUISTO, grade="4") for one in learners])
    place = {"group_id": cast.GROUP_4A, "school_id": cast.RANTAPUISTO, "role": "student"}
    insert("studies_enrolment", [row(person_id=person, **place) for person in learners])
    insert(
        "people_guardianship",
        [row(guardian_id=OTHER_KATRI, child_id=FIRST_CHILD, kind="custodian", limits=[], source="x")],
    )


def found(actor: Actor, text: str) -> dict[UUID, dict[str, Any]]:
    return {row["id"]: row for row in studies.search_people(actor, text=text)["people"]}


def test_learners_of_one_name_differ_by_group_and_birth_date() -> None:
    both = found(cast.secretary, "aino lehtovaara")
    assert {one: (row["home_group"]["code"], row["birth_date"] is None) for one, row in both.items()} == {
        cast.PUPIL: ("3 B", False),
        NAMESAKE: ("4 A", False),
    }
    assert all(row["children"] is None and row["posts"] is None for row in both.values())


def test_guardians_of_one_name_differ_by_their_children_and_never_by_age() -> None:
    both = found(cast.secretary, "katri lehtovaara")
    children = {one: [child["given_name"] for child in row["children"]] for one, row in both.items()}
    # The child in another municipality is no business of this school.
    assert children == {cast.GUARDIAN: ["Aino"], OTHER_KATRI: ["Eero"]}
    assert both[cast.GUARDIAN]["children"][0]["home_group"]["code"] == "3 B"
    assert {row["birth_date"] for row in both.values()} == {None}


def test_a_teacher_sees_of_them_what_the_rule_opens() -> None:
    assert set(found(cast.teacher, "aino lehtovaara")) == {cast.PUPIL}
    assert found(cast.teacher, "aino lehtovaara")[cast.PUPIL]["birth_date"] is None
    # One of the guardian's two children at the school is taught by somebody else.
    insert(
        "people_guardianship",
        [
            {
                "id": UUID(int=1), "provider_id": cast.KUUSNIEMI, "guardian_id": cast.GUARDIAN, "child_id": FIRST_CHILD,
                "kind": "custodian", "limits": [], "source": "x", "valid_from": cast.START,
            }
        ],
    )  # fmt: skip
    assert [c["given_name"] for c in found(cast.secretary, "katri")[cast.GUARDIAN]["children"]] == ["Aino", "Eero"]
    assert [c["given_name"] for c in found(cast.teacher, "katri")[cast.GUARDIAN]["children"]] == ["Aino"]


def test_nobody_is_told_to_be_a_guardian_of_a_child_whom_the_reader_may_not_see(client: Client) -> None:
    """The teacher's colleague has a child at the provider, whom somebody else teaches."""
    set_reach(cast.administrator)
    mine = {"provider_id": cast.KUUSNIEMI, "valid_from": cast.START}
    insert("people_providerperson", [{"id": UUID(int=2), **mine, "person_id": cast.SECRETARY, "basis": "guardian"}])
    insert("people_guardianship", [{
        "id": UUID(int=3), **mine, "guardian_id": cast.SECRETARY, "child_id": cast.VALKAMO_PUPIL,
        "kind": "custodian", "limits": [], "source": "x",
    }])  # fmt: skip
    row = found(cast.principal, "mäntykoski")[cast.SECRETARY]
    assert (row["children"], row["bases"]) == (None, ["staff"])
    signed_in(client, cast.PRINCIPAL)
    page = client.get("/search?q=mantykoski").content.decode()
    assert "Tuula Mäntykoski" in page
    assert "Huoltaja" not in page


def test_what_is_over_tells_nobody_apart() -> None:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_guardianship SET valid_to = '2026-01-01' WHERE guardian_id = %s", [OTHER_KATRI])
        cursor.execute("UPDATE people_providerperson SET valid_to = '2026-01-01' WHERE person_id = %s", [cast.PUPIL])
    assert found(cast.secretary, "aino lehtovaara")[cast.PUPIL]["bases"] == []
    assert OTHER_KATRI not in found(cast.secretary, "katri")


def test_many_are_found_in_as_few_statements_as_one() -> None:
    counts = []
    for text in ("harjukorpi", "lehtovaara"):
        with CaptureQueriesContext(connection) as asked:
            number = len(found(cast.secretary, text))
        counts.append((number, len(asked.captured_queries)))
    (few, of_few), (many, of_many) = counts
    assert (few, many) == (1, 6)
    assert of_few == of_many


def test_the_child_named_beside_a_guardian_reads_it_in_the_log() -> None:
    found(cast.secretary, "katri lehtovaara")
    page = people.views_of(cast.guardian, person=cast.PUPIL)
    (viewer,) = [viewer for viewer in page["viewers"] if viewer["name"] == "Tuula Mäntykoski"]
    assert viewer["events"] == ["person.searched"]
    assert {"name", "guardians", "groups"} <= {str(topic) for topic in viewer["topics"]}


@pytest.mark.parametrize("language", WORDS)
def test_the_page_says_it_in_the_readers_language(client: Client, language: str) -> None:
    signed_in(client, cast.SECRETARY)
    client.cookies["django_language"] = language
    page = client.get("/search?q=lehtovaara").content.decode() + client.get("/search?q=hietaranta").content.decode()
    page = page.replace("\u00a0", " ")
    for words in WORDS[language]:
        assert f"<p>{words}</p>" in page
