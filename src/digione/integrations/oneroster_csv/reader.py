"""What the rows of a OneRoster set mean: typed rows for the loader, and every fault with its line and field."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date

from digione.integrations.loading.roster import (
    CarriedFile,
    Course,
    Enrolment,
    Group,
    Membership,
    Person,
    Roster,
    School,
    Session,
    new_person,
)
from digione.integrations.loading.values import PERSON_OID, BadValueError, check_birth, check_hetu, read_date
from digione.integrations.oneroster_csv.beyond import HETU_NAMES, READ_AS, listed, read_as, user_ids
from digione.integrations.oneroster_csv.carried import carried_files
from digione.integrations.oneroster_csv.columns import (
    CLASS_TYPES,
    ENROLMENT_ROLES,
    ORG_TYPES,
    ROLE_TYPES,
    ROLES_1_1,
    ROLES_1_2,
    SESSION_TYPES,
)
from digione.integrations.oneroster_csv.files import Cells, Set
from digione.integrations.oneroster_csv.tables import (
    COLUMNS_OF,
    GROUP_KINDS,
    HOME_COURSE,
    MADE_OF,
    OWN_SYSTEM,
    ROLE_COLUMNS_1_1,
    SEXES,
)


@dataclass
class Reader:
    """Reads a set once, in the order of references, so that a dangling one is told where it stands."""

    files: Set
    today: date
    orgs: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    courses: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    known_people: set[bytes] = field(default_factory=set)
    #: Lines of demographics.csv that were refused, of which nothing is carried either.
    refused_demographics: set[int] = field(default_factory=set)
    _usernames: dict[str, int] = field(default_factory=dict)
    #: The extended values that were remarked on: each is, once.
    _extended: set[tuple[str, str]] = field(default_factory=set)

    def roster(self) -> Roster:
        """Return the roster, whose rows are read when the loader asks for them."""
        names = {
            "school": "orgs",
            "session": "academicSessions",
            "course": "courses",
            "group": "classes",
            "person": "users",
            "membership": "roles" if self.files.version == "1.2" else "users",
            "guardian": "users",
            "enrolment": "enrollments",
        }
        present = self.files.present

        def when(
            table: str, rows: Callable[[], Iterator[tuple[object, ...]]]
        ) -> Callable[[], Iterator[tuple[object, ...]]] | None:
            return rows if table in present else None

        return Roster(
            files={kind: self.files.file(table) for kind, table in names.items()},
            school=self.read_orgs,
            session=when("academicSessions", self.read_sessions),
            course=when("courses", self.read_courses),
            group=when("classes", self.read_classes),
            person=self.read_users,
            membership=when("roles", self.read_roles) if self.files.version == "1.2" else None,
            enrolment=when("enrollments", self.read_enrolments),
            known_people=self.known_people,
            own_ids=self.files.system == OWN_SYSTEM,
            column=self._column,
            version=self.files.version,
            carried=self._carried,
        )

    def _carried(self) -> Iterator[CarriedFile]:
        known = {
            "orgs": self.orgs,
            "academicSessions": self.sessions,
            "courses": self.courses,
            "classes": self.classes,
            "users": self.users,
        }
        return carried_files(self.files, known, self.refused_demographics)

    def _column(self, kind: str, key: str, name: str) -> str:
        if kind == "membership" and self.files.version == "1.1":
            name = ROLE_COLUMNS_1_1.get(name, name)
        if kind == "person" and name in MADE_OF:
            had = self.files.columns.get("users", ())
            return ", ".join(column for column in MADE_OF[name] if column in had)
        return COLUMNS_OF[kind].get(name, name)

    def read_everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows by kind. For looking at a set without a database; the loader streams instead.

        Of what is carried, the kinds of which there are rows.
        """
        found = {kind: list(rows()) for kind, _, rows in self.roster().staged() if rows}
        for file in self._carried():
            if rows := list[tuple[object, ...]](file.rows()):
                found[file.kind] = rows
        return found

    def _error(self, table: str, line: int, column: str, code: str, /, **parameters: object) -> None:
        self.files.problems.error(self.files.file(table), line, column, code, **parameters)

    def _warn(self, table: str, line: int, column: str, code: str, /, **parameters: object) -> None:
        self.files.problems.warning(self.files.file(table), line, column, code, **parameters)

    def _fresh(self, table: str, line: int, key: str, seen: set[str]) -> bool:
        if key and key in seen:
            self._error(table, line, "sourcedId", "duplicate", value=key[:80])
            return False
        return True

    def _one_of(self, table: str, line: int, column: str, value: str, allowed: Collection[str]) -> str:
        """Return what a value of a closed list is read as; nothing where it is none, which is told."""
        if not value and column in self.files.table(table).demanded:
            return ""
        if value in allowed:
            return value
        meant = read_as(table, column, value) if self.files.version == "1.2" else None
        if meant is not None:
            if meant == READ_AS[table, column] and (table, value) not in self._extended and meant != value:
                self._extended.add((table, value))
                self._warn(table, line, column, "extended", value=value[:40], meant=meant.removeprefix("ext:"))
            return meant
        self._error(table, line, column, "enum", value=value[:40], allowed=", ".join(sorted(allowed)))
        return ""

    def _refers(self, table: str, line: int, column: str, key: str, known: set[str], target: str) -> bool:
        if key in known:
            return True
        if not key and column in self.files.table(table).demanded:
            return False
        self._error(table, line, column, "dangling-reference", value=key[:80], file=f"{target}.csv")
        return False

    def _day(
        self, table: str, line: int, column: str, text: str, check: Callable[[date], date] = lambda day: day
    ) -> tuple[bool, date | None]:
        if not text:
            return True, None
        try:
            return True, check(read_date(text))
        except BadValueError as fault:
            self._error(table, line, column, fault.code, **fault.parameters)
            return False, None

    def _period(self, table: str, line: int, cells: Cells) -> tuple[bool, date | None, date | None]:
        good, begin = self._day(table, line, "beginDate", cells["beginDate"])
        fine, end = self._day(table, line, "endDate", cells["endDate"])
        if begin and end and end < begin:
            self._error(table, line, "endDate", "period", begin=str(begin), end=str(end))
            return False, begin, end
        return good and fine, begin, end

    def read_orgs(self) -> Iterator[School]:
        """Yield the places. Parents are checked when all are known."""
        parents: list[tuple[int, str]] = []
        for line, cells in self.files.rows("orgs"):
            key = cells["sourcedId"]
            good = self._fresh("orgs", line, key, self.orgs)
            kind = self._one_of("orgs", line, "type", cells["type"], ORG_TYPES)
            if cells["parentSourcedId"]:
                parents.append((line, cells["parentSourcedId"]))
            if not (good and kind and cells.sound):
                continue
            self.orgs.add(key)
            names = [value for value in (key, cells["identifier"]) if value]
            yield School(line, key, cells["name"], kind != "school", names)
        for line, parent in parents:
            if parent not in self.orgs:
                self._warn(
                    "orgs", line, "parentSourcedId", "dangling-reference.parent", value=parent[:80], file="orgs.csv"
                )

    def read_sessions(self) -> Iterator[Session]:
        """Yield school years and terms."""
        table = "academicSessions"
        parents: list[tuple[int, str]] = []
        for line, cells in self.files.rows(table):
            good, starts = self._day(table, line, "startDate", cells["startDate"])
            fine, ends = self._day(table, line, "endDate", cells["endDate"])
            key = cells["sourcedId"]
            kind = self._one_of(table, line, "type", cells["type"], SESSION_TYPES)
            fine &= self._fresh(table, line, key, self.sessions) and cells.sound
            if starts and ends and ends < starts:
                self._error(table, line, "endDate", "period", begin=str(starts), end=str(ends))
                fine = False
            written = cells["schoolYear"]
            if written and not re.fullmatch(r"\d{4}", written):
                self._warn(table, line, "schoolYear", "year", value=written[:20])
                written = ""
            if cells["parentSourcedId"]:
                parents.append((line, cells["parentSourcedId"]))
            if not (kind and good and fine and starts and ends):
                continue
            self.sessions.add(key)
            yield Session(
                line,
                key,
                cells["title"],
                kind,
                starts,
                ends,
                cells["parentSourcedId"] or None,
                int(written or ends.year),
            )
        for line, parent in parents:
            if parent not in self.sessions:
                self._warn(
                    table, line, "parentSourcedId", "dangling-reference.parent", value=parent[:80], file=f"{table}.csv"
                )

    def read_courses(self) -> Iterator[Course]:
        """Yield courses."""
        for line, cells in self.files.rows("courses"):
            key, org, year = cells["sourcedId"], cells["orgSourcedId"], cells["schoolYearSourcedId"]
            good = self._fresh("courses", line, key, self.courses) and cells.sound
            if org:
                good &= self._refers("courses", line, "orgSourcedId", org, self.orgs, "orgs")
            if year and year not in self.sessions:
                self._warn(
                    "courses",
                    line,
                    "schoolYearSourcedId",
                    "dangling-reference.emptied",
                    value=year[:80],
                    file="academicSessions.csv",
                )
                year = ""
            if not good:
                continue
            self.courses.add(key)
            if key == HOME_COURSE and self.files.system == OWN_SYSTEM:
                continue
            yield Course(
                line, key, cells["title"], cells["courseCode"] or None, org or None, year or None,
                listed(cells["grades"]), listed(cells["subjects"]),
            )  # fmt: skip

    def read_classes(self) -> Iterator[Group]:
        """Yield classes. One without a course is taken: home groups have none."""
        for line, cells in self.files.rows("classes"):
            key, course, school = cells["sourcedId"], cells["courseSourcedId"], cells["schoolSourcedId"]
            good = self._fresh("classes", line, key, self.classes) and cells.sound
            kind = self._one_of("classes", line, "classType", cells["classType"], CLASS_TYPES)
            good &= bool(kind)
            good &= self._refers("classes", line, "schoolSourcedId", school, self.orgs, "orgs")
            if course:
                good &= self._refers("classes", line, "courseSourcedId", course, self.courses, "courses")
            if course == HOME_COURSE and self.files.system == OWN_SYSTEM:
                course = ""
            terms = listed(cells["termSourcedIds"])
            for term in terms:
                good &= self._refers("classes", line, "termSourcedIds", term, self.sessions, "academicSessions")
            if not good:
                continue
            self.classes.add(key)
            yield Group(
                line, key, cells["title"], cells["classCode"] or None,
                GROUP_KINDS.get(kind, "class_section"),
                course or None, school, listed(cells["grades"]), listed(cells["subjects"]), terms,
            )  # fmt: skip

    def _demographics(self) -> dict[str, tuple[int, date | None, str | None]]:
        """Return line, birth date and sex by the user's id; of what is refused the line alone counts."""
        known: dict[str, tuple[int, date | None, str | None]] = {}
        taken: set[str] = set()
        for line, cells in self.files.rows("demographics"):
            key = cells["sourcedId"]
            first = self._fresh("demographics", line, key, taken)
            good, born = self._day(
                "demographics", line, "birthDate", cells["birthDate"], lambda day: check_birth(day, self.today)
            )
            sex = cells["sex"].lower()
            if sex not in SEXES:
                sex = self._one_of("demographics", line, "sex", cells["sex"], SEXES.keys() - {""})
                good &= bool(sex)
            if good and first and cells.sound:
                taken.add(key)
                known[key] = (line, born, SEXES[sex])
            else:
                self.refused_demographics.add(line)
                known.setdefault(key, (line, None, None))
        return known

    def read_users(self) -> Iterator[Person]:
        """Yield people with what demographics.csv says about them."""
        demographics = self._demographics()
        old = self.files.version == "1.1"
        for line, cells in self.files.rows("users"):
            key = cells["sourcedId"]
            good = self._fresh("users", line, key, self.users) and cells.sound
            schools: list[str] = []
            if old:
                good &= bool(self._one_of("users", line, "role", cells["role"], ROLES_1_1))
                schools = listed(cells["orgSourcedIds"])
                if not schools and cells["orgSourcedIds"]:
                    self._error("users", line, "orgSourcedIds", "required", column="orgSourcedIds")
                    good = False
                for school in schools:
                    good &= self._refers("users", line, "orgSourcedIds", school, self.orgs, "orgs")
            if cells["enabledUser"] and cells["enabledUser"].lower() not in {"true", "false"}:
                self._error(
                    "users", line, "enabledUser", "enum", value=cells["enabledUser"][:20], allowed="false, true"
                )
                good = False
            _, born, sex = demographics.pop(key, (0, None, None))
            hetu, number, fine = self._identifiers(line, cells)
            if hetu and fine:
                _, born, sex = check_hetu(hetu, today=self.today)
            if not (good and fine):
                continue
            self.users.add(key)
            yield self._person(
                line, key, cells, born, sex, hetu, number, cells["role"] if old else None, list(dict.fromkeys(schools))
            )
        demographics.pop("", None)
        for key, (line, _, _) in demographics.items():
            self._warn("demographics", line, "sourcedId", "dangling-reference", value=key[:80], file="users.csv")

    def _identifiers(self, line: int, cells: Cells) -> tuple[str | None, str | None, bool]:
        hetu = number = None
        written = cells["userIds"]
        ids = user_ids(written)
        if written and not ids:
            self._warn("users", line, "userIds", "user-ids")
        for kind, value in ids:
            if kind.strip().lower() in HETU_NAMES:
                try:
                    hetu = check_hetu(value, today=self.today)[0]
                except BadValueError as fault:
                    self._error("users", line, "userIds", fault.code, **fault.parameters)
                    return None, None, False
            elif PERSON_OID.fullmatch(value.strip()):
                number = value.strip()
        if PERSON_OID.fullmatch(cells["identifier"]):
            number = cells["identifier"]
        return hetu, number, True

    def _person(
        self, line: int, key: str, cells: Cells, born: date | None, sex: str | None, hetu: str | None,
        number: str | None, role: str | None, schools: list[str],
    ) -> Person:  # fmt: skip
        given = cells["preferredGivenName"] or cells["givenName"]
        family = cells["preferredFamilyName"] or cells["familyName"]
        first = f"{cells['givenName']} {cells['middleName']}".strip()
        local = cells["identifier"] if cells["identifier"] != number else ""
        username = cells["username"]
        if username:
            before = self._usernames.setdefault(username, line)
            if before != line:
                self._warn("users", line, "username", "duplicate.username", row=before)
                username = ""
        grades = listed(cells["grades"])
        return new_person(
            line=line, key=key, first_names=first, given_name=given, family_name=family, known=self.known_people,
            birth_date=born, sex=sex, hetu=hetu, learner_number=number, local=local or None, username=username or None,
            email=cells.get("email"), phone=cells["sms"] or cells.get("phone", cells.get("sms")),
            role=role, school_keys=schools, grade=grades[0] if grades else None,
            agent_keys=listed(cells["agentSourcedIds"]),
        )  # fmt: skip

    def read_roles(self) -> Iterator[Membership]:
        """Yield the roles of version 1.2."""
        seen: set[str] = set()
        for line, cells in self.files.rows("roles"):
            key = cells["sourcedId"]
            good = self._fresh("roles", line, key, seen) and cells.sound
            role = self._one_of("roles", line, "role", cells["role"], ROLES_1_2)
            good &= bool(role)
            good &= bool(self._one_of("roles", line, "roleType", cells["roleType"], ROLE_TYPES))
            good &= self._refers("roles", line, "userSourcedId", cells["userSourcedId"], self.users, "users")
            good &= self._refers("roles", line, "orgSourcedId", cells["orgSourcedId"], self.orgs, "orgs")
            fine, begin, end = self._period("roles", line, cells)
            if not (good and fine):
                continue
            seen.add(key)
            yield Membership(
                line, key, cells["userSourcedId"], cells["orgSourcedId"],
                role, None,
                cells["roleType"] == "primary", begin, end,
            )  # fmt: skip

    def read_enrolments(self) -> Iterator[Enrolment]:
        """Yield who belongs to which class."""
        table, seen = "enrollments", set[str]()
        for line, cells in self.files.rows(table):
            key = cells["sourcedId"]
            good = self._fresh(table, line, key, seen) and cells.sound
            role = self._one_of(table, line, "role", cells["role"], ENROLMENT_ROLES)
            good &= bool(role)
            good &= self._refers(table, line, "classSourcedId", cells["classSourcedId"], self.classes, "classes")
            good &= self._refers(table, line, "userSourcedId", cells["userSourcedId"], self.users, "users")
            good &= self._refers(table, line, "schoolSourcedId", cells["schoolSourcedId"], self.orgs, "orgs")
            primary = cells["primary"].lower()
            if primary not in {"", "true", "false"}:
                self._error(table, line, "primary", "enum", value=cells["primary"][:20], allowed="false, true")
                good = False
            fine, begin, end = self._period(table, line, cells)
            if not (good and fine):
                continue
            seen.add(key)
            yield Enrolment(
                line, key, cells["classSourcedId"], cells["userSourcedId"], role, primary == "true", begin, end
            )
