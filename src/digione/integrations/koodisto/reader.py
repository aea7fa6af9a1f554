"""Code lists in both forms: the service's REST answer (with validity) and lists of codes with relations (without)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from digione.integrations.loading.json_files import UNREADABLE, Item, read_json
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.sources import refuse_outside_links
from digione.integrations.loading.values import BadValueError, read_date

_LANGUAGES = {"FI": "fi", "SV": "sv", "EN": "en"}
_STATUSES = {"LUONNOS", "HYVAKSYTTY", "PASSIIVINEN"}
#: What the database's column of versions holds.
_MAX_VERSION = 2**31 - 1


@dataclass(slots=True)
class CodeRow:
    """One value of a list. The value keeps its original letters; `status` is the service's own word (`tila`)."""

    file: str
    element: str
    list_uri: str
    value: str
    version: int
    name: dict[str, str]
    short_name: dict[str, str]
    description: dict[str, str]
    status: str | None
    valid_from: date | None
    valid_to: date | None

    def digest(self) -> bytes:
        """Return the hash of what the list says, without the place in the file."""
        facts = {name: value for name, value in asdict(self).items() if name not in {"file", "element"}}
        return hashlib.blake2b(
            json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False).encode(), digest_size=16
        ).digest()


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the JSON files that `paths` name: files themselves, and those in and under folders, by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.json"))
            for file in inside:
                refuse_outside_links(path, file)
            found.extend(inside)
        elif path.is_file():
            found.append(path)
        else:
            raise ImportRefusedError("no-such-path", path=str(path))
    if not found:
        raise ImportRefusedError("not-json-there")
    return found


def read_codes(paths: Sequence[Path], problems: Problems) -> list[CodeRow]:
    """Return every code of every file. A code that stands twice is told and taken once."""
    rows: dict[tuple[str, str, int], CodeRow] = {}
    for path in files_of(paths):
        answer = read_json(path, problems)
        if answer is UNREADABLE:
            continue
        if not isinstance(answer, list):
            problems.error(path.name, 0, "", "shape.codes")
            continue
        for place, node in enumerate(answer, start=1):
            item = Item.begin(path.name, place, f"[{place - 1}]", node, problems, answer, "koodiUri")
            row = _row(item, node)
            if row is None:
                continue
            key = (row.list_uri, row.value, row.version)
            if key in rows:
                before = rows[key]
                value = f"{row.list_uri} {row.value}"
                item.warn("koodiArvo", "duplicate.code", value=value, file=before.file, first=before.element)
                continue
            rows[key] = row
    return list(rows.values())


def _row(item: Item, node: Any) -> CodeRow | None:
    if not isinstance(node, dict):
        item.error(item.path, "shape.code")
        return None
    uri, value = item.short("koodiUri") or "", item.short("koodiArvo") or ""
    if not item.faulty and not (uri and value):
        missing = "koodiUri" if not uri else "koodiArvo"
        item.error(missing, "required.code", column=missing)
    # The answer names its list; the other form leaves it to the URI, which is list_value in small letters.
    named = item.inner("koodisto")
    list_uri = (named.short("koodistoUri") if named else None) or uri.rsplit("_", 1)[0]
    version = item.number("versio" if node.get("versio") is not None else "koodiVersio")
    if version is not None and not 0 <= version <= _MAX_VERSION:
        item.error("versio", "number", value=str(version))
    texts = _texts(item, uri)
    status = item.text("tila")
    valid_from, valid_to = _day(item, "voimassaAlkuPvm"), _day(item, "voimassaLoppuPvm")
    if item.faulty:
        return None
    if not uri.startswith(f"{list_uri}_"):
        item.warn("koodiUri", "uri", value=uri[:80], list=list_uri[:80])
    if not texts["nimi"]:
        item.warn("metadata", "name", subject=uri[:80])
    if status is not None and status not in _STATUSES:
        item.warn("tila", "enum.unknown", subject=uri[:80], value=status[:40])
    if valid_from and valid_to and valid_to < valid_from:
        item.warn("voimassaLoppuPvm", "period.taken", subject=uri[:80])
    return CodeRow(
        file=item.file,
        element=item.element,
        list_uri=list_uri,
        value=value,
        version=1 if version is None else version,
        name=texts["nimi"],
        short_name=texts["lyhytNimi"],
        description=texts["kuvaus"],
        status=status,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _texts(item: Item, uri: str) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {"nimi": {}, "lyhytNimi": {}, "kuvaus": {}}
    for metadata in item.inners("metadata"):
        written = metadata.text("kieli") or ""
        language = _LANGUAGES.get(written.upper())
        for field, text in texts.items():
            said = (metadata.text(field) or "").strip()
            if language and said:
                text[language] = said
        if language is None:
            item.warn("metadata.kieli", "enum.unknown", subject=uri[:80], value=written[:40])
    return texts


def _day(item: Item, name: str) -> date | None:
    written = item.text(name)
    if not written:
        return None
    try:
        return read_date(written)
    except BadValueError as fault:
        item.error(name, fault.code, **fault.parameters)
        return None
