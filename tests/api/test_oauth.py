"""Where apps get tokens and give them back: who one is, what one may ask, and that nothing else is understood."""

import base64
import hashlib
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.db import connection
from oauth2_provider.models import AccessToken

from digione.access.scopes import full_scope
from digione.access.services import NewApp
from digione.core.use_case import set_reach
from digione.rest.gate import Gate
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from tests import cast
from tests.api.oneroster import PREFIX, App, hot
from tests.api.oneroster_1_1 import CORE_1_1, DEMOGRAPHICS_1_1, ROSTER_1_1, OldApp
from tests.api.wsgi import Answer, ask, django_application

pytestmark = pytest.mark.django_db
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def gate(settings: LazySettings) -> Gate:
    """The whole application; these tests ask more often than one address should."""
    settings.TOKEN_RATE = (0, 1)
    return Gate(HotLane(django_application()))


def credentials(made: NewApp) -> dict[str, str]:
    return {"client_id": made.client_id, "client_secret": made.client_secret}


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def post(gate: Gate, values: Any, where: str = "/oauth/token", **more: Any) -> Answer:
    sent = values if isinstance(values, bytes) else urlencode(values, doseq=True).encode()
    return ask(gate, where, method=more.pop("method", "POST"), body=sent, **more)


def advice(answer: Answer) -> str:
    """Return what a refusal says to do, held to the characters of RFC 6749, 5.2."""
    told: str = answer.json()["error_description"]
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", told), told
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")
    return told


def tokens() -> int:
    return AccessToken.objects.count()


