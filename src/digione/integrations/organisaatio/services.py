"""Writes of the organisation register."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from digione.access.permissions import Event, Permission
from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase, use_case
from digione.integrations.loading.facts import refuse_removals, run, stage
from digione.integrations.loading.report import Report
from digione.integrations.organisaatio.reader import OrganisationRow

SOURCE = "organisaatiopalvelu"
_COLUMNS = (
    ("place", "int"),
    ("id", "uuid"),
    ("oid", "text"),
    ("parent_oid", "text"),
    ("provider_oid", "text"),
    ("kinds", "text[]"),
    ("name", "jsonb"),
    ("sort_key", "text"),
    ("business_id", "text"),
    ("school_code", "text"),
    ("school_type", "text"),
    ("municipality_code", "text"),
    ("languages", "text[]"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("row_hash", "bytea"),
)
_PLAIN = tuple(name for name, _ in _COLUMNS[5:])


@use_case(Permission.REGISTER_IMPORT, Event.REGISTER_IMPORTED)
def import_organisations(
    uc: UseCase,
    *,
    rows: Sequence[OrganisationRow],
    report: Report,
    file: str,
    file_hash: str,
    whole: bool = True,
    dry_run: bool = False,
    partial: bool = False,
    accept_removals: bool = False,
) -> Report:
    """Bring our copy of the register to what `rows` say. With `whole`, what they no longer have is ended today."""
    uc.check()

    # What was refused is not gone: nothing is ended on the word of a file that could not be read whole.
    whole = whole and not report.problems.errors

    def load(run_id: UUID) -> None:
        stage(
            uc,
            "stage_organisation",
            _COLUMNS,
            (
                (
                    place,
                    new_id(),
                    row.oid,
                    row.parent_oid,
                    row.provider_oid,
                    row.kinds,
                    Jsonb(row.name),
                    row.sort_key,
                    row.business_id,
                    row.school_code,
                    row.school_type,
                    row.municipality_code,
                    row.languages,
                    row.valid_from,
                    row.valid_to,
                    row.digest(),
                )
                for place, row in enumerate(rows)
            ),
        )
        uc.execute("CREATE INDEX ON stage_organisation (oid)")
        _merge(uc, report, file, rows, whole=whole, accept_removals=accept_removals)

    report.main_kinds = dict.fromkeys((file, *report.problems.refused_in), "organisations")
    return run(
        uc,
        report,
        load,
        ours=lambda: _ours(uc),
        kind="organisations",
        source=SOURCE,
        file_hash=file_hash,
        dry_run=dry_run,
        partial=partial,
    )


def _merge(
    uc: UseCase, report: Report, file: str, rows: Sequence[OrganisationRow], *, whole: bool, accept_removals: bool
) -> None:
    staged = uc.json("SELECT count(*) FROM stage_organisation")
    report.sides["organisations"] = {
        "in_source": staged + sum(report.problems.refused_in.values()),
        "known": uc.json(
            "SELECT count(*) FROM stage_organisation s JOIN organisations_organisation o ON o.oid = s.oid"
        ),
    }
    _refuse_orphans(uc, report, rows)
    whole = whole and not report.problems.errors
    report.count("organisations", refused=report.problems.refused_rows)
    gone = uc.rows(
        "SELECT o.id, o.oid FROM organisations_organisation o WHERE o.source = %s AND o.oid IS NOT NULL"
        " AND (o.valid_to IS NULL OR o.valid_to > %s)"
        " AND NOT EXISTS (SELECT 1 FROM stage_organisation s WHERE s.oid = o.oid) ORDER BY o.oid",
        [SOURCE, uc.today],
    )
    if whole:
        covered = uc.json("SELECT count(*) FROM organisations_organisation WHERE source = %s", [SOURCE])
        if not refuse_removals(
            report, file, "organisations", ending=len(gone), covered=covered, accept=accept_removals
        ):
            return
    sets = ", ".join(f"{name} = s.{name}" for name in _PLAIN)
    changed = uc.rows(
        f"UPDATE organisations_organisation o SET {sets}, source = %s FROM stage_organisation s"
        " WHERE o.oid = s.oid AND o.row_hash IS DISTINCT FROM s.row_hash RETURNING o.id",
        [SOURCE],
    )
    unchanged = uc.json(
        "SELECT count(*) FROM organisations_organisation o JOIN stage_organisation s ON s.oid = o.oid"
    ) - len(changed)
    names = ", ".join(_PLAIN)
    added = uc.rows(
        f"INSERT INTO organisations_organisation (id, oid, source, {names})"
        f" SELECT s.id, s.oid, %s, {names} FROM stage_organisation s"
        " WHERE NOT EXISTS (SELECT 1 FROM organisations_organisation o WHERE o.oid = s.oid) ORDER BY place RETURNING id",
        [SOURCE],
    )
    # Parents and providers are set once all rows are there, and only where they differ.
    moved = uc.rows(
        "UPDATE organisations_organisation o SET parent_id = p.id, provider_id = v.id FROM stage_organisation s"
        " LEFT JOIN organisations_organisation p ON p.oid = s.parent_oid"
        " LEFT JOIN organisations_organisation v ON v.oid = s.provider_oid"
        " WHERE o.oid = s.oid AND (o.parent_id, o.provider_id) IS DISTINCT FROM (p.id, v.id) RETURNING o.id"
    )
    ended = []
    if whole and gone:
        ended = uc.rows(
            "UPDATE organisations_organisation SET valid_to = greatest(valid_from, %s), row_hash = NULL"
            " WHERE id = ANY (%s) RETURNING id",
            [uc.today, [row["id"] for row in gone]],
        )
    new_ids, touched = {row["id"] for row in added}, {row["id"] for row in changed}
    also = {row["id"] for row in moved} - new_ids - touched
    touched |= also
    report.count(
        "organisations",
        added=len(added),
        changed=len(touched) + len(ended),
        unchanged=unchanged - len(also),
        ended=len(ended),
    )
    uc.execute(
        "INSERT INTO core_outbox (id, provider_id, type, subject)"
        " SELECT gen_random_uuid(), NULL, what, id FROM unnest(%s::uuid[], %s::text[]) AS event (id, what)",
        [
            [*new_ids, *touched, *(row["id"] for row in ended)],
            ["organisations.organisation_added"] * len(new_ids)
            + ["organisations.organisation_changed"] * len(touched)
            + ["organisations.organisation_ended"] * len(ended),
        ],
    )
    report.sides["organisations"]["taken"] = uc.json("SELECT count(*) FROM stage_organisation")
    report.sides["organisations"]["kept"] = 0 if whole else len(gone)
    report.reconciliation = _only_here("ended", gone) if whole else _only_here("kept", gone)


def _only_here(why: str, rows: list[Row]) -> list[dict[str, Any]]:
    return [
        {"kind": "organisations", "key": row["oid"], "line": None, "in_source": False, "in_ours": True, "why": why}
        for row in rows
    ]


def _ours(uc: UseCase) -> dict[str, dict[str, int]]:
    # The register keeps for a while what has closed, with its last day. What it has no more was ended here, and has no
    # hash of a row.
    row = uc.row(
        "SELECT count(*) AS in_ours, count(*) FILTER (WHERE brought) AS from_source FROM ("
        "SELECT valid_to, source = %s AND row_hash IS NOT NULL AS brought FROM organisations_organisation"
        " WHERE oid IS NOT NULL) o WHERE brought OR valid_to IS NULL OR valid_to > %s",
        [SOURCE, uc.today],
    )
    return {"organisations": dict(row or {})}


def _refuse_orphans(uc: UseCase, report: Report, rows: Sequence[OrganisationRow]) -> None:
    """Take away what hangs on nothing, and then what hung on that."""
    while orphans := uc.rows(
        "DELETE FROM stage_organisation s WHERE parent_oid IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM stage_organisation p WHERE p.oid = s.parent_oid)"
        " AND NOT EXISTS (SELECT 1 FROM organisations_organisation p WHERE p.oid = s.parent_oid)"
        " RETURNING place, oid, parent_oid"
    ):
        for orphan in orphans:
            row = rows[orphan["place"]]
            report.problems.error(
                row.file,
                row.line,
                "parentOid",
                "dangling",
                subject=orphan["oid"],
                value=orphan["parent_oid"][:60],
                element=row.element,
            )
