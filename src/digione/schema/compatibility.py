"""What of a published schema a newer one breaks, for those who send by it and those who read by it.

More may be added: resources, optional fields, values of a list, and a value may become absent. Nothing may go, change its
kind or unit, become required, or be held to a rule that was not there. Titles and descriptions are no part of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

#: What makes the same characters mean something else when it changes: it may neither come, go nor change.
_MEANING = ("format", "x-unit")
#: What refuses values: it may go, but neither come nor change.
_LIMITS = (
    *("pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "const", "x-code-list"),
    # A field that the platform makes can no longer be sent.
    "readOnly",
)
_ABSENT = object()


def version_line(version: str) -> tuple[int, ...]:
    """Return the part of a version within which nothing may break: the major one; before 1.0, the minor one, too."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major,) if major else (0, minor)


def breaking_changes(published: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """Return what breaks between two sets of schemas by name, one sentence each; nothing when all is added only."""
    told: list[str] = []
    for name, schema in sorted(published.items()):
        if name in now:
            told += _broken(name, schema, now[name])
        else:
            told.append(f"{name} is gone")
    return told


def _broken(where: str, old: Schema, new: Schema) -> Iterator[str]:
    yield from _kind(where, old, new)
    for rule in _MEANING:
        if old.get(rule) != new.get(rule):
            yield f"{where}: {rule} was {old.get(rule)!r}, is {new.get(rule)!r}"
    for rule in _LIMITS:
        if new.get(rule, _ABSENT) not in (_ABSENT, False, old.get(rule, _ABSENT)):
            yield f"{where}: {rule} is now {new[rule]!r}"
    yield from _values(where, old, new)
    yield from _fields(where, old, new)
    for inner in ("items", "propertyNames", "additionalProperties"):
        yield from _inner(f"{where}.{inner}", old.get(inner, True), new.get(inner, True))


def _kind(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = _kinds(old), _kinds(new)
    if before != after and after != before | {"null"}:
        yield f"{where}: its type was {sorted(before)}, is {sorted(after)}"


def _kinds(schema: Schema) -> set[str]:
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def _values(where: str, old: Schema, new: Schema) -> Iterator[str]:
    if "enum" not in new:
        return
    if "enum" not in old:
        yield f"{where}: takes only the values of a list now"
        return
    gone = [value for value in old["enum"] if value not in new["enum"]]
    if gone:
        yield f"{where}: {', '.join(map(repr, gone))} is no value any more"


def _fields(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        if name in after:
            yield from _broken(f"{where}.{name}", schema, after[name])
        else:
            yield f"{where}.{name} is gone"
    for name in new.get("required", []):
        if name not in old.get("required", []):
            yield f"{where}.{name} is required now"


def _inner(where: str, old: Schema | bool, new: Schema | bool) -> Iterator[str]:
    """Compare what stands inside: a schema, or whether anything at all may."""
    if isinstance(old, bool) or isinstance(new, bool):
        if old is not False and new is not True and old != new:
            yield f"{where} is held to a rule now"
        return
    yield from _broken(where, old, new)
