"""`digione load-demo`: the invented municipalities, for the demonstration and for the benchmarks."""

import sys
import time
from typing import TYPE_CHECKING

import click

from digione.cli.language import _, ngettext
from digione.config.adapters import is_on

if TYPE_CHECKING:
    from digione.integrations.demo.load import Loaded


#: For every command that makes a demonstration.
LEARNERS = click.option(
    "--learners",
    default=4000,
    show_default=True,
    type=click.IntRange(100, 5_000_000),
    help="How many invented learners a new demo gets. The small municipality has 900 of them, or half where they are"
    " fewer than 1,800 in all; the order large, middle, small begins with 3,800.",
)
SEED = click.option(
    "--seed",
    default=2026,
    show_default=True,
    type=click.IntRange(0, 2**31 - 1),
    help="Which people a new demo gets: the same seed and number of learners always give the same.",
)


@click.command("load-demo")
@LEARNERS
@SEED
@click.option(
    "--years-of-history",
    "years",
    default=0,
    show_default=True,
    type=click.IntRange(0, 5),
    help="Let all be as old as if it had been kept for so many school years: every learner's years of study, and what rows"
    " were before they changed. Five take almost twice the time, and 1.6 times the room.",
)
@click.option(
    "--data", default=None, type=click.Path(), help="The data folder. Default: DIGIONE_DATA, or the user's own."
)
def load_demo_command(learners: int, seed: int, years: int, data: str | None) -> None:
    """Load invented municipalities, with schools, families and staff. Does nothing where they are already."""
    import psycopg
    from django.db import InterfaceError, OperationalError

    from digione.config.data_folder import StartFailure
    from digione.config.embedded import django_ready

    began = time.monotonic()
    try:
        with django_ready(data) as database:
            from digione.integrations.demo.load import is_whole

            if is_whole():
                click.echo(_("The demonstration is here already; nothing was changed."))
                return
            loaded = make_whole(learners, seed, database.migrate_url, years=years)
    except (InterfaceError, OperationalError, psycopg.OperationalError) as fault:
        text = _("The database stopped answering while the demonstration was made: %(reason)s")
        raise StartFailure(text % {"reason": str(fault).strip()}) from fault
    if loaded.already:
        click.echo(_("The demonstration had been made only in part; it is whole now."))
        return
    seconds = time.monotonic() - began
    people = ngettext("%(n)s learner", "%(n)s learners", loaded.learners) % {"n": loaded.learners}
    click.echo(
        _("%(learners)s, %(rows)s rows in %(seconds)s s.")
        % {"learners": people, "rows": loaded.rows, "seconds": f"{seconds:.1f}"}
    )


def make_whole(learners: int, seed: int, owner_url: str, *, years: int = 0) -> "Loaded":
    """Take every step of the demonstration, and note at last that it is whole.

    Each step is all or nothing and does nothing twice, so what was killed between two of them is made whole by a second
    call. `owner_url` is the address of the database for the owner of its tables, `years` how many of history there are.
    """
    from digione.integrations.demo import history
    from digione.integrations.demo.load import load_demo, mark_whole

    # A bar that nobody watches would only fill a log.
    if sys.stderr.isatty():
        with click.progressbar(length=learners, label=_("Learners"), file=sys.stderr) as bar:
            loaded = load_demo(learners, seed, years=years, progress=bar.update)
    else:
        loaded = load_demo(learners, seed, years=years)
    versions = history.write_versions(owner_url)
    if is_on("csv_templates"):
        from digione.integrations.demo.newcomers import import_newcomers

        import_newcomers()
    _tidy(owner_url)
    first_day(loaded)
    mark_whole({"learners": loaded.learners, "rows": loaded.rows, "versions": versions})
    return loaded


def _tidy(owner_url: str) -> None:
    """Let PostgreSQL learn what the new tables hold; only their owner may ask for that."""
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def first_day(loaded: "Loaded") -> None:
    """Let staff look at learners, and the app read a family, so that "who has looked" shows something true."""
    from digione.integrations.demo import cast
    from digione.integrations.demo.first_day import look_around

    look_around()
    if loaded.app is None:
        return
    from digione.access.roles import Role
    from digione.core.use_case import Actor
    from digione.integrations.demo.load import APP_SCOPES
    from digione.rest.oneroster.operations import OPERATIONS
    from digione.rest.oneroster.query import Query, parse_filter
    from digione.rest.oneroster.roster import Ask, read_roster
    from digione.rest.oneroster.token import Grant

    actor = Actor(
        str(Role.APP),
        app_id=loaded.app.app_id,
        supplier_id=loaded.app.supplier_id,
        scopes=frozenset(APP_SCOPES),
        providers=loaded.takers,
    )
    (users,) = [operation for operation in OPERATIONS if operation.name == "getAllUsers"]
    query = Query(condition=parse_filter(f"familyName='{cast.APPS_LOOKS}'"))
    for provider in loaded.takers:
        grant = Grant(provider, actor.scopes, disclosed=False)
        read_roster(actor.at(provider), ask=Ask(users, grant, "", query, bodies=query.limit))
