"""The pages around the desk: the door, the password, the roles, and who has looked."""

import gzip
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from digione.core.use_case import set_reach
from digione.integrations.demo.cast import SIGN_INS
from digione.people import selectors as people
from digione.studies import selectors as studies
from digione.web import urls
from tests import cast

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LANGUAGES = ("fi", "sv", "en")
#: Every door of the library that is open, with what its page says in each language. The rest does not exist.
DOORS = {
    "accounts/login/": ("Kirjaudu", "Logga in", "Sign in"),
    "accounts/logout/": ("Kirjaudu", "Logga", "Sign out"),
    "accounts/inactive/": ("suljettu", "stängt", "closed"),
    "accounts/password/change/": ("salasana", "lösenord", "password"),
}


PASSWORD = "koivu-hissi-puuro"


def account(person: UUID, username: str) -> Any:
    return get_user_model().objects.create_user(username, PASSWORD, person_id=person)


def signed_in(client: Client, person: UUID, username: str = "somebody") -> Client:
    client.force_login(account(person, username), backend=BACKEND)
    return client


def sql(statement: str, *parameters: Any) -> int:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def test_only_the_doors_that_we_have_made_are_open() -> None:
    there = {str(entry.pattern) for entry in urls.urlpatterns if isinstance(entry, URLPattern)}
    assert {route for route in there if route.startswith("accounts/")} == {*DOORS, "accounts/signup/"}
    library = [entry for entry in get_resolver().url_patterns if "allauth" in str(getattr(entry, "urlconf_name", ""))]
    assert library == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_has_our_look_and_the_readers_language(client: Client, door: str, language: str) -> None:
    if "login" not in door:
        signed_in(client, cast.TEACHER)
    client.cookies["django_language"] = language
    page = client.get(f"/{door}")
    text = page.content.decode()
    assert page.status_code == 200
    assert f'<html lang="{language}"' in text
    assert "digione/desk.css" in text
    assert DOORS[door][LANGUAGES.index(language)] in text
    assert text.count("<h1") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_password_is_told_kindly_and_tells_nothing_else(client: Client, language: str) -> None:
    account(cast.TEACHER, "somebody")
    client.cookies["django_language"] = language
    answers = [
        client.post("/accounts/login/", {"login": login, "password": "wrong"}).content.decode()
        for login in ("somebody", "nobody-at-all")
    ]
    for answer in answers:
        assert 'role="alert"' in answer
        assert f'<html lang="{language}"' in answer
    forget = [answer.split("<form", 2)[0] for answer in answers]
    assert forget[0] == forget[1], "Nobody can find out which usernames exist."
    assert "_auth_user_id" not in client.session


def test_one_changes_the_password_and_keeps_language_and_session(client: Client) -> None:
    signed_in(client, cast.TEACHER)
    client.cookies["django_language"] = "sv"
    other = Client()
    other.force_login(get_user_model().objects.get(username="somebody"), backend=BACKEND)
    wanted = {
        "oldpassword": PASSWORD,
        "password1": "majakka-sieni-tuoli",
        "password2": "majakka-sieni-tuoli",
    }
    page = client.post("/accounts/password/change/", wanted, follow=True)
    assert page.redirect_chain == [("/settings", 302)]
    assert "Ditt lösenord har bytts" in page.content.decode()
    assert '<html lang="sv"' in page.content.decode()
    assert get_user_model().objects.get(username="somebody").check_password("majakka-sieni-tuoli")
    assert other.get("/settings").status_code == 302, "Other devices are signed out."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"oldpassword": "wrong"}, "This is not your password"),
        ({"password2": "something-else-here"}, "The two are not alike"),
        ({"password1": "lyhyt", "password2": "lyhyt"}, "It is too short"),
        ({"password1": "somebody-2026", "password2": "somebody-2026"}, "too much like your name"),
        ({"password1": "482915730462", "password2": "482915730462"}, "Figures alone"),
        ({"password1": ""}, "Write it here"),
    ],
)
def test_a_bad_new_password_is_refused_at_its_field(client: Client, given: dict[str, str], said: str) -> None:
    signed_in(client, cast.TEACHER)
    client.cookies["django_language"] = "en"
    good = {"oldpassword": PASSWORD, "password1": "majakka-sieni-tuoli", "password2": "majakka-sieni-tuoli"}
    page = client.post("/accounts/password/change/", {**good, **given})
    assert said in page.content.decode()
    assert 'aria-invalid="true"' in page.content.decode()
    assert get_user_model().objects.get(username="somebody").check_password(PASSWORD)


