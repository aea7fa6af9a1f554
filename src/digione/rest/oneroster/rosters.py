"""Organisations, sessions, courses, classes and enrolments, as SQL."""

from digione.rest.oneroster.fields import Absent, Among, Choice, Day, Id, Moment, Stamped, Text, Words
from digione.rest.oneroster.resource import LIVE, Resource, in_languages, moment, reference, status, visible_person

# Organisations: the provider is the district, its schools are schools, everything else under it is "local".
_ORG_TYPE = (
    """CASE WHEN {0}.id = %(provider)s THEN 'district' WHEN 'school' = ANY ({0}.kinds) THEN 'school' ELSE 'local' END"""
)
_ORG_ROWS = "FROM organisations_organisation o WHERE o.provider_id = %(provider)s"
_ORG_IDENTIFIER = "coalesce(o.oid, o.school_code, o.id::text)"
# A parent outside the provider (a state's central organisation) is not shown to an app.
_ORG_PARENT = """(SELECT u.id FROM organisations_organisation u WHERE u.provider_id = %(provider)s AND u.id = o.parent_id
    AND o.id <> %(provider)s)"""
_ORG_CHILDREN = """FROM organisations_organisation c WHERE c.provider_id = %(provider)s AND c.parent_id = o.id
    AND c.id <> %(provider)s"""

ORGS = Resource(
    "orgs",
    "org",
    "o.id",
    _ORG_ROWS,
    f"JOIN organisations_organisation o ON o.id = asked.id AND o.provider_id = %(provider)s "
    f"CROSS JOIN LATERAL (SELECT {_ORG_PARENT} AS parent) up",
    {
        "sourcedId": Id("o.id"),
        "status": Choice(status("o"), LIVE.format("o"), "active", "tobedeleted"),
        "dateLastModified": Moment("o.sys_from"),
        "name": Text(in_languages("o.name")),
        "type": Text(_ORG_TYPE.format("o")),
        "identifier": Text(_ORG_IDENTIFIER),
        "parent.sourcedId": Id(_ORG_PARENT),
        "children.sourcedId": Among(_ORG_CHILDREN, Id("c.id")),
    },
    {
        "sourcedId": "o.id",
        "status": status("o"),
        "dateLastModified": moment("o.sys_from"),
        "name": in_languages("o.name"),
        "type": _ORG_TYPE.format("o"),
        "identifier": _ORG_IDENTIFIER,
        "parent": reference("up.parent", "orgs", "org"),
        "children": f"(SELECT json_agg({reference('c.id', 'orgs', 'org')} ORDER BY c.id) {_ORG_CHILDREN})",
    },
    known=frozenset({"metadata"}),
)

_SESSION_ROWS = "FROM organisations_academicsession s WHERE s.provider_id = %(provider)s"
_SESSION_CHILDREN = "FROM organisations_academicsession c WHERE c.provider_id = %(provider)s AND c.parent_id = s.id"


def _sessions(rows: str) -> Resource:
    return Resource(
        "academicSessions",
        "academicSession",
        "s.id",
        rows,
        "JOIN organisations_academicsession s ON s.provider_id = %(provider)s AND s.id = asked.id",
        {
            "sourcedId": Id("s.id"),
            "status": Text("'active'::text"),
            "dateLastModified": Moment("s.sys_from"),
            "title": Text(in_languages("s.title")),
            "startDate": Day("s.starts_on"),
            "endDate": Day("s.ends_on"),
            "type": Text("s.kind"),
            "schoolYear": Text("s.school_year::text"),
            "parent.sourcedId": Id("s.parent_id"),
            "children.sourcedId": Among(_SESSION_CHILDREN, Id("c.id")),
        },
        {
            "sourcedId": "s.id",
            # A session that is over is still a session: old classes and grades refer to it.
            "status": "'active'",
            "dateLastModified": moment("s.sys_from"),
            "title": in_languages("s.title"),
            "startDate": "s.starts_on",
            "endDate": "s.ends_on",
            "type": "s.kind",
            "parent": reference("s.parent_id", "academicSessions", "academicSession"),
            "children": f"(SELECT json_agg({reference('c.id', 'academicSessions', 'academicSession')} ORDER BY c.id) "
            f"{_SESSION_CHILDREN})",
            "schoolYear": "s.school_year::text",
        },
        known=frozenset({"metadata"}),
    )


