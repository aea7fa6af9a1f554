"""How two records that may be one person are held beside each other: pure decisions about rows at hand."""

from typing import Any

from digione.core.use_case import Row


def weight(person: Row) -> tuple[int, int]:
    """What speaks for keeping a record: a national identifier, then its age (ids are made in the order of time)."""
    national = {"hetu": 2, "learner_number": 1}
    return sum(national.get(kind, 0) for kind in person["identifiers"] or []), -person["id"].int


def compared(persons: list[Row], told: list[Row], hidden: set[str]) -> list[Row]:
    """Return field by field what each of two persons has, whether it agrees, and where it came from."""
    compared = []
    for name in (*_IDENTITY_FIELDS, *_TOLD_FIELDS):
        sides = []
        for person in persons:
            rows = [row for row in told if row["field"] == name and row["person_id"] == person["id"]]
            values = _identity_values(person, name) if name in _IDENTITY_FIELDS else [row["value"] for row in rows]
            sources = {row["source"] for row in rows if row["source"]} if rows else set(person["sources"] or [])
            sides.append({"values": values, "sources": sorted(sources) if values else []})
        one, other = sides[0]["values"], sides[1]["values"]
        if one or other:
            agrees = "same" if one == other else "differs" if one and other else "one"
            compared.append({"name": name, "sides": sides, "agrees": agrees, "hidden": name in hidden})
    return compared


_IDENTITY_FIELDS = ("name", "first_names", "birth_date", "mother_tongue", "hetu", "learner_number", "bases")
_TOLD_FIELDS = ("schools", "groups", "guardians", "children", "posts", "email", "phone", "address")


def _identity_values(person: Row, name: str) -> list[Any]:
    if name == "name":
        return [f"{person['given_name']} {person['family_name']}".strip()]
    if name in ("hetu", "learner_number"):
        return [True] if name in (person["identifiers"] or []) else []
    if name == "bases":
        return list(person["bases"] or [])
    return [person[name]] if person[name] else []
