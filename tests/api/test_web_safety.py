"""The desk against others' sites and bad input: forms, redirects, sessions, cookies, headers, sizes."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.gate import Gate
from digione.rest.hot_lane import HotLane
from digione.web.actor import ROLE_IN_SESSION
from tests import cast
from tests.api.wsgi import ask

pytestmark = pytest.mark.django_db
PASSWORD = "seitsemän-veljestä"
LOGIN = "/accounts/login/"
#: Each changes something; the rest of the desk only reads.
PASSWORD_CHANGE = "/accounts/password/change/"
UNSAFE = [LOGIN, "/accounts/logout/", PASSWORD_CHANGE, "/role", "/language", "/theme", "/demo"]
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "///evil.example",
    "http:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "\x00//evil.example",
    " //evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "x" * 9000 + "//evil.example",
]


@pytest.fixture(autouse=True)
def _no_attempts_before() -> None:
    cache.clear()


@pytest.fixture
def account() -> Any:
    return get_user_model().objects.create_user("k7.opettaja", PASSWORD, person_id=cast.TEACHER)


@pytest.fixture
def signed_in(account: Any) -> Client:
    client = Client()
    client.force_login(account)
    # The first page remembers the role in which one acts.
    assert client.get("/settings").status_code == 200
    return client


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOGIN, {"login": "k7.opettaja", "password": password, **more})


def _addresses(patterns: list[Any], prefix: str = "/") -> list[str]:
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found.append(re.sub(r"<[^>]+>", str(cast.PUPIL), route))
    return found


class TestForms:
    """A form counts only when it comes from a page of ours."""

    @pytest.mark.parametrize("where", UNSAFE)
    def test_a_form_without_its_token_does_nothing(self, account: Any, where: str) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(account)
        assert strict.get("/settings").status_code == 200
        before = dict(strict.session)
        values = {"role": "x", "language": "sv", "theme": "dark", "username": "k7.opettaja", "next": "/"}
        for headers in ({}, {"X-CSRFToken": "x" * 32}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            answer = strict.post(where, values, headers=headers)
            assert answer.status_code == 403, headers
            assert set(answer.cookies) <= {"csrftoken"}
        account.refresh_from_db()
        assert account.language == "fi"
        assert dict(strict.session) == before
        assert strict.get("/settings").status_code == 200, "One is still signed in."

    def test_only_these_addresses_change_anything(self, signed_in: Client) -> None:
        """Every other address of the desk refuses to be posted to, so there is no form that this list forgets."""
        others = {
            where
            for where in _addresses(get_resolver().url_patterns)
            if not where.startswith(("/ims/", "/oauth/", "/^", "/healthz", "/readyz"))
        } - {*UNSAFE, "/accounts/signup/", "/accounts/inactive/"}
        assert len(others) > 10
        for where in others:
            # An app writes by its token alone: whoever is signed in by a cookie is a stranger there.
            refused = (401, 404, 405) if where.startswith("/api/") else (403, 404, 405)
            for method in ("post", "put", "patch", "delete"):
                assert getattr(signed_in, method)(where).status_code in refused, (method, where)

    def test_a_link_never_changes_anything(self, account: Any, signed_in: Client) -> None:
        for where, query in (
            ("/role", {"role": f"teacher:{cast.KUUSNIEMI}"}),
            ("/language", {"language": "sv"}),
            ("/theme", {"theme": "dark"}),
        ):
            assert signed_in.get(where, query).status_code == 405
        signed_in.get("/accounts/logout/")
        assert signed_in.get("/settings").status_code == 200, "A picture on another site signs nobody out."
        account.refresh_from_db()
        assert account.language == "fi"


class TestRedirects:
    """No form and no link of ours leads out of the house."""

    @pytest.mark.parametrize("target", ELSEWHERE)
    def test_not_after_a_choice(self, signed_in: Client, target: str) -> None:
        for where, values in (("/language", {"language": "sv"}), ("/theme", {"theme": "dark"})):
            answer = signed_in.post(where, {**values, "next": target})
            assert (answer.status_code, answer["Location"]) == (302, "/")
        answer = signed_in.post("/role", {"role": f"teacher:{cast.KUUSNIEMI}", "next": target})
        assert (answer.status_code, answer["Location"]) == (302, "/")

    @pytest.mark.parametrize("target", ELSEWHERE)
    def test_not_after_signing_in_or_out(self, account: Any, target: str) -> None:
        for query in ("", "?" + urlencode({"next": target})):
            client = Client()
            answer = client.post(LOGIN + query, {"login": "k7.opettaja", "password": PASSWORD, "next": target})
            assert (answer.status_code, answer["Location"]) == (302, "/")
            answer = client.get(LOGIN, {"next": target})
            assert (answer.status_code, answer.headers.get("Location", "/")) in {(302, "/")}
            out = client.post("/accounts/logout/" + query, {"next": target})
            assert out.status_code == 302
            assert "evil" not in out["Location"]

    def test_but_back_to_where_one_was(self, account: Any) -> None:
        client = Client()
        assert sign_in(client, next="/groups")["Location"] == "/groups"
        assert client.post("/theme", {"theme": "dark", "next": "/settings"})["Location"] == "/settings"


class TestSessions:
    """A session that was known before signing in is worth nothing after."""

    def test_the_key_changes_at_sign_in_and_ends_at_sign_out(self, account: Any) -> None:
        client = Client()
        client.get("/demo")
        session = client.session
        session["planted"] = True
        session.save()
        client.cookies["sessionid"] = session.session_key
        assert sign_in(client).status_code == 302
        inside = client.cookies["sessionid"].value
        assert inside != session.session_key
        client.post("/accounts/logout/")
        for key in (session.session_key, inside):
            stranger = Client()
            stranger.cookies["sessionid"] = key
            assert LOGIN in stranger.get("/settings")["Location"]

    def test_the_key_changes_with_the_role(self, account: Any) -> None:
        client = Client()
        sign_in(client)
        before = client.cookies["sessionid"].value
        assert client.post("/role", {"role": f"teacher:{cast.KUUSNIEMI}"}).status_code == 302
        assert client.session[ROLE_IN_SESSION] == f"teacher:{cast.KUUSNIEMI}"
        assert client.cookies["sessionid"].value != before
        stranger = Client()
        stranger.cookies["sessionid"] = before
        assert LOGIN in stranger.get("/settings")["Location"]

    def test_one_acts_in_the_chosen_role_alone(self, account: Any, signed_in: Client) -> None:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from)"
                " VALUES (gen_random_uuid(), %s, %s, %s, 'principal', %s)",
                [cast.KUUSNIEMI, cast.TEACHER, cast.RANTAPUISTO, cast.START],
            )
        # The principal of the school sees a pupil whom the teacher does not teach.
        for role, status in (("principal", 200), ("teacher", 404), ("principal", 200)):
            assert signed_in.post("/role", {"role": f"{role}:{cast.KUUSNIEMI}"}).status_code == 302
            assert signed_in.get("/settings").context["desk"].actor.role == role
            assert signed_in.get(f"/people/{cast.UNTAUGHT_PUPIL}").status_code == status

    def test_a_role_ends_with_its_row(self, signed_in: Client) -> None:
        assert signed_in.get("/settings").context["desk"].actor.role == "teacher"
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_staffassignment SET valid_to = %s WHERE person_id = %s",
                [clock.today() - timedelta(days=1), cast.TEACHER],
            )
        assert signed_in.get("/groups").status_code == 403
        assert signed_in.get(f"/people/{cast.PUPIL}").status_code == 403

    def test_another_who_signs_in_gets_nothing_of_the_first(self, account: Any) -> None:
        get_user_model().objects.create_user("rehtori", PASSWORD, person_id=cast.PRINCIPAL)
        client = Client()
        sign_in(client)
        client.post("/role", {"role": f"teacher:{cast.KUUSNIEMI}"})
        client.post("/accounts/logout/")
        client.post(LOGIN, {"login": "rehtori", "password": PASSWORD})
        assert ROLE_IN_SESSION not in client.session

    def test_a_role_that_no_row_gives_is_not_to_be_had(self, signed_in: Client) -> None:
        for role in ("administrator:", f"principal:{cast.KUUSNIEMI}", f"teacher:{cast.VALKAMO}", "", "teacher:\x00"):
            assert signed_in.post("/role", {"role": role}).status_code == 404
        assert signed_in.session[ROLE_IN_SESSION] == f"teacher:{cast.KUUSNIEMI}"
        session = signed_in.session
        session[ROLE_IN_SESSION] = f"principal:{cast.KUUSNIEMI}"
        session.save()
        page = signed_in.get("/settings")
        assert page.context["desk"].chosen.role == "teacher", "What is remembered counts only while a row gives it."

    def test_an_inactive_account_is_out_at_once(self, account: Any, signed_in: Client) -> None:
        assert signed_in.get("/settings").status_code == 200
        account.is_active = False
        account.save()
        assert LOGIN in signed_in.get("/settings")["Location"]
        again = Client()
        sign_in(again)
        assert LOGIN in again.get("/settings")["Location"]


class TestGuessing:
    """Guessing at passwords ends after a few tries, for the account and for the address."""

    def test_an_account_is_guessed_at_five_times(self, account: Any) -> None:
        told = [sign_in(Client(), f"arvaus{n}").status_code for n in range(6)]
        assert told[:5] == [200] * 5
        for n in range(5000):
            cache.set(f"something-else-{n}", n)
        last = sign_in(Client())
        assert "sessionid" not in last.cookies, "Not even with the right password, until time has passed."

    def test_an_address_tries_many_accounts_but_not_all(self) -> None:
        told = [
            Client().post(LOGIN, {"login": f"joku{n}", "password": "x"}, REMOTE_ADDR="192.0.2.1").content
            for n in range(61)
        ]
        assert told[60] != told[0]

    def test_the_answer_does_not_tell_whether_there_is_such_an_account(self, account: Any) -> None:
        def told(name: str) -> str:
            text = Client().post(LOGIN, {"login": name, "password": "x"}).content.decode()
            return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text).replace(name, "")

        assert told("k7.opettaja") == told("eiketaan")


class TestHeaders:
    """What browsers are told to forbid."""

    @pytest.mark.parametrize(
        "where", ["/", "/settings", LOGIN, "/demo", "/groups", "/nowhere", f"/people/{cast.PUPIL}"]
    )
    def test_every_page(self, account: Any, where: str) -> None:
        client = Client()
        if where not in (LOGIN, "/demo"):
            client.force_login(account)
        answer = client.get(where)
        policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "no-store" in answer["Cache-Control"]
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", page)

    def test_cookies(self, account: Any) -> None:
        client = Client()
        client.get(LOGIN)
        sign_in(client)
        client.post("/language", {"language": "sv"})
        client.post("/theme", {"theme": "dark"})
        assert {"sessionid", "csrftoken", "django_language", "theme"} <= set(client.cookies)
        for name, cookie in client.cookies.items():
            assert cookie["samesite"] == "Lax", name
            assert cookie["httponly"], name
            assert not cookie["domain"], name

    def test_behind_tls(self, account: Any, settings: LazySettings) -> None:
        """What DIGIONE_HTTPS=1 sets; the gate says to Django that the caller came by TLS."""
        settings.SECURE_COOKIES = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        settings.SECURE_HSTS_SECONDS = 31536000
        client = Client()
        client.get(LOGIN)
        sign_in(client)
        client.post("/language", {"language": "sv"})
        client.post("/theme", {"theme": "dark"})
        assert {"sessionid", "csrftoken", "django_language", "theme"} <= set(client.cookies)
        assert all(cookie["secure"] for cookie in client.cookies.values())
        answer = ask(Gate(HotLane(get_wsgi_application())), "/healthz")
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


class TestBodies:
    """Large and broken bodies to the forms of the desk."""

    @pytest.mark.parametrize("where", UNSAFE)
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"x=" + b"a" * 2_000_000, "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % n for n in range(1500)), "application/x-www-form-urlencoded"),
            (
                b"login=%00&password=%00&role=%00&language=%00&theme=%00&username=%00&next=%00",
                "application/x-www-form-urlencoded",
            ),
            (b"login=\xff\xfe&next=%ff", "application/x-www-form-urlencoded"),
            (b"--x", "multipart/form-data; boundary=x"),
            (b"--x", "multipart/form-data"),
            (b"{", "application/json"),
            (b"<x/>", "text/xml"),
            (b"a=1", "application/x-www-form-urlencoded; charset=utf-16"),
        ],
    )
    def test_it_is_refused_without_a_fault_of_ours(
        self, signed_in: Client, account: Any, where: str, body: bytes, content_type: str
    ) -> None:
        answer = signed_in.post(where, data=body, content_type=content_type)
        assert answer.status_code in (200, 302, 400, 403, 404)
        if answer.status_code == 200:
            assert where in (LOGIN, "/accounts/logout/", PASSWORD_CHANGE)
        account.refresh_from_db()
        assert account.language == "fi"
        assert account.check_password(PASSWORD)
        assert signed_in.session.get(ROLE_IN_SESSION) in (None, f"teacher:{cast.KUUSNIEMI}")

    def test_strange_names_and_search_words(self, signed_in: Client) -> None:
        for text in (
            "\x00",
            "%",
            "'; DROP TABLE people_person; --",
            "<script>alert(1)</script>",
            "ä" * 5000,
            "\u202e",
            "\ud800"[:0],
        ):
            page = signed_in.get("/search", {"q": text})
            assert page.status_code == 200, repr(text)
            assert b"<script>alert" not in page.content
            answer = Client().post(LOGIN, {"login": text, "password": text})
            assert answer.status_code == 200
            assert b"<script>alert" not in answer.content
            cache.clear()
