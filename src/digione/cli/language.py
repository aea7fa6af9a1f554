"""In which language the command speaks: `--language`, else the one that the terminal is set to, else English.

Problems, progress and summaries are in that language; `--help` and the names in `--json` are English.
"""

import gettext
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import click

LANGUAGES = ("fi", "sv", "en")
_CATALOGUES = Path(__file__).resolve().parent.parent / "locale"
_chosen: list[str] = []


def of_environment(environment: Mapping[str, str]) -> str:
    """Return the language that the terminal is set to. `C`, `POSIX`, nothing, and what we do not speak is English."""
    told = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    language = told.partition(".")[0].partition("_")[0].lower()
    return language if language in LANGUAGES else "en"


def spoken() -> str:
    """Return the language of this run."""
    return _chosen[-1] if _chosen else of_environment(os.environ)


@lru_cache(maxsize=3)
def _catalogue(language: str) -> gettext.NullTranslations:
    # Django speaks only once it is set up, and much is said before.
    return gettext.translation("django", _CATALOGUES, [language], fallback=True)


def _(text: str) -> str:
    """Return a text in the language of this run."""
    return _catalogue(spoken()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the form that goes with `number`, in the language of this run."""
    return _catalogue(spoken()).ngettext(one, many, number)


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        _chosen.append(value)
        # A command may run inside another program (a test, a shell): the choice ends with the command.
        context.call_on_close(_chosen.pop)


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
