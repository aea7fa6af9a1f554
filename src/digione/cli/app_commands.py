"""`digione app`: suppliers' apps, their keys, and the providers that take them into use."""

from collections.abc import Sequence
from typing import Any

import click
import psycopg

from digione.cli.language import _
from digione.cli.session import DATA, JSON, answering, platform, table
from digione.config.data_folder import remembered_address

_SCOPES = click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="What the app may read. Give the option once for each; `roster.readonly` is short for the whole name.",
)
_LISTS = ("--provider", "--scope")


class _Lists(click.Command):
    """A command whose `--provider` and `--scope` take several values in a row too, as its usage line may be read."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the option before each of its values, once the argument before them was given."""
        singles = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
            if not (option.multiple and name in _LISTS)
        }
        written: list[str] = []
        lists, value_of, named = "", "", False
        for word in args:
            if word.startswith("-"):
                lists, value_of = (word if word in _LISTS and word not in singles else ""), word
            elif value_of in singles or value_of == lists != "":
                value_of = ""
            elif lists and named:
                written.append(lists)
            else:
                named = True
            written.append(word)
        return super().parse_args(ctx, written)


_PROVIDER = click.option("--provider", required=True, metavar="OID", help="The provider that decides.")


@click.group("app")
def app() -> None:
    """Apps of suppliers: make one, and let providers take it into use or end it."""


def _tidy(database: Any) -> None:
    # The lists of a new app may hold a million rows; PostgreSQL must know so before the first page is asked for.
    with psycopg.connect(database.migrate_url, autocommit=True) as owner:
        owner.execute("ANALYZE access_taking, access_subject, access_listing, access_page_bucket")


def _full(scopes: Sequence[str]) -> list[str]:
    from digione.access.scopes import full_scope

    return [full_scope(scope) for scope in scopes]


def _taking(taking: dict[str, Any]) -> str:
    scopes = ", ".join(scope.rsplit("/", 1)[-1] for scope in taking["scopes"])
    opened = [scopes, _("people under non-disclosure too")] if taking["non_disclosure_included"] else [scopes]
    return f"{taking['provider'] or ''} ({taking['oid']}): {'; '.join(opened)}"


@app.command("list")
@DATA
@JSON
def list_apps(data: str | None, as_json: bool) -> None:
    """List the apps, who makes them, how many providers use them today, and how many with protected people."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.selectors import apps

        rows = apps(platform())
        answer(
            rows,
            table(
                ["client_id", _("name"), _("supplier"), _("providers"), _("non-disclosure")],
                [
                    [
                        row["client_id"],
                        row["name"],
                        row["supplier"],
                        str(len(row["takings"])),
                        str(sum(taking["non_disclosure_included"] for taking in row["takings"])),
                    ]
                    for row in rows
                ],
                _("There is no app yet. `digione app create` makes one."),
            ),
        )


@app.command()
@click.argument("app")
@DATA
@JSON
def show(app: str, data: str | None, as_json: bool) -> None:
    """Show an app and what each provider has opened to it. APP is its client id or its name."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.selectors import apps
        from digione.core.errors import Fault, InvalidInputError

        rows = [row for row in apps(platform()) if app in (row["client_id"], row["name"])]
        if not rows:
            text = _("There is no app “%(app)s”. `digione app list` tells which there are.") % {"app": app}
            raise InvalidInputError([Fault("app", "unknown_app", text)])
        told = [
            "\n".join(
                [
                    f"{row['name']} ({row['supplier']})",
                    f"  client_id  {row['client_id']}",
                    *(
                        [f"  {_taking(taking)}" for taking in row["takings"]]
                        or ["  " + _("No provider uses it today.")]
                    ),
                ]
            )
            for row in rows
        ]
        answer(rows[0] if len(rows) == 1 else rows, "\n".join(told))


