"""What the national register would say of files of documents, as far as its rules are known; nothing is imported."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from digione.integrations.koski.documents import Reading
from digione.integrations.loading.report import Problems


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of a file: it is accepted where none of its documents has an error; warnings are only told."""

    file: str
    problems: Problems

    @property
    def accepted(self) -> bool:
        """Whether the register would take every document of the file."""
        return not self.problems.errors


def verdict_of(path: Path, today: date) -> Verdict:
    """Read a file as an import does, and judge its documents by the register's rules as they are on a day.

    What an import would refuse is an error here too. Raises `ImportRefusedError` where there is nothing to read.
    """
    problems = Problems()
    with Reading(problems, today, refuses=True) as reading:
        reading.read([path])
    return Verdict(path.name, problems)
