"""Writes of the national code lists."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from digione.access.permissions import Event, Permission
from digione.core.ids import new_id
from digione.core.use_case import UseCase, use_case
from digione.integrations.koodisto.reader import CodeRow
from digione.integrations.loading.facts import run, stage
from digione.integrations.loading.report import Report

SOURCE = "koodistopalvelu"
_COLUMNS = (
    ("id", "uuid"),
    ("list_uri", "text"),
    ("value", "text"),
    ("version", "int"),
    ("name", "jsonb"),
    ("short_name", "jsonb"),
    ("description", "jsonb"),
    ("status", "text"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("row_hash", "bytea"),
)
_PLAIN = tuple(name for name, _ in _COLUMNS[4:])
_SAME = "c.list_uri = s.list_uri AND c.value = s.value AND c.version = s.version"


@use_case(Permission.REGISTER_IMPORT, Event.REGISTER_IMPORTED)
def import_codes(
    uc: UseCase,
    *,
    rows: Sequence[CodeRow],
    report: Report,
    file_hash: str,
    dry_run: bool = False,
    partial: bool = False,
) -> Report:
    """Take codes in. Codes that a file no longer has stay: old data still refers to them."""
    uc.check()

    def load(run_id: UUID) -> None:
        stage(
            uc,
            "stage_code",
            _COLUMNS,
            (
                (
                    new_id(),
                    row.list_uri,
                    row.value,
                    row.version,
                    Jsonb(row.name),
                    Jsonb(row.short_name),
                    Jsonb(row.description),
                    row.status,
                    row.valid_from,
                    row.valid_to,
                    row.digest(),
                )
                for row in rows
            ),
        )
        report.sides["codes"] = {
            "in_source": len(rows) + sum(report.problems.refused_in.values()),
            "known": uc.json(f"SELECT count(*) FROM stage_code s JOIN core_code c ON {_SAME}"),
            "taken": len(rows),
        }
        report.reconciliation = _only_here(uc)
        report.sides["codes"]["kept"] = len(report.reconciliation)
        changed = uc.execute(
            f"UPDATE core_code c SET {', '.join(f'{name} = s.{name}' for name in _PLAIN)}, sys_from = now()"
            f" FROM stage_code s WHERE {_SAME} AND c.row_hash IS DISTINCT FROM s.row_hash"
        )
        names = ", ".join(name for name, _ in _COLUMNS)
        added = uc.execute(
            f"INSERT INTO core_code ({names}) SELECT {names} FROM stage_code s"
            f" WHERE NOT EXISTS (SELECT 1 FROM core_code c WHERE {_SAME})"
        )
        report.count(
            "codes",
            added=added,
            changed=changed,
            unchanged=len(rows) - added - changed,
            refused=report.problems.refused_rows,
        )

    lists = sorted({row.list_uri for row in rows})
    report.main_kinds = dict.fromkeys(report.problems.refused_in, "codes")
    return run(
        uc,
        report,
        load,
        ours=lambda: _ours(uc, lists),
        kind="codes",
        source=SOURCE,
        file_hash=file_hash,
        dry_run=dry_run,
        partial=partial,
    )


def _only_here(uc: UseCase) -> list[dict[str, Any]]:
    """Return the codes of the lists that came which the files do not have; they stay."""
    return uc.rows(
        "SELECT 'codes' AS kind, concat_ws(' ', c.list_uri, c.value, c.version) AS key, NULL::int AS line,"
        " false AS in_source, true AS in_ours, 'stays' AS why FROM core_code c"
        " WHERE c.list_uri IN (SELECT list_uri FROM stage_code) AND NOT EXISTS (SELECT 1 FROM stage_code s"
        f" WHERE {_SAME}) ORDER BY c.list_uri, c.value, c.version"
    )


def _ours(uc: UseCase, lists: list[str]) -> dict[str, dict[str, int]]:
    number = uc.json("SELECT count(*) FROM core_code WHERE list_uri = ANY (%s)", [lists])
    # Whatever stands in these lists has come from the code service.
    return {"codes": {"in_ours": number, "from_source": number}}
