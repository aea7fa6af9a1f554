"""Reads of the room: the providers on the platform, and a provider as the register has it."""

from digione.access.permissions import Event, Permission
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations.facts import named, provider_in_register, succession_of


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

    With `predecessors` and `successors`, as `facts.succession_of` tells them. Raises `InvalidInputError` where the register has no such organisation, or where it is no provider.
    """
    uc.check()
    row = provider_in_register(uc, oid)
    return {**row, **succession_of(uc, row["id"])}
