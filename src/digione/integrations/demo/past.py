"""What is over: the schools that learners went to before, and the home groups of last year."""

from datetime import date, timedelta
from random import Random

from digione.integrations.demo.identity import Identities
from digione.integrations.demo.population import GRADES, LAST_YEAR_ENDS, SCHOOL_YEAR, YEAR_STARTS
from digione.integrations.demo.records import Batch, Enrolment, Group, Person, SchoolEnrolment

#: One learner in so many has come from another school of the same provider.
_MOVED_ONE_IN = 12


def _autumn(years_ago: int) -> date:
    return YEAR_STARTS.replace(year=SCHOOL_YEAR - years_ago)


class Past:
    """Gives the learners of one provider the years before this one, by a chance of its own: the people stay the same."""

    def __init__(self, identities: Identities, chance: str) -> None:
        self._make = identities
        #: Whether the home groups that are led from now on get the ones that they were last year.
        self.keeps_groups = True
        self._random = Random(chance)  # noqa: S311 - invented people need no strong chance.
        #: Schools that have been made so far, by language and kind: from where somebody may have come.
        self._known: dict[tuple[bool, str], list[str]] = {}
        self._begins: dict[str, int] = {}
        self._before: dict[str, str | None] = {}
        self._groups: dict[str, Group] = {}

    def opened(self, school_id: str, kind: str, swedish: bool, begins: int, before: str | None) -> None:
        """Note a school: the index of its first grade, and the school whose learners go on to it."""
        self._known.setdefault((swedish, kind), []).append(school_id)
        self._begins[school_id], self._before[school_id] = begins, before

    def lead(self, batch: Batch, group: Group, grade: int, title: dict[str, str], teacher: Person) -> None:
        """Make the home group that `group` was last year, in its school, led by the same teacher; new ones had none."""
        if not self.keeps_groups or grade <= max(self._begins[group.school_id], 1):
            return
        new_id, letter = self._make.new_id, group.code.removeprefix(GRADES[grade])
        was = group._replace(id=new_id(), code=f"{GRADES[grade - 1]}{letter}", title=title, grade=GRADES[grade - 1])
        self._groups[group.id] = was
        batch.earlier_groups.append(was)
        batch.earlier_enrolments.append(Enrolment(new_id(), was.id, was.school_id, teacher.id, "teacher", True))

    def enrol(
        self,
        batch: Batch,
        learner: Person,
        grade: int,
        group: Group,
        kind: str,
        swedish: bool,
        came_after: int | None = None,
    ) -> None:
        """Write where a learner went to school before this year, and to which home group last year.

        With `came_after`, the grade after which somebody came from another place, what was before is told there.
        """
        school = group.school_id
        here = grade - self._begins[school]
        before = self._before[school]
        if came_after is not None:
            here = grade - came_after - 1
        elif before is not None:
            # Basic education begins at seven, in the autumn of grade 1.
            self._school(batch, learner, before, self._begins[school] - 1, grade - 1, here)
        if not here:
            return
        others = self._known[swedish, kind]
        if came_after is None and here > 1 and len(others) > 1 and not self._random.randrange(_MOVED_ONE_IN):
            moved = self._random.randrange(1, here)
            other = others[self._random.randrange(len(others) - 1)]
            if other != school:
                self._school(batch, learner, other, grade - moved - 1, here, moved)
                here = moved
        self._school(batch, learner, school, grade - 1, here, 0)
        if was := self._groups.get(group.id):
            batch.earlier_enrolments.append(Enrolment(self._make.new_id(), was.id, school, learner.id, "student", True))

    def leave(self, batch: Batch, learner: Person, school_id: str, grade: int, years_ago: int) -> date:
        """Write that a learner went to a school from grade 1 to `grade`, until so many years ago; return the last day."""
        return self._school(batch, learner, school_id, grade, years_ago + grade, years_ago)

    def _school(self, batch: Batch, learner: Person, school_id: str, grade: int, since: int, until: int) -> date:
        last = LAST_YEAR_ENDS if not until else _autumn(until) - timedelta(days=1)
        batch.earlier_schools.append(
            SchoolEnrolment(self._make.new_id(), learner.id, school_id, GRADES[grade], _autumn(since), last)
        )
        return last
