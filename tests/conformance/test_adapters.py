"""An outside service is one folder: without it, everything else still works (DESIGN section 6)."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import digione
from digione.config import adapters

SOURCE = Path(digione.__file__).parent
INTEGRATIONS = SOURCE / "integrations"
#: What they share, and nobody may take away.
SHARED = "loading"
FOLDERS = sorted(
    path.name for path in INTEGRATIONS.iterdir() if path.is_dir() and path.name not in (SHARED, "__pycache__")
)
OFFERED = {name: kind.folder for name, kind in adapters.imports().items()}
#: Who may name a folder beside the folder itself, each where it has asked first whether the folder is there.
GUARDED = {
    ("cli/bench_roster.py", "demo"): "offered only with the demonstration",
    ("cli/demo_commands.py", "demo"): "offered only with the demonstration",
    ("cli/export_commands.py", "koski"): "offered only with it",
    ("cli/export_commands.py", "oneroster_csv"): "offered only with it",
    ("cli/koski_commands.py", "koski"): "offered only with it",
    ("integrations/demo/newcomers.py", "csv_templates"): "loaded only where the templates are",
    ("web/demo.py", "demo"): "asked only in demo mode, which an installation without it does not have",
}
#: In a fresh process: every module of the house loads, and the addresses are made.
LOAD_ALL = """
import importlib, json, os, pkgutil
os.environ["DJANGO_SETTINGS_MODULE"] = "digione.config.settings"
import django
django.setup()
import digione
from django.urls import get_resolver
for module in pkgutil.walk_packages(digione.__path__, "digione."):
    if not module.name.endswith("__main__") and not module.name.startswith(LEFT_OUT):
        importlib.import_module(module.name)
assert get_resolver().url_patterns
from click.testing import CliRunner
from digione.cli.main import digione as command
help = {}
for asked in ([], ["import"], *(["import", kind] for kind in KINDS)):
    answer = CliRunner().invoke(command, [*asked, "--help"])
    help[" ".join(asked)] = answer.output if answer.exit_code == 0 else ""
print(json.dumps({"place": digione.__file__, "help": help}))
"""


@pytest.mark.parametrize("gone", FOLDERS)
def test_a_folder_can_be_taken_away(gone: str, tmp_path: Path) -> None:
    """The package is copied without the folder, and started: the command, its kinds of import, and every module."""
    keep_out = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(SOURCE, tmp_path / "digione", ignore=keep_out)
    shutil.rmtree(tmp_path / "digione" / "integrations" / gone)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DIGIONE_DATA": str(tmp_path), "DIGIONE_DEMO": "1"}

    left_out = [gone, *(["demo.newcomers"] if gone == "csv_templates" else [])]
    program = LOAD_ALL.replace("LEFT_OUT", repr(tuple(f"digione.integrations.{one}" for one in left_out)))
    done = subprocess.run(
        [sys.executable, "-c", program.replace("KINDS", repr(sorted(OFFERED)))],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["place"].startswith(str(tmp_path)), "the copy was loaded, not the source"
    offered = set(re.findall(r"^  ([\w-]+)", told["help"][""].partition("Commands:")[2], re.MULTILINE))
    assert {"app", "import", "provider", "up"} <= offered
    assert ("load-demo" in offered, "export" in offered) == (gone != "demo", gone != "oneroster_csv")
    for kind, folder in OFFERED.items():
        assert bool(re.search(rf"^  {kind} ", told["help"]["import"], re.MULTILINE)) is (folder != gone), kind
        assert bool(told["help"][f"import {kind}"]) is (folder != gone), kind


def test_nobody_names_a_folder_but_itself_and_who_asks_first() -> None:
    found = set()
    for path in SOURCE.rglob("*.py"):
        place = path.relative_to(SOURCE)
        for folder in re.findall(r"digione\.integrations(?:\.| import )(\w+)", path.read_text(encoding="utf-8")):
            own = place.parts[:2] == ("integrations", folder)
            if folder in FOLDERS and not own:
                found.add((place.as_posix(), folder))
    assert found == set(GUARDED)


def test_every_line_names_a_folder_that_is_there_and_a_function_in_it() -> None:
    assert set(OFFERED) == {"codes", "koski", "oneroster", "organisations", "people", "staff"}
    for kind in adapters.imports().values():
        assert callable(kind.function())
