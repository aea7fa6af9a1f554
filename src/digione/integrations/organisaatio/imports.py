"""`digione import organisations`."""

from digione.integrations.loading.work import Work, hash_of
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations


def organisations(work: Work) -> None:
    """Bring answers of Organisaatiopalvelu in."""
    work.progress("read")
    rows = [row for path in work.paths for row in read_organisations(path, work.report.problems)]
    work.progress("merge")
    import_organisations(
        work.actor,
        rows=rows,
        report=work.report,
        file=work.paths[0].name,
        file_hash=hash_of(work.paths),
        dry_run=work.dry_run,
        partial=work.partial,
        accept_removals=work.accept_removals,
    )
