"""The file that tells what differs from the source, and why."""

import csv
import json
from pathlib import Path

import pytest

from tests.api.cli.conftest import REGISTER, Installation


def _table(path: Path) -> list[dict[str, str]]:
    """Return the rows of the file by the codes of its columns, which no language changes."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream, delimiter=";")
    return [dict(zip([name.partition("[")[2].rstrip("]") for name in header], row, strict=True)) for row in rows]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_the_reconciliation_is_a_formula(installation: Installation, tmp_path: Path, sign: str) -> None:
    file = tmp_path / f"{sign}HYPERLINK(1).json"
    file.write_text(json.dumps([*REGISTER, {"oid": "none", "nimi": {"fi": "Koulu"}}]))
    name = tmp_path / "difference"
    told = installation.run(
        "import", "organisations", str(file), "--dry-run", "--json", "--reconciliation", str(name), code=1
    )
    assert json.loads(told.stdout)["refused"] == 1
    rows = _table(name.with_suffix(".csv"))
    assert {row["file"] for row in rows if row["field"] == "oid"} == {f"'{file.name}"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    # The other form is for programs, and tells what is.
    problems = json.loads(name.with_suffix(".json").read_text())["problems"]
    assert {problem["file"] for problem in problems} == {file.name}


@pytest.mark.parametrize(("language", "header"), [("fi", "Mikä"), ("sv", "Vad"), ("en", "What")])
def test_the_files_of_a_run_are_in_the_callers_language_with_codes_beside(
    installation: Installation, tmp_path: Path, language: str, header: str
) -> None:
    file = tmp_path / "register.json"
    file.write_text(json.dumps([*REGISTER, {"oid": "none", "nimi": {"fi": "Koulu"}}]))
    name = tmp_path / "difference"
    arguments = ("import", "organisations", str(file), "--dry-run", "--json", "--reconciliation", str(name))
    told = json.loads(installation.run(*arguments, "--language", language, code=1).stdout)
    assert told["sides"]["organisations"]["missing"] == 1
    first = name.with_suffix(".csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert first.startswith(f"{header} [kind_name];")
    [row] = [row for row in _table(name.with_suffix(".csv")) if row["code"] == "oid"]
    assert (row["kind"], row["why"], row["field"], row["file"]) == ("organisations", "refused", "oid", file.name)
    assert row["message"] == next(one["message"] for one in told["problems"] if one["code"] == "oid")
    written = json.loads(name.with_suffix(".json").read_text())
    assert written["counts"]["sides"] == told["sides"]
    assert [one["why"] for one in written["differences"]] == ["refused"]
