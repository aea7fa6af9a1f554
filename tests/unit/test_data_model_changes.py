"""The page of the data model's changes tells every difference between versions, and nothing twice."""

import copy
from typing import Any

from digione.schema.changes import page
from digione.schema.json_schema import json_schema
from digione.schema.resources import RESOURCES

FIRST: dict[str, Any] = {name: json_schema(RESOURCES[name]) for name in ("contact", "person")}


def _told(text: str, version: str) -> list[str]:
    """The rows of the tables under a version's heading."""
    part = text.split(f"## {version}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    assert len(rows) == len(set(rows))
    return rows


def test_every_kind_of_change_is_told_under_its_version() -> None:
    second = copy.deepcopy(FIRST)
    contact, person = second["contact"], second["person"]
    contact["properties"]["valid_to"]["x-sensitivity"] = "secret"
    contact["properties"]["note"] = {**contact["properties"]["value"], "description": "What to know before calling."}
    contact["required"].append("note")
    person["properties"]["sex"]["enum"].append("9")
    person["required"].remove("birth_date") if "birth_date" in person["required"] else person["required"].append(
        "birth_date"
    )
    third = {**copy.deepcopy(second), "course": json_schema(RESOURCES["course"])}
    del third["contact"]["properties"]["note"]
    third["person"]["description"] = "Who somebody is."

    text = page([("0.9.0", FIRST), ("0.10.0", second)], third)
    told = _told(text, "0.10.0")
    assert any(
        row.startswith("| `contact.note` | What to know before calling. |") and "; required" in row for row in told
    )
    assert any(row.startswith("| `contact.valid_to` | sensitivity |") and row.endswith("| secret |") for row in told)
    assert "| `person.sex` | values | – | also 9 |" in told
    assert any(row.startswith("| `person.birth_date` | required |") for row in told)
    assert len(told) == 4

    told = _told(text, "Since 0.10.0, not frozen yet")
    assert any(row.startswith("| `course` |") and "`id`" in row for row in told)
    assert "| `contact.note` | What to know before calling. |" in told
    assert any(row.startswith("| `person` | definition |") and row.endswith("| Who somebody is. |") for row in told)
    assert len(told) == 3

    assert text.index("Since 0.10.0") < text.index("## 0.10.0") < text.index("## 0.9.0")
    assert "The first version: 2 resources" in text


def test_where_nothing_has_changed_that_is_said() -> None:
    assert "Nothing has changed." in page([("1.0.0", FIRST)], FIRST)
