"""The set-wise merge of a staged roster into the provider's tables: a few statements for all rows of a kind."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from digione.core.use_case import UseCase
from digione.integrations.loading.report import Report

#: A UUID version 7 made where the rows are, so that a million of them need not travel.
NEW_ID = (
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' ||"
    " substr(replace(gen_random_uuid()::text, '-', ''), 14, 19))::uuid"
)


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

    @property
    def values(self) -> dict[str, Any]:
        """The parameters that every statement may name."""
        return {
            "provider": self.provider_id,
            "source": self.source,
            "run": self.run_id,
            "since": self.since,
            "day": self.uc.today,
        }

    def execute(self, sql: str, **more: Any) -> int:
        """Run a statement with the parameters of the merge; `{id}` makes a new id."""
        return self.uc.execute(sql.replace("{id}", NEW_ID), {**self.values, **more})

    def count(self, sql: str) -> int:
        """Return the one number that a statement gives."""
        return int(self.uc.json(sql, self.values) or 0)

    def ready(self, kind: str, hashed: list[str], references: list[Reference]) -> None:
        """Make `ready_<kind>` from the staged rows: our id, the state, the ids that are referred to.

        States: added, changed, unchanged, refused (what it refers to was refused).
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
        names = ", ".join(f"s.{name}" for name in hashed)
        self.execute(f"DROP TABLE IF EXISTS ready_{kind}")
        self.execute(
            f"CREATE TEMP TABLE ready_{kind} ON COMMIT DROP AS"
            f" SELECT s.*, h.row_hash, coalesce(k.target_id, {{id}}) AS id{columns},"
            f" CASE{missing} WHEN k.target_id IS NULL THEN 'added' WHEN k.row_hash = h.row_hash THEN 'unchanged'"
            " ELSE 'changed' END AS state"
            f" FROM stage_{kind} s CROSS JOIN LATERAL (SELECT decode(md5(ROW({names})::text), 'hex') AS row_hash OFFSET 0) h"
            " LEFT JOIN core_sourcekey k ON k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = s.key{joins}"
        )
        self.execute(f"CREATE INDEX ON ready_{kind} (key)")
        self.execute(f"ANALYZE ready_{kind}")
        for row in self.uc.rows(f"SELECT line FROM ready_{kind} WHERE state = 'refused' ORDER BY line"):
            self.report.problems.error(
                self.files[kind],
                row["line"],
                "",
                "refers-to-refused",
            )

    def once(self, kind: str, table: str, identity: list[str], period: bool) -> None:
        """Refuse rows that say the same twice, and take the row that another source brought instead of a second one."""
        identity_sql = ", ".join(identity)
        start = ", coalesce(valid_from, %(since)s)" if period else ""
        for row in self.uc.rows(
            f"UPDATE ready_{kind} r SET state = 'refused' FROM (SELECT key, row_number() OVER (PARTITION BY"
            f" {identity_sql}{start} ORDER BY line) AS nth FROM ready_{kind} WHERE state <> 'refused') d"
            " WHERE d.key = r.key AND d.nth > 1 RETURNING r.line",
            self.values,
        ):
            self.report.problems.error(self.files[kind], row["line"], "", "same-twice")
        same = " AND ".join(f"t.{column} = r.{column}" for column in identity)
        start = " AND t.valid_from = coalesce(r.valid_from, %(since)s)" if period else ""
        self.execute(
            f"UPDATE ready_{kind} r SET id = t.id, state = 'linked' FROM {table} t"
            f" WHERE r.state = 'added' AND t.provider_id = %(provider)s AND {same}{start}"
        )

    def remember(self, kind: str) -> None:
        """Write which of our rows each key of the source means, and what the source said last."""
        self.execute(
            "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, row_hash, run_id)"
            f" SELECT %(provider)s, %(source)s, '{kind}', key, id, row_hash, %(run)s FROM ready_{kind}"
            " WHERE state IN ('added', 'linked')"
        )
        self.execute(
            f"UPDATE core_sourcekey k SET row_hash = r.row_hash, run_id = %(run)s FROM ready_{kind} r"
            " WHERE r.state = 'changed' AND k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = r.key"
        )

    def write(self, kind: str, table: str, columns: dict[str, str], *, period: bool = False) -> None:
        """Insert the added rows and update the changed ones. `columns`: of the table → SQL over `r`, the ready row."""
        names, values = ", ".join(columns), ", ".join(columns.values())
        dates, inserted = ("", "")
        updates = [f"{column} = {value}" for column, value in columns.items()]
        if period:
            dates = ", valid_from, valid_to"
            inserted = ", least(coalesce(r.valid_from, %(since)s), r.valid_to), r.valid_to"
            updates += ["valid_from = least(coalesce(r.valid_from, t.valid_from), r.valid_to)", "valid_to = r.valid_to"]
        self.execute(
            f"INSERT INTO {table} (id, provider_id, {names}{dates})"
            f" SELECT r.id, %(provider)s, {values}{inserted} FROM ready_{kind} r WHERE r.state = 'added'"
        )
        self.execute(
            f"UPDATE {table} t SET {', '.join(updates)} FROM ready_{kind} r"
            " WHERE r.state = 'changed' AND t.id = r.id AND t.provider_id = %(provider)s"
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

    def end(self, kind: str, statement: str) -> None:
        """Forget the hash of what is gone, so that it can come back as changed, and end it by `statement`.

        What another source of the provider still has goes on.
        """
        self.execute(
            f"UPDATE core_sourcekey k SET row_hash = NULL, run_id = %(run)s FROM gone_{kind} g"
            " WHERE k.provider_id = %(provider)s AND k.source = %(source)s"
            f" AND k.kind = '{kind}' AND k.key = g.key"
        )
        self.execute(
            f"DELETE FROM gone_{kind} g USING core_sourcekey k WHERE k.provider_id = %(provider)s AND k.target_id = g.id"
            f" AND k.kind = '{kind}' AND k.row_hash IS NOT NULL"
        )
        self.execute(statement)

    def tell(self, kind: str, event: str) -> None:
        """Count the kind's rows for the report, announce what changed, and list what differs."""
        states = self.uc.rows(f"SELECT state, count(*) AS number FROM ready_{kind} GROUP BY state")
        numbers = {row["state"]: row["number"] for row in states}
        ended = self.count(f"SELECT count(*) FROM gone_{kind}")
        self.report.count(
            kind,
            added=numbers.get("added", 0) + numbers.get("linked", 0),
            changed=numbers.get("changed", 0) + ended,
            unchanged=numbers.get("unchanged", 0),
            ended=ended,
        )
        self.execute(
            "INSERT INTO core_outbox (id, provider_id, type, subject)"
            f" SELECT {{id}}, %(provider)s, '{event}_' || CASE state WHEN 'linked' THEN 'added' ELSE state END, id"
            f" FROM ready_{kind} WHERE state IN ('added', 'linked', 'changed')"
            f" UNION ALL SELECT {{id}}, %(provider)s, '{event}_ended', id FROM gone_{kind}"
        )
        self.report.reconciliation += self.uc.rows(
            f"SELECT '{kind}' AS kind, key, line, true AS in_source, false AS in_ours, 'refused' AS why"
            f" FROM ready_{kind} WHERE state = 'refused'"
            f" UNION ALL SELECT '{kind}', key, NULL, false, true, 'ended: not in the source any more' FROM gone_{kind}"
            " LIMIT 1000"
        )
