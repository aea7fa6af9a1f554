"""Several providers and scopes of `digione app`: the option once for each, or its values in a row."""

import click
import pytest

from digione.cli.app_commands import create, take

CREATED = {"name": "Lukuvirta", "providers": ("1.2", "1.3"), "scopes": ("a", "b")}


def parsed(command: click.Command, line: str) -> dict[str, object]:
    return command.make_context(command.name, line.split()).params


@pytest.mark.parametrize(
    "line",
    [
        "Lukuvirta --provider 1.2 --provider 1.3 --scope a --scope b --json",
        "Lukuvirta --provider 1.2 1.3 --scope a b --json",
        "Lukuvirta --json --provider 1.2 1.3 --scope a --scope b",
        "--json Lukuvirta --scope a b --provider 1.2 1.3",
        "--provider 1.2 Lukuvirta --provider 1.3 --scope a b --json",
    ],
)
def test_an_option_is_given_once_for_each_value_or_once_for_all(line: str) -> None:
    told = parsed(create, line)
    assert {name: told[name] for name in CREATED} == CREATED
    assert told["as_json"] is True


def test_what_another_option_takes_is_no_name_and_no_value_of_a_list() -> None:
    told = parsed(create, "--supplier Tuikku --provider 1.2 Lukuvirta --scope a --url http://x")
    assert (told["name"], told["supplier"], told["providers"]) == ("Lukuvirta", "Tuikku", ("1.2",))
    assert (told["scopes"], told["url"]) == (("a",), "http://x")


def test_one_provider_alone_takes_an_app_with_several_scopes() -> None:
    told = parsed(take, "Lukuvirta --provider 1.2 --scope a b --reason Sopimus")
    assert (told["app"], told["provider"], told["scopes"], told["reason"]) == (
        "Lukuvirta",
        "1.2",
        ("a", "b"),
        "Sopimus",
    )
    with pytest.raises(click.UsageError, match="extra argument"):
        parsed(take, "Lukuvirta --provider 1.2 1.3 --scope a")
