"""The clock is asked here and nowhere else, so that tests and time travel can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

#: A school day begins and ends in Finnish time, whatever the server's zone is.
FINLAND = ZoneInfo("Europe/Helsinki")

_fixed: ContextVar[datetime | None] = ContextVar("digione_fixed_time", default=None)


def now() -> datetime:
    """Return the present moment, always with the UTC zone."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """Return the present day in Finland."""
    return now().astimezone(FINLAND).date()


@contextmanager
def fixed(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` (which must carry a zone) for the time of the block."""
    if moment.tzinfo is None:
        raise ValueError("A fixed moment needs a zone.")
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
