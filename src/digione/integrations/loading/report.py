"""What an import found and did: problems by file, line and field, and counts."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from digione.core.errors import DigiOneError, Severity
from digione.integrations.loading.messages import message

#: The totals of what became of rows that were taken.
DONE = ("added", "linked", "changed", "unchanged", "held_back", "ended")
#: What no database and no terminal takes: control characters, by which a file could move the cursor, and half characters.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _legible(value: Any) -> Any:
    """Return a value of a problem with a mark for what neither the database nor a terminal can take."""
    return _UNSHOWN.sub("\ufffd", value) if isinstance(value, str) else value


class ImportRefusedError(DigiOneError):
    """The import cannot run as asked. The text says why and what to do, in the language of whoever reads it."""

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = {name: _legible(value) for name, value in parameters.items()}

    def __str__(self) -> str:
        return message(self.code, self.parameters)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the source. `line` counts lines of the file from 1; 0 means the file as a whole.

    `text` names its words in `messages`; `parameters` are what they speak of, as plain JSON. Where lines do not tell rows
    apart, as in JSON, the parameter `element` does: the message ends with it.
    """

    severity: Severity
    file: str
    line: int
    field: str
    text: str
    parameters: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The stable code by which programs know this kind of problem."""
        return self.text.partition(".")[0]

    @property
    def message(self) -> str:
        """What is wrong, in the language that is active."""
        return message(self.text, self.parameters)

    @property
    def row(self) -> tuple[str, int, str]:
        """What the problems of one row have in common."""
        return self.file, self.line, self.parameters.get("element", "")

    def _place(self) -> dict[str, Any]:
        return {"severity": str(self.severity), "file": self.file, "line": self.line, "field": self.field}

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as it is printed, in the language that is active."""
        return {**self._place(), "code": self.code, "message": self.message}

    def stored(self) -> dict[str, Any]:
        """Return the problem as a run keeps it: without words, so that each reader gets it in their own language."""
        return {**self._place(), "code": self.text, "parameters": dict(self.parameters)}


@dataclass
class Problems:
    """Collects problems. Each code keeps `limit` examples, so that a million bad rows neither flood nor fill memory."""

    limit: int = 10_000
    found: list[Problem] = field(default_factory=list)
    errors: int = 0
    warnings: int = 0
    refused_rows: int = 0
    #: How many rows of each file were refused; a header and a whole file are no rows.
    refused_in: Counter[str] = field(default_factory=Counter)
    _last_refused: tuple[str, int, str] = ("", -1, "")
    _by_code: Counter[tuple[str, str]] = field(default_factory=Counter)

    def error(self, file: str, line: int, name: str, code: str, /, **parameters: Any) -> None:
        """Note a fault for which the row (or the file) is refused."""
        self.errors += 1
        problem = Problem(Severity.ERROR, file, line, name, code, parameters)
        # The errors of one row follow each other, so counting rows needs no memory of them all.
        if problem.row != self._last_refused:
            self.refused_rows += 1
            self.refused_in[file] += line > 0
            self._last_refused = problem.row
        self._add(problem)

    def warning(self, file: str, line: int, name: str, code: str, /, **parameters: Any) -> None:
        """Note something that is only told; the row is taken."""
        self.warnings += 1
        self._add(Problem(Severity.WARNING, file, line, name, code, parameters))

    def _add(self, problem: Problem) -> None:
        key = (problem.file, problem.code)
        self._by_code[key] += 1
        if self._by_code[key] <= self.limit:
            said = {name: _legible(value) for name, value in problem.parameters.items()}
            self.found.append(
                replace(problem, file=_legible(problem.file), field=_legible(problem.field), parameters=said)
            )

    def take(self) -> "Problems":
        """Return what was collected so far, and begin anew. Rows of a file that was read to its end meet no more faults."""
        taken = replace(self)
        fresh = Problems(self.limit)
        self.__dict__.update(fresh.__dict__)
        return taken

    def absorb(self, other: "Problems") -> None:
        """Add what `other` collected; of each code, `limit` examples are kept in all."""
        self.errors += other.errors
        self.warnings += other.warnings
        self.refused_rows += other.refused_rows
        self.refused_in += other.refused_in
        for problem in other.found:
            key = (problem.file, problem.code)
            self._by_code[key] += 1
            other._by_code[key] -= 1
            if self._by_code[key] <= self.limit:
                self.found.append(problem)
        # Those that the other one had counted and not kept.
        self._by_code += other._by_code

    def remarks(self) -> int:
        """Return how many warnings there were, kept or not, that tell of nothing that was held back."""
        held_back = sum(count for (_file, code), count in self._by_code.items() if code == "held-back")
        return self.warnings - held_back

    def left_out(self) -> int:
        """Return how many problems were counted and not kept."""
        return sum(max(0, count - self.limit) for count in self._by_code.values())


@dataclass
class Report:
    """The outcome of a run. `refused` counts rows (and whole files) that were not taken; `ended` is part of `changed`.

    `linked` is part of `added`: rows that are new from this source and name what the provider had already, by the register
    or another source, so that nothing was made for them. The totals are what was done; of a rehearsal, what would be. Of a run that was refused as a whole they are 0, and `would`
    has what they would have been, had nothing stood against it; the lines of the kinds tell the same by kind.
    """

    added: int = 0
    linked: int = 0
    changed: int = 0
    unchanged: int = 0
    held_back: int = 0
    refused: int = 0
    ended: int = 0
    status: str = "done"
    would: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    reconciliation: list[dict[str, Any]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    #: By kind, how many rows each side has (see `reconciliation.figures`).
    sides: dict[str, dict[str, int]] = field(default_factory=dict)
    #: The file of each kind, and of each file the kind that its rows are first of all.
    files: dict[str, str] = field(default_factory=dict)
    main_kinds: dict[str, str] = field(default_factory=dict)

    def count(self, kind: str, **numbers: int) -> None:
        """Add `numbers` (added, changed, …) to the totals and to the line of `kind`."""
        line = self.kinds.setdefault(kind, {})
        for name, number in numbers.items():
            line[name] = line.get(name, 0) + number
            setattr(self, name, getattr(self, name) + number)

    def undone(self) -> None:
        """Note that the run was refused as a whole: its totals were not done."""
        self.status = "refused"
        for name in DONE:
            self.would[name] = self.would.get(name, 0) + getattr(self, name)
            setattr(self, name, 0)

    def counts(self) -> dict[str, Any]:
        """Return the totals and the line of each kind."""
        return {
            **{name: getattr(self, name) for name in (*DONE, "refused")},
            "would": self.would,
            "warnings": self.problems.warnings,
            "kinds": self.kinds,
            "sides": self.sides,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            **self.counts(),
            "status": self.status,
            "problems": [problem.as_dict() for problem in self.problems.found],
            "problems_left_out": self.problems.left_out(),
        }
