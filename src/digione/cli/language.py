"""`--language`, which every command takes. What is said is looked up in `config/language.py`."""

import click

from digione.config.language import CHOSEN
from digione.config.language import LANGUAGES as LANGUAGES
from digione.config.language import _ as _
from digione.config.language import ngettext as ngettext
from digione.config.language import spoken as spoken


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        CHOSEN.append(value)
        # A command may run inside another program (a test, a shell): the choice ends with the command.
        context.call_on_close(CHOSEN.pop)


def offer(command: click.Command) -> click.Command:
    """Let a command, and every command in it, take `--language`."""
    if not any(parameter.name == "language" for parameter in command.params):
        command.params.append(
            click.Option(
                ["--language"],
                type=click.Choice(LANGUAGES),
                is_eager=True,
                expose_value=False,
                callback=_choose,
                help="In which language to answer. Default: the terminal's (LC_ALL, LANG).",
            )
        )
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            offer(inner)
    return command
