"""Which Chromium drives the browser tests; as a program, says whether there is one (exit 0) or what to install (1).

Sought in this order: `DIGIONE_CHROMIUM`, the names by which systems call it, the one that Playwright has installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, Error, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LAUNCH = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ADVICE = (
    "The browser tests need Chromium and Playwright's driver, and they do not start here. Let an administrator install "
    "them (Debian: apt-get install chromium libatomic1), or name a Chromium by DIGIONE_CHROMIUM."
)


class NoChromiumError(Exception):
    """No Chromium is here, or none that starts; the text says what was tried and what to do."""


def program() -> str | None:
    """Return the machine's own Chromium, or None: then Playwright looks for the one that it has installed."""
    given = os.environ.get("DIGIONE_CHROMIUM")
    return given or next((path for name in _NAMES if (path := shutil.which(name)) and _runs(path)), None)


def _runs(path: str) -> bool:
    # Ubuntu's `chromium-browser` may be a text that says how to install it.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def running() -> Iterator[Browser]:
    """Give a running Chromium. Raises `NoChromiumError` where none starts, or not even what drives it."""
    with ExitStack() as stack:
        try:
            driver = stack.enter_context(sync_playwright())
            browser = driver.chromium.launch(executable_path=program(), args=_LAUNCH)
        except Exception as fault:
            # A driver that lacks a library of the system is told by a bare `Exception`, its words stand above.
            told = fault.message if isinstance(fault, Error) else str(fault)
            raise NoChromiumError(f"{ADVICE}\nTried: {told.strip()[:600]}") from fault
        yield browser
        browser.close()


if __name__ == "__main__":
    try:
        with running():
            pass
    except NoChromiumError as fault:
        sys.exit(str(fault))
