"""Reads the two templates: headers in any of three languages; semicolon, comma or tab; every fault with its line."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from digione.core import secrets
from digione.core.texts import search_key
from digione.integrations.csv_templates.columns import LIMITS, NO, PEOPLE, ROLES, STAFF, YES
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.roster import (
    Enrolment,
    Group,
    Guardian,
    Membership,
    Person,
    Roster,
    School,
    new_person,
)
from digione.integrations.loading.tabular import read_table
from digione.integrations.loading.values import PERSON_OID, BadValueError, check_birth, check_hetu, read_date

_REQUIRED = ("first_names", "family_name", "school")
#: So much of what a header calls a column is told.
_SHOWN = 40
#: By which column of the template a kind's field is told, where they differ in name.
_COLUMNS = {
    "school": {"name": "school", "key": "school", "match": "school"},
    "group": {"title": "group", "code": "group", "key": "group", "grades": "grade"},
    "person": {"sex": "hetu", "nationalities": "nationality", "local": "id", "key": "id"},
    "membership": {"valid_from": "starts", "valid_to": "ends", "school_key": "school", "person_key": "id"},
    "guardian": {"valid_from": "starts", "valid_to": "ends", "child_key": "id"},
    "enrolment": {"valid_from": "starts", "valid_to": "ends", "group_key": "group", "key": "group", "person_key": "id"},
}
#: The same of the columns of a guardian, who is known by the identity code, and without one by the name.
_GUARDIANS_COLUMNS = {
    "given_name": ("first_names",),
    "birth_date": ("hetu",),
    "sex": ("hetu",),
    "key": ("hetu", "family_name"),
    "guardian_key": ("hetu", "family_name"),
}


@dataclass
class _Reading:
    """What one file has given so far."""

    file: str
    problems: Problems
    today: date
    schools: dict[str, School] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    memberships: list[Membership] = field(default_factory=list)
    guardians: list[Guardian] = field(default_factory=list)
    enrolments: list[Enrolment] = field(default_factory=list)
    bad: bool = False
    #: How the header writes the columns that it has.
    written: dict[str, str] = field(default_factory=dict)
    #: In which of a child's columns a guardian stands, by the key of the guardian and of the guardianship.
    places: dict[str, str] = field(default_factory=dict)
    usernames: dict[str, tuple[str, int]] = field(default_factory=dict)

    def error(self, line: int, column: str, code: str, /, **parameters: object) -> None:
        self.problems.error(self.file, line, self.written.get(column, column), code, **parameters)
        self.bad = True

    def warn(self, line: int, column: str, code: str, /, **parameters: object) -> None:
        self.problems.warning(self.file, line, self.written.get(column, column), code, **parameters)

    def column(self, kind: str, key: str, name: str) -> str:
        """Return how the header writes the column that tells a field of a row."""
        if place := self.places.get(key):
            for own in _GUARDIANS_COLUMNS.get(name, (name,)):
                if place + own in self.written:
                    return self.written[place + own]
        name = _COLUMNS[kind].get(name, name)
        if name == "given_name" and name not in self.written:
            name = "first_names"
        # The staff's table has a column for all the groups that one teaches.
        return self.written.get(name) or self.written.get(f"{name}s", name)

    def day(self, line: int, column: str, text: str, check: Callable[[date], date] = lambda day: day) -> date | None:
        if not text:
            return None
        try:
            return check(read_date(text, finnish=True))
        except BadValueError as fault:
            self.error(line, column, fault.code, **fault.parameters)
            return None

    def hetu(self, line: int, column: str, text: str) -> tuple[str | None, date | None, str | None]:
        if not text:
            return None, None, None
        try:
            return check_hetu(text, today=self.today)
        except BadValueError as fault:
            self.error(line, column, fault.code, **fault.parameters)
            return None, None, None

    def roster(self) -> Roster:
        kinds = ("school", "group", "person", "membership", "guardian", "enrolment")
        return Roster(
            files=dict.fromkeys(kinds, self.file),
            school=self.schools.values,
            group=self.groups.values,
            person=self.persons.values,
            membership=lambda: self.memberships,
            guardian=lambda: self.guardians,
            enrolment=lambda: self.enrolments,
            # Whoever types a name mistypes it now and then.
            makes_schools=False,
            column=self.column,
        )


def read_people(path: Path, problems: Problems, *, today: date) -> Roster:
    """Return learners with their schools, home groups and guardians."""
    reading = _Reading(path.name, problems, today)
    for line, cells in _rows(reading, path, PEOPLE, _REQUIRED):
        _read_learner(reading, line, cells)
    return reading.roster()


def read_staff(path: Path, problems: Problems, *, today: date) -> Roster:
    """Return staff with their roles at schools and the groups that they teach."""
    reading = _Reading(path.name, problems, today)
    for line, cells in _rows(reading, path, STAFF, (*_REQUIRED, "role")):
        _read_member_of_staff(reading, line, cells)
    return reading.roster()


def _plain(header: str) -> str:
    return re.sub(r"[\s_]+", " ", header).strip().lower()


def _rows(
    reading: _Reading, path: Path, columns: Mapping[str, tuple[str, ...]], required: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    names = {_plain(written): name for name, headers in columns.items() for written in (name, *headers)}
    found: list[tuple[int, dict[str, str]]] = []
    if not path.is_file():
        raise ImportRefusedError("not-a-file", path=str(path))
    with path.open("rb") as stream:
        lines = read_table(stream, path.name, reading.problems, delimiters=(";", ",", "\t"))
        header = next(lines, None)
        if header is None:
            return []
        known = _header(reading, header.values, names)
        missing = [name for name in required if name not in known] if known else []
        for name in missing:
            finnish, swedish, english = columns[name]
            reading.error(1, name, "missing-column.template", finnish=finnish, swedish=swedish, english=english)
        if reading.bad:
            return []
        for line in lines:
            cells = dict(zip(known, (value.strip() for value in line.values), strict=True))
            # Spreadsheets write the rows below a table that were once filled in.
            if any(cells.values()):
                found.append((line.number, cells))
    if not found and not reading.problems.errors:
        reading.warn(0, "", "no-rows")
    return found


def _header(reading: _Reading, header: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Return the name of each column. Of a line that is no header nothing is told: its cells are somebody's data."""
    if not any(_plain(written) in names for written in header):
        reading.error(1, "", "no-header")
        return []
    known: list[str] = []
    for place, written in enumerate(header):
        name, told = names.get(_plain(written), ""), written[:_SHOWN]
        if not name:
            reading.warn(1, told, "unknown-column", value=told)
        elif name in known:
            # As it is written here: the other one is perhaps written otherwise.
            reading.problems.error(reading.file, 1, told, "duplicate-column.template", value=told)
            reading.bad = True
        else:
            reading.written[name] = written
        known.append(name or f"?{place}")
    return known


