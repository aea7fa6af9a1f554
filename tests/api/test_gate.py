"""The gate before both lanes: who asks too often waits, whatever lane would have answered; large bodies go no further."""

import json
from typing import Any

import pytest
from django.conf import LazySettings
from oauth2_provider.models import AccessToken

from digione.access.scopes import SCHOOLS_READ, STUDY_RIGHTS_READ
from digione.rest.gate import Gate, Limiter, Rate, client_address
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster.views import PREFIX_1_1
from tests import cast
from tests.api.oneroster import PREFIX, App, minor, validate
from tests.api.oneroster_1_1 import minor_1_1
from tests.api.wsgi import Answer, ask, django_application

USERS = f"{PREFIX}/users"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(settings: LazySettings, time: Time) -> Gate:
    """Both lanes behind a gate that lets two requests through at once, and one more each ten seconds."""
    settings.APP_RATE = settings.TOKEN_RATE = (0.1, 2)
    settings.REFUSED_RATE = (0.1, 3)
    return Gate(HotLane(django_application()), clock=time)


class TestLimiter:
    """A token bucket for each caller."""

    def test_a_burst_then_one_at_a_time(self) -> None:
        limiter = Limiter(Rate(2, 3))
        assert [limiter.wait(1, 10.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
        assert limiter.wait(1, 10.4) == pytest.approx(0.1)
        assert limiter.wait(1, 10.5) == 0
        assert limiter.wait(1, 10.5) == pytest.approx(0.5)
        # A refused request costs nothing; a full bucket holds no more than the burst.
        assert [limiter.wait(1, 99.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]

    def test_callers_do_not_touch_each_other(self) -> None:
        limiter = Limiter(Rate(1, 1))
        assert limiter.wait(1, 0) == 0
        assert limiter.wait(1, 0) > 0
        assert limiter.wait(2, 0) == 0

    def test_its_memory_is_bounded_and_who_keeps_asking_is_remembered(self) -> None:
        limiter = Limiter(Rate(0.001, 2), remembered=100)
        refused = 0
        for stranger in range(10_000):
            limiter.wait(stranger, 0.0)
            refused += stranger % 50 == 0 and limiter.wait(-1, 0.0) > 0
            assert len(limiter) <= 200
        assert refused == 198, "All but the burst of two, whatever a flood of strangers does."

    def test_no_rate_is_no_limit(self) -> None:
        limiter = Limiter(Rate(0, 1))
        assert {limiter.wait(1, 0.0) for _ in range(100)} == {0}


@pytest.mark.django_db
class TestGate:
    """429 in both lanes, for the app that asks too often and no other."""

    @pytest.mark.parametrize("lane", ["hot", "ordinary"])
    def test_who_asks_too_often_waits(
        self, official: dict[str, Any], app: App, gate: Gate, time: Time, lane: str
    ) -> None:
        where, other = f"{USERS}/{app.sourced(cast.TEACHER)}", App(cast.KUUSNIEMI_OID)

        def get(token: str, spelling: str = "Bearer {}") -> Answer:
            query = "" if lane == "hot" else "fields=sourcedId"
            return ask(gate, where, query=query, authorization=spelling.format(token))

        assert [get(app.token).status for _ in range(3)] == [200, 200, 429]
        refused = get(app.token)
        assert refused.headers["Retry-After"] == "10"
        assert refused.headers["Content-Type"] == "application/json"
        assert minor(refused) == "server_busy"
        validate(official, "/users/{sourcedId}", refused)
        if lane == "ordinary":
            # One bucket for both versions of the standard, and each is told in its own words.
            old = ask(gate, f"{PREFIX_1_1}/users", authorization=f"Bearer {app.token}")
            assert (old.status, minor_1_1(old)) == (429, "server_busy")
        # Another spelling of the same header is the same app; another app is another.
        assert {get(app.token, spelling).status for spelling in ("bearer {}", "Bearer   {} ", "BEARER \t{}")} == {429}
        assert get(other.token).status == 200
        time.now += 10
        assert [get(app.token).status for _ in range(2)] == [200, 429]

    def test_one_bucket_for_both_lanes(self, app: App, gate: Gate) -> None:
        where, bearer = f"{USERS}/{app.sourced(cast.TEACHER)}", f"Bearer {app.token}"
        assert ask(gate, where, authorization=bearer).status == 200
        assert ask(gate, USERS, authorization=bearer).status == 200
        assert ask(gate, where, authorization=bearer).status == 429
        assert ask(gate, USERS, authorization=bearer).status == 429

    def test_our_own_api_is_counted_and_told_in_its_own_form(self, gate: Gate) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(SCHOOLS_READ,))

        def get(where: str = "/api/v1/schools", **more: Any) -> Answer:
            return ask(gate, where, authorization=f"Bearer {app.token}", **more)

        assert [get().status for _ in range(2)] == [200, 200]
        swedish = get(headers={"Accept-Language": "sv"})
        assert swedish.status == 429
        assert int(swedish.headers["Retry-After"]) > 0
        assert swedish.headers["Content-Type"] == "application/problem+json"
        assert swedish.json()["title"] == "För många förfrågningar"
        assert get(USERS).status == 429, "One bucket for whatever an app asks."
        elsewhere = get(host="evil.example")
        assert (elsewhere.status, elsewhere.json()["type"]) == (400, "urn:digione:problem:unreadable")
        large = get(method="POST", length=11_000_000)
        assert (large.status, large.json()["status"]) == (413, 413)

    @pytest.mark.usefixtures("stage")
    def test_a_learner_of_the_hot_lane_is_counted_too_and_told_by_our_own_host_alone(self, gate: Gate) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(STUDY_RIGHTS_READ,))
        where, bearer = f"/api/v1/learners/{app.sourced(cast.PUPIL)}", f"Bearer {app.token}"
        hosts = ("evil.example", "testserver", "testserver", "testserver")
        assert [ask(gate, where, host=host, authorization=bearer).status for host in hosts] == [400, 200, 200, 429]

    def test_without_a_token_the_address_counts(self, gate: Gate) -> None:
        assert [ask(gate, USERS, address="192.0.2.1").status for _ in range(3)] == [401, 401, 429]
        assert ask(gate, USERS, address="192.0.2.2").status == 401

    def test_who_tries_ever_new_tokens_waits_and_a_good_token_from_the_same_address_does_not(
        self, official: dict[str, Any], app: App, gate: Gate, time: Time
    ) -> None:
        def get(token: str, address: str = "192.0.2.1", method: str = "GET") -> Answer:
            return ask(gate, USERS, method=method, authorization=f"Bearer {token}", address=address)

        assert get(app.token).status == 200
        # What is refused unread tells nothing about a token, and so does not make it a good one.
        assert get("random-9", method="POST").status == 405
        assert [get(f"random-{n}").status for n in range(5)] == [401, 401, 401, 429, 429]
        refused = get("random-9")
        assert refused.headers["Retry-After"] == "10"
        validate(official, "/users", refused)
        assert get(app.token).status == 200, "This one has opened something before."
        newcomer = App(cast.VALKAMO_OID).token
        assert get(newcomer).status == 429
        assert get(newcomer, address="192.0.2.2").status == 200
        assert get(newcomer).status == 200, "It is known by now, wherever it comes from."
        time.now += 10
        assert [get(f"later-{n}").status for n in range(2)] == [401, 429]

    def test_a_token_that_has_ended_is_known_no_more(self, app: App, gate: Gate, time: Time) -> None:
        def get(token: str) -> int:
            return ask(gate, USERS, authorization=f"Bearer {token}").status

        assert get(app.token) == 200
        AccessToken.objects.all().delete()
        assert [get(app.token), get("random-1"), get("random-2")] == [401, 401, 401]
        time.now += 9
        assert get(app.token) == 429

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:80", "testserver.evil.example", "a b", "", "x" * 5000]
    )
    @pytest.mark.parametrize("where", [USERS, f"{USERS}/1", "/ims/oneroster/nowhere", "/", "/healthz"])
    def test_a_host_that_is_not_ours_is_refused_in_one_calm_line(
        self, official: dict[str, Any], app: App, gate: Gate, caplog: pytest.LogCaptureFixture, host: str, where: str
    ) -> None:
        answer = ask(gate, where, host=host, authorization=f"Bearer {app.token}")
        assert answer.status == 400
        (line,) = caplog.records
        assert line.levelname == "WARNING"
        assert line.exc_info is None
        assert len(line.getMessage()) < 200
        if where.startswith("/ims/"):
            validate(official, "/users", answer)
            assert minor(answer) == "invaliddata"

    def test_tokens_are_asked_for_slowly(self, gate: Gate) -> None:
        asked = [ask(gate, "/oauth/token", method="POST", address="192.0.2.1") for _ in range(3)]
        assert [answer.status for answer in asked] == [400, 400, 429]
        assert json.loads(asked[2].content)["error"] == "slow_down"
        assert asked[2].headers["Retry-After"] == "10"
        assert ask(gate, "/oauth/revoke", method="POST", address="192.0.2.1").status == 429
        assert ask(gate, "/oauth/token", method="POST", address="192.0.2.2").status == 400

    def test_the_desk_and_health_are_not_counted(self, gate: Gate) -> None:
        assert {ask(gate, "/healthz", address="192.0.2.1").status for _ in range(5)} == {200}

    @pytest.mark.parametrize(
        "where", [USERS, "/oauth/token", "/oauth/revoke", "/accounts/login/", "/demo", "/role", "/language", "/theme"]
    )
    @pytest.mark.parametrize(
        "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
    )
    def test_ten_megabytes_are_not_even_read(self, gate: Gate, where: str, content_type: str) -> None:
        answer = ask(gate, where, method="POST", body=_Unreadable(), length=10 * 1024 * 1024, content_type=content_type)
        assert answer.status == 413
        if where.startswith(("/oauth/", "/ims/")):
            assert b"at most 2097152 bytes" in answer.content
        else:
            assert answer.content.decode() == "Sisältö on liian suuri: täällä otetaan vastaan enintään 2097152 tavua."
        if where.startswith("/oauth/"):
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.json()["error"] == "invalid_request"
            assert "at most 2097152 bytes" in answer.json()["error_description"]
        assert ask(gate, where, method="POST", body=_Unreadable(), length="-1").status == 413
        assert ask(gate, where, method="POST", body=_Unreadable(), length="²").status == 413
        assert ask(gate, where, method="POST", body=_Unreadable(), length="9" * 5000).status == 413

    def test_a_page_that_is_sent_too_much_says_so_in_the_language_of_the_browser(self, gate: Gate) -> None:
        def said(language: str) -> str:
            more: dict[str, Any] = {"headers": {"Accept-Language": language}, "length": 10 * 1024 * 1024}
            return ask(gate, "/accounts/login/", method="POST", body=_Unreadable(), **more).content.decode()

        assert said("sv-FI,sv") == "Innehållet är för stort: här tas högst 2097152 byte emot."
        assert said("en") == "The body is too large: at most 2097152 bytes are taken here."

    def test_behind_tls_links_are_secure(self, app: App, settings: LazySettings) -> None:
        settings.SECURE_COOKIES = True
        gate = Gate(HotLane(django_application()))
        answer = ask(gate, f"{USERS}/{app.sourced(cast.PUPIL)}", authorization=f"Bearer {app.token}")
        assert answer.json()["user"]["primaryOrg"]["href"].startswith(f"https://testserver{PREFIX}/orgs/")


def test_only_our_own_proxies_are_believed(settings: LazySettings) -> None:
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.7, 10.0.0.1"}
    found = []
    for settings.PROXIES in (0, 1, 2, 4):
        found.append(client_address(environ))
    assert found == ["127.0.0.1", "10.0.0.1", "192.0.2.7", "127.0.0.1"]


class _Unreadable:
    """A body that must not be touched."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("The body was read.")

    readline = read
