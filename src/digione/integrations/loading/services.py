"""Writes of rosters, from whatever source they were read: every reader hands over the same form."""

from collections.abc import Callable
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.use_case import UseCase, use_case
from digione.integrations.loading.facts import refuse_other_keys, run, take_on
from digione.integrations.loading.report import ImportRefusedError, Report
from digione.integrations.loading.roster import Roster
from digione.integrations.loading.roster_facts import load_roster
from digione.integrations.loading.roster_sides import count_ours, has_carried
from digione.people.facts import one_at_a_time


@use_case(Permission.ROSTER_IMPORT, Event.ROSTER_IMPORTED)
def import_roster(
    uc: UseCase,
    *,
    roster: Roster,
    report: Report,
    kind: str,
    source: str,
    file_hash: str,
    dry_run: bool = False,
    partial: bool = False,
    accept_removals: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Report:
    """Bring what the provider has from `source` to what `roster` says, all in one transaction, or nothing."""
    uc.check()
    provider_id = uc.actor.provider_id
    if provider_id is None:
        raise ImportRefusedError("no-provider")
    refuse_other_keys(uc)

    def load(run_id: UUID) -> None:
        one_at_a_time(uc, provider_id, lambda: progress("wait"))
        take_on(uc, provider_id)
        load_roster(
            uc,
            report,
            roster,
            provider_id=provider_id,
            source=source,
            run_id=run_id,
            accept_removals=accept_removals,
            progress=progress,
        )

    run(
        uc,
        report,
        load,
        ours=lambda: count_ours(uc, report, provider_id=provider_id, source=source),
        kind=kind,
        source=source,
        file_hash=file_hash,
        dry_run=dry_run,
        partial=partial,
    )
    # A source may tell any of these, and who is protected is looked at for each row.
    uc.touched("people_person", "given_name", "family_name", "birth_date", "sex", "mother_tongue", "non_disclosure")
    uc.touched("people_identifier", "value_enc", "digest")
    uc.touched("people_contact", "value")
    uc.touched("people_guardianship", "guardian_id", "child_id", "limits")
    uc.touched("studies_enrolment", "group_id")
    if has_carried(report):
        uc.touched("core_carriedrow", "cells")
    uc.saw_in_bulk(kind=kind, source=source, counts=report.counts())
    return report


@use_case(Permission.ROSTER_IMPORT, Event.ROSTER_IMPORTED)
def provider_by_oid(uc: UseCase, *, oid: str) -> UUID:
    """Return the education provider that has this OID in the register."""
    uc.check()
    row = uc.row("SELECT id, kinds FROM organisations_organisation WHERE oid = %s", [oid])
    if row is None:
        raise ImportRefusedError("unknown-provider", oid=oid)
    if not {"provider", "early_years_organiser"} & set(row["kinds"]):
        raise ImportRefusedError("not-a-provider", oid=oid)
    found: UUID = row["id"]
    return found
