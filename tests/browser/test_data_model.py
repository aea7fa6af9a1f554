"""The journeys of a data manager: from a word to the field that it means, and from a row to where it comes from."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.test_paths import open_learner

LANGUAGES = ("fi", "sv", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_reads_what_a_field_means(language: str, open_page: Any, check: Any) -> None:
    """Without sign-in and, in one language, without script."""
    phone = language != "sv"
    page = open_page(language, viewport=PHONE if phone else DESK, dark=language == "en", script=language != "fi")
    page.goto("/data-model")
    if language != "fi":
        check(page, f"model-{language}-all")
    page.locator("#q").fill("kutsumanimi")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    found = page.locator("a[href='/data-model/person#given_name']")
    expect(found).to_be_visible()
    if language != "fi":
        check(page, f"model-{language}-found")
    with page.expect_navigation():
        found.click()
    expect(page.locator("#given_name")).to_be_in_viewport()
    if language != "fi":
        check(page, f"model-{language}-person")
    with page.expect_navigation():
        page.locator("a[rel=next]").click()
    expect(page).to_have_url(re.compile("/data-model/non_disclosure_notice$"))
    page.goto("/data-model?q=qqqq")
    expect(page.locator(".empty")).to_be_visible()
    if language != "fi":
        check(page, f"model-{language}-nothing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secretary_follows_a_study_right_to_its_source(
    language: str, open_page: Any, sign_in: Any, check: Any
) -> None:
    page = open_page(language, viewport=PHONE if language == "fi" else DESK, dark=language == "sv")
    sign_in(page, "school_secretary")
    learner = open_learner(page, "eino kivel")
    with page.expect_navigation():
        page.locator(f"a[href='/origin/{learner}']").click()
    assert page.locator("main section ul.list > li").count() > 10
    check(page, f"secretary-{language}-origin-person")
    page.goto(f"/study-rights/{learner}")
    with page.expect_navigation():
        page.locator("a[href^='/origin/']").first.click()
    check(page, f"secretary-{language}-origin-right")
    with page.expect_navigation():
        page.locator("a[href^='/data-model/study_right#']").first.click()
    page.goto("/data-model/codes/perusopetuksenluokkaaste")
    check(page, f"secretary-{language}-codes")
    page.goto(f"/study-rights/{learner}")
    page.locator("a[href*='/states/']").first.click()
    expect(page.locator("#help_to")).to_be_visible()
    assert page.locator("#to").get_attribute("aria-describedby") == "help_to"
    check(page, f"secretary-{language}-guided")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_main_administrator_asks_by_id_and_is_told_no_name(
    language: str, open_page: Any, sign_in: Any, check: Any
) -> None:
    office = open_page(language)
    sign_in(office, "school_secretary")
    learner = open_learner(office, "eino kivel")
    page = open_page(language, viewport=PHONE if language == "en" else DESK)
    sign_in(page, "administrator")
    with page.expect_navigation():
        page.locator("a[href='/origin']").click()
    page.locator("#id").fill("abc")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#fault")).to_be_visible()
    check(page, f"administrator-{language}-origin-fault")
    page.locator("#id").fill(learner)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Kivel" not in page.locator("main").inner_text()
    check(page, f"administrator-{language}-origin")
