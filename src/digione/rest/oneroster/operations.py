"""The 41 operations of the rostering service: address, what it lists, within what, and which scopes open it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from digione.rest.oneroster import people, rosters
from digione.rest.oneroster.resource import Resource

_SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
ROSTER = f"{_SCOPE}roster.readonly"
CORE = f"{_SCOPE}roster-core.readonly"
DEMOGRAPHICS = f"{_SCOPE}roster-demographics.readonly"
#: What it tells of a person to stand in the list of a kind of thing that the path names, as fields of the open data model.
_TELLS: dict[str, str] = {
    "class": "studies_enrolment.group_id",
    "class_of_school": "studies_enrolment.group_id",
    "school": "studies_schoolenrolment.school_id",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `within` names the kind of each id in the path that has to exist; `condition` uses these ids.

    `one` is the name of the path's own id where a single object is asked for. `version`: of the standard, in whose words
    a condition speaks.
    """

    name: str
    path: str
    resource: Resource
    scopes: frozenset[str]
    condition: str = ""
    within: Mapping[str, str] = field(default_factory=dict)
    one: str | None = None
    version: str = "1.2"

    @property
    def called(self) -> tuple[str, str]:
        """By which name, and in whose words, it is asked for."""
        return self.name, self.version

    @property
    def demographic(self) -> bool:
        """Whether the more sensitive permission is needed."""
        return self.resource is people.DEMOGRAPHICS

    @property
    def places(self) -> set[str]:
        """What the path tells of the persons who stand in the list."""
        return {_TELLS[kind] for kind in self.within.values() if kind in _TELLS}


def _both(plural: str, single: str, path: str, resource: Resource, condition: str = "") -> list[Operation]:
    scopes = frozenset({DEMOGRAPHICS} if resource is people.DEMOGRAPHICS else {ROSTER, CORE})
    return [
        Operation(f"getAll{plural}", path, resource, scopes, condition),
        Operation(f"get{single}", f"{path}/{{sourcedId}}", resource, scopes, condition, one="sourcedId"),
    ]


def _within(name: str, path: str, resource: Resource, condition: str, **within: str) -> Operation:
    return Operation(name, path, resource, frozenset({ROSTER}), condition, within)


# The persons are found from the narrow side, then looked up in the listing: the work follows the size of the school
# or class, never that of the provider.
_ARE = " AND k.person_id = ANY (ARRAY({0}))"
_SCHOOL_STUDENTS = _ARE.format(
    "SELECT e.person_id FROM studies_schoolenrolment e WHERE e.provider_id = %(provider)s"
    " AND e.school_id = %(schoolSourcedId)s"
)
_SCHOOL_TEACHERS = _ARE.format(
    "SELECT a.person_id FROM people_staffassignment a WHERE a.provider_id = %(provider)s"
    " AND a.organisation_id = %(schoolSourcedId)s AND a.role IN ('teacher', 'special_needs_teacher')"
    " UNION SELECT e.person_id FROM studies_enrolment e JOIN studies_group g ON g.provider_id = e.provider_id"
    " AND g.id = e.group_id WHERE g.provider_id = %(provider)s AND g.school_id = %(schoolSourcedId)s"
    " AND e.provider_id = %(provider)s AND e.role = 'teacher'"
)
_MEMBERS = (
    "SELECT e.person_id FROM studies_enrolment e WHERE e.provider_id = %(provider)s"
    " AND e.group_id = %(classSourcedId)s AND e.role = '{0}'"
)
_CLASS_STUDENTS, _CLASS_TEACHERS = (_ARE.format(_MEMBERS.format(role)) for role in ("student", "teacher"))
_OF_PERSON = (
    " AND g.id = ANY (ARRAY(SELECT e.group_id FROM studies_enrolment e JOIN access_listing k ON k.supplier_id = %(supplier)s"
    " AND k.provider_id = e.provider_id AND k.person_id = e.person_id WHERE e.provider_id = %(provider)s"
    " AND k.provider_id = %(provider)s AND k.sourced_id = %({0})s{1}))"
)
_AT_SCHOOL = " AND {0}.school_id = %(schoolSourcedId)s"
# An enrolment's school is its group's (a key holds it to that): found by the groups of the school, the work follows the
# size of the school. By the school of each enrolment, every enrolment of the provider would be read.
_IN_GROUPS_OF_SCHOOL = (
    " AND e.group_id = ANY (ARRAY(SELECT g.id FROM studies_group g WHERE g.provider_id = %(provider)s"
    " AND g.school_id = %(schoolSourcedId)s))"
)

