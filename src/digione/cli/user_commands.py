"""`digione user`: the accounts by which people sign in. A password is printed once or asked, never an argument."""

import sys
from typing import Any

import click

from digione.cli.language import LANGUAGES, _
from digione.cli.session import DATA, JSON, answering, platform, table, yes_or_no
from digione.core.errors import Fault
from digione.core.texts import is_one_line

_ASK = click.option(
    "--ask", is_flag=True, help="Ask for the password instead of making one; from a pipe, the first line is taken."
)


@click.group()
def user() -> None:
    """Accounts by which people sign in. What an account opens comes from the person's own data, never from it."""


@user.command("list")
@DATA
@JSON
def list_accounts(data: str | None, as_json: bool) -> None:
    """List the accounts, and whether they are open."""
    with answering(data, as_json=as_json) as answer:
        from digione.access.selectors import accounts

        rows = accounts(platform())
        answer(
            rows,
            table(
                [_("user name"), _("open"), _("language"), _("last signed in")],
                [
                    [
                        row["username"],
                        yes_or_no(row["is_active"]),
                        row["language"],
                        f"{row['last_login']:%Y-%m-%d %H:%M}" if row["last_login"] else "",
                    ]
                    for row in rows
                ],
                _("There is no account yet. `digione user create` makes one."),
            ),
        )


@user.command()
@click.argument("username")
@click.option("--provider", required=True, metavar="OID", help="The provider at which the person is known.")
@click.option(
    "--person",
    metavar="ID",
    help="Who it is: the provider's own id of the person, an id or user name in the imported system, or learner number.",
)
@click.option("--ward", metavar="ID", help="Or a guardian of this child, who is named by an id of the same kinds.")
@click.option("--name", help="Names of the person, where an id means several or a child has several guardians.")
@click.option(
    "--speaks", type=click.Choice(LANGUAGES), default="fi", show_default=True, help="The language of the desk at first."
)
@_ASK
@DATA
@JSON
def create(
    username: str, provider: str, person: str | None, ward: str | None, name: str | None, speaks: str, ask: bool,
    data: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Give a person an account with the name USERNAME. The password is printed this once."""
    if (person is None) == (ward is None):
        raise click.UsageError(_("Name the person with --person, or a child of theirs with --ward."))
    password = _asked() if ask else None
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import create_account
        from digione.organisations.selectors import provider_page
        from digione.studies.selectors import people_for_account

        at = platform(provider_page(platform(), oid=provider)["id"])
        found = people_for_account(at, identifier=person, ward=ward, name=name)
        if len(found) > 1:
            text = _("Several people are meant. Give --name, or the id of one of them with --person:")
            fault = Fault("ward" if ward else "person", "ambiguous", f"{text}\n{_candidates(found)}")
            answer.refuse([fault], candidates=found)
        [one] = found
        made = create_account(at, username=username, person=one["id"], language=speaks, password=password)
        named = f"{one['given_name']} {one['family_name']}"
        text = _("%(name)s signs in as %(username)s.") % {"name": named, "username": made.username}
        answer(_account(made), text + _password(made))


def _candidates(found: list[dict[str, Any]]) -> str:
    """Return the people among whom to choose, with what tells them apart."""
    from digione.web.templatetags.desk import localized, role_name

    rows = [
        [
            f"{row['given_name']} {row['family_name']}",
            ", ".join(role_name(role) for role in row["roles"]),
            ", ".join(localized(school) for school in row["schools"]),
            str(row["id"]),
        ]
        for row in found
    ]
    return table([_("name"), _("role"), _("school"), "ID"], rows, "")


@user.command()
@click.argument("username")
@_ASK
@DATA
@JSON
def password(username: str, ask: bool, data: str | None, as_json: bool) -> None:
    """Give an account a new password. Whoever is signed in with the old one is signed out."""
    asked = _asked() if ask else None
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import change_password

        made = change_password(platform(), username=username, password=asked)
        text = _("The password of %(username)s was changed.") % {"username": made.username}
        answer(_account(made), text + _password(made))


@user.command()
@click.argument("username")
@DATA
@JSON
def disable(username: str, data: str | None, as_json: bool) -> None:
    """Close an account: nobody signs in with it, and whoever is signed in is out at once. Nothing is deleted."""
    _set_active(username, False, data, as_json)


@user.command()
@click.argument("username")
@DATA
@JSON
def enable(username: str, data: str | None, as_json: bool) -> None:
    """Open a closed account again, with its old password."""
    _set_active(username, True, data, as_json)


def _set_active(username: str, active: bool, data: str | None, as_json: bool) -> None:
    with answering(data, as_json=as_json) as answer:
        from digione.access.services import set_account_active

        made = set_account_active(platform(), username=username, active=active)
        text = _("The account %(username)s is open.") if active else _("The account %(username)s is closed.")
        answer(_account(made), text % {"username": made.username})


def _asked() -> str:
    if not sys.stdin.isatty():
        piped = sys.stdin.readline().rstrip("\r\n")
        if not is_one_line(piped):
            raise click.UsageError(_("The password holds a character that no keyboard writes. Is the input UTF-8?"))
        return piped
    given: str = click.prompt(_("Password"), hide_input=True, confirmation_prompt=_("Password again"), err=True)
    return given


def _account(made: Any) -> dict[str, Any]:
    told = {"username": made.username, "is_active": made.is_active}
    return {**told, "password": made.password} if made.password else told


def _password(made: Any) -> str:
    if made.password is None:
        return ""
    return "\n" + _("Password (it is not shown again): %(password)s") % {"password": made.password}
