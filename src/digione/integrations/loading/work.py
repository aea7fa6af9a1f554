"""What a kind of import is handed when it is asked to bring files in, whoever asks (the command line, a job)."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from digione.core.use_case import Actor
from digione.integrations.loading.report import ImportRefusedError, Report
from digione.integrations.loading.roster import Roster


@dataclass(frozen=True, slots=True)
class Work:
    """Files to bring in, as `actor`, at the provider with the OID `provider` where the kind is a provider's own.

    `source` is a lasting name of the system that the files come from. Faults and counts go to `report`; `progress` is
    told what is being done (`read`, `merge`, a kind of row).
    """

    actor: Actor
    paths: tuple[Path, ...]
    report: Report
    progress: Callable[[str], None]
    provider: str = ""
    source: str | None = None
    dry_run: bool = False
    partial: bool = False
    accept_removals: bool = False

    def only(self) -> Path:
        """Return the path, where the kind takes one alone. Raises `ImportRefusedError` for several."""
        if len(self.paths) != 1:
            raise ImportRefusedError("one-path")
        return self.paths[0]

    def load(self, roster: Roster, *, kind: str, source: str) -> None:
        """Bring what the provider has from `source` to what `roster` says. Raises `ImportRefusedError`."""
        from digione.integrations.loading.services import import_roster, provider_by_oid

        import_roster(
            self.actor.at(provider_by_oid(self.actor, oid=self.provider)),
            roster=roster,
            report=self.report,
            kind=kind,
            source=self.source or source,
            file_hash=hash_of(self.paths),
            progress=self.progress,
            dry_run=self.dry_run,
            partial=self.partial,
            accept_removals=self.accept_removals,
        )


def hash_of(paths: Iterable[Path]) -> str:
    """Return the SHA-256 over the hashes of the files, those of a folder in the order of their names, in hexadecimal."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as stream:
                    total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()
