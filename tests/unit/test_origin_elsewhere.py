"""Of a national person a provider is told no change that was before its own link, and nobody of another provider's staff."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from digione.core.use_case import Actor, set_reach
from digione.studies.origin_selectors import row_origin
from tests import cast
from tests.log import as_owner, owners_log  # noqa: F401 - a fixture is found by its name.
from tests.study_rights import load_study_rights
from tests.unit.test_desk_pages import account, signed_in
from tests.unit.test_origin import fields

pytestmark = pytest.mark.django_db
LINKED = datetime(2025, 8, 7, 9, tzinfo=UTC)
BEFORE, AFTER = "2020-10-05", "2026-03-02"
readers = pytest.mark.parametrize("reader", [cast.secretary, cast.administrator], ids=["secretary", "administrator"])


@pytest.fixture(autouse=True)
def studies(owners_log: None) -> None:  # noqa: F811
    """The cast's study rights; Kuusniemi's link to the pupil is of August 2025, and Valkamo has known her since 2019."""
    load_study_rights()
    _by_owner(
        "people_providerperson",
        f"UPDATE people_providerperson SET sys_from = '{LINKED.isoformat()}' WHERE person_id = '{cast.PUPIL}'",
    )
    _by_owner("people_person", f"UPDATE people_person SET sys_from = '2019-03-01' WHERE id = '{cast.PUPIL}'")


def _by_owner(table: str, statement: str) -> None:
    """Write as the owner, past the triggers: only they know what time it is."""
    as_owner("SET CONSTRAINTS ALL IMMEDIATE")
    as_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    as_owner(statement)
    as_owner(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    as_owner("SET CONSTRAINTS ALL DEFERRED")


def _changed(by: Actor, day: str) -> None:
    """Let the pupil's family name have been changed by somebody on a day."""
    # Kuusniemi reaches the row; who they were is what the transaction calls its actor.
    set_reach(by.at(cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET family_name = 'Toinen' WHERE id = %s", [cast.PUPIL])
        assert cursor.rowcount == 1
    as_owner(f"UPDATE people_person_history SET sys_from = '2019-03-01', sys_to = '{day}' WHERE sys_to = now()")
    _by_owner("people_person", f"UPDATE people_person SET sys_from = '{day}' WHERE id = '{cast.PUPIL}'")


def _told(reader: Actor) -> dict[str, Any]:
    return fields(row_origin(reader, row=cast.PUPIL), "person", cast.PUPIL)


@readers
def test_nothing_is_told_of_the_time_before_the_own_link(reader: Actor, client: Client) -> None:
    _changed(cast.outsider, BEFORE)
    found = _told(reader)
    assert {(field["at"], field["by"], field["first"]) for field in found.values()} == {(LINKED, None, True)}
    assert reader.person_id
    text = signed_in(client, reader.person_id).get(f"/origin/{cast.PUPIL}").content.decode()
    assert "2019" not in text
    assert "2020" not in text


@readers
def test_who_changed_it_elsewhere_is_not_told_later_either(reader: Actor) -> None:
    _changed(cast.outsider, AFTER)
    field = _told(reader)["family_name"]
    assert (field["at"].isoformat()[:10], field["by"], field["first"]) == (AFTER, None, False)


@readers
def test_the_own_staff_are_told(reader: Actor) -> None:
    ident = account(cast.TEACHER, "own.staff").id
    _changed(replace(cast.teacher, account_id=ident), AFTER)
    assert _told(reader)["family_name"]["by"] == str(ident)
