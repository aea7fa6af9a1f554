"""Study rights of the demonstration's learners: what the national register would have of their schools so far.

Made from a batch of the generator afterwards, with a chance and ids of its own, so that the people stay the same. Each
learner has the study right of today with its state and what is studied this year; the cast and every tenth learner a
past as well: pre-primary education, years with subjects and marks, levels that are finished. Codes are those of the
national register, and the documents that are exported of these rows come back the same and break none of the register's
rules, but for a learner of the cast (`_STATE_TWICE`).

The last day of a school year is the Saturday of week 22 (Laki 628/1998, 23 §).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from digione.integrations.demo import cast
from digione.integrations.demo.history import CORRECTED_AFTER, CORRECTED_ONE_IN
from digione.integrations.demo.identity import Identities
from digione.integrations.demo.population import GRADES, SCHOOL_YEAR
from digione.integrations.demo.qualification import DOUBLE, PREPARED, VOCATIONAL, Part, preparation, qualification
from digione.integrations.demo.records import (
    Assessment,
    Attainment,
    Batch,
    Organisation,
    Person,
    RightExtra,
    RightState,
    SchoolEnrolment,
    StudyRight,
)
from digione.studies.record_rules import node_of, sort_of

#: What every document tells of its learner, beside the identifiers that there are.
NAMED = ("etunimet", "kutsumanimi", "sukunimi")
#: One learner in so many has a fuller past.
_FULLER_ONE_IN = 10
_GRADE = {grade: index for index, grade in enumerate(GRADES)}
#: The first year of general upper secondary education, as an index of `GRADES`.
_UPPER = GRADES.index("L1")
_YEAR_OF_BASIC, _SUBJECT_OF_BASIC = "perusopetuksenvuosiluokka", "perusopetuksenoppiaine"
_LIST = {
    "year": "perusopetuksenluokkaaste",
    "subject": "koskioppiaineetyleissivistava",
    "education": "koulutus",
    "module": "moduulikoodistolops2021",
    "mark": "arviointiasteikkoyleissivistava",
}
#: Subjects of a year with their weekly lessons, up to grade 6 and from grade 7 on.
_PRIMARY = (("AI", 5), ("MA", 4), ("A1", 2), ("YL", 2), ("LI", 3), ("KU", 2))
_LATER = (("AI", 3), ("MA", 4), ("A1", 3), ("HI", 2), ("BI", 1), ("LI", 2))
_LANGUAGES = {"AI": "oppiaineaidinkielijakirjallisuus", "A1": "kielivalikoima"}
#: What somebody in general upper secondary education has studied so far: subjects with modules.
_MODULES = {"AI": ("ÄI1", "ÄI2"), "FY": ("FY1", "FY2"), "HI": ("HI1", "HI2")}
#: The subject that a confirmed year has where no fuller past is told: the register confirms no year that is empty.
_ALONE = 1
#: What a principal is called beside the name under a confirmation.
_PRINCIPAL = {"fi": "rehtori", "sv": "rektor"}
#: Where the demonstration shows the secretary what is amiss: a mark without a day, and a state that stands twice.
_WITHOUT_DAY, _STATE_TWICE = "eino.kivela", "viljo.rauhaniemi"
#: Who has a decision on support, which is shown to nobody on a path.
_SUPPORTED = "viljo.rauhaniemi"


@dataclass(slots=True)
class Rights:
    """The rows of the study rights of one batch."""

    rights: list[StudyRight] = field(default_factory=list)
    states: list[RightState] = field(default_factory=list)
    extras: list[RightExtra] = field(default_factory=list)
    attainments: list[Attainment] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)


def _begins(year: int) -> date:
    """Return the first day of the school year that begins in `year`."""
    return date(year, 8, 1)


def _ends(year: int) -> date:
    """Return the last school day of the school year that ends in `year`."""
    return date.fromisocalendar(year, 22, 6)


def _year_of(grade: int, index: int) -> int:
    """Return in which year somebody who is in `grade` now began the grade `index`."""
    return SCHOOL_YEAR - grade + index


class StudyRights:
    """Makes the study rights of one batch after the other."""

    def __init__(self, seed: int, started: date | None = None) -> None:
        #: Of how many school years before this one every learner has the years of study.
        self.years = SCHOOL_YEAR - started.year if started else 0
        self._marks = 0
        # Ids of a range of their own: a seed that no demonstration has.
        self._make = Identities(seed + (1 << 32))
        self._random = Random(f"{seed}/study rights")  # noqa: S311 - invented people need no strong chance.
        self._cast = {(child.given, child.family): child.username for child in cast.CHILDREN}
        self._learners = 0
        self._known: dict[str, Person] = {}
        self._schools: dict[str, Organisation] = {}
        self._principals: dict[str, str] = {}
        #: The vocational institute of the provider at hand, and how many of its learners might have gone there.
        self.institute: Organisation | None = None
        self._secondary = 0

    def of(self, batch: Batch) -> Rights:
        """Return the study rights of the learners of a batch; batches are to come in order."""
        if batch.opens:
            self._schools, self._principals, self.institute = {}, {}, None
        self._schools |= {school.id: school for school in batch.organisations}
        institutes = [school for school in batch.organisations if school.school_type == VOCATIONAL]
        self.institute = institutes[0] if institutes else self.institute
        made = Rights()
        # Only the cast is told in one batch and goes to school in another.
        self._known |= {p.id: p for p in batch.persons if (p.given_name, p.family_name) in self._cast}
        people = {person.id: person for person in batch.persons} | self._known
        leads = {row.organisation_id: people[row.person_id] for row in batch.assignments if row.role == "principal"}
        self._principals |= {school: f"{person.given_name} {person.family_name}" for school, person in leads.items()}
        earlier: dict[str, list[SchoolEnrolment]] = {}
        for row in batch.earlier_schools:
            earlier.setdefault(row.person_id, []).append(row)
        homes = {group.id: group.code for group in batch.groups if group.kind == "home_group"}
        classes = {row.person_id: homes[row.group_id] for row in batch.enrolments if row.group_id in homes}
        for row in batch.school_enrolments:
            self._learners += 1
            one = _Learner(self, made, batch, people[row.person_id], earlier.pop(row.person_id, []), row)
            one.write(classes.get(row.person_id), not self._learners % _FULLER_ONE_IN)
        for person, rows in earlier.items():
            _Learner(self, made, batch, people[person], rows, None).write(None, False)
        return made

    def story(self, person: Person) -> str | None:
        """Return by which name a learner of the cast signs in; None for everybody else."""
        return self._cast.get((person.given_name, person.family_name))

    def school(self, ident: str) -> Organisation:
        """Return a school of the provider at hand."""
        return self._schools[ident]

    def principal(self, school: Organisation) -> str:
        """Return the name of a school's principal, who stands for those of earlier years as well."""
        return self._principals[school.id]

    def secondary(self, school: Organisation) -> int | None:
        """Return how many learners of upper secondary age came before, where a share of them goes another way as well."""
        if self.institute is None or school.languages != self.institute.languages:
            return None
        self._secondary += 1
        return self._secondary - 1

    def new_id(self) -> str:
        """Return the next id."""
        return self._make.new_id()

    def corrected(self, mark: str) -> bool:
        """Whether a mark that has just been given is one of those that were corrected later."""
        self._marks += 1
        return bool(self.years) and mark.isdigit() and not self._marks % CORRECTED_ONE_IN

    def mark(self, grade: int) -> str:
        """Return an invented mark: passed up to grade 3, figures from grade 4 on, as local curricula mostly have it."""
        return "S" if grade < 4 else str(self._random.choice((7, 8, 8, 9, 9, 10)))


