"""Who began earlier and writes the same row later: begun anew, so that every version has stood and is in the history."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from digione.access.permissions import Event, Permission
from digione.config.provisioning import MIGRATOR, secret
from digione.core.key_file import ROTATION_LOCK
from digione.core.use_case import UseCase, set_reach, use_case
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster import sealed
from tests import cast, study_rights
from tests.api.oneroster import App
from tests.api.v1 import ALL, WRITES
from tests.api.wsgi import ask, django_application
from tests.cast import insert
from tests.unit.test_import_people import template
from tests.unit.test_two_writers import meet, waits

pytestmark = pytest.mark.usefixtures("committing")

_SELECT = "SELECT value, sys_from, NULL FROM people_contact WHERE id = %s UNION ALL"
_VERSIONS = f"{_SELECT} SELECT value, sys_from, sys_to FROM people_contact_history WHERE id = %s ORDER BY 2"


@pytest.fixture
def address() -> UUID:
    """An address of the pupil, to be written to."""
    ident = uuid4()
    row = {"id": ident, "provider_id": cast.KUUSNIEMI, "person_id": cast.PUPIL, "kind": "email", "value": "first"}
    with transaction.atomic():
        set_reach(cast.administrator)
        insert("people_contact", [row])
    return ident


def _elsewhere(work: Callable[[], Any]) -> Any:
    """Do something on a connection of its own, and be done with it before anything else goes on."""

    def closing() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(60)


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def change(uc: UseCase, *, address: UUID, value: str, first: Callable[[], Any] = lambda: None) -> None:
    """Begin, let something else be done, and then write."""
    uc.check(cast.PUPIL)
    first()
    uc.execute("UPDATE people_contact SET value = %s WHERE id = %s", [value, address])


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def remove(uc: UseCase, *, address: UUID, first: Callable[[], Any]) -> None:
    """Begin, let something else be done, and then delete."""
    uc.check(cast.PUPIL)
    first()
    uc.execute("DELETE FROM people_contact WHERE id = %s", [address])


def _as_owner() -> "psycopg.Connection[Any]":
    left_out = {"cursor_factory", "context", "user", "password"}
    known = {name: value for name, value in connection.get_connection_params().items() if name not in left_out}
    return psycopg.connect(**known, user=MIGRATOR, password=secret(Path(os.environ["DIGIONE_DATA"]), "migrate"))


def _versions(address: UUID) -> list[tuple[str, Any, Any]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute(_VERSIONS, [address, address])
        found = cursor.fetchall()
    for (_, _, until), (_, since, _) in pairwise(found):
        assert until == since, "versions follow on each other without a gap"
    return found


class _Once:
    """Something that another writer does while the first attempt is open, and how often it was come to."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.times = work, 0

    def __call__(self) -> None:
        self.times += 1
        if self.times == 1:
            _elsewhere(self.work)


def test_a_change_that_began_earlier_begins_anew_and_both_versions_stood(address: UUID) -> None:
    later = _Once(lambda: change(cast.secretary, address=address, value="second"))
    change(cast.secretary, address=address, value="third", first=later)
    assert later.times == 2
    assert [value for value, _, _ in _versions(address)] == ["first", "second", "third"]
    with _as_owner() as owner:
        logged = owner.execute("SELECT outcome FROM audit_entry WHERE use_case = 'tests.unit.test_late_writers.change'")
        assert logged.fetchall() == [("done",), ("done",)], "an attempt that failed leaves no trace"


def test_a_deletion_that_began_earlier_begins_anew_and_the_last_version_is_kept(address: UUID) -> None:
    later = _Once(lambda: change(cast.secretary, address=address, value="second"))
    remove(cast.secretary, address=address, first=later)
    assert later.times == 2
    assert [value for value, _, _ in _versions(address)] == ["first", "second"]
    assert _versions(address)[-1][2] is not None, "it is gone"


def test_who_always_comes_too_late_is_told_and_nothing_is_lost(address: UUID) -> None:
    values = iter(["second", "third", "fourth"])

    def every_time() -> None:
        _elsewhere(lambda: change(cast.secretary, address=address, value=next(values)))

    with pytest.raises(OperationalError) as fault:
        change(cast.secretary, address=address, value="last", first=every_time)
    assert isinstance(fault.value.__cause__, psycopg.errors.SerializationFailure)
    assert [value for value, _, _ in _versions(address)] == ["first", "second", "third", "fourth"]


def test_two_who_wait_in_a_circle_both_write(address: UUID) -> None:
    other = uuid4()
    row = {"id": other, "provider_id": cast.KUUSNIEMI, "person_id": cast.PUPIL, "kind": "email", "value": "first"}
    with transaction.atomic():
        set_reach(cast.administrator)
        insert("people_contact", [row])
    # Each holds one row before either wants the other's.
    met = threading.Barrier(2)

    @use_case(Permission.PERSON_READ, Event.PERSON_READ)
    def change_both(uc: UseCase, *, ids: list[UUID], value: str) -> None:
        """Write one, and then the other."""
        uc.check(cast.PUPIL)
        for n, ident in enumerate(ids):
            uc.execute("UPDATE people_contact SET value = %s WHERE id = %s", [value, ident])
            if n == 0 and not met.broken:
                with contextlib.suppress(threading.BrokenBarrierError):
                    met.wait(20)
                    met.abort()

    def one(ids: list[UUID], value: str) -> None:
        try:
            change_both(cast.secretary, ids=ids, value=value)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for work in [pool.submit(one, [address, other], "one"), pool.submit(one, [other, address], "two")]:
            work.result(60)
    stood = [[value for value, _, _ in _versions(ident)] for ident in (address, other)]
    assert stood[0] == stood[1], "in the same order"
    assert sorted(stood[0]) == ["first", "one", "two"]


