"""What has changed between published versions of the data model, for those who keep data by it.

Made by comparing the frozen schemas themselves, so that no change can be left out of it. What would break those who use a
version is told by `compatibility`; here everything is told, words and legal bases too.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from digione.schema.documents import GENERATED, table

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]

#: What a schema says of a field, as the data model's page calls it. What is not named here is called as it is.
_CALLED = {
    "x-term": "terms",
    "description": "definition",
    "enum": "values",
    "readOnly": "made by the platform",
    "x-unit": "unit",
    "x-code-list": "code list",
    "x-sensitivity": "sensitivity",
    "x-legal-basis": "legal basis",
    "x-master": "master",
}
_NONE = "–"


def page(versions: Sequence[tuple[str, Schemas]], now: Schemas) -> str:
    """Return the data model's changes as a page, the newest first.

    `versions` are the frozen ones with their names, the oldest first; `now` are the schemas of the source.
    """
    lines = [
        "# Changes of the open data model",
        "",
        GENERATED,
        "",
        "Each version against the one before it, from the JSON Schemas that were frozen with it. Within a version's line",
        "nothing goes and nothing becomes narrower; the way to change the model stands in CONTRIBUTING.md.",
        "",
    ]
    steps = [(f"Since {versions[-1][0]}, not frozen yet", versions[-1][1], now)] if versions else []
    for (_before, old), (name, new) in reversed([*pairwise(versions)]):
        steps.append((name, old, new))
    for heading, old, new in steps:
        lines += [f"## {heading}", "", *_step(old, new)]
    if versions:
        name, first = versions[0]
        fields = sum(len(_fields_of(schema)) for schema in first.values())
        lines += [f"## {name}", "", f"The first version: {len(first)} resources, {fields} fields.", ""]
    return "\n".join(lines)


def _step(old: Schemas, new: Schemas) -> Iterator[str]:
    added = [name for name in new if name not in old]
    gone = [[f"`{name}`", str(old[name].get("description", ""))] for name in old if name not in new]
    fields: list[list[str]] = []
    changed: list[list[str]] = []
    for name in new:
        if name not in old:
            continue
        before, after = _fields_of(old[name]), _fields_of(new[name])
        gone += [[f"`{name}.{field}`", before[field]["description"]] for field in before if field not in after]
        fields += [_field(name, field, new[name]) for field in after if field not in before]
        changed += _told(name, _of_resource(old[name]), _of_resource(new[name]))
        for field in after:
            if field in before:
                changed += _told(f"{name}.{field}", _of_field(old[name], field), _of_field(new[name], field))
    parts = (
        ("New resources", ("resource", "definition", "fields"), [_resource(name, new[name]) for name in added]),
        ("New fields", ("field", "definition", "type", "sensitivity", "legal basis", "master"), fields),
        ("Changed", ("where", "what", "was", "is"), changed),
        ("Gone", ("where", "definition"), gone),
    )
    for heading, heads, rows in parts:
        if rows:
            yield from (f"### {heading}", "", *table(heads, rows), "")
    if not any(rows for _heading, _heads, rows in parts):
        yield from ("Nothing has changed.", "")


def _fields_of(schema: Schema) -> Mapping[str, Any]:
    """Return the schemas of a resource's fields. JSON Schema lets an object have none."""
    fields: Mapping[str, Any] = schema.get("properties", {})
    return fields


def _resource(name: str, schema: Schema) -> list[str]:
    return [f"`{name}`", schema["description"], ", ".join(f"`{field}`" for field in _fields_of(schema))]


def _field(name: str, field: str, schema: Schema) -> list[str]:
    said = schema["properties"][field]
    kind = _shown(said["type"]) + ("; required" if field in schema.get("required", ()) else "")
    return [
        f"`{name}.{field}`",
        *(said["description"], kind, said["x-sensitivity"], said["x-legal-basis"], said["x-master"]),
    ]


def _of_resource(schema: Schema) -> dict[str, Any]:
    return {"title": schema.get("title"), "description": schema.get("description")}


def _of_field(schema: Schema, field: str) -> dict[str, Any]:
    # Its title is its English term, which stands among its terms.
    said = {name: value for name, value in schema["properties"][field].items() if name != "title"}
    return said | {"required": True if field in schema.get("required", ()) else None}


def _told(where: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[str]]:
    for what in dict.fromkeys((*before, *after)):
        was, now = before.get(what), after.get(what)
        if was == now:
            continue
        if isinstance(was, list) and isinstance(now, list):
            # Of long lists only what came and went is worth reading.
            came, went = [one for one in now if one not in was], [one for one in was if one not in now]
            if came or went:
                yield [f"`{where}`", _CALLED.get(what, what), _without(went), _with(came)]
        else:
            yield [f"`{where}`", _CALLED.get(what, what), _shown(was), _shown(now)]


def _without(went: Sequence[Any]) -> str:
    return f"with {_shown(went)}" if went else _NONE


def _with(came: Sequence[Any]) -> str:
    return f"also {_shown(came)}" if came else _NONE


def _shown(value: Any) -> str:
    match value:
        case None:
            return _NONE
        case True:
            return "yes"
        case list():
            return ", ".join(_shown(one) for one in value)
        case dict():
            return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items())
        case _:
            return str(value)
