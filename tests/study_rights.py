"""Study rights of the cast's learners: what they study, in which state, with which marks and which decisions on support."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from digione.core.use_case import Actor, set_reach
from tests import cast

#: The learners who have a study right, with their providers and schools.
LEARNERS = {
    cast.PUPIL: (cast.KUUSNIEMI, cast.RANTAPUISTO),
    cast.PROTECTED_PUPIL: (cast.KUUSNIEMI, cast.RANTAPUISTO),
    cast.UNTAUGHT_PUPIL: (cast.KUUSNIEMI, cast.RANTAPUISTO),
    cast.VALKAMO_PUPIL: (cast.VALKAMO, cast.YHTENAISKOULU),
}
#: Before any test, so that what a row was before a change has a past.
KNOWN_SINCE = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
#: Kinds of rows by the hundreds that their ids begin at.
_RIGHT, _STATE, _EXTRA, _YEAR, _SUBJECT, _MARK = 1, 2, 3, 4, 5, 6


def ident(kind: int, person: UUID) -> UUID:
    """Return the id of a learner's row."""
    return UUID(f"01900000-0000-7000-8000-{kind:04x}{person.int & 0xFFFF_FFFF:08x}")


def rows_of(person: UUID, school: UUID, number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of another study right of a learner, with ids that are `number`'s; the person's own are the cast's."""
    other = UUID(int=person.int ^ (number + 1))
    return _rows(other, school)


def right_of(person: UUID) -> UUID:
    """Return our id of a learner's study right."""
    return ident(_RIGHT, person)


def year_of(person: UUID) -> UUID:
    """Return our id of the attainment that is a learner's school year."""
    return ident(_YEAR, person)


def subject_of(person: UUID) -> UUID:
    """Return our id of the attainment that is a learner's mathematics, a part of the year."""
    return ident(_SUBJECT, person)


def mark_of(person: UUID) -> UUID:
    """Return our id of the mark in it."""
    return ident(_MARK, person)


def load_study_rights() -> None:
    """Write a study right of basic education for each learner of the cast: present, with a year and a mark in it."""
    for person, (provider, school) in LEARNERS.items():
        set_reach(Actor("administrator", provider_id=provider))
        for table, row in _rows(person, school):
            cast.insert(table, [{"provider_id": provider, "person_id": person, "sys_from": KNOWN_SINCE, **row}])


def _rows(person: UUID, school: UUID) -> list[tuple[str, dict[str, Any]]]:
    right, year, subject = right_of(person), year_of(person), subject_of(person)
    of_right = {"study_right_id": right, "place": 0}
    return [
        (
            "studies_studyright",
            {
                "id": right,
                "school_id": school,
                "level": "perusopetus",
                "national_oid": f"1.2.246.562.15.{person.int & 0xFFFF:011d}",
                "source_id": f"oo-{person.int & 0xFFFF}",
                "valid_from": cast.START,
                "carried": {"salainen": "lisä"},
            },
        ),
        (
            "studies_studyrightstate",
            {"id": ident(_STATE, person), **of_right, "valid_from": cast.START, "state": "lasna", "funding": "1"},
        ),
        (
            "studies_studyrightextra",
            {
                "id": ident(_EXTRA, person),
                **of_right,
                "kind": "support_decision",
                "is_listed": True,
                "valid_from": cast.START,
                "description": {"fi": "Tukea <b>matematiikassa</b>"},
            },
        ),
        (
            "studies_attainment",
            {
                "id": year,
                **of_right,
                "node": "perusopetuksenvuosiluokka:3",
                "kind": "perusopetuksenvuosiluokka",
                "module": "3",
                "module_scheme": "perusopetuksenluokkaaste",
                "grade": "3",
                "group_name": "3B",
                "valid_from": cast.START,
                "confirmed_on": date(2026, 5, 30),
                "confirmed_in": "091",
            },
        ),
        (
            "studies_attainment",
            {
                "id": subject,
                **of_right,
                "parent_id": year,
                "node": "perusopetuksenvuosiluokka:3/perusopetuksenoppiaine:MA",
                "kind": "perusopetuksenoppiaine",
                "module": "MA",
                "module_scheme": "koskioppiaineetyleissivistava",
                "size": 2.0,
                "size_unit": "3",
                "is_individualised": True,
            },
        ),
        (
            "studies_assessment",
            {
                "id": mark_of(person),
                "attainment_id": subject,
                "place": 0,
                "mark_scheme": "arviointiasteikkoyleissivistava",
                "mark": "8",
                "assessed_on": date(2026, 5, 29),
                "is_passed": True,
                "description": {"fi": "Laskee huolella"},
            },
        ),
    ]
