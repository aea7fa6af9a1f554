"""The journey of the secretary through the learners without a home group: placed one by one, the empty queue, undone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE

EMPTY = {
    "fi": "Jokaisella oppijalla on kotiryhmä.",
    "sv": "Varje elev har en hemgrupp.",
    "en": "Every learner has a home group.",
}


def waiting(page: Page) -> int:
    page.goto("/placements")
    return page.locator("section[aria-labelledby=waiting] a.row").count()


def undo_all(page: Page, before: int) -> None:
    while waiting(page) < before:
        # The page before has such a form as well: what counts is that the next one has come.
        with page.expect_navigation():
            page.locator("section[aria-labelledby=made] button").first.click()
        expect(page.locator("form.ask")).to_be_visible()


@pytest.mark.parametrize("language", list(EMPTY))
def test_a_secretary_places_all_who_wait_and_undoes_it(language: str, open_page: Any, sign_in: Any, check: Any) -> None:
    page = open_page(language, viewport=PHONE if language == "fi" else DESK, dark=language == "sv")
    sign_in(page, "school_secretary")
    before = waiting(page)
    assert before >= 2
    check(page, f"secretary-{language}-placements")
    page.goto("/")
    page.locator("a.row[href^='/placements/']").first.click()
    expect(page.locator("form.ask")).to_be_visible()
    check(page, f"secretary-{language}-placement")
    for number in range(before):
        asked = page.locator("h1").inner_text()
        page.locator("form.ask label.radio").first.click()
        page.locator("form.ask button").click()
        expect(page.get_by_role("status")).to_be_visible()
        assert page.locator("h1").inner_text() != asked
        if number == 0:
            check(page, f"secretary-{language}-placement-next")
    expect(page.locator("h1")).to_contain_text(EMPTY[language])
    expect(page.locator(".empty")).to_be_visible()
    check(page, f"secretary-{language}-placements-empty")
    page.goto("/")
    expect(page.locator("a.row[href^='/placements/']")).to_have_count(0)
    undo_all(page, before)


def test_a_group_of_another_grade_is_chosen_by_keyboard_and_without_script(open_page: Any, sign_in: Any) -> None:
    for script in (True, False):
        page = open_page("en", script=script)
        sign_in(page, "school_secretary")
        before = waiting(page)
        page.locator("section[aria-labelledby=waiting] a.row").first.click()
        page.locator("details.fold > summary").focus()
        page.keyboard.press("Enter")
        other = page.locator("details.fold input[type=radio]").first
        expect(other).to_be_visible()
        group = page.locator("details.fold label.radio .strong").first.inner_text()
        other.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text(group)
        page.get_by_role("status").get_by_role("button").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("form.ask")).to_be_visible()
        assert waiting(page) == before
