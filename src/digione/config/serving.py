"""Tells the pages of the data model where each resource is served, as only this room sees both."""

from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.service import PREFIX
from digione.schema.serving import SERVING, Served

#: What OneRoster calls our resources (docs/oneroster.md).
_ONEROSTER = {
    "organisation": ("orgs", "schools"),
    "academic_session": ("academicSessions", "terms", "gradingPeriods"),
    "course": ("courses",),
    "group": ("classes",),
    "person": ("users", "students", "teachers", "demographics"),
    "enrolment": ("enrollments",),
    "guardianship": ("users.agents",),
    "school_enrolment": ("users.roles",),
    "staff_assignment": ("users.roles",),
    "identifier": ("users.userIds",),
    "contact": ("users.email", "users.phone"),
}


def tell_what_is_served() -> None:
    """Fill `SERVING` from the endpoints of the API."""
    found: dict[str, list[Served]] = {}
    for endpoint in ENDPOINTS:
        public = {each.name for each in endpoint.resource.public_fields()}
        withheld = frozenset(endpoint.withheld)
        writing = endpoint.writing
        found.setdefault(endpoint.resource.name, []).append(
            Served(
                address=f"/{PREFIX.strip('/')}/{endpoint.path}",
                scope=endpoint.scope,
                narrow_scope=endpoint.narrow_scope,
                narrow=endpoint.narrow & public,
                withheld=withheld,
                write_scope=writing.scope if writing else None,
                written=writing.changes if writing else frozenset(),
            )
        )
    SERVING.addresses = {name: tuple(each) for name, each in found.items()}
    SERVING.oneroster = dict(_ONEROSTER)
