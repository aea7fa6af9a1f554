"""What of somebody was seen: written into the log by what a use showed, and told in words; never a look that was none."""

import ast
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import translation

import digione
from digione.audit import seen
from digione.audit.seen import Topic
from digione.core.errors import NotFoundError
from digione.core.use_case import Actor
from digione.integrations.oneroster_csv.selectors import export_roster
from digione.people import selectors as people
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS
from digione.rest.v1.endpoints import ENDPOINTS
from digione.studies import selectors as studies
from digione.web.templatetags.viewed import topics_listed
from tests import cast
from tests.api.oneroster import App
from tests.log import entries
from tests.unit.test_audit_views import alias, log_row, looks, sql
from tests.unit.test_desk_pages import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("owners_log")]


def viewer_of(person: UUID, reader: Actor, act: str) -> dict[str, Any]:
    (found,) = [viewer for viewer in people.views_of(reader, person=person)["viewers"] if viewer["act"] == act]
    return found


def test_topics_stand_in_their_order_and_keys_alone_tell_nothing() -> None:
    fields = [
        "people_contact.value",
        "people_person.id",
        "people_person.given_name",
        "people_person.family_name",
        "x.y",
    ]
    assert seen.topics(fields) == [Topic.NAME, Topic.CONTACT]
    assert seen.written(fields) == "name,contact"
    assert seen.written(["people_person.id"]) is None
    assert seen.read("name,contact,of tomorrow") == [Topic.NAME, Topic.CONTACT]
    assert seen.read(None) == seen.read("") == []


def test_whatever_a_use_case_names_has_a_topic() -> None:
    named = set()
    for path in Path(digione.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "touched":
                words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                named |= {f"{words[0]}.{column}" for column in words[1:]} if words else set()
    for endpoint in ENDPOINTS:
        if endpoint.person:
            assert seen.topics(f"{endpoint.resource.table}.{name}" for name in endpoint.names), endpoint.path
    assert len(named) > 20
    assert [field for field in named if not seen.topics([field])] == []


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_topic_has_its_words(language: str) -> None:
    with translation.override(language):
        words = [topics_listed([topic]) for topic in Topic]
    assert len(set(words)) == len(Topic)
    assert all(words)


def test_a_look_tells_what_the_rule_opened_and_no_more() -> None:
    sql("UPDATE people_person SET mother_tongue = 'fi', nationalities = '{246}' WHERE id = %s", cast.PUPIL)
    studies.person_page(cast.teacher, person=cast.PUPIL)
    studies.person_page(cast.secretary, person=cast.PUPIL)
    by_role = {viewer["role"]: viewer["topics"] for viewer in people.views_of(cast.pupil, person=cast.PUPIL)["viewers"]}
    assert set(by_role["school_secretary"]) - set(by_role["teacher"]) == {Topic.BIRTH_DATE, Topic.MOTHER_TONGUE}
    assert {Topic.NAME, Topic.CONTACT, Topic.SCHOOL} <= set(by_role["teacher"])
    # No page shows it.
    assert Topic.NATIONALITY not in by_role["school_secretary"]


def test_contact_details_that_were_left_out_were_not_seen() -> None:
    sql("UPDATE people_contact SET kind = 'address'")
    studies.person_page(cast.teacher, person=cast.PUPIL)
    studies.person_page(cast.secretary, person=cast.PUPIL)
    by_role = {viewer["role"]: viewer["topics"] for viewer in people.views_of(cast.pupil, person=cast.PUPIL)["viewers"]}
    assert Topic.CONTACT not in by_role["teacher"]
    assert Topic.CONTACT in by_role["school_secretary"]


def test_each_look_tells_its_own_and_the_viewer_all_together() -> None:
    log_row(role="teacher", subject=alias(cast.PUPIL), seen="name,contact")
    log_row(role="teacher", subject=alias(cast.PUPIL), seen="name,school")
    log_row(role="teacher", subject=alias(cast.PUPIL))
    viewer = viewer_of(cast.PUPIL, cast.pupil, "look")
    assert viewer["topics"] == [Topic.NAME, Topic.CONTACT, Topic.SCHOOL]
    assert [look["topics"] for look in viewer["looks"]] == [
        [],
        [Topic.NAME, Topic.SCHOOL],
        [Topic.NAME, Topic.CONTACT],
    ]


def test_a_list_tells_nobody_that_another_one_on_it_is_under_an_order() -> None:
    """The teacher's list of 3 B has somebody whose place is secret: that one alone may read of it."""
    studies.group_page(cast.teacher, group=cast.GROUP_3B)
    [logged] = [row for row in entries() if row["use_case"].endswith("group_page")]
    assert (logged["sensitivity"], "protection" in logged["seen"]) == (3, True)
    classmate = people.views_of(cast.pupil, person=cast.PUPIL)["viewers"]
    assert [(viewer["sensitivity"], Topic.PROTECTION in viewer["topics"]) for viewer in classmate] == [(2, False)]
    assert people.views_of(cast.pupil, person=cast.PUPIL, at_least=3)["viewers"] == []
    protected = Actor("learner", person_id=cast.PROTECTED_PUPIL, persons=(cast.PROTECTED_PUPIL,))
    [viewer] = people.views_of(protected, person=cast.PROTECTED_PUPIL, at_least=3)["viewers"]
    assert Topic.PROTECTION in viewer["topics"]


def test_an_app_is_told_by_name_purpose_and_what_it_was_given() -> None:
    app = App(cast.KUUSNIEMI_OID)
    app.get(f"users/{app.sourced(cast.PUPIL)}")
    viewer = viewer_of(cast.PUPIL, cast.pupil, "fetch")
    assert viewer["name"].startswith("Tuikku Oy")
    assert (viewer["purposes"], viewer["provider"]["fi"]) == (["service"], "Kuusniemi")
    assert viewer["topics"] == [Topic.NAME, Topic.CONTACT, Topic.GUARDIANS, Topic.SCHOOL]


@pytest.mark.parametrize("lane", ["users/{}", "users", "students", "demographics/{}"])
def test_a_narrow_scope_is_told_as_narrow(lane: str) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=(CORE, DEMOGRAPHICS))
    assert app.get(lane.format(app.sourced(cast.PUPIL))).status_code == 200
    topics = viewer_of(cast.PUPIL, cast.pupil, "fetch")["topics"]
    assert Topic.CONTACT not in topics
    assert topics == (
        [Topic.BIRTH_DATE, Topic.SEX] if "demographics" in lane else [Topic.NAME, Topic.GUARDIANS, Topic.SCHOOL]
    )


