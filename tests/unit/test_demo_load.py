"""The demonstration goes in through the application's role, under row-level security, once."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import authenticate
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from digione.access.roles import Role
from digione.cli import demo_commands, lifecycle
from digione.core.use_case import Actor, set_reach
from digione.integrations.demo.cast import PASSWORD
from digione.integrations.demo.load import is_whole, load_demo, mark_whole


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_load_is_whole_and_a_second_one_changes_nothing() -> None:
    told: list[int] = []
    loaded = load_demo(300, seed=11, progress=told.append)
    assert not loaded.already
    assert loaded.learners == sum(told) == 300
    assert load_demo(300, seed=11).already

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM organisations_provider WHERE demo")
        providers = [row[0] for row in cursor.fetchall()]
    assert len(providers) == 4
    learners = 0
    for provider in providers:
        set_reach(Actor(str(Role.ADMINISTRATOR), provider_id=provider))
        learners += _count("SELECT count(*) FROM people_providerperson WHERE basis = 'learner'")
        # Every person that a link opens is there, and nobody else is.
        assert _count("SELECT count(DISTINCT person_id) FROM people_providerperson") == _count(
            "SELECT count(*) FROM people_person"
        )
    assert learners == 300
    set_reach(Actor(str(Role.ADMINISTRATOR)))
    assert _count("SELECT count(*) FROM people_person") == 0
    assert authenticate(username="katri.lehtovaara", password=PASSWORD) is not None


class _KilledError(Exception):
    """Stands for a kill -9: nothing of the step that was under way remains."""


def _kill(*arguments: object, **named: object) -> None:
    raise _KilledError


@pytest.mark.django_db
@pytest.mark.parametrize(
    "step",
    ["digione.integrations.demo.newcomers.import_roster", "digione.cli.demo_commands._tidy", "digione.integrations.demo.load.mark_whole"],
    ids=["newcomers", "statistics", "mark"],
)  # fmt: skip
def test_what_was_killed_between_two_steps_is_made_whole(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    tidied: list[str] = []
    monkeypatch.setattr(demo_commands, "_tidy", tidied.append)
    with monkeypatch.context() as broken:
        broken.setattr(step, _kill)
        with pytest.raises(_KilledError):
            demo_commands.make_whole(300, 11, "owner")
    assert not is_whole()
    accounts = _count("SELECT count(*) FROM access_account")
    assert demo_commands.make_whole(300, 11, "owner").already
    assert is_whole()
    assert tidied[-1:] == ["owner"]
    assert _count("SELECT count(*) FROM access_account") == accounts
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM organisations_organisation WHERE name ->> 'fi' = 'Kuusniemi' AND oid LIKE '%.199.%'"
        )
        found = [row[0] for row in cursor.fetchall()]
    runs = []
    for provider in found:
        set_reach(Actor(str(Role.ADMINISTRATOR), provider_id=provider))
        runs.append(_count("SELECT count(*) FROM core_importrun WHERE source = 'uudet-oppilaat.csv'"))
    assert sum(runs) == 1


def test_a_demo_is_made_unless_it_is_whole_or_real_people_are_here(
    committing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **named: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(lifecycle.subprocess, "run", run)
    at = connection.settings_dict
    named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    address = make_conninfo("", **{name: at[key] or None for name, key in named.items()})
    environment = {"DIGIONE_APP_DATABASE_URL": address, "DIGIONE_DATA": "nowhere"}
    lifecycle._load_demo_once(environment, 300)
    assert asked == [], "there are providers already, and none of them is invented"
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(Actor(str(Role.PLATFORM)))
        cursor.execute("UPDATE organisations_provider SET demo = true")
    lifecycle._load_demo_once(environment, 300)
    assert [command[3] for command in asked] == ["load-demo"]
    mark_whole({})
    lifecycle._load_demo_once(environment, 300)
    assert len(asked) == 1
