"""A whole OneRoster set of each version, every file in it, and what the standard says of its columns.

Written out here, beside and apart from the declarations that are tested: 1EdTech OneRoster CSV Binding 1.1.1 and 1.2.1.
"""

import csv
from typing import NamedTuple

VERSIONS = ("1.1", "1.2")
#: Each file as rows of two lines: header, one sound row. A bulk set leaves status and dateLastModified empty.
_BOTH = {
    "orgs": ("sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId", "s1,,,Koulu,school,,"),
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
        "y1,,,2026,schoolYear,2026-08-01,2027-07-31,,2027",
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
        "c1,,,y1,Matematiikka,MA,3,s1,matematiikka,MA",
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
        "termSourcedIds,subjects,subjectCodes,periods",
        "k1,,,3B,3,c1,3B,homeroom,luokka 12,s1,y1,matematiikka,MA,2",
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
        "e1,,,k1,s1,u1,student,false,2026-08-11,2027-06-04",
    ),
    "demographics": (
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
        "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
        "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
        "u1,,,2017-03-14,female,false,false,false,false,true,false,false,FI,,Kuusniemi,",
    ),
    "resources": (
        "sourcedId,status,dateLastModified,vendorResourceId,title,roles,importance,vendorId,applicationId",
        'r1,,,kirja-1,Laskutaito,"student,teacher",primary,kustantaja,lukija',
    ),
    "classResources": ("sourcedId,status,dateLastModified,title,classSourcedId,resourceSourcedId", "kr1,,,Kirja,k1,r1"),
    "courseResources": (
        "sourcedId,status,dateLastModified,title,courseSourcedId,resourceSourcedId",
        "cr1,,,Kirja,c1,r1",
    ),
}
SETS: dict[str, dict[str, tuple[str, str]]] = {
    "1.1": {
        **_BOTH,
        "users": (
            "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
            "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
            "u1,,,true,s1,student,aino,,Aino,Lehto,,7,,,,,3,",
        ),
        "categories": ("sourcedId,status,dateLastModified,title", "t1,,,Kokeet"),
        "lineItems": (
            "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
            "gradingPeriodSourcedId,resultValueMin,resultValueMax",
            "l1,,,Koe 1,,2026-09-01,2026-09-08,k1,t1,y1,4,10",
        ),
        "results": (
            "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
            "a1,,,l1,u1,fully graded,8.5,2026-09-10,Hyvin tehty",
        ),
    },
    "1.2": {
        **_BOTH,
        "users": (
            "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
            "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,"
            "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
            "u1,,,true,aino,,Aino,Lehto,,7,,,,,3,,m-7,r1,,,,s1,hän",
        ),
        "roles": (
            "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
            "userProfileSourcedId",
            "o1,,,u1,primary,student,2026-08-11,2027-07-31,s1,p1",
        ),
        "userProfiles": (
            "sourcedId,status,dateLastModified,userSourcedId,profileType,vendorId,applicationId,description,"
            "credentialType,username,password",
            "p1,,,u1,oppilas,kustantaja,lukija,,tunnus,aino.lehto,",
        ),
        "categories": ("sourcedId,status,dateLastModified,title,weight", "t1,,,Kokeet,40"),
        "scoreScales": (
            "sourcedId,status,dateLastModified,title,type,orgSourcedId,courseSourcedId,classSourcedId,scoreScaleValue",
            'g1,,,Arvosanat,numero,s1,c1,k1,"{4:hylätty},{10:erinomainen}"',
        ),
        "lineItems": (
            "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
            "academicSessionSourcedId,resultValueMin,resultValueMax,schoolSourcedId",
            "l1,,,Koe 1,,2026-09-01T08:00:00Z,2026-09-08,k1,t1,y1,4,10,s1",
        ),
        "lineItemLearningObjectiveIds": (
            "sourcedId,status,dateLastModified,lineItemSourcedId,source,learningObjectiveId",
            "lo1,,,l1,case,urn:uuid:1",
        ),
        "lineItemScoreScales": (
            "sourcedId,status,dateLastModified,title,lineItemSourcedId,scoreScaleSourcedId",
            "ls1,,,,l1,g1",
        ),
        "results": (
            "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,"
            "textScore,classSourcedId,inProgress,incomplete,late,missing",
            "a1,,,l1,u1,ext:korotettu,8.5,2026-09-10,Hyvin tehty,8½,k1,false,false,true,false",
        ),
        "resultLearningObjectiveIds": (
            "sourcedId,status,dateLastModified,resultSourcedId,source,learningObjectiveId,score,textScore",
            "ao1,,,a1,unknown,T3,0.75,",
        ),
        "resultScoreScales": (
            "sourcedId,status,dateLastModified,title,resultSourcedId,scoreScaleSourcedId",
            "as1,,,,a1,g1",
        ),
        "userResources": (
            "sourcedId,status,dateLastModified,userSourcedId,orgSourcedId,classSourcedId,resourceSourcedId",
            "ur1,,,u1,s1,k1,r1",
        ),
    },
}
#: The files whose rows the open data model has, with the kind of rows that the report calls them.
MODELLED = {
    "orgs": "school",
    "academicSessions": "session",
    "courses": "course",
    "classes": "group",
    "users": "person",
    "roles": "membership",
    "enrollments": "enrolment",
    "demographics": "",
}
_REQUIRED = {
    "orgs": "name type",
    "academicSessions": "title type startDate endDate schoolYear",
    "courses": "title orgSourcedId",
    "classes": "title courseSourcedId classType schoolSourcedId termSourcedIds",
    "enrollments": "classSourcedId schoolSourcedId userSourcedId role",
    "demographics": "",
    "resources": "vendorResourceId",
    "classResources": "classSourcedId resourceSourcedId",
    "courseResources": "courseSourcedId resourceSourcedId",
    "roles": "userSourcedId roleType role orgSourcedId",
    "userProfiles": "userSourcedId profileType vendorId credentialType username",
    "categories": "title",
    "scoreScales": "title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
    "lineItemLearningObjectiveIds": "lineItemSourcedId source learningObjectiveId",
    "lineItemScoreScales": "lineItemSourcedId scoreScaleSourcedId",
    "resultLearningObjectiveIds": "resultSourcedId source learningObjectiveId",
    "resultScoreScales": "resultSourcedId scoreScaleSourcedId",
    "userResources": "userSourcedId resourceSourcedId",
    "users-1.1": "enabledUser orgSourcedIds role username givenName familyName",
    "users-1.2": "enabledUser username givenName familyName",
    "lineItems-1.1": "title assignDate dueDate classSourcedId categorySourcedId gradingPeriodSourcedId resultValueMin"
    " resultValueMax",
    "lineItems-1.2": "title assignDate dueDate classSourcedId categorySourcedId academicSessionSourcedId schoolSourcedId",
    "results-1.1": "lineItemSourcedId studentSourcedId scoreStatus score scoreDate",
    "results-1.2": "lineItemSourcedId studentSourcedId scoreStatus scoreDate",
}
#: Required by the standard; a row without them is taken all the same, and it is remarked.
EASED = {
    ("academicSessions", "schoolYear"),
    ("courses", "orgSourcedId"),
    ("classes", "courseSourcedId"),
    ("classes", "termSourcedIds"),
    ("users", "username"),
    ("results", "score"),
}
#: Of a kind of value, one that is wrong and the code by which that is told.
_WRONG = {
    "date": [("2026-02-31", "date-impossible"), ("31.2.2026", "date-format")],
    "day": [
        ("2026-02-31", "date-impossible"),
        ("2026-02-31T08:00:00Z", "date-impossible"),
        ("huomenna", "date-format"),
    ],
    "decimal": [("8,5", "number"), ("hyvä", "number")],
    "list": [("jotakin", "enum")],
    "closed": [("jotakin", "enum"), ("ext:jotakin", "enum")],
    "key": [("nobody", "dangling-reference")],
}
_KINDS = {
    "date": "startDate endDate beginDate birthDate scoreDate",
    "day": "assignDate dueDate",
    "decimal": "weight resultValueMin resultValueMax score",
    "closed": "roleType importance primary enabledUser inProgress incomplete late missing asian white"
    " americanIndianOrAlaskaNative blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander"
    " demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity status",
    "list": "scoreStatus source sex classType role roles",
    "key": "orgSourcedId orgSourcedIds schoolSourcedId classSourcedId courseSourcedId termSourcedIds userSourcedId"
    " studentSourcedId resourceSourcedId resourceSourcedIds lineItemSourcedId resultSourcedId categorySourcedId"
    " scoreScaleSourcedId gradingPeriodSourcedId academicSessionSourcedId schoolYearSourcedId parentSourcedId"
    " primaryOrgSourcedId userProfileSourcedId",
}
_KIND_OF = {column: kind for kind, columns in _KINDS.items() for column in columns.split()}
#: A fault in these cells is told, and the row is taken: it only refers upwards, or nothing reads the cell yet.
REMARKED = {
    ("orgs", "parentSourcedId"),
    ("academicSessions", "parentSourcedId"),
    ("courses", "schoolYearSourcedId"),
    ("users", "resourceSourcedIds"),
    ("users", "primaryOrgSourcedId"),
    ("roles", "userProfileSourcedId"),
    *(("demographics", column) for column in _KINDS["closed"].split() if column not in {"status", "primary"}),
}


