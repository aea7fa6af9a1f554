"""Organisaatiopalvelu's answers as organisations: the whole hierarchy, or the descendants of one organisation."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from digione.core.texts import in_language, sort_key
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.values import (
    ORGANISATION_OID,
    business_id_is_right,
    day_of_milliseconds,
    oid_check_is_right,
)

#: The root of the register: the Finnish National Agency for Education itself. It is not part of the answers.
ROOT = "1.2.246.562.10.00000000001"
_LANGUAGES = ("fi", "sv", "en")
# Some answers write the names of types, others the codes of the list `organisaatiotyyppi`.
_KINDS = {
    "KOULUTUSTOIMIJA": "provider",
    "OPPILAITOS": "school",
    "TOIMIPISTE": "site",
    "OPPISOPIMUSTOIMIPISTE": "apprenticeship_site",
    "MUU_ORGANISAATIO": "other",
    "TYOELAMAJARJESTO": "working_life",
    "VARHAISKASVATUKSEN_JARJESTAJA": "early_years_organiser",
    "VARHAISKASVATUKSEN_TOIMIPAIKKA": "early_years_site",
    "KUNTA": "municipality",
}
_KINDS |= {f"organisaatiotyyppi_{number:02}": kind for number, kind in enumerate(list(_KINDS.values()), start=1)}


@dataclass(slots=True)
class OrganisationRow:
    """One organisation as the register has it. `line` is its place in the answer, counted from 1."""

    line: int
    oid: str
    parent_oid: str | None
    provider_oid: str | None
    kinds: list[str]
    name: dict[str, str]
    sort_key: str
    business_id: str | None
    school_code: str | None
    school_type: str | None
    municipality_code: str | None
    languages: list[str]
    valid_from: date | None
    valid_to: date | None

    def digest(self) -> bytes:
        """Return the hash of what the register says, without the place in the answer."""
        facts = {name: value for name, value in asdict(self).items() if name != "line"}
        return hashlib.blake2b(
            json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False).encode(), digest_size=16
        ).digest()


@dataclass
class _Walk:
    file: str
    problems: Problems
    rows: dict[str, OrganisationRow] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    place: int = 0


def read_json(path: Path, problems: Problems) -> Any:
    """Return the parsed file, or None after telling where it stops being JSON."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        problems.error(path.name, 0, "", "encoding.json", byte=fault.start + 1)
    except json.JSONDecodeError as fault:
        problems.error(path.name, fault.lineno, "", "json", column=fault.colno)
    except OSError as fault:
        raise ImportRefusedError("unreadable", path=str(path), reason=fault.strerror) from fault
    return None


def read_organisations(path: Path, problems: Problems) -> list[OrganisationRow]:
    """Return every organisation of an answer, parents before children; faults go to `problems`."""
    answer = read_json(path, problems)
    if answer is None:
        return []
    nodes = answer.get("organisaatiot") if isinstance(answer, dict) else answer
    if isinstance(answer, dict) and nodes is None and "oid" in answer:
        nodes = [answer]
    if not isinstance(nodes, list):
        problems.error(path.name, 0, "", "shape.organisations")
        return []
    walk = _Walk(path.name, problems)
    for node in nodes:
        _read(walk, node, None, None)
    if walk.place and not walk.rows:
        problems.error(path.name, 0, "oid", "no-national-organisation")
    promised = answer.get("numHits") if isinstance(answer, dict) else None
    if isinstance(promised, int) and promised != walk.place:
        problems.warning(path.name, 0, "numHits", "count", promised=promised, count=walk.place)
    if walk.doubtful:
        problems.warning(path.name, 0, "oid", "oid-check-digit", count=len(walk.doubtful), first=walk.doubtful[0])
    return list(walk.rows.values())


