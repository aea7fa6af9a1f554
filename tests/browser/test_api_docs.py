"""The page of the API: for whoever makes apps, without signing in."""

from typing import Any

import pytest
from playwright.sync_api import expect

from digione.access.scopes import KNOWN_SCOPES


@pytest.mark.parametrize(("language", "width"), [("fi", 1280), ("sv", 390), ("en", 390)])
def test_the_page_of_the_api(language: str, width: int, open_page: Any, check: Any) -> None:
    page = open_page(language, viewport={"width": width, "height": 844})
    page.goto("/api/v1/docs")
    check(page, f"api-docs-{language}-{width}")
    for scope in (scope for scope in KNOWN_SCOPES if scope.startswith("digione:")):
        expect(page.get_by_text(scope).first).to_be_visible()
    page.get_by_role("link", name="OpenAPI").click()
    assert page.url.endswith("/api/v1/openapi.json")
