"""Two who change one thing at once: the second waits for the first, and then does the right thing or is told why not.

Each writer has a connection and a transaction of its own. The first has done its work and not committed when the second
comes, so whatever the second reads without waiting is out of date.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection, transaction
from django.utils import translation

from digione.access import services
from digione.config.embedded import EmbeddedServer, data_folder
from digione.core.errors import InvalidInputError
from digione.core.texts import search_key, sort_key
from digione.core.use_case import set_reach
from digione.rest.oneroster.operations import CORE, ROSTER
from digione.studies import services as studies
from tests import cast
from tests.cast import insert
from tests.unit.test_import_people import template

pytestmark = pytest.mark.usefixtures("committing")
_PATIENCE = 60


class Met(NamedTuple):
    """What each of the two got (a fault is an outcome as well), and whether the second had to wait."""

    first: Any
    second: Any
    waited: bool


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> Met:
    """Let `second` come while the transaction in which `first` has done its work is open."""
    done, go = threading.Event(), threading.Event()

    def earlier() -> Any:
        with transaction.atomic():
            outcome = _outcome(first)
            done.set()
            assert go.wait(_PATIENCE)
        return outcome

    with ThreadPoolExecutor(2) as pool:
        try:
            one = pool.submit(_closing, earlier)
            assert done.wait(_PATIENCE)
            two = pool.submit(_closing, lambda: _outcome(second))
            waited = waits(two)
        finally:
            go.set()
        return Met(one.result(_PATIENCE), two.result(_PATIENCE), waited)


def _closing(work: Callable[[], Any]) -> Any:
    try:
        # The texts of a thread are the settings' language else.
        with translation.override("en"):
            return work()
    finally:
        connection.close()


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except InvalidInputError as refusal:
        return refusal.faults


def waits(second: "Future[Any]") -> bool:
    """Watch the second until it waits for a lock, or is done without."""
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(EmbeddedServer(data_folder()).admin_url, autocommit=True) as watcher:
        while time.monotonic() < deadline and not second.done():
            if watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                return True
            time.sleep(0.01)
    return False


def _ask(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.platform.at(cast.KUUSNIEMI))
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _told(kind: str) -> int:
    return int(_ask("SELECT count(*) FROM core_outbox WHERE type = %s", kind)[0][0])


@pytest.fixture
def app() -> str:
    """The client id of an app that the municipality took into use yesterday."""
    made = services.create_app(
        cast.platform, name="Lukuvirta", supplier="Tuikku Oy", provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE]
    )
    _shift(made.app_id)
    return made.client_id


def _shift(app: UUID) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.platform)
        cursor.execute("UPDATE access_taking SET valid_from = valid_from - 1 WHERE app_id = %s", [app])


def _take(app: str, *scopes: str) -> Callable[[], Any]:
    return lambda: services.take_app(cast.platform, app=app, provider_oid=cast.KUUSNIEMI_OID, scopes=scopes)


def _release(app: str) -> Callable[[], Any]:
    return lambda: services.release_app(cast.platform, app=app, provider_oid=cast.KUUSNIEMI_OID)


def _takings() -> list[tuple[Any, ...]]:
    return _ask("SELECT scopes, valid_from, valid_to FROM access_taking ORDER BY valid_from")


def test_two_takings_of_an_app_leave_what_the_later_one_said(app: str) -> None:
    met = meet(_take(app, ROSTER), _take(app, ROSTER, CORE))
    assert met.waited
    assert (met.first.changed, met.second.changed) == (True, True)
    before, now = _takings()
    assert (before[0], before[2]) == ([CORE], now[1] - timedelta(days=1))
    assert (now[0], now[2]) == (sorted([ROSTER, CORE]), None)


def test_of_two_same_takings_the_later_one_changes_and_announces_nothing(app: str) -> None:
    told = _told("access.app_taken")
    met = meet(_take(app, ROSTER), _take(app, ROSTER))
    assert met.waited
    assert (met.first.changed, met.second.changed) == (True, False)
    assert len(_takings()) == 2
    assert _told("access.app_taken") == told + 1


def test_of_two_releases_the_later_one_is_told_that_there_is_nothing_to_end(app: str) -> None:
    met = meet(_release(app), _release(app))
    assert met.waited
    assert met.first.changed
    [fault] = met.second
    assert (fault.code, "nothing to end" in fault.message) == ("not_taken", True)
    assert [valid_to is None for _scopes, _from, valid_to in _takings()] == [False]
    assert _told("access.app_released") == 1


def test_a_release_that_comes_during_a_taking_ends_what_was_taken(app: str) -> None:
    met = meet(_take(app, ROSTER), _release(app))
    assert met.waited
    assert met.second.changed
    assert [row for row in _takings() if row[2] is None or row[2] >= row[1]] == [_takings()[0]], "only what was before"


def test_a_taking_that_comes_during_a_release_holds(app: str) -> None:
    met = meet(_release(app), _take(app, CORE))
    assert met.waited
    assert met.second.changed, "what the provider had until then is over"
    assert [row[2] is None for row in _takings()] == [False, True]


def test_of_two_new_secrets_the_later_one_holds(app: str) -> None:
    met = meet(*[lambda: services.rotate_app_secret(cast.platform, app=app)] * 2)
    assert met.waited
    [(kept,)] = _ask("SELECT client_secret FROM oauth2_provider_application WHERE client_id = %s", app)
    assert [check_password(made.client_secret, kept) for made in (met.first, met.second)] == [False, True]


@pytest.mark.parametrize("names", [("Lukuvirta", "Lukuvirta"), ("Lukuvirta", "LUKUVIRTA")], ids=["same", "other case"])
@pytest.mark.parametrize("supplier", ["new", "known"])
def test_of_two_new_apps_of_one_name_one_is_made(supplier: str, names: tuple[str, str]) -> None:
    if supplier == "known":
        _create("Toinen", "Tuikku Oy")()
    before = _ask("SELECT count(*) FROM oauth2_provider_application")[0][0]
    met = meet(*(_create(name, "Tuikku Oy") for name in names))
    assert met.waited
    [fault] = met.second
    assert (fault.pointer, fault.code) == ("name", "taken")
    assert f"digione app rotate-secret {met.first.client_id}" in fault.message
    assert _ask("SELECT count(*) FROM access_supplier WHERE name = 'Tuikku Oy'") == [(1,)]
    assert _ask("SELECT name FROM access_app WHERE name ILIKE 'lukuvirta'") == [("Lukuvirta",)]
    assert _ask("SELECT count(*) FROM oauth2_provider_application") == [(before + 1,)]


def _create(name: str, supplier: str) -> Callable[[], Any]:
    return lambda: services.create_app(
        cast.platform, name=name, supplier=supplier, provider_oids=[cast.KUUSNIEMI_OID], scopes=[CORE]
    )


def test_of_two_new_accounts_of_one_name_one_is_made_whatever_its_letters() -> None:
    def create(name: str, language: str) -> Callable[[], Any]:
        def work() -> Any:
            with translation.override(language):
                return services.create_account(cast.platform, username=name, person=cast.TEACHER)

        return work

    met = meet(create("ope.tunnus", "fi"), create("Ope.Tunnus", "sv"))
    assert met.waited
    [fault] = met.second
    assert (fault.pointer, fault.code) == ("username", "taken")
    assert fault.message == "Användarnamnet Ope.Tunnus är upptaget. Välj ett annat."
    assert _ask("SELECT username FROM access_account WHERE username ILIKE 'ope.tunnus'") == [("ope.tunnus",)]


@pytest.fixture
def account() -> str:
    return services.create_account(cast.platform, username="ope.tunnus", person=cast.TEACHER).username


def test_of_two_new_passwords_the_later_one_holds(account: str) -> None:
    met = meet(*[lambda: services.change_password(cast.platform, username=account)] * 2)
    assert met.waited
    [(kept,)] = _ask("SELECT password FROM access_account WHERE username = %s", account)
    assert [check_password(made.password, kept) for made in (met.first, met.second)] == [False, True]


def _active(account: str, active: bool) -> Callable[[], Any]:
    return lambda: services.set_account_active(cast.platform, username=account, active=active)


@pytest.mark.parametrize("last", [True, False])
def test_of_closing_and_opening_an_account_the_later_one_holds(account: str, last: bool) -> None:
    met = meet(_active(account, not last), _active(account, last))
    assert met.waited
    assert _ask("SELECT is_active FROM access_account WHERE username = %s", account) == [(last,)]


def test_a_new_password_does_not_open_an_account_that_is_being_closed(account: str) -> None:
    met = meet(_active(account, False), lambda: services.change_password(cast.platform, username=account))
    assert met.waited
    assert met.second.is_active is False, "it tells what is, not what was"
    assert _ask("SELECT is_active FROM access_account WHERE username = %s", account) == [(False,)]


@pytest.fixture
def case() -> UUID:
    """A case of two records that may be the pupil Aino."""
    twin, ident = uuid4(), uuid4()
    given, family = cast.PEOPLE[cast.PUPIL]
    mine = {"provider_id": cast.KUUSNIEMI}
    with transaction.atomic():
        set_reach(cast.administrator)
        link = {"id": uuid4(), **mine, "person_id": twin, "basis": "learner", "valid_from": cast.START}
        insert("people_providerperson", [link])
        person = {
            "id": twin,
            "first_names": given,
            "given_name": given,
            "family_name": family,
            "sort_key": sort_key(family, given),
            "search_key": search_key(family, given),
            "birth_date": date(2017, 3, 14),
        }
        insert("people_person", [person])
        one, other = sorted((cast.PUPIL, twin))
        both = {"person_id": one, "other_person_id": other, "reason": "same_name_and_birth_date"}
        insert("people_duplicatecase", [{"id": ident, **mine, **both}])
    return ident


def _same(case: UUID, side: str) -> Callable[[], Any]:
    kept = _ask(f"SELECT {side} FROM people_duplicatecase WHERE id = %s", case)[0][0]
    return lambda: studies.decide_same(cast.administrator, case=case, kept=kept)


def test_of_two_decisions_of_one_case_the_later_one_is_told_that_it_is_decided(case: UUID) -> None:
    def different() -> Any:
        return studies.decide_different(cast.administrator, case=case)

    met = meet(_same(case, "person_id"), different)
    assert met.waited
    assert (met.first.reasons, met.second.reasons) == ((), ("decided_already",))
    assert _ask("SELECT status FROM people_duplicatecase WHERE id = %s", case) == [("same",)]
    assert _ask("SELECT count(*) FROM people_personsuccession WHERE case_id = %s", case) == [(1,)]
    assert _told("people.persons_merged") == 1
    assert _told("people.duplicate_dismissed") == 0


def test_of_two_who_keep_the_other_record_each_one_decides(case: UUID) -> None:
    met = meet(_same(case, "person_id"), _same(case, "other_person_id"))
    assert met.waited
    assert (met.first.reasons, met.second.reasons) == ((), ("decided_already",))
    assert _ask(
        "SELECT s.successor_id = d.person_id FROM people_personsuccession s JOIN people_duplicatecase d ON d.id = s.case_id"
    ) == [(True,)]
    assert _told("people.persons_merged") == 1


def test_of_two_who_take_a_decision_back_one_does(case: UUID) -> None:
    assert _same(case, "person_id")().done
    met = meet(*[lambda: studies.undo_duplicate_decision(cast.administrator, case=case)] * 2)
    assert met.waited
    assert (met.first.reasons, met.second.reasons) == ((), ("open_already",))
    assert _ask("SELECT status FROM people_duplicatecase WHERE id = %s", case) == [("open",)]
    assert _told("people.persons_parted") == 1


def _bring(folder: Path, group: str) -> Callable[[], Any]:
    return lambda: template(folder, ";group;grade", f"uusi-1;;Elli;Rauhamaa;{group};3")


@pytest.fixture
def elli(tmp_path: Path) -> UUID:
    """A learner of the school who has no home group yet."""
    assert _bring(tmp_path, "")().status == "done"
    ((ident,),) = _ask("SELECT id FROM people_person WHERE given_name = 'Elli' AND family_name = 'Rauhamaa'")
    return UUID(str(ident))


def _place(learner: UUID) -> Callable[[], Any]:
    return lambda: studies.place_learner(cast.secretary, learner=learner, group=cast.GROUP_3B)


def _home_groups(learner: UUID) -> list[Any]:
    return [
        code
        for (code,) in _ask(
            "SELECT g.code FROM studies_enrolment e JOIN studies_group g ON g.provider_id = e.provider_id"
            " AND g.id = e.group_id WHERE e.person_id = %s AND e.valid_to IS NULL",
            learner,
        )
    ]


def test_an_import_that_comes_during_a_placement_holds_its_own_group_back(elli: UUID, tmp_path: Path) -> None:
    met = meet(_place(elli), _bring(tmp_path, "5X"))
    assert met.waited
    assert met.first.reasons == ()
    assert (met.second.status, met.second.held_back) == ("done", 1)
    assert _home_groups(elli) == ["3 B"]


def test_a_placement_that_comes_during_an_import_is_told_that_the_learner_has_a_group(
    elli: UUID, tmp_path: Path
) -> None:
    met = meet(_bring(tmp_path, "5X"), _place(elli))
    assert met.waited
    assert (met.first.status, met.first.held_back) == ("done", 0)
    assert set(met.second.reasons) == {"placed_already", "kept_by_source"}
    assert _home_groups(elli) == ["5X"]


def test_of_two_placements_the_later_one_is_told_that_the_learner_has_a_group(elli: UUID) -> None:
    met = meet(_place(elli), _place(elli))
    assert met.waited
    assert (met.first.reasons, met.second.reasons) == ((), ("placed_already",))
    assert _home_groups(elli) == ["3 B"]
