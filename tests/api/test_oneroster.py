"""Each of the 41 operations against the official schema; who may not see sees nothing; both lanes answer alike."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from digione.access.services import create_app
from digione.audit.recorder import AuditRecorder
from digione.core import clock
from digione.core.use_case import Actor, UseCase, set_reach
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, OPERATIONS, ROSTER, Operation
from tests import cast

pytestmark = pytest.mark.django_db
PREFIX = "/ims/oneroster/rostering/v1p2"
OFFICIAL = "standards/oneroster/openapi-1.2/onerosterv1p2rostersservice_openapi3_v1p0.json"
TERM, PERIOD, LOOSE_GROUP = uuid4(), uuid4(), uuid4()


@pytest.fixture(scope="session")
def official(shared_data: Any) -> dict[str, Any]:
    return json.loads((shared_data / OFFICIAL).read_text())


class App:
    """An app with a token, asking over HTTP."""

    def __init__(
        self, *oids: str, scopes: tuple[str, ...] = (ROSTER, CORE, DEMOGRAPHICS), supplier: str = "Tuikku Oy"
    ) -> None:
        self.name = f"{supplier} {uuid4()}"
        self.made = create_app(cast.platform, name=self.name, supplier=supplier, provider_oids=oids, scopes=scopes)
        self.token = self.new_token(scopes)
        self.client = Client()

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()

    def new_token(self, scopes: tuple[str, ...], *, lasts: timedelta = timedelta(hours=1)) -> str:
        token = uuid4().hex
        application = Application.objects.get(client_id=self.made.client_id)
        AccessToken.objects.create(
            token=token, application=application, scope=" ".join(scopes), expires=clock.now() + lasts
        )
        return token

    def get(self, path: str, query: dict[str, Any] | None = None, token: str | None = None) -> Any:
        bearer = self.token if token is None else token
        return self.client.get(f"{PREFIX}/{path}", query or {}, headers={"Authorization": f"Bearer {bearer}"})

    def ids(self, path: str, **query: Any) -> list[str]:
        answer = self.get(path, query)
        assert answer.status_code == 200, answer.content
        (rows,) = answer.json().values()
        return [row["sourcedId"] for row in rows]

    def sourced(self, person: UUID) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('digione.supplier', %s, true)", [str(self.made.supplier_id)])
            cursor.execute(
                "SELECT sourced_id FROM access_subject WHERE supplier_id = %s AND person_id = %s",
                [self.made.supplier_id, person],
            )
            return str(cursor.fetchone()[0])


@pytest.fixture
def app(_stage: None) -> App:
    return App(cast.KUUSNIEMI_OID)


@pytest.fixture
def _stage(db: None) -> None:
    """What the cast lacks: a term with a grading period, and a home group without a course."""
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        for ident, kind, parent in ((TERM, "term", cast.YEAR_KUUSNIEMI), (PERIOD, "gradingPeriod", TERM)):
            cursor.execute(
                "INSERT INTO organisations_academicsession (id, provider_id, kind, title, starts_on, ends_on, parent_id, school_year)"
                " VALUES (%s, %s, %s, %s, '2026-08-06', '2026-12-19', %s, 2027)",
                [ident, cast.KUUSNIEMI, kind, json.dumps({"fi": "Syys<b>lukukausi</b>"}), parent],
            )
        cursor.execute(
            "INSERT INTO studies_group (id, provider_id, school_id, kind, title) VALUES (%s, %s, %s, 'care_group', %s)",
            [LOOSE_GROUP, cast.KUUSNIEMI, cast.RANTAPUISTO, json.dumps({"sv": "'; DROP TABLE people_person; --"})],
        )
        cursor.execute(
            "INSERT INTO studies_groupsession (id, provider_id, group_id, session_id) VALUES (%s, %s, %s, %s)",
            [uuid4(), cast.KUUSNIEMI, LOOSE_GROUP, TERM],
        )


def validate(official: dict[str, Any], template: str, answer: Any) -> None:
    """Check a body against the official schema of its operation and status, formats included."""
    responses = official["paths"][template]["get"]["responses"]
    response = responses.get(str(answer.status_code), responses["default"])
    schema = {**response["content"]["application/json"]["schema"], "components": official["components"]}
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body(answer))


def body(answer: Any) -> Any:
    return json.loads(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def address(app: App, operation: Operation) -> str:
    """Return the address of an operation with ids that exist."""
    person = {"students": cast.PUPIL, "teachers": cast.TEACHER, "users": cast.GUARDIAN, "demographics": cast.PUPIL}
    kind = operation.path.split("/")[0]
    ids = {
        "schoolSourcedId": str(cast.RANTAPUISTO),
        "classSourcedId": str(cast.GROUP_3B),
        "courseSourcedId": str(LOOSE_GROUP),
        "termSourcedId": str(TERM),
        "studentSourcedId": app.sourced(cast.PUPIL),
        "teacherSourcedId": app.sourced(cast.TEACHER),
        "userSourcedId": app.sourced(cast.PUPIL),
        "sourcedId": app.sourced(person[kind]) if kind in person else (app.ids(kind) or [""])[0],
    }
    return operation.path.format(**ids)


def test_the_operations_are_those_of_the_official_file(official: dict[str, Any]) -> None:
    theirs = {
        path: sorted(scope for need in methods["get"]["security"] for scope in need["OAuth2CC"])
        for path, methods in official["paths"].items()
    }
    assert len(OPERATIONS) == 41
    assert {f"/{operation.path}": sorted(operation.scopes) for operation in OPERATIONS} == theirs


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
def test_operation_answers_to_the_letter(official: dict[str, Any], app: App, operation: Operation) -> None:
    where = address(app, operation)
    answer = app.get(where)
    assert answer.status_code == 200, answer.content
    validate(official, f"/{operation.path}", answer)
    assert next(iter(body(answer).values())), "The seeded stage has something for every operation."
    alias = app.client.get(
        f"/ims/oneroster/v1p2/rostering/v1p2/{where}", headers={"Authorization": f"Bearer {app.token}"}
    )
    assert alias.content == answer.content
    if operation.one is None:
        assert int(answer["X-Total-Count"]) == len(next(iter(body(answer).values())))
        assert 'rel="first"' in answer["Link"]
        assert 'rel="next"' not in answer["Link"]


@pytest.mark.parametrize(
    "operation", {id(one.resource): one for one in reversed(OPERATIONS)}.values(), ids=lambda operation: operation.path
)
def test_every_field_can_be_sorted_filtered_and_selected(
    official: dict[str, Any], app: App, operation: Operation
) -> None:
    where = address(app, operation)
    properties = official["components"]["schemas"][_schema(operation)]["properties"]
    assert operation.resource.selectable == properties.keys()
    for name in properties:
        assert app.get(where, {"fields": name}).status_code == 200
    if operation.one:
        return
    for name in operation.resource.filterable:
        for predicate in (">=", "<", "~"):
            value = "2026-08-06" if "date" in name.lower() else "a"
            answer = app.get(where, {"sort": name, "orderBy": "desc", "filter": f"{name}{predicate}'{value}'"})
            assert answer.status_code == 200, (name, predicate, answer.content)
        equal, different = (
            int(app.get(where, {"filter": f"{name}{p}'2026-08-06'"})["X-Total-Count"]) for p in ("=", "!=")
        )
        assert equal + different == int(app.get(where)["X-Total-Count"]), name


def _schema(operation: Operation) -> str:
    single = operation.resource.single
    return f"{single[0].upper()}{single[1:]}DType"


class TestDenials:
    """A refusal is in the standard's form, says what to do, and changes nothing."""

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_without_a_good_token(self, official: dict[str, Any], app: App, operation: Operation) -> None:
        where = address(app, operation)
        expired = app.new_token((ROSTER, CORE, DEMOGRAPHICS), lasts=timedelta(hours=-1))
        before = _state()
        for token in ("", "wrong", app.token[:-1], expired, "x" * 5000, "ä"):
            answer = app.get(where, token=token)
            assert answer.status_code == 401
            assert "Bearer" in answer["WWW-Authenticate"]
            validate(official, f"/{operation.path}", answer)
            assert _minor(answer) == "unauthorisedrequest"
        assert app.client.get(f"{PREFIX}/{where}").status_code == 401
        assert _state() == before

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_scope_too_small(self, official: dict[str, Any], app: App, operation: Operation) -> None:
        other = tuple({ROSTER, CORE, DEMOGRAPHICS} - operation.scopes)
        where = address(app, operation)
        before = _state()
        answer = app.get(where, token=app.new_token(other))
        assert answer.status_code == 403
        validate(official, f"/{operation.path}", answer)
        assert _minor(answer) == "forbidden"
        assert _state() == before

    def test_a_token_opens_no_more_than_the_taking_does(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(CORE,))
        assert app.get("users", token=app.new_token((ROSTER, CORE, DEMOGRAPHICS))).status_code == 200
        assert app.get("demographics", token=app.new_token((ROSTER, CORE, DEMOGRAPHICS))).status_code == 403

    def test_an_ended_taking_opens_nothing(self, app: App) -> None:
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET valid_from = '2020-01-01', valid_to = '2020-12-31'")
            assert cursor.rowcount
        assert app.get("users").status_code == 403
        assert _hot(app, app.sourced(cast.PUPIL)) is None

    def test_another_providers_ids_do_not_exist(self, app: App) -> None:
        valkamo = App(cast.VALKAMO_OID)
        before = _state()
        for operation in OPERATIONS:
            if operation.one:
                for ident in valkamo.ids(operation.path.split("/")[0]):
                    if ident not in app.ids(operation.path.split("/")[0]):
                        answer = app.get(operation.path.format(sourcedId=ident))
                        assert answer.status_code == 404
                        assert _minor(answer) == "unknownobject"
                        assert ident not in answer.content.decode()
        pupil = valkamo.sourced(cast.VALKAMO_PUPIL)
        for where in (
            f"schools/{cast.YHTENAISKOULU}/students",
            f"classes/{cast.GROUP_8C}/students",
            f"schools/{cast.RANTAPUISTO}/classes/{cast.GROUP_8C}/students",
            f"users/{pupil}/classes",
            f"students/{pupil}/classes",
            f"users/{app.sourced(cast.TEACHER)[:-1]}",
            "users/1",
            f"users/{{{app.sourced(cast.TEACHER)}}}",
        ):
            assert app.get(where).status_code == 404, where
        assert app.ids("users", filter=f"sourcedId='{pupil}'") == []
        assert app.ids("enrollments", filter=f"class.sourcedId='{cast.GROUP_8C}'") == []
        assert _state() == before

    def test_suppliers_cannot_join_their_ids(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, supplier="Kajo Oy")
        assert not set(app.ids("users")) & set(other.ids("users"))
        assert other.get(f"users/{app.sourced(cast.PUPIL)}").status_code == 404

    def test_nobody_writes(self, app: App) -> None:
        for method in ("post", "put", "delete", "patch"):
            answer = getattr(app.client, method)(f"{PREFIX}/users", headers={"Authorization": f"Bearer {app.token}"})
            assert answer.status_code == 405
            assert answer["Allow"] == "GET, HEAD"
            assert answer.json()["imsx_severity"] == "error"
        assert app.get("teapots").status_code == 404
        assert app.get("teapots", token="wrong").status_code == 401

    def test_a_denial_is_recorded(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        told, target = [], uuid4()
        record = AuditRecorder.record

        def listening(self: AuditRecorder, uc: UseCase, *, outcome: str, reason: str = "") -> None:
            told.append((uc.event, outcome, uc.target))
            record(self, uc, outcome=outcome, reason=reason)

        monkeypatch.setattr(AuditRecorder, "record", listening)
        app.get("demographics", token=app.new_token((CORE,)))
        app.get(f"users/{target}")
        assert told == [("roster.demographics_read", "denied", None), ("roster.read", "denied", target)]


class TestPeople:
    """Who is shown, as what."""

    def test_a_person_with_non_disclosure_is_nobody(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        for where in ("users", "students", "demographics", f"classes/{cast.GROUP_3B}/students"):
            answer = app.get(where)
            assert hidden not in answer.content.decode()
            assert int(answer["X-Total-Count"]) == len(app.ids(where))
        assert app.get(f"users/{hidden}").status_code == 404
        assert hidden not in app.get("enrollments").content.decode()
        assert _hot(app, hidden) is None

    def test_the_agreement_may_include_them_but_never_their_contact_details(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET non_disclosure_included = true")
        assert hidden in app.ids("users")
        user = app.get(f"users/{hidden}").json()["user"]
        assert user["givenName"] == "Iida"
        assert "email" not in user

    def test_non_disclosure_follows_at_once(self, app: App) -> None:
        pupil, before = app.sourced(cast.PUPIL), len(app.ids("users"))
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE people_person SET non_disclosure = true WHERE id = %s", [cast.PUPIL])
        answer = app.get("users")
        assert pupil not in answer.content.decode()
        assert int(answer["X-Total-Count"]) == before - 1

    def test_roles_and_agents(self, app: App) -> None:
        child = app.get(f"users/{app.sourced(cast.PUPIL)}").json()["user"]
        assert [role["role"] for role in child["roles"]] == ["student"]
        assert child["grades"] == ["3"]
        assert child["primaryOrg"]["sourcedId"] == str(cast.RANTAPUISTO)
        # The guardian who has no right to information is not named.
        assert [agent["sourcedId"] for agent in child["agents"]] == [app.sourced(cast.GUARDIAN)]
        parent = app.get(f"users/{app.sourced(cast.GUARDIAN)}").json()["user"]
        assert [role["role"] for role in parent["roles"]] == ["parent"]
        assert [agent["sourcedId"] for agent in parent["agents"]] == [app.sourced(cast.PUPIL)]
        head = app.get(f"users/{app.sourced(cast.ADMINISTRATOR)}").json()["user"]
        assert [role["role"] for role in head["roles"]] == ["districtAdministrator"]
        assert app.ids("users", filter="roles.role='teacher'") == [app.sourced(cast.TEACHER)]
        assert app.ids("teachers") == [app.sourced(cast.TEACHER)]

    def test_what_has_ended_is_to_be_deleted(self, app: App) -> None:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_providerperson SET valid_to = '2026-01-01' WHERE person_id = %s", [cast.PUPIL]
            )
            cursor.execute("UPDATE studies_enrolment SET valid_to = '2026-01-01' WHERE person_id = %s", [cast.PUPIL])
        pupil = app.sourced(cast.PUPIL)
        assert app.get(f"users/{pupil}").json()["user"]["status"] == "tobedeleted"
        assert pupil not in app.ids("users", filter="status='active'")
        assert app.ids("users", filter="status='tobedeleted'") == [pupil]
        assert app.ids("users", filter="enabledUser='FALSE'") == [pupil]
        assert len(app.ids("enrollments", filter="status='tobedeleted'")) == 1

    def test_no_identity_code_and_no_address_anywhere(self, app: App) -> None:
        for operation in OPERATIONS:
            text = app.get(address(app, operation)).content.decode()
            assert cast.PUPIL_HETU not in text
            assert str(cast.PUPIL) not in text
            assert not re.search(r'"(phone|sms|password|userIds)"', text)

    def test_a_core_token_sees_no_email(self, app: App) -> None:
        where = f"users/{app.sourced(cast.TEACHER)}"
        assert "email" in app.get(where).json()["user"]
        assert "email" not in app.get(where, token=app.new_token((CORE,))).json()["user"]

    def test_a_page_names_its_subjects_in_the_log(self, app: App) -> None:
        app.get("users")
        assert _audit(cast.PUPIL) == [("roster.read", "done")]
        app.get("demographics")
        assert ("roster.demographics_read", "done") in _audit(cast.PUPIL)
        assert _audit(cast.VALKAMO_PUPIL) == []


class TestQuery:
    """Paging, sorting and filters."""

    def test_pages_put_together_are_the_whole(self, app: App) -> None:
        for query in (
            {},
            {"sort": "familyName"},
            {"sort": "familyName", "orderBy": "desc"},
            {"filter": "status='active'"},
        ):
            whole = app.ids("users", **query)
            parts = [app.ids("users", limit=2, offset=at, **query) for at in range(0, len(whole), 2)]
            assert [ident for part in parts for ident in part] == whole
        assert app.ids("users") == sorted(app.ids("users"))

    def test_links(self, app: App) -> None:
        answer = app.get("users", {"limit": 2, "offset": 2, "filter": "status='active'"})
        found = {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer["Link"])}
        assert found.keys() == {"first", "last", "next", "prev"}
        following = found["next"]
        assert "offset=4" in following
        assert app.client.get(following, headers={"Authorization": f"Bearer {app.token}"}).status_code == 200
        past = app.get("users", {"limit": 2, "offset": 2_000_000_000})
        assert past.json() == {"users": []}
        assert 'rel="next"' not in past["Link"]

    def test_filters(self, app: App) -> None:
        pupil = app.sourced(cast.PUPIL)
        assert pupil in app.ids("users", filter="familyName='LEHTOVAARA' AND givenName~'AIN'")
        assert len(app.ids("users", filter="givenName='Aino' OR givenName='Katri'")) == 2
        assert app.ids("students", filter="grades~'3,9'") == [pupil]
        assert app.ids("users", filter="dateLastModified>'2199-01-01T00:00:00Z'") == []
        changed = app.get(f"users/{pupil}").json()["user"]["dateLastModified"]
        assert pupil in app.ids("users", filter=f"dateLastModified>='{changed}'")
        assert app.ids("orgs", filter="type='district'") == [str(cast.KUUSNIEMI)]
        assert app.ids("classes", filter="classType='ext:careGroup'") == [str(LOOSE_GROUP)]
        assert app.ids("users", filter="familyName='O''Neill'' OR 1=1'") == []

    @pytest.mark.parametrize(
        ("query", "status", "minor"),
        [
            ({"fields": "nonsense"}, 400, "invalid_selection_field"),
            ({"fields": ""}, 400, "invalid_selection_field"),
            ({"sort": "nonsense"}, 400, "invalid_selection_field"),
            ({"filter": "nonsense='1'"}, 400, "invalid_filter_field"),
            ({"filter": "givenName=Aino"}, 400, "invalid_filter_field"),
            ({"filter": "givenName='Aino' AND"}, 400, "invalid_filter_field"),
            ({"filter": ""}, 400, "invalid_filter_field"),
            ({"filter": "dateLastModified>'31.2.2026'"}, 400, "invalid_filter_field"),
            ({"filter": "givenName='\x00'"}, 422, "invaliddata"),
            ({"filter": " AND ".join(["givenName='x'"] * 60)}, 400, "invalid_filter_field"),
            ({"limit": "0"}, 422, "invaliddata"),
            ({"limit": "x"}, 422, "invaliddata"),
            ({"offset": "-1"}, 422, "invaliddata"),
            ({"offset": "9999999999"}, 422, "invaliddata"),
            ({"orderBy": "up"}, 422, "invaliddata"),
            ({"limit": ["1", "2"]}, 422, "invaliddata"),
        ],
    )
    def test_what_cannot_be_understood_is_refused(
        self, official: dict[str, Any], app: App, query: dict[str, Any], status: int, minor: str
    ) -> None:
        answer = app.get("users", query)
        assert answer.status_code == status
        assert _minor(answer) == minor
        validate(official, "/users", answer)

    def test_selected_fields_are_the_only_ones(self, app: App) -> None:
        for fields in ("givenName,sourcedId", ["givenName", "sourcedId"]):
            for user in app.get("users", {"fields": fields}).json()["users"]:
                assert user.keys() == {"givenName", "sourcedId"}


class TestSeveralProviders:
    """An app that two municipalities have taken sees both, each in its own reach."""

    def test_a_guardian_in_two_municipalities_is_one_user(self, app: App) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID)
        valkamo = App(cast.VALKAMO_OID)
        users = both.ids("users")
        assert users == sorted(set(app.ids("users")) | set(valkamo.ids("users")))
        assert both.get("users")["X-Total-Count"] == str(len(users))
        assert [i for at in range(len(users)) for i in both.ids("users", limit=1, offset=at)] == users
        guardian = both.get(f"users/{both.sourced(cast.GUARDIAN)}").json()["user"]
        assert [role["org"]["sourcedId"] for role in guardian["roles"]] == [str(cast.KUUSNIEMI), str(cast.VALKAMO)]
        assert [role["roleType"] for role in guardian["roles"]] == ["primary", "secondary"]
        assert len(guardian["agents"]) == 2
        assert len(both.ids("schools")) == 2
        assert both.ids(f"classes/{cast.GROUP_8C}/students") == [both.sourced(cast.VALKAMO_PUPIL)]
        assert both.get(f"classes/{uuid4()}/students").status_code == 404


