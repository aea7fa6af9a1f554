"""A document into the store and out of it again, in a scratch provider that leaves no trace; and what differs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from digione.core.clock import today
from digione.core.use_case import Actor
from digione.integrations.koski.documents import Reading
from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.parsing import documents_of
from digione.integrations.koski.selectors import export_documents
from digione.integrations.koski.services import import_documents, open_scratch_provider
from digione.integrations.loading.report import Report


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: whether each of its documents came back the same, what differs, and what was refused."""

    file: str
    differences: list[dict[str, Any]]
    report: Report

    @property
    def equal(self) -> bool:
        """Whether everything came in and came back as it was, the order of keys and filled-in labels aside."""
        return not self.differences and not self.report.problems.errors


class _Undo(Exception):  # noqa: N818 - it is no error: it ends the scratch provider.
    pass


def there_and_back(actor: Actor, path: Path) -> Outcome:
    """Import a file into a scratch provider, export it, and compare. Nothing of it stays. Raises `ImportRefusedError`."""
    report = Report()
    came_back: list[Any] = []
    try:
        with transaction.atomic():
            at = actor.at(open_scratch_provider(actor))
            with Reading(report.problems, today()) as reading:
                reading.read([path])
                import_documents(at, reading=reading, report=report, source="scratch", file_hash="", any_school=True)
            export_documents(at, write=came_back.append)
            raise _Undo
    except _Undo:
        pass
    told = [*documents_of(path, Report().problems)]
    differences = [*_compared(told, came_back)] if report.status == "done" else []
    return Outcome(path.name, differences, report)


def _compared(told: list[Any], came_back: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield what differs, document by document. Learners come back in another order, so each is looked for."""
    left = {json.dumps(document, sort_keys=True): document for document in map(without_labels, came_back)}
    for place, document in enumerate(told):
        wanted = without_labels(document)
        if left.pop(json.dumps(wanted, sort_keys=True), None) is not None:
            continue
        same = [other for other in left.values() if other.get("henkilö") == wanted.get("henkilö")] or [*left.values()]
        pointer = f"/{place}" if len(told) > 1 else ""
        yield from differences(wanted, same[0] if same else None, pointer)


def differences(told: Any, ours: Any, pointer: str = "") -> Iterator[dict[str, Any]]:
    """Yield each place in which two values of JSON differ: its pointer, what was told, and what came back."""
    if isinstance(told, dict) and isinstance(ours, dict):
        for name in dict.fromkeys((*told, *ours)):
            yield from differences(told.get(name, _ABSENT), ours.get(name, _ABSENT), f"{pointer}/{name}")
    elif isinstance(told, list) and isinstance(ours, list) and len(told) == len(ours):
        for place, (one, other) in enumerate(zip(told, ours, strict=True)):
            yield from differences(one, other, f"{pointer}/{place}")
    elif type(told) is not type(ours) or told != ours:
        yield {"pointer": pointer, "document": _shown(told), "ours": _shown(ours)}


_ABSENT = object()


def _shown(value: Any) -> Any:
    return None if value is _ABSENT else value
