"""Kinds of fields: how each is compared in SQL. Texts compare without case, as the standard says; never by LIKE."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from digione.rest.oneroster.answers import Minor, RefusedError
from digione.rest.oneroster.query import Term

_NOTHING = "false"
#: True of every row. The indexes of changes hold only what it holds for, so that none but a question about changes, which
#: says it, is answered by them. They begin with the provider, and of a provider that is new PostgreSQL believes that it
#: has one row: such an index looks as good to it then as the one that finds a person, and reads all of the provider's.
OF_CHANGES = "{} > '-infinity'"


def _contains(expression: str, name: str) -> str:
    return f"position(lower(%({name})s) IN lower({expression})) > 0"


def _negated(sql: str) -> str:
    return f"NOT coalesce({sql}, false)"


@dataclass(frozen=True, slots=True)
class Text:
    """A text. An absent one differs from every value, and is neither smaller nor larger than any."""

    sql: str

    @property
    def order(self) -> str:
        return f'lower({self.sql}) COLLATE "C"'

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        parameters[name] = term.value
        if term.predicate == "~":
            return _contains(self.sql, name)
        if term.predicate == "!=":
            return _negated(f"lower({self.sql}) = lower(%({name})s)")
        return f'lower({self.sql}) COLLATE "C" {term.predicate} lower(%({name})s)'


@dataclass(frozen=True, slots=True)
class Choice(Text):
    """A text of two words: `yes` where `condition` holds, else `no`.

    To ask for one of them is to ask for the condition itself, which PostgreSQL can join by, and not for a word made of
    it row by row.
    """

    condition: str
    yes: str
    no: str

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        word = term.value.lower()
        if term.predicate not in ("=", "!=") or word not in (self.yes, self.no):
            # Named in full: a dataclass with slots is another class than the one that `super()` would look for.
            return Text.compare(self, term, name, parameters)
        return self.condition if (word == self.yes) == (term.predicate == "=") else f"NOT {self.condition}"


@dataclass(frozen=True, slots=True)
class Id:
    """An id of ours. What is no UUID equals none."""

    sql: str

    @property
    def order(self) -> str:
        return self.sql

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        if term.predicate == "~":
            parameters[name] = term.value
            return _contains(f"({self.sql})::text", name)
        try:
            parameters[name] = UUID(term.value)
        except ValueError:
            return "true" if term.predicate == "!=" else _NOTHING
        if term.predicate == "!=":
            return _negated(f"{self.sql} = %({name})s")
        return f"{self.sql} {term.predicate} %({name})s"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, compared at the millisecond that answers show."""

    sql: str

    @property
    def order(self) -> str:
        return self.sql

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        try:
            moment = datetime.fromisoformat(term.value)
        except ValueError:
            raise _bad_value(term, "2026-08-11T07:30:00.000Z") from None
        parameters[name] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        shown = f"date_trunc('milliseconds', {self.sql})"
        return f"{shown} {'=' if term.predicate == '~' else term.predicate} %({name})s"


@dataclass(frozen=True, slots=True)
class Stamped(Moment):
    """The moment of a row that has an index of changes; `sql` is its column. What is later is found by that index."""

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        told = Moment.compare(self, term, name, parameters)
        if term.predicate not in (">", ">="):
            return told
        # What is later when cut to milliseconds is later uncut, and of that the index knows.
        return f"({told} AND {self.sql} >= %({name})s AND {OF_CHANGES.format(self.sql)})"


@dataclass(frozen=True, slots=True)
class Touched(Moment):
    """The latest of the moments of many rows. `since` finds whatever has a row of `%(since)s` or later, by an index.

    So what was changed lately is found by what it is, and not by looking at everything that was not.
    """

    since: str

    @property
    def each(self) -> Moment:
        """The same, found by looking at one thing after the other: quicker for a page where most have changed."""
        return Moment(self.sql)

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        told = Moment.compare(self, term, name, parameters)
        if term.predicate not in (">", ">="):
            return told
        moment = parameters[name]
        assert isinstance(moment, datetime)  # noqa: S101 - `Moment` has just put it there.
        # Answers show milliseconds: later than one of them means from the next one on.
        whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        next_one = term.predicate == ">" or whole != moment
        try:
            parameters[name] = whole + timedelta(milliseconds=1) if next_one else whole
        except OverflowError:
            return _NOTHING
        return self.since.replace("%(since)s", f"%({name})s")


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day."""

    sql: str

    @property
    def order(self) -> str:
        return self.sql

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        try:
            parameters[name] = date.fromisoformat(term.value)
        except ValueError:
            raise _bad_value(term, "2026-08-11") from None
        if term.predicate == "!=":
            return _negated(f"{self.sql} = %({name})s")
        return f"{self.sql} {'=' if term.predicate == '~' else term.predicate} %({name})s"


@dataclass(frozen=True, slots=True)
class Words:
    """A list of texts; the value is a list with commas. `=` is the same set, `~` at least one of them."""

    sql: str

    @property
    def order(self) -> str:
        return f"array_to_string({self.sql}, ',')"

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        parameters[name] = [word.strip().lower() for word in term.value.split(",")]
        have = f"(SELECT coalesce(array_agg(lower(word)), '{{}}') FROM unnest({self.sql}) word)"
        if term.predicate == "~":
            return f"{have} && %({name})s::text[]"
        if term.predicate in ("=", "!="):
            same = f"({have} @> %({name})s::text[] AND {have} <@ %({name})s::text[])"
            return same if term.predicate == "=" else f"NOT {same}"
        return f"EXISTS (SELECT 1 FROM unnest({have}) word WHERE word {term.predicate} (%({name})s::text[])[1])"


@dataclass(frozen=True, slots=True)
class Among:
    """A field of related rows: `rows` is a FROM clause with its WHERE, `inner` the field there. One that fits is enough."""

    rows: str
    inner: "Text | Id | Day"

    @property
    def order(self) -> str:
        return f"(SELECT min(({self.inner.sql})::text) {self.rows})"

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        if term.predicate == "!=":
            positive = self.inner.compare(Term(term.field, "=", term.value), name, parameters)
            return f"NOT EXISTS (SELECT 1 {self.rows} AND {positive})"
        return f"EXISTS (SELECT 1 {self.rows} AND {self.inner.compare(term, name, parameters)})"


@dataclass(frozen=True, slots=True)
class Absent:
    """A field of the standard that we never fill: nothing equals it."""

    @property
    def order(self) -> str:
        return "NULL::text"

    def compare(self, term: Term, name: str, parameters: dict[str, object]) -> str:
        return "true" if term.predicate == "!=" else _NOTHING


def _bad_value(term: Term, example: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.BAD_REQUEST, Minor.INVALID_FILTER_FIELD, f"{term.field} is compared with a value like {example}."
    )
