"""What is served: for each resource its address, rows, scopes, and which declared fields an app gets, from where.

Every statement names its provider: row-level security is the net, not the query. Parameters that all of them share:
`provider`, `supplier`, `today`, `disclosed` (whether the agreement includes people with non-disclosure).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from digione.access.scopes import (
    ACADEMIC_SESSIONS_READ,
    COURSES_READ,
    ENROLMENTS_READ,
    GROUP_SESSIONS_READ,
    GROUPS_READ,
    PERSONS_IDENTITY_READ,
    PERSONS_READ,
    SCHOOL_ENROLMENTS_READ,
    SCHOOLS_READ,
    STAFF_ASSIGNMENTS_READ,
)
from digione.rest.oneroster.resource import LIVE
from digione.schema.declare import Field, Resource
from digione.schema.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A list and its single objects.

    `rows` is a FROM clause with its WHERE, `key` the id in it by which rows are found, ordered and logged, `alias` the
    table of the resource. `columns` says where a field comes from that is no plain column of `alias`. `withheld`:
    declared fields that no app gets, each with the reason. `told`: what a field means to an app, where it is not what
    is declared. `narrow`: fields that only `narrow_scope` opens. `person`: SQL of the person whose data a row is, for
    the log. `filters`: by which ids a list can be narrowed, as field → condition, in which `{value}` is the id. `sealed`:
    whether the app knows a row by an id that is made of `key` for its supplier alone (decision 12).
    """

    path: str
    single: str
    resource: Resource
    summary: str
    scope: str
    rows: str
    key: str
    alias: str
    columns: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    narrow: frozenset[str] = frozenset()
    narrow_scope: str | None = None
    person: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    sealed: bool = False

    @property
    def served(self) -> tuple[Field, ...]:
        """The fields that an app may get, in the order of their declaration, as they are told to it."""
        return tuple(
            replace(each, description=self.told.get(each.name, each.description))
            for each in self.resource.public_fields()
            if each.name not in self.withheld
        )

    @property
    def names(self) -> frozenset[str]:
        """Their names: what `fields` accepts."""
        return frozenset(each.name for each in self.served)

    def json_sql(self, shown: frozenset[str]) -> str:
        """Return the expression of one row's JSON with the fields `shown`; what is absent is null."""
        pairs = (
            f"'{each.name}', {self.columns.get(each.name, f'{self.alias}.{each.name}')}"
            for each in self.served
            if each.name in shown
        )
        return f"json_build_object({', '.join(pairs)})"


def _by(alias: str, *names: str) -> dict[str, str]:
    return {name: f"{alias}.{name} = {{value}}" for name in names}


SCHOOLS = Endpoint(
    path="schools",
    single="school",
    resource=RESOURCES["organisation"],
    summary="Schools of the providers that have taken the app into use",
    scope=SCHOOLS_READ,
    rows="FROM organisations_organisation o WHERE o.provider_id = %(provider)s AND 'school' = ANY (o.kinds)",
    key="o.id",
    alias="o",
    columns={
        # An organisation above the provider (a state's central one) is not the provider's to tell.
        "parent_id": "(SELECT u.id FROM organisations_organisation u WHERE u.provider_id = %(provider)s"
        " AND u.id = o.parent_id)",
    },
)

ACADEMIC_SESSIONS = Endpoint(
    path="academic_sessions",
    single="academic_session",
    resource=RESOURCES["academic_session"],
    summary="School years, their terms and grading periods",
    scope=ACADEMIC_SESSIONS_READ,
    rows="FROM organisations_academicsession s WHERE s.provider_id = %(provider)s",
    key="s.id",
    alias="s",
    filters=_by("s", "school_id", "parent_id"),
)

COURSES = Endpoint(
    path="courses",
    single="course",
    resource=RESOURCES["course"],
    summary="Courses that the providers, or single schools of theirs, offer",
    scope=COURSES_READ,
    rows="FROM studies_course c WHERE c.provider_id = %(provider)s",
    key="c.id",
    alias="c",
    filters=_by("c", "school_id", "session_id"),
)

