"""The import contract: rooms import downwards only, and a room's tables are its own."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_import_contract_holds() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_contract_knows_no_exceptions() -> None:
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    assert not re.search(r"^\s*(ignore_imports|unmatched_ignore|exhaustive_ignores)", contract, re.MULTILINE)


def test_every_room_with_tables_keeps_them_to_itself() -> None:
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    rooms = {
        path.parent.name
        for path in (ROOT / "src/digione").glob("*/models.py")
        if path.read_text(encoding="utf-8").strip()
    }
    assert rooms == set(re.findall(r"^\s+digione\.(\w+)\.models$", contract, re.MULTILINE))
