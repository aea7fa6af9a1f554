"""The `digione` command. Its parts are loaded when they are asked for, so that help answers at once."""

import importlib
import importlib.util
import json
import signal
import sys
from types import FrameType
from typing import NoReturn

import click
import psycopg

from digione.cli.language import _, offer
from digione.config.adapters import is_offered
from digione.config.data_folder import StartFailure

#: Command → where it stands.
_COMMANDS = {
    "app": "digione.cli.app_commands:app",
    "bench": "digione.cli.bench_commands:bench",
    "check": "digione.cli.lifecycle:check",
    "demo": "digione.cli.lifecycle:demo",
    "docs": "digione.cli.docs_commands:docs",
    "export": "digione.cli.export_commands:export",
    "import": "digione.cli.import_commands:import_group",
    "keys": "digione.cli.keys_commands:keys",
    "koski": "digione.cli.koski_commands:koski",
    "load-demo": "digione.cli.demo_commands:load_demo_command",
    "platform": "digione.cli.platform_commands:platform_group",
    "provider": "digione.cli.provider_commands:provider",
    "up": "digione.cli.lifecycle:up",
    "user": "digione.cli.user_commands:user",
}


class _Parts(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        # A part that this installation was built without is not offered.
        return sorted(name for name, place in _COMMANDS.items() if _is_there(name, place))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None or not _is_there(cmd_name, place):
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return offer(command)


def _is_there(name: str, place: str) -> bool:
    return is_offered(name) and importlib.util.find_spec(place.partition(":")[0]) is not None


@click.group(cls=_Parts, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="digione")
def digione() -> None:
    """DigiOne: an open national service platform for learning and well-being.

    `digione demo` starts everything on this machine with invented municipalities. `digione up` starts it empty,
    `digione import` brings your own data in. `digione COMMAND --help` explains one command.

    A command ends with 0 when it was done, with 1 when something was refused (nothing was changed, unless it says so),
    and with 2 when it could not run: a wrong option, no database, a file that cannot be written. Where --json is
    offered, standard output is one JSON object in each case; a refusal is {"faults": [{"pointer", "code", "message"}]}.
    """


offer(digione)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    # Whoever presses Ctrl-C twice would else break off the tidying up, and leave a database running.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    """Run the command. What went wrong is said in plain words, without a traceback; with `--json` as one object too."""
    # SIGTERM would else end a command on the spot, and the database that the command has started would run on.
    for number in (signal.SIGINT, signal.SIGTERM):
        # Who starts a command in the background may have asked that it hear no Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        digione(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.UsageError as fault:
        _tell_in_json("usage", fault.format_message())
        fault.show()
        sys.exit(2)
    except click.ClickException as fault:
        _tell_in_json("cannot_run", fault.format_message())
        fault.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _tell_in_json("stopped", _("Stopped."))
        click.echo(_("Stopped."), err=True)
        sys.exit(2)
    except StartFailure as failure:
        _tell_in_json("cannot_start", str(failure))
        click.echo(str(failure), err=True)
        sys.exit(2)
    except psycopg.OperationalError as fault:
        text = _("The database does not answer: %(reason)s") % {"reason": fault}
        _tell_in_json("cannot_run", text)
        click.echo(text, err=True)
        sys.exit(2)


def _tell_in_json(code: str, message: str) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"faults": [{"pointer": "", "code": code, "message": message}]}, ensure_ascii=False))
