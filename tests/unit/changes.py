"""Changes that a provider's people meet, as the statements that services run: what kept documents must survive."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from digione.access.roles import Role
from digione.core.use_case import Actor
from tests import cast

DAY = date(2026, 11, 24)
_KUUSNIEMI = cast.administrator
_VALKAMO = Actor(str(Role.ADMINISTRATOR), provider_id=cast.VALKAMO)

Change = tuple[Actor, str, list[Any]]

days = st.integers(-400, 400).map(lambda n: DAY + timedelta(days=n))
ends = st.one_of(st.none(), days.filter(lambda day: day >= cast.START))
persons = st.sampled_from(sorted(cast.PEOPLE))
children = st.sampled_from([cast.PUPIL, cast.PROTECTED_PUPIL, cast.UNTAUGHT_PUPIL, cast.VALKAMO_PUPIL])
guardians = st.sampled_from([cast.GUARDIAN, cast.LIMITED_GUARDIAN, cast.STRANGER_GUARDIAN])
offices = st.sampled_from([_KUUSNIEMI, _VALKAMO])


def _school(office: Actor) -> UUID:
    return cast.RANTAPUISTO if office.provider_id == cast.KUUSNIEMI else cast.YHTENAISKOULU


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """One change: who makes it, the statement, its parameters. Some touch nothing; that is a change as well."""
    office, person = draw(offices), draw(persons)
    provider = office.provider_id
    kind = draw(st.integers(0, 12))
    if kind == 0:
        return office, "UPDATE people_person SET given_name = %s WHERE id = %s", [draw(st.sampled_from("ABCÅ")), person]
    if kind == 1:
        return office, "UPDATE people_person SET non_disclosure = NOT non_disclosure WHERE id = %s", [person]
    if kind == 2:
        return office, "UPDATE people_providerperson SET valid_to = %s WHERE person_id = %s", [draw(ends), person]
    if kind == 3:
        return (
            office,
            "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from, valid_to)"
            " SELECT gen_random_uuid(), %s, id, 'guardian', %s, %s FROM people_person p WHERE id = %s AND EXISTS"
            " (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %s AND l.person_id = p.id) ON CONFLICT DO NOTHING",
            [provider, cast.START, draw(ends), person, provider],
        )
    if kind == 4:
        return office, "DELETE FROM people_providerperson WHERE person_id = %s AND basis = 'guardian'", [person]
    if kind == 5:
        return (
            office,
            "INSERT INTO people_guardianship (id, provider_id, guardian_id, child_id, kind, limits, valid_from, valid_to, source)"
            " VALUES (gen_random_uuid(), %s, %s, %s, 'custodian', %s, %s, %s, 'test') ON CONFLICT DO NOTHING",
            [
                provider,
                draw(guardians),
                draw(children),
                draw(st.sampled_from([[], ["no_information"]])),
                cast.START - timedelta(days=draw(st.integers(1, 9))),
                draw(ends),
            ],
        )
    if kind == 6:
        return (
            office,
            "UPDATE people_guardianship SET valid_to = %s, limits = %s WHERE guardian_id = %s",
            [draw(ends), draw(st.sampled_from([[], ["no_information"], ["no_decisions"]])), draw(guardians)],
        )
    if kind == 7:
        return office, "DELETE FROM people_guardianship WHERE child_id = %s", [draw(children)]
    if kind == 8:
        return (
            office,
            "INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from, valid_to)"
            " SELECT gen_random_uuid(), %s, id, %s, %s, %s, %s FROM people_person WHERE id = %s ON CONFLICT DO NOTHING",
            [provider, _school(office), draw(st.sampled_from(["teacher", "aide"])), cast.START, draw(ends), person],
        )
    if kind == 9:
        return office, "UPDATE people_staffassignment SET valid_to = %s WHERE person_id = %s", [draw(ends), person]
    if kind == 10:
        return (
            office,
            "UPDATE studies_schoolenrolment SET grade = %s, valid_to = %s WHERE person_id = %s",
            [
                draw(st.sampled_from("123")),
                draw(ends),
                person,
            ],
        )
    if kind == 11:
        return (
            office,
            "UPDATE people_contact SET value = %s, valid_to = %s WHERE person_id = %s",
            [
                draw(st.sampled_from(["a@example.invalid", 'b"\\@example.invalid'])),
                draw(ends),
                person,
            ],
        )
    return office, "DELETE FROM people_contact WHERE person_id = %s", [person]
