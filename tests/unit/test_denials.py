"""Ways around the rules that were once open. Each is tried here, and each test says what must not have changed."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from oauth2_provider.models import AccessToken, Application

from digione.access.roles import Role
from digione.access.services import create_app
from digione.core import clock, secrets
from digione.core.errors import DeniedError, InvalidInputError, NotFoundError
from digione.core.texts import sort_key
from digione.core.use_case import Actor, set_reach
from digione.integrations.koodisto.reader import read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading.report import Report
from digione.organisations import selectors as organisations
from digione.people import selectors as people
from digione.people.desks import desk_of
from digione.rest.oneroster.operations import CORE
from digione.studies import selectors as studies
from tests import cast

pytestmark = pytest.mark.django_db

VALKAMO_OFFICE = Actor(str(Role.ADMINISTRATOR), provider_id=cast.VALKAMO)


def run(actor: Actor, sql: str, *parameters: object) -> int:
    """Run a statement within the actor's reach; return how many rows it touched."""
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(sql, list(parameters))
        return cursor.rowcount


def ask(actor: Actor, sql: str, *parameters: object) -> list[tuple]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(sql, list(parameters))
        return cursor.fetchall()


def add_guardian(provider: Actor, guardian: UUID, child: UUID) -> None:
    run(
        provider,
        "INSERT INTO people_guardianship (id, provider_id, guardian_id, child_id, kind, limits, valid_from, source)"
        " VALUES (gen_random_uuid(), %s, %s, %s, 'custodian', '{}', %s, 'test')",
        provider.provider_id,
        guardian,
        child,
        cast.START,
    )


def test_a_second_municipality_does_not_open_what_the_first_one_closed() -> None:
    add_guardian(VALKAMO_OFFICE, cast.LIMITED_GUARDIAN, cast.PUPIL)
    assert desk_of(cast.LIMITED_GUARDIAN, day=clock.today()).wards == ()
    with_child = cast.actor(cast.LIMITED_GUARDIAN, Role.GUARDIAN, None, (cast.PUPIL,))
    for look in (studies.person_page, people.views_of):
        with pytest.raises(NotFoundError):
            look(with_child, person=cast.PUPIL)
    assert studies.guardian_landing(with_child)["children"] == []


def test_a_bar_that_has_ended_closes_nothing() -> None:
    add_guardian(VALKAMO_OFFICE, cast.LIMITED_GUARDIAN, cast.PUPIL)
    run(
        cast.administrator,
        "UPDATE people_guardianship SET valid_to = %s WHERE 'no_information' = ANY (limits)",
        clock.today() - timedelta(days=1),
    )
    assert desk_of(cast.LIMITED_GUARDIAN, day=clock.today()).wards == (cast.PUPIL,)


def test_a_guardian_is_not_told_where_a_protected_child_is() -> None:
    add_guardian(cast.administrator, cast.STRANGER_GUARDIAN, cast.PROTECTED_PUPIL)
    run(
        cast.administrator,
        "UPDATE people_guardianship SET valid_to = %s WHERE child_id = %s",
        cast.START,
        cast.UNTAUGHT_PUPIL,
    )
    desk = desk_of(cast.STRANGER_GUARDIAN, day=clock.today())
    assert desk.wards == (cast.PROTECTED_PUPIL,)
    assert [choice.providers for choice in desk.roles] == [()]
    actor = cast.actor(cast.STRANGER_GUARDIAN, Role.GUARDIAN, None, desk.wards)
    studies.person_page(cast.teacher, person=cast.PROTECTED_PUPIL)
    pages = [
        studies.person_page(actor, person=cast.PROTECTED_PUPIL),
        studies.guardian_landing(actor),
        people.views_of(actor, person=cast.PROTECTED_PUPIL),
    ]
    assert pages[2]["viewers"]
    for page in pages:
        for secret in ("Rantapuisto", "Kuusniemi", "3 B", "iida@example", *cast.PEOPLE[cast.TEACHER]):
            assert secret not in str(page), secret
    # The others still work with the same page.
    assert studies.person_page(cast.teacher, person=cast.PROTECTED_PUPIL)["schooling"]


def test_imports_are_the_offices_and_no_teachers_matter() -> None:
    with pytest.raises(DeniedError):
        organisations.import_runs(cast.teacher)
    with pytest.raises(NotFoundError):
        organisations.import_run(cast.secretary, run=uuid4())


