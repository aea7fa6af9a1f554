"""The errors that cross rooms. Their texts are for people; codes are stable."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a fault is: an error refuses, a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input: where it is (`pointer`, dotted path), what is wrong and what to do (`message`)."""

    pointer: str
    code: str
    message: str


class DigiOneError(Exception):
    """Base of everything that we raise on purpose."""


class NotFoundError(DigiOneError):
    """The object does not exist, or does not exist for this actor: nobody may tell the two apart."""


class DeniedError(DigiOneError):
    """Decided without looking at data (scope, purpose, module): 403, and the rule is cited."""

    def __init__(self, reason: str, rule: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule


@dataclass
class InvalidInputError(DigiOneError):
    """The input has faults; all of them are listed."""

    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        return "; ".join(f"{fault.pointer}: {fault.message}" for fault in self.faults)


class ConflictError(DigiOneError):
    """Somebody else changed the row first; read it again and try anew."""


class UnguardedUseCaseError(DigiOneError):
    """A use case returned without having checked anything. A fault of ours, never of the caller."""
