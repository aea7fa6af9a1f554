"""The 21 data files of OneRoster CSV with their columns, in both versions: what must be there, and what a value may be.

Source: 1EdTech OneRoster CSV Binding 1.1.1 and 1.2.1 (columns, what is required, references); closed lists as in the
OpenAPI files of the services of 1.2. Version 1.2 moved organisations and roles out of users.csv into roles.csv, and
added user profiles, score scales, learning objectives and the resources of users.
"""

import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache

from digione.integrations.loading.values import BadValueError, read_date
from digione.integrations.oneroster_csv.beyond import EXTENSION

#: What is read of closed lists, by the name that a column's declaration uses.
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
ROLE_TYPES = frozenset(["primary", "secondary"])
TRUTH = frozenset(["false", "true"])
_LISTS: dict[str, frozenset[str]] = {
    "org": ORG_TYPES,
    "session": SESSION_TYPES,
    "class": CLASS_TYPES,
    "role-1.1": ROLES_1_1,
    "role-1.2": ROLES_1_2,
    "enrolment": ENROLMENT_ROLES,
    "importance": ROLE_TYPES,
    "sex": frozenset(["female", "male", "other", "unspecified"]),
    "truth": TRUTH,
    "score-status": frozenset(["exempt", "fully graded", "not submitted", "partially graded", "submitted"]),
    "objective-source": frozenset(["case", "unknown"]),
}
#: A date-time as the standard writes it (ISO 8601, with its zone).
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


