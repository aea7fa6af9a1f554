"""Who may not see sees nothing: wrong tokens, small scopes, foreign ids, methods that write."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from digione.audit.recorder import AuditRecorder
from digione.core import clock
from digione.core.use_case import UseCase, set_reach
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, OPERATIONS, ROSTER, Operation
from tests import cast
from tests.api.oneroster import PREFIX, App, address, hot, minor, state, validate

pytestmark = pytest.mark.django_db


class TestDenials:
    """A refusal is in the standard's form, says what to do, and changes nothing."""

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_without_a_good_token(self, official: dict[str, Any], app: App, operation: Operation) -> None:
        where = address(app, operation)
        expired = app.new_token((ROSTER, CORE, DEMOGRAPHICS), lasts=timedelta(hours=-1))
        before = state()
        for token in ("", "wrong", app.token[:-1], expired, "x" * 5000, "ä"):
            answer = app.get(where, token=token)
            assert answer.status_code == 401
            assert "Bearer" in answer["WWW-Authenticate"]
            validate(official, f"/{operation.path}", answer)
            assert minor(answer) == "unauthorisedrequest"
        assert app.client.get(f"{PREFIX}/{where}").status_code == 401
        assert state() == before

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
    def test_scope_too_small(self, official: dict[str, Any], app: App, operation: Operation) -> None:
        other = tuple({ROSTER, CORE, DEMOGRAPHICS} - operation.scopes)
        where = address(app, operation)
        before = state()
        answer = app.get(where, token=app.new_token(other))
        assert answer.status_code == 403
        validate(official, f"/{operation.path}", answer)
        assert minor(answer) == "forbidden"
        assert all(scope in answer.json()["imsx_description"] for scope in operation.scopes), "it says what is lacking"
        assert state() == before

    def test_a_token_opens_no_more_than_the_taking_does(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(CORE,))
        assert app.get("users", token=app.new_token((ROSTER, CORE, DEMOGRAPHICS))).status_code == 200
        assert app.get("demographics", token=app.new_token((ROSTER, CORE, DEMOGRAPHICS))).status_code == 403

    def test_an_ended_taking_opens_nothing(self, app: App) -> None:
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET valid_from = '2020-01-01', valid_to = '2020-12-31'")
            assert cursor.rowcount
        assert app.get("users").status_code == 403
        assert hot(app, app.sourced(cast.PUPIL)) is None

    def test_a_taking_opens_from_its_first_day_to_its_last(self, app: App) -> None:
        today, pupil = clock.today(), app.sourced(cast.PUPIL)
        for first, last, opens in ((0, 0, True), (1, None, False), (-5, -1, False), (-5, 0, True), (-5, None, True)):
            set_reach(cast.platform)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE access_taking SET valid_from = %s, valid_to = %s",
                    [today + timedelta(days=first), None if last is None else today + timedelta(days=last)],
                )
            assert app.get("users").status_code == (200 if opens else 403), (first, last)
            assert (hot(app, pupil) is not None) is opens, (first, last)

    def test_another_providers_ids_do_not_exist(self, app: App) -> None:
        valkamo = App(cast.VALKAMO_OID)
        before = state()
        for operation in OPERATIONS:
            if operation.one:
                for ident in valkamo.ids(operation.path.split("/")[0]):
                    if ident not in app.ids(operation.path.split("/")[0]):
                        answer = app.get(operation.path.format(sourcedId=ident))
                        assert answer.status_code == 404
                        assert minor(answer) == "unknownobject"
                        assert ident not in answer.content.decode()
        pupil = valkamo.sourced(cast.VALKAMO_PUPIL)
        for where in (
            f"schools/{cast.YHTENAISKOULU}/students",
            f"classes/{cast.GROUP_8C}/students",
            f"schools/{cast.RANTAPUISTO}/classes/{cast.GROUP_8C}/students",
            f"users/{pupil}/classes",
            f"students/{pupil}/classes",
            f"users/{app.sourced(cast.TEACHER)[:-1]}",
            "users/1",
            f"users/{{{app.sourced(cast.TEACHER)}}}",
        ):
            assert app.get(where).status_code == 404, where
        assert app.ids("users", filter=f"sourcedId='{pupil}'") == []
        assert app.ids("enrollments", filter=f"class.sourcedId='{cast.GROUP_8C}'") == []
        assert state() == before

    def test_suppliers_cannot_join_their_ids(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, supplier="Kajo Oy")
        assert not set(app.ids("users")) & set(other.ids("users"))
        assert other.get(f"users/{app.sourced(cast.PUPIL)}").status_code == 404

    def test_nobody_writes(self, app: App) -> None:
        for method in ("post", "put", "delete", "patch"):
            answer = getattr(app.client, method)(f"{PREFIX}/users", headers={"Authorization": f"Bearer {app.token}"})
            assert answer.status_code == 405
            assert answer["Allow"] == "GET, HEAD"
            assert answer.json()["imsx_severity"] == "error"
        assert app.get("teapots").status_code == 404
        assert app.get("teapots", token="wrong").status_code == 401

    def test_a_denial_is_recorded(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        told, target = [], uuid4()
        record = AuditRecorder.record

        def listening(self: AuditRecorder, uc: UseCase, *, outcome: str, reason: str = "") -> None:
            told.append((uc.event, outcome, uc.target))
            record(self, uc, outcome=outcome, reason=reason)

        monkeypatch.setattr(AuditRecorder, "record", listening)
        app.get("demographics", token=app.new_token((CORE,)))
        app.get(f"users/{target}")
        assert told == [("roster.demographics_read", "denied", None), ("roster.read", "denied", target)]
