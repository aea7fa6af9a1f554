"""What `make` hands to the command: the Makefile itself, with programs that tell what they were given."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="There is no make on this machine.")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a space and an ä in its name, with the Makefile and a `digione` that prints its arguments by line."""
    place = tmp_path / "Oma kansio ä"
    for program, text in {
        "scripts/setup.sh": "#!/bin/sh\n",
        ".venv/bin/digione": "#!/bin/sh\nprintf '%s\\n' \"$@\"\n",
    }.items():
        (place / program).parent.mkdir(parents=True, exist_ok=True)
        (place / program).write_text(text)
        (place / program).chmod(0o755)
    shutil.copy(ROOT / "Makefile", place)
    return place


def _make(place: Path, *arguments: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PORT", "DATA", "LEARNERS", "MAKEFLAGS")}
    answer = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=place, capture_output=True, text=True, env=kept
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout.splitlines()


@pytest.mark.parametrize("data", ["/srv/digione", "Meidän tiedot", 'it\'s "here"', "a;touch b", "$$HOME", "`pwd`"])
def test_demo_hands_on_port_and_data_as_they_are(place: Path, data: str) -> None:
    told = _make(place, "demo", "PORT=8123", f"DATA={data}")
    # To make itself a dollar is a doubled one.
    assert told == ["demo", "--port", "8123", "--data", data.replace("$$", "$")]
    assert not (place / "b").exists()


def test_demo_without_a_folder_leaves_it_to_the_command(place: Path) -> None:
    assert _make(place, "demo") == ["demo", "--port", "8000"]
