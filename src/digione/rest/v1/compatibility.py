"""What of a published API a newer one breaks, for those who ask by it and read its answers.

More may be added: addresses, optional parameters, answers, fields. Nothing may go or change its meaning; nothing new may
have to be sent. Shapes are compared as those of resources are (`schema.compatibility`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from digione.schema.compatibility import breaking_changes

Document = Mapping[str, Any]


def breaking_api_changes(published: Document, now: Document) -> list[str]:
    """Return what breaks between two OpenAPI documents, one sentence each; nothing when all is added only."""
    told: list[str] = []
    for address, operations in sorted(published["paths"].items()):
        for method, old in operations.items():
            new = now["paths"].get(address, {}).get(method)
            where = f"{method.upper()} {address}"
            told += [f"{where} is gone"] if new is None else _operation(where, old, new)
    shapes = [document["components"]["schemas"] for document in (published, now)]
    return told + breaking_changes(*shapes) + list(_answers(*shapes))


def _operation(where: str, old: Document, new: Document) -> Iterator[str]:
    yield from _parameters(where, old.get("parameters", []), new.get("parameters", []))
    for status, answer in old["responses"].items():
        if status not in new["responses"]:
            yield f"{where}: the answer {status} is gone"
            continue
        for kind, content in answer.get("content", {}).items():
            if new["responses"][status].get("content", {}).get(kind) != content:
                yield f"{where}: the answer {status} is no longer the same {kind}"
        for header in answer.get("headers", {}):
            if header not in new["responses"][status].get("headers", {}):
                yield f"{where}: the answer {status} has no {header} any more"
    for scopes in old.get("security", []):
        if scopes not in new.get("security", []):
            yield f"{where}: {scopes} no longer opens it"


def _parameters(where: str, old: list[Document], new: list[Document]) -> Iterator[str]:
    before, after = ({(each["in"], each["name"]): each for each in some} for some in (old, new))
    for key, parameter in before.items():
        if key not in after:
            yield f"{where}: the parameter {key[1]} is gone"
            continue
        shapes = ({key[1]: _without_names(each["schema"])} for each in (parameter, after[key]))
        yield from (f"{where}: {sentence}" for sentence in breaking_changes(*shapes))
        yield from _fields_gone(f"{where}: {key[1]}", parameter["schema"], after[key]["schema"])
    for key, parameter in after.items():
        if parameter.get("required") and not before.get(key, {}).get("required"):
            yield f"{where}: the parameter {key[1]} is required now"


def _without_names(schema: Document) -> Document:
    # A list of names in a pattern may grow, which is compared apart.
    return {name: rule for name, rule in schema.items() if name != "pattern" or not _names(schema)}


def _names(schema: Document) -> set[str]:
    """Return the names that a parameter takes, with commas between them; none where its pattern is another one."""
    listed = str(schema.get("pattern", "")).removeprefix("^(").partition(")(,(")
    return set(listed[0].split("|")) if listed[1] else set()


def _fields_gone(where: str, old: Document, new: Document) -> Iterator[str]:
    gone = _names(old) - _names(new)
    if gone and "pattern" in new:
        yield f"{where} takes {', '.join(sorted(gone))} no more"


def _answers(old: Document, new: Document) -> Iterator[str]:
    """Tell what was always in an answer and now may be absent, and which rows became others: readers rely on both."""
    for name, schema in sorted(old.items()):
        fields = new.get(name, {}).get("properties", {})
        for field in schema.get("required", []):
            if field in fields and field not in new[name].get("required", []):
                yield f"{name}.{field} may be absent now"
        for field, shape in schema.get("properties", {}).items():
            if field in fields and _row(shape) != _row(fields[field]):
                yield f"{name}.{field}: its rows were {_row(shape)}, are {_row(fields[field])}"


def _row(shape: Document) -> str | None:
    items = shape.get("items", {})
    return items.get("$ref") if isinstance(items, Mapping) else None
