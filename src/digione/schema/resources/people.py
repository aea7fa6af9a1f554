"""People: identity once for the nation, and what each provider knows of a person."""

from datetime import date, datetime
from uuid import UUID

from digione.schema.basis import (
    ACCESS_RIGHTS,
    COMPULSORY_EDUCATION,
    CUSTODY,
    NATIONAL_REGISTER,
    NON_DISCLOSURE,
    SECRET_CONTACT,
    STATUTORY_TASK,
)
from digione.schema.declare import Json, Master, Sensitivity, field, resource
from digione.schema.resources.shared import known_since, of_person, of_provider, own_id, valid_from, valid_to


@resource(table="people_person", term="person", basis=STATUTORY_TASK, master=Master.PERSON_REGISTERS)
class Person:
    """Identity only: national, and the same whatever school or municipality."""

    id: UUID = own_id()
    audit_alias: UUID = field(
        "How the log knows the person; removed by erasure.", term="audit alias", made=True, internal=True
    )
    first_names: str = field(
        "All the given names, in their order.",
        term="first names",
        guidance="All first names, in the order of the population register, separated by spaces.",
    )
    given_name: str = field(
        "The first name by which the person is called.",
        term="given name",
        guidance="The one first name that is used every day; left empty, the first of the first names.",
    )
    family_name: str = field(
        "The family name.", term="family name", guidance="The family name, as in the population register."
    )
    sort_key: str = field("Sorts names as registers do.", term="sort key", internal=True)
    search_key: str = field("Finds names without accents.", term="search key", internal=True)
    birth_date: date | None = field(
        "The day of birth.",
        term="date of birth",
        unit="calendar day",
        guidance="Day, month and year, such as 14.3.2017 or 2017-03-14; it must agree with the identity code.",
    )
    sex: str | None = field(
        "The sex in the population register: 1 male, 2 female.",
        term="sex",
        values=("1", "2"),
        code_list="sukupuoli",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    mother_tongue: str | None = field(
        "The mother tongue in the population register.",
        term="mother tongue",
        code_list="kieli",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="The code of the national list of languages, such as FI or SV.",
    )
    nationalities: list[str] = field(
        "The states of which the person is a citizen.",
        term="nationality",
        default=[],
        code_list="maatjavaltiot2",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="Codes of the national list of states, separated by commas.",
    )
    home_municipality: str | None = field(
        "The home municipality; hidden under a non-disclosure order.",
        term="home municipality",
        code_list="kunta",
        basis=COMPULSORY_EDUCATION,
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="The three figures of the municipality.",
    )
    non_disclosure: bool = field(
        "Whether a non-disclosure order for personal safety holds today.",
        term="non-disclosure",
        default=False,
        basis=NON_DISCLOSURE,
        sensitivity=Sensitivity.SECRET,
        guidance="Yes as soon as you know of an order for personal safety; it holds at once. If in doubt, say yes.",
    )
    deceased_on: date | None = field("The day of death.", term="date of death", unit="calendar day")
    sys_from: datetime = known_since()


@resource(table="people_nondisclosure", term="non-disclosure", basis=NON_DISCLOSURE, master=Master.PROVIDER)
class NonDisclosureNotice:
    """Who has told that a person's details are protected; the protection stands while anybody says so."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The person who is protected.")
    source: str = field("The system that told of it.", term="source", master=Master.PLATFORM)
    sys_from: datetime = known_since()


@resource(table="people_providerperson", term="link to a provider", basis=STATUTORY_TASK, master=Master.PROVIDER)
class ProviderLink:
    """Opens a person to a provider, on a basis, for a period. Without a link a provider does not see the person."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The person whom it opens.")
    basis: str = field(
        "Why the provider knows the person.", term="basis of a link", values=("learner", "guardian", "staff")
    )
    valid_from: date = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()


