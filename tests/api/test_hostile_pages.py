"""Every page of every role, with a hostile text wherever a text is stored and wherever one is sent: nothing of it acts.

Pages and roles are found, not listed. The same stage is played twice, with the hostile text and with a harmless one of the
same shape: both times each address answers alike, and a page has the same elements with the same attributes.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern

from digione.access.roles import DESK_ROLES, Role
from digione.core.use_case import set_reach
from digione.integrations.demo.cast import SIGN_INS
from digione.rest.gate import Gate
from digione.rest.hot_lane import HotLane
from digione.web import urls, views
from tests import cast
from tests.api.hostile_stage import build
from tests.api.skeletons import skeleton, texts
from tests.api.wsgi import ask
from tests.hostile_texts import EVERYTHING, STORABLE, harmless

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
#: Who stands for each role of a desk.
IN_ROLE: dict[str, UUID] = {
    Role.TEACHER: cast.TEACHER,
    Role.SPECIAL_NEEDS_TEACHER: cast.TEACHER,
    Role.PRINCIPAL: cast.PRINCIPAL,
    Role.SCHOOL_SECRETARY: cast.SECRETARY,
    Role.ADMINISTRATOR: cast.ADMINISTRATOR,
    Role.GUARDIAN: cast.GUARDIAN,
    Role.LEARNER: cast.PUPIL,
}
#: What takes forms alone, and what only leads on: no page of theirs is to be seen.
NO_PAGES = {
    "role", "language", "theme", "duplicates/<uuid:case>/decide", "duplicates/<uuid:case>/undo", "accounts/signup/",
    "demo.json", "static/accent/<slug:colour>.css", "placements/<uuid:learner>/place",
    "placements/<uuid:placement>/undo", "study-rights/<uuid:learner>/undo/<uuid:row>",
    "study-rights/<uuid:learner>/rights/<uuid:right>/states/<uuid:row>/undo",
}  # fmt: skip
#: Everything that a page of ours asks its address for, and what none asks for.
ASKED = ("q", "page", "days", "kind", "level", "before", "next", "login", "x")
#: A role, a route, and which of the addresses of it; -1 is the last one, with questions.
Key = tuple[str, str, int]
ROUTES = [str(entry.pattern) for entry in urls.urlpatterns if isinstance(entry, URLPattern)]


def test_every_role_has_somebody() -> None:
    assert {*IN_ROLE} == {*DESK_ROLES}


def _addresses(route: str, places: dict[str, Any]) -> Iterator[str]:
    """Yield the addresses of a route, with every id that its place may have. A new kind of place has to be put on the stage."""
    before, opens, rest = route.partition("<")
    if not opens:
        yield f"/{route}"
        return
    name, _, after = rest.partition(">")
    for value in places[name.partition(":")[2]]:
        yield from _addresses(f"{before}{value}{after}", places)


def _clients() -> dict[str, Client]:
    set_reach(cast.administrator)
    cast.insert(
        "people_staffassignment",
        [
            {
                "id": UUID(int=0x57AFF), "provider_id": cast.KUUSNIEMI, "person_id": cast.TEACHER, "valid_from": cast.START,
                "organisation_id": cast.RANTAPUISTO, "role": "special_needs_teacher",
            }
        ],
    )  # fmt: skip
    found, accounts = {"nobody": Client()}, {}
    for number, (role, person) in enumerate(IN_ROLE.items()):
        if person not in accounts:
            accounts[person] = get_user_model().objects.create_user(SIGN_INS[number], person_id=person)
        client = found[role] = Client()
        client.force_login(accounts[person], backend=BACKEND)
        if person == cast.TEACHER:
            assert client.post("/role", {"role": f"{role}:{cast.KUUSNIEMI}"}).status_code == 302
    return found


def _play(text: str, folder: Path) -> dict[Key, Any]:
    """Return what each role is answered at each address, with `text` wherever one is stored or sent. Undone afterwards."""
    folder.mkdir()
    cache.clear()
    answers: dict[Key, Any] = {}
    with transaction.atomic():
        places = build(text, folder)
        clients = _clients()
        # Traces of everybody in the log of use, for the pages that tell of them.
        for client in clients.values():
            client.get("/")
            client.get(f"/people/{cast.PUPIL}")
        for role, client in clients.items():
            for route in ROUTES:
                for number, address in enumerate(_addresses(route, places)):
                    answers[role, route, number] = client.get(address)
                sent = dict.fromkeys(ASKED, text)
                answers[role, route, -1] = client.get(address, sent, headers={"User-Agent": text.split("\r")[0]})
        transaction.set_rollback(True)
    return answers


def test_no_page_of_any_role_lets_a_text_act(tmp_path: Path, settings: Any) -> None:
    settings.DEMO = True
    hostile, plain = _play(EVERYTHING, tmp_path / "hostile"), _play(harmless(EVERYTHING), tmp_path / "plain")
    assert hostile.keys() == plain.keys()
    seen: set[str] = set()
    shown: Counter[str] = Counter()
    for key, answer in hostile.items():
        role, route, _ = key
        other = plain[key]
        assert answer.status_code == other.status_code < 500, key
        assert answer.headers.keys() == other.headers.keys(), key
        assert not any("\r" in value or "\n" in value for value in answer.headers.values()), key
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            page = answer.content.decode()
            assert skeleton(page) == skeleton(other.content.decode()), key
            if answer.status_code == 200:
                seen.add(route)
                shown[role] += STORABLE["markup"] in texts(page)
        elif kind.startswith("text/csv"):
            seen.add(route)
            _hold_table(answer, other)
    # The pages were there, and the text stood in them.
    assert {*ROUTES} - seen == NO_PAGES
    assert all(shown[role] > 3 for role in IN_ROLE), shown
    told = hostile["nobody", "demo.json", 0].json()
    assert {row["name"] for row in told["providers"]} <= {EVERYTHING}
    assert EVERYTHING in {row["provider"] for row in told["sign_ins"]}


def _hold_table(answer: Any, other: Any) -> None:
    """Hold a table that is loaded down to its cells: as many as with a harmless text, none of them a formula."""
    assert answer.headers["Content-Disposition"] == other.headers["Content-Disposition"]
    rows, likewise = (
        list(csv.reader(io.StringIO(each.content.decode("utf-8-sig"), newline=""), delimiter=";"))
        for each in (answer, other)
    )
    assert [len(row) for row in rows] == [len(row) for row in likewise]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(STORABLE["markup"] in cell for cell in cells)


@pytest.mark.parametrize("text", STORABLE.values(), ids=STORABLE)
def test_each_text_as_a_grade_and_a_code_of_a_group(client: Client, text: str) -> None:
    """What stands alone in its column, as a number would, is tried alone: `²` is a figure and no number."""
    set_reach(cast.administrator)
    # The page puts a school's groups together by grade where they are many.
    many = {"provider_id": cast.KUUSNIEMI, "school_id": cast.RANTAPUISTO, "kind": "class_section"}
    cast.insert("studies_group", [{"id": UUID(int=0x6000 + number), **many} for number in range(41)])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_group SET grades = ARRAY[%s], code = %s, kind = 'class_section'", [text, text])
        cursor.execute("UPDATE studies_schoolenrolment SET grade = %s", [text])
        cursor.execute("UPDATE people_person SET mother_tongue = %s, home_municipality = %s", [text, text])
    for person in (cast.TEACHER, cast.PRINCIPAL, cast.PUPIL, cast.SECRETARY):
        client.force_login(get_user_model().objects.create_user(f"of-{person}", person_id=person), backend=BACKEND)
        for address in ("/", "/groups", f"/groups/{cast.GROUP_3B}", f"/people/{cast.PUPIL}", "/own"):
            answer = client.get(address)
            assert answer.status_code in (200, 403, 404), address
            skeleton(answer.content.decode())


class TestErrors:
    """The pages of what went wrong tell nothing that was sent."""

    @pytest.mark.parametrize("text", STORABLE.values(), ids=STORABLE)
    def test_an_address_that_is_not_there(self, client: Client, text: str) -> None:
        for where in (
            f"/{text}",
            f"/people/{text}",
            f"/imports/{text}.csv",
            f"/static/accent/{text}.css",
            f"/static/{text}",
        ):
            answer = client.get(where, headers={"User-Agent": "x", "Referer": "x"})
            assert answer.status_code in (302, 404), where
            if answer.status_code == 404:
                # The form of languages leads back to the address, and says it in a field.
                assert skeleton(answer.content.decode()) == skeleton(client.get("/not-there").content.decode())

    def test_a_fault_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError(EVERYTHING)

        monkeypatch.setattr(views, "render", fail)
        client = Client(raise_request_exception=False)
        client.force_login(get_user_model().objects.create_user("somebody", person_id=cast.TEACHER), backend=BACKEND)
        answer = client.get("/search", {"q": EVERYTHING})
        assert answer.status_code == 500
        skeleton(answer.content.decode())
        assert "alert(1)" not in answer.content.decode()

    def test_a_form_of_another_page(self) -> None:
        for where in ("/role", "/accounts/login/", "/theme"):
            answer = Client(enforce_csrf_checks=True).post(where, {"next": EVERYTHING, "role": EVERYTHING})
            assert answer.status_code == 403
            skeleton(answer.content.decode())
            assert "alert(1)" not in answer.content.decode()

    def test_at_the_gate(self) -> None:
        gate = Gate(HotLane(get_wsgi_application()))
        for text in STORABLE.values():
            told = text.encode().decode("latin-1")
            answer = ask(gate, "/", host=told)
            assert answer.status_code == 400
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert b"alert" not in answer.content
            assert ask(gate, "/", length=told).status_code == 413
