"""Both sides of a roster's reconciliation: how many rows of a kind the source has, and how many stand here."""

from collections.abc import Mapping
from uuid import UUID

from digione.core.use_case import UseCase
from digione.integrations.loading.carried import count_carried
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.reconciliation import KEPT
from digione.integrations.loading.report import Report

_TODAY = "(valid_to IS NULL OR valid_to >= %(day)s)"
#: The ids of what the provider has of a kind and has not ended.
_STANDING = {
    "school": "SELECT id FROM organisations_organisation WHERE provider_id = %(provider)s AND 'school' = ANY (kinds)"
    f" AND {_TODAY}",
    "session": "SELECT id FROM organisations_academicsession WHERE provider_id = %(provider)s",
    "course": "SELECT id FROM studies_course WHERE provider_id = %(provider)s AND status = 'active'",
    "group": f"SELECT id FROM studies_group WHERE provider_id = %(provider)s AND {_TODAY}",
    "person": f"SELECT DISTINCT person_id AS id FROM people_providerperson WHERE provider_id = %(provider)s AND {_TODAY}",
    "membership": f"SELECT id FROM studies_schoolenrolment WHERE provider_id = %(provider)s AND {_TODAY}"
    f" UNION ALL SELECT id FROM people_staffassignment WHERE provider_id = %(provider)s AND {_TODAY}",
    "guardian": f"SELECT id FROM people_guardianship WHERE provider_id = %(provider)s AND {_TODAY}",
    "enrolment": f"SELECT id FROM studies_enrolment WHERE provider_id = %(provider)s AND {_TODAY}",
    "study_right": "SELECT id FROM studies_studyright WHERE provider_id = %(provider)s",
}


def begin_reconciliation(merge: Merge, kinds: list[str], *, since: int) -> None:
    """Count what the source has of each kind: the rows that were staged, and those that could not be read.

    A refused row counts for the kind that its file is first of all: a table of people is one of people. `since`: how
    many rows had been refused before these kinds were staged.
    """
    report = merge.report
    report.files |= {kind: file for kind, file in merge.files.items() if kind in kinds}
    for kind, file in report.files.items():
        if file not in report.main_kinds or kind == "person":
            report.main_kinds[file] = kind
    told = 0
    for kind in kinds:
        file = merge.files[kind]
        refused = report.problems.refused_in[file] if report.main_kinds[file] == kind else 0
        staged = merge.count(f"SELECT count(*) FROM stage_{kind}")
        report.sides[kind] = {"in_source": staged + refused, "known": 0, "kept": 0}
        if refused:
            report.count(kind, refused=refused)
            told += refused
    # Headers, whole files, and files of which no kind is read.
    report.count("rows", refused=report.problems.refused_rows - since - told)


def list_kept(merge: Merge, kind: str) -> None:
    """List what the source no longer has and what goes on nonetheless, because rows were refused."""
    merge.report.reconciliation += merge.rows(
        f"SELECT '{kind}' AS kind, key, NULL::int AS line, false AS in_source, true AS in_ours, 'kept' AS why"
        f" FROM gone_{kind} ORDER BY key LIMIT {KEPT}"
    )


def count_ours(uc: UseCase, report: Report, *, provider_id: UUID, source: str) -> Mapping[str, Mapping[str, int]]:
    """Return how many rows of each kind of the report stand here today, and how many of them the source has brought.

    A role of a guardian has no row of its own besides the guardianship; it counts as brought.
    """
    values = {"provider": provider_id, "source": source, "day": uc.today}
    keys = "core_sourcekey k WHERE k.provider_id = %(provider)s AND k.source = %(source)s AND k.row_hash IS NOT NULL"
    brought = {
        row["kind"]: row["number"]
        for row in uc.rows(f"SELECT k.kind, count(*) AS number FROM {keys} GROUP BY k.kind", values)
    }
    # Whole kinds are compared; looked up one by one, a million rows would take hours (see `Merge.recount`).
    uc.execute("SET LOCAL enable_nestloop = off")
    ours = dict(count_carried(uc, report, provider_id=provider_id, source=source))
    for kind in report.sides:
        if kind not in _STANDING:
            continue
        others = uc.json(
            f"SELECT count(*) FROM ({_STANDING[kind]}) t WHERE t.id NOT IN"
            f" (SELECT k.target_id FROM {keys} AND k.kind = '{kind}')",
            values,
        )
        number = brought.get(kind, 0)
        ours[kind] = {"in_ours": number + int(others or 0), "from_source": number}
    uc.execute("SET LOCAL enable_nestloop = on")
    return ours


def has_carried(report: Report) -> bool:
    """Say whether a run has read or kept anything that the open data model has no place for."""
    return any(kind not in _STANDING for kind in report.sides)
