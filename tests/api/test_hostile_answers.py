"""What programs are answered where every stored text is hostile, and what anybody is answered who sends hostile texts."""

import json
import logging
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client

from digione.config.settings import LOGGING
from digione.rest.gate import Gate
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster.operations import OPERATIONS
from digione.rest.v1.endpoints import ENDPOINTS
from tests import cast
from tests.api import v1
from tests.api.hostile_stage import fill
from tests.api.oneroster import PREFIX, App, address, state
from tests.api.skeletons import skeleton
from tests.api.wsgi import Answer, ask, django_application
from tests.hostile_texts import EVERYTHING, OVERLONG, STORABLE, UNSTORABLE

pytestmark = pytest.mark.django_db
SENT = {**STORABLE, **OVERLONG, "null character": UNSTORABLE["null character"]}
PASSWORD = "koivu-hissi-puuro"


@pytest.fixture
def house(settings: LazySettings) -> Gate:
    """The whole application; these tests ask more often than one caller should."""
    settings.APP_RATE = settings.TOKEN_RATE = settings.REFUSED_RATE = (0, 1)
    cache.clear()
    return Gate(HotLane(get_wsgi_application()))


@pytest.fixture
def full(stage: None) -> App:
    """An app with every scope, on a stage whose every text is hostile. Its ids are asked for before."""
    app = App(cast.KUUSNIEMI_OID, scopes=(*v1.ALL, *(scope for one in OPERATIONS for scope in one.scopes)))
    assert fill(EVERYTHING) > 15
    return app


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value] if isinstance(value, str) else []


def _hold(answer: Answer) -> list[str]:
    """Hold an answer to its form: JSON in which a hostile text stands whole, and headers of one line. Returns its texts."""
    assert answer.headers["Content-Type"] in ("application/json", "application/problem+json", "application/x-ndjson")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(character in value for value in answer.headers.values() for character in "\r\n\x00")
    texts = _leaves(answer.json())
    assert [text for text in texts if "<script" in text and EVERYTHING not in text] == []
    return texts


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path)
def test_both_lanes_of_oneroster_tell_a_text_as_it_is(full: App, operation: Any) -> None:
    path = f"{PREFIX}/{address(full, operation)}"
    bearer = f"Bearer {full.token}"
    ordinary = ask(django_application(), path, authorization=bearer)
    either = ask(HotLane(django_application()), path, authorization=bearer)
    assert (ordinary.status_code, either.status_code) == (200, 200)
    assert json.loads(either.content) == json.loads(ordinary.content)
    texts = _hold(ordinary)
    # Enrolments and demographics tell words of lists, ids and dates alone.
    assert EVERYTHING in texts or operation.demographic or operation.resource.collection == "enrollments"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_our_api_tells_a_text_as_it_is(full: App, house: Gate, endpoint: Any) -> None:
    answer = ask(house, f"/api/v1/{endpoint.path}", authorization=f"Bearer {full.token}")
    assert answer.status_code == 200
    texts = _hold(answer)
    written = {field.name for field in endpoint.served} & {"name", "title", "given_name", "code", "grade"}
    assert EVERYTHING in texts or not written
    one = answer.json()["items"][0]["id"]
    assert ask(house, f"/api/v1/{endpoint.path}/{one}", authorization=f"Bearer {full.token}").status_code == 200


def test_the_addresses_of_a_header_are_not_broken_up(app: App, house: Gate) -> None:
    """`Link` says the query again; what stood in it stays within its angle brackets."""
    for text in SENT.values():
        for given in ({"filter": f"givenName!='{text.replace(chr(39), chr(39) * 2)}'"}, {text: text}):
            query = urlencode({**given, "limit": "1"})
            answer = ask(house, f"{PREFIX}/users", query=query, authorization=f"Bearer {app.token}")
            assert answer.status_code in (200, 400, 422), text
            _hold(answer)
            links = answer.headers.get("Link", "")
            assert links.count("<") == links.count(">") == links.count('rel="')
            assert links.count('"') == 2 * links.count("rel=")


@pytest.mark.parametrize("kind", SENT)
def test_our_api_refuses_what_it_cannot_mean(app: App, house: Gate, kind: str) -> None:
    token = app.new_token(v1.ALL)
    text, before = SENT[kind], state()
    for endpoint in ENDPOINTS:
        for name in ("fields", "after", "limit", *endpoint.filters, text):
            query = urlencode({name: text})
            answer = ask(house, f"/api/v1/{endpoint.path}", query=query, authorization=f"Bearer {token}")
            assert answer.status_code in (400, 403, 422), (endpoint.path, name, answer.content)
            assert _hold(answer)
        answer = ask(
            house, f"/api/v1/{endpoint.path}/{text}".encode().decode("latin-1"), authorization=f"Bearer {token}"
        )
        assert answer.status_code in (400, 403, 404, 422)
    assert state() == before