OPERATIONS: tuple[Operation, ...] = (
    *_both("AcademicSessions", "AcademicSession", "academicSessions", rosters.SESSIONS),
    *_both("Classes", "Class", "classes", rosters.CLASSES),
    *_both("Courses", "Course", "courses", rosters.COURSES),
    *_both("Demographics", "Demographics", "demographics", people.DEMOGRAPHICS),
    *_both("Enrollments", "Enrollment", "enrollments", rosters.ENROLLMENTS),
    *_both("GradingPeriods", "GradingPeriod", "gradingPeriods", rosters.GRADING_PERIODS),
    *_both("Orgs", "Org", "orgs", rosters.ORGS),
    *_both("Schools", "School", "schools", rosters.ORGS, rosters.SCHOOLS_CONDITION),
    *_both("Students", "Student", "students", people.STUDENTS),
    *_both("Teachers", "Teacher", "teachers", people.TEACHERS),
    *_both("Terms", "Term", "terms", rosters.TERMS),
    *_both("Users", "User", "users", people.USERS),
    _within("getStudentsForClass", "classes/{classSourcedId}/students", people.USERS, _CLASS_STUDENTS,
            classSourcedId="class"),
    _within("getTeachersForClass", "classes/{classSourcedId}/teachers", people.USERS, _CLASS_TEACHERS,
            classSourcedId="class"),
    _within("getClassesForCourse", "courses/{courseSourcedId}/classes", rosters.CLASSES,
            " AND coalesce(g.course_id, g.id) = %(courseSourcedId)s", courseSourcedId="course"),
    _within("getClassesForSchool", "schools/{schoolSourcedId}/classes", rosters.CLASSES, _AT_SCHOOL.format("g"),
            schoolSourcedId="school"),
    _within("getEnrollmentsForClassInSchool", "schools/{schoolSourcedId}/classes/{classSourcedId}/enrollments",
            rosters.ENROLLMENTS, " AND e.group_id = %(classSourcedId)s",
            schoolSourcedId="school", classSourcedId="class_of_school"),
    _within("getStudentsForClassInSchool", "schools/{schoolSourcedId}/classes/{classSourcedId}/students",
            people.USERS, _CLASS_STUDENTS, schoolSourcedId="school", classSourcedId="class_of_school"),
    _within("getTeachersForClassInSchool", "schools/{schoolSourcedId}/classes/{classSourcedId}/teachers",
            people.USERS, _CLASS_TEACHERS, schoolSourcedId="school", classSourcedId="class_of_school"),
    _within("getCoursesForSchool", "schools/{schoolSourcedId}/courses", rosters.COURSES,
            " AND (c.school_id = %(schoolSourcedId)s OR c.school_id IS NULL)", schoolSourcedId="school"),
    _within("getEnrollmentsForSchool", "schools/{schoolSourcedId}/enrollments", rosters.ENROLLMENTS,
            _IN_GROUPS_OF_SCHOOL, schoolSourcedId="school"),
    _within("getStudentsForSchool", "schools/{schoolSourcedId}/students", people.USERS, _SCHOOL_STUDENTS,
            schoolSourcedId="school"),
    _within("getTeachersForSchool", "schools/{schoolSourcedId}/teachers", people.USERS, _SCHOOL_TEACHERS,
            schoolSourcedId="school"),
    _within("getTermsForSchool", "schools/{schoolSourcedId}/terms", rosters.TERMS,
            " AND (s.school_id = %(schoolSourcedId)s OR s.school_id IS NULL)", schoolSourcedId="school"),
    _within("getClassesForStudent", "students/{studentSourcedId}/classes", rosters.CLASSES,
            _OF_PERSON.format("studentSourcedId", " AND e.role = 'student'"), studentSourcedId="student"),
    _within("getClassesForTeacher", "teachers/{teacherSourcedId}/classes", rosters.CLASSES,
            _OF_PERSON.format("teacherSourcedId", " AND e.role = 'teacher'"), teacherSourcedId="teacher"),
    _within("getClassesForTerm", "terms/{termSourcedId}/classes", rosters.CLASSES,
            " AND EXISTS (SELECT 1 FROM studies_groupsession t WHERE t.provider_id = %(provider)s"
            " AND t.group_id = g.id AND t.session_id = %(termSourcedId)s)", termSourcedId="session"),
    _within("getGradingPeriodsForTerm", "terms/{termSourcedId}/gradingPeriods", rosters.GRADING_PERIODS,
            " AND s.parent_id = %(termSourcedId)s", termSourcedId="session"),
    _within("getClassesForUser", "users/{userSourcedId}/classes", rosters.CLASSES,
            _OF_PERSON.format("userSourcedId", ""), userSourcedId="user"),
)  # fmt: skip

#: How each kind of id in a path is found; the id itself stands where `{id}` is.
PARENTS: dict[str, str] = {
    "school": f"SELECT NULL::uuid AS person {rosters.ORGS.rows}{rosters.SCHOOLS_CONDITION} AND o.id = {{id}}",
    "class": f"SELECT NULL::uuid AS person {rosters.CLASSES.rows} AND g.id = {{id}}",
    "class_of_school": f"SELECT NULL::uuid AS person {rosters.CLASSES.rows}{_AT_SCHOOL.format('g')} AND g.id = {{id}}",
    "course": f"SELECT NULL::uuid AS person {rosters.COURSES.rows} AND c.id = {{id}}",
    # A class may name a whole school year among its terms, so any session answers for its classes.
    "session": f"SELECT NULL::uuid AS person {rosters.SESSIONS.rows} AND s.id = {{id}}",
    "user": f"SELECT k.person_id AS person {people.USERS.rows} AND k.sourced_id = {{id}}",
    "student": f"SELECT k.person_id AS person {people.STUDENTS.rows} AND k.sourced_id = {{id}}",
    "teacher": f"SELECT k.person_id AS person {people.TEACHERS.rows} AND k.sourced_id = {{id}}",
}
