"""How sensitive a use of data was: the highest level that the open data model declares for a field that it touched."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from digione.audit import seen
from digione.schema.declare import Sensitivity
from digione.schema.resources import RESOURCES

#: What a refusal has read.
NOTHING = 0
#: The levels as the log writes them.
LEVELS = {Sensitivity.ORDINARY: 1, Sensitivity.CONFIDENTIAL: 2, Sensitivity.SECRET: 3}


@cache
def declared() -> dict[str, int]:
    """Return the level of every field of the open data model, by `table.column`."""
    return {
        f"{resource.table}.{field.name}": LEVELS[field.sensitivity]
        for resource in RESOURCES.values()
        for field in resource.fields
    }


def highest(fields: Iterable[str]) -> int:
    """Return the highest level of `fields`; what a statement has computed, and the model does not declare, is ordinary."""
    return max((declared().get(field, 1) for field in fields), default=1)


def held_back() -> dict[str, Any]:
    """Return what `audit_of_person` asks for: the topics that no app gets of whom, and the highest level of each topic."""
    levels: dict[str, int] = {seen.Topic.PROVIDER: 1}
    for field, level in declared().items():
        for topic in seen.topics([field]):
            levels[topic] = max(level, levels.get(topic, 1))
    return {"protected": seen.OF_PROTECTED, "gone": seen.OF_GONE, "level": levels}
