"""What is served: for each resource its address, rows, scopes, and which declared fields an app gets, from where."""

from collections.abc import Mapping

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
from digione.rest.v1.endpoint import (
    BY_PERSON,
    DURING,
    EACH,
    HIDDEN,
    OWN_ID,
    OWN_PERSON,
    SINCE_HERE,
    STILL_HERE,
    Endpoint,
    by,
    of_people,
)
from digione.rest.v1.study_endpoints import STUDY_ENDPOINTS
from digione.schema.resources import RESOURCES

SCHOOLS = Endpoint(
    path="schools",
    single="school",
    resource=RESOURCES["organisation"],
    summary="Schools of the providers that have taken the app into use",
    scope=SCHOOLS_READ,
    rows="FROM organisations_organisation o WHERE o.provider_id = %(provider)s AND 'school' = ANY (o.kinds)",
    key="o.id",
    alias="o",
    during=DURING.format("o"),
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
    during="s.starts_on <= %(valid_on)s AND s.ends_on >= %(valid_on)s",
    filters=by("s", "school_id", "parent_id"),
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
    filters=by("c", "school_id", "session_id"),
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
    during=DURING.format("g"),
    filters=by("g", "school_id", "course_id"),
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
    filters=by("t", "group_id", "session_id"),
)


PERSONS = Endpoint(
    path="persons",
    single="person",
    resource=RESOURCES["person"],
    summary="The people whom the providers have: learners, guardians, staff",
    scope=PERSONS_READ,
    rows="FROM access_listing k JOIN LATERAL"
    f" (SELECT p.* FROM people_person p WHERE p.id = k.person_id AND {STILL_HERE} {EACH}) p ON true"
    " WHERE k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s AND (%(disclosed)s OR NOT " + HIDDEN + ")",
    key="k.sourced_id",
    alias="p",
    columns={
        "id": "k.sourced_id",
        # Also where the agreement gives an app the person, it does not give the municipality (decision 14).
        # When another provider last changed the person's row would tell that somebody had the person before.
        "sys_from": f"greatest(p.sys_from, {SINCE_HERE})",
        "home_municipality": f"CASE WHEN NOT {HIDDEN} THEN p.home_municipality END",
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


SCHOOL_ENROLMENTS = Endpoint(
    path="school_enrolments",
    single="school_enrolment",
    resource=RESOURCES["school_enrolment"],
    summary="Which learners are enrolled at which schools, today or later",
    scope=SCHOOL_ENROLMENTS_READ,
    rows=of_people("studies_schoolenrolment", "e"),
    # What has ended is no longer listed, as people are not who have gone.
    current=LIVE.format("e"),
    during=DURING.format("e"),
    key="e.id",
    alias="e",
    columns={"person_id": "k.sourced_id"},
    told={"id": OWN_ID, "person_id": OWN_PERSON.format("The learner.")},
    person="e.person_id",
    filters={"person_id": BY_PERSON.format("e"), **by("e", "school_id")},
    sealed=True,
)

ENROLMENTS = Endpoint(
    path="enrolments",
    single="enrolment",
    resource=RESOURCES["enrolment"],
    summary="Who belongs to which groups, in which role, today or later",
    scope=ENROLMENTS_READ,
    rows=of_people("studies_enrolment", "e"),
    # What has ended is no longer listed, as people are not who have gone.
    current=LIVE.format("e"),
    during=DURING.format("e"),
    key="e.id",
    alias="e",
    columns={"person_id": "k.sourced_id"},
    told={
        "id": "The supplier's own id of the row: the same in OneRoster, another one for every other supplier.",
        "person_id": OWN_PERSON.format("Who belongs to the group."),
    },
    person="e.person_id",
    filters={
        "person_id": BY_PERSON.format("e"),
        **by("e", "group_id"),
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
    rows=of_people("people_staffassignment", "a"),
    # What has ended is no longer listed, as people are not who have gone.
    current=LIVE.format("a"),
    during=DURING.format("a"),
    key="a.id",
    alias="a",
    columns={"person_id": "k.sourced_id"},
    told={"id": OWN_ID, "person_id": OWN_PERSON.format("The member of staff.")},
    person="a.person_id",
    filters={"person_id": BY_PERSON.format("a"), **by("a", "organisation_id")},
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
    *STUDY_ENDPOINTS,
)

_PLATFORM = "the platform's own bookkeeping, not for apps"
#: Declared resources that are not served, each with the reason. A test holds that every resource is here or above.
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
    "person_succession": "of a record that went into another one, the change feed tells that it is gone, and its rows under the other",
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
}
