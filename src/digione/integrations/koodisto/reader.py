"""Code lists in both forms: the service's REST answer (with validity) and lists of codes with relations (without)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.values import BadValueError, read_date
from digione.integrations.organisaatio.reader import read_json

_LANGUAGES = {"FI": "fi", "SV": "sv", "EN": "en"}
_STATUSES = {"LUONNOS", "HYVAKSYTTY", "PASSIIVINEN"}


@dataclass(slots=True)
class CodeRow:
    """One value of a list. The value keeps its original letters; `status` is the service's own word (`tila`)."""

    file: str
    line: int
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
        facts = {name: value for name, value in asdict(self).items() if name not in {"file", "line"}}
        return hashlib.blake2b(
            json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False).encode(), digest_size=16
        ).digest()


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the JSON files that `paths` name: files themselves, and those in and under folders, by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(sorted(path.rglob("*.json")))
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
        if answer is None:
            continue
        if not isinstance(answer, list):
            problems.error(path.name, 0, "", "shape.codes")
            continue
        for place, node in enumerate(answer, start=1):
            row = _row(path.name, place, node, problems)
            if row is None:
                continue
            key = (row.list_uri, row.value, row.version)
            if key in rows:
                before = rows[key]
                problems.warning(
                    path.name,
                    place,
                    "koodiArvo",
                    "duplicate.code",
                    value=f"{row.list_uri} {row.value}",
                    file=before.file,
                    row=before.line,
                )
                continue
            rows[key] = row
    return list(rows.values())


def _row(file: str, place: int, node: Any, problems: Problems) -> CodeRow | None:
    if not isinstance(node, dict):
        problems.error(file, place, "", "shape.code")
        return None
    uri, value = str(node.get("koodiUri") or ""), str(node.get("koodiArvo") or "")
    if not uri or not value:
        missing = "koodiUri" if not uri else "koodiArvo"
        problems.error(file, place, missing, "required.code", column=missing)
        return None
    # The answer names its list; the other form leaves it to the URI, which is list_value in small letters.
    list_uri = (node.get("koodisto") or {}).get("koodistoUri") or uri.rsplit("_", 1)[0]
    version = node.get("versio", node.get("koodiVersio", 1))
    if not isinstance(version, int):
        problems.error(file, place, "versio", "number", value=str(version)[:40])
        return None
    if not uri.startswith(f"{list_uri}_"):
        problems.warning(file, place, "koodiUri", "uri", value=uri[:80], list=str(list_uri)[:80])
    texts: dict[str, dict[str, str]] = {"nimi": {}, "lyhytNimi": {}, "kuvaus": {}}
    for metadata in node.get("metadata") or []:
        language = _LANGUAGES.get(str(metadata.get("kieli")).upper())
        if language is None:
            written = str(metadata.get("kieli"))[:40]
            problems.warning(file, place, "metadata.kieli", "enum.unknown", subject=uri[:80], value=written)
            continue
        for field, text in texts.items():
            written = (metadata.get(field) or "").strip()
            if written:
                text[language] = written
    if not texts["nimi"]:
        problems.warning(file, place, "metadata", "name", subject=uri[:80])
    status = node.get("tila")
    if status is not None and status not in _STATUSES:
        problems.warning(file, place, "tila", "enum.unknown", subject=uri[:80], value=str(status)[:40])
    days: list[date | None] = []
    for field in ("voimassaAlkuPvm", "voimassaLoppuPvm"):
        try:
            days.append(read_date(node[field]) if node.get(field) else None)
        except BadValueError as fault:
            problems.error(file, place, field, fault.code, **fault.parameters)
            return None
    if days[0] and days[1] and days[1] < days[0]:
        problems.warning(file, place, "voimassaLoppuPvm", "period.taken", subject=uri[:80])
    return CodeRow(
        file=file,
        line=place,
        list_uri=str(list_uri),
        value=value,
        version=version,
        name=texts["nimi"],
        short_name=texts["lyhytNimi"],
        description=texts["kuvaus"],
        status=status,
        valid_from=days[0],
        valid_to=days[1],
    )
