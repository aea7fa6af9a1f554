"""`digione import koski`."""

from digione.core.clock import today
from digione.integrations.koski.documents import Reading
from digione.integrations.koski.services import import_documents
from digione.integrations.loading.services import provider_by_oid
from digione.integrations.loading.work import Work, hash_of


def koski(work: Work) -> None:
    """Bring documents of study rights in, from files and folders. Raises `ImportRefusedError`."""
    at = work.actor.at(provider_by_oid(work.actor, oid=work.provider))
    work.progress("read")
    with Reading(work.report.problems, today()) as reading:
        reading.read(work.paths)
        import_documents(
            at,
            reading=reading,
            report=work.report,
            source=work.source or "koski",
            file_hash=hash_of(work.paths),
            dry_run=work.dry_run,
            partial=work.partial,
            progress=work.progress,
        )
