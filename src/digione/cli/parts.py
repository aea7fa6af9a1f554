"""The parts of a DigiOne that serves: PostgreSQL, web, worker. What is lost is started again, unless that does not help.

Any of them may be killed: by the kernel when memory runs out, by a fault of its own, by somebody's hand. What was
committed stands in PostgreSQL, so each can be started again at once; the others find it by themselves.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from digione.cli.language import _
from digione.config.data_folder import StartFailure
from digione.config.embedded import EmbeddedServer

#: A part that is lost so often within so many seconds would only be lost again.
MOST_LOSSES, WITHIN_SECONDS = 5, 120
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec should load nothing.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Losses:
    """When one part was lost, as far as it matters."""

    now: Callable[[], float] = time.monotonic
    moments: deque[float] = field(default_factory=deque)

    def too_many(self) -> bool:
        """Note that the part was lost just now; return whether starting it again has ceased to help."""
        moment = self.now()
        self.moments.append(moment)
        while self.moments[0] < moment - WITHIN_SECONDS:
            self.moments.popleft()
        return len(self.moments) >= MOST_LOSSES


@dataclass
class Part:
    """A process of ours. `name` is said to people."""

    name: str
    command: list[str]
    environment: dict[str, str]
    losses: Losses = field(default_factory=Losses)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us first; it ends when we are killed."""
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            env=self.environment,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509
        )

    def ended(self) -> int | None:
        """Return how it ended, or None as long as it lives."""
        return self.process.poll() if self.process else None

    def again(self) -> None:
        """Start it again where it has ended by itself. Raises `StartFailure` where that was done often enough."""
        code = self.ended()
        if code is None:
            return
        # Its own children may have outlived it, and hold the port.
        self._signal(signal.SIGKILL)
        if self.losses.too_many():
            text = _(
                "%(part)s stopped %(n)s times within %(seconds)s seconds, so DigiOne stops; the reason stands above."
            )
            raise StartFailure(text % {"part": self.name, "n": MOST_LOSSES, "seconds": WITHIN_SECONDS})
        text = _("%(part)s stopped by itself (exit %(code)s). Starting it again …")
        click.echo(text % {"part": self.name, "code": code}, err=True)
        self.start()

    def ask_to_end(self) -> None:
        """Ask it to end, where it lives."""
        if self.ended() is None:
            self._signal(signal.SIGTERM)

    def end(self) -> None:
        """Wait for its end, and after ten seconds wait no longer. What it had started ends with it at the latest."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        # Whoever was killed has ended nothing: its own children may have outlived it, and hold the port.
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def _end_with_parent() -> None:
    """Let Linux send SIGTERM when the parent dies: a kill -9 would else leave a web server on the port."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Watch:
    """Looks after what serves. `server` is the embedded PostgreSQL, None where the database is somebody else's."""

    server: EmbeddedServer | None
    parts: list[Part]
    losses: Losses = field(default_factory=Losses)

    def look(self) -> None:
        """Start again what was lost since the last look. Raises `StartFailure` where that does not help."""
        # The others would only fail without it.
        self.revive()
        for part in self.parts:
            part.again()

    def look_at_start(self) -> bool:
        """Look while the parts start for the first time; return whether the database was lost, so that they start anew.

        Raises `StartFailure` where a part has ended though its database was there: it would only end again.
        """
        # Asked before the database, so that no loss which ended a part comes between the two.
        ended = any(part.ended() is not None for part in self.parts)
        lost = self.revive()
        if self.losses.moments:
            for part in self.parts:
                part.again()
        elif ended:
            raise StartFailure(_("A part of DigiOne did not start; the reason stands above."))
        return lost

    def revive(self) -> bool:
        """Start PostgreSQL again where it was lost; return whether it was. Raises `StartFailure` where that fails."""
        server = self.server
        if server is None or not server.lost():
            return False
        if self.losses.too_many():
            text = _(
                "PostgreSQL stopped %(n)s times within %(seconds)s seconds, so DigiOne stops. Its own words stand in "
                "%(file)s."
            )
            told = {"n": MOST_LOSSES, "seconds": WITHIN_SECONDS, "file": server.log}
            raise StartFailure(text % told)
        click.echo(_("PostgreSQL stopped by itself. Starting it again …"), err=True)
        server.start()
        click.echo(_("PostgreSQL runs again. What was saved is there."), err=True)
        return True