class TestToken:
    """`/oauth/token`."""

    def test_an_app_gets_what_its_takings_open(self, gate: Gate, app: App) -> None:
        for answer in (
            post(gate, {**GRANT, **credentials(app.made)}),
            post(gate, GRANT, authorization=basic(app.made.client_id, app.made.client_secret)),
        ):
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"
            told = answer.json()
            assert set(told["scope"].split()) == {ROSTER, CORE, DEMOGRAPHICS}
            assert app.get("users", token=told["access_token"]).status_code == 200
            stored = AccessToken.objects.get(token_checksum=hashlib.sha256(told["access_token"].encode()).hexdigest())
            assert stored.application.client_id == app.made.client_id
        narrow = post(gate, {**GRANT, **credentials(app.made), "scope": CORE}).json()
        assert narrow["scope"] == CORE
        assert app.get("demographics", token=narrow["access_token"]).status_code == 403

    def test_the_scopes_of_1_1_are_the_same_rights_by_other_names(self, gate: Gate) -> None:
        # Who makes or takes an app may name them so too; what is kept are the names of 1.2.
        assert [full_scope(name) for name in (ROSTER_1_1, CORE_1_1, DEMOGRAPHICS_1_1)] == [ROSTER, CORE, DEMOGRAPHICS]
        app = OldApp(cast.KUUSNIEMI_OID, scopes=(CORE, DEMOGRAPHICS))
        told = post(gate, {**GRANT, **credentials(app.made), "scope": f"{CORE_1_1} {DEMOGRAPHICS_1_1}"}).json()
        assert told["scope"] == f"{CORE_1_1} {DEMOGRAPHICS_1_1}"
        for ask_for in (app.get, app.modern):
            assert ask_for("demographics", token=told["access_token"]).status_code == 200
            assert ask_for("users", token=told["access_token"]).status_code == 200
            assert ask_for(f"classes/{cast.GROUP_3B}/students", token=told["access_token"]).status_code == 403
        narrow = post(gate, {**GRANT, **credentials(app.made), "scope": f"{CORE_1_1} {CORE}"}).json()
        assert app.get("users", token=narrow["access_token"]).status_code == 200
        assert app.get("demographics", token=narrow["access_token"]).status_code == 403
        # What was not granted is not had by the other name either.
        before = tokens()
        refused = post(gate, {**GRANT, **credentials(app.made), "scope": ROSTER_1_1})
        assert (refused.status, refused.json()["error"]) == (400, "invalid_scope")
        assert CORE in advice(refused)
        assert tokens() == before

    def test_who_is_not_proven_gets_nothing(self, gate: Gate, app: App) -> None:
        before = tokens()
        for values, header in (
            ({**GRANT, "client_id": app.made.client_id, "client_secret": "wrong"}, None),
            ({**GRANT, "client_id": app.made.client_id}, None),
            ({**GRANT, "client_id": "nobody", "client_secret": app.made.client_secret}, None),
            ({**GRANT, "client_id": "'; DROP TABLE access_app; --", "client_secret": "' OR '1'='1"}, None),
            (GRANT, basic(app.made.client_id, "wrong")),
            (GRANT, "Basic %%%"),
            (GRANT, "Basic " + base64.b64encode(b"nocolon").decode()),
            (GRANT, "Basic " + base64.b64encode(b"\xff\xfe:x").decode()),
            (GRANT, None),
        ):
            answer = post(gate, values, authorization=header)
            assert answer.status == 401, values
            assert answer.json()["error"] == "invalid_client"
            proven = header or "client_secret" in values
            assert ("rotate-secret" if proven else "client_id and client_secret") in advice(answer)
        assert tokens() == before

    def test_only_one_grant_is_served(self, gate: Gate, app: App) -> None:
        before = tokens()
        for grant in (
            "password",
            "authorization_code",
            "refresh_token",
            "implicit",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "CLIENT_CREDENTIALS",
            "<script>alert(1)</script>",
            "",
        ):
            values = {**credentials(app.made), "grant_type": grant, "username": "x", "password": "x", "code": "x"}
            answer = post(gate, values)
            assert answer.status == 400, grant
            assert answer.json()["error"] == "unsupported_grant_type"
            assert "grant_type=client_credentials" in advice(answer)
            assert b"<script" not in answer.content
        assert tokens() == before

    def test_what_can_be_meant_in_two_ways_is_refused(self, gate: Gate, app: App) -> None:
        other = App(cast.VALKAMO_OID).made
        before = tokens()
        good = {**GRANT, **credentials(app.made)}
        header = basic(app.made.client_id, app.made.client_secret)
        for values, authorization in (
            ({**good, "scope": [CORE, ROSTER]}, None),
            ({**good, "grant_type": ["client_credentials", "client_credentials"]}, None),
            ({**good, "client_id": [other.client_id, app.made.client_id]}, None),
            (good, header),
            (good, basic(app.made.client_id, "wrong")),
            ({**GRANT, **credentials(other)}, header),
        ):
            answer = post(gate, values, authorization=authorization)
            assert answer.status == 400
            assert answer.json()["error"] == "invalid_request"
            assert re.search("Send it once|not in both|Leave it out", advice(answer))
        # The id of another client beside one's own secret is no way in either.
        assert post(gate, {**GRANT, "client_id": other.client_id}, authorization=header).status == 400
        assert tokens() == before

    def test_scopes_that_nobody_opened_are_refused(self, gate: Gate) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(CORE,))
        before = tokens()
        for scope in (ROSTER, DEMOGRAPHICS, f"{CORE} {ROSTER}", "openid", "a\tb", "' OR 1=1"):
            answer = post(gate, {**GRANT, **credentials(app.made), "scope": scope})
            assert answer.status == 400, scope
            assert answer.json()["error"] == "invalid_scope"
            assert f"This app may ask for: {CORE}." in advice(answer)
            assert ROSTER not in advice(answer)
            assert "digione app take" in advice(answer)
            assert post(
                gate, {**GRANT, "scope": scope}, authorization=basic(*credentials(app.made).values())
            ).json() == (answer.json())
        # Whoever does not prove to be the app is not told what it may.
        wrong = {**GRANT, **credentials(app.made), "client_secret": "wrong", "scope": ROSTER}
        assert CORE not in advice(post(gate, wrong))
        assert tokens() == before

    def test_an_app_that_nobody_takes_any_more_gets_nothing_that_opens(self, gate: Gate, app: App) -> None:
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET valid_from = '2020-01-01', valid_to = '2020-12-31'")
            assert cursor.rowcount
        refused = post(gate, {**GRANT, **credentials(app.made), "scope": CORE})
        assert refused.status == 400
        assert advice(refused).startswith("No provider has opened anything to this app today.")
        answer = post(gate, {**GRANT, **credentials(app.made)})
        token = answer.json().get("access_token", app.token)
        assert not answer.json().get("scope")
        assert app.get("users", token=token).status_code == 403
        assert hot(app, app.sourced(cast.PUPIL), token=token) is None

    @pytest.mark.parametrize(
        ("sent", "more"),
        [
            (b"grant_type=client_credentials&client_id=a%00&client_secret=%00", {}),
            (b"grant_type=client_credentials&client_id=%ff&client_secret=\xff\xfe", {}),
            (b"grant_type=client_credentials", {"authorization": "Basic " + base64.b64encode(b"a\0:b").decode()}),
            (b'{"grant_type": "client_credentials"}', {"content_type": "application/json"}),
            (b"<token/>", {"content_type": "text/xml"}),
            (b"grant_type=client_credentials", {"content_type": "text/plain"}),
            (b"grant_type=client_credentials", {"content_type": "application/x-www-form-urlencoded; charset=utf-7"}),
            (b"--x\r\n", {"content_type": "multipart/form-data; boundary=x"}),
            (b"--x\r\n", {"content_type": "multipart/form-data"}),
            (b"", {"query": "grant_type=client_credentials"}),
            (b"&".join(b"a%d=1" % n for n in range(1500)), {}),
            (b"a=" + b"x" * (2 * 1024 * 1024 - 2), {}),
            (b"", {"method": "GET", "query": "grant_type=client_credentials"}),
            (b"", {"method": "HEAD"}),
            (b"", {"method": "PUT"}),
            (b"", {"method": "DELETE"}),
        ],
    )
    def test_what_cannot_be_understood_is_refused(self, gate: Gate, sent: bytes, more: dict[str, Any]) -> None:
        before = tokens()
        for where in ("/oauth/token", "/oauth/revoke"):
            answer = post(gate, sent, where, **more)
            assert answer.status in (400, 401, 405), answer.content
            assert b"Traceback" not in answer.content
            if more.get("method") != "HEAD":
                assert answer.json()["error"] in ("invalid_request", "invalid_client", "unsupported_grant_type")
                assert advice(answer)
        assert tokens() == before

    def test_what_is_not_sent_as_a_form_is_told_so(self, gate: Gate, app: App) -> None:
        sent = json.dumps({**GRANT, **credentials(app.made)}).encode()
        answer = post(gate, sent, content_type="application/json")
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
        assert "application/x-www-form-urlencoded" in advice(answer)


