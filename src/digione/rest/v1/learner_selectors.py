"""The use cases of one learner's document. Each has its own reach and its own row of the log, as lists have."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import UseCase, use_case
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import learner_facts
from digione.rest.v1.learner import touched
from digione.rest.v1.learner_scopes import LEAST, opened_by


@dataclass(frozen=True, slots=True)
class Made:
    """What one provider tells of a learner.

    `body`: the parts of the document, with marks between them and where ids stand; `ids`: our ids of the rows, sixteen
    bytes each. `tag` changes whenever any of it does.
    """

    body: bytes
    ids: bytes
    tag: str


@use_case(Permission.STUDY_RIGHT_READ, Event.STUDY_RIGHTS_READ)
def read_learner(uc: UseCase, *, learner: UUID, grant: Grant | None) -> Made:
    """An app reads, in our own API, the document of one learner: the person, and what the learner studies and has achieved."""
    return _read(uc, learner, grant)


@use_case(Permission.STUDY_RIGHT_READ_SECRETS, Event.STUDY_SECRETS_READ)
def read_learner_secrets(uc: UseCase, *, learner: UUID, grant: Grant | None) -> Made:
    """An app reads, in our own API, the document of one learner, with what of the learner's studies is secret."""
    return _read(uc, learner, grant)


def _read(uc: UseCase, learner: UUID, grant: Grant | None) -> Made:
    uc.check()
    uc.target = learner
    uc.scope.update(operation="v1.learners")
    if grant is None:
        raise DeniedError("No provider has opened this to the app, or the token's scopes leave it out.", LEAST)
    opened = opened_by(grant.scopes)
    found = learner_facts.document_of(uc, learner, grant, opened)
    if found is None:
        raise NotFoundError("There is no such learner here.")
    uc.saw([found.person])
    for table, names in touched(opened):
        uc.touched(table, *names)
    days: list[date] = [found.earliest] if found.earliest else []
    uc.reached_back(days)
    uc.saw_in_bulk(count=1)
    return Made(found.body, found.ids, found.tag)
