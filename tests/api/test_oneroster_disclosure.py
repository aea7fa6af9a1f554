"""What an app is not told: of people with non-disclosure, of those who have left, of guardians who are barred."""

import json
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from digione.access.roles import Role
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.people.selectors import views_of
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import ALL, rows

pytestmark = pytest.mark.django_db


def run(sql: str, *parameters: object, provider: Actor = cast.administrator) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(provider)
        cursor.execute(sql, list(parameters))
        assert cursor.rowcount > 0


def test_one_agreement_does_not_open_protected_people_for_the_scopes_of_another() -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=(ROSTER, DEMOGRAPHICS))
    run("UPDATE access_taking SET non_disclosure_included = true, scopes = %s", [ROSTER])
    assert len(app.ids("users")) == 10
    run(
        "INSERT INTO access_taking (id, provider_id, app_id, scopes, valid_from)"
        " SELECT gen_random_uuid(), provider_id, app_id, %s, valid_from - 1 FROM access_taking",
        [DEMOGRAPHICS],
    )
    protected = app.sourced(cast.PROTECTED_PUPIL)
    assert protected not in app.ids("demographics")
    assert app.get(f"demographics/{protected}").status_code == 404
    assert len(app.ids("demographics")) == 9


@pytest.mark.parametrize("by_agreement", [False, True])
def test_both_interfaces_tell_the_same_of_where_protected_people_are(by_agreement: bool) -> None:
    """Decision 14: an agreement opens the person with schools and groups, and never an address or a municipality."""
    app = App(cast.KUUSNIEMI_OID, scopes=(ROSTER, DEMOGRAPHICS, *ALL))
    run("UPDATE people_person SET non_disclosure = true WHERE id = %s", cast.TEACHER)
    for person, kind in product((cast.PROTECTED_PUPIL, cast.TEACHER), ("email", "phone", "address")):
        run(
            "INSERT INTO people_contact (id, provider_id, person_id, kind, value, sources, valid_from)"
            " VALUES (gen_random_uuid(), %s, %s, %s, 'secret-place', '{}', %s)",
            cast.KUUSNIEMI, person, kind, cast.START,
        )  # fmt: skip
        run("UPDATE people_person SET home_municipality = '987' WHERE id = %s", person)
    if by_agreement:
        run("UPDATE access_taking SET non_disclosure_included = true")
    protected = {app.sourced(person) for person in (cast.PROTECTED_PUPIL, cast.TEACHER)}
    users = {row["sourcedId"]: row for row in app.get("users", {"limit": 1000}).json()["users"]}
    persons = {row["id"]: row for row in rows(app, "persons")}
    assert users.keys() == persons.keys()
    assert protected <= users.keys() if by_agreement else not protected & users.keys()
    groups = {
        (row["user"]["sourcedId"], row["class"]["sourcedId"])
        for row in app.get("enrollments", {"limit": 1000}).json()["enrollments"]
    }
    assert groups == {(row["person_id"], row["group_id"]) for row in rows(app, "enrolments")}
    schools = {
        (ident, role["org"]["sourcedId"])
        for ident, user in users.items()
        for role in user["roles"]
        if role["role"] in ("student", "teacher")
    }
    places = {(row["person_id"], row["school_id"]) for row in rows(app, "school_enrolments")}
    places |= {
        (row["person_id"], row["organisation_id"]) for row in rows(app, "staff_assignments") if "teacher" in row["role"]
    }
    assert schools == places
    for found in (groups, schools):
        assert {ident for ident, _ in found} & protected == (protected if by_agreement else set())
    told = json.dumps([*(users.get(ident) for ident in protected), *(persons.get(ident) for ident in protected)])
    assert "secret-place" not in told
    assert "987" not in told


def test_of_somebody_who_left_an_app_learns_nothing_new() -> None:
    app = App(cast.KUUSNIEMI_OID)
    pupil = app.sourced(cast.PUPIL)
    before = app.get(f"users/{pupil}").json()["user"]
    assert before["givenName"] == "Aino"
    run(
        "UPDATE people_providerperson SET valid_to = %s WHERE person_id = %s",
        clock.today() - timedelta(days=1),
        cast.PUPIL,
    )
    run("UPDATE people_person SET given_name = 'Uusi', family_name = 'Nimi', sex = '2' WHERE id = %s", cast.PUPIL)
    gone = app.get(f"users/{pupil}").json()["user"]
    assert (gone["status"], gone["enabledUser"], gone["givenName"], gone["familyName"]) == (
        "tobedeleted",
        "false",
        "",
        "",
    )
    assert not {"email", "agents", "grades"} & gone.keys()
    assert gone["dateLastModified"] > before["dateLastModified"]
    demographics = app.get(f"demographics/{pupil}").json()["demographics"]
    assert demographics.keys() == {"sourcedId", "status", "dateLastModified"}
    for query in ("givenName='Uusi'", "familyName='Nimi'", "email='aino@example.invalid'"):
        assert app.ids("users", filter=query) == []
    for query in ("birthDate='2017-03-14'", "sex='female'"):
        assert pupil not in app.ids("demographics", filter=query)


