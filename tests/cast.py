"""The people whom every test reuses. All are invented; identity codes are artificial (900–999).

Kuusniemi has one school with two home groups; Valkamo is another municipality. `load()` writes them once, committed,
as the application role, so that every test starts from the same stage and rolls back what it did.
"""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from digione.access.roles import Role
from digione.core import secrets
from digione.core.texts import search_key, sort_key
from digione.core.use_case import Actor, set_reach


def _id(number: int) -> UUID:
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


KUUSNIEMI, VALKAMO = _id(1), _id(2)
KUUSNIEMI_OID, VALKAMO_OID = "1.2.246.562.199.10000000011", "1.2.246.562.199.10000000029"
RANTAPUISTO, YHTENAISKOULU = _id(11), _id(12)
YEAR_KUUSNIEMI, YEAR_VALKAMO = _id(21), _id(22)
GROUP_3B, GROUP_4A, GROUP_8C = _id(31), _id(32), _id(33)
TEACHER, PRINCIPAL, SECRETARY, ADMINISTRATOR, OUTSIDER = _id(101), _id(102), _id(103), _id(104), _id(105)
GUARDIAN, LIMITED_GUARDIAN, STRANGER_GUARDIAN = _id(111), _id(112), _id(113)
PUPIL, PROTECTED_PUPIL, UNTAUGHT_PUPIL, VALKAMO_PUPIL = _id(121), _id(122), _id(123), _id(124)
PUPIL_HETU = "140317A9350"
GUARDIAN_HETU = "020584-951N"
START = date(2025, 8, 7)

PEOPLE: dict[UUID, tuple[str, str]] = {
    TEACHER: ("Pirjo", "Vainionpää"),
    PRINCIPAL: ("Marjukka", "Hietaranta"),
    SECRETARY: ("Tuula", "Mäntykoski"),
    ADMINISTRATOR: ("Aatos", "Kivilampi"),
    OUTSIDER: ("Reeta", "Ollikkala"),
    GUARDIAN: ("Katri", "Lehtovaara"),
    LIMITED_GUARDIAN: ("Jarkko", "Lehtovaara"),
    STRANGER_GUARDIAN: ("Veli", "Suvanto"),
    PUPIL: ("Aino", "Lehtovaara"),
    PROTECTED_PUPIL: ("Iida", "Mäkinen"),
    UNTAUGHT_PUPIL: ("Eeli", "Harjukorpi"),
    VALKAMO_PUPIL: ("Otso", "Lehtovaara"),
}


def actor(person: UUID, role: Role, provider: UUID | None = KUUSNIEMI, wards: tuple[UUID, ...] = ()) -> Actor:
    """Return `person` acting in `role`; a guardian reaches through persons, staff through the provider."""
    return Actor(str(role), person_id=person, account_id=person, provider_id=provider, persons=(person, *wards))


teacher = actor(TEACHER, Role.TEACHER)
principal = actor(PRINCIPAL, Role.PRINCIPAL)
secretary = actor(SECRETARY, Role.SCHOOL_SECRETARY)
administrator = actor(ADMINISTRATOR, Role.ADMINISTRATOR)
outsider = actor(OUTSIDER, Role.TEACHER, VALKAMO)
guardian = actor(GUARDIAN, Role.GUARDIAN, None, (PUPIL, VALKAMO_PUPIL))
limited_guardian = actor(LIMITED_GUARDIAN, Role.GUARDIAN, None, ())
stranger_guardian = actor(STRANGER_GUARDIAN, Role.GUARDIAN, None, ())
pupil = actor(PUPIL, Role.LEARNER, None)
platform = Actor(str(Role.PLATFORM))


def load() -> None:
    """Write the cast into an empty, migrated database."""
    with transaction.atomic():
        set_reach(platform)
        insert("organisations_organisation", _organisations())
        insert(
            "organisations_provider",
            [
                {"id": KUUSNIEMI, "joined_on": START, "languages": ["fi", "sv", "en"]},
                {"id": VALKAMO, "joined_on": START, "languages": ["fi", "sv", "en"]},
            ],
        )
    _load_provider(
        KUUSNIEMI,
        RANTAPUISTO,
        YEAR_KUUSNIEMI,
        {GROUP_3B: "3 B", GROUP_4A: "4 A"},
        learners={PUPIL: (GROUP_3B, "3"), PROTECTED_PUPIL: (GROUP_3B, "3"), UNTAUGHT_PUPIL: (GROUP_4A, "4")},
        teachers={TEACHER: GROUP_3B},
        staff={TEACHER: "teacher", PRINCIPAL: "principal", SECRETARY: "school_secretary"},
        guardians=[
            (GUARDIAN, PUPIL, []),
            (LIMITED_GUARDIAN, PUPIL, ["no_information"]),
            (STRANGER_GUARDIAN, UNTAUGHT_PUPIL, []),
        ],
    )
    _load_provider(
        VALKAMO,
        YHTENAISKOULU,
        YEAR_VALKAMO,
        {GROUP_8C: "8 C"},
        learners={VALKAMO_PUPIL: (GROUP_8C, "8")},
        teachers={OUTSIDER: GROUP_8C},
        staff={OUTSIDER: "teacher"},
        guardians=[(GUARDIAN, VALKAMO_PUPIL, [])],
    )


