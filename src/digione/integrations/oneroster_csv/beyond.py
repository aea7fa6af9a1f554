"""What a cell of the roster says beyond what the open data model has room for: extended values, further ids, phones, grades.

Version 1.2 lets some closed lists be extended by `ext:…` (the pattern of its OpenAPI files: types of organisations,
sessions and classes, sex, roles). An extended value is read as the nearest that the model knows and that gives nobody
a right, with a remark, and is carried as it came, as are a person's ids beyond those that are kept as identifiers,
the second phone and further grades.
"""

import re
from collections.abc import Callable, Mapping

from digione.integrations.loading.values import PERSON_OID

#: What an extended value looks like.
EXTENSION = re.compile(r"ext:[a-zA-Z0-9.\-_]+")
#: Columns that 1.2 lets extend → what a value is read as that has no entry of its own below.
READ_AS: dict[tuple[str, str], str] = {
    # As every organisation that is no school: it stands for the provider itself.
    ("orgs", "type"): "local",
    ("academicSessions", "type"): "term",
    ("classes", "classType"): "scheduled",
    ("demographics", "sex"): "unspecified",
    # Staff of whom nothing more is known: the role opens nothing.
    ("roles", "role"): "ext:other",
    # Whoever teaches or studies is said so by the standard's own words; this role opens nothing.
    ("enrollments", "role"): "proctor",
}
#: Extended values that mean what the model has, by the names under which our own interfaces write them.
OURS: dict[tuple[str, str], Mapping[str, str]] = {
    ("classes", "classType"): {"ext:careGroup": "ext:careGroup"},
    ("enrollments", "role"): {"ext:aide": "aide"},
    ("roles", "role"): {
        "ext:schoolSecretary": "school_secretary",
        "ext:specialNeedsTeacher": "special_needs_teacher",
        "ext:other": "ext:other",
    },
}
#: The names by which a type of id says that it is the personal identity code.
HETU_NAMES = {"hetu", "henkilotunnus", "personbeteckning", "national_identification_number"}
_USER_ID = re.compile(r"\{([^:{}]+):([^{}]*)\}")


def user_ids(written: str) -> list[tuple[str, str]]:
    """Return the type and the value of each id that `userIds` names."""
    return _USER_ID.findall(written)


def listed(text: str) -> list[str]:
    """Return the values of a cell that has several, with commas between."""
    return [item.strip() for item in text.split(",") if item.strip()] if text else []


def read_as(table: str, column: str, value: str) -> str | None:
    """Return as what an extended `value` of 1.2 is read; None where it is none, or the column is not one that may be extended."""
    if (table, column) not in READ_AS or not EXTENSION.fullmatch(value):
        return None
    return OURS.get((table, column), {}).get(value, READ_AS[table, column])


def _extended(table: str, column: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    ours = OURS.get((table, column), {})

    def beyond(cells: Mapping[str, str]) -> dict[str, str]:
        value = cells.get(column, "")
        return {column: value} if value.startswith("ext:") and value not in ours else {}

    return beyond


def _of_person(cells: Mapping[str, str]) -> dict[str, str]:
    found = {}
    written, sms, phone, grades = (cells.get(name, "") for name in PARTLY["users"])
    if written:
        further = [
            f"{{{kind}:{value}}}"
            for kind, value in user_ids(written)
            if kind.strip().lower() not in HETU_NAMES and not PERSON_OID.fullmatch(value.strip())
        ]
        if further:
            found["userIds"] = ",".join(further)
    if phone and sms and phone != sms:
        found["phone"] = phone
    if "," in grades and len(listed(grades)) > 1:
        found["grades"] = grades
    return found


#: The columns of each file whose values are kept in part at times; the model has a place for the rest of them.
PARTLY: dict[str, tuple[str, ...]] = {
    "users": ("userIds", "sms", "phone", "grades"),
    **{table: (column,) for table, column in READ_AS},
}
_BEYOND: dict[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "users": _of_person,
    **{table: _extended(table, column) for table, column in READ_AS},
}


def beyond(table: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Return what the cells of a row say beyond what is kept of them in the open data model, by column."""
    told = _BEYOND.get(table)
    return told(cells) if told else {}
