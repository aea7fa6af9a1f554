"""Writes of the room: suppliers' apps and their taking into use."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from oauth2_provider.generators import generate_client_id, generate_client_secret
from oauth2_provider.models import get_application_model

from digione.access.models import App, Supplier, Taking
from digione.access.permissions import Event, Permission
from digione.access.scopes import KNOWN_SCOPES
from digione.core.errors import Fault, InvalidInputError
from digione.core.outbox import announce
from digione.core.use_case import UseCase, use_case


@dataclass(frozen=True, slots=True)
class NewApp:
    """What is told once, when an app is made: the secret is stored only as a hash."""

    app_id: UUID
    supplier_id: UUID
    client_id: str
    client_secret: str


@use_case(Permission.APP_CREATE, Event.APP_CREATED)
def create_app(uc: UseCase, *, name: str, supplier: str, provider_oids: Sequence[str], scopes: Sequence[str]) -> NewApp:
    """Make an app with its OAuth client, and let the named providers take it into use from today with `scopes`.

    The platform's work: an app joins a supplier, by name, whose ids of persons it then shares, and providers are named
    who agreed elsewhere. A supplier is found by its name or made. Raises `InvalidInputError` with every unknown provider and scope.
    """
    uc.check()
    faults = [
        Fault(
            "scope", "unknown_scope", f"There is no scope {scope!r}. Known scopes: {', '.join(sorted(KNOWN_SCOPES))}."
        )
        for scope in scopes
        if scope not in KNOWN_SCOPES
    ]
    if not scopes:
        faults.append(Fault("scope", "missing", "Name at least one scope."))
    found = {
        row["oid"]: row["id"]
        for row in uc.rows(
            "SELECT o.oid, p.id FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id"
            " WHERE o.oid = ANY (%s)",
            [list(provider_oids)],
        )
    }
    faults += [
        Fault("provider", "unknown_provider", f"No provider on this platform has the OID {oid}.")
        for oid in provider_oids
        if oid not in found
    ]
    if faults:
        raise InvalidInputError(faults)
    owner, _ = Supplier.objects.get_or_create(name=supplier)
    client_id, secret = generate_client_id(), generate_client_secret()
    application = get_application_model().objects.create(
        name=name,
        client_id=client_id,
        client_secret=secret,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    app = App.objects.create(supplier=owner, application=application, name=name)
    for oid in provider_oids:
        Taking.objects.create(provider_id=found[oid], app=app, scopes=list(scopes), valid_from=uc.today)
        announce(uc, "access.app_taken", provider_id=found[oid], subject=app.id, scopes=list(scopes))
    uc.saw_in_bulk(app=str(app.id), providers=list(provider_oids), scopes=list(scopes))
    return NewApp(app.id, owner.id, client_id, secret)
