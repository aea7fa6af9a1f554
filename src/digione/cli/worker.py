"""The part of `digione up` and `digione demo` that does jobs: Procrastinate's worker, which outlives its database."""

import asyncio
import contextlib
import logging
import signal

import django
import psycopg
from procrastinate.exceptions import ConnectorException

log = logging.getLogger("digione.worker")
#: How long one waits for a connection, and between two attempts to find a database that is gone.
_CONNECTION_SECONDS, _AGAIN_SECONDS = 5, 1
#: Whoever of the library tells the loss of a database, each with pages of calls that led to it.
_TELLERS = ("procrastinate.worker.worker", "procrastinate.utils")


def main() -> None:
    """Do jobs until a signal asks for the end; jobs that run are finished first.

    When the database is lost, the worker looks for it until it is back, and goes on.
    """
    django.setup()
    for name in _TELLERS:
        logging.getLogger(name).addFilter(_tells_more_than_the_loss)
    # The pool says every failed attempt; one line of ours for each of them is enough.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_work())


def _tells_more_than_the_loss(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectorException))


async def _work() -> None:
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params
    from procrastinate.psycopg_connector import PsycopgConnector

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - asyncio.run has made one.
    asked_to_end = asyncio.Event()

    def end() -> None:
        # To finish what is under way the library may need a database that is gone, and says that in the cancellation's place.
        asked_to_end.set()
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        # The library's own handlers would not tell an end that was asked for from one for want of a database.
        loop.add_signal_handler(number, end)
    while not asked_to_end.is_set():
        connector = PsycopgConnector(kwargs=connector_params("default"), timeout=_CONNECTION_SECONDS)
        try:
            with app.replace_connector(connector) as working:
                async with working.open_async():
                    await working.run_worker_async(concurrency=2, install_signal_handlers=False)
        except (ConnectorException, psycopg.OperationalError) as fault:
            log.error("The worker has no database: %s", _cause(fault))
        await asyncio.sleep(_AGAIN_SECONDS)


def _cause(fault: BaseException) -> str:
    """Return what PostgreSQL or the driver said first, on one line."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return " ".join(str(fault).split())


if __name__ == "__main__":
    main()
