"""Who has viewed tells of an app's read what the app could have got of that very person: protected, gone, or neither."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from digione.access.roles import Role
from digione.audit import seen, sensitivity
from digione.audit.seen import Topic
from digione.core import clock
from digione.people import selectors as people
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from digione.rest.oneroster.people import DEMOGRAPHICS as DEMOGRAPHICS_ROWS
from digione.rest.oneroster.people import USERS
from tests import cast
from tests.api.oneroster import App
from tests.api.v1 import ALL, crowd, rows
from tests.log import as_owner, entries
from tests.unit.test_audit_views import sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("owners_log")]
#: Each lane by which users are read together, and what the log says of them all.
LANES = ("one", "page", "hot page", "class", "hot class", "bulk", "hot bulk", "enrolments", "demographics")


def fetched(person: UUID, at_least: int = 1) -> list[tuple[list[Topic], int]]:
    page = people.views_of(cast.actor(person, Role.LEARNER, None), person=person, at_least=at_least)
    return [(viewer["topics"], viewer["sensitivity"]) for viewer in page["viewers"] if viewer["act"] == "fetch"]


def long_ago(table: str, column: str, hours: int = 2) -> None:
    """Let what was changed a moment ago have been changed `hours` ago, as far as `table` and its history tell."""
    as_owner(f"ALTER TABLE {table} DISABLE TRIGGER stamp")
    as_owner(f"UPDATE {table}_history SET sys_to = now() - interval '{hours} hours'")
    moment = f"now() - interval '{hours} hours'"
    as_owner(f"UPDATE {table} SET sys_from = {moment} WHERE {column} = {{who}}", who=cast.PUPIL)


def protect(person: UUID) -> None:
    sql("UPDATE people_person SET non_disclosure = true WHERE id = %s", person)


def leave(person: UUID) -> None:
    sql(
        "UPDATE people_providerperson SET valid_to = %s WHERE person_id = %s",
        clock.today() - timedelta(days=3),
        person,
    )


def open_protected() -> None:
    sql("UPDATE access_taking SET non_disclosure_included = true")


def read(app: App, lane: str) -> Any:
    """Read users by a lane, so that those of `cast` are among them."""
    if "bulk" in lane:
        crowd(NAMED_SUBJECTS)
    asked = {
        "one": ("users/{}", {}),
        "page": ("users", {}),
        "bulk": ("users", {"limit": 1000}),
        "class": (f"classes/{cast.GROUP_3B}/students", {}),
        "enrolments": ("enrollments", {}),
        "demographics": ("demographics", {}),
    }
    functions = {
        "hot page": ("oneroster_page(%s, 100, 0, 100)", []),
        "hot bulk": ("oneroster_page(%s, 1000, 0, 1000)", []),
        "hot class": ("oneroster_within(%s, 'getStudentsForClass', %s, 100, 0)", [cast.GROUP_3B]),
    }
    if lane in asked:
        path, query = asked[lane]
        answer = app.get(path.format(app.sourced(cast.PUPIL)), query)
        assert answer.status_code == 200
        return answer.json()
    call, values = functions[lane]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT body FROM {call}", [app.checksum, *values])
        return json.loads(f"[{cursor.fetchone()[0]}]".replace("\\u0001", ""), strict=False)


@pytest.mark.parametrize("lane", LANES)
def test_a_protected_person_reads_of_no_contact_details(lane: str) -> None:
    app = App(cast.KUUSNIEMI_OID)
    open_protected()
    sql("UPDATE people_contact SET kind = 'email', value = 'iida@example.invalid'")
    protect(cast.PUPIL)
    long_ago("people_person", "id")
    answer = read(app, lane)
    # What the page tells is what went out.
    mine = [row for row in _objects(answer) if row.get("sourcedId") == app.sourced(cast.PUPIL)]
    assert not any("email" in row for row in mine)
    [(topics, level)] = fetched(cast.PUPIL)
    assert not {Topic.CONTACT, Topic.MUNICIPALITY} & set(topics)
    [row] = [row for row in entries() if row["app_id"] == app.made.app_id]
    assert topics == [one for one in seen.read(row["seen"]) if one not in seen.OF_PROTECTED]
    assert level <= row["sensitivity"]


def _objects(answer: Any) -> list[dict[str, Any]]:
    parts = answer.values() if isinstance(answer, dict) else [answer]
    found = [row for part in parts for row in (part if isinstance(part, list) else [part])]
    return [row for row in found if isinstance(row, dict)]


@pytest.mark.parametrize("lane", [lane for lane in LANES if lane != "hot class"])
def test_of_somebody_who_left_no_more_is_told_than_went_out(lane: str) -> None:
    app = App(cast.KUUSNIEMI_OID)
    leave(cast.PUPIL)
    long_ago("people_providerperson", "person_id")
    answer = read(app, lane)
    [(topics, _)] = fetched(cast.PUPIL)
    assert not set(seen.OF_GONE) & set(topics)
    mine = [row for row in _objects(answer) if row.get("sourcedId") == app.sourced(cast.PUPIL)]
    if lane != "enrolments":
        [row] = mine
        assert row["status"] == "tobedeleted"
        known = USERS if "roles" in row else DEMOGRAPHICS_ROWS
        told = {name for name in known.guarded if row.get(name)}
        assert topics == (seen.topics(known.told(contact=True, selected=told)) + _place_of(lane))
    else:
        assert topics == [Topic.GROUPS]


def _place_of(lane: str) -> list[Topic]:
    return [Topic.GROUPS] if lane == "class" else []


def test_one_list_tells_each_by_what_went_out_of_that_one() -> None:
    app = App(cast.KUUSNIEMI_OID)
    open_protected()
    assert cast.PROTECTED_PUPIL  # Protected since the first version there is: no earlier one, and no doubt.
    read(app, "page")
    [(of_protected, _)], [(of_other, _)] = fetched(cast.PROTECTED_PUPIL), fetched(cast.PUPIL)
    assert set(of_other) - set(of_protected) == {Topic.CONTACT}


def test_a_level_is_that_of_what_is_left() -> None:
    app = App(cast.KUUSNIEMI_OID)
    open_protected()
    app.get("users", {"fields": "givenName,email"})
    assert fetched(cast.PUPIL) == [([Topic.NAME, Topic.CONTACT], 2)]
    assert fetched(cast.PROTECTED_PUPIL) == [([Topic.NAME], 1)]
    assert fetched(cast.PROTECTED_PUPIL, at_least=2) == []
    assert fetched(cast.PUPIL, at_least=2) != []


def test_where_nothing_else_went_out_it_was_that_the_person_is_known_there() -> None:
    app = App(cast.KUUSNIEMI_OID)
    open_protected()
    app.get("users", {"fields": "email"})
    assert fetched(cast.PROTECTED_PUPIL) == [([Topic.PROVIDER], 1)]


def test_a_municipality_that_was_withheld_was_not_seen() -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    open_protected()
    protected = app.sourced(cast.PROTECTED_PUPIL)
    sql("UPDATE people_person SET home_municipality = '987'")
    [mine] = [row for row in rows(app, "persons") if row["id"] == protected]
    assert mine["home_municipality"] is None
    [(of_protected, _)], [(of_other, _)] = fetched(cast.PROTECTED_PUPIL), fetched(cast.PUPIL)
    assert set(of_other) - set(of_protected) == {Topic.MUNICIPALITY}


@pytest.mark.parametrize("lane", ["page", "hot page", "bulk", "hot bulk"])
def test_what_went_out_before_the_order_is_told_after_it(lane: str) -> None:
    long_ago("people_providerperson", "person_id", hours=9)
    app = App(cast.KUUSNIEMI_OID)
    read(app, lane)
    protect(cast.PUPIL)
    long_ago("people_person", "id")
    as_owner("UPDATE audit_entry SET at = at - interval '3 hours'")
    [(topics, _)] = fetched(cast.PUPIL)
    assert Topic.CONTACT in topics


@pytest.mark.parametrize("disclosed", [True, False])
def test_what_was_left_out_under_an_order_is_not_told_when_it_has_ended(disclosed: bool) -> None:
    """From the history: today the person is under no order, and was when the app read."""
    app = App(cast.KUUSNIEMI_OID)
    if disclosed:
        open_protected()
    read(app, "bulk")
    sql("UPDATE people_person SET non_disclosure = false WHERE id = %s", cast.PROTECTED_PUPIL)
    # The order ended now; the read was before it.
    as_owner("UPDATE audit_entry SET at = at - interval '1 minute'")
    found = fetched(cast.PROTECTED_PUPIL)
    assert [Topic.CONTACT in topics for topics, _ in found] == ([False] if disclosed else [])


@pytest.mark.parametrize("change", ["order", "link"])
def test_while_a_change_may_still_be_open_what_was_before_counts(change: str) -> None:
    """It is stamped when it begins and seen when it ends; an app that read in between got what was before."""
    app = App(cast.KUUSNIEMI_OID)
    read(app, "page")
    (protect if change == "order" else leave)(cast.PUPIL)
    [(topics, _)] = fetched(cast.PUPIL)
    assert {Topic.NAME, Topic.CONTACT} <= set(topics)


def test_a_look_of_somebody_at_work_is_told_as_it_was() -> None:
    """Who works there may see the address of a protected pupil: only apps never get it."""
    alias = sql("SELECT audit_alias FROM people_person WHERE id = %s", cast.PROTECTED_PUPIL)[0][0]
    sql(
        "INSERT INTO audit_entry (provider_id, role, use_case, event, rule, outcome, subject, seen, sensitivity)"
        " VALUES (%s, 'school_secretary', 'x', 'person.read', 'office-of-learner', 'done', %s, 'name,contact', 3)",
        cast.KUUSNIEMI,
        alias,
    )
    page = people.views_of(
        cast.actor(cast.PROTECTED_PUPIL, Role.LEARNER, None), person=cast.PROTECTED_PUPIL, at_least=3
    )
    assert [viewer["topics"] for viewer in page["viewers"]] == [[Topic.NAME, Topic.CONTACT]]


def test_every_topic_that_an_app_may_fetch_has_a_level() -> None:
    levels = sensitivity.held_back()["level"]
    fetchable = {topic for resource in (USERS, DEMOGRAPHICS_ROWS) for topic in seen.topics(resource.told(contact=True))}
    assert fetchable | {Topic.PROVIDER, Topic.GROUPS, Topic.MUNICIPALITY} <= levels.keys()
    assert (levels[Topic.NAME], levels[Topic.CONTACT], levels[Topic.PROVIDER]) == (1, 2, 1)


@pytest.mark.parametrize("scopes", [(ROSTER,), (CORE,), (CORE, DEMOGRAPHICS)])
def test_both_lanes_tell_a_protected_person_the_same(scopes: tuple[str, ...]) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=scopes)
    open_protected()
    read(app, "page")
    ordinary = fetched(cast.PROTECTED_PUPIL)
    as_owner("DELETE FROM audit_entry")
    read(app, "hot page")
    assert fetched(cast.PROTECTED_PUPIL) == ordinary != []
