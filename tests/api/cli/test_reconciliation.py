"""The file that tells what differs from the source, and why."""

import csv
import json
from pathlib import Path

import pytest

from tests.api.cli.conftest import REGISTER, Installation


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_the_reconciliation_is_a_formula(installation: Installation, tmp_path: Path, sign: str) -> None:
    file = tmp_path / f"{sign}HYPERLINK(1).json"
    file.write_text(json.dumps([*REGISTER, {"oid": "none", "nimi": {"fi": "Koulu"}}]))
    name = tmp_path / "difference"
    told = installation.run(
        "import", "organisations", str(file), "--dry-run", "--json", "--reconciliation", str(name), code=1
    )
    assert json.loads(told.stdout)["refused"] == 1
    with name.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert {row["file"] for row in rows if row["field"] == "oid"} == {f"'{file.name}"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    # The other form is for programs, and tells what is.
    problems = json.loads(name.with_suffix(".json").read_text())["problems"]
    assert {problem["file"] for problem in problems} == {file.name}