SESSIONS = _sessions(_SESSION_ROWS)
TERMS = _sessions(_SESSION_ROWS + " AND s.kind IN ('term', 'semester')")
GRADING_PERIODS = _sessions(_SESSION_ROWS + " AND s.kind = 'gradingPeriod'")

# A class of the standard always has a course. A home group without one stands as its own course, with the same id.
_COURSES = """(SELECT c.id, c.provider_id, c.school_id, c.session_id, c.code, c.title, c.subjects, c.grades,
           CASE c.status WHEN 'active' THEN 'active' ELSE 'tobedeleted' END AS status, c.sys_from
    FROM studies_course c WHERE c.provider_id = %(provider)s
    UNION ALL
    SELECT g.id, g.provider_id, g.school_id, NULL, g.code, g.title, g.subjects, g.grades, {status}, g.sys_from
    FROM studies_group g WHERE g.provider_id = %(provider)s AND g.course_id IS NULL)""".format(status=status("g"))

COURSES = Resource(
    "courses",
    "course",
    "c.id",
    f"FROM {_COURSES} c WHERE true",
    f"JOIN {_COURSES} c ON c.id = asked.id",
    {
        "sourcedId": Id("c.id"),
        "status": Text("c.status"),
        "dateLastModified": Moment("c.sys_from"),
        "title": Text(in_languages("c.title")),
        "courseCode": Text("coalesce(c.code, '')"),
        "grades": Words("c.grades"),
        "subjects": Words("c.subjects"),
        "schoolYear.sourcedId": Id("c.session_id"),
        "org.sourcedId": Id("coalesce(c.school_id, c.provider_id)"),
    },
    {
        "sourcedId": "c.id",
        "status": "c.status",
        "dateLastModified": moment("c.sys_from"),
        "title": in_languages("c.title"),
        "schoolYear": reference("c.session_id", "academicSessions", "academicSession"),
        "courseCode": "coalesce(c.code, '')",
        "grades": "c.grades",
        "subjects": "c.subjects",
        "org": reference("coalesce(c.school_id, c.provider_id)", "orgs", "org"),
    },
    known=frozenset({"metadata", "subjectCodes", "resources"}),
)

# A class always has a session: its own, else its course's, else the provider's session in which it begins, else the
# newest one. A provider without any session has no classes to show.
_CLASS_SESSIONS = """(SELECT coalesce(
    (SELECT array_agg(t.session_id ORDER BY t.session_id) FROM studies_groupsession t
     WHERE t.provider_id = %(provider)s AND t.group_id = g.id),
    (SELECT ARRAY[c.session_id] FROM studies_course c WHERE c.provider_id = %(provider)s AND c.id = g.course_id
     AND c.session_id IS NOT NULL),
    (SELECT ARRAY[s.id] FROM organisations_academicsession s WHERE s.provider_id = %(provider)s
     ORDER BY (g.valid_from BETWEEN s.starts_on AND s.ends_on) IS TRUE DESC, s.kind = 'schoolYear' DESC, s.ends_on DESC
     LIMIT 1)))"""
_HAS_SESSION = (
    " AND EXISTS (SELECT 1 FROM organisations_academicsession any_session WHERE any_session.provider_id = %(provider)s)"
)
_CLASS_TYPE = (
    """CASE g.kind WHEN 'class_section' THEN 'scheduled' WHEN 'home_group' THEN 'homeroom' ELSE 'ext:careGroup' END"""
)

