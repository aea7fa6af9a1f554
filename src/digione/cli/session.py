"""What every command shares: a database that is ready, the actor, and the way in which a refusal is told."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from digione.cli.language import _, spoken
from digione.core.errors import DigiOneError, Fault, InvalidInputError

DATA = click.option(
    "--data", default=None, type=click.Path(), help="The data folder. Default: DIGIONE_DATA, or the user's own."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@contextmanager
def ready(data: str | None) -> Iterator[Any]:
    """Give a running, migrated database, and let Django speak the language of the run."""
    from digione.config.embedded import django_ready

    with django_ready(data) as database:
        from django.utils import translation

        translation.activate(spoken())
        yield database


def platform(provider_id: Any = None) -> Any:
    """Return the actor of the command line: the platform, at `provider_id` where one provider is concerned."""
    from digione.access.roles import Role
    from digione.core.use_case import Actor

    return Actor(str(Role.PLATFORM), provider_id=provider_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """Prints what was done, as one JSON object or in words. `database` is the one that the command runs on."""

    database: Any
    as_json: bool

    def __call__(self, told: Any, text: str) -> None:
        """Print `told` or `text`."""
        click.echo(json.dumps(told, ensure_ascii=False, default=str) if self.as_json else text)

    def refuse(self, faults: list[Fault], code: int = 1, **more: Any) -> NoReturn:
        """Tell what was wrong and what to do, and end: with 1 where it was refused, with 2 where it could not run.

        `more` stands beside the faults in the JSON object.
        """
        if self.as_json:
            told = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in faults]
            click.echo(json.dumps({"faults": told, **more}, ensure_ascii=False, default=str))
        for one in faults:
            click.echo(f"{one.pointer}: {one.message}" if one.pointer else one.message, err=True)
        sys.exit(code)


@contextmanager
def answering(data: str | None, *, as_json: bool) -> Iterator[Answer]:
    """Run the block with a database, and let it answer.

    A refusal is told with what to do about it, and the command ends with 1.
    """
    with ready(data) as database:
        answer = Answer(database, as_json)
        try:
            yield answer
        except InvalidInputError as refusal:
            answer.refuse(refusal.faults)
        except DigiOneError as refusal:
            answer.refuse([Fault("", "refused", str(refusal))])


def table(heads: list[str], rows: list[list[str]], empty: str) -> str:
    """Return rows under their heads as plain text, or `empty` where there are none."""
    if not rows:
        return empty
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *rows]]
    return "\n".join(line.rstrip() for line in lines)


def yes_or_no(value: bool) -> str:
    """Return a truth as a word."""
    return _("yes") if value else _("no")