class TestStreaming:
    """Long pages leave in chunks."""

    def test_a_stream_is_the_same_answer(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = app.get("users").json()
        monkeypatch.setattr("digione.rest.oneroster.collect.CHUNK", 2)
        streamed = app.get("users", {"limit": 10_000})
        assert streamed.streaming
        assert body(streamed) == plain
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID).get("users")
        assert len(body(both)["users"]) == int(both["X-Total-Count"])


class TestHotLane:
    """One function call answers as the ordinary operation does, and leaves the same trace."""

    def test_both_lanes_answer_alike(self, app: App) -> None:
        for ident in app.ids("users"):
            assert _hot(app, ident, f"http://testserver{PREFIX}") == app.get(f"users/{ident}").content.decode()
        core = app.new_token((CORE,))
        teacher = app.sourced(cast.TEACHER)
        ordinary = app.get(f"users/{teacher}", token=core).content.decode()
        assert _hot(app, teacher, f"http://testserver{PREFIX}", core) == ordinary

    def test_it_refuses_what_the_ordinary_lane_refuses(self, app: App) -> None:
        teacher = app.sourced(cast.TEACHER)
        expired = app.new_token((ROSTER,), lasts=timedelta(hours=-1))
        for token in ("wrong", expired, app.new_token((DEMOGRAPHICS,))):
            assert _hot(app, teacher, token=token) is None
        assert _hot(app, str(uuid4())) is None
        assert _hot(app, App(cast.VALKAMO_OID).sourced(cast.VALKAMO_PUPIL)) is None

    def test_it_leaves_the_same_trace(self, app: App) -> None:
        teacher = app.sourced(cast.TEACHER)
        app.get(f"users/{teacher}")
        assert _hot(app, teacher)
        shown = "provider_id, app_id, role, event, purpose, rule, outcome, in_bulk"
        ordinary, hot = _audit(cast.TEACHER, shown)
        assert ordinary == hot


