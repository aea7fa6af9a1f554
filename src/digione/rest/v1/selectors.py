"""The use cases: a part of one provider's data, read by an app. Each has its own reach and its own row of the log.

An app that several providers have taken first asks where the rows of a page stand. That is a use case of its own, at no
provider: it names nobody, so that each provider's log names those who were shown, and no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import UseCase, use_case
from digione.rest.oneroster.hot import NAMED_SUBJECTS
from digione.rest.oneroster.token import Grant
from digione.rest.v1 import change_facts, facts
from digione.rest.v1.endpoint import Endpoint, Reads


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted of one provider.

    `one`: this object. `ids`: these rows, which were found in `span`, without a refusal where some are no longer there.
    `changed`: these rows, by our own ids, with the moments at which they were changed. Otherwise the rows of `span`, as
    lines where `as_lines`. `shown`: the fields, all of which the grant opens; `closed`: fields that were asked for by name
    and are opened by no grant of the app.
    """

    endpoint: Endpoint
    grant: Grant | None
    shown: frozenset[str]
    closed: frozenset[str] = frozenset()
    one: UUID | None = None
    ids: tuple[UUID, ...] | None = None
    span: facts.Span | None = None
    when: facts.When = facts.NOW
    changed: tuple[tuple[UUID, datetime], ...] | None = None
    as_lines: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one provider, in the order of the ids by which they are found, and whether more come behind them.

    `lines`: the rows, where they were asked for as lines. Of rows that were changed: also those that the app had and has no
    more, and by which ids those are found that it has.
    """

    rows: list[facts.Row]
    more: bool = False
    removed: list[change_facts.Removed] = field(default_factory=list)
    keys: dict[UUID, UUID] = field(default_factory=dict)
    lines: facts.Lines | None = None


@use_case(Permission.ROSTER_READ, Event.ROSTER_READ)
def find_rows(
    uc: UseCase, *, endpoint: Endpoint, grants: Sequence[Grant], span: facts.Span, when: facts.When
) -> list[list[UUID]]:
    """An app that several providers have taken asks at which of them the rows of a page stand, by their ids alone.

    Returns the ids of `span` for each grant, in their order.
    """
    uc.check()
    uc.scope.update(operation=f"v1.{endpoint.path}", looked_up=len(grants))
    _note_filters(uc, endpoint, span)
    facts.walk(uc, span)
    found = []
    for grant in grants:
        with uc.at_provider(grant.provider_id):
            found.append(facts.ids_in(uc, endpoint, grant, span, when))
    uc.touched(endpoint.resource.table, "id")
    return found


@use_case(Permission.ROSTER_READ, Event.ROSTER_READ)
def read_rows(uc: UseCase, *, ask: Ask) -> Part:
    """An app reads a part of a provider's data in our own API."""
    return _read(uc, ask)


@use_case(Permission.ROSTER_DEMOGRAPHICS_READ, Event.ROSTER_DEMOGRAPHICS_READ)
def read_identities(uc: UseCase, *, ask: Ask) -> Part:
    """An app reads, in our own API, what identifies a provider's people further than their names."""
    return _read(uc, ask)


@use_case(Permission.STUDY_RIGHT_READ, Event.STUDY_RIGHTS_READ)
def read_studies(uc: UseCase, *, ask: Ask) -> Part:
    """An app reads, in our own API, what a provider's learners study and have achieved."""
    return _read(uc, ask)


@use_case(Permission.STUDY_RIGHT_READ_SECRETS, Event.STUDY_SECRETS_READ)
def read_secrets(uc: UseCase, *, ask: Ask) -> Part:
    """An app reads, in our own API, what of a learner's studies is secret: decisions on support, assessments in words."""
    return _read(uc, ask)


#: Which use case reads which sort of data.
READERS = {
    Reads.ROSTER: read_rows,
    Reads.DEMOGRAPHICS: read_identities,
    Reads.STUDIES: read_studies,
    Reads.SECRETS: read_secrets,
}