@pytest.mark.parametrize("kind", SENT)
def test_the_door_of_apps_refuses_in_its_own_form(app: App, house: Gate, kind: str) -> None:
    text = SENT[kind]
    right = {
        "grant_type": "client_credentials",
        "client_id": app.made.client_id,
        "client_secret": app.made.client_secret,
    }
    for where in ("/oauth/token", "/oauth/revoke"):
        for name in (*right, "scope", "token", "redirect_uri"):
            answer = ask(house, where, method="POST", body=urlencode({**right, name: text}).encode())
            # A token that is not there is taken back already, and what means nothing here is passed over.
            assert answer.status_code < 500
            if name in ("grant_type", "client_id", "client_secret", "scope") and where == "/oauth/token":
                assert answer.status_code in (400, 401), name
                assert answer.json()["error"], name
            assert b"<script" not in answer.content
            assert not any(character in value for value in answer.headers.values() for character in "\r\n")


@pytest.fixture
def lines() -> Any:
    """What is logged while a test runs, through the formatter that the program uses."""
    told: list[str] = []
    formatter = logging.Formatter(LOGGING["formatters"]["plain"]["format"])

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info is None:
                told.append(formatter.format(record))

    handler = Kept(level=logging.WARNING)
    logging.getLogger().addHandler(handler)
    yield told
    logging.getLogger().removeHandler(handler)


#: Headers that a caller chooses, without line breaks: no server hands over one that has some.
HEADERS = (
    "User-Agent",
    "X-Request-Id",
    "Accept-Language",
    "Referer",
    "X-Forwarded-For",
    "Cookie",
    "HX-Request",
    "Origin",
)


@pytest.mark.parametrize("kind", SENT)
def test_the_desk_answers_whatever_is_sent(house: Gate, lines: list[str], kind: str) -> None:
    text = SENT[kind]
    client = Client()
    account = get_user_model().objects.create_user("somebody", PASSWORD, person_id=cast.TEACHER)
    client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    before, chosen = state(), client.get("/settings").status_code
    assert chosen == 200
    for where in (
        "/search",
        "/viewed",
        "/groups",
        "/imports",
        "/registers",
        "/duplicates",
        "/accounts/login/",
        "/settings",
    ):
        answer = client.get(where, dict.fromkeys(("q", "page", "days", "kind", "level", "before", "next", "run"), text))
        assert answer.status_code in (200, 302, 403), where
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            skeleton(answer.content.decode())
    for where in (
        f"/people/{quote(text)}",
        f"/groups/{quote(text)}",
        f"/viewed/{quote(text)}",
        f"/imports/{quote(text)}",
    ):
        assert client.get(where).status_code in (302, 404), where
    for where, values in (
        ("/role", {"role": text}),
        ("/language", {"language": text, "next": text}),
        ("/theme", {"theme": text, "next": text}),
        ("/theme", {"theme": "dark", "next": text}),
        ("/accounts/password/change/", dict.fromkeys(("oldpassword", "password1", "password2"), text)),
    ):
        answer = client.post(where, values)
        assert answer.status_code in (200, 302, 404), where
        # Within the house, however it is written.
        assert urljoin("http://testserver/theme", answer.headers.get("Location", "/")).startswith("http://testserver/")
    cache.clear()
    stranger = Client()
    answer = stranger.post("/accounts/login/", {"login": text, "password": text, "next": text})
    assert answer.status_code == 200
    skeleton(answer.content.decode())
    assert "_auth_user_id" not in stranger.session
    one_line = text.replace("\r", " ").replace("\n", " ").encode().decode("latin-1")[:2000]
    for name in HEADERS:
        for where in ("/", "/accounts/login/", "/not-there", "/healthz", f"{PREFIX}/users", "/api/v1/persons"):
            answer = ask(house, where, headers={name: one_line})
            assert answer.status_code in (200, 302, 401, 404), (name, where)
            assert not any(character in value for value in answer.headers.values() for character in "\r\n")
    ask(house, "/", host=one_line)
    ask(house, f"/{one_line}")
    for line in lines:
        assert not any(character in line for character in "\r\n\x1b\x00\u2028\x85"), line
    account.refresh_from_db()
    assert account.check_password(PASSWORD)
    assert state() == before
