"""Reads of the room: the providers on the platform, and a provider as the register has it."""

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.core.errors import Fault, InvalidInputError
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations.facts import PROVIDER_KINDS, in_register, named


@use_case(Permission.PROVIDER_MANAGE, Event.ORGANISATION_READ)
def providers(uc: UseCase) -> list[Row]:
    """Return the providers on the platform by name: OID, name in each language, and since when."""
    uc.check()
    found = uc.rows(
        "SELECT p.id, o.oid, o.name, p.joined_on, p.demo FROM organisations_provider p"
        " JOIN organisations_organisation o ON o.id = p.id ORDER BY o.sort_key, o.oid"
    )
    uc.saw_in_bulk(count=len(found))
    return named(found)


@use_case(Permission.PROVIDER_MANAGE, Event.ORGANISATION_READ)
def provider_page(uc: UseCase, *, oid: str) -> Row:
    """Return what the register says of a provider, how many schools it has, and since when it is on the platform.

    Raises `InvalidInputError` where the register has no such organisation, or where it is no provider.
    """
    uc.check()
    row = in_register(uc, oid)
    if row is None:
        text = _("The register has no organisation %(oid)s. Import the organisations first.") % {"oid": oid}
        raise InvalidInputError([Fault("oid", "unknown_organisation", text)])
    if not PROVIDER_KINDS & set(row["kinds"]):
        text = _("%(oid)s is no education provider; give the OID of the provider that it belongs to.") % {"oid": oid}
        raise InvalidInputError([Fault("oid", "not_a_provider", text)])
    return row
