"""`digione import codes`."""

from digione.integrations.koodisto.reader import files_of, read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading.work import Work, hash_of


def codes(work: Work) -> None:
    """Bring code lists in. None ends, so there is nothing that `accept_removals` could allow."""
    work.progress("read")
    rows = read_codes(work.paths, work.report.problems)
    work.progress("merge")
    import_codes(
        work.actor,
        rows=rows,
        report=work.report,
        file_hash=hash_of(files_of(work.paths)),
        dry_run=work.dry_run,
        partial=work.partial,
    )
