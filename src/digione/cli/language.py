"""What every command shares: `--language`, and that a text is one line. What is said is looked up in `config/language.py`."""

from typing import Any

import click

from digione.config.language import CHOSEN
from digione.config.language import LANGUAGES as LANGUAGES
from digione.config.language import _ as _
from digione.config.language import ngettext as ngettext
from digione.config.language import spoken as spoken
from digione.core.texts import is_one_line


class OneLine(click.types.StringParamType):
    """A text that somebody typed. One with line breaks or halves of characters is refused before anything looks at it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or tell what is wrong with it."""
        text = super().convert(value, param, ctx)
        if not is_one_line(text):
            self.fail(_("Write it on one line, without control characters."), param, ctx)
        return str(text)


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        CHOSEN.append(value)
        # A command may run inside another program (a test, a shell): the choice ends with the command.
        context.call_on_close(CHOSEN.pop)


def offer(command: click.Command) -> click.Command:
    """Let a command, and every command in it, take `--language`, and hold each of its texts to one line."""
    for parameter in command.params:
        # Paths have a type of their own: a file may be called anything.
        if parameter.type is click.STRING:
            parameter.type = OneLine()
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
