"""Learners without a home group are placed by the office: who may, what it writes, what a source keeps, and the undoing."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client

from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor, set_reach
from digione.people import selectors as people
from digione.studies import selectors as studies
from digione.studies import services
from tests import cast
from tests.cast import insert
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_import_people import template

pytestmark = pytest.mark.django_db
NEWCOMER, LATER = (UUID(f"01900000-0000-7000-8000-0000000008{n:02}") for n in (1, 2))
SECTION = UUID("01900000-0000-7000-8000-000000000811")
NAMES = {NEWCOMER: ("Saimi", "Kuusivaara"), LATER: ("Veera", "Ylitalo")}
NOW = datetime(2026, 11, 24, 9, tzinfo=clock.FINLAND)
LANGUAGES = ("fi", "sv", "en")


def ask(sql: str, *parameters: Any, actor: Actor = cast.administrator) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture(autouse=True)
def newcomers() -> Any:
    """Two learners at the school in Kuusniemi who belong to no group."""
    with clock.fixed(NOW):
        set_reach(cast.administrator)
        for number, (person, (given, family)) in enumerate(NAMES.items()):
            add_learner(number, person, given, family)
        yield


def add_learner(number: int, person: UUID, given: str, family: str) -> None:
    mine = {"provider_id": cast.KUUSNIEMI, "sys_from": "2026-11-16 09:00+02"}
    ids = [UUID(f"01900000-0000-7000-8000-0000000082{number}{n}") for n in range(2)]
    insert(
        "people_providerperson",
        [{"id": ids[0], **mine, "person_id": person, "basis": "learner", "valid_from": "2026-11-16"}],
    )
    cast.PEOPLE[person] = (given, family)
    try:
        insert("people_person", [cast._person(person)])
    finally:
        del cast.PEOPLE[person]
    insert(
        "studies_schoolenrolment",
        [
            {
                "id": ids[1],
                **mine,
                "person_id": person,
                "school_id": cast.RANTAPUISTO,
                "grade": "3",
                "valid_from": "2026-11-16",
            }
        ],
    )


def keep_by_source(person: UUID, source: str, *, row_hash: bytes | None = b"x") -> None:
    """Let a source tell a teaching group of the learner, but no home group."""
    set_reach(cast.administrator)
    mine = {"provider_id": cast.KUUSNIEMI}
    place = {"school_id": cast.RANTAPUISTO, "valid_from": cast.START}
    insert("studies_group", [{"id": SECTION, **mine, **place, "kind": "class_section", "code": "MA3"}])
    enrolment = UUID("01900000-0000-7000-8000-000000000812")
    insert(
        "studies_enrolment",
        [{"id": enrolment, **mine, **place, "group_id": SECTION, "person_id": person, "role": "student"}],
    )
    key = {**mine, "source": source, "kind": "enrolment", "key": "e1", "target_id": enrolment, "masters": True}
    insert("core_sourcekey", [{**key, "row_hash": row_hash, "run_id": SECTION}])


def groups_of(person: UUID) -> list[tuple[Any, ...]]:
    return ask(
        "SELECT group_id, role, is_primary, valid_from, valid_to FROM studies_enrolment WHERE person_id = %s ORDER BY valid_from",
        person,
    )


def told(kind: str) -> list[tuple[Any, ...]]:
    return ask("SELECT subject, data ->> 'group' FROM core_outbox WHERE type = %s", kind)


def waiting(actor: Actor = cast.secretary) -> list[UUID]:
    return [row["id"] for row in studies.placement_queue(actor)["waiting"]]


@pytest.mark.parametrize("who", [cast.secretary, cast.principal], ids=lambda actor: actor.role)
def test_the_office_places_a_learner_from_today_on_until_the_group_ends(who: Actor) -> None:
    ask("UPDATE studies_group SET valid_to = '2027-07-31' WHERE id = %s RETURNING 1", cast.GROUP_3B)
    assert waiting(who) == [NEWCOMER, LATER]
    page = studies.placement_page(who, learner=NEWCOMER)
    assert [group["code"] for group in page["fitting"]] == ["3 B"]
    assert [group["code"] for group in page["others"]] == ["4 A"]
    assert (page["next"], page["total"], page["placed"], page["source"]) == (LATER, 2, None, None)
    made = services.place_learner(who, learner=NEWCOMER, group=cast.GROUP_3B)
    assert made.reasons == ()
    assert made.following == LATER
    today, last = NOW.date(), date(2027, 7, 31)
    assert groups_of(NEWCOMER) == [(cast.GROUP_3B, "student", True, today, last)]
    assert told("studies.learner_placed") == [(NEWCOMER, str(cast.GROUP_3B))]
    assert ask("SELECT source, target_id, masters FROM core_sourcekey WHERE kind = 'enrolment'") == [
        ("digione", made.placement, True)
    ]
    after = studies.placement_queue(who)
    assert [row["id"] for row in after["waiting"]] == [LATER]
    assert [row["id"] for row in after["made"]] == [made.placement]
    assert studies.placement_page(who, learner=NEWCOMER)["placed"]["code"] == "3 B"
    # Who teaches the group sees the learner at once.
    assert studies.person_page(cast.teacher, person=NEWCOMER)["person"]["id"] == NEWCOMER
    # Behind the last one comes nobody.
    assert services.place_learner(who, learner=LATER, group=cast.GROUP_3B).following is None
    assert waiting(who) == []


def test_the_person_concerned_reads_who_placed_them_and_why() -> None:
    services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B)
    page = people.views_of(cast.actor(NEWCOMER, "learner", None), person=NEWCOMER)  # type: ignore[arg-type]
    (change,) = [viewer for viewer in page["viewers"] if viewer["act"] == "change"]
    assert (change["name"], change["events"]) == ("Tuula Mäntykoski", ["placement.made"])
    assert {str(topic) for topic in change["topics"]} == {"name", "school", "groups"}
    assert {rule["en"] for rule in change["rules"]} == {
        "The principal and the school secretary place a learner of their school in a home group.",
        "The principal and the school secretary place learners in the groups of their school.",
    }


@pytest.mark.parametrize(
    "stranger",
    [cast.teacher, cast.guardian, cast.pupil, cast.administrator, cast.outsider],
    ids=["teacher", "guardian", "learner", "administrator", "teacher elsewhere"],
)
def test_nobody_else_places_or_undoes(stranger: Actor) -> None:
    made = services.place_learner(cast.secretary, learner=LATER, group=cast.GROUP_3B).placement
    assert made is not None
    for tried in (
        lambda: studies.placement_queue(stranger),
        lambda: studies.placement_page(stranger, learner=NEWCOMER),
        lambda: services.place_learner(stranger, learner=NEWCOMER, group=cast.GROUP_3B),
        lambda: services.undo_placement(stranger, placement=made),
    ):
        with pytest.raises((DeniedError, NotFoundError)):
            tried()
    assert groups_of(NEWCOMER) == []
    assert [row[0] for row in groups_of(LATER)] == [cast.GROUP_3B]


def test_another_schools_learners_and_groups_do_not_exist_for_the_office() -> None:
    for learner, group in (
        (cast.VALKAMO_PUPIL, cast.GROUP_3B),
        (NEWCOMER, cast.GROUP_8C),
        (NEWCOMER, SECTION),
        (cast.TEACHER, cast.GROUP_3B),
        (cast.GUARDIAN, cast.GROUP_3B),
    ):
        with pytest.raises(NotFoundError):
            services.place_learner(cast.secretary, learner=learner, group=group)
    for person in (cast.VALKAMO_PUPIL, cast.TEACHER, cast.GUARDIAN):
        with pytest.raises(NotFoundError):
            studies.placement_page(cast.secretary, learner=person)
    for ident in (SECTION, ask("SELECT id FROM studies_enrolment WHERE person_id = %s", cast.PUPIL)[0][0]):
        with pytest.raises(NotFoundError):
            services.undo_placement(cast.secretary, placement=ident)
    assert groups_of(NEWCOMER) == []
    assert len(groups_of(cast.PUPIL)) == 1


def test_what_a_source_keeps_is_not_written_and_the_source_is_named() -> None:
    keep_by_source(NEWCOMER, "wilma-export")
    assert {row["id"]: row["source"] for row in studies.placement_queue(cast.secretary)["waiting"]} == {
        NEWCOMER: "wilma-export",
        LATER: None,
    }
    assert studies.placement_page(cast.secretary, learner=NEWCOMER)["source"] == "wilma-export"
    before = groups_of(NEWCOMER)
    refused = services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B)
    assert (refused.placement, refused.reasons) == (None, ("kept_by_source",))
    assert groups_of(NEWCOMER) == before
    assert told("studies.learner_placed") == []


def test_a_source_that_has_dropped_the_learners_groups_keeps_them_no_more() -> None:
    keep_by_source(NEWCOMER, "wilma-export", row_hash=None)
    assert studies.placement_page(cast.secretary, learner=NEWCOMER)["source"] is None
    assert services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B).reasons == ()


def test_a_learner_is_placed_once_and_in_a_home_group_that_goes_on() -> None:
    set_reach(cast.administrator)
    mine = {"provider_id": cast.KUUSNIEMI, "school_id": cast.RANTAPUISTO}
    insert("studies_group", [{"id": SECTION, **mine, "kind": "class_section", "code": "MA3", "valid_from": cast.START}])
    over = UUID("01900000-0000-7000-8000-000000000813")
    ended = {"valid_from": cast.START, "valid_to": NOW.date() - timedelta(days=1)}
    insert("studies_group", [{"id": over, **mine, "kind": "home_group", "code": "9 Z", **ended}])
    for group in (SECTION, over):
        assert services.place_learner(cast.secretary, learner=NEWCOMER, group=group).reasons == ("no_home_group",)
    services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B)
    again = services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_4A)
    assert again.reasons == ("placed_already",)
    assert [row[0] for row in groups_of(NEWCOMER)] == [cast.GROUP_3B]


def test_what_was_placed_today_is_undone_and_only_history_knows_it() -> None:
    made = services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B).placement
    assert made is not None
    # Each request is a transaction of its own; here all are one, in which nothing has a past.
    ask("UPDATE studies_enrolment SET sys_from = '2026-11-24 08:00+02' WHERE id = %s RETURNING 1", made)
    assert services.undo_placement(cast.principal, placement=made) == NEWCOMER
    assert groups_of(NEWCOMER) == []
    assert waiting() == [NEWCOMER, LATER]
    assert ask("SELECT 1 FROM core_sourcekey WHERE target_id = %s", made) == []
    assert told("studies.placement_undone") == [(NEWCOMER, str(cast.GROUP_3B))]
    with pytest.raises(NotFoundError):
        services.undo_placement(cast.principal, placement=made)


def test_what_was_placed_earlier_ends_with_yesterday() -> None:
    made = services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B).placement
    assert made is not None
    with clock.fixed(NOW + timedelta(days=3)):
        services.undo_placement(cast.secretary, placement=made)
        assert groups_of(NEWCOMER) == [
            (cast.GROUP_3B, "student", True, NOW.date(), NOW.date() + timedelta(days=2)),
        ]
        assert waiting() == [NEWCOMER, LATER]
        assert studies.placement_queue(cast.secretary)["made"] == []
        with pytest.raises(NotFoundError):
            services.undo_placement(cast.secretary, placement=made)
        assert services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_4A).reasons == ()


def test_a_later_import_does_not_put_the_learner_into_a_second_group(tmp_path: Path) -> None:
    """The desk's place is DigiOne's own: what an import says otherwise is held back, until the placement is undone."""

    def bring(group: str) -> Any:
        return template(tmp_path, ";group;grade", f"uusi-1;;Elli;Rauhamaa;{group};3", "uusi-2;;Ilo;Rauhamaa;3 B;3")

    bring("")
    ((elli,),) = ask("SELECT id FROM people_person WHERE given_name = 'Elli'")
    made = services.place_learner(cast.secretary, learner=elli, group=cast.GROUP_3B)
    assert made.reasons == ()
    other = bring("5X")
    assert (other.status, other.held_back) == ("done", 1)
    assert [(one.code, one.line, one.field) for one in other.problems.found if one.code.startswith("held-back")] == [
        ("held-back", 2, "group")
    ]
    assert [row[0] for row in groups_of(elli)] == [cast.GROUP_3B]
    assert made.placement is not None
    services.undo_placement(cast.secretary, placement=made.placement)
    assert groups_of(elli) == []
    assert bring("5X").held_back == 0
    assert ask(
        "SELECT g.code FROM studies_enrolment e JOIN studies_group g ON g.id = e.group_id WHERE e.person_id = %s", elli
    ) == [("5X",)]


def page_of(client: Client, address: str, language: str) -> str:
    client.cookies["django_language"] = language
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(
    ("language", "asked", "empty"),
    [
        ("fi", "Mihin kotiryhmään Saimi Kuusivaara tulee?", "Jokaisella oppijalla on kotiryhmä."),
        ("sv", "Vilken hemgrupp kommer Saimi Kuusivaara till?", "Varje elev har en hemgrupp."),
        ("en", "Which home group does Saimi Kuusivaara come to?", "Every learner has a home group."),
    ],
)
def test_the_secretary_goes_through_the_queue_to_its_end(client: Client, language: str, asked: str, empty: str) -> None:
    signed_in(client, cast.SECRETARY)
    assert f'href="/placements/{NEWCOMER}"' in page_of(client, "/", language)
    assert f'href="/placements/{LATER}"' in page_of(client, "/placements", language)
    assert asked in page_of(client, f"/placements/{NEWCOMER}", language)
    # An answer without a choice writes nothing and says so.
    nothing = client.post(f"/placements/{NEWCOMER}/place", {"group": "x"})
    assert (nothing.status_code, 'role="alert"' in nothing.content.decode()) == (400, True)
    first = client.post(f"/placements/{NEWCOMER}/place", {"group": cast.GROUP_3B})
    assert first["Location"].startswith(f"/placements/{LATER}?after=")
    shown = page_of(client, first["Location"], language)
    assert "Saimi Kuusivaara" in shown.partition('role="status"')[2]
    second = client.post(f"/placements/{LATER}/place", {"group": cast.GROUP_4A})
    assert second["Location"].startswith("/placements?after=")
    done = page_of(client, second["Location"], language)
    assert empty in done
    # A second secretary who comes late is told where the learner is.
    late = client.post(f"/placements/{NEWCOMER}/place", {"group": cast.GROUP_4A})
    assert (late.status_code, "3 B" in late.content.decode()) == (409, True)
    back = client.post(f"/placements/{second['Location'].partition('=')[2]}/undo")
    assert back["Location"] == f"/placements/{LATER}"
    assert page_of(client, "/placements", language).count(f'href="/placements/{LATER}"') == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_the_source_that_keeps_the_groups_and_offers_no_form(client: Client, language: str) -> None:
    keep_by_source(NEWCOMER, "wilma-export")
    signed_in(client, cast.SECRETARY)
    page = page_of(client, f"/placements/{NEWCOMER}", language)
    assert page.count("wilma-export") >= 2
    assert "/place" not in page.replace("/placements", "")
    assert "wilma-export" in page_of(client, "/placements", language)
    refused = client.post(f"/placements/{NEWCOMER}/place", {"group": cast.GROUP_3B})
    assert refused.status_code == 409


def test_the_pages_are_closed_to_others(client: Client) -> None:
    signed_in(client, cast.TEACHER)
    assert client.get("/placements").status_code == 403
    assert client.get(f"/placements/{NEWCOMER}").status_code == 404
    assert client.post(f"/placements/{NEWCOMER}/place", {"group": cast.GROUP_3B}).status_code == 404
    assert groups_of(NEWCOMER) == []


def test_a_placement_ends_with_the_learners_time_at_the_school_and_so_does_the_teachers_sight(tmp_path: Path) -> None:
    """No source ends what the desk has written, so it would go on until the group does."""

    def bring(*rows: str) -> Any:
        return template(tmp_path, ";group;grade", *rows)

    elli, ilo = "uusi-1;;Elli;Rauhamaa;;3", "uusi-2;;Ilo;Rauhamaa;;3"
    bring(elli, ilo)
    found = dict(ask("SELECT given_name, id FROM people_person WHERE family_name = 'Rauhamaa'"))
    for learner in found.values():
        assert services.place_learner(cast.secretary, learner=learner, group=cast.GROUP_3B).reasons == ()
    with clock.fixed(NOW + timedelta(days=3)):
        assert studies.person_page(cast.teacher, person=found["Elli"])["person"]["id"] == found["Elli"]
        bring(ilo)
        assert [row[4] for row in groups_of(found["Elli"])] == [NOW.date() + timedelta(days=2)]
        assert [row[4] for row in groups_of(found["Ilo"])] == [None]
        with pytest.raises((DeniedError, NotFoundError)):
            studies.person_page(cast.teacher, person=found["Elli"])


def test_what_was_undone_later_than_it_was_placed_holds_no_import_back(tmp_path: Path) -> None:
    def bring(group: str) -> Any:
        return template(tmp_path, ";group;grade", f"uusi-1;;Elli;Rauhamaa;{group};3")

    bring("")
    ((elli,),) = ask("SELECT id FROM people_person WHERE given_name = 'Elli'")
    made = services.place_learner(cast.secretary, learner=elli, group=cast.GROUP_3B).placement
    assert made is not None
    with clock.fixed(NOW + timedelta(days=3)):
        services.undo_placement(cast.secretary, placement=made)
        assert bring("5X").held_back == 0
        assert len(groups_of(elli)) == 2


def test_a_placement_can_be_undone_for_as_long_as_it_stands(client: Client) -> None:
    made = services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B).placement
    with clock.fixed(NOW + timedelta(days=30)):
        assert studies.placement_queue(cast.secretary)["made"] == []
        page = studies.placement_page(cast.secretary, learner=NEWCOMER)
        assert [row["id"] for row in page["made"]] == [made]
        assert studies.placement_page(cast.secretary, learner=LATER)["made"] == []
        signed_in(client, cast.SECRETARY)
        assert f'href="/placements/{NEWCOMER}"' in page_of(client, f"/people/{NEWCOMER}", "fi")
        assert f"/placements/{made}/undo" in page_of(client, f"/placements/{NEWCOMER}", "fi")


def test_a_placement_lasts_no_longer_than_the_learner_is_at_the_school() -> None:
    ask("UPDATE studies_group SET valid_to = '2027-07-31' WHERE id = %s RETURNING 1", cast.GROUP_3B)
    ask("UPDATE studies_schoolenrolment SET valid_to = '2026-12-22' WHERE person_id = %s RETURNING 1", NEWCOMER)
    services.place_learner(cast.secretary, learner=NEWCOMER, group=cast.GROUP_3B)
    assert [row[4] for row in groups_of(NEWCOMER)] == [date(2026, 12, 22)]
