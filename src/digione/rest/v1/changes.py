"""The change feed of an endpoint: what became of its rows, in the order of the transactions that changed them.

Each provider is read in its own reach, by the use case that reads its rows otherwise, so that the feed tells nothing that
the list would not.
"""

import json
from dataclasses import dataclass
from uuid import UUID

from digione.rest.oneroster import sealed
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import collect
from digione.rest.v1.change_facts import Place, Removed
from digione.rest.v1.change_selectors import Found, Readable, find_changes
from digione.rest.v1.collect import Wish
from digione.rest.v1.cursor import Cursor, sorted_grants
from digione.rest.v1.facts import Row
from digione.rest.v1.selectors import Part


class LostError(Exception):
    """It cannot be told what has changed since: the list is to be read anew."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The JSON of what has changed, in its order; where the app stands behind it; whether more has changed since."""

    bodies: list[str]
    after: str
    more: bool


def cursor_of(wish: Wish, text: str) -> Cursor | None:
    """Return what an app has sent back of where it stands, None where it is none of ours."""
    return Cursor.of(text, sealed.of(wish.caller.actor))


def follow(wish: Wish, start: Cursor | None, limit: int) -> Feed:
    """Return up to `limit` changes behind `start`; without it nothing, and where the app stands now.

    Raises `LostError` where that cannot be told.
    """
    grants = sorted_grants(collect.opening(wish))
    if not grants or collect.closed(wish):
        # The use case denies, and records that it did.
        collect.read(wish, grants[0] if grants else None, ids=())
    opened = [Readable(grant, collect.shown(wish, grant)) for grant in grants]
    found = find_changes(wish.caller.actor, endpoint=wish.endpoint, opened=opened, start=start, limit=limit)
    if found is None:
        raise LostError
    return Feed(_told(wish, grants, found), found.stands.text(sealed.of(wish.caller.actor)), found.more)


def _told(wish: Wish, grants: list[Grant], found: Found) -> list[str]:
    # What was changed several times is told once, where it was changed last.
    last = {place.id: place for place in found.places}
    places = [place for place in found.places if last[place.id] is place]
    rows, gone = _read(wish, grants, places)
    there = [place for place in places if place.id in rows]
    bodies = dict(
        zip((place.id for place in there), collect.told(wish, [rows[place.id] for place in there]).bodies, strict=True)
    )
    seal = sealed.of(wish.caller.actor)
    told = []
    for place in places:
        at = json.dumps(place.at.isoformat())
        if place.id in bodies:
            told.append(
                f'{{"id":"{json.loads(bodies[place.id])["id"]}","changed_at":{at},"removed":false,"row":{bodies[place.id]}}}'
            )
        elif place.id in gone:
            key = gone[place.id].key
            name = seal.made([key])[0] if wish.endpoint.sealed else key
            told.append(f'{{"id":"{name}","changed_at":{at},"removed":true,"row":null}}')
    return told


def _read(wish: Wish, grants: list[Grant], places: list[Place]) -> tuple[dict[UUID, Row], dict[UUID, Removed]]:
    """Return the rows by our own ids, and those that are no longer there at any provider."""
    shared = wish.endpoint.resource.table == "people_person"
    rows: dict[UUID, list[Row]] = {}
    gone: dict[UUID, Removed] = {}
    for number, grant in enumerate(grants):
        # A person may be another provider's as well: then it shows what that one shows too, and is not gone.
        changed = tuple((place.id, place.at) for place in places if shared or place.grant == number)
        if not changed:
            continue
        part: Part = collect.read(wish, grant, changed=changed)
        found = {row.id: row for row in part.rows}
        for ident, key in part.keys.items():
            if key in found:
                rows.setdefault(ident, []).append(found[key])
        gone.update({each.id: each for each in part.removed})
    return {ident: collect.merged(several) for ident, several in rows.items()}, gone