def _read(uc: UseCase, ask: Ask) -> Part:
    uc.check()
    endpoint, grant = ask.endpoint, ask.grant
    uc.target = ask.one
    uc.scope.update(operation=f"v1.{endpoint.path}")
    if ask.span:
        _note_filters(uc, endpoint, ask.span)
    if grant is None:
        raise DeniedError("No provider has opened this to the app, or the token's scopes leave it out.", endpoint.scope)
    if ask.closed:
        raise DeniedError("The token's scopes do not open these fields.", str(endpoint.narrow_scope))
    found: list[facts.Row] = []
    removed: list[change_facts.Removed] = []
    keys: dict[UUID, UUID] = {}
    more = False
    if ask.one is not None:
        found = facts.rows_of(uc, endpoint, grant, ask.shown, [ask.one], ask.when)
        if not found:
            raise NotFoundError("There is no such object here.")
    elif ask.ids is not None:
        found = facts.rows_of(uc, endpoint, grant, ask.shown, list(ask.ids), ask.when)
    elif ask.changed is not None:
        keys = change_facts.keys(uc, endpoint, [ident for ident, _ in ask.changed])
        found = facts.rows_of(uc, endpoint, grant, ask.shown, list(keys.values()), ask.when)
        there = {row.id for row in found}
        gone = [(ident, at) for ident, at in ask.changed if keys.get(ident) not in there]
        removed = change_facts.removed(uc, endpoint, grant, gone)
    elif ask.span and ask.as_lines:
        facts.walk(uc, ask.span)
        lines = facts.lines_in(uc, endpoint, grant, ask.shown, ask.span, ask.when, named=NAMED_SUBJECTS)
        _note_lines(uc, ask, grant, lines)
        return Part([], lines.more, lines=lines)
    elif ask.span:
        # One more than is wanted tells whether there are more. It is not shown, so the log does not name it.
        limit = ask.span.limit
        facts.walk(uc, ask.span)
        found = facts.rows_in(uc, endpoint, grant, ask.shown, replace(ask.span, limit=limit + 1), ask.when)
        more = len(found) > limit
        found = found[:limit]
    _note(uc, ask, grant, found, removed)
    return Part(found, more, removed, keys)


def _note(
    uc: UseCase, ask: Ask, grant: Grant, found: list[facts.Row], removed: Sequence[change_facts.Removed] = ()
) -> None:
    """Tell the log whom the rows showed: a few by name, more by what they span. Changes span nothing: each is named."""
    endpoint = ask.endpoint
    if endpoint.person and (ask.changed is not None or len(found) <= NAMED_SUBJECTS):
        uc.saw(person for person in [*(row.person for row in found), *(row.person for row in removed)] if person)
    elif endpoint.person:
        _note_span(uc, endpoint, grant, found[0].id, found[-1].id)
    _note_fields(uc, ask, [row.past for row in found if row.past], len(found) + len(removed))


def _note_lines(uc: UseCase, ask: Ask, grant: Grant, lines: facts.Lines) -> None:
    """Tell the log whom lines showed, as it is told of rows."""
    if ask.endpoint.person and lines.count <= NAMED_SUBJECTS:
        uc.saw(lines.persons)
    elif ask.endpoint.person and lines.first and lines.last:
        _note_span(uc, ask.endpoint, grant, lines.first, lines.last)
    _note_fields(uc, ask, [lines.past] if lines.past else [], lines.count)


def _note_span(uc: UseCase, endpoint: Endpoint, grant: Grant, first: UUID, last: UUID) -> None:
    # By this the log tells each person later whether they were among them.
    by = "row" if endpoint.sealed else "person"
    uc.saw_in_bulk(by=by, disclosed=grant.disclosed, first=str(first), last=str(last))


def _note_fields(uc: UseCase, ask: Ask, days: list[date], count: int) -> None:
    uc.touched(ask.endpoint.resource.table, *sorted(ask.shown))
    past = ask.when.past
    uc.reached_back([*days, *([past] if past and past < uc.today else [])])
    uc.saw_in_bulk(count=count)


def _note_filters(uc: UseCase, endpoint: Endpoint, span: facts.Span) -> None:
    """Tell the log by what a list was narrowed: what is compared is touched, also where it is not shown."""
    if span.where:
        uc.touched(endpoint.resource.table, *span.where)
        # An id of a person would outlive that person's erasure there: the rows name whom they showed.
        uc.saw_in_bulk(
            where={name: None if name in endpoint.columns else str(value) for name, value in span.where.items()}
        )