def test_the_demonstrations_passwords_stay(client: Client, settings: Any) -> None:
    settings.DEMO = True
    signed_in(client, cast.TEACHER, SIGN_INS[0])
    wanted = {
        "oldpassword": PASSWORD,
        "password1": "majakka-sieni-tuoli",
        "password2": "majakka-sieni-tuoli",
    }
    assert client.post("/accounts/password/change/", wanted).status_code == 403
    assert get_user_model().objects.get(username=SIGN_INS[0]).check_password(PASSWORD)


def test_the_demonstration_opens_only_its_own_people(client: Client, settings: Any) -> None:
    settings.DEMO = True
    account(cast.PRINCIPAL, "a-real-account")
    account(cast.TEACHER, SIGN_INS[0])
    assert client.post("/demo", {"username": "a-real-account"}).status_code == 404
    assert "_auth_user_id" not in client.session
    assert client.post("/demo", {"username": SIGN_INS[0]}).status_code == 302
    assert "_auth_user_id" in client.session
    settings.DEMO = False
    assert client.post("/demo", {"username": SIGN_INS[0]}).status_code == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fi", "Roolisi on päättynyt: Rehtori. Toimit nyt toisessa roolissasi: Opettaja."),
        ("sv", "Din roll har upphört: Rektor. Du agerar nu i en annan av dina roller: Lärare."),
        ("en", "Your role has ended: Principal. You now act in another of your roles: Teacher."),
    ],
)
def test_one_is_told_once_that_a_role_has_ended(client: Client, language: str, said: str) -> None:
    as_principal = {"id": UUID(int=5), "provider_id": cast.KUUSNIEMI, "person_id": cast.TEACHER, "role": "principal"}
    set_reach(cast.administrator)
    cast.insert(
        "people_staffassignment", [{**as_principal, "organisation_id": cast.RANTAPUISTO, "valid_from": cast.START}]
    )
    signed_in(client, cast.TEACHER)
    client.cookies["django_language"] = language
    assert client.post("/role", {"role": f"principal:{cast.KUUSNIEMI}"}).status_code == 302
    assert said not in client.get("/").content.decode()
    assert sql("UPDATE people_staffassignment SET valid_to = valid_from WHERE id = %s", UUID(int=5)) == 1
    assert said in client.get("/").content.decode()
    assert said not in client.get("/").content.decode()


def test_one_whose_last_role_has_ended_is_told_so(client: Client) -> None:
    signed_in(client, cast.TEACHER)
    client.cookies["django_language"] = "en"
    assert client.get("/").status_code == 200
    assert sql("UPDATE people_staffassignment SET valid_to = valid_from WHERE person_id = %s", cast.TEACHER) == 1
    page = client.get("/")
    assert page.status_code == 403
    assert "Your role has ended: Teacher." in page.content.decode()


def test_the_family_is_told_apart_from_others_and_nobody_is_left_out() -> None:
    studies.guardian_landing(cast.guardian)
    studies.learner_landing(cast.pupil)
    studies.person_page(cast.teacher, person=cast.PUPIL)
    for reader in (cast.guardian, cast.pupil):
        page = people.views_of(reader, person=cast.PUPIL)
        assert [viewer["name"] for viewer in page["viewers"]] == ["Pirjo Vainionpää"]
        assert {viewer["name"] for viewer in page["family"]} == {"Katri Lehtovaara", "Aino Lehtovaara"}
        assert [viewer["name"] for viewer in page["family"] if viewer["is_self"]] == [
            " ".join(cast.PEOPLE[reader.person_id])  # type: ignore[index]
        ]