GROUPS = Endpoint(
    path="groups",
    single="group",
    resource=RESOURCES["group"],
    summary="Groups at schools: home groups, class sections of courses, care groups",
    scope=GROUPS_READ,
    rows="FROM studies_group g WHERE g.provider_id = %(provider)s",
    key="g.id",
    alias="g",
    filters=_by("g", "school_id", "course_id"),
)

GROUP_SESSIONS = Endpoint(
    path="group_sessions",
    single="group_session",
    resource=RESOURCES["group_session"],
    summary="Which groups meet in which academic sessions",
    scope=GROUP_SESSIONS_READ,
    rows="FROM studies_groupsession t WHERE t.provider_id = %(provider)s",
    key="t.id",
    alias="t",
    filters=_by("t", "group_id", "session_id"),
)

#: Of somebody who has gone, an app learns nothing new: what changes later is another provider's.
_STILL_HERE = (
    "EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %(provider)s"
    f" AND l.person_id = k.person_id AND {LIVE.format('l')})"
)
#: A list is walked in its order, and each of its rows is looked up by itself: OFFSET 0 keeps PostgreSQL, which takes a
#: provider for a few rows, from gathering all people of the provider first.
_EACH = "OFFSET 0"

PERSONS = Endpoint(
    path="persons",
    single="person",
    resource=RESOURCES["person"],
    summary="The people whom the providers have: learners, guardians, staff",
    scope=PERSONS_READ,
    rows="FROM access_listing k JOIN LATERAL"
    f" (SELECT p.* FROM people_person p WHERE p.id = k.person_id AND {_STILL_HERE} {_EACH}) p ON true"
    " WHERE k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s AND (%(disclosed)s OR NOT k.hidden)",
    key="k.sourced_id",
    alias="p",
    columns={
        "id": "k.sourced_id",
        # Also where the agreement gives an app the person, it does not give the municipality (decision 14).
        "home_municipality": "CASE WHEN NOT k.hidden THEN p.home_municipality END",
    },
    withheld={
        "non_disclosure": "secret by law: an agreement opens the person to an app, never the fact of the order",
    },
    told={"id": "The supplier's own id of the person: the same in OneRoster, another one for every other supplier."},
    narrow=frozenset(
        {"first_names", "birth_date", "sex", "mother_tongue", "nationalities", "home_municipality", "deceased_on"}
    ),
    narrow_scope=PERSONS_IDENTITY_READ,
    person="k.person_id",
)


def _of_people(table: str, alias: str) -> str:
    """Return the rows of a table that say where a person is, today or later.

    What has ended is no longer listed, as people are not who have gone. Of people with non-disclosure an app gets them by
    the agreement that gives it the person (decision 14).
    """
    return (
        f"FROM {table} {alias} JOIN LATERAL (SELECT k.sourced_id FROM access_listing k WHERE k.supplier_id = %(supplier)s"
        f" AND k.provider_id = %(provider)s AND k.person_id = {alias}.person_id AND (%(disclosed)s OR NOT k.hidden) AND {_STILL_HERE}"
        f" {_EACH}) k ON true WHERE {alias}.provider_id = %(provider)s AND {LIVE.format(alias)}"
    )


_BY_PERSON = (
    "{0}.person_id = (SELECT who.person_id FROM access_listing who WHERE who.supplier_id = %(supplier)s"
    " AND who.provider_id = %(provider)s AND who.sourced_id = {{value}})"
)
_OWN_ID = "The supplier's own id of the row: another one for every other supplier."
_OWN_PERSON = "{0} By the supplier's own id of the person, as in `persons`."

SCHOOL_ENROLMENTS = Endpoint(
    path="school_enrolments",
    single="school_enrolment",
    resource=RESOURCES["school_enrolment"],
    summary="Which learners are enrolled at which schools, today or later",
    scope=SCHOOL_ENROLMENTS_READ,
    rows=_of_people("studies_schoolenrolment", "e"),
    key="e.id",
    alias="e",
    columns={"person_id": "k.sourced_id"},
    told={"id": _OWN_ID, "person_id": _OWN_PERSON.format("The learner.")},
    person="e.person_id",
    filters={"person_id": _BY_PERSON.format("e"), **_by("e", "school_id")},
    sealed=True,
)

