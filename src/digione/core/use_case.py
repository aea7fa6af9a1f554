"""One way in: every public read and write of a room is a use case, and web, REST and jobs all call it.

The wrapper opens the transaction, sets actor and reach for row-level security, refuses to return if nothing was
checked, writes the audit row in the same transaction, and records a denial after the rollback. Who decides and who
records is handed in by the rooms `access` and `audit`, so that the core stays below them.
"""

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg import errors

from digione.core import clock, statements
from digione.core.errors import DeniedError, NotFoundError, UnguardedUseCaseError

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which single role, from where, and how far the transaction may reach.

    `persons` holds oneself and today's wards: the second axis of reach. An app acts with `app_id`, `supplier_id`,
    `scopes` and the providers that have taken it.
    """

    role: str
    person_id: UUID | None = None
    account_id: UUID | None = None
    provider_id: UUID | None = None
    persons: tuple[UUID, ...] = ()
    languages: tuple[str, ...] = ("fi", "sv", "en")
    app_id: UUID | None = None
    supplier_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    providers: tuple[UUID, ...] = ()
    request_id: str = ""

    def at(self, provider_id: UUID | None) -> "Actor":
        """Return the same actor with the reach of another provider (an app taken by several, a platform import)."""
        return replace(self, provider_id=provider_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that allowed, the purpose that it allows for, and how far it goes.

    `opens`: what of a person may be shown (codes of `access`). `everywhere`: it holds at every provider, not only at
    the actor's own.
    """

    rule: str
    purpose: str
    opens: frozenset[str] = frozenset()
    everywhere: bool = False


class Decider(Protocol):
    """What the core asks of `access`."""

    def decide(self, uc: "UseCase", permission: str, ident: UUID | None, kind: str) -> Decision | None: ...
    def visible(
        self, uc: "UseCase", permission: str, column: str, kind: str
    ) -> tuple[str, list[Any], list[Decision]]: ...
    def opened(self, uc: "UseCase", decision: Decision) -> bool: ...
    def keeps_registers(self, role: str) -> bool: ...


