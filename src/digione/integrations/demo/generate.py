"""The generator: providers, neighbourhood by neighbourhood, so that a million learners need no more memory than few."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random

from digione.core.texts import LocalizedText
from digione.integrations.demo import cast
from digione.integrations.demo.identity import Identities, business_id
from digione.integrations.demo.past import Past
from digione.integrations.demo.places import SUBJECTS, Place, places, school_name
from digione.integrations.demo.population import GRADES, SCHOOL_YEAR, YEAR_ENDS, YEAR_STARTS, Cast, Population
from digione.integrations.demo.qualification import VOCATIONAL
from digione.integrations.demo.records import (
    Assignment,
    Batch,
    Course,
    Enrolment,
    Group,
    Organisation,
    Person,
    SchoolEnrolment,
    Session,
)

_NEIGHBOURHOOD = 650
_GROUP_SIZE = 23

_PRIMARY_SUBJECTS = ("AI", "MA", "YL", "LI")
_LATER_SUBJECTS = ("AI", "MA", "A1", "LI", "HI", "BI")
#: So many home groups are shared by a teacher of each subject, and each of these leads one of them.
_SECTIONS_PER_TEACHER = len(_LATER_SUBJECTS)
#: The grades that a school of a kind has, by their index.
_SCHOOL_GRADES = {
    "comprehensive": range(10),
    "primary": range(7),
    "secondary": range(7, 10),
    "upper": range(10, 13),
}
#: Types of schools in the national list `oppilaitostyyppi`.
_SCHOOL_TYPES = {"comprehensive": "11", "primary": "11", "secondary": "11", "upper": "15"}


def generate(learners: int, seed: int = 2026) -> Iterator[Batch]:
    """Make `learners` learners and everything around them; the same arguments always give the same rows.

    A person comes in the first batch that speaks of them, so batches are to be loaded in order.
    """
    return generate_places(places(learners), seed)


def generate_places(chosen: list[Place], seed: int) -> Iterator[Batch]:
    """Make the learners of the `chosen` places only."""
    identities = Identities(seed)
    named = Cast(identities)
    for number, place in enumerate(chosen):
        if place.learners:
            yield from _ProviderMaker(place, number, identities, named, seed).batches()


def _subjects(grade: int) -> tuple[str, ...]:
    if grade == 0:
        return ()
    return _PRIMARY_SUBJECTS if grade <= 6 else _LATER_SUBJECTS


def _grade_title(grade: int, letter: str) -> LocalizedText:
    if grade == 0:
        return {"fi": f"Esiopetus {letter}", "sv": f"Förskola {letter}", "en": f"Pre-primary {letter}"}
    text = f"{GRADES[grade]} {letter}"
    return {"fi": text, "sv": text, "en": text}


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"{_letter(index // 26 - 1)}{chr(ord('A') + index % 26)}"


def spread(total: int, weights: list[float]) -> list[int]:
    """Share `total` out by `weights`, exactly: the largest remainders get what rounding left."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares


class _Home:
    """A home group while its neighbourhood is being filled."""

    __slots__ = ("group", "sections")

    def __init__(self, group: Group, sections: list[Group]) -> None:
        self.group, self.sections = group, sections


