"""Hostile texts in every column of every table that is imported: kept as they are, or told where they stand.

The columns are those of the readers' own tables, so that a new one is tried by itself. Whatever a column does with a
plain text it has to do with a hostile one, in the same places and nowhere else, or it says by file, line and column why
not; and no row beside it changes.
"""

import csv
import io
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from digione.integrations.csv_templates import read_people, read_staff
from digione.integrations.csv_templates.columns import PEOPLE, STAFF
from digione.integrations.loading.report import Problems, Report
from digione.integrations.loading.services import import_roster
from digione.integrations.oneroster_csv.columns import tables
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.integrations.oneroster_csv.tables import ROSTER_FILES
from tests import cast
from tests.hostile_texts import OVERLONG, STORABLE, UNSTORABLE
from tests.unit.stored import snapshot, where_each
from tests.unit.test_import_readers import TODAY

pytestmark = pytest.mark.django_db
FIRST, LAST = "first", "last"
TABLES = {name: tables("1.2")[name] for name in (*ROSTER_FILES, "userProfiles")}
#: Between two plain rows, so that what spills over is seen on either side. A half character is no UTF-8: see below.
ROWS = {
    FIRST: "Tavallinen Teksti",
    **STORABLE,
    **OVERLONG,
    "null character": UNSTORABLE["null character"],
    LAST: "Toinen Tavallinen",
}
#: What a column takes as a list: a comma parts it.
LISTS = {"grades", "subjects", "orgSourcedIds", "termSourcedIds", "agentSourcedIds", "nationality", "groups"}
#: Read, and not kept: columns whose texts stand nowhere and need no word, with the reason.
NOT_KEPT = {
    ("orgs", "identifier"): "names a school of the register, or nothing",
    ("users", "userIds"): "what is no identity code or learner number is not taken",
    ("users", "agentSourcedIds"): "somebody whom the set does not name is nobody",
    ("users", "password"): "nobody's to keep, which is told once",
    ("userProfiles", "password"): "nobody's to keep, which is told once",
}
_NAMES = {"givenName": "Aino", "familyName": "Lehto"}
#: What a row needs beside the column that is tried; `{n}` is its number.
NEEDED: dict[str, dict[str, str]] = {
    "orgs": {"sourcedId": "o{n}", "name": "Paikka {n}", "type": "school"},
    "academicSessions": {
        "sourcedId": "y{n}", "title": "Kausi {n}", "type": "term", "startDate": "2026-08-01", "endDate": "2027-07-31",
    },
    "courses": {"sourcedId": "c{n}", "title": "Kurssi {n}", "orgSourcedId": "s1"},
    "classes": {
        "sourcedId": "k{n}", "title": "Ryhmä {n}", "classType": "scheduled", "schoolSourcedId": "s1",
        "courseSourcedId": "c0", "termSourcedIds": "y0",
    },
    "users": {"sourcedId": "u{n}", "enabledUser": "true", **_NAMES},
    "roles": {
        "sourcedId": "r{n}", "userSourcedId": "u{n}", "roleType": "primary", "role": "student", "orgSourcedId": "s1",
    },
    "userProfiles": {
        "sourcedId": "p{n}", "userSourcedId": "u{n}", "profileType": "x", "vendorId": "v", "credentialType": "x",
        "username": "name{n}",
    },
    "enrollments": {
        "sourcedId": "e{n}", "classSourcedId": "k0", "schoolSourcedId": "s1", "userSourcedId": "u{n}", "role": "student",
    },
    "demographics": {"sourcedId": "u{n}"},
}  # fmt: skip
IN_1_1 = {"orgSourcedIds": "s1", "role": "student"}
_OF_1_2 = ("users", "roles", "userProfiles")
_OF_1_1 = tuple(table for table in TABLES if table not in ("roles", "userProfiles"))


def _columns(table: str) -> tuple[str, ...]:
    return tuple(TABLES[table].columns)


def _csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, list(names), delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _needed(version: str, table: str, number: int) -> dict[str, str]:
    told = {name: text.format(n=number) for name, text in NEEDED[table].items()}
    return {**told, **IN_1_1} if (version, table) == ("1.1", "users") else told


