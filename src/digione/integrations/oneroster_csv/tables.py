"""Which files of the standard are read and which carried, and by which of its names our fields go.

The columns of each file stand in `columns`.
"""

#: What the manifest of a set that DigiOne wrote calls the system that it comes from.
OWN_SYSTEM = "digione"
#: The course, in such a set, of groups that have none, since the standard wants one of every class.
HOME_COURSE = "home-groups"
#: What the export calls a role in 1.2 → the role of 1.1, as the services of 1.1 have it. Whoever has no word of their own
#: is an aide: of the words that may be meant, the one that opens least.
ROLES_OF_1_1 = {
    "student": "student",
    "teacher": "teacher",
    "ext:specialNeedsTeacher": "teacher",
    "guardian": "guardian",
    "principal": "administrator",
    "siteAdministrator": "administrator",
    "districtAdministrator": "administrator",
}
OTHER_ROLE_OF_1_1 = "aide"
#: Read into the open data model, in the order in which the rows refer to each other: each file with the kind of rows that
#: its sourcedIds are.
ROSTER_FILES = {
    "orgs": "school",
    "academicSessions": "session",
    "courses": "course",
    "classes": "group",
    "demographics": "person",
    "users": "person",
    "roles": "membership",
    "enrollments": "enrolment",
}
#: Checked and carried row by row, since the open data model has no place for them yet; each after those that it refers to.
CARRIED_FILES = (
    "userProfiles",
    "categories",
    "scoreScales",
    "lineItems",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "results",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "resources",
    "classResources",
    "courseResources",
    "userResources",
)
ALL_FILES = (*ROSTER_FILES, *CARRIED_FILES)
#: What our own export writes twice: columns that are made of what is modelled, so that nothing in them is to be carried.
MADE_BY_EXPORT = {"courses": {"subjectCodes"}, "classes": {"subjectCodes"}, "users": {"primaryOrgSourcedId"}}
#: Which sort of group a type of class is; what is none of these meets as a section of a course does.
GROUP_KINDS = {"homeroom": "home_group", "ext:careGroup": "care_group"}
STATUSES = frozenset(("", "active", "tobedeleted"))
SEXES = {"male": "1", "female": "2", "other": None, "unspecified": None, "": None}


_PERIOD = {"valid_from": "beginDate", "valid_to": "endDate"}
#: By which column of the standard a kind's field is told, where they differ in name.
COLUMNS_OF: dict[str, dict[str, str]] = {
    "school": {"key": "sourcedId", "match": "identifier"},
    "session": {
        "key": "sourcedId",
        "kind": "type",
        "starts_on": "startDate",
        "ends_on": "endDate",
        "school_year": "schoolYear",
        "parent_key": "parentSourcedId",
    },
    "course": {
        "key": "sourcedId",
        "code": "courseCode",
        "school": "orgSourcedId",
        "school_key": "orgSourcedId",
        "session": "schoolYearSourcedId",
        "session_key": "schoolYearSourcedId",
    },
    "group": {
        "key": "sourcedId",
        "code": "classCode",
        "kind": "classType",
        "course": "courseSourcedId",
        "course_key": "courseSourcedId",
        "school": "schoolSourcedId",
        "school_key": "schoolSourcedId",
        "sessions": "termSourcedIds",
    },
    "person": {
        "key": "sourcedId",
        "birth_date": "birthDate",
        "hetu": "userIds",
        "learner_number": "userIds",
        "local": "identifier",
        "grade": "grades",
    },
    "membership": {
        "key": "sourcedId",
        "person": "userSourcedId",
        "person_key": "userSourcedId",
        "school": "orgSourcedId",
        "school_key": "orgSourcedId",
        "grade": "grades",
        "is_primary": "roleType",
        **_PERIOD,
    },
    "guardian": {"guardian": "agentSourcedIds", "child": "agentSourcedIds", "kind": "role", **_PERIOD},
    "enrolment": {
        "key": "sourcedId",
        "group": "classSourcedId",
        "group_key": "classSourcedId",
        "person": "userSourcedId",
        "person_key": "userSourcedId",
        "is_primary": "primary",
        **_PERIOD,
    },
}
#: Fields of a person that are made of several columns, where the set has them.
MADE_OF: dict[str, tuple[str, ...]] = {
    "first_names": ("givenName", "middleName"),
    "given_name": ("givenName", "preferredGivenName"),
    "family_name": ("familyName", "preferredFamilyName"),
    "phone": ("sms", "phone"),
}
#: In version 1.1 a role stands in the user's own row.
ROLE_COLUMNS_1_1 = {"person": "sourcedId", "school": "orgSourcedIds", "is_primary": "orgSourcedIds"}
