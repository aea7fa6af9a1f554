"""The journeys: each role's desk in three languages, on a phone and at a desk, light and dark."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE

ROLES = (
    "learner",
    "guardian",
    "teacher",
    "special_needs_teacher",
    "principal",
    "school_secretary",
    "administrator",
)
PLACES = {
    "learner": ("/", "/own", "/path", "/viewed", "/settings"),
    "guardian": ("/", "/own", "/path", "/viewed"),
    "teacher": ("/", "/groups", "/search", "/search?q=ma"),
    "special_needs_teacher": ("/", "/groups", "/search?q=ma"),
    "principal": ("/", "/groups"),
    "school_secretary": ("/", "/imports", "/search?q=makinen"),
    "administrator": ("/", "/duplicates", "/imports", "/registers", "/accounts/password/change/"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_place_of_a_role(role: str, language: str, open_page: Any, sign_in: Any, check: Any) -> None:
    viewport, dark = (PHONE, False) if language == "fi" else (DESK, language == "en")
    page = open_page(language, viewport=viewport, dark=dark)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, role)
    for place in PLACES[role]:
        page.goto(place)
        assert page.locator("html").get_attribute("lang") == language
        expect(page.locator("h1")).to_have_count(1)
        check(
            page,
            f"{role}-{language}-{place.strip('/').split('?')[0].replace('/', '-') or 'home'}{'-found' if '?' in place else ''}",
        )
    assert complaints == []


@pytest.mark.parametrize("role", ROLES)
def test_the_finnish_desk_at_a_desk_and_in_the_dark(role: str, open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi", viewport=DESK)
    sign_in(page, role)
    check(page, f"{role}-fi-home-1280")
    dark = open_page("fi", viewport=PHONE, dark=True)
    sign_in(dark, role)
    check(dark, f"{role}-fi-home-390-dark")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_door(language: str, open_page: Any, check: Any, demo: dict[str, Any]) -> None:
    page = open_page(language, viewport=PHONE)
    page.goto("/demo")
    check(page, f"door-{language}-demo")
    page.goto("/")
    assert "/accounts/login/" in page.url
    check(page, f"door-{language}-sign-in")
    page.locator("#id_login").fill("nobody-by-this-name")
    page.locator("#id_password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, f"door-{language}-wrong")
    person = demo["sign_ins"][0]
    page.locator("#id_login").fill(person["username"])
    page.locator("#id_password").fill(person["password"])
    page.keyboard.press("Enter")
    expect(page.locator(".nav")).to_be_visible()


def test_a_teacher_opens_a_group_and_a_learner(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi")
    sign_in(page, "teacher")
    page.locator("a.row[href^='/groups/']").first.click()
    expect(page.locator("a.row[href^='/people/']").first).to_be_visible()
    check(page, "teacher-fi-group")
    page.locator("a.row[href^='/people/']").first.click()
    expect(page.locator("h1")).to_be_visible()
    check(page, "teacher-fi-person")


def test_a_guardian_reads_who_has_looked_and_why(open_page: Any, sign_in: Any, check: Any) -> None:
    teacher = open_page("fi")
    sign_in(teacher, "teacher")
    page = open_page("fi", viewport=PHONE)
    sign_in(page, "guardian")
    page.locator("a[href^='/viewed/']").first.click()
    page.locator("section[aria-labelledby=family] details.fold > summary").click()
    page.locator("details.fold details.who summary").first.click()
    expect(page.locator("details.fold details.who .inside").first).to_be_visible()
    check(page, "guardian-fi-viewed-open")
    page.goto("/")
    page.locator("a[href^='/people/']").first.click()
    page.wait_for_url("**/people/*")
    check(page, "guardian-fi-child")


@pytest.mark.parametrize(
    ("language", "viewport", "said", "reason"),
    [
        ("fi", PHONE, "Nähty: nimi", "työskentelee koulun toimistossa"),
        ("sv", DESK, "Sett: namn", "arbetar på skolans kansli"),
        ("en", PHONE, "Seen: name", "works in the school's office"),
    ],
)
def test_a_guardian_is_told_what_the_office_saw_and_why(
    language: str, viewport: dict[str, int], said: str, reason: str, open_page: Any, sign_in: Any, check: Any
) -> None:
    office = open_page(language)
    sign_in(office, "school_secretary")
    office.goto("/search?q=aino+lehtovaara")
    office.locator("a[href^='/people/']").first.click()
    expect(office.locator("h1")).to_contain_text("Aino")
    page = open_page(language, viewport=viewport)
    sign_in(page, "guardian")
    page.goto("/viewed")
    page.locator(".tabs a").filter(has_text="Aino").click()
    office_look = page.locator("section[aria-labelledby=look] details.who").filter(has_text=said).first
    # The reason is told before the row is opened.
    expect(office_look.locator(".inside")).not_to_be_visible()
    expect(office_look.locator("summary")).to_contain_text(reason)
    office_look.locator("summary").click()
    expect(office_look.locator(".inside")).to_be_visible()
    check(page, f"guardian-{language}-viewed-what")


def test_search_finds_without_accents_while_one_writes(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi")
    sign_in(page, "school_secretary")
    page.goto("/search")
    page.locator("#q").press_sequentially("makinen", delay=20)
    expect(page.locator("#found strong").filter(has_text="Mäkinen").first).to_be_visible()
    check(page, "school_secretary-fi-search-live")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Mäkinen")
    check(page, "school_secretary-fi-person")


def test_everything_reads_and_sends_without_script(open_page: Any, sign_in: Any) -> None:
    page = open_page("sv", viewport=PHONE, script=False)
    sign_in(page, "school_secretary", of_its_own=True)
    page.locator("#q").fill("makinen")
    page.locator("form.find button").click()
    expect(page.locator("#found strong").filter(has_text="Mäkinen").first).to_be_visible()
    page.locator("details.menu > summary").click()
    page.locator("details.menu button[value='en']").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator("details.menu > summary").click()
    page.locator("form[action='/accounts/logout/'] button").first.click()
    page.goto("/")
    assert "/accounts/login/" in page.url


def test_by_keyboard_alone(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("en")
    sign_in(page, "guardian")
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"
    summary = page.locator("details.menu > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.menu .card")).to_be_visible()
    check(page, "guardian-en-menu")
    page.keyboard.press("Escape")
    expect(page.locator("details.menu .card")).not_to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_one_goes_on_in_another_role(open_page: Any, sign_in: Any, demo: dict[str, Any]) -> None:
    person = next((entry for entry in demo["sign_ins"] if len(entry["roles"]) > 1), None)
    assert person is not None, "Somebody in the demonstration has two roles."
    page = open_page("fi")
    page.goto("/demo")
    page.locator(f"button[value='{person['username']}']").click()
    before = page.locator("h1").inner_text()
    page.locator("details.menu > summary").click()
    page.locator("details.menu form[action='/role'] button:not([aria-current])").first.click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() != before


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_an_import_shows_its_reconciliation(language: str, open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page(language, viewport=PHONE if language == "sv" else DESK)
    sign_in(page, "administrator")
    page.goto("/imports")
    page.locator("a.row[href^='/imports/']").first.click()
    expect(page.locator("nav.nav a[aria-current]")).to_have_attribute("href", "/imports")
    # A phone gets a list kind by kind instead of a table that would be cut.
    expect(page.locator("[aria-labelledby=rec] table")).to_be_visible(visible=language != "sv")
    expect(page.locator("[aria-labelledby=rec] ul")).to_be_visible(visible=language == "sv")
    assert page.locator("main section").first.get_attribute("aria-labelledby") == "differ"
    refused = page.locator("[aria-labelledby=differ] li")
    assert refused.count() == 2, "The newcomers of the demonstration have two rows that are refused."
    with page.expect_download() as loading:
        page.locator("[aria-labelledby=differ] a").click()
    rows = loading.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert sum(";refused;" in row for row in rows) == 2
    check(page, f"administrator-{language}-import")


def test_pages_for_trouble_help(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi", viewport=PHONE)
    sign_in(page, "guardian")
    assert page.goto("/no-such-page").status == 404
    check(page, "trouble-fi-404")
    assert page.goto("/groups").status == 403
    check(page, "trouble-fi-403")
    assert page.goto("/people/01900000-0000-7000-8000-00000000ffff").status == 404


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_light_at_first_and_lighter_after(role: str, open_page: Any, sign_in: Any) -> None:
    """Bytes on the wire: under 100,000 when nothing is cached, under 20,000 after. Bytes are no time: they repeat."""
    page = open_page("fi", viewport=PHONE)
    sign_in(page, role)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    weights: list[float] = []
    wire.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    for place in PLACES[role]:
        for limit in (100_000, 20_000):
            if limit == 100_000:
                wire.send("Network.clearBrowserCache")
            weights.clear()
            page.goto(place)
            page.wait_for_load_state("networkidle")
            assert 0 < sum(weights) < limit, f"{role} {place}: {sum(weights):.0f}"


@pytest.mark.parametrize("width", [320, 768, 1152])
def test_nothing_breaks_between_phone_and_desk(width: int, open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("sv", viewport={"width": width, "height": 800})
    for role in ("guardian", "administrator"):
        sign_in(page, role)
        check(page, f"{role}-sv-home-{width}")


def test_every_sign_in_that_is_listed_opens_its_desk(demo: dict[str, Any], open_page: Any) -> None:
    """`/demo.json`, for programs: its shape is promised, and each name and password is good at the ordinary door."""
    for provider in demo["providers"]:
        assert provider.keys() == {"oid", "name", "learners"}
    assert sum(provider["learners"] for provider in demo["providers"]) > 0
    roles = set()
    for entry in demo["sign_ins"]:
        assert {"role", "username", "password", "provider"} <= entry.keys()
        page = open_page("en")
        page.goto("/accounts/login/")
        page.locator("#id_login").fill(entry["username"])
        page.locator("#id_password").fill(entry["password"])
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/")
        expect(page.locator("h1")).to_have_count(1)
        roles.add(entry["role"])
        page.context.close()
    assert roles >= {*ROLES, "special_needs_teacher"}


@pytest.mark.parametrize(("role", "wanted"), [("guardian", 3), ("learner", 3)])
def test_on_the_first_day_somebody_has_looked_already(role: str, wanted: int, open_page: Any, sign_in: Any) -> None:
    """The teacher, the office and an app have; and the path of a learner has more than one station."""
    page = open_page("fi", viewport=PHONE)
    sign_in(page, role)
    if role == "learner":
        assert page.locator("ol.path > li").count() == 3
    page.goto("/viewed")
    rows = page.locator("section[aria-labelledby=look] details.who, section[aria-labelledby=fetch] details.who")
    assert rows.count() >= wanted


def test_people_of_one_name_are_told_apart_on_the_phone(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi", viewport=PHONE)
    sign_in(page, "school_secretary")
    page.goto("/search?q=lehtovaara")
    katri = page.locator("#found a.row").filter(has_text="Katri Lehtovaara")
    expect(katri).to_contain_text("Huoltaja: Aino Lehtovaara")
    check(page, "school_secretary-fi-search-told-apart")
