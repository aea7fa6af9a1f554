"""What the generator makes: plain rows, made by the million, so they are named tuples and their ids are text."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from digione.core.texts import LocalizedText


class Organisation(NamedTuple):
    """A provider, or a school of one."""

    id: str
    oid: str
    parent_id: str | None
    provider_id: str
    kinds: tuple[str, ...]
    name: LocalizedText
    business_id: str | None
    school_code: str | None
    school_type: str | None
    municipality_code: str
    languages: tuple[str, ...]


class Session(NamedTuple):
    """The school year or a term of it."""

    id: str
    kind: str
    title: LocalizedText
    starts_on: date
    ends_on: date
    parent_id: str | None
    school_year: int


class Course(NamedTuple):
    """A subject in a grade, offered by the provider."""

    id: str
    session_id: str
    code: str
    title: LocalizedText
    subject: str
    grade: str


class Group(NamedTuple):
    """A home group, or a class section of a course."""

    id: str
    school_id: str
    course_id: str | None
    kind: str
    code: str
    title: LocalizedText
    grade: str
    subject: str | None


class Person(NamedTuple):
    """A person with what the registers know of them; `hetu` is missing for those who have none."""

    id: str
    audit_alias: str
    first_names: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    mother_tongue: str
    nationality: str
    home_municipality: str
    non_disclosure: bool
    hetu: str | None
    learner_number: str | None


class Link(NamedTuple):
    """A provider has a basis to know a person."""

    id: str
    person_id: str
    basis: str
    valid_from: date
    valid_to: date | None = None


class Contact(NamedTuple):
    """A way to reach a person."""

    id: str
    person_id: str
    kind: str
    value: str


class Guardianship(NamedTuple):
    """A guardian of a child, with the limits of that custody."""

    id: str
    guardian_id: str
    child_id: str
    kind: str
    limits: tuple[str, ...]
    valid_from: date


class Assignment(NamedTuple):
    """A member of staff works in a role at a school or at the provider."""

    id: str
    person_id: str
    organisation_id: str
    role: str
    valid_from: date


class SchoolEnrolment(NamedTuple):
    """A learner goes to a school, in a grade."""

    id: str
    person_id: str
    school_id: str
    grade: str
    valid_from: date
    valid_to: date | None = None


class Enrolment(NamedTuple):
    """A person belongs to a group in a role."""

    id: str
    group_id: str
    school_id: str
    person_id: str
    role: str
    is_primary: bool


class StudyRight(NamedTuple):
    """A right to study at a level; `told` names the identifiers of the learner that a document of it tells.

    `known` is the day since which it has stood as it stands (`history`), here and below.
    """

    id: str
    person_id: str
    school_id: str
    level: str
    school_oid: str
    organiser_oid: str
    valid_from: date
    valid_to: date | None
    told: tuple[str, ...]
    known: date
    expected_end: date | None = None
    purchased: bool | None = None
    licence: str | None = None


class RightState(NamedTuple):
    """A state of a study right from a day on."""

    id: str
    study_right_id: str
    person_id: str
    place: int
    valid_from: date
    state: str
    funding: str | None


class RightExtra(NamedTuple):
    """A piece of extra information about a study right, one of a list of its kind."""

    id: str
    study_right_id: str
    person_id: str
    kind: str
    valid_from: date


class Attainment(NamedTuple):
    """What is studied and achieved. A size is written as the register writes it."""

    id: str
    study_right_id: str
    person_id: str
    parent_id: str | None
    place: int
    node: str
    kind: str
    module_scheme: str
    module: str
    curriculum: str | None = None
    size: str | None = None
    size_unit: str | None = None
    is_compulsory: bool | None = None
    language_scheme: str | None = None
    language: str | None = None
    valid_from: date | None = None
    group_name: str | None = None
    site_oid: str | None = None
    taught_in: str | None = None
    manner_scheme: str | None = None
    manner: str | None = None
    unit_group: str | None = None
    confirmed_on: date | None = None
    confirmed_in: str | None = None
    confirmed_by_oid: str | None = None
    carried: dict[str, Any] | None = None
    known: date = date.min


class Assessment(NamedTuple):
    """The mark of an attainment."""

    id: str
    attainment_id: str
    person_id: str
    mark_scheme: str
    mark: str
    assessed_on: date | None
    is_passed: bool
    known: date


class Account(NamedTuple):
    """A demonstration sign-in."""

    id: str
    username: str
    person_id: str
    language: str


@dataclass(slots=True)
class Batch:
    """The rows of one neighbourhood of a provider: a few schools, some hundreds of learners.

    The first batch of a provider (`opens` is set) carries the provider itself, its sessions and its courses. What is over
    (`earlier_…`) stands apart: schools of earlier years, and the home groups of last year with those who belonged to them.
    """

    provider: Organisation
    accent: str
    opens: bool
    organisations: list[Organisation] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    group_sessions: list[tuple[str, str, str]] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    guardianships: list[Guardianship] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    school_enrolments: list[SchoolEnrolment] = field(default_factory=list)
    enrolments: list[Enrolment] = field(default_factory=list)
    earlier_schools: list[SchoolEnrolment] = field(default_factory=list)
    earlier_groups: list[Group] = field(default_factory=list)
    earlier_enrolments: list[Enrolment] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
