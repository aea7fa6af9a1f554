"""The use cases: a part of one provider's data, read by an app. Each has its own reach and its own row of the log."""

from dataclasses import dataclass
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import UseCase, use_case
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import facts
from digione.rest.v1.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted of one provider.

    `one`: this object. `ids`: these rows, without a refusal where some are not there. Otherwise up to `limit` rows
    behind `after`. `shown`: the fields, all of which the grant opens; `closed`: fields that were asked for by name and
    are opened by no grant of the app.
    """

    endpoint: Endpoint
    grant: Grant | None
    shown: frozenset[str]
    closed: frozenset[str] = frozenset()
    one: UUID | None = None
    ids: tuple[UUID, ...] | None = None
    after: UUID | None = None
    limit: int = 0


@use_case(Permission.ROSTER_READ, Event.ROSTER_READ)
def read_rows(uc: UseCase, *, ask: Ask) -> list[facts.Row]:
    """An app reads a part of a provider's data in our own API."""
    return _read(uc, ask)


@use_case(Permission.ROSTER_DEMOGRAPHICS_READ, Event.ROSTER_DEMOGRAPHICS_READ)
def read_identities(uc: UseCase, *, ask: Ask) -> list[facts.Row]:
    """An app reads, in our own API, what identifies a provider's people further than their names."""
    return _read(uc, ask)


def _read(uc: UseCase, ask: Ask) -> list[facts.Row]:
    uc.check()
    endpoint, grant = ask.endpoint, ask.grant
    uc.target = ask.one
    uc.scope.update(operation=f"v1.{endpoint.path}")
    if grant is None:
        raise DeniedError("No provider has opened this to the app, or the token's scopes leave it out.", endpoint.scope)
    if ask.closed:
        raise DeniedError("The token's scopes do not open these fields.", str(endpoint.narrow_scope))
    if ask.one is not None:
        found = facts.rows_of(endpoint, grant, uc.actor, ask.shown, [ask.one])
        if not found:
            raise NotFoundError("There is no such object here.")
    elif ask.ids is not None:
        found = facts.rows_of(endpoint, grant, uc.actor, ask.shown, list(ask.ids))
    else:
        found = facts.rows_behind(endpoint, grant, uc.actor, ask.shown, ask.after, ask.limit)
    _note(uc, ask, grant, found)
    return found


def _note(uc: UseCase, ask: Ask, grant: Grant, found: list[facts.Row]) -> None:
    """Tell the log whom the rows showed: a few by name, more by what they span."""
    if ask.endpoint.person and len(found) <= NAMED_SUBJECTS:
        uc.saw([row.person for row in found if row.person])
    elif ask.endpoint.person:
        uc.saw_in_bulk(by="person", disclosed=grant.disclosed, first=str(found[0].id), last=str(found[-1].id))
    uc.touched(ask.endpoint.resource.table, *sorted(ask.shown))
    uc.saw_in_bulk(count=len(found))
