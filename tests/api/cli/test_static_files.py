"""Styles, scripts and typeface as the running program serves them: by names that bear their hash, kept for good."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage

import pytest

from tests.api.cli.conftest import Installation

_HASHED = re.compile(r"/static/digione/[\w./-]+\.[0-9a-f]{12}\.(css|js|svg|woff2)")


@pytest.fixture(scope="module")
def address(installation: Installation) -> Iterator[str]:
    """`digione up` on a free port, until the tests of this file are done."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = installation.data / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "digione", "up", "--port", str(port), "--data", str(installation.data)],
            stdout=output,
            stderr=output,
            env=installation.environment("C.UTF-8"),
        )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def fetch(address: str, **headers: str) -> tuple[bytes, HTTPMessage]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
        return answer.read(), answer.headers


def test_every_file_of_a_page_bears_its_hash_and_is_kept_for_good(address: str) -> None:
    page = fetch(f"{address}/accounts/login/")[0].decode()
    named = {found.group(0) for found in _HASHED.finditer(page)}
    assert set(re.findall(r"/static/digione/[^\"'#]+", page)) == named, "no plain name is left"
    assert {name.rsplit(".", 1)[1] for name in named} >= {"css", "js", "svg"}
    for name in named:
        body, headers = fetch(address + name)
        assert body
        assert "immutable" in headers["Cache-Control"], name
        assert int(re.findall(r"max-age=(\d+)", headers["Cache-Control"])[0]) >= 365 * 24 * 3600


def test_the_typeface_that_a_stylesheet_names_bears_its_hash_too_and_nothing_comes_from_elsewhere(address: str) -> None:
    page = fetch(f"{address}/accounts/login/")[0].decode()
    [tokens] = [found.group(0) for found in _HASHED.finditer(page) if "/tokens." in found.group(0)]
    text = fetch(address + tokens)[0].decode()
    [font] = re.findall(r"url\(\"?([^\")]+\.woff2)", text)
    assert re.search(r"\.[0-9a-f]{12}\.woff2$", font)
    body, headers = fetch(f"{address}{tokens.rsplit('/', 1)[0]}/{font}")
    assert body[:4] == b"wOF2"
    assert "immutable" in headers["Cache-Control"]
    elsewhere = re.findall(r"(?:src|href|url)[=(]\s*[\"']?(https?://[^\"')]+)", page + text)
    assert elsewhere == [], "the desk works where there is no network"


def test_a_browser_that_can_unpack_gets_them_packed_and_a_plain_name_is_kept_for_a_short_time(address: str) -> None:
    page = fetch(f"{address}/accounts/login/")[0].decode()
    [desk] = [found.group(0) for found in _HASHED.finditer(page) if re.search(r"/desk\.[0-9a-f]+\.css", found.group(0))]
    plain, _headers = fetch(address + desk)
    packed, headers = fetch(address + desk, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain) / 2
    _body, headers = fetch(f"{address}/static/digione/desk.css")
    assert "immutable" not in headers["Cache-Control"]


def test_they_are_collected_once_and_anew_when_something_has_changed(address: str, installation: Installation) -> None:
    folder = installation.data / "static"
    assert (folder / "staticfiles.json").exists()
    assert len((folder / "collected-from.txt").read_text()) == 64
