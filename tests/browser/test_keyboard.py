"""Every landing page by keyboard alone: each thing is reached, in the order one reads, and seen when reached."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.test_desks import ROLES

#: What one does first on each desk: the thing that the landing page offers, and where it leads.
FIRST = {
    "learner": ("a.quiet-link[href='/viewed']", "/viewed"),
    "guardian": ("a.quiet-link[href^='/people/']", "/people/"),
    "teacher": ("a.row[href^='/groups/']", "/groups/"),
    "special_needs_teacher": ("a.row[href^='/groups/']", "/groups/"),
    "principal": ("a.row[href^='/people/'], a.row[href^='/groups/']", "/"),
    "school_secretary": ("a.row[href^='/duplicates/']", "/duplicates/"),
    "administrator": ("a.row[href='/duplicates']", "/duplicates"),
}
_HERE = """() => {
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    const bar = document.querySelector('.nav').getBoundingClientRect();
    const fixed = getComputedStyle(document.querySelector('.nav')).position === 'fixed';
    return {
        body: it === document.body,
        name: it.tagName + ' ' + (it.getAttribute('href') || it.name || it.textContent.trim().slice(0, 30)),
        ring: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none',
        covered: fixed && !it.closest('.nav') && box.top < bar.bottom && box.bottom > bar.top,
        number: [...document.querySelectorAll('*')].indexOf(it),
    };
}"""


def _walk(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top until the page is left, and return what was reached."""
    reached: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here["body"] or (reached and here["number"] == reached[0]["number"]):
            return reached
        reached.append(here)
    raise AssertionError("The keyboard does not come to the end of the page.")


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("role", ROLES)
def test_everything_on_a_landing_page_is_reached_and_seen(
    role: str, viewport: dict[str, int], open_page: Any, sign_in: Any
) -> None:
    page = open_page("fi", viewport=viewport)
    sign_in(page, role)
    page.goto("/")
    reached = _walk(page)
    assert [here["name"] for here in reached if not here["ring"]] == [], "Focus is not seen."
    assert [here["name"] for here in reached if here["covered"]] == [], "Focus is under the bar."
    numbers = [here["number"] for here in reached]
    assert numbers == sorted(numbers), "The keyboard goes another way than the eye."
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')]
            .filter((it) => it.checkVisibility({visibilityProperty: true}) && !it.closest('details:not([open]) > :not(summary)'))
            .length"""
    )
    assert len({here["number"] for here in reached}) >= wanted > 5


@pytest.mark.parametrize("role", ROLES)
def test_the_first_thing_of_a_desk_is_done_by_keyboard(role: str, open_page: Any, sign_in: Any) -> None:
    selector, place = FIRST[role]
    page = open_page("fi")
    sign_in(page, role)
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: place in url and url.rstrip("/").count("/") > 2)
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("role", ROLES)
def test_what_a_finger_touches_is_large_enough(role: str, open_page: Any, sign_in: Any) -> None:
    page = open_page("sv", viewport=PHONE)
    sign_in(page, role)
    page.goto("/")
    small = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden], [type=radio])')]
            .filter((it) => it.checkVisibility() && !it.matches('.skip') && it.getBoundingClientRect().height < 43.5)
            .map((it) => it.outerHTML.slice(0, 80))"""
    )
    assert small == []
