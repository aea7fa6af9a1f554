"""The files of the standard and their columns. Names are the standard's own.

Version 1.2 dropped `orgSourcedIds` and `role` from users (they went to roles.csv) and added user profiles.
"""

from dataclasses import dataclass

#: What the manifest of a set that DigiOne wrote calls the system that it comes from.
OWN_SYSTEM = "digione"
#: The course, in such a set, of groups that have none, since the standard wants one of every class.
HOME_COURSE = "home-groups"
#: Read by this version, in the order in which the rows refer to each other.
ROSTER_FILES = (
    "orgs",
    "academicSessions",
    "courses",
    "classes",
    "demographics",
    "users",
    "roles",
    "userProfiles",
    "enrollments",
)
#: Part of the standard, recognised and reported; their data has no place in this version.
OTHER_FILES = (
    "categories",
    "lineItems",
    "results",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "scoreScales",
    "resources",
    "classResources",
    "courseResources",
    "userResources",
)
ORG_TYPES = frozenset(["department", "school", "district", "local", "state", "national"])
SESSION_TYPES = frozenset(["gradingPeriod", "semester", "schoolYear", "term"])
CLASS_TYPES = frozenset(["homeroom", "scheduled"])
ROLES_1_1 = frozenset(["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"])
ROLES_1_2 = frozenset(
    [
        "aide",
        "counselor",
        "districtAdministrator",
        "guardian",
        "parent",
        "principal",
        "proctor",
        "relative",
        "siteAdministrator",
        "student",
        "systemAdministrator",
        "teacher",
    ]
)
ENROLMENT_ROLES = frozenset(["administrator", "proctor", "student", "teacher", "aide"])
#: Our roles of staff that the standard has no word for, by the names under which they travel.
EXTENSION_ROLES = {"ext:schoolSecretary": "school_secretary", "ext:specialNeedsTeacher": "special_needs_teacher"}
STATUSES = frozenset(("", "active", "tobedeleted"))
SEXES = {"male": "1", "female": "2", "other": None, "unspecified": None, "": None}


@dataclass(frozen=True, slots=True)
class Table:
    """What a file must have and may have. `required` columns must be in the header and filled in each row.

    `carried` ones belong to the standard and are not read: their data has no place here.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    carried: tuple[str, ...] = ()

    @property
    def read(self) -> frozenset[str]:
        """The columns whose values are looked at."""
        return frozenset(self.required + self.optional)


def _table(required: str, optional: str, carried: str = "") -> Table:
    return Table(tuple(required.split()), tuple(optional.split()), tuple(carried.split()))


_ALWAYS = "status dateLastModified"
TABLES: dict[str, Table] = {
    "orgs": _table("sourcedId name type", f"{_ALWAYS} identifier parentSourcedId"),
    "academicSessions": _table("sourcedId title type startDate endDate", f"{_ALWAYS} parentSourcedId schoolYear"),
    "courses": _table(
        "sourcedId title",
        f"{_ALWAYS} orgSourcedId schoolYearSourcedId courseCode grades subjects",
        "subjectCodes",
    ),
    "classes": _table(
        "sourcedId title classType schoolSourcedId",
        f"{_ALWAYS} courseSourcedId termSourcedIds grades classCode subjects",
        "location subjectCodes periods",
    ),
    "users": _table(
        "sourcedId enabledUser givenName familyName",
        f"{_ALWAYS} orgSourcedIds role username userIds middleName identifier email sms phone agentSourcedIds"
        " grades preferredGivenName preferredFamilyName",
        "password userMasterIdentifier resourceSourcedIds preferredMiddleName primaryOrgSourcedId pronouns",
    ),
    "roles": _table(
        "sourcedId userSourcedId roleType role orgSourcedId", f"{_ALWAYS} beginDate endDate userProfileSourcedId"
    ),
    "userProfiles": _table(
        "sourcedId userSourcedId profileType vendorId credentialType username",
        f"{_ALWAYS} applicationId description password",
    ),
    "enrollments": _table(
        "sourcedId classSourcedId schoolSourcedId userSourcedId role", f"{_ALWAYS} primary beginDate endDate"
    ),
    "demographics": _table(
        "sourcedId",
        f"{_ALWAYS} birthDate sex",
        "americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander white"
        " demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation cityOfBirth"
        " publicSchoolResidenceStatus",
    ),
}
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
#: Names that version 1.0 and older exports used; read as their successors, with a warning.
OLD_NAMES = {
    "classes": {"grade": "grades"},
    "courses": {"grade": "grades", "schoolYearId": "schoolYearSourcedId"},
    "users": {"agents": "agentSourcedIds", "userId": "userIds", "grade": "grades"},
    "demographics": {"userSourcedId": "sourcedId", "birthdate": "birthDate"},
}
# In 1.1 every user's role and organisations stand in the user's own row.
USERS_1_1 = ("orgSourcedIds", "role", "username")
