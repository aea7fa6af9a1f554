"""Opens a OneRoster set: manifest, headers, rows as they stand. What a row means is decided in `reader`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.sources import Source
from digione.integrations.loading.tabular import read_table
from digione.integrations.loading.values import UNSTORABLE
from digione.integrations.oneroster_csv.beyond import PARTLY, beyond
from digione.integrations.oneroster_csv.columns import MOMENT, OLD_NAMES, Table, is_password, tables
from digione.integrations.oneroster_csv.tables import (
    ALL_FILES,
    MADE_BY_EXPORT,
    OWN_SYSTEM,
    ROSTER_FILES,
    STATUSES,
)

#: The name of the system stands in the key of each row.
_LONGEST_SYSTEM = 100
#: So much of what a header calls a column is told.
_SHOWN = 80
_KNOWN = {name.lower(): name for name in ALL_FILES}


class Cells(dict[str, str]):
    """One row by column name. A column that the file lacks reads as an empty string.

    `sound`: it has what it must have. One that is not is looked at for its other faults, and then refused.
    """

    sound: bool = True

    def __missing__(self, key: str) -> str:
        return ""


@dataclass
class Set:
    """A set of files: which there are, in which version, and their rows."""

    path: Path
    problems: Problems
    version: str = "1.1"
    system: str = "oneroster"
    present: dict[str, str] = field(default_factory=dict)
    #: The columns that a table has and that are looked at, by their standard's names, once its rows have been read.
    columns: dict[str, list[str]] = field(default_factory=dict)
    #: The files of the roster in which `rows` has met a value that the open data model has no place for.
    tells_more: set[str] = field(default_factory=set)
    _source: Source = field(init=False)

    def __post_init__(self) -> None:
        """Open the folder or archive and read its manifest. Raises `ImportRefusedError` when nothing can be read."""
        self._source = Source(self.path)
        for name in self._source.names:
            stem, _, ending = name.rpartition(".")
            if ending.lower() != "csv" or name.startswith("."):
                continue
            if stem.lower() == "manifest":
                self.present["manifest"] = name
            elif stem.lower() in _KNOWN:
                before = self.present.setdefault(_KNOWN[stem.lower()], name)
                if before != name:
                    raise ImportRefusedError("file-twice", file=before, other=name)
            else:
                self.problems.warning(name, 0, "", "unknown-file")
        if not set(self.present) & {"orgs", "users", "classes", "enrollments"}:
            raise ImportRefusedError("no-oneroster-file", path=str(self.path))
        self._read_manifest()

    def _read_manifest(self) -> None:
        if "manifest" not in self.present:
            self.version = "1.2" if "roles" in self.present else "1.1"
            self.problems.warning("manifest.csv", 0, "", "no-manifest", version=self.version)
            return
        file = self.present["manifest"]
        said: dict[str, tuple[int, str]] = {}
        with self._source.open(file) as stream:
            rows = read_table(stream, file, self.problems)
            next(rows, None)
            for row in rows:
                if len(row.values) == 2:
                    said[row.values[0].strip()] = (row.number, row.values[1].strip())
        line, version = said.get("oneroster.version", (0, ""))
        if version in {"1.1", "1.2"}:
            self.version = version
        else:
            self.version = "1.2" if "roles" in self.present else "1.1"
            self.problems.warning(file, line, "oneroster.version", "version", value=version[:40], version=self.version)
        self.system = (
            said.get("source.systemCode", (0, ""))[1] or said.get("source.systemName", (0, ""))[1] or "oneroster"
        )[:_LONGEST_SYSTEM]
        deltas = [name for name in ALL_FILES if said.get(f"file.{name}", (0, ""))[1] == "delta"]
        if deltas:
            raise ImportRefusedError("delta-set", file=file, row=said[f"file.{deltas[0]}"][0], table=", ".join(deltas))
        for name in ALL_FILES:
            line, mode = said.get(f"file.{name}", (0, ""))
            if mode not in {"bulk", "absent", "delta", ""}:
                self.problems.error(file, line, f"file.{name}", "enum", value=mode[:40], allowed="bulk, delta, absent")
            if mode == "bulk" and name not in self.present:
                self.problems.error(file, line, f"file.{name}", "missing-file", file=f"{name}.csv")
            if mode == "absent" and name in self.present:
                self.problems.warning(file, line, f"file.{name}", "present", file=f"{name}.csv")

    def file(self, table: str) -> str:
        """Return the name of the file of a table, for problems."""
        return self.present.get(table, f"{table}.csv")

    def table(self, name: str) -> Table:
        """Return the columns of a file in the version of the set."""
        return tables(self.version)[name]

    def is_carried(self, name: str) -> bool:
        """Say whether a file is carried whole: the roster of this version is not read from it."""
        return name not in ROSTER_FILES or (name == "roles" and self.version == "1.1")

    def more(self, name: str) -> Callable[[str], bool]:
        """Return what says of a column of the roster whether its values are to be carried."""
        read, made = self.table(name).read, MADE_BY_EXPORT.get(name, ()) if self.system == OWN_SYSTEM else ()
        return lambda column: bool(column) and column not in read and column not in made

    def rows(self, table: str) -> Iterator[tuple[int, Cells]]:
        """Yield (line, cells that are modelled) of every live row, also of those that are not `sound`; deleted rows are passed over."""
        rows = self._rows(table, self.problems, self.table(table).read.__contains__, self.more(table))
        if table not in PARTLY:
            yield from rows
            return
        for line, cells in rows:
            if table not in self.tells_more and self._beyond(table, cells):
                self.tells_more.add(table)
            yield line, cells

    def _beyond(self, table: str, cells: Cells) -> dict[str, str]:
        """Return what modelled cells say beyond what the model keeps of them."""
        found = beyond(table, cells)
        if self.system == OWN_SYSTEM:
            # Our own export gathers them of several enrolments at schools, each of which has its own.
            found.pop("grades", None)
        return found

    def whole_rows(self, table: str) -> Iterator[tuple[int, Cells]]:
        """Yield the same rows with every column, also those that the standard does not have."""
        return self._rows(table, self.problems, bool)

    def other_cells(self, table: str) -> Iterator[tuple[int, str, Cells]]:
        """Yield (line, sourcedId, cells that are to be carried) of the rows of the roster that have any, in a second pass.

        What is wrong with the rows was told in the first one, and nothing is read where that met no such cell.
        """
        if table not in self.tells_more:
            return
        more, needed = self.more(table), {*self.table(table).demanded, "status", *PARTLY.get(table, ())}
        for line, cells in self._rows(table, Problems(), lambda name: name in needed or more(name)):
            others = Cells({name: value for name, value in cells.items() if value and more(name)})
            others |= self._beyond(table, cells)
            if others and cells.sound:
                yield line, cells["sourcedId"], others

    def _rows(
        self, table: str, problems: Problems, wanted: Callable[[str], bool], more: Callable[[str], bool] | None = None
    ) -> Iterator[tuple[int, Cells]]:
        if table not in self.present:
            return
        file, spec = self.file(table), self.table(table)
        with self._source.open(file) as stream:
            lines = read_table(stream, file, problems)
            header = next(lines, None)
            if header is None:
                return
            names = self._names(table, header.values, problems)
            if not names:
                problems.error(file, 1, "", "no-header")
                return
            missing = [name for name in spec.demanded if name not in names]
            for name in missing:
                problems.error(file, 1, name, "missing-column", column=name)
            if missing:
                return
            for name in spec.eased:
                if name not in names:
                    problems.warning(file, 1, name, "missing-column.taken", column=name)
            # Our own export leaves empty what nobody has, such as a user's name of a child without one.
            eased = [name for name in spec.eased if name in names and self.system != OWN_SYSTEM]
            places = [place for place, name in enumerate(names) if wanted(name)]
            read = [names[place] for place in places]
            if more:
                self.columns[table] = read
            # One place alone would give a value instead of a row of one.
            pick = itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
            others = [place for place, name in enumerate(names) if more and more(name)]
            # Whether anything stands in them is asked until something does; most sets leave them empty.
            look = itemgetter(*others) if others else None
            number, errors = 0, problems.errors
            for number, values in lines:
                if look is not None and any(look(values)):
                    self.tells_more.add(table)
                    look = None
                cells = Cells(zip(read, map(str.strip, pick(values)), strict=True))
                if self._is_live(table, number, cells, problems, spec.demanded, eased):
                    yield number, cells
            if not number and problems.errors == errors:
                problems.warning(file, 0, "", "no-rows")

    def _is_live(
        self, table: str, line: int, cells: Cells, problems: Problems, demanded: tuple[str, ...], eased: list[str]
    ) -> bool:
        """Say whether a row is to be read, since it lives; note in it whether it has what it must have."""
        file = self.file(table)
        if not all(map(cells.get, demanded)):
            cells.sound = False
            for name in demanded:
                if not cells[name]:
                    problems.error(file, line, name, "required", column=name)
        if eased and not all(map(cells.get, eased)):
            for name in eased:
                if not cells[name]:
                    problems.warning(file, line, name, "required.taken")
        moment = cells.get("dateLastModified")
        if moment and not MOMENT.fullmatch(moment):
            problems.warning(file, line, "dateLastModified", "date-time", value=moment[:40])
        status = cells.get("status")
        if not status:
            return True
        if status.lower() not in STATUSES:
            problems.error(file, line, "status", "enum", value=status[:40], allowed="active, tobedeleted")
            cells.sound = False
        return status.lower() != "tobedeleted"

    def _names(self, table: str, header: list[str], problems: Problems) -> list[str]:
        """Return the standard's name of each column, or none where the line is no header; nothing of it is told then.

        A column that the standard does not have keeps its own name; one that stands twice has none the second time, and none
        is left to one that is called a password.
        """
        file = self.file(table)
        known = {name.lower(): name for name in self.table(table).columns}
        old = {name.lower(): name for name in OLD_NAMES.get(table, {})}
        names: list[str] = []
        if not any(written.lower() in known or written.lower() in old for written in header):
            return names
        for written in header:
            name = known.get(written.lower())
            if name is None and written.lower() in old:
                name = OLD_NAMES[table][old[written.lower()]]
                problems.warning(file, 1, written, "old-column", column=name, version=self.version)
            if name is None and is_password(written):
                # It is not read at all, so that nothing after this can keep it.
                problems.warning(file, 1, written[:_SHOWN], "not-kept.password")
                names.append("")
                continue
            if name is None:
                problems.warning(file, 1, written[:_SHOWN], "extension-column")
                name = UNSTORABLE.sub("\ufffd", written) or f"column {len(names) + 1}"
            if name in names:
                problems.warning(file, 1, written[:_SHOWN], "duplicate-column")
                name = ""
            names.append(name)
        return names
