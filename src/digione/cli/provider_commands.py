"""`digione provider`: which education providers are on the platform, taking one more onto it, and successions."""

from datetime import datetime
from typing import Any

import click

from digione.cli.language import _, spoken
from digione.cli.session import DATA, JSON, answering, platform, table


@click.group()
def provider() -> None:
    """Education providers: municipalities, joint authorities, private schools. Each keeps its own data apart."""


def _name(row: dict[str, Any]) -> str:
    from digione.core.texts import in_language

    name = row["name"]
    return in_language(name, (spoken(), "fi", "sv", "en"))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def _succession(row: dict[str, Any]) -> list[str]:
    """Return one line for each organisation whose life goes on in this one, or in which this one's goes on."""
    before = _("%(day)s: %(name)s (%(oid)s) went on in this provider. %(decision)s")
    after = _("%(day)s: goes on in %(name)s (%(oid)s). %(decision)s")
    return [
        (
            text % {"day": one["on_date"], "name": _name(one), "oid": one["oid"], "decision": one["decision"] or ""}
        ).rstrip()
        for text, side in ((before, "predecessors"), (after, "successors"))
        for one in row[side]
    ]


@provider.command("list")
@DATA
@JSON
def list_providers(data: str | None, as_json: bool) -> None:
    """List the providers that are on this platform."""
    with answering(data, as_json=as_json) as answer:
        from digione.organisations.selectors import providers

        rows = providers(platform())
        answer(
            [_plain(row) for row in rows],
            table(
                ["OID", _("name"), _("since")],
                [[row["oid"] or "", _name(row), str(row["joined_on"])] for row in rows],
                _("No provider is on the platform yet. `digione provider add OID` takes one in."),
            ),
        )


@provider.command()
@click.argument("oid")
@DATA
@JSON
def show(oid: str, data: str | None, as_json: bool) -> None:
    """Show what the register knows of a provider, and whether it is on the platform."""
    with answering(data, as_json=as_json) as answer:
        from digione.organisations.selectors import provider_page

        row = provider_page(platform(), oid=oid)
        since = str(row["joined_on"]) if row["joined_on"] else _("not on the platform")
        lines = {
            "OID": row["oid"],
            _("name"): _name(row),
            _("business id"): row["business_id"] or "",
            _("municipality"): row["municipality_code"] or "",
            _("number of schools"): row["schools"],
            _("on the platform since"): since,
        }
        width = max(map(len, lines))
        text = "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines.items())
        answer(_plain(row), "\n".join([text, *_succession(row)]))


@provider.command()
@click.argument("oid")
@DATA
@JSON
def add(oid: str, data: str | None, as_json: bool) -> None:
    """Take a provider of the national register onto the platform. Doing it twice changes nothing.

    The register comes first: `digione import organisations FILE`. After this, `digione import` brings the provider's
    people in, and `digione app take` opens them to an app.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.organisations.services import add_provider

        row = add_provider(platform(), oid=oid)
        text = _("%(name)s is on the platform.") if row["added"] else _("%(name)s was on the platform already.")
        answer(_plain(row), text % {"name": _name(row)})


@provider.command()
@click.argument("oid")
@click.option(
    "--to",
    "successors",
    multiple=True,
    required=True,
    metavar="OID",
    help="The provider in which its life goes on. Give the option once for each.",
)
@click.option(
    "--on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day of the successor, YYYY-MM-DD."
)
@click.option("--decision", required=True, help="Where the decision is found: who decided, when, which number.")
@click.option(
    "--kind",
    type=click.Choice(["merge", "split", "change"]),
    default=None,
    help="What it is. Without it, several successors are a split, and one is a merger.",
)
@DATA
@JSON
def succeed(
    oid: str,
    successors: tuple[str, ...],
    on: datetime,
    decision: str,
    kind: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Record that the provider OID goes on in another (merge, change) or in several (split).

    Nothing is moved: what was the old provider's stays its own. Doing it twice changes nothing.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.organisations.services import record_succession

        row = record_succession(platform(), oid=oid, successors=successors, on=on.date(), decision=decision, kind=kind)
        text = _("The succession is recorded.") if row["added"] else _("The succession was recorded already.")
        answer(_plain(row), "\n".join([text, *_succession(row)]))
