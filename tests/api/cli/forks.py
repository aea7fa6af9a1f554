"""Runs `digione` commands in forks of one process that has loaded Django already.

A command needs half a second to load its libraries and a tenth of it to work. Each fork is a process of its own: with
its own arguments, environment, standard streams and exit code, and it goes through `python -m digione` as a command
that is typed does. What it does not show is that a fresh process finds its settings: those tests ask for one.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_PATIENCE = 300


class Forks:
    """A process that has loaded Django for one installation; `environment` is that of its commands, database included."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.cli.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[3],
        )

    def run(self, arguments: list[str], stdin: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end and return what it said; ended by SIGALRM after five minutes."""
        with tempfile.TemporaryDirectory(prefix="digione-fork-") as name:
            streams = [Path(name) / stream for stream in ("in", "out", "err")]
            streams[0].write_text(stdin)
            asked = {"arguments": arguments, "environment": environment, "streams": [str(path) for path in streams]}
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, streams[1].read_text(), streams[2].read_text())

    def end(self) -> None:
        """End the process; it waits for no command."""
        self._process.communicate()


def _become(arguments: list[str], environment: dict[str, str], streams: list[str]) -> None:
    """Be the command from here on; it ends this process."""
    signal.alarm(_PATIENCE)
    os.environ.clear()
    os.environ.update(environment)
    for number, (path, flags) in enumerate(zip(streams, (os.O_RDONLY, *(os.O_WRONLY | os.O_CREAT,) * 2), strict=True)):
        descriptor = os.open(path, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    # The parent has read ahead in its own.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it is open for as long as the process lives.
    sys.argv = ["digione", *arguments]
    code: Any = 0
    try:
        runpy.run_module("digione", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code or 0
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking down what the parent has loaded would cost more than the command.
    os._exit(code)


def _serve() -> None:
    import django

    from digione.cli.main import _COMMANDS

    django.setup()
    for place in _COMMANDS.values():
        importlib.import_module(place.partition(":")[0])
    # What is never looked at stays shared with the forks.
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
