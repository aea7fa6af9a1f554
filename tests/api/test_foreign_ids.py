"""What belongs to others does not exist: their ids in every place of every operation, hidden persons, ended custody."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from oauth2_provider.models import AccessToken

from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.fields import Among, Id
from digione.rest.oneroster.operations import CORE, OPERATIONS, Operation
from tests import cast
from tests.api.oneroster import LOOSE_GROUP, TERM, App, address, audit, body, hot, minor, state

pytestmark = pytest.mark.django_db
VALKAMO_TERM, VALKAMO_PERIOD, OTHER_SCHOOL, OTHER_GROUP = uuid4(), uuid4(), uuid4(), uuid4()
WITH_IDS = [operation for operation in OPERATIONS if "{" in operation.path]


@pytest.fixture
def valkamo(app: App) -> App:
    """The same supplier's app of the other municipality, which gets a term, too; so that its ids are known to us."""
    _run(
        cast.VALKAMO,
        *(
            (
                "INSERT INTO organisations_academicsession (id, provider_id, kind, title, starts_on, ends_on, parent_id, school_year)"
                " VALUES (%s, %s, %s, '{}', '2026-08-06', '2026-12-19', %s, 2027)",
                [ident, cast.VALKAMO, kind, parent],
            )
            for ident, kind, parent in (
                (VALKAMO_TERM, "term", cast.YEAR_VALKAMO),
                (VALKAMO_PERIOD, "gradingPeriod", VALKAMO_TERM),
            )
        ),
    )
    return App(cast.VALKAMO_OID)


@pytest.fixture
def _second_school(app: App) -> None:
    """Another school of the same provider, with a group."""
    set_reach(cast.platform)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organisations_organisation (id, oid, parent_id, provider_id, kinds, sort_key, name, languages, source, valid_from)"
            " VALUES (%s, '1.2.246.562.199.10000000053', %s, %s, '{school}', 'x', '{}', '{}', 'demo', '1990-01-01')",
            [OTHER_SCHOOL, cast.KUUSNIEMI, cast.KUUSNIEMI],
        )
    _run(
        cast.KUUSNIEMI,
        (
            "INSERT INTO studies_group (id, provider_id, school_id, kind, title) VALUES (%s, %s, %s, 'home_group', '{}')",
            [OTHER_GROUP, cast.KUUSNIEMI, OTHER_SCHOOL],
        ),
    )


def _run(provider: UUID, *statements: tuple[str, list[Any]]) -> None:
    set_reach(Actor("administrator", provider_id=provider))
    with connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)
            assert cursor.rowcount, sql


def _ids_of(operation: Operation, app: App, *, ours: bool) -> dict[str, str]:
    """Return an id of the right kind for each place of the path: one of Kuusniemi's, or one of Valkamo's."""
    kind = operation.path.split("/")[0]
    people = {
        "students": (cast.PUPIL, cast.VALKAMO_PUPIL),
        "teachers": (cast.TEACHER, cast.OUTSIDER),
        "users": (cast.PUPIL, cast.VALKAMO_PUPIL),
        "demographics": (cast.PUPIL, cast.VALKAMO_PUPIL),
    }
    pick = 0 if ours else 1
    own = app.sourced(people[kind][pick]) if kind in people else app.ids(kind)[0]
    return {
        "schoolSourcedId": str((cast.RANTAPUISTO, cast.YHTENAISKOULU)[pick]),
        "classSourcedId": str((cast.GROUP_3B, cast.GROUP_8C)[pick]),
        "courseSourcedId": app.ids("courses")[0],
        "termSourcedId": str((TERM, VALKAMO_TERM)[pick]),
        "studentSourcedId": app.sourced(people["students"][pick]),
        "teacherSourcedId": app.sourced(people["teachers"][pick]),
        "userSourcedId": app.sourced(people["users"][pick]),
        "sourcedId": own,
    }


