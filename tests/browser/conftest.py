"""A browser before the running demonstration. The journeys sign in as the people that `/demo.json` names."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import chromium

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
PHONE = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK = {"width": 1280, "height": 900}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    """The demonstration's address: that of `DIGIONE_TEST_URL`, else one started for the tests of this folder."""
    given = os.environ.get("DIGIONE_TEST_URL")
    if given:
        yield given.rstrip("/")
        return
    port, data = _free_port(), tempfile.mkdtemp(prefix="digione-browser-")
    Path(data).chmod(0o711)
    log = Path(data) / "demo.log"
    command = [str(Path(sys.executable).parent / "digione"), "demo", "--port", str(port), "--data", data]
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DIGIONE_DATA"}}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(180):
            if process.poll() is not None:
                pytest.fail("The demonstration ended by itself:\n" + log.read_text()[-3000:])
            try:
                with urllib.request.urlopen(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        break
            except urllib.error.URLError:
                time.sleep(1)
        else:
            pytest.fail("The demonstration did not get ready:\n" + log.read_text()[-3000:])
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="package")
def demo(address: str) -> dict[str, Any]:
    """What `/demo.json` says."""
    with urllib.request.urlopen(f"{address}/demo.json") as answer:
        return dict(json.load(answer))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium. Where there is none the tests skip and say so; with `CI=true` they fail.

    It ends with the folder: while its driver runs, this thread has an event loop, and Django refuses to query.
    """
    with ExitStack() as stack:
        try:
            running = stack.enter_context(chromium.running())
        except chromium.NoChromiumError as fault:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(fault))
        yield running


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open a page of its own context: language, size, colour scheme, with or without script."""
    contexts: list[BrowserContext] = []

    def opened(
        language: str = "fi", *, viewport: dict[str, int] = DESK, dark: bool = False, script: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=address,
            viewport=viewport,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=script,
            locale={"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}[language],
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """The cookie of each role that has come in by the door."""
    return {}


@pytest.fixture
def sign_in(demo: dict[str, Any], sessions: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Be the first person of the demonstration who has the role, on the landing page.

    A role comes in by the door once and goes on in that session. A test that ends or changes its session asks for one
    `of_its_own`.
    """

    def signed(page: Page, role: str, *, of_its_own: bool = False) -> dict[str, Any]:
        person = next((entry for entry in demo["sign_ins"] if entry["role"] == role), None)
        assert person is not None, f"The demonstration has nobody in the role {role}."
        if role in sessions and not of_its_own:
            page.context.add_cookies([sessions[role]])
            page.goto("/")
            return dict(person)
        page.goto("/demo")
        page.locator(f"button[value='{person['username']}']").click()
        page.wait_for_url("**/")
        if not of_its_own:
            [sessions[role]] = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
        return dict(person)

    return signed


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Hold a page to the house rules: axe-core finds nothing, nothing scrolls sideways, and a picture is kept."""

    def checked(page: Page, name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{name}: the page is wider than the window"
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        # What passes need not be listed node by node; that listing takes longer than the finding.
        options = {"runOnly": RULES, "resultTypes": ["violations"]}
        found = Axe().run(page, options=options)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"

    return checked
