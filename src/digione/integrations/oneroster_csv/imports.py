"""`digione import oneroster`."""

from digione.core.clock import today
from digione.integrations.loading.work import Work
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader


def oneroster(work: Work) -> None:
    """Bring one OneRoster CSV set in."""
    files = Set(work.only(), work.report.problems)
    work.load(Reader(files, today()).roster(), kind="oneroster", source=f"oneroster:{files.system}")
