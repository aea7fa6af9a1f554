"""What an app sees of two records that turned out to be of one person: one user goes on, the other is to be deleted."""

from datetime import timedelta

import pytest
from django.db import connection

from digione.core import clock
from digione.core.use_case import set_reach
from digione.studies import services
from tests import cast
from tests.api.oneroster import App
from tests.unit.test_duplicates import CASE, TWIN, twin

__all__ = ["twin"]
pytestmark = pytest.mark.django_db


def test_the_id_that_ended_is_to_be_deleted_and_comes_back_when_undone(twin: object) -> None:
    app = App(cast.KUUSNIEMI_OID)
    kept, ended = app.sourced(cast.PUPIL), app.sourced(TWIN)

    def user(sourced: str) -> dict[str, object]:
        return dict(app.get(f"users/{sourced}").json()["user"])

    assert {user(kept)["status"], user(ended)["status"]} == {"active"}
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    assert user(kept)["status"] == "active"
    assert (user(ended)["status"], user(ended)["enabledUser"]) == ("tobedeleted", "false")
    assert [row["role"] for row in user(kept)["roles"]] == ["student"]  # type: ignore[attr-defined]
    changed = app.ids("users", filter=f"dateLastModified>='{clock.today() - timedelta(days=1)}'")
    assert ended in changed, "An app that asks what has changed is told."
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM studies_enrolment WHERE person_id = %s", [TWIN])
        assert cursor.fetchone() == (0,)
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert user(ended)["status"] == "active"
