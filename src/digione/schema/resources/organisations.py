"""Organisations: the national register, the providers on the platform, and their school years."""

from datetime import date, datetime
from uuid import UUID

from digione.core.texts import LocalizedText
from digione.schema.basis import NO_PERSONAL_DATA
from digione.schema.declare import Master, field, resource
from digione.schema.resources.shared import known_since, of_provider, own_id, row_hash, valid_from, valid_to


@resource(
    table="organisations_organisation", term="organisation", basis=NO_PERSONAL_DATA, master=Master.ORGANISATION_REGISTER
)
class Organisation:
    """A body of the national organisation register, or a provider's own that the register does not know."""

    id: UUID = own_id()
    oid: str | None = field(
        "The OID in the national register; absent for what the register does not know.", term="organisation OID"
    )
    parent_id: UUID | None = field("The organisation above it.", term="organisation")
    provider_id: UUID | None = field(
        "The nearest education provider upwards, itself when it is one; absent above providers.",
        term="education provider",
        master=Master.PLATFORM,
    )
    kinds: list[str] = field(
        "What it is, in our words for the national types; one organisation may be several.",
        term="organisation type",
        default=[],
        values=(
            "provider",
            "school",
            "site",
            "apprenticeship_site",
            "other",
            "working_life",
            "early_years_organiser",
            "early_years_site",
            "municipality",
        ),
        code_list="organisaatiotyyppi",
    )
    name: LocalizedText = field("Its name in each language that it has one in.", term="name", default={})
    sort_key: str = field("Sorts names as registers do.", term="sort key", default="", internal=True)
    business_id: str | None = field("Its number in the business information system.", term="business id")
    school_code: str | None = field("The national number of a school.", term="school code")
    school_type: str | None = field("The national type of a school.", term="school type", code_list="oppilaitostyyppi")
    municipality_code: str | None = field("The municipality where it is.", term="municipality", code_list="kunta")
    languages: list[str] = field(
        "The languages in which it teaches.",
        term="teaching language",
        default=[],
        code_list="oppilaitoksenopetuskieli",
    )
    valid_from: date | None = valid_from("The day on which it began.")
    valid_to: date | None = valid_to("The day on which it ended; absent while it lives.")
    source: str = field("The system that told of it.", term="source", master=Master.PLATFORM)
    source_changed_at: datetime | None = field("When the source last changed it.", term="moment")
    row_hash: bytes | None = row_hash()
    sys_from: datetime = known_since()


@resource(table="organisations_provider", term="education provider", basis=NO_PERSONAL_DATA, master=Master.PROVIDER)
class Provider:
    """An education provider on the platform: the controller of its data, and the tenant."""

    id: UUID = field("The id of its organisation.", term="id", master=Master.PLATFORM)
    joined_on: date = field(
        "The day on which it joined the platform.",
        term="validity",
        unit="calendar day in Finland",
        master=Master.PLATFORM,
    )
    accent: str = field(
        "The colour of its desks.", term="accent colour", default="#1b5c6e", unit="sRGB, hexadecimal (#rrggbb)"
    )
    languages: list[str] = field(
        "The languages of its desks, in the order in which a missing text is looked for.",
        term="language",
        default=[],
        unit="language code (ISO 639-1)",
    )
    demo: bool = field("Whether it and its people are invented.", term="demo", default=False, master=Master.PLATFORM)


@resource(
    table="organisations_succession", term="succession", basis=NO_PERSONAL_DATA, master=Master.ORGANISATION_REGISTER
)
class Succession:
    """One organisation's life goes on in another: a merger, a split, or another provider. Old rows keep their ids."""

    id: UUID = field("The platform's own id: a UUIDv7.", term="id", master=Master.PLATFORM)
    predecessor_id: UUID = field("The organisation that ended or gave.", term="organisation")
    successor_id: UUID = field("The organisation that goes on.", term="organisation")
    kind: str = field(
        "Merger (goes into another), split (goes on in several), or change of provider (another carries on).",
        term="type",
        values=("merge", "split", "change"),
    )
    on_date: date = field(
        "The first day on which the successor carries on.", term="validity", unit="calendar day in Finland"
    )
    decision: str | None = field(
        "Where the decision is found: who decided, when, under which number.", term="decision", master=Master.PLATFORM
    )


@resource(
    table="organisations_academicsession", term="academic session", basis=NO_PERSONAL_DATA, master=Master.PROVIDER
)
class AcademicSession:
    """A school year, a term of it, or a grading period; of the provider, or of one school."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    school_id: UUID | None = field("The school whose own it is; absent when it is the whole provider's.", term="school")
    kind: str = field(
        "Which sort of session it is.", term="type", values=("schoolYear", "semester", "term", "gradingPeriod")
    )
    title: LocalizedText = field("What it is called.", term="name", default={})
    starts_on: date = field("Its first day.", term="validity", unit="calendar day in Finland")
    ends_on: date = field("Its last day.", term="validity", unit="calendar day in Finland")
    parent_id: UUID | None = field("The session that it is a part of.", term="academic session")
    school_year: int = field(
        "The school year, named by the year in which it ends.", term="school year", unit="calendar year"
    )
    sys_from: datetime = known_since()