CLASSES = Resource(
    "classes",
    "class",
    "g.id",
    "FROM studies_group g WHERE g.provider_id = %(provider)s" + _HAS_SESSION,
    "JOIN studies_group g ON g.provider_id = %(provider)s AND g.id = asked.id "
    f"CROSS JOIN LATERAL (SELECT {_CLASS_SESSIONS} AS sessions) held",
    {
        "sourcedId": Id("g.id"),
        "status": Choice(status("g"), LIVE.format("g"), "active", "tobedeleted"),
        "dateLastModified": Moment("g.sys_from"),
        "title": Text(in_languages("g.title")),
        "classCode": Text("g.code"),
        "classType": Text(_CLASS_TYPE),
        "grades": Words("g.grades"),
        "subjects": Words("g.subjects"),
        "course.sourcedId": Id("coalesce(g.course_id, g.id)"),
        "school.sourcedId": Id("g.school_id"),
        "terms.sourcedId": Among(f"FROM unnest({_CLASS_SESSIONS}) AS held (id) WHERE true", Id("held.id")),
        "location": Absent(),
    },
    {
        "sourcedId": "g.id",
        "status": status("g"),
        "dateLastModified": moment("g.sys_from"),
        "title": in_languages("g.title"),
        "classCode": "g.code",
        "classType": _CLASS_TYPE,
        "grades": "g.grades",
        "subjects": "g.subjects",
        "course": reference("coalesce(g.course_id, g.id)", "courses", "course"),
        "school": reference("g.school_id", "orgs", "org"),
        "terms": f"(SELECT json_agg({reference('x.id', 'academicSessions', 'academicSession')}) "
        "FROM unnest(held.sessions) AS x (id))",
    },
    known=frozenset({"metadata", "location", "subjectCodes", "periods", "resources"}),
)

_ENROLMENT_ROLE = "CASE e.role WHEN 'aide' THEN 'ext:aide' ELSE e.role END"
_KNOWN_PERSON = visible_person("e.person_id", "k")

ENROLLMENTS = Resource(
    "enrollments",
    "enrollment",
    "e.id",
    f"FROM studies_enrolment e {_KNOWN_PERSON} WHERE e.provider_id = %(provider)s",
    f"JOIN studies_enrolment e ON e.provider_id = %(provider)s AND e.id = asked.id {_KNOWN_PERSON}",
    {
        "sourcedId": Id("e.id"),
        "status": Choice(status("e"), LIVE.format("e"), "active", "tobedeleted"),
        "dateLastModified": Stamped("e.sys_from"),
        "role": Text(_ENROLMENT_ROLE),
        "primary": Text("CASE WHEN e.is_primary THEN 'true' ELSE 'false' END"),
        "beginDate": Day("e.valid_from"),
        "endDate": Day("e.valid_to"),
        "user.sourcedId": Id("k.sourced_id"),
        "class.sourcedId": Id("e.group_id"),
        "school.sourcedId": Id("e.school_id"),
    },
    {
        "sourcedId": "e.id",
        "status": status("e"),
        "dateLastModified": moment("e.sys_from"),
        "user": reference("k.sourced_id", "users", "user"),
        "class": reference("e.group_id", "classes", "class"),
        "school": reference("e.school_id", "orgs", "org"),
        "role": _ENROLMENT_ROLE,
        # The standard keeps "primary" for teachers.
        "primary": "CASE WHEN e.role = 'teacher' THEN CASE WHEN e.is_primary THEN 'true' ELSE 'false' END END",
        "beginDate": "e.valid_from",
        "endDate": "e.valid_to",
    },
    "e.person_id",
    frozenset({"metadata"}),
    # Whatever of it is shown: that it is there tells that somebody belongs to a group.
    bare="studies_enrolment.group_id",
    past="CASE WHEN e.valid_to < %(today)s THEN e.valid_from END",
    # It links a person to a class: by a common id two suppliers would know their persons to be one.
    sealed=True,
)

SCHOOLS_CONDITION = " AND 'school' = ANY (o.kinds)"
