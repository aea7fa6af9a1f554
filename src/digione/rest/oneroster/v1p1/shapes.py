"""The objects of 1.1, each made of the one of 1.2 and of nothing else. No database, no rights: those are behind us.

Version 1.1 has one role for a user and a list of organisations; closed lists that nothing extends; and user names.
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

Object = Mapping[str, Any]

#: The role of 1.2 → the one of 1.1 (section 4.13.4, RoleType). Heads and administrators are one there. Whoever else of
#: the staff has no word of their own is an aide, by its definition "not also one of the other roles": of two words that
#: may be meant, the one that opens less in products. So is the counsellor, and whatever extends the list.
ROLES: Mapping[str, str] = {
    **{role: role for role in ("aide", "guardian", "parent", "proctor", "relative", "student", "teacher")},
    "principal": "administrator",
    "siteAdministrator": "administrator",
    "districtAdministrator": "administrator",
    "systemAdministrator": "administrator",
}
OTHER_ROLE = "aide"
#: What an extended type of class is read as, by our own reader of OneRoster CSV too.
OTHER_CLASS_TYPE = "scheduled"
CLASS_TYPES = ("homeroom", "scheduled")
#: What an extended role in a class is: the part behind the mark, where 1.1 has it.
_EXTENSION = "ext:"

#: The properties of each object in the order of the standard, and of which property of 1.2 each is made where it is
#: not the one of the same name.
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    kind: ("sourcedId", "status", "dateLastModified", "metadata", *names.split())
    for kind, names in {
        "academicSession": "title startDate endDate type parent children schoolYear",
        "class": "title classCode classType location grades subjects course school terms subjectCodes periods resources",
        "course": "title schoolYear courseCode grades subjects org subjectCodes resources",
        "demographics": "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican"
        " nativeHawaiianOrOtherPacificIslander white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity"
        " countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus",
        "enrollment": "user class school role primary beginDate endDate",
        "org": "name type identifier parent children",
        "user": "username userIds enabledUser givenName familyName middleName role identifier email sms phone agents orgs"
        " grades password",
    }.items()
}
MADE_OF: Mapping[str, str] = {"role": "roles", "orgs": "roles", "username": "sourcedId"}


def selected_of_1_2(kind: str, names: Collection[str]) -> frozenset[str]:
    """Return the properties of 1.2 of which those of 1.1 are made."""
    return frozenset(MADE_OF.get(name, name) if kind == "user" else name for name in names)


def role_of_1_1(role: Object) -> str:
    """Return the word of 1.1 for a role of a user."""
    return ROLES.get(role["role"], OTHER_ROLE)


def _user(user: Object) -> dict[str, Any]:
    made = {name: value for name, value in user.items() if name not in _ONLY_IN_1_2}
    if "sourcedId" in user:
        # Required in 1.1, and the only name that the app may know a user by (decision 11): that of sign-in.
        made["username"] = user["sourcedId"]
    roles = user.get("roles")
    if roles:
        (primary, *_) = [role for role in roles if role["roleType"] == "primary"] or roles
        made["role"] = role_of_1_1(primary)
        # Where the person has another role, products must not read this one: they would take a learner for a teacher.
        same = [role for role in roles if role_of_1_1(role) == made["role"]]
        made["orgs"] = list({role["org"]["sourcedId"]: role["org"] for role in [primary, *same]}.values())
    return made


_ONLY_IN_1_2 = frozenset(
    [
        "roles",
        "primaryOrg",
        "userProfiles",
        "userMasterIdentifier",
        "resources",
        "preferredFirstName",
        "preferredMiddleName",
        "preferredLastName",
        "pronouns",
    ]
)


def _class(group: Object) -> dict[str, Any]:
    made = dict(group)
    if made.get("classType", CLASS_TYPES[0]) not in CLASS_TYPES:
        made["classType"] = OTHER_CLASS_TYPE
    return made


def _enrollment(enrolment: Object) -> dict[str, Any]:
    made = dict(enrolment)
    if "role" in made:
        made["role"] = made["role"].removeprefix(_EXTENSION)
    return made


#: Those that differ; the others are the same in both versions.
_MADE: Mapping[str, Callable[[Object], dict[str, Any]]] = {"user": _user, "class": _class, "enrollment": _enrollment}


def shape(kind: str, selected: frozenset[str] | None) -> Callable[[str], str] | None:
    """Return what makes the text of objects of 1.1 of that of 1.2 (JSON objects, joined by commas); None where it is the same.

    `selected`: the properties of 1.1 that are wanted; None for all of them.
    """
    return partial(_shaped, kind, selected) if kind in _MADE else None


def shaped(kind: str, item: Object, selected: frozenset[str] | None = None) -> dict[str, Any]:
    """Return the object of 1.1 that an object of 1.2 is, its properties in the order of the standard."""
    made = _MADE[kind](item)
    return {name: made[name] for name in PROPERTIES[kind] if name in made and (selected is None or name in selected)}


def _shaped(kind: str, selected: frozenset[str] | None, text: str) -> str:
    return ",".join(
        json.dumps(shaped(kind, item, selected), ensure_ascii=False, separators=(",", ":"))
        for item in json.loads(f"[{text}]")
    )
