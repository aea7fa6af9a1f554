"""The hot lane answers as the ordinary operation does, and leaves the same trace."""

import contextlib
import json
import threading
from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oauth2_provider.models import AccessToken

from digione.access.models import Taking
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.people.models import Person
from digione.rest import wire
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from digione.rest.wire import close_idle, idle
from digione.studies.models import SchoolEnrolment
from tests import cast
from tests.api.lanes import DAYS, TENANTS, Lanes, Scene, compare, scenes, undone
from tests.api.oneroster import PREFIX, App, audit, body, hot
from tests.api.wsgi import Answer, ask, django_application


@pytest.mark.django_db
class TestHotLane:
    """One function call answers as the ordinary operation does, and leaves the same trace."""

    def test_both_lanes_answer_alike(self, app: App) -> None:
        for ident in app.ids("users"):
            assert hot(app, ident, f"http://testserver{PREFIX}") == app.get(f"users/{ident}").content.decode()
        core = app.new_token((CORE,))
        teacher = app.sourced(cast.TEACHER)
        ordinary = app.get(f"users/{teacher}", token=core).content.decode()
        assert hot(app, teacher, f"http://testserver{PREFIX}", core) == ordinary

    def test_it_refuses_what_the_ordinary_lane_refuses(self, app: App) -> None:
        teacher = app.sourced(cast.TEACHER)
        expired = app.new_token((ROSTER,), lasts=timedelta(hours=-1))
        for token in ("wrong", expired, app.new_token((DEMOGRAPHICS,))):
            assert hot(app, teacher, token=token) is None
        assert hot(app, str(uuid4())) is None
        assert hot(app, App(cast.VALKAMO_OID).sourced(cast.VALKAMO_PUPIL)) is None

    def test_it_leaves_the_same_trace(self, app: App) -> None:
        teacher = app.sourced(cast.TEACHER)
        app.get(f"users/{teacher}")
        assert hot(app, teacher)
        shown = "provider_id, app_id, role, event, purpose, rule, sensitivity, seen, alone"
        ordinary, quick = audit(cast.TEACHER, shown)
        assert ordinary == quick


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "limit=1", "limit=3&offset=2", "limit=100", "limit=10000", "limit=5&offset=400"])
def test_a_page_is_the_same_in_both_lanes_and_names_the_same_persons_in_the_log(app: App, query: str) -> None:
    told: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"{PREFIX}/users",
        "QUERY_STRING": query,
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "testserver",
        "HTTP_AUTHORIZATION": f"Bearer {app.token}",
    }
    quick = b"".join(HotLane(lambda _environ, _start: [])(environ, lambda *args: told.append(args)))
    ((status, headers),) = told
    assert status == "200 OK"
    ordinary = app.client.get(f"{PREFIX}/users?{query}", headers={"Authorization": f"Bearer {app.token}"})
    assert json.loads(quick) == body(ordinary)
    assert sorted(headers) == sorted(ordinary.headers.items()), "Both lanes send the same headers and no others."
    listed = {row["sourcedId"] for row in json.loads(quick)["users"]}
    for person in cast.PEOPLE:
        entries = audit(person, "provider_id, app_id, role, event, purpose, rule, sensitivity, seen")
        known = person not in (cast.OUTSIDER, cast.VALKAMO_PUPIL) and app.sourced(person) in listed
        assert len(entries) == (2 if known else 0), person
        assert len(set(entries)) <= 1, "Both lanes leave the same trace."


_LISTS = [f"schools/{cast.RANTAPUISTO}/students", f"schools/{cast.RANTAPUISTO}/teachers",
          f"classes/{cast.GROUP_3B}/students", f"classes/{cast.GROUP_3B}/teachers"]  # fmt: skip


def _by_hot_lane(app: App, path: str, query: str = "", token: str | None = None) -> Answer | None:
    """Return what the hot lane answers, None where it leaves the request to the other."""
    left: list[bool] = []

    def ordinary(_environ: Any, start_response: Any) -> list[bytes]:
        left.append(True)
        start_response("200 OK", [])
        return []

    bearer = f"Bearer {token or app.token}"
    answer = ask(HotLane(ordinary), f"{PREFIX}/{path}", query=query, authorization=bearer)
    return None if left else answer


