"""The journey of a duplicate case: seen, compared, decided by keyboard, undone; in three languages, and without script."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE

WORDS = {
    "fi": ("Sama ihminen", "Kaksi ihmistä", "Kumoa"),
    "sv": ("Samma person", "Två personer", "Ångra"),
    "en": ("The same person", "Two persons", "Undo"),
}


def open_case(page: Page, where: str = "/duplicates") -> None:
    page.goto(where)
    page.locator("a.row[href^='/duplicates/']").first.click()
    expect(page.locator("table.beside").first).to_be_visible()


@pytest.mark.parametrize("language", list(WORDS))
def test_an_administrator_decides_and_undoes_both_ways(language: str, open_page: Any, sign_in: Any, check: Any) -> None:
    same, different, undo = WORDS[language]
    page = open_page(language, viewport=PHONE if language == "fi" else DESK, dark=language == "en")
    sign_in(page, "administrator")
    page.locator("a.row[href='/duplicates']").click()
    open_case(page)
    # What differs is seen at once and before one is asked; what is alike waits behind a fold.
    first, alike = page.locator("table.beside").all()
    expect(alike).not_to_be_visible()
    expect(first.locator(".tag.cloudberry")).to_have_count(1)
    assert page.locator(".desk section").evaluate_all(
        "found => found.map(one => one.getAttribute('aria-labelledby'))"
    ) == [
        "compare",
        "asked",
        "how",
    ]
    check(page, f"administrator-{language}-case")
    page.locator("details.fold > summary").click()
    expect(alike).to_be_visible()
    check(page, f"administrator-{language}-case-whole")
    for answer in (different, same):
        page.get_by_role("button", name=answer, exact=True).click()
        expect(page.locator(".note.good")).to_be_visible()
        check(page, f"administrator-{language}-case-{'same' if answer == same else 'different'}")
        page.goto("/duplicates")
        expect(page.locator(".tag.moss").first).to_have_text(answer)
        page.locator("a.row[href^='/duplicates/']").first.click()
        page.get_by_role("button", name=undo, exact=True).click()
        expect(page.locator("table.beside").first).to_be_visible()


def test_the_record_that_stays_is_chosen_and_the_answer_given_by_keyboard_alone(open_page: Any, sign_in: Any) -> None:
    page = open_page("en")
    sign_in(page, "administrator")
    open_case(page)
    chosen = page.locator("input[name=kept]:checked").get_attribute("value")
    page.locator("#content").focus()
    _tab_to(page, "input[name=kept]")
    page.keyboard.press("ArrowDown")
    assert page.locator("input[name=kept]:checked").get_attribute("value") != chosen
    _tab_to(page, "button[value=same]")
    page.keyboard.press("Enter")
    expect(page.locator(".note.good")).to_be_visible()
    page.locator("#content").focus()
    _tab_to(page, ".note.good button")
    page.keyboard.press("Enter")
    expect(page.locator("table.beside").first).to_be_visible()


def test_a_decision_that_came_second_is_told_so_and_changes_nothing(open_page: Any, sign_in: Any, check: Any) -> None:
    first, second = open_page("fi"), open_page("fi", viewport=PHONE)
    for page in (first, second):
        sign_in(page, "administrator")
        open_case(page)
    first.locator("button[value=different]").click()
    expect(first.locator(".note.good")).to_be_visible()
    second.locator("button[value=same]").click()
    expect(second.get_by_role("alert")).to_be_visible()
    check(second, "administrator-fi-case-too-late")
    first.locator(".note.good button").click()
    expect(first.locator("table.beside").first).to_be_visible()


def test_a_secretary_decides_without_script_and_the_old_id_leads_on(open_page: Any, sign_in: Any) -> None:
    page = open_page("sv", viewport=PHONE, script=False)
    sign_in(page, "school_secretary")
    open_case(page, "/")
    ids = [radio.get_attribute("value") for radio in page.locator("input[name=kept]").all()]
    kept = page.locator("input[name=kept]:checked").get_attribute("value")
    (ended,) = set(ids) - {kept}
    page.locator("button[value=same]").click()
    expect(page.locator(".note.good")).to_be_visible()
    case = page.url
    page.goto(f"/people/{ended}")
    assert page.url.endswith(f"/people/{kept}")
    page.goto(case)
    page.locator(".note.good button").click()
    page.goto(f"/people/{ended}")
    assert page.url.endswith(f"/people/{ended}")


def _tab_to(page: Page, selector: str, at_most: int = 20) -> None:
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"The keyboard does not come to {selector}.")