class Recorder(Protocol):
    """What the core asks of `audit`."""

    def record(self, uc: "UseCase", *, outcome: str, reason: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class UseCaseInfo:
    """One line of the registry: from it come the permission matrix and the event catalogue."""

    name: str
    room: str
    permission: str
    event: str
    summary: str
    function: Callable[..., Any]


#: What PostgreSQL says where two writers met.
_MEETINGS = (errors.SerializationFailure, errors.DeadlockDetected)

#: Every use case of the house by `room.module.function`.
REGISTRY: dict[str, UseCaseInfo] = {}

_decider: Decider | None = None
_recorder: Recorder | None = None
_running: ContextVar[str | None] = ContextVar("digione_running_use_case", default=None)


def install(*, decider: Decider | None = None, recorder: Recorder | None = None) -> None:
    """Hand in who decides and who records. Called once by the rooms `access` and `audit` when Django starts."""
    global _decider, _recorder
    _decider = decider or _decider
    _recorder = recorder or _recorder


def _the_decider() -> Decider:
    if _decider is None:
        raise UnguardedUseCaseError("Nobody decides: the room digione.access is not installed.")
    return _decider


def _the_recorder() -> Recorder:
    if _recorder is None:
        raise UnguardedUseCaseError("Nobody records: the room digione.audit is not installed.")
    return _recorder


def set_reach(actor: Actor) -> None:
    """Set actor and reach of the running transaction. They end with it, so a pooled connection keeps nothing."""
    statements.rows(
        "SELECT set_config('digione.provider', %s, true), set_config('digione.persons', %s, true),"
        " set_config('digione.actor', %s, true), set_config('digione.supplier', %s, true),"
        " set_config('digione.app', %s, true), set_config('digione.register', %s, true)",
        [
            str(actor.provider_id or ""),
            "{" + ",".join(map(str, actor.persons)) + "}" if actor.persons else "",
            str(actor.account_id or actor.app_id or actor.role),
            str(actor.supplier_id or ""),
            str(actor.app_id or ""),
            "on" if _the_decider().keeps_registers(actor.role) else "",
        ],
    )


@dataclass
class UseCase:
    """What a use case has in its hands: the actor, the check, the database, and what is to be recorded."""

    actor: Actor
    name: str
    permission: str
    event: str
    decision: Decision | None = None
    checked: list[Decision] = field(default_factory=list)
    offered: list[Decision] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    subjects: list[UUID] = field(default_factory=list)
    target: UUID | None = None
    earliest: date | None = None
    scope: Row = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day by which every period is judged in this use case."""
        return clock.today()

    def check(self, person: UUID | None = None) -> Decision:
        """Decide whether the actor may do this (to `person`). Remembers the person for the audit.

        Raises `DeniedError` where no data had to be looked at, `NotFoundError` where an object is concerned.
        """
        self.target = person or self.target
        decision = _the_decider().decide(self, self.permission, person, "person")
        if decision is None:
            if person is None:
                raise DeniedError("Your role does not include this.", rule=self.permission)
            raise NotFoundError("There is no such person here.")
        self.decision = decision
        self.checked.append(decision)
        if person is not None:
            self.saw([person])
        return decision

    def check_object(self, kind: str, ident: UUID) -> Decision:
        """Decide whether the actor may do this to an object that is no person (`kind`: a group). Raises `NotFoundError`."""
        self.target = ident
        decision = _the_decider().decide(self, self.permission, ident, kind)
        if decision is None:
            raise NotFoundError(f"There is no such {kind} here.")
        self.decision = decision
        self.checked.append(decision)
        return decision

    def visible(self, column: str, kind: str = "person") -> tuple[str, list[Any]]:
        """Return an SQL predicate and its parameters that keep the rows whose person (`column`) the actor may see.

        The same rules answer `check`, so a list never shows what a page would deny. With another `kind`, `column` is
        the id of such objects, as in `check_object`. Raises `DeniedError` where no rule of the role is about them.
        """
        sql, parameters, decisions = _the_decider().visible(self, self.permission, column, kind)
        self.decision = decisions[-1]
        self.offered.extend(decisions)
        return sql, parameters

    def acting_person(self) -> UUID:
        """Return the person who acts. Raises `DeniedError` for an app, the platform and whoever else is no person."""
        if self.actor.person_id is None:
            raise DeniedError("Only a person has this.", rule=self.permission)
        return self.actor.person_id

    def decisions(self) -> list[Decision]:
        """Return what has opened this use case, each once, in the order of the rules' codes.

        Of the rules that a list was asked by, those count that can have opened somebody whom it showed; where it showed
        nobody, all of them, since by all of them was asked.
        """
        decider = _the_decider()
        opened = [decision for decision in self.offered if decider.opened(self, decision)]
        return sorted({*self.checked, *(opened or self.offered)}, key=lambda decision: decision.rule)

    def saw(self, persons: Iterable[UUID]) -> None:
        """Note whose data was read or changed."""
        known = set(self.subjects)
        self.subjects.extend(person for person in persons if person not in known and not known.add(person))  # type: ignore[func-returns-value]

    def touched(self, table: str, *columns: str) -> None:
        """Note which fields of the open data model were read or written; the log tells the most sensitive of them."""
        self.fields.update(f"{table}.{column}" for column in columns)

    def showed(self, table: str, rows: Iterable[Row]) -> None:
        """Note the columns of `rows`, read from `table`, in which there is something: an absent mark tells no secret."""
        self.touched(table, *{column for row in rows for column, value in row.items() if value})

    def reached_back(self, days: Iterable[date]) -> None:
        """Note from when on something was read that is over; the log tells the earliest of these days."""
        self.earliest = min((*days, *([self.earliest] if self.earliest else ())), default=None)

    def saw_in_bulk(self, **scope: Any) -> None:
        """Note a bulk read by its scope, filter and count; persons are resolved through history when asked."""
        self.scope.update(scope)

    @contextmanager
    def at_provider(self, provider_id: UUID | None) -> Iterator[None]:
        """Reach into another provider for the time of the block, and come back.

        For work over several providers (a guardian's children in two municipalities): the rule has decided about the
        person already, and every query inside names the provider and the person itself.
        """
        self.execute("SELECT set_config('digione.provider', %s, true)", [str(provider_id or "")])
        try:
            yield
        finally:
            self.execute("SELECT set_config('digione.provider', %s, true)", [str(self.actor.provider_id or "")])

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Run one statement and return its rows as dicts."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """Run one statement and return its first row, if any."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def json(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """Run one statement that gives one value, and return it."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            row = cursor.fetchone()
        return row[0] if row else None

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Run one statement and return how many rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return int(cursor.rowcount)


#: So often a use case is begun in all that meets another writer; the second time it begins after what the other did.
_ATTEMPTS = 3


def _unmet(attempt: Callable[[], R]) -> R:
    """Do what a transaction does, and begin it anew where it met another writer, each of them right.

    They waited in a circle, or one that began later has written the same row before (`core_stamp`). Nothing of an attempt
    that failed is left. Inside a transaction of somebody else's there is no beginning anew: its moment would be the same.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except OperationalError as fault:
            if connection.in_atomic_block or not isinstance(fault.__cause__, _MEETINGS):
                raise
    return attempt()


def use_case(
    permission: StrEnum, event: StrEnum
) -> Callable[[Callable[Concatenate[UseCase, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Make a function the one guarded way to do what it does; call it with the actor first.

    `permission` names what the rules in `access` decide, `event` what the audit says that happened.
    """

    def decorate(function: Callable[Concatenate[UseCase, P], R]) -> Callable[Concatenate[Actor, P], R]:
        name = f"{function.__module__.removeprefix('digione.')}.{function.__qualname__}"
        room = name.split(".", 1)[0]
        summary = (function.__doc__ or "").strip().split("\n", 1)[0]

        @functools.wraps(function)
        def guarded(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            running = _running.get()
            if running is not None:
                raise UnguardedUseCaseError(f"{name} was called inside {running}; what both need belongs in facts.py.")
            recorder = _the_recorder()
            uc = UseCase(actor, name, str(permission), str(event))
            token = _running.set(name)

            def attempt() -> R:
                nonlocal uc
                uc = UseCase(actor, name, str(permission), str(event))
                with transaction.atomic():
                    set_reach(actor)
                    result = function(uc, *args, **kwargs)
                    if uc.decision is None:
                        raise UnguardedUseCaseError(f"{name} returned without a check.")
                    if uc.subjects and not uc.fields and name in REGISTRY:
                        raise UnguardedUseCaseError(f"{name} saw somebody's data, and did not note which.")
                    recorder.record(uc, outcome="done")
                return result

            try:
                return _unmet(attempt)
            except (DeniedError, NotFoundError) as refusal:
                # The transaction of the use case is rolled back by now; the refusal gets one of its own, or no trace
                # of it would be left. A failure to record must not hide the refusal itself.
                try:
                    with transaction.atomic():
                        set_reach(actor)
                        recorder.record(uc, outcome="denied", reason=str(refusal))
                except DatabaseError:
                    log.exception("A refusal of %s could not be written into the log of use", name)
                raise
            finally:
                _running.reset(token)

        info = UseCaseInfo(name, room, str(permission), str(event), summary, function)
        # What a test makes for itself is guarded as well, but is no part of the house.
        if function.__module__.startswith("digione."):
            REGISTRY[name] = info
        guarded.__use_case__ = info  # type: ignore[attr-defined]
        return guarded

    return decorate