class _Learner:
    """Writes the study rights of one learner at one provider."""

    def __init__(
        self,
        make: StudyRights,
        made: Rights,
        batch: Batch,
        person: Person,
        earlier: list[SchoolEnrolment],
        now: SchoolEnrolment | None,
    ) -> None:
        self._make, self._made, self._batch, self._person, self._now = make, made, batch, person, now
        self._schools = sorted([*earlier, *([now] if now else [])], key=lambda row: row.valid_from)
        last = self._schools[-1]
        # Somebody who has left is now in the grade that followed from the one in which they left.
        since = 0 if last.valid_to is None else SCHOOL_YEAR - last.valid_to.year + 1
        self._last = _GRADE[last.grade]
        self._grade = self._last + since
        self._first = self._schools[0].valid_from.year - _year_of(self._grade, 0)
        self._story = make.story(person)

    def write(self, home: str | None, fuller: bool) -> None:
        """Write the study rights; `home` is the code of today's home group."""
        fuller = fuller or self._story is not None
        last = self._last
        if last > 0 and self._first <= 1 and (fuller or self._covers(0)):
            self._pre_primary(0)
        if last == 0:
            self._pre_primary(None)
        elif last < _UPPER:
            self._basic(home, last, fuller)
        else:
            if self._first < _UPPER and (fuller or self._covers(_UPPER - 1)):
                self._basic(None, _UPPER - 1, fuller)
            self._upper(last, fuller)

    def _covers(self, index: int) -> bool:
        """Whether the year of the grade `index` is one of those that every learner has."""
        return index >= self._grade - self._make.years

    def _at(self, index: int) -> Organisation:
        """Return the school at which the learner was in the grade `index`, else the first one."""
        began = _begins(_year_of(self._grade, index))
        rows = [row for row in self._schools if row.valid_from <= began]
        return self._make.school((rows[-1] if rows else self._schools[0]).school_id)

    def _right(self, level: str, school: Organisation, states: list[tuple[str, date]], **more: Any) -> StudyRight:
        make, began = self._make, states[0][1]
        ended = states[-1][1] if states[-1][0] in ("valmistunut", "eronnut") else None
        told = tuple(name for name, has in (("oid", self._person.learner_number), ("hetu", self._person.hetu)) if has)
        right = StudyRight(
            make.new_id(), self._person.id, school.id, level, school.oid, self._batch.provider.oid,
            began, ended, told, ended or self._moved(school, began), **more,
        )  # fmt: skip
        self._made.rights.append(right)
        # State money pays for upper secondary education and what prepares for it, and the register wants that said.
        funding = None if level in ("esiopetus", "perusopetus") else "1"
        for place, (state, since) in enumerate(states):
            self._made.states.append(RightState(make.new_id(), right.id, right.person_id, place, since, state, funding))
        return right

    def _moved(self, school: Organisation, since: date) -> date:
        """Return when the learner last came to another school after `since`, or `since` where they did not.

        The institute is none of those schools.
        """
        if school.school_type == VOCATIONAL:
            return since
        at = {row.school_id for row in self._schools if row.valid_from <= since < (row.valid_to or date.max)}
        for row in self._schools:
            if row.valid_from > since and row.school_id not in at:
                at, since = {row.school_id}, row.valid_from
        return since

    def _add(
        self, right: StudyRight, above: Attainment | None, place: int, kind: str, scheme: str, module: str, **more: Any
    ) -> Attainment:
        above_known = above.known if above else right.valid_from
        more.setdefault("known", more.get("confirmed_on") or more.get("valid_from") or above_known)
        sort = sort_of({"kind": kind, "module_scheme": scheme, "module": module})
        node = node_of(sort, 1, above.node if above else "")
        made = Attainment(
            self._make.new_id(), right.id, right.person_id, above.id if above else None, place, node, kind, scheme, module,
            **more,
        )  # fmt: skip
        self._made.attainments.append(made)
        return made

    def _mark(self, attainment: Attainment, mark: str, day: date | None) -> None:
        self._made.assessments.append(
            Assessment(
                self._make.new_id(),
                attainment.id,
                attainment.person_id,
                _LIST["mark"],
                mark,
                day,
                mark not in ("4", "H"),
                (day or attainment.known) + (CORRECTED_AFTER if day and self._make.corrected(mark) else timedelta()),
            )
        )

    def _confirmed(self, school: Organisation, day: date | None) -> dict[str, Any]:
        if day is None:
            return {}
        # By whom is carried, as the documents of others have it: the data model knows the organisation alone.
        person = {"nimi": self._make.principal(school), "titteli": _PRINCIPAL, "organisaatio": {"oid": school.oid}}
        return {
            "confirmed_on": day, "confirmed_in": school.municipality_code, "confirmed_by_oid": school.oid,
            "carried": {"vahvistus": {"myöntäjäHenkilöt": [person]}},
        }  # fmt: skip

    def _pre_primary(self, grade: int | None) -> None:
        """Write pre-primary education: this year's, or where `grade` is given the finished one."""
        school, began = self._at(0), _year_of(self._grade, 0)
        states, done = [("lasna", _begins(began))], None if grade is None else _ends(began + 1)
        if done:
            states.append(("valmistunut", done))
        right = self._right("esiopetus", school, states)
        self._add(
            right, None, 0, "esiopetuksensuoritus", _LIST["education"], "001101", curriculum="102/011/2014",
            site_oid=school.oid, taught_in=school.languages[0].upper(), **self._confirmed(school, done),
        )  # fmt: skip

    def _basic(self, home: str | None, last: int, fuller: bool) -> None:
        """Write basic education up to the grade `last`: going on, left for another provider, or finished."""
        first = max(self._first, 1)
        school = self._at(last)
        states = [("lasna", _begins(_year_of(self._grade, first)))]
        finished, left = self._last >= _UPPER, self._now is None
        if finished:
            states.append(("valmistunut", _ends(_year_of(self._grade, _UPPER))))
        elif left:
            states.append(("eronnut", _ends(_year_of(self._grade, last + 1))))
        elif self._story == _STATE_TWICE:
            states.append(("valiaikaisestikeskeytynyt", states[0][1]))
        right = self._right("perusopetus", school, states)
        if self._story == _SUPPORTED:
            since = _begins(SCHOOL_YEAR)
            self._made.extras.append(
                RightExtra(self._make.new_id(), right.id, right.person_id, "support_decision", since)
            )
        # The cast has every year, others with a fuller past the last one.
        begun = (first if self._story else max(first, last - 1)) if fuller and not finished else last
        begun = min(begun, max(first, self._grade - self._make.years))
        letter = home.removeprefix(GRADES[self._grade]) if home else "A"
        for place, index in enumerate(range(begun, last + 1)):
            at, year = self._at(index), _year_of(self._grade, index)
            done = None if index == last and not (left or finished) else _ends(year + 1)
            row = self._add(
                right, None, place, _YEAR_OF_BASIC, _LIST["year"], GRADES[index], curriculum="104/011/2014",
                site_oid=at.oid, taught_in=at.languages[0].upper(), valid_from=max(_begins(year), right.valid_from),
                group_name=home if done is None else f"{GRADES[index]}{letter}", **self._confirmed(at, done),
            )  # fmt: skip
            # The subjects of a basic education that is finished stand in its certificate, and not in its last year.
            if done and not (finished and index == last):
                self._subjects(right, row, index, done, None if fuller else _ALONE)
        if finished:
            end, place = states[-1][1], last + 1 - begun
            whole = self._add(
                right, None, place, "perusopetuksenoppimaara", _LIST["education"], "201101", curriculum="104/011/2014",
                site_oid=school.oid, taught_in=school.languages[0].upper(),
                manner="koulutus", manner_scheme="perusopetuksensuoritustapa", **self._confirmed(school, end),
            )  # fmt: skip
            self._subjects(right, whole, 9, end)

    def _subjects(self, right: StudyRight, whole: Attainment, grade: int, done: date, count: int | None = None) -> None:
        """Write the subjects of a year or a certificate with their marks, the first `count` of them where it is given."""
        for place, (subject, lessons) in enumerate((_PRIMARY if grade < 7 else _LATER)[:count]):
            language = {"AI": "RU1" if whole.taught_in == "SV" else "AI1", "A1": "EN"}.get(subject)
            row = self._add(
                right, whole, place, _SUBJECT_OF_BASIC, _LIST["subject"], subject, size=f"{lessons}.0", size_unit="3",
                is_compulsory=True, language=language, language_scheme=_LANGUAGES.get(subject),
            )  # fmt: skip
            undated = self._story == _WITHOUT_DAY and subject == "MA" and grade == self._grade - 1
            self._mark(row, self._make.mark(grade), None if undated else done)

    def _upper(self, last: int, fuller: bool) -> None:
        """Write general upper secondary education, with what has been studied so far where there is a fuller past."""
        first = max(self._first, _UPPER)
        school = self._at(last)
        began, place = _begins(_year_of(self._grade, first)), self._make.secondary(school)
        if place is not None and place % DOUBLE[1] == DOUBLE[0] and self._make.institute:
            self._parts_of_qualification(self._make.institute, began, last - first)
        if place is not None and place % PREPARED[1] == PREPARED[0] and last > first:
            began = self._preparation(began)
        right = self._right("lukiokoulutus", school, [("lasna", began)])
        whole = self._add(
            right, None, 0, "lukionoppimaara", _LIST["education"], "309902", curriculum="OPH-2263-2019",
            site_oid=school.oid, taught_in=school.languages[0].upper(),
            carried={"oppimäärä": {"koodistoUri": "lukionoppimaara", "koodiarvo": "nuortenops"}},
        )  # fmt: skip
        if not fuller or last == first:
            return
        day = date(SCHOOL_YEAR, 3, 27)
        for place, (subject, modules) in enumerate(_MODULES.items()):
            language = {"AI": "RU1" if whole.taught_in == "SV" else "AI1"}.get(subject)
            row = self._add(
                right, whole, place, "lukionoppiaine", _LIST["subject"], subject, is_compulsory=True, language=language,
                language_scheme=_LANGUAGES.get(subject), known=day,
            )  # fmt: skip
            for number, module in enumerate(modules):
                part = self._add(
                    right, row, number, "lukionvaltakunnallinenmoduuli", _LIST["module"], module, size="2.0",
                    size_unit="2", is_compulsory=True,
                )  # fmt: skip
                self._mark(part, self._make.mark(last), day)

    def _parts_of_qualification(self, school: Organisation, began: date, years: int) -> None:
        """Write a vocational qualification that is studied beside general upper secondary education."""
        whole = qualification(began, years, school.municipality_code)
        ends = _ends(began.year + 3)
        right = self._right("ammatillinenkoulutus", school, [("lasna", began)], expected_end=ends, purchased=False)
        self._written(right, None, 0, whole, school)

    def _preparation(self, began: date) -> date:
        """Write the preparatory education of an autumn; return the day on which the learner went on from it."""
        whole, school = preparation(began.year), self._at(_UPPER)
        end = whole.confirmed or began
        right = self._right("tuva", school, [("lasna", began), ("valmistunut", end)], licence="lukio")
        self._written(right, None, 0, whole, school)
        return date(end.year + 1, 1, 7)

    def _written(
        self, right: StudyRight, above: Attainment | None, place: int, part: Part, school: Organisation
    ) -> None:
        signed = self._confirmed(school, part.confirmed)
        carried = {**part.carried, **signed.pop("carried", {})} or None
        where = {"site_oid": school.oid, "taught_in": school.languages[0].upper()} if above is None else {}
        known = {"known": part.day} if part.day else {}
        row = self._add(
            right, above, place, part.kind, part.scheme, part.module, carried=carried, **part.columns, **signed, **where,
            **known,
        )  # fmt: skip
        if part.day and part.mark:
            scheme, mark = part.mark
            self._made.assessments.append(
                Assessment(self._make.new_id(), row.id, row.person_id, scheme, mark, part.day, True, part.day)
            )
        for number, inner in enumerate(part.parts):
            self._written(right, row, number, inner, school)