#: Names that version 1.0 and older exports used, and of 1.1 in sets of 1.2; read as their successors, with a warning.
OLD_NAMES = {
    "classes": {"grade": "grades"},
    "courses": {"grade": "grades", "schoolYearId": "schoolYearSourcedId"},
    "users": {"agents": "agentSourcedIds", "userId": "userIds", "grade": "grades"},
    "demographics": {"userSourcedId": "sourcedId", "birthdate": "birthDate"},
    "lineItems": {"gradingPeriodSourcedId": "academicSessionSourcedId"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what its values are.

    `required` by the standard; `eased`: the standard requires it, and rows are taken without it all the same, with a
    remark. `modelled`: the open data model has a place for its values; otherwise they are carried as they come.
    `refers`: the file whose sourcedId a value is. `several`: a list with commas between.
    """

    name: str
    kind: str = "text"
    required: bool = False
    eased: bool = False
    modelled: bool = True
    several: bool = False
    values: frozenset[str] = frozenset()
    extensible: bool = False
    refers: str = ""

    def check(self, text: str, known: Mapping[str, Container[str]]) -> None:
        """Raise `BadValueError` where `text`, which is not empty, is no value of the column.

        `known`: of each file that was read, the sourcedIds of its accepted rows.
        """
        for one in filter(None, map(str.strip, text.split(","))) if self.several else (text,):
            self._check_one(one, known)

    def _check_one(self, text: str, known: Mapping[str, Container[str]]) -> None:
        if self.refers:
            if text not in known.get(self.refers, ()):
                raise BadValueError("dangling-reference", value=text[:80], file=f"{self.refers}.csv")
        elif self.kind == "date":
            read_date(text)
        elif self.kind == "day":
            _check_day(text)
        elif self.kind == "decimal":
            if not _DECIMAL.fullmatch(text):
                raise BadValueError("number.decimal", value=text[:40])
        elif self.kind == "list":
            written = text.lower() if self.values is TRUTH else text
            if written not in self.values and not (self.extensible and EXTENSION.fullmatch(text)):
                raise BadValueError("enum", value=text[:40], allowed=", ".join(sorted(self.values)))


#: What passwords are called: the standard's own column, and what extensions call theirs, in our languages.
_PASSWORD = re.compile("passw|passcode|passphrase|pwd|salasan|losenord")


@lru_cache(maxsize=1_000)
def is_password(column: str) -> bool:
    """Say whether a column is called a password, in whatever letters. Its values are nobody's to keep."""
    # Decomposed, so that accents fall away however they were written.
    plain = "".join(each for each in unicodedata.normalize("NFKD", column) if not unicodedata.combining(each))
    return bool(_PASSWORD.search(plain.casefold()))


def _check_day(text: str) -> None:
    """Raise unless `text` is a date, or a date-time, which the services write where the files have a date."""
    if not MOMENT.fullmatch(text):
        read_date(text)
        return
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError("date-impossible", value=text[:40]) from None


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file in one version. `demanded` must be in the header and filled in each row."""

    columns: Mapping[str, Column]
    demanded: tuple[str, ...]
    #: The columns that the reader of the roster looks at.
    read: frozenset[str]

    @property
    def checked(self) -> list[Column]:
        """The columns that do not take any text."""
        return [column for column in self.columns.values() if column.kind != "text"]

    @property
    def eased(self) -> list[str]:
        """The columns that the standard requires and rows are taken without."""
        return [column.name for column in self.columns.values() if column.eased]


# In front of each row stand the same three columns, which are looked at for every file alike. The marks: `!` required; `~` required by the standard, and
# eased; `*` not modelled, so carried. After a colon the kind of the values: `date`, `day` (date or date-time), `decimal`,
# `=list` (a closed list; `+` behind it: open to `ext:` in 1.2), `@file` (a sourcedId of that file); `[]`: several of them.
_ALWAYS = "sourcedId! status dateLastModified"
_ROSTER = {
    "orgs": "name! type!:=org+ identifier parentSourcedId:@orgs",
    "academicSessions": "title! type!:=session+ startDate!:date endDate!:date parentSourcedId:@academicSessions schoolYear~",
    "courses": "title! schoolYearSourcedId:@academicSessions courseCode grades[] orgSourcedId~:@orgs subjects[]"
    " subjectCodes[]*",
    "classes": "title! classType!:=class+ schoolSourcedId!:@orgs courseSourcedId~:@courses"
    " termSourcedIds[]~:@academicSessions grades[] classCode subjects[] location* subjectCodes[]* periods[]*",
    "enrollments": "classSourcedId!:@classes schoolSourcedId!:@orgs userSourcedId!:@users role!:=enrolment+"
    " primary:=truth beginDate:date endDate:date",
    "demographics": "birthDate:date sex:=sex+ americanIndianOrAlaskaNative*:=truth asian*:=truth"
    " blackOrAfricanAmerican*:=truth nativeHawaiianOrOtherPacificIslander*:=truth white*:=truth"
    " demographicRaceTwoOrMoreRaces*:=truth hispanicOrLatinoEthnicity*:=truth countryOfBirthCode*"
    " stateOfBirthAbbreviation* cityOfBirth* publicSchoolResidenceStatus*",
}
_PERSON = (
    "enabledUser!:=truth username~ userIds[] givenName! familyName! middleName identifier email sms phone"
    " agentSourcedIds[]:@users grades[] password*"
)
_USERS_1_1 = f"{_PERSON} orgSourcedIds[]!:@orgs role!:=role-1.1"
_USERS_1_2 = (
    f"{_PERSON} preferredGivenName preferredFamilyName userMasterIdentifier* resourceSourcedIds[]*:@resources"
    " preferredMiddleName* primaryOrgSourcedId*:@orgs pronouns*"
)
_RESOURCES = {
    "resources": "vendorResourceId! title roles[]:=role-1.1+ importance:=importance vendorId applicationId",
    "classResources": "title classSourcedId!:@classes resourceSourcedId!:@resources",
    "courseResources": "title courseSourcedId!:@courses resourceSourcedId!:@resources",
}
_LINE_ITEM = "title! description assignDate!:day dueDate!:day classSourcedId!:@classes categorySourcedId!:@categories"
_RESULT = (
    "lineItemSourcedId!:@lineItems studentSourcedId!:@users scoreStatus!:=score-status+ scoreDate!:date score{}:decimal"
    " comment"
)
_WRITTEN: dict[str, dict[str, str]] = {
    "1.1": {
        **_ROSTER,
        **_RESOURCES,
        "users": _USERS_1_1,
        "categories": "title!",
        "lineItems": f"{_LINE_ITEM} gradingPeriodSourcedId!:@academicSessions resultValueMin!:decimal"
        " resultValueMax!:decimal",
        # Work that was not handed in has no score, whatever the standard requires.
        "results": _RESULT.format("~"),
    },
    "1.2": {
        **_ROSTER,
        **_RESOURCES,
        "users": _USERS_1_2,
        "roles": "userSourcedId!:@users roleType!:=importance role!:=role-1.2+ orgSourcedId!:@orgs beginDate:date"
        " endDate:date userProfileSourcedId*:@userProfiles",
        "userProfiles": "userSourcedId!:@users profileType! vendorId! applicationId description credentialType! username!"
        " password*",
        "categories": "title! weight:decimal",
        "lineItems": f"{_LINE_ITEM} academicSessionSourcedId!:@academicSessions schoolSourcedId!:@orgs"
        " resultValueMin:decimal resultValueMax:decimal",
        "lineItemLearningObjectiveIds": "lineItemSourcedId!:@lineItems source!:=objective-source+ learningObjectiveId!",
        "lineItemScoreScales": "title lineItemSourcedId!:@lineItems scoreScaleSourcedId!:@scoreScales",
        "results": f"{_RESULT.format('')} textScore classSourcedId:@classes inProgress:=truth incomplete:=truth"
        " late:=truth missing:=truth",
        "resultLearningObjectiveIds": "resultSourcedId!:@results source!:=objective-source+ learningObjectiveId!"
        " score:decimal textScore",
        "resultScoreScales": "title resultSourcedId!:@results scoreScaleSourcedId!:@scoreScales",
        "scoreScales": "title! type! orgSourcedId!:@orgs courseSourcedId!:@courses classSourcedId!:@classes"
        " scoreScaleValue[]!",
        "userResources": "userSourcedId!:@users orgSourcedId:@orgs classSourcedId:@classes resourceSourcedId!:@resources",
    },
}
_COLUMN = re.compile(
    r"(?P<name>\w+?)(?P<several>\[\])?(?P<mark>[!~*]?)(:(?P<sort>[=@]?)(?P<what>[\w.-]+)(?P<open>\+?))?"
)


def _column(text: str, version: str) -> Column:
    found = _COLUMN.fullmatch(text)
    if found is None:
        raise ValueError(f"no declaration of a column: {text}")
    mark, sort, what = found["mark"], found["sort"], found["what"] or ""
    return Column(
        found["name"],
        kind="list" if sort == "=" else "reference" if sort == "@" else what or "text",
        required=mark in {"!", "~"} and bool(mark),
        eased=mark == "~",
        modelled=mark != "*",
        several=bool(found["several"]),
        values=_LISTS.get(what, frozenset()) if sort == "=" else frozenset(),
        extensible=bool(found["open"]) and version == "1.2",
        refers=what if sort == "@" else "",
    )


def files_of(version: str) -> list[str]:
    """Return the names of the data files of a version ("1.1" or "1.2")."""
    return list(_WRITTEN[version])


@cache
def tables(version: str) -> Mapping[str, Table]:
    """Return the files of a set of `version` ("1.1" or "1.2") by name. A file or column of the other version is known too."""
    other = "1.2" if version == "1.1" else "1.1"
    return {
        name: _table(name, version if name in _WRITTEN[version] else other)
        for name in dict.fromkeys([*_WRITTEN[version], *_WRITTEN[other]])
    }


def _declared(name: str, version: str) -> dict[str, Column]:
    written = f"{_ALWAYS} {_WRITTEN[version].get(name, '')}".split()
    return {column.name: column for column in (_column(text, version) for text in written)}


def _table(name: str, version: str) -> Table:
    columns = _declared(name, version)
    for column in _declared(name, "1.2" if version == "1.1" else "1.1").values():
        if column.name not in columns and column.name not in OLD_NAMES.get(name, ()):
            # Some systems write ahead of the version that they name; what 1.2 has dropped, nothing reads there.
            modelled = column.modelled and version == "1.1"
            columns[column.name] = replace(column, required=False, eased=False, modelled=modelled)
    return Table(
        columns,
        tuple(column.name for column in columns.values() if column.required and not column.eased),
        frozenset(column.name for column in columns.values() if column.modelled),
    )