@pytest.mark.parametrize(
    ("path", "query", "seen_topics", "level"),
    [
        ("users/{}", {"fields": "familyName"}, [Topic.NAME], 1),
        ("users", {"fields": "sourcedId,givenName,email"}, [Topic.NAME, Topic.CONTACT], 2),
        ("users", {"fields": "agents,grades"}, [Topic.GUARDIANS, Topic.SCHOOL], 1),
        # That somebody is known there is told by any row.
        ("users/{}", {"fields": "sourcedId,phone"}, [Topic.PROVIDER], 1),
        # What is compared or sorted by is told as well, whatever is handed out.
        ("users", {"fields": "sourcedId", "filter": "familyName!='Nobody' OR status='active'"}, [Topic.NAME], 1),
        ("users", {"fields": "sourcedId", "sort": "email"}, [Topic.CONTACT], 2),
        ("users", {"fields": "sourcedId", "filter": "roles.role='student'"}, [Topic.SCHOOL], 2),
        ("demographics", {"fields": "sex"}, [Topic.SEX], 2),
        ("enrollments", {"fields": "sourcedId"}, [Topic.GROUPS], 2),
        ("schools/{school}/students", {"fields": "givenName"}, [Topic.NAME, Topic.SCHOOL], 2),
        ("classes/{group}/students", {"fields": "givenName"}, [Topic.NAME, Topic.GROUPS], 2),
        (
            "classes/{group}/students",
            {},
            [Topic.NAME, Topic.CONTACT, Topic.GUARDIANS, Topic.SCHOOL, Topic.GROUPS],
            2,
        ),
    ],
)
def test_what_an_app_left_out_by_fields_was_not_seen(
    path: str, query: dict[str, str], seen_topics: list[Topic], level: int
) -> None:
    app = App(cast.KUUSNIEMI_OID)
    answer = app.get(path.format(app.sourced(cast.PUPIL), school=cast.RANTAPUISTO, group=cast.GROUP_3B), query)
    assert answer.status_code == 200, answer.content
    assert viewer_of(cast.PUPIL, cast.pupil, "fetch")["topics"] == seen_topics
    [row] = [row for row in entries() if row["event"] == "roster.read" or "demographics" in row["event"]]
    assert row["sensitivity"] == level


