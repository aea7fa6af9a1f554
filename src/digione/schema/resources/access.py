"""Access: accounts, suppliers, apps, and what a provider has opened to them."""

from datetime import date, datetime
from uuid import UUID

from digione.schema.basis import ACCESS_RIGHTS, INTERFACES, NO_PERSONAL_DATA
from digione.schema.declare import Master, Sensitivity, field, resource
from digione.schema.resources.shared import of_person, of_provider, own_id, valid_from, valid_to


@resource(table="access_account", term="account", basis=ACCESS_RIGHTS, master=Master.PLATFORM)
class Account:
    """A way to sign in. Rights come from the person's live rows, never from the account."""

    id: UUID = own_id()
    username: str = field(
        "The name with which one signs in.", term="user name", guidance="The name that your school has given you."
    )
    password: str = field(
        "The password, as a slow hash.",
        term="password",
        internal=True,
        sensitivity=Sensitivity.SECRET,
        guidance="At least twelve letters, figures or signs. Three words that do not belong together are easy to remember. Use it nowhere else.",
    )
    email: str = field(
        "Where the account is reached.",
        term="contact detail",
        default="",
        sensitivity=Sensitivity.CONFIDENTIAL,
        master=Master.PROVIDER,
    )
    person_id: UUID | None = field("The person who signs in; absent for the platform's own.", term="person")
    language: str = field("The language of the desks.", term="language", default="fi", values=("fi", "sv", "en"))
    is_active: bool = field("Whether one may sign in.", term="status", default=True)
    is_platform_admin: bool = field(
        "Whether it keeps the platform itself; that opens no personal data.",
        term="main administrator of the platform",
        default=False,
    )
    last_login: datetime | None = field("When one last signed in.", term="moment")


@resource(table="access_supplier", term="supplier", basis=NO_PERSONAL_DATA, master=Master.PLATFORM)
class Supplier:
    """Who makes apps."""

    id: UUID = own_id()
    name: str = field("Its name.", term="name")


@resource(table="access_app", term="app", basis=NO_PERSONAL_DATA, master=Master.PLATFORM)
class App:
    """A supplier's program, with its OAuth client."""

    id: UUID = own_id()
    supplier_id: UUID = field("Who makes it.", term="supplier")
    application_id: int = field("Its OAuth client.", term="app", unit="number", internal=True)
    name: str = field("Its name.", term="name")


@resource(table="access_taking", term="taking into use", basis=INTERFACES, master=Master.PROVIDER)
class Taking:
    """A provider has taken an app into use: with which scopes, from when, until when. A right that ends with its row."""

    id: UUID = own_id()
    provider_id: UUID = of_provider("The provider that takes the app into use.")
    app_id: UUID = field("The app.", term="app")
    scopes: list[str] = field(
        "What the app may read.",
        term="scope",
        default=[],
        guidance="Only the scopes that the agreement with the supplier names; what is not needed is not given.",
    )
    non_disclosure_included: bool = field(
        "Whether the agreement gives the app people under a non-disclosure order, with their schools and groups, never with"
        " municipality, address, phone or e-mail.",
        term="non-disclosure",
        default=False,
        guidance="Yes only where the agreement says so and the learner cannot do without the app.",
    )
    valid_from: date = valid_from()
    valid_to: date | None = valid_to()
    created_at: datetime = field("When it was agreed.", term="moment", made=True)


@resource(table="access_subject", term="supplier's id of a person", basis=INTERFACES, master=Master.PLATFORM)
class Subject:
    """The id by which one supplier's apps know a person: stable for that supplier, different from any other's."""

    supplier_id: UUID = field("The supplier.", term="supplier")
    person_id: UUID = of_person("The person.")
    sourced_id: UUID = field("The id that the supplier's apps see.", term="supplier's id of a person")