def test_a_guardian_who_looks_as_a_teacher_is_a_viewer_like_any_other() -> None:
    moved = "UPDATE studies_enrolment SET person_id = %s WHERE role = 'teacher' AND provider_id = %s"
    assert sql(moved, cast.GUARDIAN, cast.KUUSNIEMI) == 1
    at_work = cast.actor(cast.GUARDIAN, cast.Role.TEACHER)
    studies.person_page(at_work, person=cast.PUPIL)
    page = people.views_of(cast.pupil, person=cast.PUPIL)
    assert [(viewer["name"], viewer["role"]) for viewer in page["viewers"]] == [("Katri Lehtovaara", "teacher")]
    assert page["family"] == []


def test_without_a_choice_the_eldest_ward_is_shown_first() -> None:
    with connection.cursor() as cursor:
        set_reach(cast.administrator.at(cast.VALKAMO))
        cursor.execute("UPDATE people_person SET birth_date = '2012-02-21' WHERE id = %s", [cast.VALKAMO_PUPIL])
    page = people.views_of(cast.guardian)
    assert page["person"]["id"] == cast.VALKAMO_PUPIL
    assert [choice["id"] for choice in page["choices"]] == [cast.VALKAMO_PUPIL, cast.PUPIL, cast.GUARDIAN]


def test_a_page_is_compressed_for_whom_it_helps(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert b"<h1" in gzip.decompress(page.content)
    assert "Content-Encoding" not in client.get("/healthz", headers={"accept-encoding": "gzip"})


def test_a_stylesheet_is_compressed_for_whoever_takes_that(client: Client) -> None:
    place = "/static/digione/desk.css"
    plain = b"".join(client.get(place).streaming_content)  # type: ignore[arg-type]
    packed = client.get(place, headers={"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    sent = b"".join(packed.streaming_content)  # type: ignore[arg-type]
    assert gzip.decompress(sent) == plain
    assert len(sent) < len(plain) / 3


@pytest.mark.parametrize(("chosen", "spoken"), [(None, "sv"), ("en", "en")])
def test_one_is_spoken_to_in_ones_language_on_a_new_device(client: Client, chosen: str | None, spoken: str) -> None:
    mine = account(cast.TEACHER, "somebody")
    mine.language = "sv"
    mine.save()
    if chosen:
        client.cookies["django_language"] = chosen
    page = client.post("/accounts/login/", {"login": "somebody", "password": PASSWORD}, follow=True)
    assert page.redirect_chain == [("/", 302)]
    assert f'<html lang="{spoken}"' in page.content.decode()


def test_an_old_id_leads_to_the_record_that_stays(client: Client) -> None:
    set_reach(cast.administrator)
    cast.insert(
        "people_personsuccession",
        [
            {
                "id": UUID(int=6),
                "provider_id": cast.KUUSNIEMI,
                "person_id": cast.UNTAUGHT_PUPIL,
                "successor_id": cast.PUPIL,
                "case_id": UUID(int=7),
            }
        ],
    )
    signed_in(client, cast.SECRETARY)
    page = client.get(f"/people/{cast.UNTAUGHT_PUPIL}")
    assert (page.status_code, page["Location"]) == (302, f"/people/{cast.PUPIL}")


def test_a_case_is_decided_and_undone_by_form_and_only_with_its_answers(client: Client) -> None:
    set_reach(cast.administrator)
    case = {"id": UUID(int=8), "provider_id": cast.KUUSNIEMI, "reason": "same_name_and_birth_date"}
    cast.insert("people_duplicatecase", [{**case, "person_id": cast.PUPIL, "other_person_id": cast.UNTAUGHT_PUPIL}])
    signed_in(client, cast.ADMINISTRATOR)
    place = f"/duplicates/{UUID(int=8)}"
    for wrong in ({}, {"answer": "perhaps"}, {"answer": "same"}, {"answer": "same", "kept": str(UUID(int=9))}):
        assert client.post(f"{place}/decide", wrong).status_code == 404
    assert client.post(f"{place}/undo").status_code == 409
    assert client.post(f"{place}/decide", {"answer": "different"}).status_code == 302
    again = client.post(f"{place}/decide", {"answer": "same", "kept": str(cast.PUPIL)})
    assert again.status_code == 409
    assert 'role="alert"' in again.content.decode()
    assert client.post(f"{place}/undo").status_code == 302