class TestRevocation:
    """`/oauth/revoke`: a token given back opens nothing, in either lane, from that moment."""

    def test_both_lanes_refuse_at_once(self, gate: Gate, app: App) -> None:
        teacher = app.sourced(cast.TEACHER)
        assert hot(app, teacher)
        assert app.get(f"users/{teacher}").status_code == 200
        answer = post(gate, {**credentials(app.made), "token": app.token}, "/oauth/revoke")
        assert answer.status == 200
        assert hot(app, teacher) is None
        assert app.get(f"users/{teacher}").status_code == 401
        bearer = f"Bearer {app.token}"
        assert ask(gate, f"{PREFIX}/users/{teacher}", authorization=bearer).status == 401
        # To give it back again, or what never was, is no error (RFC 7009, 2.2).
        for token in (app.token, "never"):
            assert post(gate, {**credentials(app.made), "token": token}, "/oauth/revoke").status == 200

    def test_nobody_gives_back_what_is_anothers(self, gate: Gate, app: App) -> None:
        other, before = App(cast.KUUSNIEMI_OID), tokens()
        for hint in ({}, {"token_type_hint": "access_token"}, {"token_type_hint": "refresh_token"}):
            post(gate, {**credentials(other.made), "token": app.token, **hint}, "/oauth/revoke")
        assert post(gate, {"client_id": app.made.client_id, "token": app.token}, "/oauth/revoke").status == 401
        wrong = {**credentials(app.made), "client_secret": "wrong", "token": app.token}
        assert post(gate, wrong, "/oauth/revoke").status == 401
        assert post(gate, credentials(app.made), "/oauth/revoke").status == 400
        assert tokens() == before
        assert app.get("users").status_code == 200
        assert hot(app, app.sourced(cast.TEACHER))

    def test_other_tokens_of_the_app_live_on(self, gate: Gate, app: App) -> None:
        second = app.new_token((CORE,), lasts=timedelta(hours=1))
        post(gate, {**credentials(app.made), "token": app.token}, "/oauth/revoke")
        assert app.get("users").status_code == 401
        assert app.get("users", token=second).status_code == 200


def test_no_answer_tells_a_secret(gate: Gate, app: App) -> None:
    for values in ({**GRANT, **credentials(app.made), "scope": "x"}, {**GRANT, **credentials(app.made)}):
        assert app.made.client_secret not in json.dumps(post(gate, values).json())
