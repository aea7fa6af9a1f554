"""Two suppliers cannot join what they have: no id that belongs to a person is the same for both."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import OPERATIONS
from digione.rest.oneroster.sealed import Seal
from tests import cast
from tests.api.oneroster import App, body

pytestmark = pytest.mark.django_db
ENROLLED = ("enrollments", f"schools/{cast.RANTAPUISTO}/enrollments")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _rows(answer: Any) -> list[dict[str, Any]]:
    (rows,) = body(answer).values()
    return list(rows)


@pytest.mark.parametrize("where", ENROLLED)
def test_ids_of_enrolments_differ_between_suppliers_and_are_the_same_for_one(app: App, where: str) -> None:
    other, same = App(cast.KUUSNIEMI_OID, supplier="Toinen Oy"), App(cast.KUUSNIEMI_OID)
    ours, theirs = set(app.ids(where)), set(other.ids(where))
    assert len(ours) == len(theirs) > 0
    assert not ours & theirs
    assert set(same.ids(where)) == ours, "A supplier's apps know a row by one id."
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM studies_enrolment")
        assert not ours & {ident for (ident,) in cursor.fetchall()}


def test_what_two_suppliers_have_in_common_is_of_no_person(app: App) -> None:
    """Schools, classes, courses and terms are the same for all; they are a provider's, and public there."""
    other = App(cast.KUUSNIEMI_OID, supplier="Toinen Oy")
    for operation in OPERATIONS:
        if operation.one is None and not operation.within and operation.resource.person:
            mine, theirs = (set(_ID.findall(str(_rows(one.get(operation.path))))) for one in (app, other))
            common = set().union(*(app.ids(kind) for kind in ("orgs", "classes")))
            assert mine & theirs <= common, operation.path


def test_an_id_leads_back_to_its_enrolment(app: App) -> None:
    for row in _rows(app.get("enrollments")):
        ident = row["sourcedId"]
        assert app.get(f"enrollments/{ident}").json()["enrollment"] == row
        for predicate in ("=", "~"):
            assert app.ids("enrollments", filter=f"sourcedId{predicate}'{ident}'") == [ident]
        assert ident not in app.ids("enrollments", filter=f"sourcedId!='{ident}' AND role='student'")
        assert _rows(app.get("enrollments", {"filter": f"sourcedId='{ident}'", "fields": "sourcedId"})) == [
            {"sourcedId": ident}
        ]


def test_the_id_of_another_supplier_or_ours_leads_nowhere(app: App) -> None:
    other = App(cast.KUUSNIEMI_OID, supplier="Toinen Oy")
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM studies_enrolment")
        own = [ident for (ident,) in cursor.fetchall()]
    for ident in [*other.ids("enrollments"), *own, str(uuid4())]:
        assert app.get(f"enrollments/{ident}").status_code == 404
        assert app.ids("enrollments", filter=f"sourcedId='{ident}'") == []


@pytest.mark.parametrize("query", [{}, {"sort": "sourcedId"}, {"sort": "sourcedId", "orderBy": "desc"}])
def test_pages_put_together_are_the_whole(app: App, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]) -> None:
    whole = app.ids("enrollments", **query)
    assert [ident for at in range(len(whole)) for ident in app.ids("enrollments", limit=1, offset=at, **query)] == whole
    monkeypatch.setattr("digione.rest.oneroster.collect.CHUNK", 1)
    assert [row["sourcedId"] for row in _rows(app.get("enrollments", query))] == whole
    both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID)
    assert set(whole) < {row["sourcedId"] for row in _rows(both.get("enrollments", query))}


def test_the_key_is_given_to_the_supplier_alone(app: App) -> None:
    def key(supplier: UUID | None) -> Any:
        set_reach(Actor("app", supplier_id=supplier))
        with connection.cursor() as cursor:
            cursor.execute("SELECT access_row_key()")
            return cursor.fetchone()[0]

    other = App(cast.KUUSNIEMI_OID, supplier="Toinen Oy")
    assert key(None) is None
    assert key(uuid4()) is None
    assert bytes(key(app.made.supplier_id)) != bytes(key(other.made.supplier_id))


def test_sealing_is_undone_by_the_same_key_only() -> None:
    ident = uuid4()
    (sealed,) = _ID.findall(Seal(b"k" * 16).text(f'{{"sourcedId" : "{ident}", "user" : {{"href" : "x/{ident}"}}}}'))[:1]
    assert UUID(sealed) != ident
    assert Seal(b"k" * 16).opened(UUID(sealed)) == ident
    assert Seal(b"j" * 16).opened(UUID(sealed)) != ident
