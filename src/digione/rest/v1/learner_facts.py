"""The building block of a learner's document: it is made anew from the rows, by the function that the hot lane has."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from digione.core import statements
from digione.core.use_case import UseCase
from digione.rest.oneroster.token import Grant


@dataclass(frozen=True, slots=True)
class Document:
    """A learner's document at one provider: the person, its parts and ids as `learner` says, since when what is over."""

    person: UUID
    body: bytes
    ids: bytes
    earliest: date | None
    tag: str


def document_of(uc: UseCase, learner: UUID, grant: Grant, opened: int) -> Document | None:
    """Return the document of whom the app calls `learner`, None where there is no such learner for it.

    `opened`: the number of what the grant opens (`learner_scopes`). What is kept for the hot lane is not read.
    """
    (found,) = statements.rows(
        "SELECT person, body, sealed, earliest, tag"
        " FROM v1_learner_made(%s::uuid, %s::uuid, %s::uuid, %s::date, %s::boolean, %s::integer)",
        [learner, grant.provider_id, uc.actor.supplier_id, uc.today, grant.disclosed, opened],
    )
    person, body, ids, earliest, tag = found
    return None if person is None else Document(person, body.encode(), bytes(ids), earliest, tag)
