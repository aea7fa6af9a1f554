"""Who reaches whom: the permission × cast table, and the net of row-level security below it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from digione.access.permissions import Event, Permission
from digione.audit.jobs import make_partitions
from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError, UnguardedUseCaseError
from digione.core.use_case import Actor, UseCase, set_reach, use_case
from tests import cast

pytestmark = pytest.mark.django_db

TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def read_name(uc: UseCase, *, person: UUID) -> str:
    """Read one person's name, as any page would."""
    uc.check(person)
    if uc.actor.provider_id is None and person not in uc.actor.persons:
        raise AssertionError("The rule allowed a person out of reach.")
    return uc.row("SELECT given_name FROM people_person WHERE id = %s", [person])["given_name"]


ALLOWED = [
    (cast.teacher, cast.PUPIL),
    (cast.teacher, cast.PROTECTED_PUPIL),
    (cast.teacher, cast.GUARDIAN),
    (cast.teacher, cast.TEACHER),
    (cast.principal, cast.PUPIL),
    (cast.principal, cast.UNTAUGHT_PUPIL),
    (cast.principal, cast.TEACHER),
    (cast.secretary, cast.UNTAUGHT_PUPIL),
    (cast.guardian, cast.PUPIL),
    (cast.guardian, cast.VALKAMO_PUPIL),
    (cast.pupil, cast.PUPIL),
    (cast.outsider, cast.VALKAMO_PUPIL),
]
DENIED = [
    (cast.teacher, cast.UNTAUGHT_PUPIL),
    (cast.teacher, cast.VALKAMO_PUPIL),
    (cast.teacher, cast.STRANGER_GUARDIAN),
    (cast.principal, cast.VALKAMO_PUPIL),
    (cast.administrator, cast.PUPIL),
    (cast.guardian, cast.UNTAUGHT_PUPIL),
    (cast.guardian, cast.PROTECTED_PUPIL),
    (cast.limited_guardian, cast.PUPIL),
    (cast.stranger_guardian, cast.PUPIL),
    (cast.pupil, cast.PROTECTED_PUPIL),
    (cast.pupil, cast.GUARDIAN),
    (cast.outsider, cast.PUPIL),
    (cast.teacher, UUID(int=7)),
]


@pytest.mark.parametrize(("actor", "person"), ALLOWED)
def test_a_relation_opens_a_person(actor: Actor, person: UUID) -> None:
    with clock.fixed(TODAY):
        assert read_name(actor, person=person) == cast.PEOPLE[person][0]


@pytest.mark.parametrize(("actor", "person"), DENIED)
def test_without_a_relation_the_person_does_not_exist(actor: Actor, person: UUID) -> None:
    with clock.fixed(TODAY), pytest.raises(NotFoundError):
        read_name(actor, person=person)


def test_a_right_ends_with_the_row_that_it_came_from() -> None:
    with clock.fixed(TODAY), transaction.atomic():
        set_reach(cast.administrator)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE studies_enrolment SET valid_to = %s WHERE person_id = %s AND role = 'teacher'",
                [TODAY.date() - timedelta(days=1), cast.TEACHER],
            )
            assert cursor.rowcount == 1
    with clock.fixed(TODAY), pytest.raises(NotFoundError):
        read_name(cast.teacher, person=cast.PUPIL)
    with clock.fixed(TODAY - timedelta(days=1)):
        assert read_name(cast.teacher, person=cast.PUPIL) == "Aino"