def _named_in_order(logged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of the log with the persons that each names in one order: theirs has no meaning."""
    return [{**row, "subjects": sorted(row["subjects"] or [])} for row in logged]


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "limit=1", "limit=1&offset=1", "limit=1000", "limit=5&offset=400"])
@pytest.mark.parametrize("path", _LISTS)
def test_a_list_of_a_school_or_a_class_is_the_same_in_both_lanes(app: App, path: str, query: str) -> None:
    Lanes()  # Lends the view of what the running transaction has logged.
    bearer = f"Bearer {app.token}"
    with undone() as logged:
        ordinary = ask(django_application(), f"{PREFIX}/{path}", query=query, authorization=bearer)
        noted = _named_in_order(logged())
    assert ordinary.status_code == 200
    assert len(noted) == 1
    assert json.loads(ordinary.content)["users"] or "offset" in query
    # Found anew, then as it was kept.
    for _ in range(2):
        with undone(really=False) as logged:
            before = len(logged())
            answer = _by_hot_lane(app, path, query)
            assert _named_in_order(logged()[before:]) == noted
        assert answer is not None
        assert json.loads(answer.content) == json.loads(ordinary.content)
        assert sorted(answer.headers.items()) == sorted(ordinary.headers.items())


@pytest.mark.django_db
def test_lists_that_are_not_the_tokens_are_left_to_the_ordinary_lane(app: App) -> None:
    elsewhere = f"schools/{cast.YHTENAISKOULU}/students"
    path = _LISTS[0]
    assert _by_hot_lane(app, path)
    assert _by_hot_lane(app, path, token=app.new_token((CORE,))) is None
    assert _by_hot_lane(app, path, token="wrong") is None
    assert _by_hot_lane(app, elsewhere) is None
    assert _by_hot_lane(App(cast.VALKAMO_OID), elsewhere)
    assert _by_hot_lane(app, f"schools/{cast.KUUSNIEMI}/students") is None, "A provider is no school."
    assert _by_hot_lane(app, f"classes/{uuid4()}/students") is None
    for query in ("limit=1001", "sort=familyName", "fields=sourcedId", "filter=status='active'", "limit=0"):
        assert _by_hot_lane(app, path, query) is None, query
    _change(app, "elsewhere", [ROSTER], True)
    assert _by_hot_lane(app, path) is None, "What several providers tell has to be merged."


@pytest.mark.django_db
def test_a_kept_list_follows_every_change_at_once(app: App) -> None:
    path = _LISTS[0]

    def listed() -> set[str]:
        answers = [_by_hot_lane(app, path) for _ in range(2)]
        ordinary = body(app.get(path))["users"]
        for answer in answers:
            assert answer is not None
            assert json.loads(answer.content)["users"] == ordinary
        return {user["sourcedId"] for user in ordinary}

    pupil = app.sourced(cast.PUPIL)
    assert pupil in listed()
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    enrolments = SchoolEnrolment.objects.filter(person_id=cast.PUPIL)
    kept = list(enrolments)
    enrolments.delete()
    assert pupil not in listed()
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    SchoolEnrolment.objects.bulk_create(kept)
    assert pupil in listed()
    _change(app, "narrow", [ROSTER], False)
    _change(app, "protect", True, None)
    assert pupil not in listed(), "The agreement does not include protected people."
    _change(app, "narrow", [ROSTER], True)
    assert pupil in listed()


@pytest.mark.django_db
def test_outdated_lists_are_removed_and_others_stay(app: App) -> None:
    def kept() -> int:
        _by_hot_lane(app, "users")  # Sets the reach of the app at its provider.
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT rest_fold_roster_changes()")
            cursor.execute("SELECT count(*) FROM rest_kept_list")
            return int(cursor.fetchone()[0])

    for path in _LISTS[:2]:
        assert _by_hot_lane(app, path)
    assert (kept(), kept()) == (2, 2)
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    SchoolEnrolment.objects.filter(person_id=cast.PUPIL).delete()
    assert kept() == 0
    assert _by_hot_lane(app, _LISTS[0])
    assert kept() == 1


@pytest.mark.django_db
def test_one_user_has_the_same_headers_in_both_lanes(app: App) -> None:
    where, bearer = f"{PREFIX}/users/{app.sourced(cast.PUPIL)}", f"Bearer {app.token}"
    lanes = (HotLane(lambda _environ, _start: []), django_application())
    hot_headers, headers = (ask(lane, where, authorization=bearer).headers for lane in lanes)
    assert hot_headers == headers
    assert not {"Vary", "Set-Cookie", "Content-Language"} & headers.keys()


@pytest.mark.django_db
def test_links_keep_what_else_was_asked_behind_the_page(app: App) -> None:
    answer = app.get("users", {"filter": "status='active'", "offset": 2, "sort": "sourcedId", "limit": 2})
    path = f"http://testserver{PREFIX}/users?limit=2&offset=0&filter=status%3D%27active%27&sort=sourcedId"
    assert answer["Link"].startswith(f'<{path}>; rel="first"')


@pytest.mark.django_db
def test_the_callers_own_number_of_a_request_stands_in_the_log(app: App) -> None:
    Lanes()  # Lends the view of what the running transaction has logged.
    for sent, kept in (("abc-123", "abc-123"), ("x" * 100, "x" * 64), ("ab\0c", "ab"), (None, None)):
        headers = {"Authorization": f"Bearer {app.token}", **({"X-Request-Id": sent} if sent else {})}
        with undone() as logged:
            assert app.client.get(f"{PREFIX}/users?fields=sourcedId", headers=headers).status_code == 200
            assert [row["request_id"] for row in logged()] == [kept]
            for path in ("users", f"users/{app.sourced(cast.PUPIL)}"):
                ask(
                    HotLane(lambda _environ, _start: []),
                    f"{PREFIX}/{path}",
                    authorization=f"Bearer {app.token}",
                    headers={"X-Request-Id": sent} if sent else None,
                )
            assert [row["request_id"] for row in logged()] == [kept] * 3


@pytest.mark.django_db
def test_each_of_those_asked_for_together_keeps_its_own_number_in_the_log(app: App) -> None:
    lanes = Lanes()
    people = [app.sourced(person) for person in (cast.PUPIL, cast.TEACHER, cast.GUARDIAN)]
    for numbers in ([b'a"b\\c,{}', None, "päivä NULL".encode()], [None, None, None], [b"NULL", b"", b"x"]):
        bodies, logged = lanes.together(people, app.token, numbers)
        assert [json.loads(body or b"")["user"]["sourcedId"] for body in bodies] == people
        assert [row["request_id"] for row in logged] == [None if told is None else told.decode() for told in numbers]


@pytest.mark.django_db
def test_both_lanes_answer_and_log_alike_whatever_the_scene() -> None:
    """The same over some scenes; `tests/deep` plays thousands."""
    lanes = Lanes()
    answered = 0

    @settings(max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(scene=scenes())
    def probe(scene: Scene) -> None:
        nonlocal answered
        answered += compare(lanes, scene)[0]

    probe()
    assert answered > 50


@pytest.mark.django_db
def test_a_day_begins_at_midnight_in_finland_in_both_lanes() -> None:
    """Half an hour past it, Greenwich still has the day before."""
    lanes = Lanes()
    first, second = DAYS[:2]
    for since, until, opens in ((second, None, True), (first, first, False), (first, second, True)):
        taking = {"provider_id": cast.KUUSNIEMI, "scopes": [ROSTER], "valid_from": since, "valid_to": until}
        scene = Scene(
            moment=datetime.combine(second, time(0, 30), clock.FINLAND),
            token_scopes=(ROSTER,),
            token_left=timedelta(hours=1),
            takings=({**taking, "non_disclosure_included": True},),
            hidden=frozenset(),
            moved=tuple(
                (table, person, {"valid_from": first, "valid_to": first if n % 2 else second})
                for table in TENANTS
                for n, person in enumerate(cast.PEOPLE)
            ),
        )
        assert compare(lanes, scene) == ((10, 10) if opens else (0, 0))


_RIGHTS = st.lists(st.sampled_from([ROSTER, CORE, DEMOGRAPHICS]), unique=True)
_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("narrow"), _RIGHTS, st.booleans()),
        st.tuples(st.just("end"), st.sampled_from([-1, 0]), st.none()),
        st.tuples(st.just("begin"), st.sampled_from(["valid_from", "valid_to"]), st.sampled_from([-1, 0, 1])),
        st.tuples(st.just("elsewhere"), _RIGHTS, st.booleans()),
        st.tuples(st.just("withdraw"), st.none(), st.none()),
        st.tuples(st.just("cut"), st.sampled_from([-3600, 3600]), st.none()),
        st.tuples(st.just("protect"), st.booleans(), st.none()),
    ),
    min_size=1,
    max_size=4,
)


def _change(app: App, kind: str, value: Any, more: Any) -> None:
    """Change what the token opens, or whom it may show, as the platform or the provider would."""
    set_reach(cast.platform)
    takings = Taking.objects.filter(app_id=app.made.app_id)
    if kind == "narrow":
        takings.update(scopes=value, non_disclosure_included=more)
    elif kind == "end":
        takings.update(valid_to=clock.today() + timedelta(days=value))
    elif kind == "begin":
        takings.update(**{value: clock.today() + timedelta(days=more)})
    elif kind == "elsewhere":
        Taking.objects.create(
            app_id=app.made.app_id, provider_id=cast.VALKAMO, scopes=value, non_disclosure_included=more,
            valid_from=clock.today(),
        )  # fmt: skip
    elif kind == "withdraw":
        AccessToken.objects.filter(token_checksum=app.checksum).delete()
    elif kind == "cut":
        AccessToken.objects.filter(token_checksum=app.checksum).update(expires=clock.now() + timedelta(seconds=value))
    else:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        Person.objects.filter(id__in=[cast.PUPIL, cast.TEACHER]).update(non_disclosure=value)


@pytest.mark.django_db
def test_what_a_token_opens_is_never_stale() -> None:
    """The lanes stay alike through any changes of rights, with everything kept that can be kept before each of them."""
    seen: Counter[tuple[str, bool]] = Counter()

    @settings(max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(changes=_CHANGES)
    def probe(changes: list[tuple[str, Any, Any]]) -> None:
        with transaction.atomic():
            app = App(cast.KUUSNIEMI_OID)
            people = [app.sourced(person) for person in (cast.PUPIL, cast.TEACHER, cast.PROTECTED_PUPIL)]
            for change in [None, *changes]:
                if change:
                    with contextlib.suppress(IntegrityError), transaction.atomic():
                        _change(app, *change)
                for ident in people:
                    ordinary = app.get(f"users/{ident}")
                    quick = [hot(app, ident, f"http://testserver{PREFIX}") for _ in range(2)]
                    told = ordinary.content.decode() if ordinary.status_code == 200 else None
                    assert all(answer in (told, None) for answer in quick), change
                    seen[change[0] if change else "", quick[1] is not None] += 1
            transaction.set_rollback(True)

    probe()
    assert seen["", True], "The hot lane answered nothing."
    assert {kind for kind, answered in seen if not answered} >= {"narrow", "end", "begin", "withdraw", "cut", "protect"}


@pytest.mark.usefixtures("committing")
def test_a_right_that_an_open_transaction_takes_away_is_not_kept() -> None:
    app = App(cast.KUUSNIEMI_OID)
    read: list[str | None] = []

    def reader() -> None:
        try:
            read.append(hot(app, teacher))
        finally:
            connections.close_all()

    with transaction.atomic():
        teacher = app.sourced(cast.TEACHER)
    with transaction.atomic():
        _change(app, "end", -1, None)
        thread = threading.Thread(target=reader)
        thread.start()
        thread.join()
    assert read[0], "Until the change is committed, the right stands."
    assert hot(app, teacher) is None


@pytest.mark.usefixtures("committing")
def test_calls_outside_a_transaction_share_the_connection_that_was_used_last(caplog: pytest.LogCaptureFixture) -> None:
    with transaction.atomic():
        app, other = App(cast.KUUSNIEMI_OID), App(cast.VALKAMO_OID)
        pupil, theirs = app.sourced(cast.PUPIL), other.sourced(cast.VALKAMO_PUPIL)
    close_idle()

    def lost() -> None:
        """Let the server end the connection, as its restart does."""
        [database] = idle()
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [database.info.backend_pid])
            assert cursor.fetchone() == (True,)

    for _ in range(2):
        assert _by_hot_lane(app, f"users/{pupil}")
        assert _by_hot_lane(other, f"users/{theirs}")
        assert _by_hot_lane(other, f"users/{pupil}") is None, "What one token opens, the next one does not."
        assert len(idle()) == 1
        # Both a call that is prepared on the connection and one that is not find it gone, and open it anew.
        for path in (f"users/{pupil}", "users", _LISTS[0]):
            lost()
            assert _by_hot_lane(app, path)
        assert len(idle()) == 1
    assert caplog.records == []


@pytest.mark.usefixtures("committing")
def test_a_call_that_fails_is_told_and_left_to_the_ordinary_lane(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic():
        app = App(cast.KUUSNIEMI_OID)
        pupil = app.sourced(cast.PUPIL)
    close_idle()
    monkeypatch.setitem(wire.CALLS, b"user", b"SELECT oneroster_no_user($1, $2::uuid, $3)")
    assert _by_hot_lane(app, f"users/{pupil}") is None
    assert "42883" in caplog.text
    close_idle()