ENROLMENTS = Endpoint(
    path="enrolments",
    single="enrolment",
    resource=RESOURCES["enrolment"],
    summary="Who belongs to which groups, in which role, today or later",
    scope=ENROLMENTS_READ,
    rows=_of_people("studies_enrolment", "e"),
    key="e.id",
    alias="e",
    columns={"person_id": "k.sourced_id"},
    told={
        "id": "The supplier's own id of the row: the same in OneRoster, another one for every other supplier.",
        "person_id": _OWN_PERSON.format("Who belongs to the group."),
    },
    person="e.person_id",
    filters={
        "person_id": _BY_PERSON.format("e"),
        **_by("e", "group_id"),
        # An enrolment's school is its group's (a key holds it to that), and the groups of a school are found by an index:
        # one of enrolments by school would be written with every row of every import.
        "school_id": "e.group_id = ANY (ARRAY(SELECT g.id FROM studies_group g WHERE g.provider_id = %(provider)s"
        " AND g.school_id = {value}))",
    },
    sealed=True,
)

STAFF_ASSIGNMENTS = Endpoint(
    path="staff_assignments",
    single="staff_assignment",
    resource=RESOURCES["staff_assignment"],
    summary="Who works at which school or for the whole provider, in which role, today or later",
    scope=STAFF_ASSIGNMENTS_READ,
    rows=_of_people("people_staffassignment", "a"),
    key="a.id",
    alias="a",
    columns={"person_id": "k.sourced_id"},
    told={"id": _OWN_ID, "person_id": _OWN_PERSON.format("The member of staff.")},
    person="a.person_id",
    filters={"person_id": _BY_PERSON.format("a"), **_by("a", "organisation_id")},
    sealed=True,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    SCHOOLS,
    ACADEMIC_SESSIONS,
    COURSES,
    GROUPS,
    GROUP_SESSIONS,
    PERSONS,
    SCHOOL_ENROLMENTS,
    ENROLMENTS,
    STAFF_ASSIGNMENTS,
)

_PLATFORM = "the platform's own bookkeeping, not for apps"
#: Declared resources that are not served, each with the reason. A test holds that every resource is here or above.
_STUDIES = "study rights and attainments are served with their writing, by scopes of their own"
NOT_SERVED: Mapping[str, str] = {
    "guardianship": "who acts on a guardianship must know what limits it, and limits of custody are confidential: it waits"
    " for an agreement that can open them; OneRoster names the guardians who may know of the child",
    "provider": "an app knows its providers by their agreements; a list of them follows with the agreements' own API",
    "succession": "public, and follows with the register of organisations",
    "code": "code lists are public at their source (Koodisto); a copy follows with the register of organisations",
    "contact": "an address or phone is never an app's (secret contact details); e-mail by OneRoster's whole roster",
    "provider_link": "why a provider knows a person is told by enrolments and assignments",
    "non_disclosure_notice": "secret by law",
    "identifier": "learner numbers, identity codes and user names are not given to apps (decision 11)",
    "duplicate_case": "what may be wrong in a register is for those who put it right",
    "person_succession": "follows with the change feed, which tells what became of an id",
    "subject": "the ids of other suppliers would let suppliers join what they know (decision 12)",
    "account": "accounts belong to people and the desk, not to apps",
    "supplier": _PLATFORM,
    "app": _PLATFORM,
    "taking": _PLATFORM,
    "import_run": _PLATFORM,
    "key_fingerprint": _PLATFORM,
    "source_key": _PLATFORM,
    "carried_row": "what has no place in the data model yet is opened when it gets one (results, learning resources)",
    "event": "follows as the feed of events",
    "study_right": _STUDIES,
    "study_right_state": _STUDIES,
    "study_right_extra": _STUDIES,
    "attainment": _STUDIES,
    "assessment": _STUDIES,
}
