"""`digione app`: suppliers' apps, their keys, and the providers that take them into use."""

import json
import sys

import click
import psycopg


@click.group("app")
def app() -> None:
    """Apps of suppliers: make one, and let providers take it into use."""


@app.command("create")
@click.argument("name")
@click.option(
    "--provider",
    "providers",
    multiple=True,
    required=True,
    metavar="OID",
    help="A provider that takes the app into use. Give the option once for each.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="What the app may read. Give the option once for each; `roster.readonly` is short for the whole name.",
)
@click.option(
    "--supplier", default=None, metavar="NAME", help="Who makes the app. Without it the supplier has the app's name."
)
@click.option(
    "--url",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where this installation answers; becomes part of token_url.",
)
@click.option(
    "--data", default=None, type=click.Path(), help="The data folder. Default: DIGIONE_DATA, or the user's own."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(
    name: str,
    providers: tuple[str, ...],
    scopes: tuple[str, ...],
    supplier: str | None,
    url: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Make an app and print its id and secret. The secret is shown this once; it is stored only as a hash."""
    from digione.config.embedded import django_ready

    with django_ready(data) as database:
        from digione.access.roles import Role
        from digione.access.scopes import full_scope
        from digione.access.services import create_app
        from digione.core.errors import InvalidInputError
        from digione.core.use_case import Actor

        try:
            made = create_app(
                Actor(str(Role.PLATFORM)),
                name=name,
                supplier=supplier or name,
                provider_oids=providers,
                scopes=[full_scope(scope) for scope in scopes],
            )
        except InvalidInputError as fault:
            for one in fault.faults:
                click.echo(f"{one.pointer}: {one.message}", err=True)
            sys.exit(1)
        # The lists of a new app may hold a million rows; PostgreSQL must know so before the first page is asked for.
        with psycopg.connect(database.migrate_url, autocommit=True) as owner:
            owner.execute("ANALYZE access_taking, access_subject, access_listing, access_page_bucket")
    token_url = f"{url.rstrip('/')}/oauth/token"
    if as_json:
        click.echo(
            json.dumps({"client_id": made.client_id, "client_secret": made.client_secret, "token_url": token_url})
        )
        return
    click.echo(f"The app {name} is in use. Keep the secret: it is not shown again.")
    click.echo(
        f"  client_id      {made.client_id}\n  client_secret  {made.client_secret}\n  token_url      {token_url}"
    )