@pytest.fixture
def gate() -> Iterator["Gate"]:
    """A gate that holds up whoever comes to `rest_reader`, or to the keys of an import."""
    with _as_owner() as held:
        yield Gate(held)


class Gate:
    """Shut until opened. What begins while it is shut has begun before what is done meanwhile."""

    def __init__(self, held: "psycopg.Connection[Any]") -> None:
        self.held = held

    def passed(self, sql: str, work: Callable[[], Any], meanwhile: Callable[[], Any]) -> Any:
        """Shut the gate by `sql`, let `work` come to it, do something meanwhile, open it, and return how `work` ended."""
        self.held.execute(sql)

        def closing() -> Any:
            try:
                return work()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            came = pool.submit(closing)
            try:
                assert waits(came), "it has come to the gate"
                meanwhile()
            finally:
                self.held.rollback()
            return came.result(60)


def test_an_import_that_meets_a_later_writer_says_so_and_leaves_nothing_half_done(gate: "Gate", tmp_path: Path) -> None:
    def brought(given: str, folder: str) -> Any:
        (tmp_path / folder).mkdir()
        return template(tmp_path / folder, ";email", f"uusi-1;;{given};Rauhamaa;{given.lower()}@example.fi")

    assert brought("Elli", "first").status == "done"
    shut = f"SELECT pg_advisory_xact_lock(hashtext('{ROTATION_LOCK}'))"

    def by_hand() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            set_reach(cast.administrator)
            cursor.execute("UPDATE people_person SET family_name = 'Rauha' WHERE given_name = 'Elli'")
            assert cursor.rowcount == 1

    report = gate.passed(shut, lambda: brought("Ella", "second"), by_hand)
    assert (report.status, [problem.code for problem in report.problems.found]) == ("refused", ["at-the-same-time"])
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute("SELECT given_name, family_name FROM people_person WHERE given_name IN ('Elli', 'Ella')")
        assert cursor.fetchall() == [("Elli", "Rauha")]
    assert brought("Ella", "third").status == "done", "it is enough to run it again"


def test_the_hot_lane_begins_anew(gate: "Gate") -> None:
    with transaction.atomic():
        study_rights.load_study_rights()
    app = App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))
    mark = study_rights.mark_of(cast.PUPIL)
    (named,) = sealed.of_supplier(app.made.supplier_id).made([mark])

    def patched(value: str) -> Any:
        def ordinary(_environ: Any, _start: Any) -> Any:
            raise AssertionError("The hot lane has left it to the ordinary one.")

        return ask(
            HotLane(ordinary), f"/api/v1/assessments/{named}", method="PATCH", body=json.dumps({"mark": value}).encode(),
            authorization=f"Bearer {app.token}", content_type="application/json", headers={"If-Match": "*"},
        )  # fmt: skip

    assert patched("7").status == 200

    def meanwhile() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            set_reach(cast.administrator)
            cursor.execute("UPDATE studies_assessment SET mark = '8' WHERE id = %s", [mark])
            assert cursor.rowcount == 1

    answer = gate.passed("LOCK TABLE rest_reader IN ACCESS EXCLUSIVE MODE", lambda: patched("9"), meanwhile)
    assert (answer.status, answer.json()["mark"]) == (200, "9")
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute("SELECT mark FROM studies_assessment_history WHERE id = %s ORDER BY sys_to", [mark])
        assert [found for (found,) in cursor.fetchall()][-2:] == ["7", "8"]


class TestAnnulment:
    """Who annuls a study right waits for who writes in it, and who comes behind the annulment writes no more."""

    @pytest.fixture
    def app(self) -> App:
        with transaction.atomic():
            study_rights.load_study_rights()
        return App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))

    @staticmethod
    def annul() -> None:
        set_reach(cast.administrator)
        right = {"study_right_id": study_rights.right_of(cast.PUPIL), "person_id": cast.PUPIL}
        state = {"place": 9, "valid_from": "2026-10-01", "state": "mitatoity"}
        insert("studies_studyrightstate", [{"id": uuid4(), "provider_id": cast.KUUSNIEMI, **right, **state}])

    @pytest.mark.parametrize(
        ("path", "body"), [("assessments", {"mark": "10"}), ("attainments", {"group_name": "3 C"})]
    )
    @pytest.mark.parametrize("lane", ["hot", "ordinary"])
    def test_what_comes_during_an_annulment_is_refused(
        self, app: App, lane: str, path: str, body: dict[str, str]
    ) -> None:
        own = {"assessments": study_rights.mark_of, "attainments": study_rights.subject_of}[path](cast.PUPIL)
        (named,) = sealed.of_supplier(app.made.supplier_id).made([own])
        django = django_application()

        def written() -> Any:
            return ask(
                HotLane(django) if lane == "hot" else django, f"/api/v1/{path}/{named}", method="PATCH",
                body=json.dumps(body).encode(), authorization=f"Bearer {app.token}", content_type="application/json",
                headers={"If-Match": "*"},
            )  # fmt: skip

        met = meet(self.annul, written)
        assert met.waited
        assert (met.second.status, [one["code"] for one in met.second.json()["errors"]]) == (422, ["annulled"])

    @pytest.mark.parametrize("table", ["assessment", "attainment"])
    def test_an_annulment_waits_for_what_is_being_written(self, app: App, table: str) -> None:
        own = {"assessment": study_rights.mark_of, "attainment": study_rights.subject_of}[table](cast.PUPIL)

        def write() -> None:
            set_reach(cast.administrator)
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE studies_{table} SET kept_by = 'app:1' WHERE id = %s", [own])
                assert cursor.rowcount == 1

        def annulled() -> None:
            with transaction.atomic():
                self.annul()

        assert meet(write, annulled).waited