class Case(NamedTuple):
    """A column of a file in a version, with a value that is wrong and its code where the case is about one."""

    version: str
    file: str
    column: str
    value: str = ""
    code: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (*self[:3], self.value.replace(" ", "_"))))


FILES = [Case(version, file, "") for version in VERSIONS for file in SETS[version]]
REQUIRED = [
    Case(version, file, column)
    for version, file, _, _, _ in FILES
    for column in ["sourcedId", *(_REQUIRED.get(file) or _REQUIRED.get(f"{file}-{version}", "")).split()]
]


def _header(version: str, file: str) -> list[str]:
    return SETS[version][file][0].split(",")


def _kind_of(version: str, file: str, column: str) -> str:
    if file in {"orgs", "academicSessions"} and column == "type":
        return "list"
    kind = _KIND_OF.get(column, "")
    # Before 1.2 no list could be extended, and what our own roster tells apart is not extended in either.
    return "closed" if kind == "list" and version == "1.1" else kind


WRONG = [
    Case(version, file, column, value, code)
    for version, file, _, _, _ in FILES
    for column in _header(version, file)
    for value, code in _WRONG.get(_kind_of(version, file, column), [])
]


def texts(version: str, **changed: str | None) -> dict[str, str]:
    """Return the files of a whole set by name; `results="…"` replaces one, None leaves it out."""
    manifest = f"propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\nsource.systemCode,test\n"
    whole: dict[str, str | None] = {name: f"{header}\n{row}\n" for name, (header, row) in SETS[version].items()}
    return {name: text for name, text in {"manifest": manifest, **whole, **changed}.items() if text is not None}


def with_cell(version: str, file: str, column: str, value: str) -> str:
    """Return a file whose one row has `value` in a column."""
    header, row = SETS[version][file]
    changed = cells(row)
    changed[_header(version, file).index(column)] = value
    return f"{header}\n{_row(changed)}\n"


def without_column(version: str, file: str, column: str) -> str:
    """Return a file without a column."""
    header, row = _header(version, file), cells(SETS[version][file][1])
    place = header.index(column)
    del header[place], row[place]
    return f"{','.join(header)}\n{_row(row)}\n"


def cells(row: str) -> list[str]:
    """Return the cells of a row."""
    return next(csv.reader([row]))


def _row(row: list[str]) -> str:
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in row)
