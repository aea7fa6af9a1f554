"""Writes of the national code lists."""

from collections.abc import Sequence
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
        same = "c.list_uri = s.list_uri AND c.value = s.value AND c.version = s.version"
        changed = uc.execute(
            f"UPDATE core_code c SET {', '.join(f'{name} = s.{name}' for name in _PLAIN)}, sys_from = now()"
            f" FROM stage_code s WHERE {same} AND c.row_hash IS DISTINCT FROM s.row_hash"
        )
        names = ", ".join(name for name, _ in _COLUMNS)
        added = uc.execute(
            f"INSERT INTO core_code ({names}) SELECT {names} FROM stage_code s"
            f" WHERE NOT EXISTS (SELECT 1 FROM core_code c WHERE {same})"
        )
        report.count(
            "codes",
            added=added,
            changed=changed,
            unchanged=len(rows) - added - changed,
            refused=report.problems.refused_rows,
        )

    return run(uc, report, load, kind="codes", source=SOURCE, file_hash=file_hash, dry_run=dry_run, partial=partial)
