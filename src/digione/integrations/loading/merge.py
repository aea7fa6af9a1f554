"""The set-wise merge of a staged roster into the provider's tables: a few statements for all rows of a kind."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from digione.core.outbox import announce
from digione.core.use_case import UseCase
from digione.integrations.loading.reconciliation import KEPT
from digione.integrations.loading.report import Report

#: A UUID version 7 made where the rows are, so that a million of them need not travel. `n` counts up within a
#: statement: it fills the twelve bits after the moment and runs over into the milliseconds, so that ids come in order.
_NEW_ID = (
    "encode(int8send(%(moment)s::bigint + ((({n})::bigint >> 12) << 16) + (({n})::bigint & 4095))"
    " || substring(uuid_send(gen_random_uuid()) FROM 9), 'hex')::uuid"
)
#: The ready rows `r` that stand already and are written: what the source says of what it masters.
MASTERED = "r.state IN ('linked', 'changed') AND r.masters"
#: The period that a known row gets: a day that is not told stays.
KEPT_PERIOD = {"valid_from": "least(coalesce(r.valid_from, t.valid_from), r.valid_to)", "valid_to": "r.valid_to"}
#: The keys `k` whose source has the row still. One that no run has touched came with the demonstration, and lasts.
LASTING = "(k.row_hash IS NOT NULL OR k.run_id IS NULL)"
#: The row's key where it has the form of an id of our own.
_OWN_ID = "CASE WHEN r.key ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' THEN r.key::uuid END"
#: Up to how many new or changed rows of a kind are looked up one by one.
_FEW = 1_000


def _moment() -> int:
    # The first half of a UUID version 7 (RFC 9562): 48 bits of milliseconds, the version, twelve bits to count in.
    return (time.time_ns() // 1_000_000) << 16 | 0x7000


@dataclass(frozen=True, slots=True)
class Reference:
    """`column` becomes our id of the row of `kind` that the source calls by `key`."""

    column: str
    kind: str
    key: str
    #: More columns of the row that is referred to.
    also: tuple[str, ...] = ()


@dataclass
class Merge:
    """One run's merge: where it is, and what it has found so far."""

    uc: UseCase
    report: Report
    provider_id: UUID
    source: str
    run_id: UUID
    files: dict[str, str]
    #: From when something holds whose source names no day: the beginning of the school year.
    since: date = field(default_factory=date.today)
    #: Whether the roster's keys may be ids of our own rows, because it was written here.
    own_ids: bool = False
    #: What the source calls a field of a row (see `Roster.column`).
    column: Callable[[str, str, str], str] = lambda kind, key, name: name
    #: How many rows of each kind are in which state, as `ready` found them.
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    #: How many of them mean a row that this key of the source does not master.
    _foreign: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """The parameters that every statement may name."""
        return {
            "provider": self.provider_id,
            "source": self.source,
            "run": self.run_id,
            "since": self.since,
            "day": self.uc.today,
            "moment": _moment(),
        }

    def execute(self, sql: str, **more: Any) -> int:
        """Run a statement with the parameters of the merge; `{id:n}` makes a new id, `n` being any number of the row."""
        return self.uc.execute(_with_ids(sql), {**self.values, **more})

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement with the parameters of the merge and return its rows."""
        return self.uc.rows(_with_ids(sql), self.values)

    def count(self, sql: str) -> int:
        """Return the one number that a statement gives."""
        return int(self.uc.json(sql, self.values) or 0)

    def has(self, kind: str, *states: str) -> bool:
        """Say whether any row of the kind came out of `ready` (or of a match after it) in one of the states."""
        return any(self.states[kind].get(state) for state in states)

    def foreign(self, kind: str, *states: str) -> int:
        """Return how many rows of the kind in one of the states mean a row that their key does not master."""
        return sum(self._foreign[kind].get(state, 0) for state in states)

    def blame(self, kind: str, row: dict[str, Any], *fields: str) -> tuple[str, int, str]:
        """Return file, line and column of a fault. `row` has its key and line; `fields` are ours, without repetition."""
        # What is made of several columns is told by all of them.
        columns = dict.fromkeys(column for name in fields for column in self.column(kind, row["key"], name).split(", "))
        return self.files[kind], row["line"], ", ".join(columns)

    def recount(self, kind: str) -> None:
        """Count the states of the kind's rows anew."""
        found = self.rows(
            "SELECT state, count(*) AS number, count(*) FILTER (WHERE NOT masters) AS others"
            f" FROM ready_{kind} GROUP BY state"
        )
        self.states[kind] = numbers = {row["state"]: row["number"] for row in found}
        self._foreign[kind] = {row["state"]: row["others"] for row in found}
        # After a first load the statistics still say that the tables are empty, and a nested loop planned on their word
        # takes hours; the application's role may not ANALYZE them. So many new or changed rows are joined by hashing.
        # A few are looked up one by one, or each nightly run would read through the people of the whole nation.
        few = sum(numbers.get(state, 0) for state in ("added", "linked", "changed")) <= _FEW
        self.uc.execute(f"SET LOCAL enable_nestloop = {'on' if few else 'off'}")

    def ready(self, kind: str, references: list[Reference]) -> None:
        """Make `ready_<kind>` from the staged rows: our id, the state, the ids that are referred to.

        States: added, changed, unchanged, refused (what it refers to was refused). `masters` says whether the key
        masters the row.
        """
        joins, columns, missing = "", "", ""
        for number, reference in enumerate(references):
            alias = f"r{number}"
            joins += (
                f" LEFT JOIN ready_{reference.kind} {alias} ON {alias}.key = s.{reference.key}"
                f" AND {alias}.state <> 'refused'"
            )
            columns += f", {alias}.id AS {reference.column}"
            columns += "".join(f", {alias}.{name}" for name in reference.also)
            missing += f" WHEN s.{reference.key} IS NOT NULL AND {alias}.id IS NULL THEN 'refused'"
        self.execute(f"DROP TABLE IF EXISTS ready_{kind}")
        self.execute("SET LOCAL enable_nestloop = off")
        self.execute(
            f"CREATE TEMP TABLE ready_{kind} ON COMMIT DROP AS"
            f" SELECT s.*, coalesce(k.target_id, {{id:s.line}}) AS id, coalesce(k.masters, true) AS masters{columns},"
            f" CASE{missing} WHEN k.target_id IS NULL THEN 'added' WHEN k.row_hash = s.row_hash THEN 'unchanged'"
            f" ELSE 'changed' END AS state FROM stage_{kind} s"
            " LEFT JOIN core_sourcekey k ON k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = s.key{joins}"
        )
        self.execute(f"ANALYZE ready_{kind} (key, id, state)")
        self.recount(kind)
        if not self.has(kind, "refused"):
            return
        for row in self.rows(f"SELECT line FROM ready_{kind} WHERE state = 'refused' ORDER BY line"):
            self.report.problems.error(
                self.files[kind],
                row["line"],
                "",
                "refers-to-refused",
            )

    def once(self, kind: str, table: str, identity: list[str], period: bool) -> None:
        """Refuse rows that say the same twice, and take the row that another source brought instead of a second one."""
        if not self.has(kind, "added", "changed"):
            return
        start = ["coalesce(valid_from, %(since)s)"] if period else []
        for line in self.refuse_repeated(kind, [*identity, *start]):
            self.report.problems.error(self.files[kind], line, "", "same-twice")
        same = " AND ".join(f"t.{column} = r.{column}" for column in identity)
        self.link_own(kind, table)
        since = " AND t.valid_from = coalesce(r.valid_from, %(since)s)" if period else ""
        self.link(kind, f"{table} t", f"t.provider_id = %(provider)s AND {same}{since}")
        if period and self.own_ids:
            # Who tells no first day means what is going on, whenever it began.
            self.link(
                kind,
                f"{table} t",
                f"r.valid_from IS NULL AND t.provider_id = %(provider)s AND {same}"
                " AND (t.valid_to IS NULL OR t.valid_to >= %(day)s)",
            )

    def link(self, kind: str, found: str, condition: str) -> None:
        """Let added rows mean those that stand already. `found`: the FROM that has `t`; `condition`: SQL over it and `r`."""
        linked = self.execute(
            f"UPDATE ready_{kind} r SET id = t.id, state = 'linked', masters = false FROM {found}"
            f" WHERE r.state = 'added' AND {condition}"
        )
        self._foreign[kind]["linked"] = self._foreign[kind].get("linked", 0) + linked

    def link_own(self, kind: str, *tables: str, always: bool = False) -> None:
        """Let added rows of a roster that was written here mean the provider's rows whose ids are their keys.

        `tables` have `id` and `provider_id`. `always`: of any roster, since such a row tells of nobody.
        """
        for table in tables if self.own_ids or (always and self.has(kind, "added")) else ():
            self.link(kind, f"{table} t", f"t.provider_id = %(provider)s AND t.id = {_OWN_ID}")

    def remark_twins(self, kind: str, table: str, same: str, said: str) -> list[dict[str, Any]]:
        """Return the new and changed rows of which another source has brought one that is as good as the same: SQL over `r`, `t`.

        Nothing is linked by that. With each come `id`, the twin's, and `said`, SQL of what tells a reader which it is.
        """
        if not self.has(kind, "added", "changed"):
            return []
        return self.rows(
            f"SELECT DISTINCT ON (r.line) r.line, t.id::text AS id, {said} AS said FROM ready_{kind} r JOIN {table} t"
            f" ON t.provider_id = %(provider)s AND t.id <> r.id AND {same} WHERE r.state IN ('added', 'changed')"
            " AND EXISTS (SELECT 1 FROM core_sourcekey k WHERE k.provider_id = %(provider)s AND k.target_id = t.id"
            f" AND k.kind = '{kind}' AND k.source <> %(source)s AND {LASTING}) ORDER BY r.line, t.id"
        )

    def refuse_repeated(self, kind: str, columns: list[str]) -> list[int]:
        """Refuse the rows that have the same `columns` as an earlier one; return their lines.

        There are seldom any, so that is asked first.
        """
        same = ", ".join(columns)
        if not self.count(
            f"SELECT count(*) FROM (SELECT 1 FROM ready_{kind} WHERE state <> 'refused' GROUP BY {same}"
            " HAVING count(*) > 1) repeated"
        ):
            return []
        refused = self.rows(
            f"UPDATE ready_{kind} r SET state = 'refused' FROM (SELECT key, row_number() OVER (PARTITION BY"
            f" {same} ORDER BY line) AS nth FROM ready_{kind} WHERE state <> 'refused') d"
            " WHERE d.key = r.key AND d.nth > 1 RETURNING r.line"
        )
        return [row["line"] for row in refused]

    def remember(self, kind: str) -> None:
        """Write which of our rows each key of the source means, what the source said last, and whether it masters it."""
        self.recount(kind)
        if self.has(kind, "added", "linked"):
            self.execute(
                "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, row_hash, run_id, masters)"
                f" SELECT %(provider)s, %(source)s, '{kind}', key, id, row_hash, %(run)s, masters"
                f" FROM ready_{kind} WHERE state IN ('added', 'linked')"
            )
        if not self.has(kind, "changed", "held", "agreed"):
            return
        self.execute(
            "UPDATE core_sourcekey k SET row_hash = r.row_hash, run_id = %(run)s, masters = r.masters"
            f" FROM ready_{kind} r WHERE r.state IN ('changed', 'held', 'agreed') AND k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = r.key"
        )

    def write(
        self,
        kind: str,
        table: str,
        columns: dict[str, str],
        *,
        period: bool = False,
        changed: dict[str, str] | None = None,
        same: str = "true",
    ) -> None:
        """Insert the added rows and update what the source masters of the others. `columns`: of the table → SQL over `r`, the ready row.

        `changed`: columns whose update differs from what is inserted; SQL over `r` and `t`, the row that stands. `same`:
        SQL over both that is true where what hangs on the row is as the source says.
        """
        names, values = ", ".join(columns), ", ".join(columns.values())
        dates, inserted = ("", "")
        updates = {**columns, **(changed or {})}
        if period:
            dates = ", valid_from, valid_to"
            inserted = ", least(coalesce(r.valid_from, %(since)s), r.valid_to), r.valid_to"
            updates |= KEPT_PERIOD
        if self.has(kind, "added"):
            self.execute(
                f"INSERT INTO {table} (id, provider_id, {names}{dates})"
                f" SELECT r.id, %(provider)s, {values}{inserted} FROM ready_{kind} r WHERE r.state = 'added'"
            )
        if not self.has(kind, "linked", "changed"):
            return
        self.agree(kind, table, updates, same)
        written = ", ".join(f"{column} = {value}" for column, value in updates.items())
        self.execute(
            f"UPDATE {table} t SET {written} FROM ready_{kind} r"
            f" WHERE {MASTERED} AND t.id = r.id AND t.provider_id = %(provider)s"
        )

    def agree(self, kind: str, table: str, values: dict[str, str], same: str = "true") -> None:
        """Let changed rows be `agreed` where all that they would write stands already.

        So it is with rows of the demonstration, which no file has told before, and where a source has changed a column
        that is no part of the row. `values` and `same`: as in `write`.
        """
        if not self.has(kind, "changed"):
            return
        self.execute(
            f"UPDATE ready_{kind} r SET state = 'agreed' FROM {table} t WHERE r.state = 'changed' AND r.masters"
            f" AND t.id = r.id AND t.provider_id = %(provider)s AND ({', '.join(f't.{name}' for name in values)})"
            f" IS NOT DISTINCT FROM ({', '.join(values.values())}) AND {same}"
        )

    def missing(self, kind: str) -> tuple[int, int]:
        """Make `gone_<kind>`: what the source said before and no longer says. Return its size, and what was covered."""
        self.execute(f"DROP TABLE IF EXISTS gone_{kind}")
        gone = self.execute(
            f"CREATE TEMP TABLE gone_{kind} ON COMMIT DROP AS SELECT k.key, k.target_id AS id FROM core_sourcekey k"
            " WHERE k.provider_id = %(provider)s AND k.source = %(source)s AND k.row_hash IS NOT NULL"
            f" AND k.kind = '{kind}' AND NOT EXISTS (SELECT 1 FROM stage_{kind} s WHERE s.key = k.key)"
        )
        covered = self.count(
            "SELECT count(*) FROM core_sourcekey WHERE provider_id = %(provider)s AND source = %(source)s"
            f" AND row_hash IS NOT NULL AND kind = '{kind}'"
        )
        return gone, covered

    def nothing_gone(self, kind: str) -> None:
        """Make `gone_<kind>` without a row: what a file is silent about goes on."""
        self.execute(f"DROP TABLE IF EXISTS gone_{kind}")
        self.execute(f"CREATE TEMP TABLE gone_{kind} (key text, id uuid) ON COMMIT DROP")

    def end(self, kind: str, statement: str) -> None:
        """Forget the hash of what is gone, so that it can come back as changed, and end it by `statement`.

        What another source of the provider still has goes on, and that source masters it from now on.
        """
        if not self.count(f"SELECT count(*) FROM gone_{kind}"):
            return
        self.execute(
            f"UPDATE core_sourcekey k SET row_hash = NULL, run_id = %(run)s FROM gone_{kind} g"
            " WHERE k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = g.key"
        )
        self.execute(
            f"WITH spared AS (DELETE FROM gone_{kind} g USING core_sourcekey k WHERE k.provider_id = %(provider)s"
            f" AND k.target_id = g.id AND k.kind = '{kind}' AND {LASTING} RETURNING g.key, g.id),"
            " released AS (UPDATE core_sourcekey k SET masters = false FROM spared s WHERE k.provider_id = %(provider)s"
            f" AND k.source = %(source)s AND k.kind = '{kind}' AND k.key = s.key AND k.masters RETURNING k.target_id)"
            # What the heir said last was held back; without its hash, its next file is taken as changed.
            " UPDATE core_sourcekey k SET masters = true, row_hash = '' FROM (SELECT DISTINCT ON (k.target_id)"
            " k.source, k.key FROM released r JOIN core_sourcekey k ON k.target_id = r.target_id"
            f" WHERE k.provider_id = %(provider)s AND k.kind = '{kind}' AND {LASTING}"
            " ORDER BY k.target_id, k.source, k.key) heir WHERE k.provider_id = %(provider)s AND k.source = heir.source"
            f" AND k.kind = '{kind}' AND k.key = heir.key"
        )
        self.execute(statement)

    def tell(self, kind: str, event: str) -> None:
        """Count the kind's rows for the report, announce how many were changed, and list what differs."""
        self.recount(kind)
        numbers = self.states[kind]
        linked = numbers.get("linked", 0)
        if linked and kind == "person":
            # Of those whom other providers alone know, the report reads as of anybody who is new.
            linked = self.count("SELECT count(*) FROM ready_person WHERE state = 'linked' AND known_here")
        ended = self.count(f"SELECT count(*) FROM gone_{kind}")
        self.report.count(
            kind,
            added=numbers.get("added", 0) + numbers.get("linked", 0),
            linked=linked,
            changed=numbers.get("changed", 0) + ended,
            unchanged=numbers.get("unchanged", 0) + numbers.get("agreed", 0),
            ended=ended,
        )
        told: dict[str, Any] = {state: numbers.get(state, 0) for state in ("added", "linked", "changed")}
        told["ended"] = ended
        if any(told.values()):
            # One event for the run: which rows they are is what the change feed tells, which costs no row anything.
            announce(self.uc, f"{event}_imported", provider_id=self.provider_id, run=self.run_id, **told)
        if not ended and not self.has(kind, "refused"):
            return
        self.report.reconciliation += self.uc.rows(
            f"SELECT '{kind}' AS kind, key, line, true AS in_source, false AS in_ours, 'refused' AS why"
            f" FROM ready_{kind} WHERE state = 'refused'"
            f" UNION ALL SELECT '{kind}', key, NULL, false, true, 'ended' FROM gone_{kind} LIMIT {KEPT}"
        )


def _with_ids(sql: str) -> str:
    return re.sub(r"\{id:(.*?)\}", lambda found: _NEW_ID.replace("{n}", found[1]), sql)