def _organisations() -> list[dict[str, Any]]:
    def row(ident: UUID, name: str, kinds: list[str], parent: UUID | None, provider: UUID, oid: str) -> dict[str, Any]:
        return {
            "id": ident,
            "oid": oid,
            "parent_id": parent,
            "provider_id": provider,
            "kinds": kinds,
            "sort_key": sort_key(name),
            "name": {"fi": name, "sv": name},
            "languages": ["fi"],
            "source": "demo",
            "valid_from": date(1990, 1, 1),
        }

    return [
        row(KUUSNIEMI, "Kuusniemi", ["provider"], None, KUUSNIEMI, KUUSNIEMI_OID),
        row(VALKAMO, "Valkamo", ["provider"], None, VALKAMO, VALKAMO_OID),
        row(RANTAPUISTO, "Rantapuiston koulu", ["school"], KUUSNIEMI, KUUSNIEMI, "1.2.246.562.199.10000000037"),
        row(YHTENAISKOULU, "Valkamon yhtenäiskoulu", ["school"], VALKAMO, VALKAMO, "1.2.246.562.199.10000000045"),
    ]


def _load_provider(
    provider: UUID,
    school: UUID,
    year: UUID,
    groups: dict[UUID, str],
    *,
    learners: dict[UUID, tuple[UUID, str]],
    teachers: dict[UUID, UUID],
    staff: dict[UUID, str],
    guardians: list[tuple[UUID, UUID, list[str]]],
) -> None:
    counter = iter(range(1, 1000))
    base = 10_000 if provider == KUUSNIEMI else 20_000

    def tenant(**values: Any) -> dict[str, Any]:
        return {"id": _id(base + next(counter)), "provider_id": provider, **values}

    assignments = dict(staff)
    if provider == KUUSNIEMI:
        assignments[ADMINISTRATOR] = "administrator"
    with transaction.atomic():
        set_reach(Actor(str(Role.ADMINISTRATOR), provider_id=provider))
        everybody = {
            **dict.fromkeys(assignments, "staff"),
            **dict.fromkeys(learners, "learner"),
            **{g: "guardian" for g, _, _ in guardians},
        }
        # The second municipality meets the guardian by the identity code, as an import would.
        meet("hetu", GUARDIAN_HETU, *PEOPLE[GUARDIAN])
        insert("people_providerperson", [tenant(person_id=p, basis=b, valid_from=START) for p, b in everybody.items()])
        insert("people_person", [_person(p) for p in everybody], conflict="ON CONFLICT DO NOTHING")
        if PUPIL in learners:
            insert(
                "people_identifier",
                [_hetu(_id(501), PUPIL, PUPIL_HETU), _hetu(_id(502), GUARDIAN, GUARDIAN_HETU)],
            )
        insert(
            "people_guardianship",
            [
                tenant(guardian_id=g, child_id=c, kind="custodian", limits=limits, valid_from=START, source="demo")
                for g, c, limits in guardians
            ],
        )
        insert(
            "people_staffassignment",
            [
                tenant(
                    person_id=p,
                    organisation_id=provider if role == "administrator" else school,
                    role=role,
                    valid_from=START,
                )
                for p, role in assignments.items()
            ],
        )
        insert(
            "people_contact",
            [tenant(person_id=p, kind="email", value=f"{PEOPLE[p][0].lower()}@example.invalid") for p in everybody],
        )
        insert(
            "organisations_academicsession",
            [
                {
                    "id": year,
                    "provider_id": provider,
                    "kind": "schoolYear",
                    "title": {"fi": "Lukuvuosi 2026–2027"},
                    "starts_on": date(2026, 8, 6),
                    "ends_on": date(2027, 6, 5),
                    "school_year": 2027,
                }
            ],
        )
        course = tenant(school_id=school, session_id=year, code="YL", title={"fi": "Luokanopetus"})
        insert("studies_course", [course])
        insert(
            "studies_group",
            [
                {
                    "id": g,
                    "provider_id": provider,
                    "school_id": school,
                    "kind": "home_group",
                    "course_id": course["id"],
                    "code": name,
                    "title": {"fi": name},
                    "grades": [name[0]],
                    "valid_from": START,
                }
                for g, name in groups.items()
            ],
        )
        insert("studies_groupsession", [tenant(group_id=g, session_id=year) for g in groups])
        insert(
            "studies_schoolenrolment",
            [
                tenant(person_id=p, school_id=school, grade=grade, valid_from=START)
                for p, (_, grade) in learners.items()
            ],
        )
        insert(
            "studies_enrolment",
            [
                *[
                    tenant(group_id=g, school_id=school, person_id=p, role="student", is_primary=True, valid_from=START)
                    for p, (g, _) in learners.items()
                ],
                *[
                    tenant(group_id=g, school_id=school, person_id=p, role="teacher", is_primary=True, valid_from=START)
                    for p, g in teachers.items()
                ],
            ],
        )


def meet(kind: str, value: str, given: str, family: str) -> None:
    """Let the provider in reach find a person by a national identifier, and so link them in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM people_find_by_identifier(%s, %s, %s, %s, %s::date[])",
            [kind, [secrets.digest(value)], [sort_key(family, given)], [given], [None]],
        )


def _hetu(ident: UUID, person: UUID, hetu: str) -> dict[str, Any]:
    return {
        "id": ident,
        "person_id": person,
        "kind": "hetu",
        "value_enc": secrets.encrypt(hetu),
        "digest": secrets.digest(hetu),
        "key_id": 1,
    }


def _person(person: UUID) -> dict[str, Any]:
    given, family = PEOPLE[person]
    return {
        "id": person,
        "first_names": given,
        "given_name": given,
        "family_name": family,
        "sort_key": sort_key(family, given),
        "search_key": search_key(family, given),
        "birth_date": date(2017, 3, 14) if person.int & 0xFF >= 121 else date(1984, 5, 2),
        "non_disclosure": person == PROTECTED_PUPIL,
    }


def insert(table: str, rows: list[dict[str, Any]], conflict: str = "") -> None:
    """Write rows as they stand, with the reach that is set."""
    with connection.cursor() as cursor:
        for row in rows:
            values = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))}) {conflict}", values
            )