def test_an_unset_reach_sees_nothing() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(Actor("teacher"))
        for table in (
            "people_person",
            "people_providerperson",
            "people_identifier",
            "studies_enrolment",
            "studies_group",
            "audit_entry",
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table


def test_another_provider_is_neither_read_nor_written() -> None:
    with connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute("SELECT count(*) FROM studies_enrolment WHERE provider_id = %s", [cast.VALKAMO])
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE studies_group SET code = 'x' WHERE provider_id = %s", [cast.VALKAMO])
        assert cursor.rowcount == 0
        with pytest.raises(DatabaseError, match="row-level security"):
            cursor.execute(
                "INSERT INTO people_contact (id, provider_id, person_id, kind, value) VALUES (gen_random_uuid(), %s, %s, 'email', 'x')",
                [cast.VALKAMO, cast.PUPIL],
            )


def test_a_use_case_that_checks_nothing_does_not_return() -> None:
    @use_case(Permission.DESK_TEACHER, Event.DESK_OPENED)
    def careless(uc: UseCase) -> int:
        """Forget the check."""
        return uc.json("SELECT 1")

    with pytest.raises(UnguardedUseCaseError):
        careless(cast.teacher)


def test_a_use_case_never_calls_a_use_case() -> None:
    @use_case(Permission.DESK_TEACHER, Event.DESK_OPENED)
    def nested(uc: UseCase) -> str:
        """Call another one."""
        uc.check()
        return read_name(uc.actor, person=cast.PUPIL)

    with pytest.raises(UnguardedUseCaseError):
        nested(cast.teacher)


def test_a_role_without_a_rule_is_denied_and_the_permission_is_cited() -> None:
    @use_case(Permission.REGISTER_IMPORT, Event.REGISTER_IMPORTED)
    def keep_register(uc: UseCase) -> None:
        """Write the national register."""
        uc.check()

    with pytest.raises(DeniedError) as refusal:
        keep_register(cast.administrator)
    assert refusal.value.rule == "register:import"


def test_who_has_viewed_is_told_to_the_person_and_the_guardian_alone() -> None:
    with clock.fixed(TODAY):
        read_name(cast.teacher, person=cast.PUPIL)
        with pytest.raises(NotFoundError):
            read_name(cast.outsider, person=cast.PUPIL)

    def told(actor: Actor) -> list[tuple]:
        with transaction.atomic(), connection.cursor() as cursor:
            set_reach(actor)
            cursor.execute(
                "SELECT actor_name, role, rule, sensitivity FROM audit_of_person"
                "(%s, now() - interval '1 hour', 'infinity', NULL, 1::smallint, NULL, '{}', '{}', '{}', 50)",
                [cast.PUPIL],
            )
            return cursor.fetchall()

    assert told(cast.pupil) == [("Pirjo Vainionpää", "teacher", "teacher-of", 1)]
    assert told(cast.guardian) == told(cast.pupil)
    assert told(cast.teacher) == told(cast.limited_guardian) == told(cast.principal) == []


def test_the_log_is_sealed_and_the_application_cannot_change_it() -> None:
    with clock.fixed(TODAY):
        read_name(cast.teacher, person=cast.PUPIL)
    for forgery in (
        "UPDATE audit_entry SET role = 'learner'",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry (at, role, use_case, event, outcome) VALUES ('2020-01-01', 'x', 'x', 'x', 'done')",
        "INSERT INTO audit_entry (xid, role, use_case, event, outcome) VALUES ('1', 'x', 'x', 'x', 'done')",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(forgery)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_verify()")
        assert cursor.fetchall() == []


def test_the_log_has_a_partition_for_every_month_of_the_coming_year() -> None:
    make_partitions(0)
    make_partitions(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_char(now() + n * interval '1 month', 'YYYYMM') FROM generate_series(0, 12) n"
            " WHERE to_regclass('audit_entry_' || to_char(now() + n * interval '1 month', 'YYYYMM')) IS NULL"
        )
        assert cursor.fetchall() == []
        # What the application may not do to the log it may not do to a partition either.
        cursor.execute("SELECT count(*) FROM " + f"audit_entry_{clock.now():%Y%m}")
        assert cursor.fetchone() == (0,)


def test_history_keeps_what_a_row_was_and_who_changed_it() -> None:
    with transaction.atomic():
        set_reach(cast.administrator)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_contact SET value = 'uusi@example.invalid' WHERE person_id = %s", [cast.PUPIL]
            )
            cursor.execute(
                "SELECT value, sys_op, sys_actor FROM people_contact_history WHERE person_id = %s", [cast.PUPIL]
            )
            assert cursor.fetchall() == [("aino@example.invalid", "U", str(cast.ADMINISTRATOR))]
            cursor.execute("DELETE FROM people_contact_history WHERE person_id = %s", [cast.PUPIL])
            assert cursor.rowcount == 0
