"""The journeys along a study path: the picture and its list, a print, and the secretary who mends what is amiss."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE

LANGUAGES = ("fi", "sv", "en")


def open_learner(page: Page, name: str) -> str:
    """Find a learner by name as the office does, and return the end of the address."""
    page.goto(f"/search?q={name}")
    page.locator("#found a.row").first.click()
    page.wait_for_url("**/people/*")
    return page.url.rpartition("/")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guardian_follows_the_path_to_a_print(language: str, open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page(language, viewport=PHONE if language == "fi" else DESK, dark=language == "sv")
    sign_in(page, "guardian")
    page.locator("a[href^='/path/']").first.click()
    picture = page.locator("figure.pathpic svg.across")
    expect(picture).to_be_visible()
    # Each level of the picture stands in the list as well.
    levels = [text.partition(":")[0] for text in picture.locator("text:not(.year)").all_text_contents()]
    told = page.locator("ol.steps-of > li strong").all_inner_texts()
    assert len(levels) >= 2
    assert set(levels) <= set(told)
    # Nothing of the picture is cut off by its frame.
    inside = page.evaluate(
        "() => { const frame = document.querySelector('.pathpic').getBoundingClientRect();"
        " return [...document.querySelectorAll('.across text')].every(t => {"
        " const box = t.getBoundingClientRect(); return box.left >= frame.left - 1 && box.right <= frame.right + 1; }); }"
    )
    assert inside
    page.locator("ol.steps-of details > summary").first.click()
    check(page, f"guardian-{language}-path")
    page.locator("a[href*='/certificates/']").first.click()
    expect(page.locator("article.certificate")).to_be_visible()
    check(page, f"guardian-{language}-certificate")
    page.emulate_media(media="print")
    for unprinted in (".top", ".no-print"):
        expect(page.locator(unprinted).first).to_be_hidden()
    ink = page.evaluate("() => getComputedStyle(document.querySelector('.certificate td, .certificate dd')).color")
    assert ink == "rgb(0, 0, 0)", "what is printed is black, also from a dark desk"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secretary_corrects_a_mark_by_keyboard_and_undoes_it(
    language: str, open_page: Any, sign_in: Any, check: Any
) -> None:
    page = open_page(
        language, viewport=PHONE if language == "sv" else DESK, dark=language == "en", script=language != "fi"
    )
    sign_in(page, "school_secretary")
    learner = open_learner(page, "eino kivel")
    page.locator("a[href^='/study-rights/']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/study-rights/*")
    expect(page.locator("ul.findings li")).to_have_count(1)
    if language != "fi":
        check(page, f"secretary-{language}-study-rights")
    before = page.locator("details[open] .mark-of strong").first.inner_text()
    page.locator("details[open] a[href*='/marks/']").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/marks/*")
    if language != "fi":
        check(page, f"secretary-{language}-correction")
    chosen = "7" if before != "7" else "8"
    page.locator("#mark").select_option(chosen)
    page.locator("input[name=reason]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=corrected")
    expect(page.get_by_role("status")).to_be_visible()
    assert page.locator("details[open] .mark-of strong").first.inner_text() == chosen
    if language != "fi":
        check(page, f"secretary-{language}-corrected")
    page.locator("section[aria-labelledby=history] button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=undone")
    assert page.locator("details[open] .mark-of strong").first.inner_text() == before
    assert learner in page.url


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secretary_adds_a_state_by_keyboard_after_seeing_what_it_means(
    language: str, open_page: Any, sign_in: Any, check: Any
) -> None:
    page = open_page(language, viewport=PHONE if language != "en" else DESK, dark=language == "sv")
    sign_in(page, "school_secretary")
    learner = open_learner(page, "aino lehto")
    page.goto(f"/study-rights/{learner}")
    states = page.locator("ol.line").last.locator("> li")
    before = states.count()
    page.locator("a[href$='/states']").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rights/*/states")
    check(page, f"secretary-{language}-new-state")
    page.locator("#to").select_option("eronnut")
    page.locator("#since").fill("2020-01-01")
    page.locator("input[name=reason]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, f"secretary-{language}-new-state-refused")
    page.locator("#since").fill("2026-11-20")
    page.keyboard.press("Enter")
    expect(page.locator("section[aria-labelledby=means] li")).to_have_count(2)
    check(page, f"secretary-{language}-new-state-means")
    page.locator("section[aria-labelledby=means] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=added")
    expect(page.get_by_role("status")).to_be_visible()
    assert states.count() == before + 1
    check(page, f"secretary-{language}-state-added")
    page.locator("section[aria-labelledby=history] button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=taken_back")
    assert states.count() == before


def test_a_secretary_adds_a_state_without_script(open_page: Any, sign_in: Any) -> None:
    page = open_page("sv", viewport=PHONE, script=False)
    sign_in(page, "school_secretary")
    learner = open_learner(page, "aino lehto")
    page.goto(f"/study-rights/{learner}")
    page.locator("a[href$='/states']").last.click()
    page.locator("#to").select_option("valiaikaisestikeskeytynyt")
    page.locator("#since").fill("2026-11-20")
    page.locator("input[name=reason][value=request]").check()
    page.locator("section[aria-labelledby=answer] button").click()
    page.locator("section[aria-labelledby=means] button").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.locator("section[aria-labelledby=history] button").first.click()
    page.wait_for_url("**done=taken_back")


def test_contradictions_are_said_in_words(open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page("fi", viewport=PHONE)
    sign_in(page, "school_secretary")
    page.locator("a[href='/study-rights']").click()
    page.wait_for_url("**/study-rights")
    check(page, "secretary-fi-study-rights-to-check")
    page.locator("a.row", has_text="Viljo Rauhaniemi").click()
    page.wait_for_url("**/study-rights/*")
    expect(page.locator("ul.findings")).to_contain_text("Kaksi tilaa alkaa samana päivänä")
    check(page, "secretary-fi-contradiction")