@app.command(cls=_Lists)
@click.argument("app")
@_PROVIDER
@_SCOPES
@click.option(
    "--include-non-disclosure",
    is_flag=True,
    help="Open people under non-disclosure too, with their schools and groups, without municipality, address, phone and"
    " e-mail. Only where the agreement says so.",
)
@click.option(
    "--reason", default="", metavar="TEXT", help="Why, and by which agreement; needed with the former, kept in the log."
)
@DATA
@JSON
def take(
    app: str,
    provider: str,
    scopes: tuple[str, ...],
    include_non_disclosure: bool,
    reason: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Let a provider take APP into use, or change what it opens to the app. It holds at once.

    What is given is all that the app has at this provider from now on: scopes that are not named end, and so does the
    sight of people under non-disclosure when --include-non-disclosure is not given again.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import take_app

        taken = take_app(
            platform(),
            app=app,
            provider_oid=provider,
            scopes=_full(scopes),
            include_non_disclosure=include_non_disclosure,
            reason=reason,
        )
        _tidy(answer.database)
        text = _("The provider uses the app.") if taken.changed else _("The provider used the app like this already.")
        told = {
            "app": app,
            "provider": provider,
            "scopes": taken.scopes,
            "non_disclosure_included": taken.non_disclosure_included,
            "changed": taken.changed,
        }
        answer(told, text)


@app.command()
@click.argument("app")
@_PROVIDER
@DATA
@JSON
def release(app: str, provider: str, data: str | None, as_json: bool) -> None:
    """End a provider's use of APP. The app's next call sees nothing of the provider any more."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import release_app

        release_app(platform(), app=app, provider_oid=provider)
        answer(
            {"app": app, "provider": provider, "scopes": [], "changed": True},
            _("The provider does not use the app any more."),
        )


@app.command("rotate-secret")
@click.argument("app")
@DATA
@JSON
def rotate_secret(app: str, data: str | None, as_json: bool) -> None:
    """Give APP a new secret, printed this once. The old secret and the tokens got by it end at once."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import rotate_app_secret

        made = rotate_app_secret(platform(), app=app)
        answer(
            {"client_id": made.client_id, "client_secret": made.client_secret},
            _("The app has a new secret. Keep it: it is not shown again.")
            + f"\n  client_id      {made.client_id}\n  client_secret  {made.client_secret}",
        )


@app.command("create", cls=_Lists)
@click.argument("name")
@click.option(
    "--provider",
    "providers",
    multiple=True,
    required=True,
    metavar="OID",
    help="A provider that takes the app into use. Give the option once for each.",
)
@_SCOPES
@click.option(
    "--supplier", default=None, metavar="NAME", help="Who makes the app. Without it the supplier has the app's name."
)
@click.option(
    "--url",
    default=None,
    help="Where apps reach this installation; becomes part of token_url. Default: DIGIONE_URL, or where it answered last.",
)
@DATA
@JSON
def create(
    name: str,
    providers: tuple[str, ...],
    scopes: tuple[str, ...],
    supplier: str | None,
    url: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Make an app and print its id and secret. The secret is shown this once; it is stored only as a hash."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import create_app

        made = create_app(
            platform(), name=name, supplier=supplier or name, provider_oids=providers, scopes=_full(scopes)
        )
        _tidy(answer.database)
        address = url or remembered_address(answer.database.data)
        if address is None:
            address = "http://127.0.0.1:8000"
            text = _(
                "Where apps reach this installation is not known yet, so token_url is a guess: give --url or DIGIONE_URL."
            )
            click.echo(text, err=True)
        token_url = f"{address.rstrip('/')}/oauth/token"
        answer(
            {"client_id": made.client_id, "client_secret": made.client_secret, "token_url": token_url},
            _("The app %(name)s is in use. Keep the secret: it is not shown again.") % {"name": name}
            + f"\n  client_id      {made.client_id}\n  client_secret  {made.client_secret}\n  token_url      {token_url}",
        )