@resource(table="people_identifier", term="identifier", basis=NATIONAL_REGISTER, master=Master.PERSON_REGISTERS)
class Identifier:
    """An identifier of a person with its source; earlier ones are kept. The value is encrypted and found by digest."""

    id: UUID = own_id()
    provider_id: UUID | None = field(
        "The provider whose own identifier it is; absent for national ones.",
        term="education provider",
        master=Master.PLATFORM,
    )
    person_id: UUID = of_person("The person for whom it stands.")
    kind: str = field(
        "Personal identity code, learner number, a provider's own id, or user name.",
        term="type",
        values=("hetu", "learner_number", "local", "username"),
        guidance="Give the lasting own id; an identity code (DDMMYYCNNNX) or a learner number (1.2.246.562.24.…) beside it, if you have them.",
    )
    value_enc: bytes = field(
        "The value, encrypted by the application.",
        term="identifier",
        internal=True,
        sensitivity=Sensitivity.CONFIDENTIAL,
        master=Master.PERSON_REGISTERS,
    )
    digest: bytes = field(
        "Finds the value without opening it.",
        term="look-up digest",
        internal=True,
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    key_id: int = field("The number of the key that encrypted it.", term="encryption key", internal=True, unit="number")
    current: bool = field("Whether it is the one in use; earlier ones are kept.", term="status", default=True)
    valid_from: date | None = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()


@resource(table="people_contact", term="contact detail", basis=SECRET_CONTACT, master=Master.PROVIDER)
class Contact:
    """How a person is reached, as a provider knows it."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The person who is reached by it.")
    kind: str = field("E-mail, phone or postal address.", term="type", values=("email", "phone", "address"))
    value: str = field(
        "The address or number itself; never given to an app under a non-disclosure order.",
        term="contact detail",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="An address, a phone number with its country code, or an e-mail by which the home is really reached.",
    )
    sources: list[str] = field(
        "The provider's systems that give it; it goes when the last of them gives it no more.",
        term="source",
        default=[],
        master=Master.PLATFORM,
    )
    valid_from: date | None = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()


@resource(table="people_guardianship", term="guardianship", basis=CUSTODY, master=Master.PROVIDER)
class Guardianship:
    """A guardian of a child for a period, with limits."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    guardian_id: UUID = of_person("The guardian.", term="guardian")
    child_id: UUID = of_person("The child.", term="learner")
    kind: str = field(
        "Custodian, or another adult who takes part in the care.",
        term="type",
        default="custodian",
        values=("custodian", "other"),
    )
    limits: list[str] = field(
        "What the guardian may not know or decide.",
        term="limit of custody",
        default=[],
        values=("no_information", "no_decisions"),
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="Only what a court or an agreement limits: no information, no decisions. Empty when nothing is limited.",
    )
    valid_from: date = valid_from()
    valid_to: date | None = valid_to()
    source: str = field("The system that told of it.", term="source", master=Master.PLATFORM)
    sys_from: datetime = known_since()


@resource(table="people_staffassignment", term="staff assignment", basis=ACCESS_RIGHTS, master=Master.PROVIDER)
class StaffAssignment:
    """A member of staff works in a role at a school, or at the provider, for a period. Rights follow from it."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The member of staff.")
    organisation_id: UUID = field(
        "Where the work is done.",
        term="organisation",
        guidance="The OID, the school code, or the exact name of the school.",
    )
    role: str = field(
        "In which role.",
        term="role",
        values=(
            "teacher",
            "special_needs_teacher",
            "principal",
            "school_secretary",
            "aide",
            "administrator",
            "other",
        ),
        guidance="The role that the work is done in; whoever has two roles or schools gets a row for each.",
    )
    valid_from: date = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()


@resource(table="people_duplicatecase", term="duplicate case", basis=STATUTORY_TASK, master=Master.PROVIDER)
class DuplicateCase:
    """Two persons who may be one. A human decides; nothing is ever merged by a guess."""

    id: UUID = own_id()
    provider_id: UUID | None = of_provider(
        "The education provider that decides; absent where the platform does, since no provider may know of it."
    )
    person_id: UUID = of_person("The one.")
    other_person_id: UUID = of_person("The other.")
    reason: str = field("Why they may be one.", term="reason")
    status: str = field(
        "What was decided.",
        term="status",
        default="open",
        values=("open", "same", "different"),
        guidance="Say “the same person” only when you know it: compare names, birth dates and sources. If in doubt, leave it open and ask.",
    )
    sys_from: datetime = known_since()


@resource(table="people_personsuccession", term="person succession", basis=STATUTORY_TASK, master=Master.PROVIDER)
class PersonSuccession:
    """A record that turned out to be of the same person as another: its id leads to the one that stays."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The record that ended.")
    successor_id: UUID = of_person("The record that stays.")
    case_id: UUID = field("The duplicate case in which it was decided.", term="duplicate case")
    decided_at: datetime = field("When it was decided.", term="moment", made=True)
    touched: Json = field("Ids of the rows that were moved, for undoing.", term="id", default={}, internal=True)
    state: str = field("Digest of what the merge left.", term="row hash", default="", internal=True)
    sys_from: datetime = known_since()