def test_a_guardian_whom_another_municipality_bars_is_named_by_none() -> None:
    app = App(cast.KUUSNIEMI_OID)
    pupil, guardian = app.sourced(cast.PUPIL), app.sourced(cast.GUARDIAN)
    assert [agent["sourcedId"] for agent in app.get(f"users/{pupil}").json()["user"]["agents"]] == [guardian]
    run(
        "INSERT INTO people_guardianship (id, provider_id, guardian_id, child_id, kind, limits, valid_from, source)"
        " VALUES (gen_random_uuid(), %s, %s, %s, 'custodian', '{no_information}', %s, 'test')",
        cast.VALKAMO,
        cast.GUARDIAN,
        cast.PUPIL,
        cast.START,
        provider=Actor(str(Role.ADMINISTRATOR), provider_id=cast.VALKAMO),
    )
    assert "agents" not in app.get(f"users/{pupil}").json()["user"]
    assert app.ids("users", filter=f"agents.sourcedId='{guardian}'") == []


@pytest.mark.parametrize("change", ["guardianship", "contact"])
def test_a_change_of_guardians_or_address_is_seen_by_a_client_that_asks_for_changes(change: str) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=(ROSTER, CORE))
    pupil = app.sourced(cast.PUPIL)
    run("UPDATE people_person SET sys_from = sys_from WHERE id = %s", cast.PUPIL)
    if change == "guardianship":
        run(
            "UPDATE people_guardianship SET valid_to = %s WHERE child_id = %s",
            clock.today() - timedelta(days=1),
            cast.PUPIL,
        )
        rows = "people_guardianship WHERE child_id"
    else:
        run("UPDATE people_contact SET value = 'a@example.invalid' WHERE person_id = %s", cast.PUPIL)
        rows = "people_contact WHERE person_id"
    with connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute(
            f"UPDATE {rows} = %s RETURNING sys_from".replace(" WHERE", " SET provider_id = provider_id WHERE"),
            [cast.PUPIL],
        )
        moment = cursor.fetchone()[0]
    before = (moment - timedelta(milliseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert pupil in app.ids("users", filter=f"dateLastModified>'{before}'")


@pytest.mark.parametrize("lane", ["hot", "ordinary", "enrolments"])
def test_whoever_is_read_in_bulk_is_told(lane: str) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=(ROSTER,))
    people = [uuid4() for _ in range(NAMED_SUBJECTS + 1)]
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute(
            "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from)"
            " SELECT gen_random_uuid(), %s, id, 'learner', %s FROM unnest(%s::uuid[]) AS id",
            [cast.KUUSNIEMI, cast.START, people],
        )
        cursor.execute(
            "INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key)"
            " SELECT id, 'Otso', 'Otso', 'Suvanto', 'suvanto', 'suvanto otso' FROM unnest(%s::uuid[]) AS id",
            [people],
        )
        cursor.execute(
            "INSERT INTO studies_enrolment (id, provider_id, group_id, school_id, person_id, role, valid_from)"
            " SELECT gen_random_uuid(), %s, %s, %s, id, 'student', %s FROM unnest(%s::uuid[]) AS id",
            [cast.KUUSNIEMI, cast.GROUP_4A, cast.RANTAPUISTO, cast.START, people],
        )
    if lane == "hot":
        with connection.cursor() as cursor:
            cursor.execute("SELECT held FROM oneroster_page(%s, 1000, 0, 1000)", [app.checksum])
            assert cursor.fetchone()[0] > NAMED_SUBJECTS
    else:
        assert len(app.ids("users" if lane == "ordinary" else "enrollments", limit="1000")) > NAMED_SUBJECTS

    def viewers(person: UUID) -> list[str]:
        page = views_of(cast.actor(person, Role.LEARNER, None), person=person)
        return [viewer["name"] for viewer in page["viewers"] if viewer["is_app"]]

    assert viewers(people[0]) == viewers(cast.PUPIL) == [app.name]
    # Of another municipality, or left out since protected: not among them.
    assert viewers(cast.VALKAMO_PUPIL) == viewers(cast.PROTECTED_PUPIL) == []
