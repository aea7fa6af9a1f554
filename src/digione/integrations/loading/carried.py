"""Brings in what the open data model has no place for yet: whole rows of some files, single cells of others.

A row is kept as it came, by provider, source, file and the source's own id (`core_carriedrow`), and no role reads it:
only the import does, to compare, and the reconciliation counts. What a row of the roster says besides belongs to that
row: it is refused and ended with it, and in the totals of a report both are one row.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from digione.core.use_case import UseCase
from digione.integrations.loading.facts import refuse_removals, stage
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.reconciliation import KEPT
from digione.integrations.loading.report import Problems, Report
from digione.integrations.loading.roster import CarriedFile, Roster

_COLUMNS = [
    ("kind", "text"),
    ("file", "text"),
    ("key", "text"),
    ("line", "int"),
    ("cells", "jsonb"),
    ("row_hash", "bytea"),
]
_LIVE = "c.provider_id = %(provider)s AND c.source = %(source)s AND c.valid_to IS NULL"
#: What stands of the source and was not told this time, of the files that are there.
_GONE = "gone_carried"


@dataclass
class CarriedLoad:
    """One run's work on what is carried, in steps: `bring`, `may_end`, `load`."""

    merge: Merge
    roster: Roster
    progress: Callable[[str], None]
    _files: list[CarriedFile] = field(default_factory=list)
    _standing: dict[str, int] = field(default_factory=dict)
    _gone: dict[str, int] = field(default_factory=dict)

    def bring(self, noted: Problems, *, unread: int) -> int:
        """Read, stage and compare what is carried; return how many faults its files have.

        Runs when the roster was read, whose ids it refers to, and the reader's thread is through: `noted` is where the
        reader notes its problems. `unread`: how many faults the other files have.
        """
        report = self.merge.report
        errors, refused = report.problems.errors, report.problems.refused_rows
        self._files = list(self.roster.carried())
        if self._files:
            stage(self.merge.uc, "stage_carried", _COLUMNS, self._rows())
        report.problems.absorb(noted.take())
        report.count("rows", refused=report.problems.refused_rows - refused - self._count_refused())
        errors = report.problems.errors - errors
        if self._files:
            self._compare(ends=not (unread or errors))
        return errors

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for file in self._files:
            self.progress(file.kind)
            for row in file.rows():
                said = f"{self.roster.version}\n{row.said}".encode()
                digest = hashlib.blake2b(said, digest_size=16).digest()
                yield file.kind, file.file, row.key, row.line, row.cells, digest

    def _count_refused(self) -> int:
        """Count the rows of the files that could not be read, each for its own kind, and return how many there were."""
        report, told = self.merge.report, 0
        for file in self._files:
            if file.of is None and (refused := report.problems.refused_in[file.shown]):
                report.count(file.kind, refused=refused)
                told += refused
        return told

    def _compare(self, *, ends: bool) -> None:
        """Find what is gone, and count both sides. Not `ends`: what could not be read is not gone, so everything goes on."""
        merge, report = self.merge, self.merge.report
        # Whole files are joined. After a first load the statistics still say that the table is empty (see `Merge.recount`).
        before = merge.uc.json("SELECT current_setting('enable_nestloop')")
        merge.uc.execute("SET LOCAL enable_nestloop = off")
        merge.execute(f"DROP TABLE IF EXISTS {_GONE}")
        merge.uc.execute(f"CREATE TEMP TABLE {_GONE} (kind text, file text, key text, id uuid) ON COMMIT DROP")
        staged = self._counted("SELECT kind, count(*) AS number FROM stage_carried GROUP BY kind")
        self._standing = standing = self._counted(
            f"SELECT c.file AS kind, count(*) AS number FROM core_carriedrow c WHERE {_LIVE} GROUP BY c.file"
        )
        refused = {file.kind: report.problems.refused_in[file.shown] for file in self._files if file.of is None}
        # Kinds of which neither side has anything are no part of the report.
        self._files = [
            file for file in self._files if staged.get(file.kind) or standing.get(file.file) or refused.get(file.kind)
        ]
        told = {file.file: file.kind for file in self._files}
        if any(standing.get(file) for file in told):
            merge.execute(
                f"INSERT INTO {_GONE} SELECT f.kind, c.file, c.key, c.id FROM core_carriedrow c"
                " JOIN unnest(%(kinds)s::text[], %(files)s::text[]) AS f (kind, file) ON f.file = c.file"
                f" WHERE {_LIVE} AND NOT EXISTS (SELECT 1 FROM stage_carried s WHERE s.file = c.file AND s.key = c.key)",
                kinds=list(told.values()),
                files=list(told),
            )
        self._gone = self._counted(f"SELECT kind, count(*) AS number FROM {_GONE} GROUP BY kind")
        for file in self._files:
            gone = self._gone.get(file.kind, 0)
            report.files[file.kind] = file.shown
            report.main_kinds.setdefault(file.shown, file.kind if file.of is None else "rows")
            report.sides[file.kind] = {
                "in_source": staged.get(file.kind, 0) + refused.get(file.kind, 0),
                "known": standing.get(file.file, 0) - gone,
                "kept": 0 if ends else gone,
            }
        if not ends:
            self._list(
                f"SELECT kind, key, NULL::int AS line, false AS in_source, true AS in_ours, 'kept' AS why FROM {_GONE}"
            )
            merge.execute(f"TRUNCATE {_GONE}")
            self._gone = {}
        # The roster's own endings follow, and a few of them are looked up one by one.
        merge.uc.execute(f"SET LOCAL enable_nestloop = {before}")

    def may_end(self, *, accept: bool) -> bool:
        """Say whether what is gone may end (see `refuse_removals`)."""
        sides = self.merge.report.sides
        return all(
            refuse_removals(
                self.merge.report,
                file.shown,
                file.kind,
                ending=self._gone.get(file.kind, 0),
                # Cells are a part of their rows: that a few rows no longer have them empties no file.
                covered=max(self._standing.get(file.file, 0), sides[file.of]["known"] if file.of else 0),
                accept=accept,
            )
            for file in self._files
        )

    def _counted(self, sql: str) -> dict[str, int]:
        return {row["kind"]: row["number"] for row in self.merge.rows(sql)}

    def _list(self, sql: str) -> None:
        self.merge.report.reconciliation += self.merge.rows(f"{sql} ORDER BY kind, key LIMIT {KEPT}")

    def load(self) -> None:
        """Write what differs, end what is gone, and count. Runs when the roster is written, whose refused rows it knows."""
        if not self._files:
            return
        merge = self.merge
        merge.uc.execute("SET LOCAL enable_nestloop = off")
        merge.execute("DROP TABLE IF EXISTS ready_carried")
        merge.execute(
            "CREATE TEMP TABLE ready_carried ON COMMIT DROP AS SELECT s.*, c.id, CASE WHEN c.id IS NULL THEN 'added'"
            " WHEN c.row_hash = s.row_hash AND c.valid_to IS NULL THEN 'unchanged' ELSE 'changed' END AS state"
            " FROM stage_carried s LEFT JOIN core_carriedrow c ON c.provider_id = %(provider)s"
            " AND c.source = %(source)s AND c.file = s.file AND c.key = s.key"
        )
        merge.uc.execute("ANALYZE ready_carried (kind, key, state)")
        if merge.report.problems.errors:
            for file in self._files:
                self._refuse_with_others(file)
        merge.execute(
            "INSERT INTO core_carriedrow (id, provider_id, source, version, file, key, cells, row_hash, valid_from)"
            " SELECT {id:row_number() OVER ()}, %(provider)s, %(source)s, %(version)s, file, key, cells, row_hash, %(day)s"
            " FROM ready_carried WHERE state = 'added'",
            version=self.roster.version,
        )
        merge.execute(
            "UPDATE core_carriedrow t SET cells = r.cells, row_hash = r.row_hash, version = %(version)s, valid_to = NULL"
            " FROM ready_carried r WHERE r.state = 'changed' AND t.id = r.id AND t.provider_id = %(provider)s AND t.source = %(source)s",
            version=self.roster.version,
        )
        merge.execute(
            f"UPDATE core_carriedrow t SET valid_to = greatest(t.valid_from, %(day)s - 1) FROM {_GONE} g"
            " WHERE t.id = g.id AND t.provider_id = %(provider)s AND t.source = %(source)s"
        )
        merge.uc.execute("SET LOCAL enable_nestloop = on")
        self._tell()

    def _refuse_with_others(self, file: CarriedFile) -> None:
        """Refuse what belongs to a row that was refused, and rows that refer to one."""
        merge = self.merge
        if file.of:
            same = "h.key = r.key AND h.line = r.line" if file.by_line else "h.key = r.key"
            merge.execute(
                f"UPDATE ready_carried r SET state = 'refused' WHERE r.kind = %(kind)s AND NOT EXISTS"
                f" (SELECT 1 FROM ready_{file.of} h WHERE {same} AND h.state <> 'refused')",
                kind=file.kind,
            )
            return
        for column, kind in file.refers.items():
            roster = kind in merge.states
            others = f"ready_{kind}" if roster else "ready_carried"
            lines = self.merge.uc.rows(
                "UPDATE ready_carried r SET state = 'refused' WHERE r.kind = %(kind)s AND r.state <> 'refused'"
                f" AND r.cells ? %(column)s AND NOT EXISTS (SELECT 1 FROM {others} h WHERE h.key = r.cells ->> %(column)s"
                f" AND h.state <> 'refused'{'' if roster else ' AND h.file = %(other)s'}) RETURNING r.line",
                {"kind": file.kind, "column": column, "other": kind},
            )
            for line in sorted(row["line"] for row in lines):
                merge.report.problems.error(file.shown, line, column, "refers-to-refused")

    def _tell(self) -> None:
        merge, report = self.merge, self.merge.report
        states: dict[str, dict[str, int]] = defaultdict(dict)
        for row in merge.rows("SELECT kind, state, count(*) AS number FROM ready_carried GROUP BY kind, state"):
            states[row["kind"]][row["state"]] = row["number"]
        for file in self._files:
            found, ended = states[file.kind], self._gone.get(file.kind, 0)
            numbers = {
                "added": found.get("added", 0),
                "changed": found.get("changed", 0) + ended,
                "unchanged": found.get("unchanged", 0),
                "refused": found.get("refused", 0),
                "ended": ended,
            }
            report.sides[file.kind]["taken"] = sum(found.values()) - numbers["refused"]
            if file.of is None:
                report.count(file.kind, **numbers)
            else:
                report.kinds[file.kind] = numbers
        self._count_rows_with_other_cells()
        self._list(
            "SELECT kind, key, line, true AS in_source, false AS in_ours, 'refused' AS why FROM ready_carried"
            f" WHERE state = 'refused' UNION ALL SELECT kind, key, NULL, false, true, 'ended' FROM {_GONE}"
        )

    def _count_rows_with_other_cells(self) -> None:
        """Let the totals say that a row has changed where only what is carried of it did."""
        hosts: dict[str, list[str]] = defaultdict(list)
        for file in self._files:
            if file.of:
                hosts[file.of].append(file.kind)
        for host, kinds in hosts.items():
            [row] = self.merge.uc.rows(
                "SELECT count(DISTINCT o.key) AS number FROM (SELECT kind, key FROM ready_carried WHERE state IN"
                f" ('added', 'changed') UNION ALL SELECT kind, key FROM {_GONE}) o JOIN ready_{host} h ON h.key = o.key"
                " WHERE o.kind = ANY (%(kinds)s) AND h.state IN ('unchanged', 'agreed')",
                {"kinds": kinds},
            )
            self.merge.report.changed += row["number"]
            self.merge.report.unchanged -= row["number"]


def count_carried(uc: UseCase, report: Report, *, provider_id: UUID, source: str) -> Mapping[str, Mapping[str, int]]:
    """Return for each kind of carried rows in the report how many stand here, and how many of them the source has brought."""
    found = {
        row["file"]: row
        for row in uc.rows(
            "SELECT file, count(*) AS ours, count(*) FILTER (WHERE source = %(source)s) AS brought FROM core_carriedrow"
            " WHERE provider_id = %(provider)s AND valid_to IS NULL GROUP BY file",
            {"provider": provider_id, "source": source},
        )
    }
    none = {"ours": 0, "brought": 0}
    sides = {}
    for kind in report.sides:
        row = found.get(kind.partition(".")[0], none)
        sides[kind] = {"in_ours": row["ours"], "from_source": row["brought"]}
    return sides
