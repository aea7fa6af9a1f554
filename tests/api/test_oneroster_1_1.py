"""OneRoster 1.1: every operation in its own form, the same people and rights as 1.2, and not a fact more."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings

from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER, Operation
from digione.rest.oneroster.v1p1.openapi import document
from digione.rest.oneroster.v1p1.operations import OPERATIONS
from digione.rest.oneroster.v1p1.shapes import PROPERTIES, ROLES, shaped
from tests import cast
from tests.api.lanes import Lanes, Scene, scenes, undone
from tests.api.oneroster import TERM, App, address, audit, body, state
from tests.api.oneroster_1_1 import VENDORS, OldApp, hold, minor_1_1

pytestmark = pytest.mark.django_db
BY_RESOURCE = {id(one.resource): one for one in reversed(OPERATIONS)}.values()


@pytest.fixture
def old(stage: None) -> OldApp:
    """An app of Kuusniemi with all scopes that speaks 1.1."""
    return OldApp(cast.KUUSNIEMI_OID)


class TestForm:
    """What leaves is 1.1."""

    def test_the_description_agrees_with_what_a_vendor_reads_in_the_same_standard(self, shared_data: Any) -> None:
        theirs = json.loads((shared_data / VENDORS).read_text())
        others = {"categories", "lineItems", "results", "resources"}
        rostering = {path for path in theirs["paths"] if not others & set(path.split("/"))}
        assert {f"/{operation.path}" for operation in OPERATIONS} == rostering
        assert len(rostering) == 41
        schemas = theirs["components"]["schemas"]
        for kind, names in PROPERTIES.items():
            stem = "Demographic" if kind == "demographics" else f"{kind[0].upper()}{kind[1:]}"
            both = {**schemas["Base.Type"]["properties"], **schemas[f"{stem}_Type_allOf"]["properties"]}
            assert set(names) == set(both), kind
            ours = document()["components"]["schemas"][f"{kind[0].upper()}{kind[1:]}"]
            assert {*schemas[f"{stem}_Type_allOf"].get("required", ())} <= {*ours["required"]}, kind
            for name, theirs_is in both.items():
                listed = ours["properties"][name].get("enum")
                if "enum" in theirs_is:
                    assert set(listed) == set(theirs_is["enum"]), (kind, name)
                elif listed:
                    # A file of types says truth where the standard's text has two words for it.
                    assert (theirs_is["type"], listed) == ("boolean", ["true", "false"]), (kind, name)

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_operation_answers_in_the_form_of_1_1(self, old: OldApp, operation: Operation) -> None:
        where = address(old, operation)
        answer = old.get(where)
        assert answer.status_code == 200, answer.content
        told = hold(operation, answer)
        assert next(iter(told.values())), "The seeded stage has something for every operation."
        assert f"http://testserver{App.prefix}" not in json.dumps(told), "a reference leads to an address of 1.1"
        if operation.one is None:
            (rows,) = told.values()
            assert int(answer["X-Total-Count"]) == len(rows)
            assert f'<http://testserver{OldApp.prefix}/{where}?limit=100&offset=0>; rel="first"' in answer["Link"]

    @pytest.mark.parametrize("operation", BY_RESOURCE, ids=lambda operation: operation.path)
    def test_every_field_can_be_sorted_filtered_and_selected(self, old: OldApp, operation: Operation) -> None:
        where = address(old, operation)
        for name in PROPERTIES[operation.resource.single]:
            answer = old.get(where, {"fields": name})
            told = next(iter(hold(operation, answer, part=True).values()))
            assert {key for row in (told if isinstance(told, list) else [told]) for key in row} <= {name}
        if operation.one:
            return
        for name in operation.resource.filterable:
            value = "2026-08-06" if "date" in name.lower() else "a"
            for predicate in (">=", "<", "~"):
                answer = old.get(where, {"sort": name, "orderBy": "desc", "filter": f"{name}{predicate}'{value}'"})
                assert answer.status_code == 200, (name, predicate, answer.content)
                assert "statusInfoSet" not in body(answer)
            equal, different = (
                int(old.get(where, {"filter": f"{name}{p}'2026-08-06'"})["X-Total-Count"]) for p in ("=", "!=")
            )
            assert equal + different == int(old.get(where)["X-Total-Count"]), name

    def test_a_user_has_one_role_and_its_organisations(self, old: OldApp) -> None:
        def user(person: Any) -> Any:
            return old.get(f"users/{old.sourced(person)}").json()["user"]

        child = user(cast.PUPIL)
        assert (child["role"], child["enabledUser"], child["grades"]) == ("student", "true", ["3"])
        assert child["username"] == child["sourcedId"] == old.sourced(cast.PUPIL)
        (school,) = child["orgs"]
        assert school == {
            "href": f"http://testserver/ims/oneroster/v1p1/orgs/{cast.RANTAPUISTO}",
            "sourcedId": str(cast.RANTAPUISTO),
            "type": "org",
        }
        assert [agent["sourcedId"] for agent in child["agents"]] == [old.sourced(cast.GUARDIAN)]
        roles = {
            cast.TEACHER: "teacher",
            cast.GUARDIAN: "parent",
            cast.PRINCIPAL: "administrator",
            cast.ADMINISTRATOR: "administrator",
        }
        assert {person: user(person)["role"] for person in roles} == roles

    def test_who_works_and_studies_has_the_role_of_staff_where_it_is_held(self, old: OldApp) -> None:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        for place, role in ((cast.KUUSNIEMI, "school_secretary"), (cast.KUUSNIEMI, "cook")):
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from)"
                    " VALUES (gen_random_uuid(), %s, %s, %s, %s, '2026-01-01')",
                    [cast.KUUSNIEMI, cast.PUPIL, place, role],
                )
        both = old.get(f"users/{old.sourced(cast.PUPIL)}").json()["user"]
        assert both["role"] == "aide"
        assert [org["sourcedId"] for org in both["orgs"]] == [str(cast.KUUSNIEMI)]
        for term, found in {
            "role='aide'": True,
            "role='student'": False,
            f"orgs.sourcedId='{cast.KUUSNIEMI}'": True,
            f"orgs.sourcedId='{cast.RANTAPUISTO}'": False,
        }.items():
            assert (old.sourced(cast.PUPIL) in old.ids("users", filter=term)) is found, term

    def test_lists_that_nothing_extends(self, old: OldApp) -> None:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE studies_enrolment SET role = 'aide' WHERE person_id = %s", [cast.TEACHER])
            assert cursor.rowcount
        modern = old.modern("classes").json()["classes"]
        assert {group["classType"] for group in modern} == {"homeroom", "ext:careGroup"}
        groups = old.get("classes").json()["classes"]
        assert {group["classType"] for group in groups} == {"homeroom", "scheduled"}
        aides = old.get("enrollments", {"filter": "role='aide'"}).json()["enrollments"]
        assert {row["role"] for row in aides} == {"aide"}
        assert "ext:" not in json.dumps([old.get(address(old, operation)).json() for operation in OPERATIONS])

    def test_questions_in_the_words_of_each_version_are_counted_apart(self, old: OldApp) -> None:
        for _ in range(2):
            assert old.modern("classes", {"filter": "classType='scheduled'"})["X-Total-Count"] == "0"
            assert old.get("classes", {"filter": "classType='scheduled'"})["X-Total-Count"] == "1"

    def test_long_pages_leave_in_chunks(self, old: OldApp, monkeypatch: pytest.MonkeyPatch) -> None:
        users, enrolments = (old.get(name).json() for name in ("users", "enrollments"))
        monkeypatch.setattr("digione.rest.oneroster.collect.CHUNK", 2)
        for name, plain in (("users", users), ("enrollments", enrolments)):
            streamed = old.get(name, {"limit": 10_000})
            assert streamed.streaming
            assert body(streamed) == plain
        warned = body(old.get("users", {"limit": 10_000, "sort": "shoeSize"}))
        assert warned.pop("statusInfoSet")
        assert warned == users

    def test_a_list_runs_no_statement_for_each_row(self, old: OldApp) -> None:
        for name in ("users", "enrollments", "classes", "demographics"):
            counts = {}
            for limit in (1, 2, 3, 10_000):
                old.get(name, {"limit": limit})
                with CaptureQueriesContext(connection) as run:
                    found = next(iter(body(old.get(name, {"limit": limit})).values()))
                assert len(found) >= min(limit, 3)
                counts[limit] = len(run)
            assert counts[1] == counts[2] == counts[3], (name, counts)
            # A page that may have to leave in chunks finds its ids first.
            assert counts[10_000] <= counts[1] + 1, (name, counts)


class TestSameAsModern:
    """1.1 tells of whom 1.2 tells, and the same of them."""

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    @pytest.mark.parametrize("providers", [(cast.KUUSNIEMI_OID,), (cast.KUUSNIEMI_OID, cast.VALKAMO_OID)], ids=len)
    def test_each_answer_says_what_that_of_1_2_says(
        self, stage: None, operation: Operation, providers: tuple[str, ...]
    ) -> None:
        app = OldApp(*providers)
        where, kind = address(app, operation), operation.resource.single
        answer, modern = app.get(where), app.modern(where)
        ((_, ours),), ((_, theirs),) = body(answer).items(), body(modern).items()
        ours, theirs = ([x] if operation.one else x for x in (ours, theirs))
        assert answer.get("X-Total-Count") == modern.get("X-Total-Count")
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _says_the_same(kind, one, other)

    def test_by_any_scope_both_open_the_same(self, old: OldApp) -> None:
        for scopes in ((CORE,), (ROSTER,), (DEMOGRAPHICS,), (ROSTER, CORE, DEMOGRAPHICS)):
            token = old.new_token(scopes)
            for operation in OPERATIONS:
                where = address(old, operation)
                answer, modern = old.get(where, token=token), old.modern(where, token=token)
                assert answer.status_code == modern.status_code, (scopes, operation.path)
                if answer.status_code != HTTPStatus.OK:
                    hold(operation, answer)
                    assert minor_1_1(answer) == "forbidden"
                    continue
                assert ("email" in answer.content.decode()) == ("email" in modern.content.decode())

    def test_whatever_the_scene(self, db: None) -> None:
        """Any app, any people, any day; the same answers, the same rows of the log, and filters that find what is shown."""
        lanes, roles, answered = Lanes(), set[str](), 0
        (user,) = [operation for operation in OPERATIONS if operation.name == "getUser"]

        def ask(where: str, token: str, **query: str) -> Any:
            return lanes.client.get(f"{OldApp.prefix}/{where}", query, headers={"Authorization": f"Bearer {token}"})

        @settings(
            max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(scene=scenes())
        def probe(scene: Scene) -> None:
            nonlocal answered
            with lanes.played(scene) as token:
                found = 0
                for ident in lanes.ids():
                    modern = lanes.ordinary(ident, token)
                    with undone() as logged:
                        answer = ask(f"users/{ident}", token)
                        assert logged() == modern.logged
                    assert answer.status_code == modern.status
                    if answer.status_code == HTTPStatus.OK:
                        found += 1
                        _says_the_same("user", hold(user, answer)["user"], json.loads(modern.body)["user"])
                listed = ask("users", token, limit="1000")
                if listed.status_code != HTTPStatus.OK:
                    return
                users = listed.json()["users"]
                assert len(users) == found
                answered += found
                # Of several providers, each is asked by what it knows itself.
                several = len({taking["provider_id"] for taking in scene.takings}) > 1
                for role in {one["role"] for one in users}:
                    told = {one["sourcedId"] for one in ask("users", token, filter=f"role='{role}'").json()["users"]}
                    shown = {one["sourcedId"] for one in users if one["role"] == role}
                    assert told >= shown if several else told == shown
                    roles.add(role)
                for place in {org["sourcedId"] for one in users for org in one["orgs"]}:
                    found_there = ask("users", token, filter=f"orgs.sourcedId='{place}'").json()["users"]
                    told = {one["sourcedId"] for one in found_there}
                    shown = {one["sourcedId"] for one in users if place in str(one["orgs"])}
                    assert told == shown or (several and told >= shown)

        probe()
        assert answered > 40
        assert roles == {"student", "teacher", "parent", "administrator", "aide"}

    @pytest.mark.parametrize("by_agreement", [False, True])
    def test_people_under_non_disclosure(self, old: OldApp, by_agreement: bool) -> None:
        if by_agreement:
            set_reach(cast.platform)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE access_taking SET non_disclosure_included = true")
        hidden = old.sourced(cast.PROTECTED_PUPIL)
        for where in ("users", "students", "demographics", "enrollments", f"classes/{cast.GROUP_3B}/students"):
            assert (hidden in old.get(where).content.decode()) is by_agreement, where
        for term in (f"sourcedId='{hidden}'", f"username='{hidden}'", f"role='student' AND username~'{hidden[:30]}'"):
            assert (hidden in old.ids("users", filter=term)) is by_agreement, term
        answer = old.get(f"users/{hidden}")
        assert (answer.status_code == HTTPStatus.OK) is by_agreement
        if by_agreement:
            assert "email" not in answer.json()["user"]
        else:
            assert minor_1_1(answer) == "unknown object"

    def test_the_log_says_the_same_of_both(self, old: OldApp) -> None:
        asked: dict[str, dict[str, str]] = {
            "users": {},
            f"users/{old.sourced(cast.PUPIL)}": {},
            f"classes/{cast.GROUP_3B}/students": {},
            "demographics": {"fields": "sourcedId,birthDate"},
        }
        columns = "event, seen, sensitivity"
        for where, query in asked.items():
            before = audit(cast.PUPIL, columns)
            old.modern(where, query)
            middle = audit(cast.PUPIL, columns)
            old.get(where, query)
            after = audit(cast.PUPIL, columns)
            assert after[: len(after) - len(middle)] == middle[: len(middle) - len(before)] != [], where
        # A question about a role tells where somebody works or studies, though nothing of it is shown.
        for word, query in (("roles.role", App.prefix), ("role", OldApp.prefix)):
            before = audit(cast.PUPIL, columns)
            old.client.get(
                f"{query}/users",
                {"fields": "sourcedId", "filter": f"{word}='student'"},
                headers={"Authorization": f"Bearer {old.token}"},
            )
            assert "school" in str(audit(cast.PUPIL, columns)[0]), word

    def test_a_role_of_1_2_has_one_of_1_1(self, official: dict[str, Any]) -> None:
        words = official["components"]["schemas"]["RoleDType"]["properties"]["role"]
        theirs = {word for option in words.get("anyOf", [words]) for word in option.get("enum", ())}
        assert theirs, words
        assert set(ROLES) == theirs - {"counselor"}
        org = {"href": "http://x/orgs/1", "sourcedId": "1", "type": "org"}
        for role in (*theirs, "ext:other"):
            made = shaped("user", {"sourcedId": "7", "roles": [{"roleType": "primary", "role": role, "org": org}]})
            assert made == {"sourcedId": "7", "username": "7", "role": ROLES.get(role, "aide"), "orgs": [org]}


def _says_the_same(kind: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Compare an object with the one of 1.2, written down here once more and not by the code that makes it."""
    text = json.dumps(theirs).replace(App.prefix, OldApp.prefix)
    rest = json.loads(text)
    if kind == "user":
        roles = rest.pop("roles")
        rest.pop("primaryOrg", None)
        assert ours.pop("username") == rest["sourcedId"]
        (primary,) = [role for role in roles if role["roleType"] == "primary"]

        def word(role: dict[str, Any]) -> str:
            if role["role"] in {"principal", "siteAdministrator", "districtAdministrator"}:
                return "administrator"
            return "aide" if role["role"].startswith("ext:") else str(role["role"])

        assert ours.pop("role") == word(primary)
        orgs = ours.pop("orgs")
        assert orgs[0] == primary["org"]
        assert sorted(org["sourcedId"] for org in orgs) == sorted(
            {role["org"]["sourcedId"] for role in roles if word(role) == word(primary)}
        )
    if kind == "class" and rest["classType"] == "ext:careGroup":
        rest["classType"] = "scheduled"
    assert ours == rest


