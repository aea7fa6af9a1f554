"""Reads of the room: the providers on the platform, a provider as the register has it, and what the imports did."""

from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations import facts
from digione.organisations.facts import named, provider_in_register, succession_of

#: How many runs a list of imports shows.
_LATEST = 50


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


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_runs(uc: UseCase) -> dict[str, Any]:
    """Return the latest fifty import runs of the actor's provider as `runs`, newest first (see `facts.import_runs`)."""
    uc.check()
    return {"runs": facts.import_runs(uc, at_most=_LATEST)}


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_run(uc: UseCase, *, run: UUID, page: int | None = 1) -> Row:
    """Return one import run of the actor's provider and a page of its differences (see `facts.import_run`)."""
    uc.check()
    return facts.import_run(uc, run, page=page)


@use_case(Permission.CODE_READ, Event.CODE_READ)
def code_list(uc: UseCase, *, uri: str) -> dict[str, Any]:
    """Return the values of a national code list in the order of their codes, each with name, validity and latest edition.

    Empty `codes` where the list has not been brought in; the list is public, so nobody is seen.
    """
    uc.check()
    found = uc.rows(
        "SELECT DISTINCT ON (c.value) c.value, c.name, c.version, c.valid_from, c.valid_to FROM core_code c"
        " WHERE c.list_uri = %s ORDER BY c.value, c.version DESC",
        [uri],
    )
    uc.saw_in_bulk(count=len(found))
    return {"uri": uri, "codes": named(found), "today": uc.today}


@use_case(Permission.REGISTER_READ, Event.IMPORT_READ)
def register_runs(uc: UseCase) -> dict[str, Any]:
    """Return the latest fifty runs that brought a public register in as `runs`, newest first."""
    uc.check()
    return {"runs": facts.import_runs(uc, at_most=_LATEST, registers=True)}


@use_case(Permission.REGISTER_READ, Event.IMPORT_READ)
def register_run(uc: UseCase, *, run: UUID, page: int | None = 1) -> Row:
    """Return one run that brought a public register in, and a page of its differences (see `facts.import_run`)."""
    uc.check()
    return facts.import_run(uc, run, page=page, registers=True)
