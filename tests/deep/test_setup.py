"""`make setup` and `make demo` in a fresh copy of the sources: as root and as an ordinary user, without uv, offline.

The first set-up asks the package index; where none can be reached, these tests fail, as a newcomer's set-up would.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import eventually, free_port

pytestmark = [pytest.mark.deep, pytest.mark.enable_socket]
ROOT = Path(__file__).parents[2]
_PATIENCE = 600
#: What is made in a clone and does not belong to it.
_MADE = shutil.ignore_patterns(
    ".venv", ".uv", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", "*.egg-info", "*.mo"
)


class Newcomer:
    """Somebody with a copy of the sources in a folder whose name has spaces and letters, and no uv on the path."""

    def __init__(self, home: Path, uid: int | None = None, gid: int | None = None) -> None:
        self.home = home
        self.clone = home / "Uusi kansio ä" / "digione"
        self._as = {} if uid is None else {"user": uid, "group": gid, "extra_groups": []}
        shutil.copytree(ROOT, self.clone, ignore=_MADE)
        self._path = self._without_uv()
        if uid is not None:
            subprocess.run(["chown", "-R", f"{uid}:{gid}", str(home)], check=True)

    def _without_uv(self) -> str:
        """Return the search path; a folder that has uv in it is replaced by one that has all but uv."""
        places = ["/usr/local/bin", "/usr/bin", "/bin"] if self._as else os.environ["PATH"].split(os.pathsep)
        found = []
        for number, place in enumerate(places):
            if not (Path(place) / "uv").exists():
                found.append(place)
                continue
            shown = self.home / f"path-{number}"
            shown.mkdir()
            for program in Path(place).iterdir():
                if program.name not in ("uv", "uvx"):
                    (shown / program.name).symlink_to(program)
            found.append(str(shown))
        path = os.pathsep.join(found)
        assert shutil.which("uv", path=path) is None
        return path

    def start(self, *command: str) -> "subprocess.Popen[str]":
        foreign = ("DIGIONE_", "DATABASE_", "DJANGO_", "LC_", "LANG", "PYTEST", "PYTHON", "MAKE", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        if self._as:
            kept |= {"HOME": str(self.home), "USER": self.home.name}
        # LC_ALL=C is what a cron job and many a container have.
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            cwd=self.clone,
            env={**kept, "PATH": self._path, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **self._as,
        )

    def run(self, *command: str) -> str:
        process = self.start(*command)
        said, _none = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 0, said
        return str(said)

    def offline(self, *command: str) -> tuple[str, ...]:
        """Return the command in a namespace that has no network but the machine itself. Skips where none is allowed."""
        ordinary = self._as or os.geteuid() != 0
        # An ordinary user may have such a namespace together with one of users, and stays who they are.
        alone = ("unshare", "--map-current-user", "--keep-caps", "-n") if ordinary else ("unshare", "-n")
        up = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
        for needed in ("unshare", "ip"):
            if shutil.which(needed) is None:
                pytest.skip(f"There is no {needed} on this machine, so nothing can be run without a network.")
        tried = self.start(*alone, *up, "true")
        said, _none = tried.communicate(timeout=60)
        if tried.returncode:
            pytest.skip(f"This machine lets nobody run without a network: {said.strip()}")
        return (*alone, *up, *command)


@pytest.fixture(scope="module", params=["this user", "an ordinary user"])
def newcomer(request: pytest.FixtureRequest) -> Iterator[Newcomer]:
    """Whoever runs the tests; and, where that is root, a user made for the time of the tests."""
    if request.param == "this user":
        with tempfile.TemporaryDirectory(prefix="digione-setup-", ignore_cleanup_errors=True) as name:
            # The database runs as somebody else where this is root, and must be able to enter.
            Path(name).chmod(0o711)
            yield Newcomer(Path(name).resolve())
        return
    if os.geteuid() != 0:
        pytest.skip("Only root can make another user, and whoever runs the tests is an ordinary one already.")
    name = f"digione{uuid.uuid4().hex[:8]}"
    if shutil.which("useradd") is None:
        pytest.skip("There is no useradd on this machine.")
    with tempfile.TemporaryDirectory(prefix="digione-home-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o711)
        home = Path(parent).resolve() / name
        subprocess.run(["useradd", "--home-dir", str(home), "--create-home", "--shell", "/bin/sh", name], check=True)
        try:
            user = pwd.getpwnam(name)
            yield Newcomer(home, user.pw_uid, user.pw_gid)
        finally:
            subprocess.run(["userdel", name], check=True)


@pytest.fixture(scope="module")
def ready(newcomer: Newcomer) -> Newcomer:
    """The newcomer after the first `make setup`."""
    newcomer.run("make", "setup")
    return newcomer


def test_the_first_set_up_fetches_uv_itself_and_makes_a_command_that_works(ready: Newcomer) -> None:
    assert (ready.clone / ".uv" / "bin" / "uv").exists()
    assert "digione" in ready.run(".venv/bin/digione", "--version")
    assert "Käynnistä" not in ready.run(".venv/bin/digione", "--help")
    owner = (ready.clone / ".venv").stat().st_uid
    assert owner == (ready.clone / "Makefile").stat().st_uid


def test_a_second_set_up_changes_nothing_and_needs_no_network(ready: Newcomer) -> None:
    stamp = ready.clone / ".venv" / ".digione-stamp"
    before = stamp.stat().st_mtime_ns
    said = ready.run(*ready.offline("make", "setup"))
    assert said == ""
    assert stamp.stat().st_mtime_ns == before


def test_newer_sources_with_the_same_libraries_are_set_up_offline_too(ready: Newcomer) -> None:
    stamp = ready.clone / ".venv" / ".digione-stamp"
    before = stamp.read_bytes()
    with (ready.clone / "pyproject.toml").open("a") as stream:
        stream.write("# A later version.\n")
    ready.run(*ready.offline("make", "setup"))
    assert stamp.read_bytes() != before
    assert "digione" in ready.run(".venv/bin/digione", "--version")


def test_a_demonstration_starts_offline_with_port_and_folder_as_named(ready: Newcomer) -> None:
    port = free_port()
    data = ready.home / "Omat tiedot"
    process = ready.start(*ready.offline("make", "demo", f"PORT={port}", f"DATA={data}"))
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        assert f"http://127.0.0.1:{port}/demo" in "".join(said), "".join(said)
        assert (data / "postgres" / "PG_VERSION").exists()
        os.killpg(process.pid, signal.SIGINT)
        rest, _none = process.communicate(timeout=60)
        assert "Stopping" in rest
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert eventually(lambda: not _processes(data)), _processes(data)


def _processes(data: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(data) in os.readlink(entry / "cwd") or str(data).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_a_clone_that_was_moved_is_set_up_anew(ready: Newcomer) -> None:
    elsewhere = ready.home / "toinen paikka"
    ready.clone.rename(elsewhere)
    ready.clone = elsewhere
    ready.run("make", "setup")
    first = (elsewhere / ".venv" / "bin" / "digione").read_bytes().splitlines()[:2]
    assert str(elsewhere).encode() in b"".join(first)
    assert "digione" in ready.run(".venv/bin/digione", "--version")