def _set(version: str, table: str, rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Return a set in which `table` has these rows, and the others what they refer to."""
    users = [_needed(version, "users", number) for number in range(len(rows))]
    files = {
        "manifest": [
            {"propertyName": "oneroster.version", "value": version},
            {"propertyName": "source.systemCode", "value": "test"},
        ],
        "orgs": [{"sourcedId": "s1", "name": "Koulu", "type": "school"}],
        "academicSessions": [_needed(version, "academicSessions", 0)],
        "courses": [_needed(version, "courses", 0)],
        "classes": [_needed(version, "classes", 0)],
        "users": users,
        **({"roles": [_needed(version, "roles", n) for n in range(len(rows))]} if version == "1.2" else {}),
    }
    # Rows that others refer to stand before those that are tried.
    kept = [] if table in ("users", "roles") else files.get(table, [])
    return {**files, table: [*kept, *rows]}


def _load(folder: Path, files: Mapping[str, list[dict[str, str]]]) -> Report:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_bytes(_csv(rows).encode())
    report = Report()
    roster = Reader(Set(folder, report.problems), TODAY).roster()
    return _import(report, roster, "oneroster")


def _import(report: Report, roster: Any, kind: str) -> Report:
    return import_roster(
        cast.administrator,
        roster=roster,
        report=report,
        kind=kind,
        source=kind,
        file_hash="x",
        partial=True,
        accept_removals=True,
    )


@dataclass(frozen=True)
class Cell:
    """A text in a column of a file, and the line on which its row begins. The texts of two cells are never the same."""

    column: str
    name: str
    text: str
    line: int = 0

    @property
    def kept(self) -> str:
        """What is to stand in the database."""
        if self.column == "middleName":
            return f"{_NAMES['givenName']} {self.text}"
        # A code of the national list has capitals.
        return self.text.upper() if self.column == "mother_tongue" else self.text


def _cells(columns: Iterable[str]) -> list[Cell]:
    return [
        Cell(column, name, f"{text.replace(',', ';') if column in LISTS else text} {column}")
        for column in columns
        for name, text in ROWS.items()
    ]


def _placed(cells: list[Cell], first: int) -> list[Cell]:
    found, line = [], first
    for cell in cells:
        found.append(replace(cell, line=line))
        line += 1 + cell.text.count("\n")
    return found


def _hold(
    cells: list[Cell], file: str, report: Report, *, headers: Mapping[str, str], not_kept: Container[str]
) -> None:
    """Hold each text to what the plain ones of its column became: in the same places, or told by file, line and column.

    `headers` are the names that the file gives its columns.
    """
    assert report.status == "done"
    stage = snapshot(cast.administrator, cast.administrator.at(cast.VALKAMO))
    told: dict[int, set[str]] = {}
    for one in report.problems.found:
        if one.file == file and one.line:
            told.setdefault(one.line, set()).update(one.field.split(", ") if one.field else headers.values())
    assert {name for names in told.values() for name in names} <= {*headers.values()}, (
        "only columns are told that there are"
    )
    texts = where_each(stage)

    def places(cell: Cell) -> set[str]:
        found = texts.get(cell.kept, set())
        # The name that is called by is the first of the first names, where no column tells it.
        return found - {"people_person.given_name"} if cell.column.endswith("first_names") else found

    wrong = []
    for column, group in groupby(cells, lambda cell: cell.column):
        row = list(group)
        first, last = row[0], row[-1]
        expected = places(first)
        assert (first.name, last.name, places(last)) == (FIRST, LAST, expected), column
        for cell in row:
            found, said = places(cell), headers[column] in told.get(cell.line, ())
            right = found == expected != set() or (not found and (said or column in not_kept))
            wrong += [] if right else [(column, cell.name, found, expected)]
    assert wrong == []


def _hold_and_load_again(load: Callable[[], Report], hold: Callable[[Report], None]) -> None:
    """Load, hold the result, and see that no row beside it has changed and that a second load changes nothing."""
    both = (cast.administrator, cast.administrator.at(cast.VALKAMO))
    before = snapshot(*both)
    hold(load())
    standing = snapshot(*both)
    for table, rows in before.items():
        assert {key: standing[table].get(key) for key in rows} == rows, table
    again = load()
    assert (again.added, again.changed, again.ended) == (0, 0, 0), "what was kept is known again"
    assert snapshot(*both) == standing


@pytest.mark.parametrize(
    ("version", "table"), [*(("1.1", table) for table in _OF_1_1), *(("1.2", table) for table in _OF_1_2)]
)
def test_a_table_of_oneroster_keeps_each_text_or_tells_of_it(tmp_path: Path, version: str, table: str) -> None:
    cells = _cells(_columns(table))
    # Rows of users and about users have the users' own numbers, others begin behind the row that all refer to.
    first = 0 if table in ("users", "demographics") or "userSourcedId" in NEEDED[table] else 1
    rows = [{**_needed(version, table, number), cell.column: cell.text} for number, cell in enumerate(cells, first)]
    files = _set(version, table, rows)
    cells = _placed(cells, 2 + len(files[table]) - len(rows))
    not_kept = {name for of, name in NOT_KEPT if of == table}
    headers = {name: name for name in _columns(table)}
    _hold_and_load_again(
        lambda: _load(tmp_path, files),
        lambda report: _hold(cells, f"{table}.csv", report, headers=headers, not_kept=not_kept),
    )


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_sets_whose_every_id_is_hostile_are_whole(tmp_path: Path, version: str) -> None:
    """Keys bind rows to each other: none is taken for another one, and each is known again."""
    files: dict[str, list[dict[str, str]]] = {}
    for text in STORABLE.values():
        one = _set(version, "enrollments", [_needed(version, "enrollments", number) for number in range(3)])
        for name, rows in one.items():
            for row in rows:
                for column in row if name != "manifest" else ():
                    if "sourcedId" in column or "SourcedId" in column:
                        row[column] = f"{text.replace(',', ';')} {row[column]}"
            files[name] = rows if name == "manifest" else [*files.get(name, []), *rows]
    report = _load(tmp_path, files)
    assert (report.status, report.refused, report.held_back) == ("done", 0, 0), report.problems.found[:3]
    assert report.kinds["enrolment"]["added"] == report.kinds["person"]["added"] == 3 * len(STORABLE)
    assert report.kinds["group"]["added"] == len(STORABLE)
    again = _load(tmp_path, files)
    assert (again.added, again.changed, again.ended, again.refused) == (0, 0, 0, 0)


@pytest.mark.parametrize("table", TABLES)
def test_no_column_of_oneroster_is_taken_twice(tmp_path: Path, table: str) -> None:
    """Of two columns of one name, however they are written, the first counts and the second is told."""
    version = "1.2" if table in ("roles", "userProfiles") else "1.1"
    for column in _columns(table):
        row = {**_needed(version, table, 0), column: "" if column == "status" else "Ensimmäinen"}
        row[column.upper()] = "toinen"
        path = tmp_path / f"{table}.csv"
        path.write_bytes(_csv([row]).encode())
        (tmp_path / "orgs.csv").touch()
        problems = Problems()
        files = Set(tmp_path, problems)
        [(_, cells)] = files.whole_rows(table) if files.is_carried(table) else files.rows(table)
        twice = [(one.file, one.line, one.field) for one in problems.found if one.code == "duplicate-column"]
        assert twice == [(path.name, 1, column.upper())]
        assert "toinen" not in cells.values()
        if column in TABLES[table].read:
            assert cells[column] == row[column]


def test_hostile_headers_are_columns_of_what_is_carried_and_of_nothing_else(tmp_path: Path) -> None:
    files = _set("1.1", "users", [{**_needed("1.1", "users", 0), **{text: text for text in STORABLE.values()}}])
    report = _load(tmp_path, files)
    assert (report.status, report.refused) == ("done", 0)
    told = [one for one in report.problems.found if one.code in ("extension-column", "not-kept")]
    assert len(told) == len(STORABLE)
    # A path to a file of passwords is a password's name as well.
    assert [one.field for one in told if one.code == "not-kept"] == [
        text for text in STORABLE.values() if "passw" in text
    ]
    assert {(one.file, one.line) for one in told} == {("users.csv", 1)}
    standing = where_each(snapshot(cast.administrator))
    places = {place for text in STORABLE.values() for place in standing.get(text, ())}
    assert places
    assert all(place.startswith("core_carriedrow.cells.") for place in places)


TEMPLATES = {"people": (PEOPLE, read_people), "staff": (STAFF, read_staff)}
_IN_TEMPLATE = {"id": "{n}", "first_names": "Aino", "family_name": "Lehto", "school": "Rantapuiston koulu"}


def _template(kind: str, cells: Iterable[Cell]) -> bytes:
    """Return a table with a row for each cell, under Finnish headers."""
    columns, _ = TEMPLATES[kind]
    needed = {**_IN_TEMPLATE, **({"role": "teacher"} if kind == "staff" else {})}
    rows = []
    for number, cell in enumerate(cells):
        row = {name: text.format(n=f"x{number}") for name, text in needed.items()}
        if cell.column.startswith("guardian"):
            place = cell.column.partition(".")[0]
            row |= {f"{place}.first_names": "Katri", f"{place}.family_name": "Lehto"}
        rows.append({columns[name][0]: text for name, text in {**row, cell.column: cell.text}.items()})
    return _csv(rows, ";").encode()


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_keeps_each_text_or_tells_of_it(tmp_path: Path, kind: str) -> None:
    columns, read = TEMPLATES[kind]
    cells = _cells(columns)
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(_template(kind, cells))
    cells = _placed(cells, 2)

    def load() -> Report:
        report = Report()
        return _import(report, read(path, report.problems, today=TODAY), kind)

    headers = {name: written[0] for name, written in columns.items()}
    _hold_and_load_again(load, lambda report: _hold(cells, path.name, report, headers=headers, not_kept=()))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_no_header_of_a_template_means_two_columns(kind: str) -> None:
    columns, _ = TEMPLATES[kind]
    bearers: dict[str, set[str]] = {}
    for name, headers in columns.items():
        for header in (name, *headers):
            bearers.setdefault(header.replace("_", " ").lower(), set()).add(name)
    assert {header: names for header, names in bearers.items() if len(names) > 1} == {}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_no_column_of_a_template_is_taken_twice(tmp_path: Path, kind: str) -> None:
    columns, read = TEMPLATES[kind]
    for column, (finnish, *others) in columns.items():
        for other in (finnish.upper(), column, *others):
            head, row = _template(kind, [Cell(column, FIRST, "Ensimmäinen")]).decode().splitlines()
            path = tmp_path / f"{kind}.csv"
            path.write_text(f"{head};{other}\n{row};toinen\n")
            problems = Problems()
            roster = read(path, problems, today=TODAY)
            assert [(one.line, one.field, one.code) for one in problems.found] == [(1, other, "duplicate-column")]
            assert list(roster.person()) == []


@pytest.mark.parametrize("kind", ["oneroster", *TEMPLATES])
def test_half_a_character_ends_its_file_alone(tmp_path: Path, kind: str) -> None:
    half = UNSTORABLE["half a character"].encode("utf-8", "surrogatepass")
    report, path = Report(), tmp_path / f"{'users' if kind == 'oneroster' else kind}.csv"
    if kind == "oneroster":
        for name, rows in _set("1.1", "users", [{**_needed("1.1", "users", 0), "middleName": "PAIKKA"}]).items():
            (tmp_path / f"{name}.csv").write_bytes(_csv(rows).encode().replace(b"PAIKKA", half))
        roster = Reader(Set(tmp_path, report.problems), TODAY).roster()
    else:
        path.write_bytes(_template(kind, [Cell("given_name", FIRST, "PAIKKA")]).replace(b"PAIKKA", half))
        roster = TEMPLATES[kind][1](path, report.problems, today=TODAY)
    _import(report, roster, kind)
    errors = [(one.file, one.line, one.code) for one in report.problems.found if one.severity == "error"]
    assert errors == [(path.name, 2, "encoding")]
    assert report.kinds["person"].get("added", 0) == 0
