"""What was published holds: a change that breaks those who use the open data model fails here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from digione.cli.docs_commands import RELEASED, docs, last_release, source_version
from digione.schema.compatibility import breaking_changes, version_line
from digione.schema.json_schema import json_schema
from digione.schema.resources import RESOURCES

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOW = {resource.name: json_schema(resource) for resource in RESOURCES.values()}

Change = Callable[[dict[str, Any]], object]


def test_nothing_that_the_last_release_promised_is_broken() -> None:
    version, published = last_release(DOCS / RELEASED)
    assert len(published) > 20
    if version_line(source_version(DOCS.parent)) == version_line(version):
        assert breaking_changes(published, NOW) == [], f"This breaks {version}: see CONTRIBUTING, Releasing a version."


def _field(schemas: dict[str, Any], name: str) -> dict[str, Any]:
    resource, field = name.split(".")
    return schemas[resource]["properties"][field]


def _rename(schemas: dict[str, Any]) -> None:
    properties = schemas["contact"]["properties"]
    properties["content"] = properties.pop("value")


BREAKING: dict[str, tuple[Change, str]] = {
    "a resource removed": (lambda s: s.pop("contact"), "contact is gone"),
    "a field removed": (lambda s: s["contact"]["properties"].pop("value"), "contact.value is gone"),
    "a field renamed": (_rename, "contact.value is gone"),
    "another type": (lambda s: _field(s, "contact.value").update(type="integer"), "contact.value: its type was"),
    "a type narrowed": (
        lambda s: _field(s, "contact.valid_to").update(type="string"),
        "contact.valid_to: its type was",
    ),
    "a type widened": (
        lambda s: _field(s, "contact.value").update(type=["string", "integer"]),
        "contact.value: its type was",
    ),
    "another format": (lambda s: _field(s, "contact.valid_to").update(format="date-time"), "contact.valid_to: format"),
    "a format taken away": (lambda s: _field(s, "contact.valid_to").pop("format"), "contact.valid_to: format"),
    "another unit": (
        lambda s: _field(s, "contact.valid_to").update({"x-unit": "day in UTC"}),
        "contact.valid_to: x-unit",
    ),
    "a value of a list removed": (lambda s: _field(s, "person.sex")["enum"].remove("1"), "person.sex: '1' is no value"),
    "a list where none was": (
        lambda s: _field(s, "contact.value").update(enum=["a"]),
        "contact.value: takes only the values",
    ),
    "a code list where none was": (
        lambda s: _field(s, "contact.value").update({"x-code-list": "urn:x"}),
        "contact.value: x-code-list",
    ),
    "a value inside a list narrowed": (
        lambda s: _field(s, "guardianship.limits")["items"].update(enum=["no_information"]),
        "guardianship.limits.items: ",
    ),
    "a field made required": (
        lambda s: s["contact"]["required"].append("valid_to"),
        "contact.valid_to is required now",
    ),
    "a new field that is required": (
        lambda s: (s["contact"]["properties"].update(new={"type": "string"}), s["contact"]["required"].append("new")),
        "contact.new is required now",
    ),
    "a pattern": (lambda s: _field(s, "contact.value").update(pattern="^x"), "contact.value: pattern"),
    "a length": (lambda s: _field(s, "contact.value").update(maxLength=5), "contact.value: maxLength"),
    "a field that can no longer be sent": (
        lambda s: _field(s, "contact.value").update(readOnly=True),
        "contact.value: readOnly",
    ),
    "languages held to another pattern": (
        lambda s: _field(s, "organisation.name")["propertyNames"].update(pattern="^fi$"),
        "organisation.name.propertyNames: pattern",
    ),
    "texts of another type": (
        lambda s: _field(s, "organisation.name")["additionalProperties"].update(type="integer"),
        "organisation.name.additionalProperties: its type was",
    ),
    "an open object closed": (
        lambda s: _field(s, "import_run.counts").update(additionalProperties=False),
        "import_run.counts.additionalProperties is held",
    ),
}

ADDITIVE: dict[str, Change] = {
    "nothing": lambda s: None,
    "a resource": lambda s: s.update(room={"type": "object", "required": ["id"], "properties": {"id": {}}}),
    "an optional field": lambda s: s["contact"]["properties"].update(note={"type": ["string", "null"]}),
    "a value of a list": lambda s: _field(s, "person.sex")["enum"].append("9"),
    "a list opened": lambda s: _field(s, "person.sex").pop("enum"),
    "a value that may be absent": lambda s: _field(s, "contact.value").update(type=["string", "null"]),
    "a field no longer required": lambda s: s["contact"]["required"].remove("value"),
    "words": lambda s: _field(s, "contact.value").update(title="x", description="y"),
    "more protection": lambda s: _field(s, "contact.value").update({"x-sensitivity": "secret"}),
    "a field that can be sent from now on": lambda s: _field(s, "contact.id").pop("readOnly"),
    "repetition allowed": lambda s: _field(s, "guardianship.limits").pop("uniqueItems"),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_each_kind_of_breaking_change_is_told(kind: str) -> None:
    change, told = BREAKING[kind]
    changed = json.loads(json.dumps(NOW))
    change(changed)
    assert [sentence for sentence in breaking_changes(NOW, changed) if sentence.startswith(told)], kind
    assert len(breaking_changes(NOW, changed)) == 1


@pytest.mark.parametrize("kind", ADDITIVE)
def test_what_is_only_added_passes(kind: str) -> None:
    changed = json.loads(json.dumps(NOW))
    ADDITIVE[kind](changed)
    assert changed != NOW or kind == "nothing"
    assert breaking_changes(NOW, changed) == []


def test_within_which_versions_nothing_may_break() -> None:
    assert version_line("0.1.0") == version_line("0.1.7") != version_line("0.2.0")
    assert version_line("1.2.0") == version_line("1.9.3") != version_line("2.0.0")


def test_a_release_is_frozen_by_command_and_never_overwritten(tmp_path: Path) -> None:
    def freeze() -> Any:
        return CliRunner().invoke(docs, ["--folder", str(tmp_path / "docs"), "--release"])

    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "3.2.1"\n', encoding="utf-8")
    changes, frozen = tmp_path / "CHANGELOG.md", tmp_path / "docs" / RELEASED
    changes.write_text("## 3.2.1 – unreleased\n", encoding="utf-8")
    assert freeze().exit_code == 0
    assert last_release(frozen) == ("3.2.1", NOW)
    kept = frozen / "3.2.1" / "contact.json"
    kept.write_text(json.dumps({"type": "object"}), encoding="utf-8")
    assert freeze().exit_code == 0, "Until it is released it may be frozen anew."
    assert last_release(frozen)[1] == NOW
    kept.write_text(json.dumps({"type": "object"}), encoding="utf-8")
    changes.write_text("## 3.2.1 – 2027-01-31\n", encoding="utf-8")
    refused = freeze()
    assert refused.exit_code == 2
    assert "has been released" in refused.output
    assert json.loads(kept.read_text(encoding="utf-8")) == {"type": "object"}


def test_the_last_release_is_found_by_number_not_by_letters(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.2.1"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "contact.json").write_text("{}", encoding="utf-8")
    assert last_release(tmp_path)[0] == "0.10.0"
