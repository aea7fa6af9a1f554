"""What was published of `/api/v1` holds: a change that breaks an app fails here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digione.cli.docs_commands import RELEASED, last_release, last_released_api, source_version
from digione.rest.v1.compatibility import breaking_api_changes
from digione.rest.v1.openapi import document
from digione.schema.compatibility import version_line

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOW = json.loads(json.dumps(document()))
LIST, ONE = "/api/v1/persons", "/api/v1/persons/{id}"
Change = Callable[[dict[str, Any]], object]


def test_nothing_that_the_last_release_promised_is_broken() -> None:
    version, _ = last_release(DOCS / RELEASED)
    published = last_released_api(DOCS / RELEASED)
    assert published
    assert len(published["paths"]) >= 4
    if version_line(source_version(DOCS.parent)) == version_line(version):
        assert breaking_api_changes(published, NOW) == [], f"This breaks {version}: see CONTRIBUTING."


def _get(api: dict[str, Any], address: str = LIST) -> dict[str, Any]:
    return api["paths"][address]["get"]


def _parameter(api: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in _get(api)["parameters"] if each["name"] == name)


def _shape(api: dict[str, Any], name: str = "Person") -> dict[str, Any]:
    return api["components"]["schemas"][name]


NEEDED = {"in": "query", "name": "reason", "required": True, "schema": {"type": "string"}}
BREAKING: dict[str, tuple[Change, str]] = {
    "an address removed": (lambda a: a["paths"].pop(ONE), f"GET {ONE} is gone"),
    "a method removed": (lambda a: a["paths"][LIST].pop("get"), f"GET {LIST} is gone"),
    "a field removed": (lambda a: _shape(a)["properties"].pop("given_name"), "Person.given_name is gone"),
    "a type narrowed": (lambda a: _shape(a)["properties"]["sex"].update(type="string"), "Person.sex: its type"),
    "another format": (lambda a: _shape(a)["properties"]["birth_date"].pop("format"), "Person.birth_date: format"),
    "a field no longer certain": (lambda a: _shape(a)["required"].remove("id"), "Person.id may be absent now"),
    "other rows": (
        lambda a: _shape(a, "PersonPage")["properties"]["items"]["items"].update(
            {"$ref": "#/components/schemas/School"}
        ),
        "PersonPage.items: its rows were",
    ),
    "the cursor removed": (lambda a: _shape(a, "PersonPage")["properties"].pop("after"), "PersonPage.after is gone"),
    "an answer removed": (lambda a: _get(a, ONE)["responses"].pop("304"), f"GET {ONE}: the answer 304 is gone"),
    "another answer": (
        lambda a: _get(a)["responses"]["200"]["content"].update({"application/json": {}}),
        f"GET {LIST}: the answer 200 is no longer the same application/json",
    ),
    "a header removed": (
        lambda a: _get(a, ONE)["responses"]["200"]["headers"].pop("ETag"),
        f"GET {ONE}: the answer 200 has no ETag any more",
    ),
    "another scope": (
        lambda a: _get(a).update(security=[{"AppToken": ["digione:other"]}]),
        f"GET {LIST}: {{'AppToken': ['digione:persons.read']}} no longer opens it",
    ),
    "a parameter removed": (
        lambda a: _get(a)["parameters"].remove(_parameter(a, "after")),
        f"GET {LIST}: the parameter after is gone",
    ),
    "a parameter made required": (
        lambda a: _parameter(a, "after").update(required=True),
        f"GET {LIST}: the parameter after is required now",
    ),
    "a new parameter that is required": (
        lambda a: _get(a)["parameters"].append(NEEDED),
        f"GET {LIST}: the parameter reason is required now",
    ),
    "shorter pages": (
        lambda a: _parameter(a, "limit")["schema"].update(maximum=100),
        f"GET {LIST}: limit: maximum is now 100",
    ),
    "a field that can no longer be selected": (
        lambda a: _parameter(a, "fields")["schema"].update(pattern="^(id)(,(id))*$"),
        f"GET {LIST}: fields takes birth_date",
    ),
}
ADDITIVE: dict[str, Change] = {
    "nothing": lambda a: None,
    "an address": lambda a: a["paths"].update({"/api/v1/rooms": {"get": {"responses": {}}}}),
    "a field": lambda a: _shape(a)["properties"].update(note={"type": "string"}),
    "a parameter": lambda a: _get(a)["parameters"].append({**NEEDED, "required": False}),
    "an answer": lambda a: _get(a)["responses"].update({"410": {"description": "Gone"}}),
    "longer pages": lambda a: _parameter(a, "limit")["schema"].pop("maximum"),
    "a field that can be selected": lambda a: _parameter(a, "fields")["schema"].update(
        pattern=_parameter(a, "fields")["schema"]["pattern"].replace("(id|", "(note|id|")
    ),
    "another way in": lambda a: _get(a)["security"].append({"AppToken": ["digione:all"]}),
    "words": lambda a: _get(a).update(summary="x", description="y"),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_each_kind_of_breaking_change_is_told(kind: str) -> None:
    change, told = BREAKING[kind]
    changed = json.loads(json.dumps(NOW))
    change(changed)
    (sentence,) = breaking_api_changes(NOW, changed)
    assert sentence.startswith(told)


@pytest.mark.parametrize("kind", ADDITIVE)
def test_what_is_only_added_passes(kind: str) -> None:
    changed = json.loads(json.dumps(NOW))
    ADDITIVE[kind](changed)
    assert changed != NOW or kind == "nothing"
    assert breaking_api_changes(NOW, changed) == []
