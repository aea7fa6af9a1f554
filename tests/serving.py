"""A DigiOne that is started by its command, in processes of its own, and everything of it that can be seen from outside."""

import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

PATIENCE = 240


class Installation:
    """One data folder, and the `digione demo` and `digione up` processes that were started on it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.output = data.parent / f"{data.name}.out"
        self.started: list[subprocess.Popen[bytes]] = []

    def demo(self, port: int) -> "subprocess.Popen[bytes]":
        """Start a demonstration of 200 learners."""
        return self.start("demo", "--port", str(port), "--learners", "200")

    def start(self, *arguments: str, language: str = "C.UTF-8") -> "subprocess.Popen[bytes]":
        """Start the command with this data folder. What it says goes to `output`, which is written anew."""
        foreign = ("DIGIONE_", "DATABASE_", "LC_", "LANG")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "digione", *arguments, "--data", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**environment, "LC_ALL": language, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def wait_until_ready(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        """Wait for `/readyz`, and until the command has told all; fail with what it has said when it ends before."""
        for told in (lambda: status(port) == 200, lambda: "Ctrl-C" in self.said()):
            assert eventually(lambda: process.poll() is not None or told(), PATIENCE), self.said()  # noqa: B023
        assert process.poll() is None, self.said()

    def said(self) -> str:
        """Return what the last command has said so far."""
        return self.output.read_text()

    def postmaster(self) -> int:
        """Return the number of the PostgreSQL's first process."""
        return int((self.data / "postgres" / "postmaster.pid").read_text().split("\n")[0])

    def processes(self) -> list[int]:
        """Every living process that works with this data folder, found by its environment or working folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    continue
                environment = (entry / "environ").read_bytes().split(b"\0")
                here = os.readlink(entry / "cwd").startswith(str(self.data))
            except OSError:
                continue
            if here or f"DIGIONE_DATA={self.data}".encode() in environment:
                found.append(int(entry.name))
        return found


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def demo_listing(port: int) -> dict[str, object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/demo.json", timeout=10) as answer:
        listing: dict[str, object] = json.load(answer)
    return listing


def part_of(process: "subprocess.Popen[bytes]", words: str) -> int:
    """Return the number of the command's child whose command line has these words in it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == process.pid and words in line:
            return int(entry.name)
    raise AssertionError(f"No part of {process.pid} is called {words}.")


def status(port: int, path: str = "/readyz") -> int:
    """Return the status of an answer, 0 where there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
    except OSError:
        return 0


def signs_in(port: int, username: str, password: str) -> bool:
    """Sign in at the desk as a browser does, and return whether one is in."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    address = f"http://127.0.0.1:{port}/accounts/login/"
    with opener.open(address, timeout=30) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "login": username, "password": password}
    with opener.open(address, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
        return "/accounts/login/" not in answer.url