def _school(reading: _Reading, line: int, text: str) -> str:
    reading.schools.setdefault(text, School(line, text, text, False, [text]))
    return text


def _group(reading: _Reading, line: int, school: str, code: str, grade: str | None) -> str:
    key = f"{school}/{code}"
    grades = [grade] if grade else []
    reading.groups.setdefault(key, Group(line, key, code, code, "home_group", None, school, grades, [], []))
    return key


def _key(reading: _Reading, line: int, cells: Mapping[str, str], hetu: str | None) -> str | None:
    if cells.get("id"):
        return cells["id"]
    if hetu:
        return f"hetu:{secrets.digest(hetu).hex()}"
    if not cells.get("hetu"):
        reading.error(line, "id", "required.id")
    return None


def _is_somebody_else(before: Person, first_names: str, family_name: str) -> bool:
    """Say whether a name cannot be that of a person who was read before; the rule is that of identifiers."""
    told, known = set(search_key(first_names).split()), set(search_key(before.first_names).split())
    family = search_key(family_name) == search_key(before.family_name)
    return told != known and not (family and told & known)


def _person(
    reading: _Reading, line: int, key: str, cells: Mapping[str, str], hetu: str | None, born: date | None, sex: str | None, *,
    number: str | None = None, hidden: bool | None = None,
) -> Person:  # fmt: skip
    first, family = cells["first_names"], cells["family_name"]
    given = cells.get("given_name") or first.split()[0]
    username = cells.get("username") or None
    bearer, row = reading.usernames.setdefault(username, (key, line)) if username else (key, line)
    if bearer != key:
        reading.warn(line, "username", "duplicate.username", row=row)
        username = None
    return new_person(
        line=line, key=key, first_names=first, given_name=given, family_name=family, birth_date=born, sex=sex,
        mother_tongue=(cells.get("mother_tongue") or "").upper() or None,
        nationalities=[code.strip() for code in (cells.get("nationality") or "").split(",") if code.strip()] or None,
        home_municipality=cells.get("home_municipality") or None, non_disclosure=hidden,
        hetu=hetu, learner_number=number, local=cells.get("id") or None, username=username,
        email=cells.get("email"), phone=cells.get("phone"), address=cells.get("address"), grade=cells.get("grade") or None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Basics:
    key: str
    hetu: str | None
    born: date | None
    sex: str | None
    starts: date | None
    ends: date | None


def _basics(reading: _Reading, line: int, cells: Mapping[str, str]) -> _Basics | None:
    """Read what both templates have. None when the row is refused, after all its faults are told."""
    reading.bad = False
    for name in _REQUIRED:
        if not cells[name]:
            reading.error(line, name, "required.cell")
    hetu, born, sex = reading.hetu(line, "hetu", cells.get("hetu", ""))
    told = reading.day(line, "birth_date", cells.get("birth_date", ""), lambda day: check_birth(day, reading.today))
    if told and born and told != born:
        reading.error(line, "birth_date", "birth-date-differs")
    starts, ends = (
        reading.day(line, "starts", cells.get("starts", "")),
        reading.day(line, "ends", cells.get("ends", "")),
    )
    if starts and ends and ends < starts:
        reading.error(line, "ends", "period", begin=str(starts), end=str(ends))
    key = _key(reading, line, cells, hetu)
    return _Basics(key, hetu, born or told, sex, starts, ends) if key and not reading.bad else None


def _read_learner(reading: _Reading, line: int, cells: dict[str, str]) -> None:
    basics = _basics(reading, line, cells)
    number = cells.get("learner_number") or None
    if number and not PERSON_OID.fullmatch(number):
        reading.error(line, "learner_number", "oid.learner", value=number[:40])
    told = cells.get("non_disclosure", "").lower()
    if told not in YES | NO:
        # Read as yes when in doubt would hide the fault; read as no could show an address. So the row is refused.
        reading.error(line, "non_disclosure", "yes-no", value=told[:20])
    # A table without the column says nothing about it.
    hidden = told in YES if "non_disclosure" in cells else None
    own_hetu = basics.hetu if basics else None
    guardians = [_guardian(reading, line, cells, nth, own_hetu) for nth in ("1", "2")]
    if basics is None or reading.bad:
        return
    if basics.key in reading.persons:
        reading.error(line, "id", "duplicate.person", row=reading.persons[basics.key].line)
        return
    person = _person(
        reading, line, basics.key, cells, basics.hetu, basics.born, basics.sex, number=number, hidden=hidden
    )
    reading.persons[basics.key] = person
    school = _school(reading, line, cells["school"])
    reading.memberships.append(
        Membership(
            line,
            f"{basics.key}/{school}",
            basics.key,
            school,
            "student",
            person.grade,
            True,
            basics.starts,
            basics.ends,
        )
    )
    if cells.get("group"):
        group = _group(reading, line, school, cells["group"], person.grade)
        reading.enrolments.append(
            Enrolment(line, f"{basics.key}/{group}", group, basics.key, "student", True, basics.starts, basics.ends)
        )
    for nth, guardian in enumerate(guardians, start=1):
        if guardian is None:
            continue
        written, hetu, born, sex, limits = guardian
        # Known by the name, not by the columns: two guardians who change places in the table stay who they are. One who
        # changes the name becomes another record; that is safer than to give one's record and limits to the other.
        named = search_key(written["family_name"], written["first_names"])
        key = f"hetu:{secrets.digest(hetu).hex()}" if hetu else f"{basics.key}/guardian/{named}"
        if any(row.key == f"{key}/{basics.key}" for row in reading.guardians[-1:]):
            key = f"{key}/{nth}"
        if key not in reading.persons:
            reading.persons[key] = _person(reading, line, key, written, hetu, born, sex)
        reading.places.setdefault(key, f"guardian{nth}.")
        reading.places[f"{key}/{basics.key}"] = f"guardian{nth}."
        reading.guardians.append(
            Guardian(line, f"{key}/{basics.key}", key, basics.key, "custodian", limits, basics.starts, None)
        )


def _guardian(
    reading: _Reading, line: int, cells: Mapping[str, str], nth: str, of_child: str | None
) -> tuple[dict[str, str], str | None, date | None, str | None, list[str]] | None:
    prefix = f"guardian{nth}."
    own = {name.removeprefix(prefix): value for name, value in cells.items() if name.startswith(prefix)}
    if not any(own.values()):
        return None
    for name in ("first_names", "family_name"):
        if not own.get(name):
            reading.error(line, prefix + name, "required.guardian", number=nth)
    hetu, born, sex = reading.hetu(line, prefix + "hetu", own.get("hetu", ""))
    before = reading.persons.get(f"hetu:{secrets.digest(hetu).hex()}") if hetu else None
    if hetu and hetu == of_child:
        reading.error(line, prefix + "hetu", "duplicate.somebody-else", row=line)
    elif before and _is_somebody_else(before, own.get("first_names", ""), own.get("family_name", "")):
        reading.error(line, prefix + "hetu", "duplicate.somebody-else", row=before.line)
    limits = []
    for written in filter(None, (part.strip().lower() for part in own.get("limits", "").split(","))):
        if written not in LIMITS:
            reading.error(line, prefix + "limits", "enum", value=written[:40], allowed=", ".join(LIMITS))
            continue
        limits.append(LIMITS[written])
    return own, hetu, born, sex, limits


def _read_member_of_staff(reading: _Reading, line: int, cells: dict[str, str]) -> None:
    basics = _basics(reading, line, cells)
    written = cells.get("role", "").lower()
    role = ROLES.get(written)
    if role is None:
        reading.error(line, "role", "enum", value=written[:40], allowed=", ".join(sorted(ROLES)))
    if basics is None or role is None:
        return
    school = _school(reading, line, cells["school"])
    # One person may stand on several rows: a role at each school.
    before = reading.persons.get(basics.key)
    if before is None:
        person = _person(reading, line, basics.key, cells, basics.hetu, basics.born, basics.sex)
        reading.persons[basics.key] = person
    elif (
        _is_somebody_else(before, cells["first_names"], cells["family_name"])
        or (basics.born and before.birth_date and basics.born != before.birth_date)
        or (basics.hetu and before.hetu_digest and secrets.digest(basics.hetu) != before.hetu_digest)
    ):
        reading.error(line, "id" if cells.get("id") else "hetu", "duplicate.somebody-else", row=before.line)
        return
    reading.memberships.append(
        Membership(
            line, f"{basics.key}/{school}/{role}", basics.key, school, role, None, True, basics.starts, basics.ends
        )
    )
    for code in filter(None, (part.strip() for part in cells.get("groups", "").split(","))):
        group = _group(reading, line, school, code, None)
        kind = "aide" if role == "aide" else "teacher"
        reading.enrolments.append(
            Enrolment(line, f"{basics.key}/{group}/{kind}", group, basics.key, kind, False, basics.starts, basics.ends)
        )
