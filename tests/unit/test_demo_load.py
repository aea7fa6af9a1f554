"""The demonstration goes in through the application's role, under row-level security, once."""

import pytest
from django.contrib.auth import authenticate
from django.db import connection

from digione.access.roles import Role
from digione.core.use_case import Actor, set_reach
from digione.integrations.demo.cast import PASSWORD
from digione.integrations.demo.load import load_demo


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
