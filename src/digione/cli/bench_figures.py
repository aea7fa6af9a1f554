"""What a bench answers with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `limit` has the unit of `value`; what was not measured is None."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    cpu_ms: float | None = None
    statements: float | None = None
    learners: int | None = None
