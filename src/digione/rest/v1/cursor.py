"""Where a follower of the change feed stands, as a text that it sends back as it is."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from digione.rest.oneroster.sealed import Seal
from digione.rest.oneroster.token import Grant
from digione.rest.v1.endpoint import Endpoint

_FORM = 1
#: A number no grant has: everything of the transaction has been told.
ALL_TOLD = -1
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything has been told up to here.

    `cluster` and `xid`: the transaction; of it the rows up to `row` at the grant of number `grant`, or all of them.
    `day`: whose time ended before it has been told. Where `until` is set, those whose time ended before that day are being
    told, up to `left` at the grant of number `left_grant`. `reach`: digest of what the app could read. `at`: when (UTC seconds).
    """

    cluster: int
    xid: int
    day: date
    reach: str
    at: int
    grant: int = ALL_TOLD
    row: UUID | None = None
    until: date | None = None
    left_grant: int = 0
    left: UUID | None = None

    def text(self, seal: Seal) -> str:
        """Return it as the app gets it, with the supplier's own ids."""
        ids = [ident and str(seal.made([ident])[0]) for ident in (self.row, self.left)]
        told = astuple(replace(self, row=None, left=None))
        plain = [value.isoformat() if isinstance(value, date) else value for value in told]
        return (
            base64.urlsafe_b64encode(json.dumps([_FORM, *plain, *ids], separators=(",", ":")).encode())
            .decode()
            .rstrip("=")
        )

    @classmethod
    def of(cls, text: str, seal: Seal) -> Self | None:
        """Return what `text` says, None where it is none of ours."""
        try:
            form, cluster, xid, day, reach, at, grant, _row, until, left_grant, _left, row, left = json.loads(
                base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            )
            numbers = (cluster, xid, at, grant, left_grant)
            if form != _FORM or not isinstance(reach, str):
                return None
            if not all(type(each) is int and -1 <= each < _LARGEST for each in numbers):
                return None
            return cls(
                cluster=cluster,
                xid=xid,
                day=date.fromisoformat(day),
                reach=reach,
                at=at,
                grant=grant,
                row=None if row is None else seal.opened(UUID(row)),
                until=None if until is None else date.fromisoformat(until),
                left_grant=left_grant,
                left=None if left is None else seal.opened(UUID(left)),
            )
        except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
            return None


def reach_of(endpoint: Endpoint, supplier: UUID | None, grants: Sequence[Grant]) -> str:
    """Return a digest of what an app may read of an endpoint. Where it changes, what was shown before may be another."""
    parts = [
        f"{grant.provider_id}:{grant.disclosed:d}:{endpoint.narrow_scope in grant.scopes:d}"
        for grant in sorted_grants(grants)
    ]
    return hashlib.sha256("\n".join([endpoint.path, str(supplier), *parts]).encode()).hexdigest()[:16]


def sorted_grants(grants: Sequence[Grant]) -> list[Grant]:
    """Return the grants in the order of their numbers."""
    return sorted(grants, key=lambda grant: grant.provider_id)


def seconds(moment: datetime) -> int:
    """Return a moment as whole seconds (UTC)."""
    return int(moment.timestamp())
