"""What of a set the open data model has no place for yet: checked as the rest is, and handed over as it came.

Two kinds of rows: those of files that are carried whole (gradebook, resources, user profiles), and of the rows of the
roster the cells of columns that are not modelled, or that the standard does not have. The latter are read in a second
pass over the file, and only where the first one met any.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from digione.integrations.loading.roster import Carried, CarriedFile
from digione.integrations.loading.values import MAX_TEXT, BadValueError, holds_hetu
from digione.integrations.oneroster_csv.columns import Column, is_password
from digione.integrations.oneroster_csv.files import Cells, Set
from digione.integrations.oneroster_csv.tables import CARRIED_FILES, ROSTER_FILES

_NOTHING = "{}"
#: Of a row that says the same otherwise, these do not make another one.
_ASIDE = ("dateLastModified", "status")


def carried_files(files: Set, known: dict[str, set[str]], refused_demographics: set[int]) -> Iterator[CarriedFile]:
    """Yield what is carried of each file that is there, whole files first. To be read in this order, after the roster.

    `known`: of each file of the roster, the sourcedIds of its accepted rows; those of the carried files are added.
    """
    whole = [name for name in (*CARRIED_FILES, "roles") if files.is_carried(name)]
    for name in whole:
        if name in files.present:
            columns = files.table(name).columns.values()
            yield CarriedFile(
                kind=name,
                file=name,
                shown=files.file(name),
                rows=partial(_whole_rows, files, name, known),
                refers={
                    column.name: ROSTER_FILES.get(column.refers, column.refers) for column in columns if column.refers
                },
            )
    for name, host in ROSTER_FILES.items():
        if name in files.present and not files.is_carried(name):
            yield CarriedFile(
                kind=f"{name}.columns",
                file=name,
                shown=files.file(name),
                rows=partial(_more_cells, files, name, known, refused_demographics if name == "demographics" else ()),
                of=host,
                # A row of demographics.csv has no line of its own in the roster: it is told with the person's.
                by_line=name != "demographics",
            )


def _whole_rows(files: Set, name: str, known: dict[str, set[str]]) -> Iterator[Carried]:
    file, problems, checked = files.file(name), files.problems, files.table(name).checked
    keeper = _Keeper(files, name)
    seen = known.setdefault(name, set())
    for line, cells in files.whole_rows(name):
        key = cells["sourcedId"]
        good = cells.sound
        if key and key in seen:
            problems.error(file, line, "sourcedId", "duplicate", value=key[:80])
            good = False
        if len(key.encode()) > MAX_TEXT:
            problems.error(file, line, "sourcedId", "too-long", limit=MAX_TEXT)
            good = False
        for column, fault in _faults(checked, cells, known):
            problems.error(file, line, column, fault.code, **fault.parameters)
            good = False
        if good:
            seen.add(key)
            yield Carried(line, key, *keeper.kept(line, dict(cells)))


def _more_cells(files: Set, name: str, known: Mapping[str, set[str]], refused: Collection[int]) -> Iterator[Carried]:
    file, keeper = files.file(name), _Keeper(files, name)
    checked = [column for column in files.table(name).checked if not column.modelled]
    seen: set[str] = set()
    for line, key, cells in files.other_cells(name):
        if line in refused or key in seen:
            continue
        for column, fault in _faults(checked, cells, known):
            # Nothing reads it yet, so the person or the group that it is told of is not refused for it.
            files.problems.warning(file, line, column, fault.code, **fault.parameters)
        text, said = keeper.kept(line, cells)
        if text != _NOTHING:
            seen.add(key)
            yield Carried(line, key, text, said)


def _faults(
    columns: Sequence[Column], cells: Cells, known: Mapping[str, set[str]]
) -> Iterator[tuple[str, BadValueError]]:
    for column in columns:
        value = cells[column.name]
        if value:
            try:
                column.check(value, known)
            except BadValueError as fault:
                yield column.name, fault


class _Keeper:
    """Makes of a row's cells what is kept of them. Passwords are left out, and identity codes, which are kept encrypted or not
    at all; both are told."""

    def __init__(self, files: Set, name: str) -> None:
        self._problems, self._file = files.problems, files.file(name)
        self._told: set[str] = set()

    def kept(self, line: int, cells: dict[str, str]) -> tuple[str, str]:
        """Return the cells that are not empty as a JSON object, and what of them makes the row another one."""
        kept = {}
        for column, value in cells.items():
            if not value:
                continue
            if is_password(column):
                if column not in self._told:
                    self._told.add(column)
                    self._problems.warning(self._file, line, column[:80], "not-kept.password")
            elif holds_hetu(value):
                self._problems.warning(self._file, line, column[:80], "not-kept.hetu")
            else:
                kept[column] = value
        text = _written(kept)
        said = {column: value for column, value in kept.items() if column not in _ASIDE}
        return text, text if len(said) == len(kept) else _written(said)


def _written(cells: Mapping[str, str]) -> str:
    return json.dumps(cells, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
