"""Opens a OneRoster set: manifest, headers, rows as they stand. What a row means is decided in `reader`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.sources import Source
from digione.integrations.loading.tabular import read_table
from digione.integrations.oneroster_csv.tables import OLD_NAMES, OTHER_FILES, ROSTER_FILES, STATUSES, TABLES

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})")
#: The name of the system stands in the key of each row.
_LONGEST_SYSTEM = 100
#: So much of what a header calls a column is told.
_SHOWN = 80
_KNOWN = {name.lower(): name for name in (*ROSTER_FILES, *OTHER_FILES)}


class Cells(dict[str, str]):
    """One row by column name. A column that the file lacks reads as an empty string."""

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
        for name in OTHER_FILES:
            if name in self.present and self._source.size(self.present[name]):
                self.problems.warning(self.present[name], 0, "", "not-imported")

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
        deltas = [name for name in (*ROSTER_FILES, *OTHER_FILES) if said.get(f"file.{name}", (0, ""))[1] == "delta"]
        if deltas:
            raise ImportRefusedError("delta-set", file=file, row=said[f"file.{deltas[0]}"][0], table=", ".join(deltas))
        for name in (*ROSTER_FILES, *OTHER_FILES):
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

    def rows(self, table: str) -> Iterator[tuple[int, Cells]]:
        """Yield (line, cells) of every live row that has its required values. Deleted rows are passed over."""
        if table not in self.present:
            return
        file, spec, problems = self.file(table), TABLES[table], self.problems
        with self._source.open(file) as stream:
            lines = read_table(stream, file, problems)
            header = next(lines, None)
            if header is None:
                return
            names = self._names(table, header.values)
            if not names:
                problems.error(file, 1, "", "no-header")
                return
            missing = [name for name in spec.required if name not in names]
            for name in missing:
                problems.error(file, 1, name, "missing-column", column=name)
            if missing:
                return
            places = [place for place, name in enumerate(names) if name in spec.read]
            read = self.columns[table] = [names[place] for place in places]
            # One place alone would give a value instead of a row of one.
            pick = itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
            number, errors = 0, problems.errors
            for number, values in lines:
                cells = Cells(zip(read, map(str.strip, pick(values)), strict=True))
                if not self._is_sound(table, number, cells, spec.required):
                    continue
                yield number, cells
            if not number and problems.errors == errors:
                problems.warning(file, 0, "", "no-rows")

    def _is_sound(self, table: str, line: int, cells: Cells, required: tuple[str, ...]) -> bool:
        """Say whether a row is to be read: it has what it must have, and lives."""
        file, problems = self.file(table), self.problems
        sound = all(map(cells.get, required))
        if not sound:
            for name in required:
                if not cells[name]:
                    problems.error(file, line, name, "required", column=name)
        moment = cells.get("dateLastModified")
        if moment and not _MOMENT.fullmatch(moment):
            problems.warning(file, line, "dateLastModified", "date-time", value=moment[:40])
        status = cells.get("status")
        if not status:
            return sound
        if status.lower() not in STATUSES:
            problems.error(file, line, "status", "enum", value=status[:40], allowed="active, tobedeleted")
            return False
        return sound and status.lower() != "tobedeleted"

    def _names(self, table: str, header: list[str]) -> list[str]:
        """Return the standard's name of each column, or none where the line is no header; nothing of it is told then."""
        spec, file = TABLES[table], self.file(table)
        known = {name.lower(): name for name in (*spec.required, *spec.optional, *spec.carried)}
        old = {name.lower(): name for name in OLD_NAMES.get(table, {})}
        names: list[str] = []
        if not any(written.lower() in known or written.lower() in old for written in header):
            return names
        for written in header:
            name = known.get(written.lower())
            if name is None and written.lower() in old:
                name = OLD_NAMES[table][old[written.lower()]]
                self.problems.warning(file, 1, written, "old-column", column=name, version=self.version)
            if name is None:
                self.problems.warning(file, 1, written[:_SHOWN], "extension-column")
                name = f"?{len(names)}"
            if name in names:
                self.problems.warning(file, 1, written, "duplicate-column")
                name = f"?{len(names)}"
            names.append(name)
        return names