def test_the_runs_of_public_registers_are_the_main_administrators_and_a_providers_runs_are_no_registers(
    tmp_path: Path,
) -> None:
    run_id = _a_run_of(tmp_path)
    for actor in (cast.teacher, cast.principal, cast.secretary, cast.guardian):
        with pytest.raises(DeniedError):
            organisations.register_runs(actor)
        with pytest.raises(DeniedError):
            organisations.register_run(actor, run=run_id)
    assert [row["id"] for row in organisations.register_runs(cast.administrator)["runs"]] == [run_id]
    assert organisations.register_run(cast.administrator, run=run_id)["kind"] == "codes"
    # Neither way does one kind of run answer for the other.
    with pytest.raises(NotFoundError):
        organisations.import_run(cast.administrator, run=run_id)
    assert organisations.import_runs(cast.administrator)["runs"] == []


@pytest.mark.parametrize("kind", ["demo", "people"])
def test_a_run_without_a_provider_that_is_no_registers_stays_the_platforms(tmp_path: Path, kind: str) -> None:
    run_id = _a_run_of(tmp_path)
    assert run(Actor(str(Role.PLATFORM)), "UPDATE core_importrun SET kind = %s WHERE id = %s", kind, run_id) == 1
    assert ask(cast.administrator, "SELECT count(*) FROM core_importrun") == [(0,)]
    with pytest.raises(NotFoundError):
        organisations.register_run(cast.administrator, run=run_id)


def test_whoever_reads_the_runs_of_registers_writes_none(tmp_path: Path) -> None:
    _a_run_of(tmp_path)
    assert ask(cast.administrator, "SELECT count(*) FROM core_importrun") == [(1,)]
    assert run(cast.administrator, "UPDATE core_importrun SET status = 'done'") == 0
    assert run(cast.administrator, "DELETE FROM core_importrun") == 0


def _a_run_of(folder: Path) -> UUID:
    report = Report()
    file = folder / "codes.json"
    file.write_text(json.dumps([{"koodiUri": "testi_1", "koodiArvo": "1", "versio": 1}]))
    rows = read_codes([file], report.problems)
    import_codes(Actor(str(Role.PLATFORM)), rows=rows, report=report, file_hash="x")
    [found] = ask(Actor(str(Role.PLATFORM)), "SELECT id FROM core_importrun")[0]
    return UUID(str(found))


@pytest.mark.parametrize(
    ("statement", "reader"),
    [
        ("UPDATE people_person SET given_name = 'X'", cast.guardian),
        ("DELETE FROM people_guardianship", cast.guardian),
        ("UPDATE people_guardianship SET limits = '{}'", cast.actor(cast.LIMITED_GUARDIAN, Role.GUARDIAN, None)),
        ("UPDATE people_contact SET value = 'x@example.invalid'", cast.pupil),
        ("DELETE FROM people_providerperson", cast.pupil),
        ("DELETE FROM people_identifier", cast.pupil),
        ("UPDATE studies_schoolenrolment SET grade = '9'", cast.pupil),
        ("DELETE FROM studies_enrolment", cast.guardian),
        ("UPDATE people_staffassignment SET role = 'principal'", cast.actor(cast.TEACHER, Role.TEACHER, None)),
    ],
)
def test_a_person_reads_their_own_rows_and_writes_none_of_them(statement: str, reader: Actor) -> None:
    table = statement.split()[1 if statement.startswith("UPDATE") else 2]
    before = ask(reader, f"SELECT count(*) FROM {table}")
    assert before != [(0,)]
    assert run(reader, statement) == 0
    assert ask(reader, f"SELECT count(*) FROM {table}") == before


def test_an_app_neither_widens_nor_ends_its_own_taking() -> None:
    app = _app().at(None)
    assert ask(app, "SELECT count(*) FROM access_taking") == [(1,)]
    assert run(app, "UPDATE access_taking SET non_disclosure_included = true") == 0
    assert run(app, "DELETE FROM access_taking") == 0
    assert run(app, "DELETE FROM access_listing") == 0
    assert run(app, "DELETE FROM access_subject") == 0


def _app() -> Actor:
    made = create_app(cast.platform, name="A", supplier="A Oy", provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE])
    return Actor(str(Role.APP), app_id=made.app_id, supplier_id=made.supplier_id, provider_id=cast.KUUSNIEMI)


_LINK = (
    "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from)"
    " VALUES (gen_random_uuid(), %s, %s, 'learner', %s)"
)


def test_knowing_the_id_of_a_person_links_nobody() -> None:
    with pytest.raises(DatabaseError, match="not found by an identifier"):
        run(VALKAMO_OFFICE, _LINK, cast.VALKAMO, cast.PUPIL, cast.START)
    assert ask(VALKAMO_OFFICE, "SELECT count(*) FROM people_person WHERE id = %s", cast.PUPIL) == [(0,)]


