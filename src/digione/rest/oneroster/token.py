"""Who asks: the app behind a bearer token, with the providers that have taken it into use and what each opened."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from digione.access.roles import Role
from digione.core import clock, statements
from digione.core.use_case import Actor
from digione.rest.oneroster.answers import Minor, RefusedError
from digione.rest.oneroster.operations import ROSTER, Operation

#: Longer than any token that we issue; what is longer is not even hashed.
_LONGEST_TOKEN = 4096
#: Characters of `X-Request-Id` that the log keeps.
LONGEST_REQUEST_ID = 64


@dataclass(frozen=True, slots=True)
class Grant:
    """What one provider opens to the app with this token: the scopes of the taking that the token also carries."""

    provider_id: UUID
    scopes: frozenset[str]
    disclosed: bool

    def opens(self, operation: Operation) -> bool:
        """Whether one of the operation's scopes is granted."""
        return not self.scopes.isdisjoint(operation.scopes)

    @property
    def contact(self) -> bool:
        """Whether an e-mail address may be shown: the whole roster, not its core alone."""
        return ROSTER in self.scopes


@dataclass(frozen=True, slots=True)
class Caller:
    """The app as an actor, and its grants by provider, in a stable order."""

    actor: Actor
    grants: tuple[Grant, ...]


def caller(headers: Mapping[str, str]) -> Caller:
    """Return the app behind a request's `Authorization` header. Raises `RefusedError` (401), never saying what was wrong."""
    authorization = headers.get("Authorization", "")
    # What the log cannot hold, a null character, ends the name, as it does where libpq is called by the hot lane.
    request_id = headers.get("X-Request-Id", "")[:LONGEST_REQUEST_ID].partition("\0")[0]
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise _unauthorised("Send an access token: Authorization: Bearer …")
    checksum = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    rows = statements.rows(
        "SELECT app_id, supplier_id, provider_id, scopes, disclosed FROM oneroster_app(%s, %s, %s)",
        [checksum, clock.now(), clock.today()],
    )
    if not rows:
        raise _unauthorised("The access token is unknown or no longer valid; ask for a new one at /oauth/token.")
    app, supplier = rows[0][:2]
    grants = tuple(Grant(row[2], frozenset(row[3]), row[4]) for row in rows if row[2] is not None)
    actor = Actor(
        str(Role.APP),
        app_id=app,
        supplier_id=supplier,
        scopes=frozenset().union(*(grant.scopes for grant in grants)),
        providers=tuple(grant.provider_id for grant in grants),
        request_id=request_id,
    )
    return Caller(actor, grants)


def _unauthorised(description: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNAUTHORIZED, Minor.UNAUTHORISED, description)