def _hot(app: App, ident: str, base: str = "", token: str | None = None) -> str | None:
    checksum = hashlib.sha256((token or app.token).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT oneroster_user(%s, %s, %s)", [checksum, ident, base])
        return cursor.fetchone()[0]


def _minor(answer: Any) -> str:
    return answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"]


def _state() -> list[Any]:
    """Return a fingerprint of what a reader must never change, as the provider sees it."""
    counts = []
    for provider in (cast.KUUSNIEMI, cast.VALKAMO):
        set_reach(Actor("administrator", provider_id=provider))
        with connection.cursor() as cursor:
            for table in (
                "people_person",
                "people_providerperson",
                "people_guardianship",
                "studies_enrolment",
                "studies_group",
            ):
                cursor.execute(
                    f"SELECT count(*), max(sys_from), md5(string_agg(t::text, '' ORDER BY t.id)) FROM {table} t"
                )
                counts.append(cursor.fetchone())
    return counts


def _audit(person: UUID, columns: str = "event, outcome") -> list[tuple[Any, ...]]:
    """Return what the log says of a person, as that person reads it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('digione.persons', %s, true)", [f"{{{person}}}"])
        cursor.execute(f"SELECT {columns} FROM audit_of_person(%s, now() - interval '1 hour', 50)", [person])
        return cursor.fetchall()