def test_an_identifier_that_one_has_links_its_person_in_that_transaction_alone() -> None:
    digest, (given, family) = secrets.digest(cast.PUPIL_HETU), cast.PEOPLE[cast.PUPIL]
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(VALKAMO_OFFICE)
        cursor.execute(
            "SELECT person_id FROM people_find_by_identifier('hetu', %s, %s, %s, %s::date[])",
            [[digest], [sort_key(family, given)], [given], [None]],
        )
        assert cursor.fetchall() == [(cast.PUPIL,)]
        cursor.execute(_LINK, [cast.VALKAMO, cast.PUPIL, cast.START])
        cursor.execute("SELECT given_name FROM people_person WHERE id = %s", [cast.PUPIL])
        assert cursor.fetchall() == [("Aino",)]


def test_a_link_is_not_moved_to_another_person() -> None:
    with pytest.raises(DatabaseError, match="keeps its provider and its person"):
        run(
            VALKAMO_OFFICE,
            "UPDATE people_providerperson SET person_id = %s WHERE person_id = %s",
            cast.PUPIL,
            cast.VALKAMO_PUPIL,
        )
    assert ask(VALKAMO_OFFICE, "SELECT count(*) FROM people_person WHERE id = %s", cast.PUPIL) == [(0,)]


def test_no_token_stands_in_the_database_and_no_secret_of_a_supplier_is_read() -> None:
    _app()
    AccessToken.objects.create(
        token="a-token-in-clear", application=Application.objects.get(), scope="x", expires=clock.now()
    )
    assert ask(cast.platform, "SELECT count(*) FROM oauth2_provider_accesstoken WHERE token = 'a-token-in-clear'") == [
        (0,)
    ]
    with pytest.raises(DatabaseError, match="permission denied"):
        ask(cast.platform, "SELECT subject_secret FROM access_supplier")


def test_an_administrator_neither_makes_apps_nor_joins_a_supplier() -> None:
    with pytest.raises(DeniedError):
        create_app(
            cast.administrator, name="B", supplier="B Oy", provider_oids=[cast.VALKAMO_OID], scopes=["roster.readonly"]
        )
    assert ask(cast.platform, "SELECT count(*) FROM access_app WHERE name = 'B'") == [(0,)]


def test_a_guardian_of_a_protected_child_is_not_told_by_whom_they_were_seen() -> None:
    add_guardian(cast.administrator, cast.STRANGER_GUARDIAN, cast.PROTECTED_PUPIL)
    studies.person_page(cast.teacher, person=cast.STRANGER_GUARDIAN)
    studies.person_page(cast.secretary, person=cast.STRANGER_GUARDIAN)
    # Acting as guardian, and in a role whose reach has no wards.
    for wards in ((cast.PROTECTED_PUPIL, cast.UNTAUGHT_PUPIL), ()):
        actor = cast.actor(cast.STRANGER_GUARDIAN, Role.GUARDIAN, None, wards)
        page = people.views_of(actor, person=cast.STRANGER_GUARDIAN)
        assert {viewer["role"] for viewer in page["viewers"]} == {"teacher", "school_secretary"}
        for secret in ("Kuusniemi", *cast.PEOPLE[cast.TEACHER], *cast.PEOPLE[cast.SECRETARY]):
            assert secret not in str(page), secret
    # Whose wards are all known and none protected still reads who looked.
    studies.person_page(cast.teacher, person=cast.GUARDIAN)
    assert cast.PEOPLE[cast.TEACHER][1] in str(people.views_of(cast.guardian, person=cast.GUARDIAN)["viewers"])


def test_a_teacher_is_told_no_contact_of_a_protected_guardian_on_any_page() -> None:
    assert studies.person_page(cast.teacher, person=cast.GUARDIAN)["contacts"]
    run(cast.administrator, "UPDATE people_person SET non_disclosure = true WHERE id = %s", cast.GUARDIAN)
    own = studies.person_page(cast.teacher, person=cast.GUARDIAN)
    child = studies.person_page(cast.teacher, person=cast.PUPIL)
    assert own["contacts"] == []
    assert [row["contacts"] for row in child["guardians"] if row["id"] == cast.GUARDIAN] == [[]]
    assert studies.person_page(cast.secretary, person=cast.GUARDIAN)["contacts"]


def test_an_app_without_a_name_is_not_made() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        create_app(cast.platform, name=" ", supplier="B Oy", provider_oids=[cast.VALKAMO_OID], scopes=[CORE])
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("name", "missing")]
    assert ask(cast.platform, "SELECT count(*) FROM access_app") == [(0,)]
