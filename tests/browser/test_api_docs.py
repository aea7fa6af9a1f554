"""The page of the API: for whoever makes apps, without signing in."""

from typing import Any

import pytest
from playwright.sync_api import expect

from digione.access.scopes import KNOWN_SCOPES
from tests.browser.conftest import PHONE


@pytest.mark.parametrize(("language", "width"), [("fi", 1280), ("sv", 390), ("en", 390)])
def test_the_page_of_the_api(language: str, width: int, open_page: Any, check: Any) -> None:
    page = open_page(language, viewport={"width": width, "height": 844})
    page.goto("/api/v1/docs")
    check(page, f"api-docs-{language}-{width}")
    for scope in (scope for scope in KNOWN_SCOPES if scope.startswith("digione:")):
        expect(page.get_by_text(scope).first).to_be_visible()
    page.get_by_role("link", name="OpenAPI").click()
    assert page.url.endswith("/api/v1/openapi.json")


@pytest.mark.parametrize(("language", "told"), [("fi", "englanniksi"), ("sv", "på engelska"), ("en", None)])
def test_on_a_phone_the_page_is_an_overview_that_opens_part_by_part(
    language: str, told: str | None, open_page: Any, check: Any
) -> None:
    page = open_page(language, viewport=PHONE)
    page.goto("/api/v1/docs")
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < 5000, f"{height} pixels are no overview"
    parts = page.locator("details.who")
    assert parts.count() == page.locator("nav.contents a").count() > 5
    assert parts.evaluate_all("all => all.filter(one => one.open).length") == 0
    if told:
        expect(page.get_by_text(told)).to_be_visible()
    # The descriptions are English, and say so to whoever reads them aloud.
    assert page.locator("details.who dl[lang=en]").count() == parts.count()
    page.locator("nav.contents a[href='#persons']").click()
    opened = page.locator("details#persons")
    expect(opened.locator("dl[lang=en]")).to_be_visible()
    assert parts.evaluate_all("all => all.filter(one => one.open).length") == 1
    check(page, f"api-docs-{language}-opened")
    opened.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(opened.locator("dl[lang=en]")).not_to_be_visible()


def test_without_script_a_part_opens_as_well(open_page: Any) -> None:
    page = open_page("sv", viewport=PHONE, script=False)
    page.goto("/api/v1/docs")
    page.locator("details#schools > summary").click()
    expect(page.locator("details#schools dl[lang=en]")).to_be_visible()