class TestRefusals:
    """A failure is in the form of 1.1, says what to do, and changes nothing."""

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_without_a_good_token(self, old: OldApp, operation: Operation) -> None:
        where, before = address(old, operation), state()
        for token in ("", "wrong"):
            answer = old.get(where, token=token)
            assert answer.status_code == HTTPStatus.UNAUTHORIZED
            assert "Bearer" in answer["WWW-Authenticate"]
            hold(operation, answer)
            assert minor_1_1(answer) == "unauthorized"
        assert state() == before

    @pytest.mark.parametrize(
        ("query", "minor"),
        [
            ({"filter": "shoeSize='42'"}, "invalid_filter_field"),
            ({"filter": "roles.role='teacher'"}, "invalid_filter_field"),
            ({"filter": "role=teacher"}, "invalid_filter_field"),
            ({"limit": "0"}, "invalid data"),
            ({"offset": "-1"}, "invalid data"),
            ({"orderBy": "up"}, "invalid data"),
            ({"fields": ""}, "invalid_blank_selection_field"),
            ({"fields": "role,,orgs"}, "invalid_blank_selection_field"),
        ],
    )
    def test_a_question_that_cannot_be_read_is_400(self, old: OldApp, query: dict[str, str], minor: str) -> None:
        answer = old.get("users", query)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        (users,) = [operation for operation in OPERATIONS if operation.name == "getAllUsers"]
        hold(users, answer)
        assert minor_1_1(answer) == minor

    @pytest.mark.parametrize(
        ("query", "minor"),
        [
            ({"sort": "shoeSize"}, "invalid_sort_field"),
            ({"sort": "roles.role"}, "invalid_sort_field"),
            ({"fields": "role,roles"}, "invalid_selection_field"),
        ],
    )
    def test_what_is_passed_over_is_told(self, old: OldApp, query: dict[str, str], minor: str) -> None:
        plain = old.get("users").json()
        answer = old.get("users", query)
        (users,) = [operation for operation in OPERATIONS if operation.name == "getAllUsers"]
        told = hold(users, answer)
        ((info),) = told.pop("statusInfoSet")
        assert (info["imsx_codeMajor"], info["imsx_severity"], info["imsx_codeMinor"]) == ("success", "warning", minor)
        assert told == plain

    def test_what_is_not_there(self, old: OldApp) -> None:
        valkamo = OldApp(cast.VALKAMO_OID)
        before = state()
        pupil = valkamo.sourced(cast.VALKAMO_PUPIL)
        for where in (
            f"users/{pupil}",
            f"classes/{cast.GROUP_8C}/students",
            f"users/{pupil}/classes",
            "users/1",
            "lineItems",
            "resources",
            f"terms/{cast.GROUP_3B}/classes",
        ):
            answer = old.get(where)
            assert answer.status_code == HTTPStatus.NOT_FOUND, where
            assert minor_1_1(answer) == "unknown object"
            assert pupil not in answer.content.decode()
        assert old.get(f"terms/{TERM}/classes").status_code == HTTPStatus.OK
        assert old.get("lineItems", token="wrong").status_code == HTTPStatus.UNAUTHORIZED
        for method in ("post", "put", "delete", "patch"):
            answer = getattr(old.client, method)(
                f"{old.prefix}/users", headers={"Authorization": f"Bearer {old.token}"}
            )
            assert (answer.status_code, answer["Allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "GET, HEAD")
            assert minor_1_1(answer) == "invalid data"
        assert state() == before

    def test_no_identity_code_and_no_address_anywhere(self, old: OldApp) -> None:
        for operation in OPERATIONS:
            text = old.get(address(old, operation)).content.decode()
            assert cast.PUPIL_HETU not in text
            assert str(cast.PUPIL) not in text
            for name in ("phone", "sms", "password", "userIds", "identifier"):
                assert f'"{name}"' not in text or operation.resource.single == "org"
