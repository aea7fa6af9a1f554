"""Puts a learner's document together: seals the ids of its rows, and lays what several providers tell upon each other."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from digione.rest.oneroster import sealed
from digione.rest.oneroster.token import Caller, Grant
from digione.rest.v1 import collect
from digione.rest.v1.endpoint import MARK
from digione.rest.v1.facts import Span
from digione.rest.v1.learner import CLOSED, PART, merged, tells_secrets
from digione.rest.v1.learner_scopes import LEAST, opened_by
from digione.rest.v1.learner_selectors import Made, read_learner, read_learner_secrets
from digione.rest.v1.study_endpoints import STUDY_RIGHTS


def one(caller: Caller, learner: UUID) -> tuple[bytes, str]:
    """Return the document of whom the app calls `learner`, and what changes whenever it does.

    Raises `NotFoundError` where no provider of the app has a study right of such a person.
    """
    grants = [grant for grant in caller.grants if LEAST in grant.scopes]
    # To look in vain at one provider for what another has is no refusal, and must not stand in the log as one.
    if len(grants) > 1:
        wish = collect.Wish(caller, STUDY_RIGHTS)
        places = collect.places(wish, grants, Span(None, 1, {"person_id": learner}))
        grants = [grant for grant, ids in zip(grants, places, strict=True) if ids] or grants[:1]
    # A lone None lets the use case deny, and record that it did.
    readers: list[Grant | None] = [*grants] or [None]
    found = [_read(caller, learner, grant) for grant in readers]
    seal = sealed.of(caller.actor)
    bodies = [whole(seal, made.body, made.ids) for made in found]
    tags = [made.tag for made in found]
    tag = tags[0] if len(tags) == 1 else hashlib.sha256("".join(tags).encode()).hexdigest()[:32]
    return document(str(learner).encode(), bodies), tag


def _read(caller: Caller, learner: UUID, grant: Grant | None) -> Made:
    secret = grant is not None and tells_secrets(opened_by(grant.scopes))
    read = read_learner_secrets if secret else read_learner
    return read(caller.actor.at(grant.provider_id if grant else None), learner=learner, grant=grant)


def whole(seal: sealed.Seal, body: bytes, ids: bytes) -> bytes:
    """Return the parts of a document with the supplier's ids where ours are to stand."""
    return seal.placed(body, MARK, ids)


def document(learner: bytes, bodies: Sequence[bytes]) -> bytes:
    """Return the document of what each provider tells: its lists behind each other, of a person the fields that any opens."""
    split = [body.split(PART) for body in bodies]
    if len(split) == 1:
        return merged(split[0], learner)
    persons, *lists = zip(*split, strict=True)
    shown = [part.decode() for part in persons if part != CLOSED]
    person = collect.merged_texts(shown).encode() if shown else CLOSED
    return merged([person, *map(_together, lists)], learner)


def _together(parts: Sequence[bytes]) -> bytes:
    opened = [part for part in parts if part != CLOSED]
    return b",".join(filter(None, opened)) if opened else CLOSED
