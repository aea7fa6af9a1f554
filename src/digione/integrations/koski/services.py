"""Writes: documents of study rights into the store."""

from collections.abc import Callable
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.ids import new_id
from digione.core.use_case import UseCase, use_case
from digione.integrations.koski.documents import Reading
from digione.integrations.koski.facts import KIND, load_study_rights
from digione.integrations.loading.facts import refuse_other_keys, run, take_on
from digione.integrations.loading.report import ImportRefusedError, Report
from digione.integrations.loading.roster_facts import load_roster
from digione.integrations.loading.roster_sides import count_ours
from digione.people.facts import one_at_a_time


@use_case(Permission.STUDY_RIGHT_IMPORT, Event.STUDY_RIGHTS_IMPORTED)
def import_documents(
    uc: UseCase,
    *,
    reading: Reading,
    report: Report,
    source: str,
    file_hash: str,
    dry_run: bool = False,
    partial: bool = False,
    any_school: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Report:
    """Bring the study rights that were read, with their learners, into the provider's store; all in one transaction.

    What the documents are silent about goes on: they are never taken for all that the source has. `any_school` is for
    a scratch provider, to which no school belongs. Raises `ImportRefusedError`.
    """
    uc.check()
    provider_id = uc.actor.provider_id
    if provider_id is None:
        raise ImportRefusedError("no-provider")
    refuse_other_keys(uc)

    def load(run_id: UUID) -> None:
        one_at_a_time(uc, provider_id, lambda: progress("wait"))
        take_on(uc, provider_id)
        merge = load_roster(
            uc,
            report,
            reading.roster(),
            provider_id=provider_id,
            source=source,
            run_id=run_id,
            accept_removals=False,
            progress=progress,
        )
        merge.files[KIND] = reading.file
        load_study_rights(merge, reading, any_school=any_school, progress=progress)

    run(
        uc,
        report,
        load,
        ours=lambda: count_ours(uc, report, provider_id=provider_id, source=source),
        kind="koski",
        source=source,
        file_hash=file_hash,
        dry_run=dry_run,
        partial=partial,
    )
    _tell_carried(report, reading)
    uc.touched("people_person", "given_name", "family_name", "birth_date", "sex")
    uc.touched("people_identifier", "value_enc", "digest")
    for table in ("studyright", "studyrightstate", "studyrightextra", "attainment", "assessment"):
        uc.touched(f"studies_{table}", "carried")
    uc.touched("studies_studyrightextra", "kind")
    uc.touched("studies_assessment", "mark", "description")
    uc.saw_in_bulk(kind="koski", source=source, counts=report.counts())
    return report


@use_case(Permission.REGISTER_IMPORT, Event.PROVIDER_ADDED)
def open_scratch_provider(uc: UseCase) -> UUID:
    """Make an education provider without a name for the rest of the transaction, which the caller undoes."""
    uc.check()
    ident = new_id()
    uc.execute("SELECT set_config('digione.provider', %s, true)", [str(ident)])
    uc.execute(
        "INSERT INTO organisations_organisation (id, provider_id, kinds, name, source)"
        " VALUES (%s, %s, '{provider}', '{}', 'scratch')",
        [ident, ident],
    )
    uc.execute(
        "INSERT INTO organisations_provider (id, joined_on, languages) VALUES (%s, %s, '{fi,sv,en}')",
        [ident, uc.today],
    )
    return ident


def _tell_carried(report: Report, reading: Reading) -> None:
    """Tell what the data model has no field for: each place once, with how often it was carried."""
    for place, times in sorted(reading.carried.items()):
        report.problems.warning(reading.file, 0, place, "koski.carried", times=times)
