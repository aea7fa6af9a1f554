"""Names given to commands that mean harm: kept exactly as they are, or refused with what to do; never a traceback."""

import json

import click
import pytest

from digione.cli.language import OneLine, offer
from digione.cli.main import digione
from tests.api.cli.conftest import PROVIDER, Installation
from tests.hostile_texts import OVERLONG, STORABLE, UNSTORABLE

#: What a terminal can hand over: no null character. A byte that is no UTF-8 comes as half of a character.
TEXTS = {**STORABLE, **OVERLONG, "no UTF-8": "a\udcffb", "half a character": UNSTORABLE["half a character"]}
SCOPE = ("--scope", "roster.readonly")
#: What is kept is one line and not too long.
REFUSED = {"lines", "escape", "separators", "long", "no UTF-8", "half a character"}


def _commands(command: click.Command, path: str = "") -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    inner = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [found for name, one in inner if one for found in _commands(one, f"{path} {name}".strip())]


def test_every_text_of_every_command_is_held_to_one_line() -> None:
    found = 0
    for path, command in _commands(digione):
        for parameter in offer(command).params:
            assert parameter.type is not click.STRING, (path, parameter.name)
            found += isinstance(parameter.type, OneLine)
    assert found > 20


def test_an_app_bears_its_name_as_it_was_given_or_is_not_made(installation: Installation) -> None:
    installation.run("provider", "add", PROVIDER)
    everything = "SELECT id, name FROM access_app UNION ALL SELECT id, name FROM access_supplier ORDER BY 1"
    made: dict[str, str] = {}
    for kind, text in TEXTS.items():
        before = installation.rows(everything)
        create = ("app", "create", "--provider", PROVIDER, *SCOPE, "--supplier", f"{text} Oy", "--json", "--", text)
        answer = installation.run(*create, code=None)
        told = json.loads(answer.stdout)
        if kind in REFUSED:
            assert answer.returncode in (1, 2), kind
            assert told["faults"][0]["message"], kind
            assert installation.rows(everything) == before, kind
        else:
            assert answer.returncode == 0, (kind, answer.stderr)
            new = {*installation.rows(everything)} - {*before}
            assert sorted(name for _, name in new) == sorted((text, f"{text} Oy")), (
                "one app, one supplier, no other row"
            )
            made[told["client_id"]] = text
    listed = {row["client_id"]: (row["name"], row["supplier"]) for row in installation.json("app", "list")}
    assert {client: listed[client] for client in made} == {
        client: (text, f"{text} Oy") for client, text in made.items()
    }
    assert len(installation.run("app", "list").stdout.split("\n")) == len(listed) + 2, "an app is one line"


#: Few are tried with each command, since each is a process of its own.
FEW = {
    "one line": " ".join(text for kind, text in STORABLE.items() if kind not in REFUSED),
    **{kind: TEXTS[kind] for kind in ("lines", "no UTF-8")},
}
#: Commands that look something up by a name, or give one: all answer, and nothing changes.
ASKED = (
    ("app", "show", "{}"),
    ("app", "release", "{}", "--provider", PROVIDER),
    ("app", "release", "x", "--provider", "{}"),
    ("app", "take", "{}", "--provider", PROVIDER, *SCOPE),
    ("app", "take", "x", "--provider", PROVIDER, "--scope", "{}"),
    ("app", "rotate-secret", "{}"),
    ("provider", "show", "{}"),
    ("provider", "add", "{}"),
    ("provider", "succeed", "{}", "--to", PROVIDER, "--on", "2027-01-01", "--decision", "x"),
    ("provider", "succeed", PROVIDER, "--to", "{}", "--on", "2027-01-01", "--decision", "x"),
    ("provider", "succeed", PROVIDER, "--to", PROVIDER, "--on", "{}", "--decision", "x"),
    ("user", "create", "{}", "--provider", PROVIDER, "--person", "nobody"),
    ("user", "create", "somebody", "--provider", "{}", "--person", "nobody"),
    ("user", "create", "somebody", "--provider", PROVIDER, "--person", "{}"),
    ("user", "create", "somebody", "--provider", PROVIDER, "--ward", "{}"),
    ("user", "create", "somebody", "--provider", PROVIDER, "--person", "x", "--name", "{}"),
    ("user", "password", "{}"),
    ("user", "disable", "{}"),
    ("user", "enable", "{}"),
    ("keys", "rotate", "--batch", "{}"),
    ("import", "people", "no-such-file.csv", "--provider", "{}"),
    ("import", "people", "no-such-file.csv", "--provider", PROVIDER, "--source", "{}"),
    ("import", "organisations", "{}"),
)


@pytest.mark.parametrize("command", ASKED, ids=" ".join)
def test_what_is_asked_for_by_a_hostile_name_is_not_there(installation: Installation, command: tuple[str, ...]) -> None:
    installation.run("provider", "add", PROVIDER)
    everything = "SELECT (SELECT count(*) FROM access_account), (SELECT count(*) FROM access_taking), (SELECT count(*) FROM core_outbox)"
    before = installation.rows(everything)
    for kind, text in FEW.items():
        arguments = [part.format(text) if part == "{}" else part for part in command]
        answer = installation.run(*arguments, "--json", code=None)
        assert answer.returncode in (1, 2), (kind, answer.stdout, answer.stderr)
        assert json.loads(answer.stdout), kind
    assert installation.rows(everything) == before


def test_a_password_that_is_no_text_is_refused(installation: Installation) -> None:
    for given in ("koivu-hissi\x00-puuro\n", "koivu\x1b[2J-hissi-puuro\n"):
        answer = installation.run("user", "password", "nobody", "--ask", "--json", stdin=given, code=2)
        assert json.loads(answer.stdout)["faults"]
