"""What is served: for each resource its address, rows, scopes, and which declared fields an app gets, from where.

Every statement names its provider: row-level security is the net, not the query. Parameters that all of them share:
`provider`, `supplier`, `today`, `disclosed` (whether the agreement includes people with non-disclosure).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from digione.access.scopes import PERSONS_IDENTITY_READ, PERSONS_READ, SCHOOLS_READ
from digione.rest.oneroster.resource import LIVE
from digione.schema.declare import Field, Resource
from digione.schema.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A list and its single objects.

    `rows` is a FROM clause with its WHERE, `key` the id in it that the app sees, `alias` the table of the resource.
    `columns` says where a field comes from that is no plain column of `alias`. `withheld`: declared fields that no app
    gets, each with the reason. `told`: what a field means to an app, where it is not what is declared. `narrow`: fields that only `narrow_scope` opens. `person`: SQL of the person whose data
    a row is, for the log.
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

PERSONS = Endpoint(
    path="persons",
    single="person",
    resource=RESOURCES["person"],
    summary="The people whom the providers have: learners, guardians, staff",
    scope=PERSONS_READ,
    # Of somebody who has gone, an app learns nothing new: what changes later is another provider's.
    rows="FROM access_listing k JOIN people_person p ON p.id = k.person_id"
    " WHERE k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s AND (%(disclosed)s OR NOT k.hidden)"
    " AND EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %(provider)s"
    f" AND l.person_id = k.person_id AND {LIVE.format('l')})",
    key="k.sourced_id",
    alias="p",
    columns={
        "id": "k.sourced_id",
        # Also where the agreement gives an app the person, it does not give the place.
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

ENDPOINTS: tuple[Endpoint, ...] = (SCHOOLS, PERSONS)

_LATER = "follows in this version of the API; OneRoster serves it today"
_PLATFORM = "the platform's own bookkeeping, not for apps"
#: Declared resources that are not served, each with the reason. A test holds that every resource is here or above.
NOT_SERVED: Mapping[str, str] = {
    "academic_session": _LATER,
    "course": _LATER,
    "group": _LATER,
    "group_session": _LATER,
    "school_enrolment": _LATER,
    "enrolment": _LATER,
    "guardianship": _LATER,
    "staff_assignment": _LATER,
    "provider": "an app knows its providers by their agreements; a list of them follows with the agreements' own API",
    "succession": "public, and follows with the register of organisations",
    "code": "code lists are public at their source (Koodisto); a copy follows with the register of organisations",
    "contact": "an address or phone is never an app's (secret contact details); e-mail by OneRoster's whole roster",
    "provider_link": "why a provider knows a person is told by enrolments, assignments and guardianships",
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
    "event": "follows as the feed of events",
}