@pytest.mark.parametrize("operation", WITH_IDS, ids=lambda operation: operation.path)
def test_another_providers_id_in_any_place_of_the_path(app: App, valkamo: App, operation: Operation) -> None:
    mine, theirs = _ids_of(operation, app, ours=True), _ids_of(operation, valkamo, ours=False)
    assert app.get(operation.path.format(**mine)).status_code == 200
    assert valkamo.get(operation.path.format(**theirs)).status_code == 200, "The id is right, for its own provider."
    before, seen = state(), audit(cast.VALKAMO_PUPIL)
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    for name in names:
        answer = app.get(operation.path.format(**{**mine, name: theirs[name]}))
        nobody = app.get(operation.path.format(**{**mine, name: str(uuid4())}))
        assert answer.status_code == nobody.status_code == 404
        assert answer.content == nobody.content, "It is answered as what nobody has."
        assert minor(answer) == "unknownobject"
    assert app.get(operation.path.format(**theirs)).status_code == 404
    assert state() == before
    assert audit(cast.VALKAMO_PUPIL) == seen


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{" not in one.path], ids=lambda operation: operation.path
)
def test_another_providers_ids_in_any_filter_find_nothing(app: App, valkamo: App, operation: Operation) -> None:
    foreign = {row["sourcedId"] for row in body(valkamo.get(operation.path))[operation.resource.collection]}
    foreign |= {str(cast.YHTENAISKOULU), str(cast.GROUP_8C), str(cast.VALKAMO), str(VALKAMO_TERM)}
    foreign |= {valkamo.sourced(cast.VALKAMO_PUPIL), valkamo.sourced(cast.OUTSIDER)}
    # Whom both municipalities have is one user, and ours as well.
    foreign -= {app.sourced(cast.GUARDIAN)}
    ids = [
        name
        for name, field in operation.resource.fields.items()
        if isinstance(field, Id) or (isinstance(field, Among) and isinstance(field.inner, Id))
    ]
    assert "sourcedId" in ids
    for name in ids:
        wanted = " OR ".join(f"{name}='{ident}'" for ident in sorted(foreign)[:40])
        answer = app.get(operation.path, {"filter": wanted})
        assert body(answer) == {operation.resource.collection: []}, name
        assert answer["X-Total-Count"] == "0"


@pytest.mark.usefixtures("_second_school")
def test_a_class_of_another_school_is_not_found_under_this_one(app: App) -> None:
    for kind in ("students", "teachers", "enrollments"):
        assert app.get(f"schools/{OTHER_SCHOOL}/classes/{OTHER_GROUP}/{kind}").status_code == 200
        for school, group in ((cast.RANTAPUISTO, OTHER_GROUP), (OTHER_SCHOOL, cast.GROUP_3B)):
            assert app.get(f"schools/{school}/classes/{group}/{kind}").status_code == 404
    assert app.ids(f"schools/{OTHER_SCHOOL}/classes") == [str(OTHER_GROUP)]
    for kind in ("students", "teachers", "enrollments"):
        assert app.ids(f"schools/{OTHER_SCHOOL}/{kind}") == []
    assert str(OTHER_GROUP) not in app.ids(f"schools/{cast.RANTAPUISTO}/classes")
    # The provider is an organisation, but no school.
    assert app.get(f"schools/{cast.KUUSNIEMI}/classes").status_code == 404
    assert app.get(f"schools/{cast.KUUSNIEMI}").status_code == 404


def test_an_id_of_another_kind_is_not_found(app: App) -> None:
    pupil, teacher = app.sourced(cast.PUPIL), app.sourced(cast.TEACHER)
    for where in (
        f"teachers/{pupil}",
        f"students/{teacher}",
        f"teachers/{pupil}/classes",
        f"students/{teacher}/classes",
        f"classes/{cast.RANTAPUISTO}",
        f"orgs/{cast.GROUP_3B}",
        f"terms/{cast.YEAR_KUUSNIEMI}",
        f"users/{cast.PUPIL}",
        f"demographics/{cast.PUPIL}",
    ):
        assert app.get(where).status_code == 404, where


