"""Every file of OneRoster CSV in both versions: what is sound is read and kept, and each fault is told where it stands."""

from pathlib import Path
from typing import Any

import pytest

from digione.integrations.loading.report import Problems
from digione.integrations.oneroster_csv.columns import tables
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.integrations.oneroster_csv.tables import ALL_FILES
from tests.unit import oneroster_files as standard
from tests.unit.oneroster_files import EASED, FILES, MODELLED, REMARKED, REQUIRED, WRONG, Case
from tests.unit.test_import_readers import TODAY


def read(folder: Path, version: str, **changed: str | None) -> tuple[dict[str, list[Any]], Problems]:
    for name, text in standard.texts(version, **changed).items():
        (folder / f"{name}.csv").write_text(text)
    problems = Problems()
    return Reader(Set(folder, problems), TODAY).read_everything(), problems


def told(problems: Problems, file: str) -> list[tuple[int, str, str, str]]:
    """What was told of a file: line, field, code, severity."""
    return [(one.line, one.field, one.code, str(one.severity)) for one in problems.found if one.file == f"{file}.csv"]


def test_the_21_files_are_declared_with_the_columns_of_the_standard() -> None:
    assert len(ALL_FILES) == 21
    assert {*standard.SETS["1.1"], *standard.SETS["1.2"]} == set(ALL_FILES)
    assert len(standard.SETS["1.1"]) == 13
    for version, file, *_ in FILES:
        declared = tables(version)[file].columns
        header = standard.SETS[version][file][0].split(",")
        assert set(header) <= set(declared), file
        required = {column for one, name, column, *_ in REQUIRED if (one, name) == (version, file)}
        assert {column.name for column in declared.values() if column.required} == required, (version, file)


@pytest.mark.parametrize("version", standard.VERSIONS)
def test_a_whole_set_has_no_fault_and_every_row_of_it_is_read(tmp_path: Path, version: str) -> None:
    rows, problems = read(tmp_path, version)
    assert problems.found == []
    for file in standard.SETS[version]:
        kind = MODELLED.get(file, file)
        assert not kind or len(rows[kind]) == 1, file


@pytest.mark.parametrize("case", REQUIRED, ids=str)
def test_a_required_column_that_is_missing_is_told(tmp_path: Path, case: Case) -> None:
    version, file, column, *_ = case
    rows, problems = read(tmp_path, version, **{file: standard.without_column(version, file, column)})
    taken = (file, column) in EASED
    assert told(problems, file)[0] == (1, column, "missing-column", "warning" if taken else "error")
    kind = MODELLED.get(file, file)
    assert not kind or bool(rows.get(kind)) == taken


@pytest.mark.parametrize("case", REQUIRED, ids=str)
def test_a_required_cell_that_is_empty_is_told_and_refuses_its_row_alone(tmp_path: Path, case: Case) -> None:
    version, file, column, *_ = case
    row = standard.SETS[version][file][1]
    other = row.replace(row.partition(",")[0], "second", 1)
    text = standard.with_cell(version, file, column, "") + f"{other}\n"
    rows, problems = read(tmp_path, version, **{file: text})
    taken = (file, column) in EASED
    assert told(problems, file)[0] == (2, column, "required", "warning" if taken else "error")
    kind = MODELLED.get(file, file)
    if kind:
        assert rows[kind][-1].key == "second"
        assert len(rows[kind]) == 1 + taken


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_value_is_told_by_its_code_at_its_line_and_field(tmp_path: Path, case: Case) -> None:
    version, file, column, value, code = case
    rows, problems = read(tmp_path, version, **{file: standard.with_cell(version, file, column, value)})
    taken = (file, column) in REMARKED
    assert told(problems, file)[0] == (2, column, code, "warning" if taken else "error")
    kind = MODELLED.get(file, file)
    assert not kind or bool(rows.get(kind)) == taken


@pytest.mark.parametrize("case", FILES, ids=str)
def test_an_id_that_stands_twice_is_told_at_the_second_row(tmp_path: Path, case: Case) -> None:
    version, file, *_ = case
    header, row = standard.SETS[version][file]
    _, problems = read(tmp_path, version, **{file: f"{header}\n{row}\n{row}\n"})
    assert (3, "sourcedId", "duplicate", "error") in told(problems, file)


@pytest.mark.parametrize("version", standard.VERSIONS)
def test_every_fault_of_a_row_is_told_and_none_stops_the_next_row(tmp_path: Path, version: str) -> None:
    header = standard.SETS[version]["results"][0]
    spare = "," * (header.count(",") - 8)
    text = f"{header}\n" + "".join(
        f"{row}{spare}\n"
        for row in (
            "a1,,,l9,u9,lost,hyvä,2026-02-31,",
            "a2,,,l1,u1,submitted,,2026-09-10,,too,many,cells",
            "a3,,,l1,u1,fully graded,9,2026-09-10,",
        )
    )
    rows, problems = read(tmp_path, version, results=text, resultLearningObjectiveIds=None, resultScoreScales=None)
    assert [one[:3] for one in told(problems, "results")] == [
        (2, "lineItemSourcedId", "dangling-reference"),
        (2, "studentSourcedId", "dangling-reference"),
        (2, "scoreStatus", "enum"),
        (2, "scoreDate", "date-impossible"),
        (2, "score", "number"),
        (3, "", "ragged-row"),
    ]
    assert [row.key for row in rows["results"]] == ["a3"]
    assert problems.refused_rows == 2


def test_lists_are_extended_in_1_2_and_closed_in_1_1(tmp_path: Path) -> None:
    for version, codes in (("1.1", ["enum"]), ("1.2", [])):
        text = standard.with_cell(version, "resources", "roles", "student,ext:avustaja")
        _, problems = read(tmp_path, version, resources=text)
        assert [one.code for one in problems.found if one.file == "resources.csv"] == codes


def test_a_set_of_1_1_may_be_ahead_of_its_version(tmp_path: Path) -> None:
    """What only 1.2 has is checked as there: the files that a system writes count, not what its manifest says."""
    later = {
        file: "\n".join(rows) + "\n" for file, rows in standard.SETS["1.2"].items() if file not in standard.SETS["1.1"]
    }
    rows, problems = read(tmp_path, "1.1", **later)
    assert problems.found == []
    assert {file: len(rows[file]) for file in later} == dict.fromkeys(later, 1)


def test_a_grading_period_of_1_1_is_understood_in_1_2(tmp_path: Path) -> None:
    text = standard.texts("1.2")["lineItems"].replace("academicSessionSourcedId", "gradingPeriodSourcedId")
    rows, problems = read(tmp_path, "1.2", lineItems=text)
    assert told(problems, "lineItems") == [(1, "gradingPeriodSourcedId", "old-column", "warning")]
    assert '"academicSessionSourcedId":"y1"' in rows["lineItems"][0].cells
