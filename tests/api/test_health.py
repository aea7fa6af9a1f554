"""What a load balancer is told: ready or not, of which part, and nothing else."""

import gc
import importlib
import time
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from digione.config import health

pytestmark = pytest.mark.django_db


def ready() -> tuple[int, dict[str, str]]:
    answer = Client().get("/readyz")
    told = answer.json()
    assert set(told) == {"status", "components"}
    assert told["status"] == ("ready" if answer.status_code == 200 else "not ready")
    assert set(told["components"].values()) <= {"ready", "not ready"}
    return answer.status_code, told["components"]


def sealed(seconds_ago: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)"
            " VALUES ('audit.seal', 'audit-seal', %s)",
            [int(time.time() - seconds_ago)],
        )


def test_a_worker_that_seals_is_ready_and_one_that_is_late_stops_no_page() -> None:
    sealed(4)
    assert ready() == (200, {"database": "ready", "migrations": "ready", "worker": "ready"})
    sealed(health.WORKER_LATE_SECONDS + 5)
    assert ready() == (200, {"database": "ready", "migrations": "ready", "worker": "not ready"})


def test_a_worker_that_never_ran_is_not_ready() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")
    assert ready()[1]["worker"] == "not ready"


def test_a_migration_that_is_missing_takes_the_process_out_of_service(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = health.migrations() | {("studies", "9999_not_applied")}
    monkeypatch.setattr(health, "migrations", lambda: wanted)
    assert ready() == (503, {"database": "ready", "migrations": "not ready", "worker": ready()[1]["worker"]})


def test_a_database_that_does_not_answer_is_told_without_a_word_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("connection to server at 10.1.2.3 failed: password of digione_app")

    monkeypatch.setattr(connection, "cursor", fail)
    assert ready() == (503, {"database": "not ready", "migrations": "not ready", "worker": "not ready"})


def test_it_costs_two_short_statements(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        Client().get("/readyz")


def test_the_collector_leaves_alone_what_lasts_as_long_as_the_server() -> None:
    importlib.import_module("digione.config.wsgi")
    assert gc.get_freeze_count() > 10_000