class TestHidden:
    """A person under non-disclosure leaves no trace anywhere, however one asks."""

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_no_operation_tells_of_a_hidden_pupil(self, app: App, operation: Operation) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        answer = app.get(address(app, operation))
        text = answer.content.decode()
        assert hidden not in text
        assert "Iida" not in text
        assert "Mäkinen" not in text
        assert audit(cast.PROTECTED_PUPIL) == []
        if operation.one is None:
            assert int(answer["X-Total-Count"]) == len(next(iter(body(answer).values())))

    def test_in_no_place_of_a_path(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        for kind in ("users", "students", "demographics"):
            assert app.get(f"{kind}/{hidden}").status_code == 404
        for kind in ("users", "students"):
            assert app.get(f"{kind}/{hidden}/classes").status_code == 404
        assert hot(app, hidden) is None

    def test_by_no_filter_nor_order(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        for path, wanted in (
            ("users", f"sourcedId='{hidden}'"),
            ("users", "givenName='Iida'"),
            ("users", "familyName~'mäki'"),
            ("students", "givenName='Iida' OR givenName='iida'"),
            ("demographics", f"sourcedId='{hidden}'"),
            ("enrollments", f"user.sourcedId='{hidden}'"),
            (f"classes/{cast.GROUP_3B}/students", f"sourcedId='{hidden}'"),
        ):
            answer = app.get(path, {"filter": wanted})
            assert next(iter(body(answer).values())) == [], path
            assert answer["X-Total-Count"] == "0", path
        assert hidden not in app.ids("users", sort="familyName", orderBy="desc", limit=1000)
        # The count of everybody but one name must not betray the one either.
        everybody = int(app.get("users")["X-Total-Count"])
        assert int(app.get("users", {"filter": "givenName!='Iida'"})["X-Total-Count"]) == everybody

    def test_an_address_is_found_by_no_filter_and_no_order(self, app: App) -> None:
        """Also where the agreement includes hidden persons; and a token of the core sees nobody's address."""
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET non_disclosure_included = true")
        hidden, pupil = app.sourced(cast.PROTECTED_PUPIL), app.sourced(cast.PUPIL)
        assert hidden in app.ids("users")
        assert app.ids("users", filter="email='aino@example.invalid'") == [pupil]
        assert app.ids("users", filter="email='iida@example.invalid'") == []
        assert hidden not in app.ids("users", filter="email~'example'")
        assert app.ids("users", sort="email")[-1] == hidden, "Without an address one comes last."
        core = app.new_token((CORE,))
        for wanted in ("email='aino@example.invalid'", "email~'example'"):
            assert body(app.get("users", {"filter": wanted}, core)) == {"users": []}
        assert [user["sourcedId"] for user in body(app.get("users", {"sort": "email"}, core))["users"]] == sorted(
            app.ids("users")
        )

    def test_a_guardian_without_right_to_information_is_linked_to_nobody(self, app: App) -> None:
        limited, pupil = app.sourced(cast.LIMITED_GUARDIAN), app.sourced(cast.PUPIL)
        assert "agents" not in app.get(f"users/{limited}").json()["user"]
        assert limited not in app.get(f"users/{pupil}").content.decode()
        assert app.ids("users", filter=f"agents.sourcedId='{limited}'") == []
        assert limited not in app.ids("users", filter=f"agents.sourcedId='{pupil}'")

    def test_not_as_an_agent(self, app: App) -> None:
        pupil, guardian = app.sourced(cast.PUPIL), app.sourced(cast.GUARDIAN)
        assert app.ids("users", filter=f"agents.sourcedId='{guardian}'") == [pupil]
        _run(cast.KUUSNIEMI, ("UPDATE people_person SET non_disclosure = true WHERE id = %s", [cast.GUARDIAN]))
        child = app.get(f"users/{pupil}").json()["user"]
        assert "agents" not in child
        assert guardian not in str(hot(app, pupil))
        assert app.ids("users", filter=f"agents.sourcedId='{guardian}'") == []
        assert guardian not in app.get("users").content.decode()

    def test_a_hidden_childs_guardian_names_no_child(self, app: App) -> None:
        _run(cast.KUUSNIEMI, ("UPDATE people_person SET non_disclosure = true WHERE id = %s", [cast.PUPIL]))
        guardian = app.sourced(cast.GUARDIAN)
        assert "agents" not in app.get(f"users/{guardian}").json()["user"]
        assert app.sourced(cast.PUPIL) not in str(hot(app, guardian))


def test_custody_that_has_ended_names_nobody(app: App) -> None:
    """On its last day it holds; on the next neither end names the other, in an answer or in a filter."""
    pupil, guardian = app.sourced(cast.PUPIL), app.sourced(cast.GUARDIAN)
    last = date(2099, 3, 10)
    _run(cast.KUUSNIEMI, ("UPDATE people_guardianship SET valid_to = %s WHERE guardian_id = %s", [last, cast.GUARDIAN]))
    AccessToken.objects.update(expires="2100-01-01T00:00:00Z")
    for day, agents in ((10, [guardian]), (11, [])):
        # 22:30 in Greenwich is past midnight in Finland.
        with clock.fixed(datetime(2099, 3, day - 1, 22, 30, tzinfo=UTC)):
            found = app.get(f"users/{pupil}").json()["user"]
            assert [agent["sourcedId"] for agent in found.get("agents", [])] == agents
            assert app.ids("users", filter=f"agents.sourcedId='{guardian}'") == ([pupil] if agents else [])
            kin = app.get(f"users/{guardian}").json()["user"].get("agents", [])
            assert [agent["sourcedId"] for agent in kin] == ([pupil] if agents else [])


def test_a_course_without_a_school_is_the_providers_own(app: App, valkamo: App) -> None:
    """Courses and terms that name no school are shown under each school of the provider, never of another's."""
    for kind in ("courses", "terms"):
        ours, theirs = set(app.ids(kind)), set(valkamo.ids(kind))
        assert not ours & theirs
        assert set(app.ids(f"schools/{cast.RANTAPUISTO}/{kind}")) <= ours
    assert str(LOOSE_GROUP) in app.ids(f"schools/{cast.RANTAPUISTO}/courses")