class _ProviderMaker:
    def __init__(self, place: Place, number: int, identities: Identities, named: Cast, seed: int) -> None:
        self._place, self._make, self._named = place, identities, named
        self._random = Random(f"{seed}/{place.key}")  # noqa: S311 - invented people need no strong chance.
        self._people = Population(place, identities, self._random)
        self._past = Past(identities, f"{seed}/{place.key}/past")
        self._school_code = 90_000 + number * 400 if number < 4 else None
        languages = ("fi", "sv") if place.swedish else ("fi",)
        ident = identities.new_id()
        self._provider = Organisation(
            ident, identities.organisation_oid(), None, ident, ("provider",) if place.private else ("provider", "municipality"),
            place.name, business_id(9_100_000 + number * 137), None, None, place.code, languages,
        )  # fmt: skip
        # An institute has ids of a range of their own, so that those of everybody else stay as they are.
        self._beside = Identities(seed + (2 << 32))
        self._courses: dict[tuple[str, int], Course] = {}
        self._terms: list[Session] = []
        self._year: Session

    def batches(self) -> Iterator[Batch]:
        swedish = round(self._place.learners * self._place.swedish)
        opens = True
        for in_swedish, count in ((False, self._place.learners - swedish), (True, swedish)):
            if not count:
                continue
            parts = max(1, round(count / _NEIGHBOURHOOD))
            for index, size in enumerate(spread(count, [1.0] * parts)):
                batch = Batch(self._provider, self._place.accent, opens)
                if opens:
                    self._open(batch)
                    opens = False
                # One upper secondary school serves three neighbourhoods.
                served = min(3, parts - index) if index % 3 == 0 and not self._place.private else 0
                self._neighbourhood(batch, index, size, served, in_swedish)
                yield batch

    def _open(self, batch: Batch) -> None:
        make = self._make
        batch.organisations.append(self._provider)
        title = f"{SCHOOL_YEAR}–{SCHOOL_YEAR + 1}"
        year = Session(
            make.new_id(), "schoolYear",
            {"fi": f"Lukuvuosi {title}", "sv": f"Läsåret {title}", "en": f"School year {title}"},
            YEAR_STARTS, YEAR_ENDS, None, SCHOOL_YEAR + 1,
        )  # fmt: skip
        autumn = Session(
            make.new_id(), "term", {"fi": "Syyslukukausi 2026", "sv": "Höstterminen 2026", "en": "Autumn term 2026"},
            YEAR_STARTS, date(2026, 12, 31), year.id, SCHOOL_YEAR + 1,
        )  # fmt: skip
        spring = Session(
            make.new_id(), "term", {"fi": "Kevätlukukausi 2027", "sv": "Vårterminen 2027", "en": "Spring term 2027"},
            date(2027, 1, 1), YEAR_ENDS, year.id, SCHOOL_YEAR + 1,
        )  # fmt: skip
        self._year, self._terms = year, [autumn, spring]
        batch.sessions += [year, autumn, spring]
        for grade in range(1, len(GRADES)):
            for subject in _subjects(grade):
                name = {language: f"{text} {GRADES[grade]}" for language, text in SUBJECTS[subject].items()}
                course = Course(make.new_id(), year.id, f"{subject}{GRADES[grade]}", name, subject, GRADES[grade])
                self._courses[subject, grade] = course
                batch.courses.append(course)
        if not any(post.place == self._place.key and post.role == "administrator" for post in cast.POSTS):
            self._assign(batch, self._people.staff(batch, False), self._provider.id, "administrator")

    def _neighbourhood(self, batch: Batch, index: int, size: int, served: int, swedish: bool) -> None:
        place = self._place
        seats_by_grade = spread(size, [1.0] * 10 + [0.55 * served] * 3)
        first = index == 0
        posts = [post for post in cast.POSTS if first and post.place == place.key and post.swedish == swedish]
        children = [child for child in cast.CHILDREN if first and child.place == place.key and not swedish]
        mixed = index % 2 == 0 or place.private
        schools: dict[str, Organisation] = {}
        # Last year's home groups are made where the cast is: for all learners they would slow the start down.
        self._past.keeps_groups = first
        for kind in ("comprehensive",) if mixed else ("primary", "secondary"):
            schools[kind] = self._school(batch, index, kind, swedish)
        if sum(seats_by_grade[10:]):
            schools["upper"] = self._school(batch, index, "upper", swedish)
        homes: dict[int, list[_Home]] = {}
        for kind, school in schools.items():
            grades = _SCHOOL_GRADES[kind]
            counts = {
                grade: seats_by_grade[grade] for grade in grades if seats_by_grade[grade] or (first and grade < 10)
            }
            basic = schools.get("secondary") or schools.get("comprehensive")
            before = {"secondary": schools.get("primary"), "upper": basic}.get(kind)
            self._past.opened(school.id, kind, swedish, grades.start, before.id if before else None)
            homes |= self._staffed_groups(batch, school, counts, swedish, posts if kind != "upper" else [])
        if first and not swedish and place.institute and "upper" in schools:
            self._institute(batch, schools["upper"], place.institute)
        turn: Counter[int] = Counter()
        kinds = {school.id: kind for kind, school in schools.items()}
        for child in children:
            if seats_by_grade[child.grade]:
                seats_by_grade[child.grade] -= 1
                self._cast_child(batch, child, homes[child.grade], kinds)
        if first and not swedish:
            self._cast_who_left(batch, next(iter(schools.values())))
        seats = [grade for grade, count in enumerate(seats_by_grade) for _ in range(count)]
        self._random.shuffle(seats)
        while seats:
            for learner, grade in self._people.family(batch, seats, swedish):
                home = homes[grade][turn[grade] % len(homes[grade])]
                turn[grade] += 1
                self._enrol(batch, learner, grade, home, kinds, swedish)

    def _school(self, batch: Batch, index: int, kind: str, swedish: bool) -> Organisation:
        code = None
        if self._school_code is not None and self._school_code % 400 < 399:
            self._school_code += 1
            code = str(self._school_code)
        school = Organisation(
            self._make.new_id(), self._make.organisation_oid(), self._provider.id, self._provider.id, ("school",),
            school_name(self._place, index, kind, swedish), None, code, _SCHOOL_TYPES[kind], self._place.code,
            ("sv",) if swedish else ("fi",),
        )  # fmt: skip
        batch.organisations.append(school)
        return school

    def _institute(self, batch: Batch, upper: Organisation, name: LocalizedText) -> None:
        """Make the vocational institute, which has its principal and its secretary in common with a school.

        Nobody goes to school there: some learners of general upper secondary schools study there as well.
        """
        new_id = self._beside.new_id
        institute = upper._replace(
            id=new_id(), oid=self._beside.organisation_oid(), name=name, school_code=None, school_type=VOCATIONAL
        )
        batch.organisations.append(institute)
        batch.assignments += [
            row._replace(id=new_id(), organisation_id=institute.id)
            for row in batch.assignments
            if row.organisation_id == upper.id and row.role in ("principal", "school_secretary")
        ]

    def _staffed_groups(
        self, batch: Batch, school: Organisation, counts: dict[int, int], swedish: bool, posts: list[cast.Post]
    ) -> dict[int, list[_Home]]:
        """Make a school's staff, home groups and class sections, each with its teacher."""
        named = {(post.role, post.slot): post.username for post in posts}
        for role in ("principal", "school_secretary"):
            self._assign(batch, self._member(batch, named, role, "", swedish), school.id, role)
        if ("administrator", "") in named:
            person = self._member(batch, named, "administrator", "", swedish)
            self._assign(batch, person, self._provider.id, "administrator")
        pools: dict[str, tuple[Person, int]] = {}
        homes: dict[int, list[_Home]] = {}
        leading: set[str] = set()
        # The home groups whose subjects have teachers of their own, in the order in which they get them.
        ahead = [
            f"{GRADES[grade]}{_letter(index)}"
            for grade, count in counts.items()
            if grade > 6
            for index in range(max(math.ceil(count / _GROUP_SIZE), 3 if posts else 1))
        ]
        for grade, count in counts.items():
            # The cast needs its 3 B, 5 A and 8 C also in the smallest of demonstrations.
            number = max(math.ceil(count / _GROUP_SIZE), 3 if posts else 1)
            for index in range(number):
                home = self._home_group(batch, school, grade, _letter(index))
                homes.setdefault(grade, []).append(home)
                if grade <= 6:
                    teacher = self._member(batch, named, "teacher", f"{grade} {_letter(index)}", swedish)
                    self._assign(batch, teacher, school.id, "teacher")
                    self._lead(batch, teacher, home.group, grade)
                    for section in home.sections:
                        self._teach(batch, teacher, section, "teacher")
                else:
                    due, ahead = ahead[:_SECTIONS_PER_TEACHER], ahead[1:]
                    teachers = [
                        self._subject_teacher(batch, school, named, pools, section, due, swedish)
                        for section in home.sections
                    ]
                    # A teacher leads one home group.
                    leader = next(teacher for teacher in teachers if teacher.id not in leading)
                    leading.add(leader.id)
                    self._lead(batch, leader, home.group, grade)
                    for teacher, section in zip(teachers, home.sections, strict=True):
                        self._teach(batch, teacher, section, "teacher")
        groups = [home.group for grade in homes for home in homes[grade]]
        for start in range(0, len(groups), 8):
            special = self._member(batch, named, "special_needs_teacher", "", swedish)
            self._assign(batch, special, school.id, "special_needs_teacher")
            aide = self._people.staff(batch, swedish)
            self._assign(batch, aide, school.id, "aide")
            for group in groups[start : start + 8]:
                self._teach(batch, special, group, "teacher", primary=False)
            self._teach(batch, aide, groups[start], "aide")
        return homes

    def _member(self, batch: Batch, named: dict[tuple[str, str], str], role: str, slot: str, swedish: bool) -> Person:
        username = named.pop((role, slot), None)
        if username is None:
            return self._people.staff(batch, swedish)
        return self._people.cast_adult(batch, self._named, username, "staff")

    def _subject_teacher(
        self,
        batch: Batch,
        school: Organisation,
        named: dict[tuple[str, str], str],
        pools: dict[str, tuple[Person, int]],
        section: Group,
        due: list[str],
        swedish: bool,
    ) -> Person:
        """Return who teaches a section. `due`: the home groups, this one first, that a teacher who begins here will have."""
        subject = section.subject or ""
        teacher, load = pools.get(subject, (None, _SECTIONS_PER_TEACHER))
        if teacher is None or load >= _SECTIONS_PER_TEACHER:
            slots = [subject, *(f"{subject} {code}" for code in due)]
            slot = next((slot for slot in slots if ("teacher", slot) in named), "")
            teacher, load = self._member(batch, named, "teacher", slot, swedish), 0
            self._assign(batch, teacher, school.id, "teacher")
        pools[subject] = (teacher, load + 1)
        return teacher

    def _home_group(self, batch: Batch, school: Organisation, grade: int, letter: str) -> _Home:
        make = self._make
        title = _grade_title(grade, letter)
        code = f"{GRADES[grade]}{letter}"
        group = Group(make.new_id(), school.id, None, "home_group", code, title, GRADES[grade], None)
        batch.groups.append(group)
        batch.group_sessions.append((make.new_id(), group.id, self._year.id))
        sections = []
        for subject in _subjects(grade):
            course = self._courses[subject, grade]
            name = {language: f"{SUBJECTS[subject][language]} {title[language]}" for language in title}
            section = Group(
                make.new_id(), school.id, course.id, "class_section", f"{subject}{code}", name, GRADES[grade], subject
            )
            sections.append(section)
            batch.groups.append(section)
            batch.group_sessions += [(make.new_id(), section.id, term.id) for term in self._terms]
        return _Home(group, sections)

    def _enrol(
        self,
        batch: Batch,
        learner: Person,
        grade: int,
        home: _Home,
        kinds: dict[str, str],
        swedish: bool,
        came_after: int | None = None,
    ) -> None:
        new_id, school_id = self._make.new_id, home.group.school_id
        batch.school_enrolments.append(SchoolEnrolment(new_id(), learner.id, school_id, GRADES[grade], YEAR_STARTS))
        batch.enrolments.append(Enrolment(new_id(), home.group.id, school_id, learner.id, "student", True))
        for section in home.sections:
            batch.enrolments.append(Enrolment(new_id(), section.id, school_id, learner.id, "student", False))
        self._past.enrol(batch, learner, grade, home.group, kinds[school_id], swedish, came_after)

    def _cast_who_left(self, batch: Batch, school: Organisation) -> None:
        """Let the provider have known the children of the cast who went to its first school before they moved away."""
        for child in cast.CHILDREN:
            if child.before and child.before[0] == self._place.key:
                learner, _ = self._named.tell(child.username, batch)
                years = child.grade - child.before[1] - 1
                last = self._past.leave(batch, learner, school.id, child.before[1], years)
                begun = batch.earlier_schools[-1].valid_from
                self._people.link(batch, learner, "learner", begun, last)

    def _cast_child(self, batch: Batch, child: cast.Child, homes: list[_Home], kinds: dict[str, str]) -> None:
        learner, _ = self._named.tell(child.username, batch)
        self._people.link(batch, learner, "learner", YEAR_STARTS)
        for username, limits in child.guardians:
            adult = self._named.persons[username]
            if not any(link.person_id == adult.id and link.basis == "guardian" for link in batch.links):
                adult = self._people.cast_adult(batch, self._named, username, "guardian")
            self._people.guardianship(batch, adult, learner, limits)
        home = homes[ord(child.letter) - ord("A")]
        self._enrol(batch, learner, child.grade, home, kinds, False, child.before[1] if child.before else None)

    def _assign(self, batch: Batch, person: Person, organisation_id: str, role: str) -> None:
        batch.assignments.append(Assignment(self._make.new_id(), person.id, organisation_id, role, date(2019, 8, 1)))

    def _lead(self, batch: Batch, teacher: Person, group: Group, grade: int) -> None:
        self._teach(batch, teacher, group, "teacher")
        letter = group.code.removeprefix(GRADES[grade])
        self._past.lead(batch, group, grade, _grade_title(max(grade - 1, 0), letter), teacher)

    def _teach(self, batch: Batch, person: Person, group: Group, role: str, *, primary: bool = True) -> None:
        batch.enrolments.append(
            Enrolment(self._make.new_id(), group.id, group.school_id, person.id, role, primary and role == "teacher")
        )
