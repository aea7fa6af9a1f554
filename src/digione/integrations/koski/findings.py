"""What a rule of the national register sees of a study right, and what it says of it.

A rule is a pure function of a `View`. It knows no database, no file and no register of curricula: what it cannot see it
does not judge. The rules stand in `rules_of_all`, `rules_of_basic`, `rules_of_support` and `rules_of_levels`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from digione.core.errors import Severity
from digione.integrations.koski.forms import Row
from digione.integrations.koski.mapping import Attainment, StudyRight
from digione.studies.record_rules import TERMINAL


class Finding(NamedTuple):
    """What is amiss: its code, how grave it is, where it stands (a JSON pointer), and what its words speak of."""

    code: str
    severity: Severity
    pointer: str
    parameters: Mapping[str, Any]


def error(code: str, pointer: str, **parameters: Any) -> Finding:
    """Return a finding for which the register would refuse the document, as far as its rules are known for certain."""
    return Finding(code, Severity.ERROR, pointer, parameters)


def warning(code: str, pointer: str, **parameters: Any) -> Finding:
    """Return a finding for which the register may refuse the document, or which it would change or drop."""
    return Finding(code, Severity.WARNING, pointer, parameters)


def graded(certain: bool, code: str, pointer: str, **parameters: Any) -> Finding:
    """Return an error where the register is `certain` to refuse, else a warning."""
    return Finding(code, Severity.ERROR if certain else Severity.WARNING, pointer, parameters)


class Period(NamedTuple):
    """A period of extra information: both days belong to it; one that is not told is None."""

    start: date | None
    end: date | None
    pointer: str

    @property
    def first(self) -> date:
        """The first day; without one, the beginning of time."""
        return self.start or date.min

    @property
    def last(self) -> date:
        """The last day; without one, the end of time."""
        return self.end or date.max

    def holds(self, day: date) -> bool:
        """Say whether a day belongs to the period."""
        return self.first <= day <= self.last

    def meets(self, other: "Period") -> bool:
        """Say whether two periods have a day in common."""
        return self.first <= other.last and other.first <= self.last


def within(period: Period, others: Iterable[Period]) -> bool:
    """Say whether each day of a period belongs to one of `others`."""
    reached = period.first
    for other in sorted(others, key=lambda each: each.first):
        if other.first <= reached <= other.last:
            if other.last >= period.last:
                return True
            reached = other.last + timedelta(days=1)
    return False


@dataclass(slots=True, eq=False)
class Node:
    """An attainment in its tree. `above` is the one that it is a part of; `top` the main attainment, itself for one."""

    row: Row
    assessments: Sequence[Row]
    parts: list["Node"]
    above: "Node | None"
    place: int
    root: str

    @property
    def pointer(self) -> str:
        """Where in the document it stands."""
        if self.above is None:
            return f"{self.root}/suoritukset/{self.place}"
        return f"{self.above.pointer}/osasuoritukset/{self.place}"

    @property
    def kind(self) -> str:
        """Its kind, a code of `suorituksentyyppi`."""
        return str(self.row["kind"])

    @property
    def module(self) -> str:
        """The code of what is studied."""
        return str(self.row["module"])

    @property
    def top(self) -> "Node":
        """The main attainment."""
        node = self
        while node.above is not None:
            node = node.above
        return node

    @property
    def mark(self) -> str | None:
        """The mark that holds: that of the latest day; without days, the last one (national-interfaces, 2)."""
        if not self.assessments:
            return None
        if len(self.assessments) == 1:
            only: str | None = self.assessments[0]["mark"]
            return only
        marked = [each for each in self.assessments if each["mark"] is not None]
        latest = max(marked, key=lambda each: each["assessed_on"] or date.min, default=None)
        if latest is None:
            return None
        same = [each for each in marked if each["assessed_on"] == latest["assessed_on"]]
        return str(same[-1]["mark"])

    def carried(self, *path: str) -> Any:
        """Return what is carried of it at a place; None where nothing is."""
        return at(self.row["carried"], *path)

    def carried_code(self, *path: str) -> str | None:
        """Return the code that is carried of it at a place."""
        code = at(self.row["carried"], *path, "koodiarvo")
        return code if isinstance(code, str) else None


def at(value: Any, *path: str) -> Any:
    """Return what stands in objects of a document at a place; None where nothing does, or something else than objects."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


@dataclass(slots=True)
class View:
    """A study right as the rules see it.

    `begins` and `ends` are what the register derives: the day of the first state, and of the last one where that ends
    it. `state` is the last state. `by_kind` has all attainments, at any depth, by their kind.
    """

    right: StudyRight
    pointer: str
    today: date
    level: str
    begins: date | None
    ends: date | None
    state: str
    mains: list[Node] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    by_kind: dict[str, list[Node]] = field(default_factory=dict)

    @classmethod
    def of(cls, right: StudyRight, pointer: str, today: date) -> "View":
        """Return the view of a study right that was read without faults."""
        states = right.states
        last = states[-1]["state"] if states else ""
        ended = [row["valid_from"] for row in states if row["state"] in TERMINAL]
        made = cls(
            right=right,
            pointer=pointer,
            today=today,
            level=str(right.row["level"]),
            begins=states[0]["valid_from"] if states else None,
            ends=ended[0] if ended else None,
            state=last,
        )
        made.mains = made._nodes(right.attainments, None)
        return made

    def _nodes(self, attainments: Iterable[Attainment], above: Node | None) -> list[Node]:
        found = []
        for place, each in enumerate(attainments):
            node = Node(each.row, each.assessments, [], above, place, self.pointer)
            self.nodes.append(node)
            self.by_kind.setdefault(each.row["kind"], []).append(node)
            if each.parts:
                node.parts = self._nodes(each.parts, node)
            found.append(node)
        return found

    def of_kinds(self, *kinds: str) -> Iterator[Node]:
        """Yield the attainments of some kinds."""
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    def periods(self, *kinds: str) -> list[Period]:
        """Return the periods of some kinds of extra information, in their order."""
        return [period for kind, period in self.all_periods() if kind in kinds]

    def all_periods(self) -> Iterator[tuple[str, Period]]:
        """Yield each period of extra information with its kind; a value that is only true or false is none."""
        nth: dict[str, int] = {}
        for row in self.right.extras:
            written = row["written"]
            place = nth.get(written, 0)
            nth[written] = place + 1
            if row["holds"] is None:
                pointer = f"{self.pointer}/lisätiedot/{written}"
                if row["is_listed"]:
                    pointer += f"/{place}"
                yield row["kind"], Period(row["valid_from"], row["valid_to"], pointer)

    def is_true(self, kind: str) -> bool:
        """Say whether extra information of a kind says yes."""
        return any(row["kind"] == kind and row["holds"] for row in self.right.extras)

    @property
    def may_be_linked(self) -> bool:
        """Whether the register may know of another study right that is part of this one, which excuses what lacks here."""
        return self.right.row["national_oid"] is not None


#: A rule of the register.
Rule = Callable[[View], Iterator[Finding]]
