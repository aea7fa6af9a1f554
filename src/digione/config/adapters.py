"""What of `integrations/` is turned on. Whoever removes a folder removes its lines here; everything else goes on.

Nothing is imported here, so that the command answers at once and a folder that is not there is simply not offered.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

_FOLDERS = "digione.integrations"


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of import: in which folder, by which function (of `Work`), whether of one provider, and what it is."""

    folder: str
    entry: str
    of_provider: bool
    about: str

    def function(self) -> Callable[[Any], None]:
        """Return the function that brings files in; only now is its folder loaded."""
        module, _, name = self.entry.partition(":")
        found: Callable[[Any], None] = getattr(importlib.import_module(f"{_FOLDERS}.{self.folder}.{module}"), name)
        return found


#: `digione import KIND`.
_IMPORTS = {
    "codes": ImportKind(
        "koodisto",
        "imports:codes",
        False,
        "National code lists, from answers of Koodistopalvelu or lists of codes (JSON files or folders).",
    ),
    "koski": ImportKind(
        "koski",
        "imports:koski",
        True,
        "Study rights and attainments, from documents of the national register (KOSKI): JSON files or folders.",
    ),
    "oneroster": ImportKind(
        "oneroster_csv",
        "imports:oneroster",
        True,
        "A OneRoster CSV set, version 1.1 or 1.2, from a folder or a zip archive (bulk).",
    ),
    "organisations": ImportKind(
        "organisaatio",
        "imports:organisations",
        False,
        "National organisations, from an answer of Organisaatiopalvelu (JSON).",
    ),
    "people": ImportKind(
        "csv_templates", "imports:people", True, "Learners and their guardians, from the CSV template."
    ),
    "staff": ImportKind("csv_templates", "imports:staff", True, "Staff and their roles, from the CSV template."),
}
#: Other parts of the command that need a folder.
_COMMANDS = {"bench": "demo", "demo": "demo", "export": "oneroster_csv", "koski": "koski", "load-demo": "demo"}


@cache
def is_on(folder: str) -> bool:
    """Say whether a folder of `integrations/` is part of this installation."""
    return find_spec(f"{_FOLDERS}.{folder}") is not None


def imports() -> dict[str, ImportKind]:
    """Return the kinds of import that this installation offers."""
    return {name: kind for name, kind in _IMPORTS.items() if is_on(kind.folder)}


def is_offered(command: str) -> bool:
    """Say whether what a part of the command needs is here."""
    return command not in _COMMANDS or is_on(_COMMANDS[command])