def test_an_export_is_told_as_one_with_all_that_is_in_its_files() -> None:
    export_roster(cast.platform.at(cast.KUUSNIEMI), write=lambda _name, _columns, rows: len(list(rows)))
    viewer = viewer_of(cast.PUPIL, cast.pupil, "export")
    assert (viewer["events"], viewer["in_bulk"]) == (["roster.exported"], True)
    assert set(viewer["topics"]) == {
        Topic.NAME, Topic.BIRTH_DATE, Topic.SEX, Topic.IDENTIFIER, Topic.CONTACT, Topic.GUARDIANS, Topic.SCHOOL,
        Topic.GROUPS, Topic.WORK,
    }  # fmt: skip


def test_what_was_refused_is_no_look() -> None:
    with pytest.raises(NotFoundError):
        studies.person_page(cast.outsider, person=cast.PUPIL)
    # Also where a refusal named its person, or the scope of a bulk read.
    log_row(role="teacher", outcome="denied", subject=alias(cast.PUPIL))
    log_row(role="teacher", outcome="denied", subjects=[alias(cast.PUPIL), alias(cast.TEACHER)])
    log_row(provider_id=cast.KUUSNIEMI, outcome="denied", scope=json.dumps({"by": "row", "disclosed": True}))
    assert looks(people.views_of(cast.pupil, person=cast.PUPIL)) == []
    assert {row["seen"] for row in entries("e.outcome = 'denied'")} == {None}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fi",
            ("Kukaan muu ei ole nähnyt tietojasi.", "Viety tiedostoon", "Viety: nimi ja yhteystiedot.", "Estettyjä"),
        ),
        ("sv", ("Exporterat till en fil", "Exporterat: namn och kontaktuppgifter.", "Försök som DigiOne hindrade")),
        ("en", ("Nobody else has seen your data.", "Exported to a file", "Exported: name and contact details.")),
    ],
)
def test_the_page_counts_an_export_as_no_viewer(language: str, said: tuple[str, ...], client: Client) -> None:
    log_row(role="administrator", event="roster.exported", subject=alias(cast.PUPIL), seen="name,contact")
    signed_in(client, cast.PUPIL)
    client.cookies["django_language"] = language
    page = client.get("/viewed").content.decode()
    assert [words for words in said if words not in page] == []


def test_the_page_tells_of_looks_apps_exports_and_changes_each_in_its_place(client: Client) -> None:
    app = App(cast.KUUSNIEMI_OID)
    mine = alias(cast.PUPIL)
    log_row(role="teacher", rule="teacher-of", event="person.read", subject=mine, seen="name,contact")
    log_row(app_id=app.made.app_id, subject=mine, seen="name")
    log_row(role="administrator", event="roster.exported", subject=mine)
    log_row(role="school_secretary", event="duplicate.decided", subject=mine, seen="duplicate")
    signed_in(client, cast.PUPIL)
    client.cookies["django_language"] = "en"
    page = client.get("/viewed").content.decode()
    assert "Two viewers have seen your data." in page
    places = [page.index(words) for words in (
        "Seen: name and contact details.", "Apps that have fetched details", "a service that the school uses.",
        "Fetched: name.", "Exported to a file", "What was changed", "Concerns: whether two records",
    )]  # fmt: skip
    assert places == sorted(places)
    # Of a row from before topics were noted the page knows how sensitive it was.
    assert "Names and other ordinary details." in page