def _read(walk: _Walk, node: Any, parent: OrganisationRow | None, provider: str | None) -> None:
    walk.place += 1
    row = _row(walk, node, parent, provider) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        walk.problems.error(walk.file, walk.place, "", "shape.organisation")
        return
    if row is not None:
        walk.rows[row.oid] = row
    for child in node.get("children") or []:
        # Children of a refused organisation are still diagnosed; they hang on the nearest one that was taken.
        _read(walk, child, row or parent, row.provider_oid if row else provider)


def _row(
    walk: _Walk, node: dict[str, Any], parent: OrganisationRow | None, provider: str | None
) -> OrganisationRow | None:
    place, problems, file = walk.place, walk.problems, walk.file
    oid = str(node.get("oid") or "")
    if not ORGANISATION_OID.fullmatch(oid):
        problems.error(file, place, "oid", "oid", value=oid[:60])
        return None
    if oid in walk.rows:
        problems.error(file, place, "oid", "duplicate.row", value=oid, row=walk.rows[oid].line)
        return None
    if not oid_check_is_right(oid):
        walk.doubtful.append(oid)
    name = {language: _text(text) for language, text in (node.get("nimi") or {}).items() if language in _LANGUAGES}
    name = {language: text for language, text in name.items() if text}
    if not name:
        problems.error(file, place, "nimi", "required.name", subject=oid)
        return None
    kinds = []
    for written in node.get("organisaatiotyypit") or node.get("tyypit") or []:
        kind = _KINDS.get(str(written).split("#")[0])
        if kind is None:
            problems.warning(file, place, "organisaatiotyypit", "enum.unknown", subject=oid, value=str(written)[:40])
        elif kind not in kinds:
            kinds.append(kind)
    said = node.get("parentOid")
    above = parent.oid if parent else (said if said and said != ROOT else None)
    if parent is not None and said and said != parent.oid:
        problems.warning(file, place, "parentOid", "parent", subject=oid, above=parent.oid, value=str(said)[:60])
    business_id = node.get("ytunnus") or None
    if business_id and not business_id_is_right(business_id):
        problems.warning(file, place, "ytunnus", "business-id", value=str(business_id)[:40], subject=oid)
    code = node.get("oppilaitosKoodi") or None
    if code and not re.fullmatch(r"\d{5}", code):
        problems.warning(file, place, "oppilaitosKoodi", "school-code", value=str(code)[:40], subject=oid)
    valid_from, valid_to = _day(walk, node, "alkuPvm"), _day(walk, node, "lakkautusPvm")
    if valid_from and valid_to and valid_to < valid_from:
        problems.warning(file, place, "lakkautusPvm", "period.taken", subject=oid)
    place_uri = node.get("kotipaikkaUri") or ""
    return OrganisationRow(
        line=place,
        oid=oid,
        parent_oid=above,
        provider_oid=oid if {"provider", "early_years_organiser"} & set(kinds) else provider,
        kinds=kinds,
        name=name,
        sort_key=sort_key(in_language(name, _LANGUAGES)),
        business_id=business_id,
        school_code=code,
        school_type=_code(node.get("oppilaitostyyppi")),
        municipality_code=place_uri.removeprefix("kunta_") if place_uri.startswith("kunta_") else None,
        languages=[code for code in map(_code, node.get("kieletUris") or []) if code],
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _text(text: Any) -> str:
    # The register's names hold soft hyphens here and there; they are layout, not name.
    return " ".join(str(text or "").replace("\xad", "").split())


def _code(uri: Any) -> str | None:
    return str(uri).split("#")[0].rsplit("_", 1)[-1] if uri else None


def _day(walk: _Walk, node: dict[str, Any], name: str) -> date | None:
    value = node.get(name)
    if value is None:
        return None
    try:
        return day_of_milliseconds(value) if isinstance(value, int) else date.fromisoformat(str(value))
    except (ValueError, OverflowError):
        walk.problems.warning(walk.file, walk.place, name, "date", value=str(value)[:40])
        return None
